from cryptography.exceptions import InvalidSignature
from google.cloud import binaryauthorization_v1

from clients import binauthz, grafeas, kms
from steps import (
    admission_of,
    attest,
    create_attestor,
    create_note,
    create_signing_version,
    new_image,
    new_project,
    requiring,
    signature_payload,
    verify,
)


def admission():
    """An image with an attestation that KMS has signed is allowed; one without, and one with another's signature, are denied"""
    project = new_project()
    version = create_signing_version(project)
    note = create_note(project)
    attestor = create_attestor(project, note, version)
    policy = binauthz().update_policy(
        policy=binaryauthorization_v1.Policy(
            name=f'projects/{project}/policy', default_admission_rule=requiring(attestor.name)
        )
    )
    assert list(policy.default_admission_rule.require_attestations_by) == [attestor.name], policy

    attested, unattested, forged = new_image(), new_image(), new_image()
    attestation = attest(project, note, version, attested).attestation
    attest(project, note, version, forged, signed_image=attested)
    public_key = kms().get_public_key(name=version)
    verify(public_key, signature_payload(attested), attestation.signatures[0].signature)
    try:
        verify(public_key, signature_payload(unattested), attestation.signatures[0].signature)
        raise AssertionError('the signature is one over anything')
    except InvalidSignature:
        pass

    assert admission_of(project, attested) == {'allowed': True}
    for image in [unattested, forged]:
        response = admission_of(project, image)
        assert response['allowed'] is False, response
        assert response['status']['reason'] == 'VIOLATES_POLICY', response
        assert f'Image {image} denied by attestor {attestor.name}' in response['status']['message'], response


def deleted_attestation():
    """An image whose attestation is deleted is denied from then on"""
    project = new_project()
    version = create_signing_version(project)
    note = create_note(project)
    attestor = create_attestor(project, note, version)
    binauthz().update_policy(
        policy=binaryauthorization_v1.Policy(
            name=f'projects/{project}/policy', default_admission_rule=requiring(attestor.name)
        )
    )
    image = new_image()
    occurrence = attest(project, note, version, image)
    assert admission_of(project, image)['allowed'] is True
    grafeas().delete_occurrence(name=occurrence.name)
    assert admission_of(project, image)['allowed'] is False

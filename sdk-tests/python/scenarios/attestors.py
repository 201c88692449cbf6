from google.cloud import binaryauthorization_v1

from clients import binauthz, validation_helper
from steps import attestation_of, create_attestor, create_note, create_signing_version, new_image, new_project, public_key_of

Response = binaryauthorization_v1.ValidateAttestationOccurrenceResponse


def validation():
    """ValidateAttestationOccurrence verifies an attestation of the image, and not one of another image"""
    project = new_project()
    note, version = create_note(project), create_signing_version(project)
    attestor = create_attestor(project, note, version)
    image = new_image()

    def validated(resource: str) -> Response:
        return validation_helper().validate_attestation_occurrence(
            request=binaryauthorization_v1.ValidateAttestationOccurrenceRequest(
                attestor=attestor.name,
                attestation=attestation_of(version, image),
                occurrence_note=note,
                occurrence_resource_uri=f'https://{resource}',
            )
        )

    assert validated(image).result == Response.Result.VERIFIED
    other = validated(new_image())
    assert other.result == Response.Result.ATTESTATION_NOT_VERIFIABLE and other.denial_reason, other


def public_keys():
    """A key is added to an attestor and removed from it by writing the whole attestor"""
    project = new_project()
    versions = [create_signing_version(new_project()) for _ in range(2)]
    attestor = create_attestor(project, create_note(project), versions[0])
    keys = attestor.user_owned_grafeas_note.public_keys
    keys.append(public_key_of(versions[1]))
    both = binauthz().update_attestor(attestor=attestor)
    assert list(both.user_owned_grafeas_note.public_keys) == [public_key_of(version) for version in versions], both
    del both.user_owned_grafeas_note.public_keys[0]
    binauthz().update_attestor(attestor=both)
    kept = binauthz().get_attestor(name=attestor.name).user_owned_grafeas_note
    assert list(kept.public_keys) == [public_key_of(versions[1])], kept
    assert kept.delegation_service_account_email.endswith('.gserviceaccount.com'), kept

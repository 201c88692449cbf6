from google.cloud import binaryauthorization_v1, binaryauthorization_v1beta1
from google.iam.v1 import policy_pb2

from clients import binauthz, binauthz_v1beta1, kms, system_policy, system_policy_v1beta1
from expect import changeable_iam_policy
from steps import (
    LOCATION,
    admission_of,
    create_attestor,
    create_key_ring,
    create_note,
    create_signing_version,
    new_image,
    new_project,
    requiring,
)


def of_key_ring():
    """The IAM policy of a key ring is read, changed, and what it would permit is asked"""
    binding = policy_pb2.Binding(role='roles/cloudkms.signer', members=['serviceAccount:ci@example.iam.gserviceaccount.com'])
    changeable_iam_policy(kms(), create_key_ring(new_project()), binding, 'cloudkms.keyRings.get')


def of_attestor():
    """The IAM policy of an attestor is read, changed, and what it would permit is asked"""
    project = new_project()
    attestor = create_attestor(project, create_note(project), create_signing_version(project))
    binding = policy_pb2.Binding(role='roles/binaryauthorization.attestorsVerifier', members=['user:a@example.com'])
    changeable_iam_policy(binauthz(), attestor.name, binding, 'binaryauthorization.attestors.verifyImageAttested')


def v1beta1():
    """What v1beta1 writes v1 reads and admission obeys, and what v1 writes v1beta1 reads"""
    beta = binaryauthorization_v1beta1
    project = new_project()
    attestor = binauthz_v1beta1().create_attestor(
        parent=f'projects/{project}',
        attestor_id='beta',
        attestor=beta.Attestor(
            user_owned_drydock_note=beta.UserOwnedDrydockNote(note_reference=create_note(project))
        ),
    )
    read = binauthz().get_attestor(name=attestor.name)
    assert read.user_owned_grafeas_note.note_reference == attestor.user_owned_drydock_note.note_reference, read
    assert [listed.name for listed in binauthz_v1beta1().list_attestors(parent=f'projects/{project}')] == [attestor.name]

    image, name = new_image(), f'projects/{project}/policy'
    assert binauthz_v1beta1().get_policy(name=name).default_admission_rule.evaluation_mode.name == 'ALWAYS_ALLOW'
    binauthz_v1beta1().update_policy(policy=beta.Policy(name=name, default_admission_rule=requiring(attestor.name)))
    assert list(binauthz().get_policy(name=name).default_admission_rule.require_attestations_by) == [attestor.name]
    assert admission_of(project, image)['allowed'] is False

    allowing = {'evaluation_mode': 'ALWAYS_ALLOW', 'enforcement_mode': 'ENFORCED_BLOCK_AND_AUDIT_LOG'}
    binauthz().update_policy(
        policy=binaryauthorization_v1.Policy(name=name, description='by v1', default_admission_rule=allowing)
    )
    assert binauthz_v1beta1().get_policy(name=name).description == 'by v1'
    assert admission_of(project, image)['allowed'] is True


def of_system():
    """The system policy of a place is read in both versions"""
    name = f'locations/{LOCATION}/policy'
    [patterns, beta_patterns] = [
        [pattern.name_pattern for pattern in client().get_system_policy(name=name).admission_whitelist_patterns]
        for client in [system_policy, system_policy_v1beta1]
    ]
    assert 'k8s.gcr.io/**' in patterns and beta_patterns == patterns, (patterns, beta_patterns)

from google.cloud import binaryauthorization_v1, kms_v1
from grafeas import grafeas_v1

from clients import binauthz, grafeas, kms
from expect import pages_of_two
from steps import LOCATION, attest, create_note, create_signing_version, new_image, new_project

IDS = [f'item-{number}' for number in range(5)]


def key_rings():
    """Key rings are listed over several pages, in the order of their names, and counted"""
    parent = f'projects/{new_project()}/locations/{LOCATION}'
    for key_ring_id in IDS:
        kms().create_key_ring(parent=parent, key_ring_id=key_ring_id, key_ring=kms_v1.KeyRing())
    names = [f'{parent}/keyRings/{key_ring_id}' for key_ring_id in IDS]
    pages_of_two(kms().list_key_rings(request={'parent': parent, 'page_size': 2}), names, 'key_rings')
    pager = kms().list_key_rings(request={'parent': parent, 'page_size': 2})
    assert pager.total_size == 5, pager
    assert [key_ring.name for key_ring in pager] == names


def versions():
    """The versions of a key are listed over several pages, ten behind nine"""
    key = create_signing_version(new_project()).rsplit('/', 2)[0]
    for _ in range(10):
        kms().create_crypto_key_version(parent=key, crypto_key_version=kms_v1.CryptoKeyVersion())
    names = [version.name for version in kms().list_crypto_key_versions(request={'parent': key, 'page_size': 3})]
    assert names == [f'{key}/cryptoKeyVersions/{number}' for number in range(1, 12)], names


def notes():
    """Notes are listed over several pages"""
    project = new_project()
    for note_id in IDS:
        create_note(project, note_id)
    names = [f'projects/{project}/notes/{note_id}' for note_id in IDS]
    pages_of_two(grafeas().list_notes(request={'parent': f'projects/{project}', 'page_size': 2}), names, 'notes')


def attestors():
    """Attestors are listed over several pages"""
    project = new_project()
    for attestor_id in IDS:
        binauthz().create_attestor(
            parent=f'projects/{project}',
            attestor_id=attestor_id,
            attestor=binaryauthorization_v1.Attestor(
                user_owned_grafeas_note=binaryauthorization_v1.UserOwnedGrafeasNote(
                    note_reference=f'projects/{project}/notes/note'
                )
            ),
        )
    names = [f'projects/{project}/attestors/{attestor_id}' for attestor_id in IDS]
    pages_of_two(binauthz().list_attestors(request={'parent': f'projects/{project}', 'page_size': 2}), names, 'attestors')


def attestations():
    """The occurrences of a note, and those of a project by a filter, are listed over several pages"""
    project = new_project()
    note, version = create_note(project), create_signing_version(project)
    images = [new_image() for _ in IDS]
    names = [attest(project, note, version, image).name for image in images]
    pages_of_two(grafeas().list_note_occurrences(request={'name': note, 'page_size': 2}), names, 'occurrences')
    pages_of_two(
        grafeas().list_occurrences(request={'parent': f'projects/{project}', 'filter': 'kind="ATTESTATION"', 'page_size': 2}),
        names,
        'occurrences',
    )
    [found] = grafeas().list_occurrences(parent=f'projects/{project}', filter=f'resourceUrl="https://{images[3]}"')
    assert found == grafeas().get_occurrence(name=names[3])
    assert found.kind == grafeas_v1.NoteKind.ATTESTATION

from google.iam.v1 import policy_pb2
from grafeas import grafeas_v1

from clients import container_analysis, grafeas
from expect import changeable_iam_policy
from steps import attest, create_note, create_signing_version, new_image, new_project


def update():
    """A field mask changes what it names alone, and an occurrence leads to its note"""
    project = new_project()
    note = grafeas().get_note(name=create_note(project))
    assert note.kind == grafeas_v1.NoteKind.ATTESTATION
    changed = grafeas_v1.Note(short_description='short', long_description='long')
    updated = grafeas().update_note(name=note.name, note=changed, update_mask={'paths': ['short_description']})
    assert (updated.short_description, updated.long_description) == ('short', ''), updated
    assert updated.attestation == note.attestation
    assert updated.create_time == note.create_time and updated.update_time > note.update_time, updated

    occurrence = attest(project, note.name, create_signing_version(project), new_image())
    assert grafeas().get_occurrence_note(name=occurrence.name) == updated


def batch():
    """Several notes and occurrences are created by one request each"""
    project = new_project()
    hint = grafeas_v1.AttestationNote(hint=grafeas_v1.AttestationNote.Hint(human_readable_name='batch'))
    notes = grafeas().batch_create_notes(
        parent=f'projects/{project}', notes={note_id: grafeas_v1.Note(attestation=hint) for note_id in ['a', 'b']}
    ).notes
    assert sorted(note.name for note in notes) == [f'projects/{project}/notes/{note_id}' for note_id in ['a', 'b']], notes
    occurrences = grafeas().batch_create_occurrences(
        parent=f'projects/{project}',
        occurrences=[
            grafeas_v1.Occurrence(
                note_name=note.name,
                resource_uri=f'https://{new_image()}',
                attestation=grafeas_v1.AttestationOccurrence(serialized_payload=bytes(range(256))),
            )
            for note in notes
        ],
    ).occurrences
    assert [occurrence.note_name for occurrence in occurrences] == [note.name for note in notes], occurrences
    for occurrence in occurrences:
        assert grafeas().get_occurrence(name=occurrence.name).attestation.serialized_payload == bytes(range(256))


def iam_policy():
    """The IAM policy of a note is read, changed, and what it would permit is asked"""
    note = create_note(new_project())
    binding = policy_pb2.Binding(role='roles/containeranalysis.notes.occurrences.viewer', members=['user:a@example.com'])
    changeable_iam_policy(container_analysis(), note, binding, 'containeranalysis.notes.get')

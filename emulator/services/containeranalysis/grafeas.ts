// The service Grafeas (https://cloud.google.com/container-analysis/docs/reference/rest/v1): the same methods in each version.
import { type Context, rpc } from '../../core/service.ts'
import { batchCreateNotes, createNote, deleteNote, getNote, listNotes, updateNote } from './notes.ts'
import {
  batchCreateOccurrences,
  createOccurrence,
  deleteOccurrence,
  getOccurrence,
  getOccurrenceNote,
  listNoteOccurrences,
  listOccurrences,
  updateOccurrence,
} from './occurrences.ts'
import type { Shape, StoredNote, StoredOccurrence } from './shapes.ts'

interface Named {
  name?: string
}

interface Listed extends Named {
  parent?: string
  filter?: string
  pageSize?: number
  pageToken?: string
}

/** All methods of Grafeas over notes and occurrences of these shapes. */
export function grafeas<Note extends object, Occurrence extends { noteName?: string }>(
  note: Shape<StoredNote, Note>,
  occurrence: Shape<StoredOccurrence, Occurrence>,
) {
  type Created<Field extends string, Value> = { parent?: string } & { [field in Field]?: Value }
  type Updated<Field extends string, Value> = Named & { updateMask?: string } & { [field in Field]?: Value }

  const storedNote = (given: Note | undefined) => note.write(given ?? ({} as Note))
  const storedOccurrence = (given: Occurrence | undefined) => occurrence.write(given ?? ({} as Occurrence))
  const shownOccurrences = ({ items, nextPageToken }: { items: StoredOccurrence[]; nextPageToken?: string }) => ({
    occurrences: items.map(occurrence.read),
    nextPageToken,
  })

  return {
    CreateNote: rpc(
      (request: Created<'note', Note> & { noteId?: string }, ctx: Context) =>
        note.read(createNote({ ...request, note: storedNote(request.note) }, ctx)),
      'parent',
      'noteId',
      'note',
    ),
    BatchCreateNotes: rpc(
      ({ parent, notes = {} }: Created<'notes', Record<string, Note>>, ctx: Context) => {
        const byId = Object.fromEntries(Object.entries<Note>(notes).map(([id, given]) => [id, storedNote(given)]))
        return { notes: batchCreateNotes({ parent, notes: byId }, ctx).map(note.read) }
      },
      'parent',
      'notes',
    ),
    GetNote: rpc((request: Named, ctx: Context) => note.read(getNote(request, ctx)), 'name'),
    ListNotes: rpc(
      (request: Listed, ctx: Context) => {
        const { items, nextPageToken } = listNotes(request, ctx)
        return { notes: items.map(note.read), nextPageToken }
      },
      'parent',
      'filter',
      'pageSize',
      'pageToken',
    ),
    UpdateNote: rpc(
      (request: Updated<'note', Note>, ctx: Context) => note.read(updateNote(request, ctx, note)),
      'name',
      'note',
      'updateMask',
    ),
    DeleteNote: rpc(deleteNote, 'name'),
    CreateOccurrence: rpc(
      (request: Created<'occurrence', Occurrence>, ctx: Context) =>
        occurrence.read(createOccurrence({ ...request, occurrence: storedOccurrence(request.occurrence) }, ctx)),
      'parent',
      'occurrence',
    ),
    BatchCreateOccurrences: rpc(
      ({ parent, occurrences = [] }: Created<'occurrences', Occurrence[]>, ctx: Context) => ({
        occurrences: batchCreateOccurrences({ parent, occurrences: occurrences.map(storedOccurrence) }, ctx).map(occurrence.read),
      }),
      'parent',
      'occurrences',
    ),
    GetOccurrence: rpc((request: Named, ctx: Context) => occurrence.read(getOccurrence(request, ctx)), 'name'),
    ListOccurrences: rpc(
      (request: Listed, ctx: Context) => shownOccurrences(listOccurrences(request, ctx)),
      'parent',
      'filter',
      'pageSize',
      'pageToken',
    ),
    ListNoteOccurrences: rpc(
      (request: Listed, ctx: Context) => shownOccurrences(listNoteOccurrences(request, ctx)),
      'name',
      'filter',
      'pageSize',
      'pageToken',
    ),
    UpdateOccurrence: rpc(
      (request: Updated<'occurrence', Occurrence>, ctx: Context) => occurrence.read(updateOccurrence(request, ctx, occurrence)),
      'name',
      'occurrence',
      'updateMask',
    ),
    DeleteOccurrence: rpc(deleteOccurrence, 'name'),
    GetOccurrenceNote: rpc((request: Named, ctx: Context) => note.read(getOccurrenceNote(request, ctx)), 'name'),
  }
}

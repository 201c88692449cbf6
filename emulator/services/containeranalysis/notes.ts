// Notes (https://cloud.google.com/container-analysis/docs/reference/rest/v1/projects.notes). A note of kind ATTESTATION is what an
// attestor points to, and its occurrences are the attestations.
import { collection, page } from '../../core/collection.ts'
import type { FilterOptions } from '../../core/filter.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/containeranalysis.v1.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { KIND_FIELDS, KIND_OF_FIELD, type Kind, kindField } from './kinds.ts'
import { checkNoteId, checkNoteName, checkParent } from './names.ts'
import { NOTE_FIELDS, patched, type Shape, type StoredNote } from './shapes.ts'

type Schemas = components['schemas']

export const LIST_LIMITS = { default: 20, max: 1000 }
const MAX_BATCH = 1000

/** kritis still asks for the kind that v1alpha1 had. */
export const kindNames = ({ kind }: { kind?: Kind | 'NOTE_KIND_UNSPECIFIED' }) =>
  kind === 'VULNERABILITY' ? [kind, 'PACKAGE_VULNERABILITY'] : kind

const FILTER = {
  fields: { kind: kindNames, noteId: ({ name = '' }) => idOf(name), noteProjectId: ({ name = '' }) => name.split('/')[1] },
  known: ['name', 'createTime', 'updateTime', ...NOTE_FIELDS, ...KIND_FIELDS],
} satisfies FilterOptions<StoredNote> as FilterOptions

const notes = (ctx: Context) => collection<StoredNote>(ctx.db, 'ca_notes')

/** The note as it is stored; INVALID_ARGUMENT for a name of another form, NOT_FOUND in the API's words. */
export function getNote({ name }: Schemas['GetNoteRequest'], ctx: Context): StoredNote {
  const note = notes(ctx).get(checkNoteName(name))
  if (!note) throw notFound('Requested entity was not found')
  return note
}

export const findNote = (ctx: Context, name: string): StoredNote | undefined => notes(ctx).get(name)

/** `name`, `kind` and the times that a client sends are output only and ignored. ALREADY_EXISTS for an id that is taken. */
export function createNote(
  { parent, noteId, note = {} }: { parent?: string; noteId?: string; note?: StoredNote },
  ctx: Context,
): StoredNote {
  const id = checkNoteId(noteId)
  const name = `${checkParent(parent)}/notes/${id}`
  const kind = KIND_OF_FIELD[kindField(note, 'note')]
  const created = { ...note, name, kind, createTime: ctx.timestamp(), updateTime: ctx.timestamp() }
  if (!notes(ctx).insert(name, parent!, created)) throw alreadyExists(`note ID "${id}" already exists`)
  return created
}

/** All or none. */
export function batchCreateNotes(
  { parent, notes: byId = {} }: { parent?: string; notes?: Record<string, StoredNote> },
  ctx: Context,
): StoredNote[] {
  const entries = Object.entries(byId)
  checkBatch(entries.length, 'notes')
  return entries.map(([noteId, note]) => createNote({ parent, noteId, note }, ctx))
}

export function checkBatch(size: number, field: string) {
  if (size === 0) throw invalidArgument(`${field} is required.`)
  if (size > MAX_BATCH) throw invalidArgument(`${field} has ${size} elements, the maximum is ${MAX_BATCH}.`)
}

export function listNotes(request: Schemas['ListNotesRequest'], ctx: Context) {
  const parent = checkParent(request.parent)
  return page((after) => notes(ctx).iterate(parent, after), request, LIST_LIMITS, { parent, filterOptions: FILTER })
}

/** Changes the fields of the mask, or without one those that are sent. The kind cannot change. */
export function updateNote<Shown extends object>(
  { name, note, updateMask }: { name?: string; note?: Shown; updateMask?: string },
  ctx: Context,
  shape: Shape<StoredNote, Shown>,
): StoredNote {
  const stored = getNote({ name }, ctx)
  const shown = patched(shape.read(stored), note ?? ({} as Shown), updateMask, shape)
  const { kind, createTime } = stored
  const updated = { ...shape.write(shown, stored), name, kind, createTime, updateTime: ctx.timestamp() }
  if (KIND_OF_FIELD[kindField(updated, 'note')] !== kind)
    throw invalidArgument(`The kind of a note is immutable, and it is ${kind}.`)
  notes(ctx).update(name!, updated)
  return updated
}

/** Its occurrences stay, and count again should a note of this name and kind be created; until then they attest nothing. */
export function deleteNote({ name = '' }: Schemas['DeleteNoteRequest'], ctx: Context): Record<string, never> {
  getNote({ name }, ctx)
  notes(ctx).delete(name)
  deleteIamPolicy(ctx, name)
  return {}
}

// Occurrences (https://cloud.google.com/container-analysis/docs/reference/rest/v1/projects.occurrences). What an attestation says and
// who signed it is opaque here: bad signatures are stored, and judged by Binary Authorization alone.
import { collection, type ListRequest, page } from '../../core/collection.ts'
import { comparisons, type Filter, type FilterOptions, matches, parseFilter } from '../../core/filter.ts'
import { idOf } from '../../core/names.ts'
import { canonicalProject } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/containeranalysis.v1.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { KIND_FIELDS, KIND_OF_FIELD, kindField } from './kinds.ts'
import { checkNoteName, checkOccurrenceName, checkParent, locationOf, NOTE } from './names.ts'
import { checkBatch, findNote, getNote, kindNames, LIST_LIMITS } from './notes.ts'
import { patched, type Shape, type StoredNote, type StoredOccurrence, same } from './shapes.ts'
import { attestationsOf, occurrencesOfNote, occurrencesOfResource } from './store.ts'

type Schemas = components['schemas']

const FILTER = {
  fields: {
    kind: kindNames,
    resourceUrl: ({ resourceUri }) => resourceUri,
    resource: ({ resourceUri }) => ({ uri: resourceUri }),
    noteId: ({ noteName = '' }) => idOf(noteName),
    noteProjectId: ({ noteName = '' }) => noteName.split('/')[1],
  },
  known: ['name', 'resourceUri', 'noteName', 'remediation', 'createTime', 'updateTime', 'envelope', ...KIND_FIELDS],
} satisfies FilterOptions<StoredOccurrence> as FilterOptions

const occurrences = (ctx: Context) => collection<StoredOccurrence>(ctx.db, 'ca_occurrences')

/** The occurrence as it is stored; INVALID_ARGUMENT for a name of another form, NOT_FOUND in the API's words. */
export function getOccurrence({ name }: Schemas['GetOccurrenceRequest'], ctx: Context): StoredOccurrence {
  const occurrence = occurrences(ctx).get(checkOccurrenceName(name))
  if (!occurrence) throw notFound('Requested entity was not found')
  return occurrence
}

/** `projects/<number>/notes/N` → `projects/<id>/notes/N`, or INVALID_ARGUMENT. */
function canonicalNoteName(noteName: string | undefined, ctx: Context): string {
  if (!noteName) throw invalidArgument('note_name is required.')
  return checkNoteName(canonicalProject(ctx.db, noteName, false), 'note_name')
}

interface CreateOccurrenceRequest {
  parent?: string
  occurrence?: StoredOccurrence
}

/** The note may be in another project, but must exist, be of the same kind and in the same location.
 * ALREADY_EXISTS for an attestation that the project has already: the same note, resource, payload, signatures and JWTs. */
export function createOccurrence({ parent, occurrence = {} }: CreateOccurrenceRequest, ctx: Context, rank = 0): StoredOccurrence {
  checkParent(parent)
  const kind = KIND_OF_FIELD[kindField(occurrence, 'occurrence')]
  if (!occurrence.resourceUri) throw invalidArgument('resource_uri is required.')
  const noteName = canonicalNoteName(occurrence.noteName, ctx)
  if (locationOf(noteName) !== locationOf(parent!))
    throw invalidArgument(`Note ${noteName} is not in the location of ${parent}, where the occurrence would be.`)
  const note = findNote(ctx, noteName)
  if (!note) throw notFound(`Requested entity was not found: note ${noteName}`)
  if (note.kind !== kind)
    throw invalidArgument(`The occurrence is of kind ${kind}, but its note ${noteName} is of kind ${note.kind}.`)
  const twin = occurrencesOfResource<StoredOccurrence>(ctx.db, parent!, noteName, occurrence.resourceUri).find(
    ({ attestation }) => attestation && same(attestation, occurrence.attestation),
  )
  if (twin) throw conflict(idOf(twin.name!))
  const id = ctx.ids.uuid()
  const created = {
    ...occurrence,
    name: `${parent}/occurrences/${id}`,
    noteName,
    kind,
    createTime: ctx.timestamp(),
    updateTime: ctx.timestamp(),
  }
  const position = `${ctx.timestamp(9)} ${String(rank).padStart(4, '0')} ${id}`
  occurrences(ctx).insert(created.name, parent!, created, position)
  return created
}

/** Scripts look for each of the three phrases. */
const conflict = (id: string) =>
  alreadyExists(
    `Could not create occurrence ID "${id}": the request is the subject of a conflict: occurrence ID "${id}" already exists`,
  )

/** All or none. */
export function batchCreateOccurrences(
  { parent, occurrences: list = [] }: { parent?: string; occurrences?: StoredOccurrence[] },
  ctx: Context,
): StoredOccurrence[] {
  checkBatch(list.length, 'occurrences')
  return list.map((occurrence, rank) => createOccurrence({ parent, occurrence }, ctx, rank))
}

/** Of one project, in the order in which they were created. */
export function listOccurrences(request: Schemas['ListOccurrencesRequest'], ctx: Context) {
  const parent = checkParent(request.parent)
  return pageOf(request, parent, (after) => occurrences(ctx).iterate(parent, after))
}

/** Of all projects, in the order in which they were created. */
export function listNoteOccurrences(request: Schemas['ListNoteOccurrencesRequest'], ctx: Context) {
  const name = getNote(request, ctx).name!
  const digest = request.filter ? wantedDigest(parseFilter(request.filter, FILTER)) : undefined
  return pageOf(request, name, (after) => occurrencesOfNote(ctx.db, name, after, digest))
}

type Source = (after: string) => Iterable<{ position: string; document: StoredOccurrence }>

const pageOf = (request: ListRequest, parent: string, source: Source) =>
  page(source, request, LIST_LIMITS, { parent, filterOptions: FILTER })

/** The digest in which the resourceUri of every match ends, where the filter says so. */
function wantedDigest(filter: Filter): string | undefined {
  const isResource = (field: string) => field === 'resourceUrl' || field === 'resourceUri'
  const equal = comparisons(filter).find(({ field, operator }) => isResource(field) && operator === '=')
  const { expression } = filter
  const terms = expression?.type === 'and' ? expression.of : expression ? [expression] : []
  const suffix = terms.find(
    (term) => term.type === 'call' && term.function === 'has_suffix' && isResource(term.field[0].jsonName),
  )
  const text = equal?.value ?? (suffix?.type === 'call' ? suffix.value.text : '')
  return /sha256:[0-9a-f]{64}$/.exec(text)?.[0]
}

/** Changes the fields of the mask, or without one those that are sent. resourceUri, noteName and the kind cannot change. */
export function updateOccurrence<Shown extends { noteName?: string }>(
  { name, occurrence, updateMask }: { name?: string; occurrence?: Shown; updateMask?: string },
  ctx: Context,
  shape: Shape<StoredOccurrence, Shown>,
): StoredOccurrence {
  const stored = getOccurrence({ name }, ctx)
  const sent = { ...(occurrence as Shown) }
  if (sent.noteName) sent.noteName = canonicalNoteName(sent.noteName, ctx)
  const shown = patched(shape.read(stored), sent, updateMask, shape)
  const { kind, createTime } = stored
  const updated = { ...shape.write(shown, stored), name, kind, createTime, updateTime: ctx.timestamp() }
  if (KIND_OF_FIELD[kindField(updated, 'occurrence')] !== kind)
    throw invalidArgument(`The kind of an occurrence is immutable, and it is ${kind}.`)
  occurrences(ctx).update(name!, updated)
  return updated
}

export function deleteOccurrence({ name = '' }: Schemas['DeleteOccurrenceRequest'], ctx: Context): Record<string, never> {
  getOccurrence({ name }, ctx)
  occurrences(ctx).delete(name)
  deleteIamPolicy(ctx, name)
  return {}
}

export const getOccurrenceNote = (request: Schemas['GetOccurrenceNoteRequest'], ctx: Context): StoredNote =>
  getNote({ name: getOccurrence(request, ctx).noteName }, ctx)

/** All that match the filter in one project. */
export function matchingOccurrences(parent: string, filter: string, ctx: Context): StoredOccurrence[] {
  const parsed = parseFilter(filter, FILTER)
  return [...occurrences(ctx).iterate(checkParent(parent))]
    .map(({ document }) => document)
    .filter((occurrence) => matches(parsed, occurrence, FILTER))
}

export interface Attestation {
  name: string
  resourceUri: string
  noteName: string
  attestation: Schemas['AttestationOccurrence']
  createTime: string
}

/** The attestations of a note for an image digest (`sha256:<64 hex>`): occurrences of kind ATTESTATION in all projects whose
 * resourceUri ends in `@<digest>`, whatever stands before, oldest first. No bound: leaving one out could deny what is attested.
 * `noteName` is the name of a global note with the project's id; for any other, and for a note that is gone, there are none. */
export function findAttestations(ctx: Context, noteName: string, digest: string): Attestation[] {
  if (!NOTE.match(noteName)) return []
  return attestationsOf<StoredOccurrence>(ctx.db, noteName, digest)
    .filter(({ resourceUri = '' }) => resourceUri.endsWith(`@${digest}`))
    .map(({ name, resourceUri, attestation, createTime }) => ({
      name: name!,
      resourceUri: resourceUri!,
      noteName,
      attestation: attestation ?? {},
      createTime: createTime!,
    }))
}

// v1beta1 (https://cloud.google.com/container-analysis/docs/reference/rest/v1beta1/projects.notes) as a shape of what is stored in v1.
// What only one of the two versions can express is kept and shown by that version alone.
import type { components } from '../../gen/containeranalysis.v1beta1.ts'
import { KIND_FIELDS, type KindField } from './kinds.ts'
import { NOTE_FIELDS, type Shape, type StoredNote, type StoredOccurrence, same } from './shapes.ts'
import { KIND, NOTE_TYPES, OCCURRENCE_DETAILS } from './v1beta1-details.ts'

type Schemas = components['schemas']
type Document = Record<string, any>

const COMMON = ['name', 'kind', 'createTime', 'updateTime']

const pick = (document: Document, fields: string[]): Document =>
  Object.fromEntries(fields.filter((field) => document[field] !== undefined).map((field) => [field, document[field]]))

function betaShape(types: typeof NOTE_TYPES, shared: string[]) {
  const rows = Object.entries(types).map(([v1, [beta, conversion]]) => ({ v1: v1 as KindField, beta, ...conversion }))
  const unknown = KIND_FIELDS.filter((field) => !types[field])

  function read(stored: Document): Document {
    const shown = pick(stored, [...COMMON, ...shared])
    if (shown.kind) shown.kind = KIND.toBeta(shown.kind)
    for (const { v1, beta, toBeta } of rows) if (stored[v1]) shown[beta] = stored.v1beta1?.details ?? toBeta(stored[v1])
    return shown
  }

  function write(shown: Document, previous?: Document): Document {
    const before = previous && read(previous)
    const stored: Document = { ...pick(shown, shared), ...(previous && pick(previous, unknown)) }
    for (const { v1, beta, toV1, toBeta } of rows) {
      const given = shown[beta]
      if (given === undefined) continue
      const unchanged = before?.[beta] !== undefined && same(before[beta], given)
      stored[v1] = unchanged ? previous![v1] : toV1(given)
      const details = unchanged ? previous!.v1beta1?.details : same(toBeta(stored[v1]), given) ? undefined : given
      if (details) stored.v1beta1 = { details }
    }
    return stored
  }

  return { read, write, mutable: [...shared, ...rows.map(({ beta }) => beta)] }
}

const note = betaShape(NOTE_TYPES, NOTE_FIELDS)

export const BETA_NOTE: Shape<StoredNote, Schemas['Note']> = { ...note, immutable: [] }

const occurrence = betaShape(OCCURRENCE_DETAILS, ['noteName', 'remediation'])

export const BETA_OCCURRENCE: Shape<StoredOccurrence, Schemas['Occurrence']> = {
  mutable: occurrence.mutable.filter((field) => field !== 'noteName'),
  immutable: ['resource', 'noteName'],
  read(stored) {
    return { ...occurrence.read(stored), resource: { uri: stored.resourceUri, ...stored.v1beta1?.resource } }
  },
  write(shown, previous) {
    const stored: StoredOccurrence = { ...occurrence.write(shown, previous), ...(previous && pick(previous, ['envelope'])) }
    const { uri, ...rest } = shown.resource ?? {}
    if (Object.keys(rest).length > 0) stored.v1beta1 = { ...stored.v1beta1, resource: rest }
    return { ...stored, resourceUri: uri }
  },
}

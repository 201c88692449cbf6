// Annotations and labels of v1: those that v2 has a field for, those of the system that it has none for, and the users' own.
import { badRequest, unimplemented } from '../../../core/status.ts'
import type { Message, Row } from './annotation-forms.ts'
import { KEPT, type Kind, OUTPUT_ONLY, ROWS, UNSUPPORTED } from './annotation-rows.ts'

export type { Kind }
export type StringMap = Record<string, string>

const SYSTEM = /(^|\.)(run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//
/** The system's own names are those that v2 shows neither in annotations nor in labels. */
function split(entries: [string, string][]): { users: StringMap; system: StringMap } {
  const isSystem = ([key]: [string, string]) => SYSTEM.test(key)
  return {
    users: Object.fromEntries(entries.filter((entry) => !isSystem(entry))),
    system: Object.fromEntries(entries.filter(isSystem)),
  }
}

const OUTPUT_ONLY_LABELS =
  /^(cloud\.googleapis\.com\/location|run\.googleapis\.com\/(lastUpdatedTime|satisfiesPzs|startupProbeType)|serving\.knative\.dev\/.*)$/

export const violation = (field: string, description: string) => badRequest(`${field}: ${description}`, [{ field, description }])

/** The key by which v1 has a field of v2. */
export const keyOf = (kind: Kind, path: string) => (ROWS[kind] as Row[]).find((row) => row.path === path)?.key

/** What the server has to say of a key that belongs elsewhere; else undefined. */
function misplaced(key: string, kind: Kind): string | undefined {
  const kinds = (Object.keys(ROWS) as Kind[]).filter((one) => (ROWS[one] as Row[]).some((row) => row.key === key))
  if (kinds.length === 0 || kinds.includes(kind) || KEPT[key]?.includes(kind)) return undefined
  return `Annotation '${key}' is not supported on resources of kind '${kind}'. Supported kinds are: ${kinds.join(', ')}`
}

/** Sets the fields of `message` that annotations name; what remains is for v2's `annotations`, or to be kept beside the message. */
export function readAnnotations(sent: StringMap, kind: Kind, path: string, message: Message) {
  const rows: Row[] = ROWS[kind]
  const counting = Object.entries(sent).filter(([key]) => !OUTPUT_ONLY.includes(key))
  for (const [key, text] of counting) {
    if (UNSUPPORTED.includes(key)) throw unimplemented(`Annotation ${key}`)
    const wrong = misplaced(key, kind) ?? rows.find((row) => row.key === key)?.set(message, text)
    if (wrong) throw violation(`${path}[${key}]`, wrong)
  }
  const { users, system } = split(counting)
  for (const row of rows) if (system[row.key] !== undefined && row.get(message) === system[row.key]) delete system[row.key]
  return { annotations: users, kept: system }
}

/** The annotations of a message of v2 in v1: each field as it was written there while it still says the same, else as v1 writes it. */
export function shownAnnotations(message: Message, kind: Kind, annotations: StringMap = {}, kept: StringMap = {}): StringMap {
  const rows: Row[] = ROWS[kind]
  const shown: StringMap = { ...annotations, ...kept }
  for (const row of rows) {
    const written = row.get(message)
    if (kept[row.key] !== undefined && saysTheSame(row, message, kept[row.key]!)) continue
    if (written === undefined) delete shown[row.key]
    else shown[row.key] = written
  }
  return shown
}

function saysTheSame(row: Row, message: Message, text: string): boolean {
  const copy = structuredClone(message)
  return row.set(copy, text) === undefined && row.get(copy) === row.get(message)
}

export function readLabels(sent: StringMap) {
  const { users, system } = split(Object.entries(sent).filter(([key]) => !OUTPUT_ONLY_LABELS.test(key)))
  return { labels: users, kept: system }
}

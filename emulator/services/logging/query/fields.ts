// What a field path of a query leads to (https://cloud.google.com/logging/docs/view/logging-query-language#field_path_identifiers). Fields of
// LogEntry have types and defaults; payloads and labels hold whatever an entry brings.
import { isObject } from '../../../core/json.ts'
import { invalidArgument } from '../../../core/status.ts'
import type { components } from '../../../gen/logging.v2.ts'
import type { Member } from './parser.ts'

export type LogEntry = components['schemas']['LogEntry']

/** `any`: as the JSON of the entry is. `message`: has fields, and no value of its own. */
export type Kind = 'string' | 'severity' | 'timestamp' | 'duration' | 'bool' | 'int32' | 'int64' | 'any' | 'message'

/** In ascending order, with their numbers. */
export const SEVERITIES: Readonly<Record<string, number>> = {
  DEFAULT: 0,
  DEBUG: 100,
  INFO: 200,
  NOTICE: 300,
  WARNING: 400,
  ERROR: 500,
  CRITICAL: 600,
  ALERT: 700,
  EMERGENCY: 800,
}

/** A map or a struct has keys, which are compared as they are; a message of a payload (`lenient`) is asked for in any spelling. */
type Schema = Kind | 'keys' | 'lenient' | { [field: string]: Schema }

/** Values of AuditLog whose JSON does not show their type (https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog). */
const AUDIT_LOG: Record<string, Kind> = {
  numresponseitems: 'int64',
  'requestmetadata.requestattributes.time': 'timestamp',
  'requestmetadata.requestattributes.size': 'int64',
}

/** Fields of AuditLog that are structs: below them spelling counts. */
const AUDIT_STRUCTS = new Set(['request', 'response', 'metadata', 'servicedata', 'resourceoriginalstate'])

const ENTRY: Record<string, Schema> = {
  logName: 'string',
  resource: { type: 'string', labels: 'keys' },
  protoPayload: 'lenient',
  textPayload: 'string',
  jsonPayload: 'keys',
  timestamp: 'timestamp',
  receiveTimestamp: 'timestamp',
  severity: 'severity',
  insertId: 'string',
  httpRequest: {
    requestMethod: 'string',
    requestUrl: 'string',
    requestSize: 'int64',
    status: 'int32',
    responseSize: 'int64',
    userAgent: 'string',
    remoteIp: 'string',
    serverIp: 'string',
    referer: 'string',
    latency: 'duration',
    cacheLookup: 'bool',
    cacheHit: 'bool',
    cacheValidatedWithOriginServer: 'bool',
    cacheFillBytes: 'int64',
    protocol: 'string',
  },
  labels: 'keys',
  metadata: { systemLabels: 'keys', userLabels: 'keys' },
  operation: { id: 'string', producer: 'string', first: 'bool', last: 'bool' },
  trace: 'string',
  spanId: 'string',
  traceSampled: 'bool',
  sourceLocation: { file: 'string', line: 'int64', function: 'string' },
  split: { uid: 'string', index: 'int32', totalSplits: 'int32' },
}

const DEFAULTS: Partial<Record<Kind, unknown>> = {
  string: '',
  severity: 'DEFAULT',
  timestamp: '1970-01-01T00:00:00Z',
  duration: '0s',
  bool: false,
  int32: 0,
  int64: '0',
}

export interface Field {
  /** As the entry spells it, as far as the schema knows. */
  name: string
  kind: Kind
  /** What the entry has there, each element of lists; null is a value. Empty where the field is missing or has its default. */
  present(entry: LogEntry): unknown[]
  /** The same, with the default of a field that has one. */
  values(entry: LogEntry): unknown[]
}

const plain = (name: string) => name.replaceAll('_', '').toLowerCase()

/** Elements of lists in lists too. */
const elements = (value: unknown): unknown[] =>
  Array.isArray(value) ? value.flatMap(elements) : value === undefined ? [] : [value]

type Step = (value: unknown) => unknown

const exactly =
  (name: string): Step =>
  (value) =>
    isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** In any spelling of the name. The value of a google.protobuf.Any is looked into without being named. */
function leniently(name: string): Step {
  const wanted = plain(name)
  return (value) => {
    if (!isObject(value)) return undefined
    if (Object.hasOwn(value, name)) return value[name]
    const key = Object.keys(value).find((each) => plain(each) === wanted)
    if (key !== undefined) return value[key]
    return Object.hasOwn(value, '@type') && isObject(value.value) ? leniently(name)(value.value) : undefined
  }
}

/** The steps below a payload or labels. */
function openSteps(names: string[], schema: 'keys' | 'lenient'): Step[] {
  let isStruct = schema === 'keys'
  return names.map((name, index) => {
    const step = isStruct ? exactly(name) : leniently(name)
    if (index === 0 && AUDIT_STRUCTS.has(plain(name))) isStruct = true
    return step
  })
}

/** Throws INVALID_ARGUMENT for a field that a LogEntry does not have. */
export function fieldOf({ parts }: Member): Field {
  const names = parts.map(({ text }) => text)
  const known: string[] = []
  let schema: Schema = ENTRY
  let index = 0
  for (; index < names.length && typeof schema === 'object'; index++) {
    const wanted = plain(names[index]!)
    const found: string | undefined = Object.keys(schema).find((name) => plain(name) === wanted)
    if (found === undefined) throw unknownField(names)
    known.push(found)
    schema = schema[found]!
  }
  const below = names.slice(index)
  const isOpen = schema === 'keys' || schema === 'lenient'
  if (below.length > 0 && !isOpen) throw unknownField(names)
  const steps = known.map(exactly).concat(isOpen ? openSteps(below, schema as 'keys' | 'lenient') : [])
  const typed = known[0] === 'protoPayload' ? AUDIT_LOG[below.map(plain).join('.')] : undefined
  const kind: Kind =
    typeof schema === 'object' ? 'message' : isOpen ? (typed ?? (below.length === 0 ? 'message' : 'any')) : (schema as Kind)
  return { name: [...known, ...below].join('.'), kind, ...readers(steps, isOpen ? undefined : DEFAULTS[kind]) }
}

const NOTHING: unknown[] = []

function readers(steps: Step[], byDefault: unknown): Pick<Field, 'present' | 'values'> {
  function present(entry: LogEntry): unknown[] {
    let value: unknown = entry
    for (const [index, step] of steps.entries()) {
      value = step(value)
      if (value === undefined) return NOTHING
      if (Array.isArray(value)) return below(elements(value), index + 1)
    }
    return [value]
  }
  function below(all: unknown[], from: number): unknown[] {
    let values = all
    for (const step of steps.slice(from)) values = values.flatMap((each) => elements(step(each)))
    return values
  }
  if (byDefault === undefined) return { present, values: present }
  const defaults = [byDefault]
  return {
    present,
    values(entry) {
      const values = present(entry)
      return values.length === 0 ? defaults : values
    },
  }
}

const unknownField = (names: string[]) => invalidArgument(`Field not found: '${names.join('.')}'.`)

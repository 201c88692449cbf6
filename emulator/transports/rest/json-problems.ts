// Why a JSON request does not fit its message, in the words of Google's front end. It is asked before fromJson, which takes more:
// numbers as `"0x10"`, base64 with padding anywhere.

import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { isObject } from '../../core/json.ts'
import type { FieldViolation } from '../../core/status.ts'
import { fieldOf } from '../descriptors.ts'
import { spellingHint } from './enum-spellings.ts'

const unknownName = (name: string, at: string, why: string) =>
  `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${at && ` at '${at}'`}: ${why}`

const invalidValue = (at: string, type: string, why: string) => `Invalid value at '${at}' (${type}), ${why}`

export const NOT_REPEATING = 'Proto field is not repeating, cannot start list.'

/** All violations of `json` against the message. `at` is the path so far, in proto names. */
export function jsonProblems(message: DescMessage, json: unknown, at = ''): FieldViolation[] {
  const problem = (field: string, description: string): FieldViolation[] => [{ field, description }]
  if (message.typeName.startsWith('google.protobuf.')) return wellKnownProblems(message, json, at)
  if (!isObject(json)) {
    if (at === '') return problem('', unknownName('', '', 'Root element must be a message.'))
    return problem(at, invalidValue(at, `type.googleapis.com/${message.typeName}`, JSON.stringify(json)))
  }
  const seen = new Map<string, string>()
  const set = new Set<DescField>()
  return Object.entries(json).flatMap(([key, value]) => {
    const field = fieldOf(message, key)
    if (!field) return problem(at, unknownName(key, at, 'Cannot find field.'))
    if (value === null) return []
    if (set.has(field)) return problem(at, unknownName(key, at, NOT_REPEATING)) // by its other name already
    set.add(field)
    const path = at ? `${at}.${field.name}` : field.name
    const group = field.oneof && field.oneof.fields.length > 1 ? field.oneof.name : undefined
    const other = group && seen.get(group)
    if (group) seen.set(group, field.name)
    if (other)
      return problem(at, invalidValue(at, 'oneof', `oneof field '${group}' is already set. Cannot set '${field.jsonName}'`))
    return fieldProblems(field, value, path, () => problem(at, unknownName(key, at, NOT_REPEATING)))
  })
}

function fieldProblems(field: DescField, value: unknown, path: string, notRepeating: () => FieldViolation[]): FieldViolation[] {
  if (field.fieldKind === 'list') {
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap((item, index) => valueProblems(field, item, `${path}[${index}]`))
  }
  if (field.fieldKind === 'map') {
    if (!isObject(value))
      return [{ field: path, description: invalidValue(path, 'Map', 'Cannot bind a scalar or a list to a map.') }]
    return Object.values(value).flatMap((item, index) => valueProblems(field, item, `${path}[${index}].value`))
  }
  return Array.isArray(value) && field.message?.typeName !== 'google.protobuf.ListValue'
    ? notRepeating()
    : valueProblems(field, value, path)
}

function valueProblems(field: DescField, value: unknown, path: string): FieldViolation[] {
  if (field.message) return jsonProblems(field.message, value, path)
  const why = field.enum ? enumProblem(field.enum, value) : scalarProblem(field.scalar!, value)
  if (why === undefined) return []
  const type = field.enum ? `type.googleapis.com/${field.enum.typeName}` : `TYPE_${ScalarType[field.scalar!]}`
  return [{ field: path, description: invalidValue(path, type, why) }]
}

const enumProblem = (type: DescEnum, value: unknown) =>
  (typeof value === 'string' && type.values.some(({ name }) => name === value)) || Number.isInteger(value)
    ? undefined
    : JSON.stringify(value) + spellingHint(type, value)

/** Either alphabet, with all of its padding or none. */
function isBase64(text: string) {
  const whole = text.replace(/\s/g, '')
  const digits = whole.split('=', 1)[0]!
  const padding = whole.slice(digits.length)
  return !/[^\w+/-]/.test(digits) && digits.length % 4 !== 1 && ['', '='.repeat(-digits.length & 3)].includes(padding)
}

const INTEGER_RANGES: Partial<Record<ScalarType, [min: bigint, max: bigint]>> = Object.fromEntries([
  ...[ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32].map((type) => [type, [-(1n << 31n), (1n << 31n) - 1n]]),
  ...[ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64].map((type) => [type, [-(1n << 63n), (1n << 63n) - 1n]]),
  ...[ScalarType.UINT32, ScalarType.FIXED32].map((type) => [type, [0n, (1n << 32n) - 1n]]),
  ...[ScalarType.UINT64, ScalarType.FIXED64].map((type) => [type, [0n, (1n << 64n) - 1n]]),
])

function scalarProblem(type: ScalarType, value: unknown): string | undefined {
  const refused = JSON.stringify(value)
  if (type === ScalarType.STRING) return typeof value === 'string' && value.isWellFormed() ? undefined : refused
  if (type === ScalarType.BOOL) return typeof value === 'boolean' ? undefined : refused
  if (type === ScalarType.BYTES) {
    if (typeof value !== 'string') return refused
    return isBase64(value) ? undefined : `Base64 decoding failed for ${refused}`
  }
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) {
    const isNumber = typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value))
    return (isNumber && Number.isFinite(Number(value))) || /^(NaN|-?Infinity)$/.test(value as string) ? undefined : refused
  }
  const [min, max] = INTEGER_RANGES[type]!
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
  return /^-?\d{1,20}$/.test(text) && BigInt(text) >= min && BigInt(text) <= max ? undefined : refused
}

function wellKnownProblems({ typeName, fields }: DescMessage, value: unknown, at: string): FieldViolation[] {
  const wrapped = fields.length === 1 && fields[0]!.name === 'value' ? fields[0]!.scalar : undefined
  if (wrapped) {
    const why = scalarProblem(wrapped, value)
    return why === undefined ? [] : [{ field: at, description: invalidValue(at, `TYPE_${ScalarType[wrapped]}`, why) }]
  }
  const forms: Record<string, RegExp> = {
    'google.protobuf.Timestamp': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
    'google.protobuf.Duration': /^-?\d+(\.\d{1,9})?s$/,
    'google.protobuf.FieldMask': /^/, // which paths there are, the method says
  }
  const form = forms[typeName]
  if (!form || (typeof value === 'string' && form.test(value))) return []
  return [{ field: at, description: invalidValue(at, `type.googleapis.com/${typeName}`, JSON.stringify(value)) }]
}

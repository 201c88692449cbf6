// What no field of a type can hold (https://protobuf.dev/programming-guides/json/), and what any field of it can.
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'

/** A JSON number as it is written here: 1e400 has no other way into JSON.stringify. */
const raw = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)

const HUGE = [raw('1e400'), raw('-1e400'), raw(`1${'0'.repeat(5000)}`)]
const NO_NUMBER = ['x', '', ' 1', '1 ', '0x10', '1_000', true, {}, ...HUGE]
const integer = (min: bigint, max: bigint) => [
  ...NO_NUMBER,
  ...[1.5, '1.5', '1e3', raw(`${max + 1n}`), `${max + 1n}`, `${min - 1n}`],
]
const INT32 = integer(-(2n ** 31n), 2n ** 31n - 1n)
const INT64 = integer(-(2n ** 63n), 2n ** 63n - 1n)
const UINT32 = integer(0n, 2n ** 32n - 1n)
const UINT64 = integer(0n, 2n ** 64n - 1n)

const SCALARS: Record<ScalarType, unknown[]> = {
  [ScalarType.STRING]: [7, 0.5, true, {}, '\ud800', 'a\udfffb', '\udc00\ud800'],
  [ScalarType.BYTES]: [7, true, {}, '!', 'Y', 'YQ===', 'Y=Q=', 'ab\u00e9d', '\ud800'],
  [ScalarType.BOOL]: ['maybe', 'yes', 1, 0, {}],
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
  [ScalarType.DOUBLE]: NO_NUMBER,
  [ScalarType.FLOAT]: [...NO_NUMBER, 1e39],
}

const ENUM = ['NO_SUCH_VALUE', '', 1.5, 2 ** 31, -(2 ** 31) - 1, ...HUGE, true, {}]

const WELL_KNOWN: Record<string, unknown[]> = {
  Any: [7, 'x', true, { '@type': 7 }, { '@type': 'x' }, { '@type': 'type.googleapis.com/no.such.Message' }, { a: 1 }],
  Duration: [7, {}, true, '', '1', 's', '1m', '1.5', '1e3s', '315576000001s', '-315576000001s'],
  Empty: [7, 'x', { a: 1 }],
  FieldMask: [7, {}, true],
  ListValue: [7, 'x', {}, [HUGE[0]], ['\ud800']],
  Struct: [7, 'x', true, { a: HUGE[0] }, { a: '\ud800' }],
  Timestamp: [
    7,
    {},
    '',
    'x',
    '2026-01-02',
    '2026-13-01T00:00:00Z',
    '2026-01-02T03:04:05',
    '10000-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
  ],
  Value: [HUGE[0], { a: HUGE[1] }, '\ud800'],
}

const messageValues = ({ typeName, fields }: DescMessage): unknown[] => {
  const wellKnown = /^google\.protobuf\.(\w+)$/.exec(typeName)?.[1]
  if (!wellKnown) return [7, 'x', true, 0.5]
  return WELL_KNOWN[wellKnown] ?? SCALARS[fields[0]!.scalar!]
}

const single = (field: DescField): unknown[] =>
  field.message ? messageValues(field.message) : field.enum ? ENUM : SCALARS[field.scalar!]

const LISTS = ['google.protobuf.ListValue', 'google.protobuf.Value']

/** JSON values that a field cannot have. */
export function wrongValues(field: DescField): unknown[] {
  const values = single(field)
  if (field.fieldKind === 'list') return [{}, ...values.map((value) => [value])]
  if (field.fieldKind === 'map') return [7, 'x', [], [{}], ...values.map((value) => ({ [mapKey(field)]: value }))]
  return LISTS.includes(field.message?.typeName ?? '') ? values : [...values, [], [values[0]]]
}

/** The same as texts of a query, where numbers and booleans are texts anyway. */
export function wrongTexts(field: DescField): string[] {
  const scalar = isWrapped(field) ? field.message!.fields[0]!.scalar : field.scalar
  if (field.fieldKind === 'map' || scalar === ScalarType.STRING) return []
  const texts = single(field).filter((value) => typeof value === 'string' && value.isWellFormed()) as string[]
  return scalar === ScalarType.BYTES || !scalar ? texts : [...texts, '99999999999999999999999']
}

export const mapKey = (field: DescField & { fieldKind: 'map' }): string =>
  field.mapKey === ScalarType.STRING ? 'key' : field.mapKey === ScalarType.BOOL ? 'true' : '1'

/** Is its message one around a scalar, google.protobuf.Int64Value? */
const isWrapped = ({ message }: DescField) =>
  /^google\.protobuf\.\w+Value$/.test(message?.typeName ?? '') && message?.typeName !== 'google.protobuf.ListValue'

/** Something that a field can have. */
export function rightValue(field: DescField): unknown {
  if (field.fieldKind === 'list') return []
  if (field.fieldKind === 'map') return {}
  const known: Record<string, unknown> = {
    'google.protobuf.Timestamp': '2026-01-02T03:04:05Z',
    'google.protobuf.Duration': '1s',
    'google.protobuf.FieldMask': 'name',
    'google.protobuf.ListValue': [],
  }
  const { message } = field
  if (message) return known[message.typeName] ?? (isWrapped(field) ? rightValue(message.fields[0]!) : {})
  if (field.enum) return field.enum.values[0]!.name
  if (field.scalar === ScalarType.BOOL) return true
  return [ScalarType.STRING, ScalarType.BYTES].includes(field.scalar!) ? '' : 1
}

const INTEGERS = [0, -1, 1, 2147483647, -2147483648]
const TEXTS = [
  '',
  '\0',
  ' ',
  '__proto__',
  'projects/-/x',
  '../..',
  '*',
  '-',
  '//',
  'ü\u202e💥',
  '%',
  "' OR ''='",
  'x'.repeat(70_000),
  '\n',
]

/** Values that the type allows and that hardly anybody sends. */
export function strangeValues(field: DescField): unknown[] {
  const strange: Record<string, unknown[]> = {
    'google.protobuf.Timestamp': [
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '1969-12-31T23:59:59.999999999-12:00',
    ],
    'google.protobuf.Duration': ['0s', '-0.000000001s', '315576000000s', '-315576000000.999999999s'],
    'google.protobuf.FieldMask': ['', '*', ',', 'name,name', 'a'.repeat(1000), Array(500).fill('name').join(',')],
    'google.protobuf.Struct': [{}, { __proto__: null, '': null, a: [[[]]] }],
    'google.protobuf.Value': [null, [], {}, '', 1e308],
  }
  const scalar = field.message ? field.message.fields[0]?.scalar : field.scalar
  const values = field.enum
    ? [0, 9999, -1, -2147483648]
    : field.message && !isWrapped(field)
      ? (strange[field.message.typeName] ?? [{}])
      : scalar === ScalarType.BOOL
        ? [true, false]
        : scalar === ScalarType.STRING
          ? TEXTS
          : scalar === ScalarType.BYTES
            ? ['', 'AA==', '_-8', 'A'.repeat(100_000)]
            : INTEGERS
  if (field.fieldKind === 'list') return [[], ...values.map((value) => [value]), values, Array(2000).fill(values.at(-1))]
  if (field.fieldKind !== 'map') return values
  const keys =
    field.mapKey === ScalarType.STRING ? ['', '__proto__', 'constructor', '\0', 'a/b', 'x'.repeat(5000)] : [mapKey(field)]
  return [{}, ...values.map((value) => Object.fromEntries(keys.map((key) => [key, value])))]
}

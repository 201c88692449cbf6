// How a value of an entry compares with one of a query (https://cloud.google.com/logging/docs/view/logging-query-language#values_conversions):
// the query's is converted to the type of the field first.
import { instant } from '../../../core/filter-values.ts'
import { isObject } from '../../../core/json.ts'
import { invalidArgument } from '../../../core/status.ts'
import { type Kind, SEVERITIES } from './fields.ts'
import type { Operator } from './parser.ts'

export type Test = (actual: unknown) => boolean

type Ordered = string | number | bigint | boolean

const BEYOND_ASCII = /[\u0080-\uffff]/

/** Text without regard to case and to compatible forms: near NFKC_CF, which JavaScript has not. */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  return BEYOND_ASCII.test(lower) ? lower.normalize('NFKC').toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ') : lower
}

const INTEGER = /^-?\d{1,20}$/
const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const SPECIAL: Record<string, number> = {
  nan: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
}
const DURATION = /^([+-]?)(\d{1,12})?(?:\.(\d{1,9}))?(ns|us|ms|s|m|h)$/i
const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** A double; undefined for what is none. */
export function number(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text)
  return SPECIAL[text.toLowerCase()]
}

function integer(bits: bigint) {
  return (text: string): bigint | undefined => {
    if (!INTEGER.test(text)) return undefined
    const value = BigInt(text)
    return BigInt.asIntN(Number(bits), value) === value ? value : undefined
  }
}

export function bool(text: string): boolean | undefined {
  return { true: true, false: false }[text.toLowerCase()]
}

/** Nanoseconds of `3.2s`, `500ms`, `1h`. */
export function duration(text: string): bigint | undefined {
  const [, sign, whole, fraction = '', unit] = DURATION.exec(text) ?? []
  if (unit === undefined || (whole === undefined && fraction === '')) return undefined
  const billionths = BigInt(whole ?? '0') * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  const nanos = (billionths * UNITS[unit.toLowerCase()]!) / 1_000_000_000n
  return sign === '-' ? -nanos : nanos
}

function severity(text: string): number | undefined {
  const name = text.toUpperCase()
  if (Object.hasOwn(SEVERITIES, name)) return SEVERITIES[name]
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

type Scalar = Exclude<Kind, 'any' | 'message'> | 'double'

/** Text of a query, or a value of ProtoJSON as text, as what can be compared. */
export const READ: Record<Scalar, (text: string) => Ordered | undefined> = {
  string: fold,
  severity,
  timestamp: instant,
  duration,
  bool,
  int32: integer(32n),
  int64: integer(64n),
  double: number,
}

const HOLDS: Record<'=' | '!=' | '<' | '<=' | '>' | '>=', (actual: Ordered, wanted: Ordered) => boolean> = {
  '=': (actual, wanted) => actual === wanted,
  '!=': (actual, wanted) => actual !== wanted,
  '<': (actual, wanted) => actual < wanted,
  '<=': (actual, wanted) => actual <= wanted,
  '>': (actual, wanted) => actual > wanted,
  '>=': (actual, wanted) => actual >= wanted,
}

/** The comparison for values of one type; undefined where the query's cannot be converted. `:` is substring for text, else equality. */
export function scalarTest(kind: Scalar, operator: Exclude<Operator, '=~' | '!~'>, text: string): Test | undefined {
  const read = READ[kind]
  const wanted = read(text)
  if (wanted === undefined) return undefined
  if (kind === 'string' && operator === ':')
    return (actual) => typeof actual === 'string' && fold(actual).includes(wanted as string)
  const holds = HOLDS[operator === ':' ? '=' : operator]
  return (actual) => {
    const value = typeof actual === 'object' ? undefined : read(String(actual))
    return value !== undefined && holds(value, wanted)
  }
}

/** As scalarTest; INVALID_ARGUMENT, in Google's words, where the value cannot be converted. */
export function typedTest(kind: Scalar, operator: Exclude<Operator, '=~' | '!~'>, text: string): Test {
  const test = scalarTest(kind, operator, text)
  if (!test) throw invalidArgument(`The value '${fold(text)}' is of incorrect type.`)
  return test
}

/** For values whose JSON tells their type. An object has (`:`) what a text in it contains, or a key. */
export function untypedTest(operator: Exclude<Operator, '=~' | '!~'>, text: string, mentions: Test): Test {
  const tests: Record<string, Test | undefined> = {
    string: scalarTest('string', operator, text),
    number: scalarTest('double', operator, text),
    boolean: scalarTest('bool', operator, text),
  }
  const key = fold(text)
  return (actual) => {
    if (isObject(actual)) return operator === ':' && (Object.keys(actual).some((each) => fold(each) === key) || mentions(actual))
    return tests[typeof actual]?.(actual) ?? false
  }
}

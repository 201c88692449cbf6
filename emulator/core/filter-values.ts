// How a value of a resource (ProtoJSON) compares with the text of a list filter (https://google.aip.dev/160, "Comparison Operators").
// A filter carries no types: the resource's value decides what the text is read as.

import { isObject } from './json.ts'
import { invalidArgument } from './status.ts'

interface Pattern {
  readonly text: string
  /** The text split at its wildcards: `a*b` is ['a', 'b'], `"a\*b"` is ['a*b']. */
  readonly pieces: readonly string[]
}

/** The right-hand side of a comparison. What resources are compared with is made once for a filter, not for each of them. */
export interface Value extends Pattern {
  readonly quoted: boolean
  /** In lower case, as are the pieces of `anywhere`, which match text that holds the value in any place. */
  readonly folded: Pattern
  readonly anywhere: readonly string[]
  readonly jsonName: string
}

export function filterValue(pieces: readonly string[], quoted: boolean): Value {
  const text = pieces.join('*')
  const folded = { text: text.toLowerCase(), pieces: pieces.map((piece) => piece.toLowerCase()) }
  return { text, pieces, quoted, folded, anywhere: ['', ...folded.pieces, ''], jsonName: jsonName(text) }
}

export interface ValueOptions {
  /** Compare strings without regard to case (Artifact Registry). Default false. */
  caseInsensitive?: boolean
}

/** int64 and uint64 as ProtoJSON writes them. */
const INT64 = /^-?(0|[1-9]\d{0,19})$/
const INTEGER = /^-?\d{1,40}$/
const NUMBER = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const DURATION = /^-?\d{1,12}(\.\d{1,9})?s$/
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i
const TIME =
  /^(?<date>\d{4}-\d\d-\d\d)(T((?<hour>\d\d)(:(?<minute>\d\d)(:(?<second>\d\d)(\.(?<fraction>\d{1,9}))?)?)?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/i

/** snake_case → the lowerCamelCase of ProtoJSON. */
export const jsonName = (name: string) => name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase())

/** True if a field of this value is set: ProtoJSON leaves defaults out, so only null and [] remain to be told apart. */
export const present = (value: unknown) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)

export const hasWildcard = (value: Value) => value.pieces.length > 1

/** True for `*` alone, which any value that is present matches. */
export const isAnything = (value: Value) => hasWildcard(value) && value.pieces.every((piece) => piece === '')

const sign = <T>(left: T, right: T) => (left < right ? -1 : left > right ? 1 : 0)

/** Whole numbers exactly (an int64 does not fit a double), all others as doubles. */
const compareNumbers = (left: string, right: string) =>
  INTEGER.test(left) && INTEGER.test(right) ? sign(BigInt(left), BigInt(right)) : sign(Number(left), Number(right))

/** Nanoseconds since 1970, or undefined for what is not a time. Beside RFC 3339 it reads the shortened forms of Google's
 * documentation, as UTC: `2019-04-10`, `2019-04-10T`, `2019-04-10T11:30`. */
export function instant(text: string): bigint | undefined {
  const groups = TIME.exec(text)?.groups
  if (!groups) return undefined
  const { date, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z' } = groups
  const civil = `${date}T${hour}:${minute}:${second}`
  const milliseconds = Date.parse(`${civil}Z`)
  // Date.parse may roll 30 February over to March.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== civil) return undefined
  const [offsetHours, offsetMinutes] = zone.toUpperCase() === 'Z' ? [0, 0] : [Number(zone.slice(1, 3)), Number(zone.slice(4))]
  if (offsetHours > 23 || offsetMinutes > 59) return undefined
  const offset = (zone.startsWith('-') ? -60_000 : 60_000) * (offsetHours * 60 + offsetMinutes)
  return BigInt(milliseconds - offset) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

const seconds = (text: string) => (DURATION.test(text) ? Number(text.slice(0, -1)) : undefined)

const both = <T>(read: (text: string) => T | undefined, left: string, right: string) => {
  const value = read(left)
  return value !== undefined && value === read(right)
}

/** True if `text` is the pieces in order with anything between them. One pass, which never backtracks: a filter comes from outside. */
export function glob(pieces: readonly string[], text: string): boolean {
  const [first = ''] = pieces
  const last = pieces.at(-1) ?? ''
  if (pieces.length < 2) return text === first
  const end = text.length - last.length
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index]!
    const found = text.indexOf(piece, from)
    if (found < 0 || found + piece.length > end) return false
    from = found + piece.length
  }
  return true
}

const fold = (text: string, { caseInsensitive }: ValueOptions) => (caseInsensitive ? text.toLowerCase() : text)
const wanted = (value: Value, { caseInsensitive }: ValueOptions): Pattern => (caseInsensitive ? value.folded : value)

/** `=` on one value: numbers by value, timestamps as instants, durations as seconds, all else as text with `*` as a wildcard.
 * Text that only looks like a number is compared as text if it is quoted: the tag "1.10" is not the tag "1.1". */
export function equals(actual: unknown, value: Value, options: ValueOptions): boolean {
  if (isAnything(value)) return present(actual)
  if (typeof actual === 'boolean') return value.text === String(actual)
  if (typeof actual === 'number') return NUMBER.test(value.text) && compareNumbers(String(actual), value.text) === 0
  if (typeof actual !== 'string') return false
  if (glob(wanted(value, options).pieces, fold(actual, options))) return true
  if (hasWildcard(value)) return false
  if (TIMESTAMP.test(actual) && both(instant, actual, value.text)) return true
  if (both(seconds, actual, value.text)) return true
  return !value.quoted && INT64.test(actual) && NUMBER.test(value.text) && compareNumbers(actual, value.text) === 0
}

/** Below 0, 0 or above 0 for `actual` before, at or after the value; undefined if the two have no order, which matches no operator.
 * `field` is for the message. Throws INVALID_ARGUMENT for a timestamp ordered against what is not a time. */
export function order(actual: unknown, value: Value, field: string, options: ValueOptions): number | undefined {
  if (typeof actual === 'number') return NUMBER.test(value.text) ? compareNumbers(String(actual), value.text) : undefined
  if (typeof actual !== 'string') return undefined
  const time = TIMESTAMP.test(actual) ? instant(actual) : undefined
  if (time !== undefined) {
    const limit = instant(value.text)
    if (limit === undefined) {
      throw invalidArgument(`Invalid list filter: field "${field}" is a timestamp and "${value.text}" is not: use RFC 3339`)
    }
    return sign(time, limit)
  }
  const duration = seconds(actual)
  if (duration !== undefined) {
    const limit = seconds(value.text) ?? (NUMBER.test(value.text) ? Number(value.text) : undefined)
    return limit === undefined ? undefined : sign(duration, limit)
  }
  if (INT64.test(actual) && NUMBER.test(value.text)) return compareNumbers(actual, value.text)
  return sign(fold(actual, options), wanted(value, options).text)
}

/** `:` on one value: a map or message has a key, all else equals. */
export function has(actual: unknown, value: Value, options: ValueOptions): boolean {
  if (isObject(actual) && !isAnything(value)) {
    return Object.keys(actual).some(
      (key) => present(actual[key]) && (glob(value.pieces, key) || (!value.quoted && key === value.jsonName)),
    )
  }
  return equals(actual, value, options)
}

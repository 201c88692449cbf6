// The functions of the Common Expression Language, and its times (https://github.com/google/cel-spec/blob/master/doc/langdef.md#functions).
import type { Signatures } from './cel-parser.ts'
import { parseTimestamp } from './clock.ts'
import { isObject } from './json.ts'

/** An expression that has no value for these variables: a field that is not there, a comparison of what has no order. */
export class CelError extends Error {}

/** Nanoseconds: of a timestamp since the epoch. */
export interface CelTime {
  readonly kind: 'timestamp' | 'duration'
  readonly nanos: bigint
}

export const isTime = (value: unknown): value is CelTime => isObject(value) && typeof value.nanos === 'bigint'

const UNITS: Record<string, bigint> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  ns: 1n,
}

/** `"1h30m"`, `"-3.5s"`. */
function duration(text: string): CelTime {
  const [, sign, parts] = /^(-?)((?:\d{1,12}(?:\.\d{1,9})?(?:h|ms|us|ns|m|s))+)$/.exec(text) ?? []
  if (!parts) throw new CelError(`"${text}" is not a duration`)
  let nanos = 0n
  for (const [, whole, fraction = '', unit] of parts.matchAll(/(\d+)(?:\.(\d+))?(h|ms|us|ns|m|s)/g))
    nanos += BigInt(whole!) * UNITS[unit!]! + (BigInt(fraction.padEnd(9, '0')) * UNITS[unit!]!) / 1_000_000_000n
  return { kind: 'duration', nanos: sign ? -nanos : nanos }
}

function timestamp(text: string): CelTime {
  try {
    return { kind: 'timestamp', nanos: parseTimestamp(text) }
  } catch {
    throw new CelError(`"${text}" is not a timestamp`)
  }
}

export function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CelError(`${describe(value)} is not a string`)
}

export const describe = (value: unknown) => (isTime(value) ? `a ${value.kind}` : (JSON.stringify(value) ?? 'nothing'))

function size(value: unknown): number {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  if (isObject(value) && !isTime(value)) return Object.keys(value).length
  throw new CelError(`${describe(value)} has no size`)
}

function int(value: unknown): number {
  const isNumeric = typeof value === 'number' || /^-?\d+$/.test(String(value))
  if (!isNumeric) throw new CelError(`${describe(value)} is not a number`)
  return Math.trunc(Number(value))
}

function string(value: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw new CelError(`${describe(value)} has no text`)
}

/** RE2 and JavaScript agree on what conditions use; a pattern that only one of them has is an error. */
function matches(value: unknown, pattern: unknown): boolean {
  try {
    return new RegExp(text(pattern), 'u').test(text(value))
  } catch (error) {
    throw error instanceof CelError ? error : new CelError(`"${pattern}" is not a regular expression`)
  }
}

/** `"projects/p/x/y".extract("projects/{project}/x")`: what stands where the braces are, or nothing
 * (https://cloud.google.com/iam/docs/conditions-attribute-reference#extract). */
function extract(value: string, template: string): string {
  const [, before, after] = /^([^{}]*)\{\w+\}([^{}]*)$/s.exec(template) ?? []
  if (before === undefined || after === undefined) throw new CelError(`"${template}" is not a template with one {variable}`)
  const from = value.indexOf(before)
  if (from < 0) return ''
  const start = from + before.length
  const end = after === '' ? value.length : value.indexOf(after, start)
  return end < 0 ? '' : value.slice(start, end)
}

/** A part of a timestamp in a time zone (`"Europe/Berlin"`), of UTC without one. */
const calendar = (read: (date: Date) => number) => (value: unknown, zone: unknown) => {
  if (!isTime(value) || value.kind !== 'timestamp') throw new CelError(`${describe(value)} is not a timestamp`)
  const utc = new Date(Number(value.nanos / 1_000_000n))
  return read(zone === undefined ? utc : inZone(utc, text(zone)))
}

/** A date whose UTC parts are the local ones of the zone. */
function inZone(utc: Date, zone: string): Date {
  try {
    const options = { timeZone: zone, calendar: 'gregory', hourCycle: 'h23', dateStyle: 'short', timeStyle: 'medium' } as const
    const [date, time] = new Intl.DateTimeFormat('sv-SE', options).format(utc).split(' ')
    return new Date(`${date}T${time}Z`)
  } catch {
    throw new CelError(`"${zone}" is not a time zone`)
  }
}

const dayOfYear = (date: Date) =>
  (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000

const strings =
  (run: (value: string, parameter: string) => unknown) =>
  (value: unknown, parameter: unknown): unknown =>
    run(text(value), text(parameter))

interface CelFunction {
  /** Numbers of arguments, on a value and alone. */
  method?: number[]
  alone?: number[]
  run(...parameters: unknown[]): unknown
}

const part = (read: (date: Date) => number): CelFunction => ({ method: [0, 1], run: calendar(read) })

export const FUNCTIONS: Record<string, CelFunction> = {
  startsWith: { method: [1], run: strings((value, start) => value.startsWith(start)) },
  endsWith: { method: [1], run: strings((value, end) => value.endsWith(end)) },
  contains: { method: [1], run: strings((value, inner) => value.includes(inner)) },
  matches: { method: [1], alone: [2], run: matches },
  extract: { method: [1], run: strings(extract) },
  size: { method: [0], alone: [1], run: size },
  lowerAscii: { method: [0], run: (value) => text(value).toLowerCase() },
  timestamp: { alone: [1], run: (value) => (isTime(value) ? value : timestamp(text(value))) },
  duration: { alone: [1], run: (value) => (isTime(value) ? value : duration(text(value))) },
  date: { alone: [1], run: (value) => timestamp(`${text(value)}T00:00:00Z`) },
  int: { alone: [1], run: int },
  string: { alone: [1], run: string },
  getFullYear: part((date) => date.getUTCFullYear()),
  getMonth: part((date) => date.getUTCMonth()),
  getDate: part((date) => date.getUTCDate()),
  getDayOfMonth: part((date) => date.getUTCDate() - 1),
  getDayOfWeek: part((date) => date.getUTCDay()),
  getDayOfYear: part(dayOfYear),
  getHours: part((date) => date.getUTCHours()),
  getMinutes: part((date) => date.getUTCMinutes()),
  getSeconds: part((date) => date.getUTCSeconds()),
}

export const SIGNATURES: Signatures = FUNCTIONS

// The functions of the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language#functions). Those that
// stand alone are true or false; CAST and REGEXP_EXTRACT make a value, which is compared.
import { createHash } from 'node:crypto'
import { instant } from '../../../core/filter-values.ts'
import { invalidArgument } from '../../../core/status.ts'
import { type Field, fieldOf, type Kind, type LogEntry } from './fields.ts'
import { type IpRange, ipRange, isInNet } from './ip-ranges.ts'
import { type Call, joined, type Member } from './parser.ts'
import { regexp, type Work } from './regexp.ts'
import { entryTexts, search, textsOf } from './text-search.ts'
import { bool, duration, fold, number, READ } from './values.ts'

/** What a comparison or a function looks at. */
export interface Readable {
  kind: Kind | 'double'
  values(entry: LogEntry, work: Work): unknown[]
  /** The field that it is, if it is one as it stands. */
  field?: Field
}

export interface Condition {
  holds(entry: LogEntry, work: Work): boolean
  /** Does it depend on the log and the type of the resource alone? */
  isOfStream?: boolean
}

const wrong = (name: string, usage: string) => invalidArgument(`Unparseable filter: ${name.toUpperCase()} is used as ${usage}.`)

type Argument = Member | Call | undefined

const isMember = (argument: Argument): argument is Member => argument?.type === 'member'

function textOf(argument: Argument, name: string, usage: string): string {
  if (!isMember(argument)) throw wrong(name, usage)
  return joined(argument)
}

function stringOf(argument: Argument, name: string, usage: string): string {
  if (!isMember(argument) || argument.parts.length !== 1 || argument.parts[0]!.type !== 'string') throw wrong(name, usage)
  return argument.parts[0]!.text
}

function checkCount({ name, args }: Call, min: number, max: number, usage: string) {
  if (args.length < min || args.length > max) throw wrong(name, usage)
}

/** The log ID of a name, without the encoding of its slashes. */
const logIdOf = (logName = '') => fold(logName.slice(logName.indexOf('/logs/') + '/logs/'.length).replace(/%2F/gi, '/'))

function logId(call: Call): Condition {
  const usage = 'log_id("LOG_ID")'
  checkCount(call, 1, 1, usage)
  const wanted = fold(textOf(call.args[0], call.name, usage).replace(/%2F/gi, '/'))
  return { isOfStream: true, holds: ({ logName }) => logIdOf(logName) === wanted }
}

/** Entries of this emulator belong to projects; those of folders and organizations themselves there are none. */
function source(call: Call): Condition {
  const usage = 'source(projects/PROJECT_ID)'
  checkCount(call, 1, 1, usage)
  const wanted = fold(textOf(call.args[0], call.name, usage))
  if (!/^(projects|folders|organizations|billingaccounts)\/[^/]+$/.test(wanted)) throw wrong(call.name, usage)
  return { isOfStream: true, holds: ({ logName = '' }) => fold(logName).startsWith(`${wanted}/logs/`) }
}

const MAX_HASH = 2 ** 48

/** The same value is always in the sample, or never. */
function sample(call: Call): Condition {
  const usage = 'sample(FIELD, FRACTION)'
  checkCount(call, 2, 2, usage)
  const { values } = readable(call.args[0]!, call.name, usage)
  const fraction = number(textOf(call.args[1], call.name, usage)) ?? Number.NaN
  if (!(fraction > 0 && fraction <= 1))
    throw invalidArgument('Unparseable filter: the fraction of SAMPLE must be above 0 and at most 1.')
  return {
    holds: (entry, work) =>
      values(entry, work).some((value) => {
        if (typeof value !== 'string' && typeof value !== 'number') return false
        const hash = createHash('sha256').update(String(value)).digest().readUIntBE(0, 6)
        return hash / MAX_HASH <= fraction
      }),
  }
}

function ipInNet(call: Call): Condition {
  const usage = 'ip_in_net(FIELD, "SUBNET")'
  checkCount(call, 2, 2, usage)
  const { values } = readable(call.args[0]!, call.name, usage)
  const subnet = ipRange(stringOf(call.args[1], call.name, usage))
  if (!subnet)
    throw invalidArgument('Unparseable filter: the subnet of IP_IN_NET must be an IP address or range, as in "10.1.2.0/24".')
  const isIn = (range: IpRange | undefined) => range !== undefined && isInNet(range, subnet)
  return { holds: (entry, work) => values(entry, work).some((value) => typeof value === 'string' && isIn(ipRange(value))) }
}

function searchCall(call: Call): Condition {
  const usage = 'SEARCH("QUERY") or SEARCH(FIELD, "QUERY")'
  checkCount(call, 1, 2, usage)
  const found = search(stringOf(call.args.at(-1), call.name, usage))
  if (call.args.length === 1) return { holds: (entry) => found(entryTexts(entry as Record<string, unknown>).strings) }
  const { values } = readable(call.args[0]!, call.name, usage)
  return { holds: (entry, work) => found(textsOf(values(entry, work)).strings) }
}

const CONDITIONS: Record<string, (call: Call) => Condition> = {
  log_id: logId,
  source,
  sample,
  ip_in_net: ipInNet,
  search: searchCall,
}

/** How CAST makes a value of a type from the text of another; undefined where it cannot. */
const CASTS: Record<string, { kind: Readable['kind']; from(text: string): unknown }> = {
  STRING: { kind: 'string', from: (text) => text },
  INT64: { kind: 'int64', from: integerOf },
  FLOAT64: { kind: 'double', from: (text) => (number(text) === undefined ? undefined : text) },
  BOOL: { kind: 'bool', from: (text) => bool(text) },
  TIMESTAMP: { kind: 'timestamp', from: (text) => (instant(text) === undefined ? undefined : text) },
  DURATION: { kind: 'duration', from: (text) => (duration(text) === undefined ? undefined : text) },
}

function integerOf(text: string): string | undefined {
  if (READ.int64(text) !== undefined) return text
  const value = bool(text) === undefined ? number(text) : Number(bool(text))
  return value === undefined || !Number.isFinite(value) ? undefined : String(BigInt(Math.round(value)))
}

function cast(call: Call): Readable {
  const usage = 'CAST(FIELD, TYPE) or CAST(FIELD, TYPE, TIMEZONE("ZONE"))'
  checkCount(call, 2, 3, usage)
  const inner = readable(call.args[0]!, call.name, usage)
  const type = textOf(call.args[1], call.name, usage).toUpperCase()
  if (!Object.hasOwn(CASTS, type))
    throw invalidArgument(`Unparseable filter: CAST knows no type ${type}: ${Object.keys(CASTS).join(', ')}.`)
  const { kind, from } = CASTS[type]!
  const zone = call.args[2] && zoneOf(call.args[2], usage)
  const text = inner.kind === 'timestamp' && type === 'STRING' && zone ? inZone(zone) : String
  return {
    kind,
    values: (entry, work) =>
      inner.values(entry, work).flatMap((value) => {
        const made = typeof value === 'object' ? undefined : from(text(value))
        return made === undefined ? [] : [made]
      }),
  }
}

function zoneOf(argument: Member | Call, usage: string): string {
  if (argument.type !== 'call' || !/^time_?zone$/.test(argument.name)) throw wrong('cast', usage)
  checkCount(argument, 1, 1, usage)
  const zone = stringOf(argument.args[0], 'cast', usage)
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone
  } catch {
    throw invalidArgument(`Unparseable filter: CAST knows no time zone "${zone}".`)
  }
}

/** RFC 3339 with the offset of a zone: `2023-01-02T03:04:05.678-05:00`. */
function inZone(timeZone: string): (timestamp: unknown) => string {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  return (timestamp) => {
    const time = instant(String(timestamp)) ?? 0n
    const date = new Date(Number(time / 1_000_000n))
    const name = format.formatToParts(date).find(({ type }) => type === 'timeZoneName')!.value
    const [, sign = '+', hours = '00', minutes = '00'] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
    const shift = (sign === '-' ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes))
    const fraction = /\.\d+/.exec(String(timestamp))?.[0] ?? ''
    return `${new Date(date.getTime() + shift).toISOString().slice(0, 19)}${fraction}${sign}${hours}:${minutes}`
  }
}

function regexpExtract(call: Call): Readable {
  const usage = 'REGEXP_EXTRACT(FIELD, "REGULAR_EXPRESSION")'
  checkCount(call, 2, 2, usage)
  const inner = readable(call.args[0]!, call.name, usage)
  const expression = regexp(stringOf(call.args[1], call.name, usage))
  if (expression.groups !== 1)
    throw invalidArgument('Unparseable filter: the regular expression of REGEXP_EXTRACT must have exactly one capture group.')
  return {
    kind: 'string',
    values: (entry, work) =>
      inner.values(entry, work).flatMap((value) => {
        const found = typeof value === 'object' ? undefined : expression.extract(String(value), work)
        return found === undefined ? [] : [found]
      }),
  }
}

const READABLES: Record<string, (call: Call) => Readable> = { cast, regexp_extract: regexpExtract }

/** A field, or a function that makes a value. Throws INVALID_ARGUMENT for a function that there is not, or that makes none. */
export function readable(from: Member | Call, name = '', usage = ''): Readable {
  if (from.type === 'member') {
    const field = fieldOf(from)
    return { kind: field.kind, values: field.values, field }
  }
  if (Object.hasOwn(READABLES, from.name)) return READABLES[from.name]!(from)
  if (Object.hasOwn(CONDITIONS, from.name)) {
    if (name) throw wrong(name, usage)
    throw invalidArgument(`Unparseable filter: ${from.name.toUpperCase()} is true or false and cannot be compared.`)
  }
  throw unknownFunction(from.name)
}

/** A function that stands alone. */
export function condition(call: Call): Condition {
  if (Object.hasOwn(CONDITIONS, call.name)) return CONDITIONS[call.name]!(call)
  if (Object.hasOwn(READABLES, call.name))
    throw invalidArgument(`Unparseable filter: ${call.name.toUpperCase()} makes a value, which must be compared.`)
  throw unknownFunction(call.name)
}

const unknownFunction = (name: string) =>
  invalidArgument(
    `Unparseable filter: unknown function "${name}"; functions: ${[...Object.keys(CONDITIONS), ...Object.keys(READABLES)].sort().join(', ')}.`,
  )

// A query of Cloud Logging, parsed once and then asked of many entries (https://cloud.google.com/logging/docs/view/logging-query-language).
import { formatTimestamp } from '../../../core/clock.ts'
import { instant } from '../../../core/filter-values.ts'
import { invalidArgument } from '../../../core/status.ts'
import type { LogEntry } from './fields.ts'
import { condition, type Readable, readable } from './functions.ts'
import { jsonTest } from './literals.ts'
import { type Operator, parseSyntax, type Syntax, type Value } from './parser.ts'
import { regexp, type Work } from './regexp.ts'
import { entryTexts, mention, mentionTyped, type Texts, textsOf } from './text-search.ts'
import { type Test, typedTest, untypedTest } from './values.ts'

/** What all entries of one kind have in common. */
export interface Stream {
  logName: string
  resourceType: string
}

export interface Query {
  matches(entry: LogEntry, work?: Work): boolean
  /** False where the JSON of an entry shows that it does not match: a cheap look before it is parsed. */
  mayMatch(json: string): boolean
  /** False where no entry of the stream can match. */
  canMatch(stream: Stream): boolean
  /** The times between which all matches lie, both inclusive, RFC 3339 with nine digits; '' and '~' are no bound. */
  times: { from: string; to: string }
  /** All matches have this insertId, but for the case of its letters. */
  insertId?: string
}

/** An entry, and its texts once something has asked for them. */
interface Subject {
  entry: LogEntry
  work: Work
  texts?: Texts
}

/** Whether an expression can be true, and false, of entries of which only the stream is known. */
interface Outcome {
  canBeTrue: boolean
  canBeFalse: boolean
}

interface Node {
  holds(subject: Subject): boolean
  of(stream: LogEntry): Outcome
}

const UNKNOWN: Outcome = { canBeTrue: true, canBeFalse: true }
const STREAM_FIELDS = new Set(['logName', 'resource.type'])

function leaf(holds: Node['holds'], isOfStream = false): Node {
  if (!isOfStream) return { holds, of: () => UNKNOWN }
  return {
    holds,
    of(entry) {
      const canBeTrue = holds({ entry, work: { steps: 0 } })
      return { canBeTrue, canBeFalse: !canBeTrue }
    },
  }
}

const mentionsIn = (text: string): Test => {
  const isMentioned = mention(text)
  return (value) => isMentioned(textsOf(value))
}

/** The comparison of one value. */
function testOf({ kind }: Readable, operator: Operator, { text, isNull }: Value): Test {
  if (isNull) {
    if (!['=', '!=', ':'].includes(operator))
      throw invalidArgument(`Unparseable filter: NULL_VALUE cannot be compared by ${operator}.`)
    return operator === '!=' ? (actual) => actual !== null : (actual) => actual === null
  }
  if (operator === '=~' || operator === '!~') throw new Error('a regular expression is compared by regexpNode')
  if (kind === 'any' || kind === 'message') return untypedTest(operator, text, mentionsIn(text))
  return typedTest(kind, operator, text)
}

/** Text alone can be matched, and names of severities. */
const MATCHABLE = new Set<Readable['kind']>(['string', 'severity', 'any'])

function regexpNode(left: Readable, operator: Operator, { text }: Value): Node {
  if (!MATCHABLE.has(left.kind))
    throw invalidArgument(`Unparseable filter: ${operator} compares text; CAST(…, STRING) makes it of other types.`)
  const expression = regexp(text)
  const wanted = operator === '=~'
  return leaf(
    ({ entry, work }) =>
      left.values(entry, work).some((value) => typeof value === 'string' && expression.test(value, work) === wanted),
    STREAM_FIELDS.has(left.field?.name ?? ''),
  )
}

function comparisonNode(left: Readable, operator: Operator, value: Value): Node {
  const isOfStream = STREAM_FIELDS.has(left.field?.name ?? '')
  if (value.isAnything) {
    const present = left.field?.present ?? ((entry: LogEntry) => left.values(entry, { steps: 0 }))
    return leaf(({ entry }) => present(entry).length > 0, isOfStream)
  }
  if (operator.endsWith('~')) return regexpNode(left, operator, value)
  const test = testOf(left, operator, value)
  return leaf(({ entry, work }) => left.values(entry, work).some(test), isOfStream)
}

function textNode(text: string): Node {
  const isMentioned = mention(text)
  const isTyped = mentionTyped(text)
  return leaf((subject) => {
    const entry = subject.entry as Record<string, unknown>
    subject.texts ??= entryTexts(entry)
    return isMentioned(subject.texts) || isTyped(entry)
  })
}

const COMPILE: { [T in Syntax['type']]: (syntax: Extract<Syntax, { type: T }>) => Node } = {
  and({ of }) {
    const nodes = of.map(compile)
    return {
      holds: (subject) => nodes.every((node) => node.holds(subject)),
      of(stream) {
        const outcomes = nodes.map((node) => node.of(stream))
        return { canBeTrue: outcomes.every((one) => one.canBeTrue), canBeFalse: outcomes.some((one) => one.canBeFalse) }
      },
    }
  },
  or({ of }) {
    const nodes = of.map(compile)
    return {
      holds: (subject) => nodes.some((node) => node.holds(subject)),
      of(stream) {
        const outcomes = nodes.map((node) => node.of(stream))
        return { canBeTrue: outcomes.some((one) => one.canBeTrue), canBeFalse: outcomes.every((one) => one.canBeFalse) }
      },
    }
  },
  not({ of }) {
    const node = compile(of)
    return {
      holds: (subject) => !node.holds(subject),
      of(stream) {
        const { canBeTrue, canBeFalse } = node.of(stream)
        return { canBeTrue: canBeFalse, canBeFalse: canBeTrue }
      },
    }
  },
  comparison: ({ left, operator, value }) => comparisonNode(readable(left), operator, value),
  call({ call }) {
    const { holds, isOfStream } = condition(call)
    return leaf(({ entry, work }) => holds(entry, work), isOfStream)
  },
  text: ({ text }) => textNode(text),
}

const compile = (syntax: Syntax): Node => (COMPILE[syntax.type] as (syntax: Syntax) => Node)(syntax)

/** The comparisons of a field with a value that every match fulfils. */
function demands(syntax: Syntax | undefined, name: string): { operator: Operator; text: string }[] {
  if (!syntax) return []
  if (syntax.type === 'and') return syntax.of.flatMap((each) => demands(each, name))
  if (syntax.type !== 'comparison' || syntax.value.isAnything || syntax.value.isNull) return []
  return readable(syntax.left).field?.name === name ? [{ operator: syntax.operator, text: syntax.value.text }] : []
}

function timesOf(syntax: Syntax | undefined): Query['times'] {
  const times = { from: '', to: '~' }
  for (const { operator, text } of demands(syntax, 'timestamp')) {
    const nanos = instant(text)
    const time = nanos === undefined ? '' : formatTimestamp(nanos, 9)
    if (!/^\d/.test(time)) continue // before the year 0 or after 9999
    if (['=', ':', '>', '>='].includes(operator) && time > times.from) times.from = time
    if (['=', ':', '<', '<='].includes(operator) && time < times.to) times.to = time
  }
  return times
}

/** Throws INVALID_ARGUMENT in Google's words: `Unparseable filter: syntax error at line 1, column 8, token '='`,
 * `Field not found: 'serverity'.`, `The value 'loud' is of incorrect type.` */
export function parseQuery(text: string): Query {
  const syntax = parseSyntax(text)
  const node = syntax && compile(syntax)
  return {
    matches: (entry, work = { steps: 0 }) => node === undefined || node.holds({ entry, work }),
    mayMatch: jsonTest(syntax),
    canMatch: ({ logName, resourceType }) =>
      node === undefined || node.of({ logName, resource: { type: resourceType } }).canBeTrue,
    times: timesOf(syntax),
    insertId: demands(syntax, 'insertId').find(({ operator }) => operator === '=')?.text,
  }
}

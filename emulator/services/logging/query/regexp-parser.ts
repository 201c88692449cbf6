// Regular expressions in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax): text → tree. What RE2 has not, backreferences and
// looking around, is refused in its words.
import { type CodePoints, complement, foldCase, MAX_CODE_POINT, NEWLINE } from './code-points.ts'
import { charClass, fail, octal, type PatternReader, perlClass, takeEscape } from './regexp-class.ts'

export type Assertion = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'notWord'

export type Pattern =
  | { readonly type: 'set'; readonly points: CodePoints }
  | { readonly type: 'assert'; readonly what: Assertion }
  | { readonly type: 'concat'; readonly of: readonly Pattern[] }
  | { readonly type: 'alternate'; readonly of: readonly Pattern[] }
  | { readonly type: 'repeat'; readonly of: Pattern; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly type: 'group'; readonly of: Pattern; readonly index: number }

interface Reader extends PatternReader {
  depth: number
  groups: number
}

const MAX_DEPTH = 200
const MAX_REPEAT = 1000
const EMPTY: Pattern = { type: 'concat', of: [] }
const ANY: CodePoints = [0, MAX_CODE_POINT]
const ANY_BUT_NEWLINE = complement(NEWLINE)

const REPEAT = /\{(\d+)(?:(,)(\d*))?\}/y
const FLAGS = /\(\?([imsU]*)(?:-([imsU]+))?([:)])/y
const NAMED = /\(\?P?<([^>]*)>/y
const ASSERTIONS: Record<string, Assertion> = { A: 'start', z: 'end', b: 'word', B: 'notWord' }

export interface ParsedPattern {
  pattern: Pattern
  /** How many capturing groups there are. */
  groups: number
}

/** Throws an Error whose message is RE2's: `missing closing ): (a`. */
export function parsePattern(text: string): ParsedPattern {
  const flags = { i: false, m: false, s: false, U: false }
  const reader: Reader = { text, position: 0, depth: 0, groups: 0, flags }
  const pattern = alternation(reader)
  if (reader.position < text.length) fail('unexpected )', text)
  return { pattern, groups: reader.groups }
}

function alternation(reader: Reader): Pattern {
  if (++reader.depth > MAX_DEPTH) fail('expression nests too deeply', reader.text.slice(0, 40))
  const branches = [sequence(reader)]
  while (reader.text[reader.position] === '|') {
    reader.position++
    branches.push(sequence(reader))
  }
  reader.depth--
  return branches.length === 1 ? branches[0]! : { type: 'alternate', of: branches }
}

function sequence(reader: Reader): Pattern {
  const items: Pattern[] = []
  while (reader.position < reader.text.length && !'|)'.includes(reader.text[reader.position]!)) {
    const item = atom(reader)
    if (item) items.push(repeated(reader, item))
    else repeated(reader, undefined)
  }
  return items.length === 1 ? items[0]! : { type: 'concat', of: items }
}

/** `*`, `+`, `?`, `{2,3}` at the place of the reader. */
function takeRepeat(reader: Reader): { min: number; max: number; operator: string } | undefined {
  const { text, position } = reader
  const char = text[position]
  const simple = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[char ?? '']
  if (simple) {
    reader.position++
    return { min: simple[0]!, max: simple[1]!, operator: char! }
  }
  REPEAT.lastIndex = position
  const [operator, low, comma, high] = REPEAT.exec(text) ?? []
  if (operator === undefined) return undefined
  reader.position += operator.length
  const min = Number(low)
  const max = comma === undefined ? min : high ? Number(high) : Infinity
  if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT) || max < min) fail('invalid repetition size', operator)
  return { min, max, operator }
}

/** `item` is undefined where nothing stands that could be repeated. */
function repeated(reader: Reader, item: Pattern | undefined): Pattern {
  const start = reader.position
  const repeat = takeRepeat(reader)
  if (!repeat) return item ?? EMPTY
  if (!item) fail('missing argument to repetition operator', repeat.operator)
  let lazy = reader.flags.U
  if (reader.text[reader.position] === '?') {
    reader.position++
    lazy = !lazy
  }
  if (takeRepeat(reader)) fail('bad repetition operator', reader.text.slice(start, reader.position))
  return { type: 'repeat', of: item, min: repeat.min, max: repeat.max, lazy }
}

const set = ({ flags }: Reader, points: CodePoints): Pattern => ({ type: 'set', points: flags.i ? foldCase(points) : points })

function literal(reader: Reader, point: number): Pattern {
  return set(reader, [point, point])
}

/** Undefined for flags such as `(?i)`, which are nothing by themselves, and where a repetition operator stands at the beginning. */
function atom(reader: Reader): Pattern | undefined {
  const { text, flags } = reader
  const char = text[reader.position]!
  if ('*+?'.includes(char)) return undefined
  if (char === '(') return group(reader)
  if (char === '[') return set(reader, charClass(reader))
  if (char === '\\') return escapeSequence(reader)
  const point = text.codePointAt(reader.position)!
  reader.position += point > 0xffff ? 2 : 1
  if (char === '.') return { type: 'set', points: flags.s ? ANY : ANY_BUT_NEWLINE }
  if (char === '^') return { type: 'assert', what: flags.m ? 'lineStart' : 'start' }
  if (char === '$') return { type: 'assert', what: flags.m ? 'lineEnd' : 'end' }
  return literal(reader, point)
}

function group(reader: Reader): Pattern | undefined {
  const { text, position, flags } = reader
  if (text[position + 1] !== '?') {
    reader.position++
    return inGroup(reader, ++reader.groups)
  }
  NAMED.lastIndex = position
  const [named, name] = NAMED.exec(text) ?? []
  if (named !== undefined && !/^\(\?<[=!]/.test(text.slice(position))) {
    if (!/^\w+$/.test(name!)) fail('invalid named capture group', named)
    reader.position += named.length
    return inGroup(reader, ++reader.groups)
  }
  FLAGS.lastIndex = position
  const [found, on, off = '', end] = FLAGS.exec(text) ?? []
  if (found === undefined || (end === ')' && on === '' && off === ''))
    fail('invalid perl operator', text.slice(position, position + 4))
  reader.position += found.length
  const changed = { ...flags }
  for (const flag of on!) changed[flag as keyof typeof flags] = true
  for (const flag of off) changed[flag as keyof typeof flags] = false
  reader.flags = changed
  // flags last to the end of the group that they stand in
  if (end === ')') return undefined
  const inner = closed(reader)
  reader.flags = flags
  return inner
}

function inGroup(reader: Reader, index: number): Pattern {
  const { flags } = reader
  const of = closed(reader)
  reader.flags = flags
  return { type: 'group', of, index }
}

function closed(reader: Reader): Pattern {
  const inner = alternation(reader)
  if (reader.text[reader.position] !== ')') fail('missing )', reader.text)
  reader.position++
  return inner
}

function escapeSequence(reader: Reader): Pattern {
  const { text, position } = reader
  const char = text[position + 1]
  if (char === undefined) fail('trailing \\', '')
  if (char === 'Q') return quotation(reader)
  const what = ASSERTIONS[char]
  if (what) {
    reader.position += 2
    return { type: 'assert', what }
  }
  const points = perlClass(reader)
  if (points) return set(reader, points)
  return literal(reader, octal(reader) ?? takeEscape(reader))
}

/** `\Q…\E`: text as it stands. */
function quotation(reader: Reader): Pattern {
  const start = reader.position + 2
  const end = reader.text.indexOf('\\E', start)
  const quoted = reader.text.slice(start, end < 0 ? undefined : end)
  reader.position = end < 0 ? reader.text.length : end + 2
  return { type: 'concat', of: Array.from(quoted, (char) => literal(reader, char.codePointAt(0)!)) }
}

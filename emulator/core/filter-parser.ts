// The grammar of list filters (https://google.aip.dev/160, its EBNF): text → expression. What the grammar has and the emulator has not is refused by name.

import { filterValue, jsonName, type Value } from './filter-values.ts'
import { invalidArgument } from './status.ts'

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':'

/** One step of `a.b."c/d"`. `jsonName` is the ProtoJSON spelling; a quoted step is a map key and has no other spelling. */
export interface FieldStep {
  readonly name: string
  readonly jsonName: string
}

/** At least one step. */
export type FieldPath = readonly [FieldStep, ...FieldStep[]]

export const FUNCTIONS = ['has_prefix', 'has_suffix'] as const
export type FunctionName = (typeof FUNCTIONS)[number]

export type Expression =
  | { readonly type: 'and'; readonly of: readonly Expression[] }
  | { readonly type: 'or'; readonly of: readonly Expression[] }
  | { readonly type: 'not'; readonly of: Expression }
  | { readonly type: 'comparison'; readonly field: FieldPath; readonly operator: Operator; readonly value: Value }
  | { readonly type: 'call'; readonly function: FunctionName; readonly field: FieldPath; readonly value: Value }
  | { readonly type: 'text'; readonly value: Value }

const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 100
/** Every resource of a list is compared with all of them, and meanwhile nobody else is served. */
const MAX_TERMS = 500
/** To search for longer text can take V8 the product of its length and that of what it is searched in. */
const MAX_VALUE = 2048

const SPACE = /\s+/y
/** In a term `.` traverses and a comparator ends the text; after a comparator a bare value may be `2012-04-21T11:30:00.5Z`. */
const TEXT = /[^\s.,()"'`\\:<>=!]+/y
const BARE_VALUE = /[^\s,()"'`\\<>=!:][^\s,()"'`\\<>=!]*/y
const OPERATOR = /<=|>=|!=|=~|!~|<|>|=|:/y
const TOKEN = /[^\s()]{1,40}|./suy
const QUOTES = new Set(['"', "'", '`'])
const KEYWORDS = new Set(['AND', 'OR', 'NOT'])
const UNQUOTED_FIELD = /^[\p{L}\p{N}_@/-]+$/u
const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const ESCAPED = /x([0-9a-f]{2})|u([0-9a-f]{4})|([abfnrtv])|([^a-z0-9])/isuy

interface Reader {
  readonly text: string
  position: number
  depth: number
  /** Terms and wildcards seen so far. */
  terms: number
  /** Top-level fields seen so far. */
  readonly fields: Set<string>
}

/** Reads one operand of AND and OR: a restriction, or a value inside `field = (a OR b)`. */
type Operand = (reader: Reader) => Expression

function fail(reader: Reader, problem: string, position = reader.position): never {
  throw invalidArgument(`Invalid list filter: ${problem} at position ${position + 1}`)
}

function take(reader: Reader, pattern: RegExp): string | undefined {
  const found = peek(reader, pattern)
  reader.position += found?.length ?? 0
  return found
}

function peek({ text, position }: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = position
  return pattern.exec(text)?.[0]
}

const skipSpace = (reader: Reader) => take(reader, SPACE)
const nextChar = ({ text, position }: Reader) => text[position]

function unexpected(reader: Reader, expected: string): never {
  const token = peek(reader, TOKEN)
  fail(reader, `${token === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(token)}`}, expected ${expected},`)
}

function peekKeyword(reader: Reader) {
  const text = peek(reader, TEXT)
  return text !== undefined && KEYWORDS.has(text) ? text : undefined
}

function takeKeyword(reader: Reader, keyword: string) {
  skipSpace(reader)
  if (peekKeyword(reader) !== keyword) return false
  reader.position += keyword.length
  return true
}

const bare = (text: string): Value => filterValue(text.split('*'), false)

function escaped(reader: Reader): string {
  ESCAPED.lastIndex = reader.position
  const [found, hex2, hex4, letter, itself] = ESCAPED.exec(reader.text) ?? []
  const code = hex2 ?? hex4
  const char = code === undefined ? (itself ?? (letter && ESCAPES[letter])) : String.fromCharCode(Number.parseInt(code, 16))
  if (found === undefined || char === undefined) fail(reader, 'invalid escape sequence in a string', reader.position - 1)
  reader.position += found.length
  return char
}

/** A quoted string; ` quotes too, as in Artifact Registry's documentation of annotations. */
function quotedString(reader: Reader): Value {
  const start = reader.position
  const quote = reader.text[reader.position++]
  const pieces: string[] = []
  let piece = ''
  for (;;) {
    const char = nextChar(reader)
    if (char === undefined) fail(reader, 'unterminated string', start)
    reader.position++
    if (char === quote) break
    if (char === '*') {
      pieces.push(piece)
      piece = ''
    } else piece += char === '\\' ? escaped(reader) : char
  }
  pieces.push(piece)
  return filterValue(pieces, true)
}

function stringOr(reader: Reader, pattern: RegExp, expected: string, keywordsToo = false): Value {
  if (QUOTES.has(nextChar(reader) ?? '')) return quotedString(reader)
  if (!keywordsToo && peekKeyword(reader)) unexpected(reader, expected)
  const text = take(reader, pattern)
  return text === undefined ? unexpected(reader, expected) : bare(text)
}

/** What one term compares resources with. */
function counted(reader: Reader, value: Value, start: number): Value {
  if (value.text.length > MAX_VALUE) fail(reader, `a value of more than ${MAX_VALUE} characters`, start)
  reader.terms += value.pieces.length
  if (reader.terms > MAX_TERMS) fail(reader, `more than ${MAX_TERMS} terms and wildcards`, start)
  return value
}

function value(reader: Reader): Value {
  const start = reader.position
  return counted(reader, stringOr(reader, BARE_VALUE, 'a value'), start)
}

/** `foo"bar"`, `a=b(c)`: two things without a space between them. */
function boundary(reader: Reader) {
  const char = nextChar(reader)
  if (char !== undefined && char !== ')' && !/\s/.test(char)) unexpected(reader, 'a space')
}

/** `a`, `"a"`, `a.b."c/d"`: a field, a function name or a literal, as what follows will tell. */
function member(reader: Reader): [Value, ...Value[]] {
  const parts: [Value, ...Value[]] = [stringOr(reader, TEXT, 'a field or a value')]
  while (nextChar(reader) === '.') {
    reader.position++
    parts.push(stringOr(reader, TEXT, 'a field name', true))
  }
  return parts
}

function fieldPath(reader: Reader, [first, ...rest]: [Value, ...Value[]], start: number): FieldPath {
  const step = ({ text, quoted }: Value): FieldStep => {
    // `e[0]` and `a.*` would otherwise be fields that nothing has; AIP-160 has neither.
    if (!quoted && !UNQUOTED_FIELD.test(text)) fail(reader, `invalid field name ${JSON.stringify(text.slice(0, 40))}`, start)
    return { name: text, jsonName: quoted ? text : jsonName(text) }
  }
  const path: FieldPath = [step(first), ...rest.map(step)]
  reader.fields.add(path[0].jsonName)
  return path
}

const joined = (parts: [Value, ...Value[]]): Value =>
  parts.length === 1 ? parts[0] : bare(parts.map(({ text }) => text).join('.'))

function call(reader: Reader, name: string, start: number): Expression {
  const known = FUNCTIONS.find((each) => each === name)
  if (!known) fail(reader, `unsupported function ${JSON.stringify(name.slice(0, 40))}`, start)
  const punctuation = (char: string) => {
    skipSpace(reader)
    if (nextChar(reader) !== char) unexpected(reader, `"${char}": ${name} takes a field and a string`)
    reader.position++
    skipSpace(reader)
  }
  punctuation('(')
  const fieldStart = reader.position
  const field = fieldPath(reader, member(reader), fieldStart)
  punctuation(',')
  const argument = value(reader)
  skipSpace(reader)
  if (nextChar(reader) !== ')') unexpected(reader, `")": ${name} takes a field and a string`)
  reader.position++
  return { type: 'call', function: known, field, value: argument }
}

function restriction(reader: Reader): Expression {
  const start = reader.position
  // `--a`, `NOT -a`: negated twice.
  if (nextChar(reader) === '-') unexpected(reader, 'a field or a value')
  const parts = member(reader)
  // `a (b)` is a sequence, `a(b)` a call.
  if (nextChar(reader) === '(' && !parts.some(({ quoted }) => quoted)) return call(reader, joined(parts).text, start)
  const end = reader.position
  skipSpace(reader)
  const operator = peek(reader, OPERATOR)
  if (operator === undefined) {
    reader.position = end
    boundary(reader)
    return { type: 'text', value: counted(reader, joined(parts), start) }
  }
  if (operator.endsWith('~')) fail(reader, `unsupported operator "${operator}"`)
  reader.position += operator.length
  const field = fieldPath(reader, parts, start)
  const comparison: Operand = () => {
    const compared: Expression = { type: 'comparison', field, operator: operator as Operator, value: value(reader) }
    boundary(reader)
    return compared
  }
  skipSpace(reader)
  if (nextChar(reader) !== '(') return comparison(reader)
  // `a != (b OR c)` reads as "neither" and expands to "not both": nobody should get the one who meant the other.
  if (operator === '!=') fail(reader, 'operator "!=" takes a single value')
  return composite(reader, comparison)
}

function composite(reader: Reader, operand: Operand): Expression {
  if (++reader.depth > MAX_DEPTH) fail(reader, `parentheses nested deeper than ${MAX_DEPTH}`)
  reader.position++
  const inner = expression(reader, operand)
  if (nextChar(reader) !== ')') unexpected(reader, '")"')
  reader.position++
  reader.depth--
  return inner
}

function term(reader: Reader, operand: Operand): Expression {
  skipSpace(reader)
  // Inside `a = (-1 OR -2)` a minus belongs to the value, as it does in `a = -1`.
  const minus = operand === restriction && nextChar(reader) === '-'
  if (minus) reader.position++
  const negated = minus || takeKeyword(reader, 'NOT')
  if (negated && !minus) skipSpace(reader)
  const simple = nextChar(reader) === '(' ? composite(reader, operand) : operand(reader)
  return negated ? { type: 'not', of: simple } : simple
}

function combine(type: 'and' | 'or', [first, ...rest]: [Expression, ...Expression[]]): Expression {
  if (rest.length === 0) return first
  return { type, of: [first, ...rest].flatMap((each) => (each.type === type ? each.of : [each])) }
}

function factor(reader: Reader, operand: Operand): Expression {
  const terms: [Expression, ...Expression[]] = [term(reader, operand)]
  while (takeKeyword(reader, 'OR')) terms.push(term(reader, operand))
  return combine('or', terms)
}

/** AND and juxtaposition mean the same for exact filters, so `a b AND c` is one conjunction of factors. */
function expression(reader: Reader, operand: Operand): Expression {
  const factors: [Expression, ...Expression[]] = [factor(reader, operand)]
  for (;;) {
    skipSpace(reader)
    const char = nextChar(reader)
    if (char === undefined || char === ')') return combine('and', factors)
    takeKeyword(reader, 'AND')
    factors.push(factor(reader, operand))
  }
}

/** The expression of a filter (undefined for a blank one) and the top-level fields it names, in ProtoJSON spelling.
 * Throws INVALID_ARGUMENT with the position (from 1) and the offending token. */
export function parseExpression(text: string): { expression?: Expression; fields: ReadonlySet<string> } {
  const reader: Reader = { text, position: 0, depth: 0, terms: 0, fields: new Set() }
  if (Buffer.byteLength(text) > MAX_BYTES) throw invalidArgument(`Invalid list filter: longer than ${MAX_BYTES} bytes`)
  if (text.trim() === '') return { fields: reader.fields }
  const parsed = expression(reader, restriction)
  if (reader.position < text.length) unexpected(reader, 'the end')
  return { expression: parsed, fields: reader.fields }
}

// The grammar of the Logging query language: tokens → syntax. OR binds tighter than AND: `a AND b OR c` is `a AND (b OR c)`; white space
// is an AND.
import { invalidArgument } from '../../../core/status.ts'
import { syntaxError, type Token, tokensOf } from './tokens.ts'

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':' | '=~' | '!~'

/** `a.b."c/d"`, or the text of a value. */
export interface Member {
  type: 'member'
  parts: Token[]
}

export interface Call {
  type: 'call'
  /** In lower case. */
  name: string
  args: (Member | Call)[]
  token: Token
}

export interface Value {
  text: string
  /** `*`, which only `:` has: is the field there? */
  isAnything: boolean
  isNull: boolean
  token: Token
}

/** `of` of a comparison is an expression of its values: `field = (a OR NOT b)`. */
export type Syntax =
  | { type: 'and'; of: Syntax[] }
  | { type: 'or'; of: Syntax[] }
  | { type: 'not'; of: Syntax }
  | { type: 'comparison'; left: Member | Call; operator: Operator; value: Value }
  | { type: 'call'; call: Call }
  | { type: 'text'; text: string }

const OPERATORS = new Set(['=', '!=', '<', '<=', '>', '>=', ':', '=~', '!~'])
const KEYWORDS = new Set(['AND', 'OR', 'NOT'])
const MAX_DEPTH = 100
/** Each entry is compared with all of them. */
const MAX_TERMS = 500
/** To search for longer text can take the product of its length and that of what it is searched in. */
const MAX_VALUE = 2048

export const joined = ({ parts }: Member) => parts.map(({ text }) => text).join('.')

interface Reader {
  query: string
  tokens: Token[]
  index: number
  depth: number
  terms: number
}

type Operand = (reader: Reader) => Syntax

/** Undefined for a query without terms, which matches everything. Throws INVALID_ARGUMENT, with line, column and token. */
export function parseSyntax(query: string): Syntax | undefined {
  const reader: Reader = { query, tokens: tokensOf(query), index: 0, depth: 0, terms: 0 }
  if (peek(reader).type === 'end') return undefined
  const syntax = expression(reader, restriction)
  if (peek(reader).type !== 'end') unexpected(reader)
  return syntax
}

/** A call that stands alone, as in the extractors of metrics. */
export function parseCall(text: string): Call {
  const reader: Reader = { query: text, tokens: tokensOf(text), index: 0, depth: 0, terms: 0 }
  const call = argument(reader)
  if (call.type !== 'call' || peek(reader).type !== 'end') return unexpected(reader)
  return call
}

const peek = ({ tokens, index }: Reader, ahead = 0) => tokens[Math.min(index + ahead, tokens.length - 1)]!
const take = (reader: Reader) => reader.tokens[reader.index++]!
const unexpected = (reader: Reader, token = peek(reader)): never => syntaxError(reader.query, token)

const isSymbol = ({ type, raw }: Token, symbol: string) => type === 'symbol' && raw === symbol
const isKeyword = ({ type, raw }: Token) => type === 'text' && KEYWORDS.has(raw)

function takeSymbol(reader: Reader, symbol: string): boolean {
  if (!isSymbol(peek(reader), symbol)) return false
  reader.index++
  return true
}

function takeKeyword(reader: Reader, keyword: string): boolean {
  const token = peek(reader)
  if (!isKeyword(token) || token.raw !== keyword) return false
  reader.index++
  return true
}

function nested<T>(reader: Reader, work: () => T): T {
  if (++reader.depth > MAX_DEPTH) throw invalidArgument(`Unparseable filter: nested deeper than ${MAX_DEPTH} levels`)
  const result = work()
  reader.depth--
  return result
}

function combine(type: 'and' | 'or', of: Syntax[]): Syntax {
  if (of.length === 1) return of[0]!
  return { type, of: of.flatMap((each) => (each.type === type ? each.of : [each])) }
}

function expression(reader: Reader, operand: Operand): Syntax {
  const factors = [factor(reader, operand)]
  for (;;) {
    const token = peek(reader)
    if (token.type === 'end' || isSymbol(token, ')')) return combine('and', factors)
    // `foo"bar"` are not two terms, but `(foo)(bar)` are
    if (!token.spaced && !isSymbol(peek(reader, -1), ')') && !isSymbol(token, '(')) unexpected(reader)
    takeKeyword(reader, 'AND')
    factors.push(factor(reader, operand))
  }
}

function factor(reader: Reader, operand: Operand): Syntax {
  const terms = [term(reader, operand)]
  while (takeKeyword(reader, 'OR')) terms.push(term(reader, operand))
  return combine('or', terms)
}

const isNumber = (reader: Reader) => isSymbol(peek(reader), '-') && /^\d/.test(peek(reader, 1).raw) && !peek(reader, 1).spaced

function term(reader: Reader, operand: Operand): Syntax {
  // in `a = (-1 OR -2)` a minus belongs to the number
  const isNegated = takeKeyword(reader, 'NOT') || (!(operand !== restriction && isNumber(reader)) && takeSymbol(reader, '-'))
  if (isNegated) return { type: 'not', of: nested(reader, () => term(reader, operand)) }
  return isSymbol(peek(reader), '(') ? parenthesized(reader, operand) : operand(reader)
}

function parenthesized(reader: Reader, operand: Operand): Syntax {
  reader.index++
  const inner = nested(reader, () => expression(reader, operand))
  if (!takeSymbol(reader, ')')) unexpected(reader)
  return inner
}

function part(reader: Reader): Token {
  const token = peek(reader)
  if (token.type !== 'text' && token.type !== 'string') unexpected(reader)
  return take(reader)
}

function member(reader: Reader): Member {
  const parts = [part(reader)]
  while (isSymbol(peek(reader), '.') && !peek(reader).spaced) {
    reader.index++
    if (peek(reader).spaced) unexpected(reader)
    parts.push(part(reader))
  }
  return { type: 'member', parts }
}

function argument(reader: Reader): Member | Call {
  const start = peek(reader)
  if (isKeyword(start)) unexpected(reader)
  const name = member(reader)
  if (!isSymbol(peek(reader), '(') || peek(reader).spaced || name.parts.length > 1 || start.type !== 'text') return name
  reader.index++
  const args: (Member | Call)[] = []
  while (!isSymbol(peek(reader), ')')) {
    if (args.length > 0 && !takeSymbol(reader, ',')) unexpected(reader)
    args.push(nested(reader, () => argument(reader)))
  }
  reader.index++
  return { type: 'call', name: start.raw.toLowerCase(), args, token: start }
}

function counted(reader: Reader, text: string): string {
  if (text.length > MAX_VALUE) throw invalidArgument(`Unparseable filter: a value has more than ${MAX_VALUE} characters`)
  if (++reader.terms > MAX_TERMS) throw invalidArgument(`Unparseable filter: more than ${MAX_TERMS} terms`)
  return text
}

function restriction(reader: Reader): Syntax {
  const left = argument(reader)
  const token = peek(reader)
  if (token.type === 'symbol' && OPERATORS.has(token.raw)) {
    reader.index++
    const operator = token.raw as Operator
    const compare: Operand = () => ({ type: 'comparison', left, operator, value: value(reader, operator) })
    return isSymbol(peek(reader), '(') ? parenthesized(reader, compare) : compare(reader)
  }
  if (left.type === 'call') return { type: 'call', call: left }
  return { type: 'text', text: counted(reader, joined(left)) }
}

function value(reader: Reader, operator: Operator): Value {
  const token = peek(reader)
  const plain = { isAnything: false, isNull: false, token }
  if (operator === ':' && takeSymbol(reader, '*')) return { ...plain, text: '*', isAnything: true }
  const minus = isNumber(reader) && takeSymbol(reader, '-') ? '-' : ''
  if (isKeyword(peek(reader))) unexpected(reader)
  const given = member(reader)
  if (isSymbol(peek(reader), '(') && !peek(reader).spaced) unexpected(reader)
  const text = counted(reader, minus + joined(given))
  const isQuoted = token.type === 'string'
  if (operator.endsWith('~') && !token.raw.startsWith('"'))
    throw invalidArgument(`Unparseable filter: regular expressions must begin and end with '"'. Regex: ${text}`)
  return { ...plain, text, isNull: !isQuoted && text === 'NULL_VALUE' }
}

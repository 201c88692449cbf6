// Escapes and bracket expressions of regular expressions (https://github.com/google/re2/wiki/Syntax).
import { type CodePoints, complement, DIGIT, foldCase, POSIX, SPACE, unicodeClass, union, WORD } from './code-points.ts'

export interface Flags {
  i: boolean
  m: boolean
  s: boolean
  U: boolean
}

export interface PatternReader {
  readonly text: string
  position: number
  flags: Flags
}

export function fail(problem: string, where: string): never {
  throw new Error(where ? `${problem}: ${where}` : problem)
}

const PERL: Record<string, CodePoints> = {
  d: DIGIT,
  D: complement(DIGIT),
  s: SPACE,
  S: complement(SPACE),
  w: WORD,
  W: complement(WORD),
}
const CONTROL: Record<string, number> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

const PROPERTY = /\\([pP])(?:\{(\^?)([^}]*)\}|([A-Z]))/y
const HEX = /\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y
const OCTAL = /\\(0[0-7]{0,2}|[1-7][0-7]{2})/y
const POSIX_CLASS = /\[:(\^?)(\w+):\]/y

function at(reader: PatternReader, expression: RegExp): RegExpExecArray | undefined {
  expression.lastIndex = reader.position
  const found = expression.exec(reader.text) ?? undefined
  if (found) reader.position += found[0].length
  return found
}

/** `\d`, `\pL`, … at the place of the reader, if one stands there. */
export function perlClass(reader: PatternReader): CodePoints | undefined {
  const points = PERL[reader.text[reader.position + 1] ?? '']
  if (points) {
    reader.position += 2
    return points
  }
  const [found, letter, not, name = '', short = ''] = at(reader, PROPERTY) ?? []
  if (found === undefined) return undefined
  const property = unicodeClass(name || short)
  if (!property) fail('invalid character class range', found)
  return (letter === 'P') !== (not === '^') ? complement(property) : property
}

/** `\012`, `\0`; `\1` is a backreference, which RE2 has not. */
export function octal(reader: PatternReader): number | undefined {
  const [, digits] = at(reader, OCTAL) ?? []
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

/** The one code point that an escape stands for. */
export function takeEscape(reader: PatternReader): number {
  const { text, position } = reader
  const hex = at(reader, HEX)
  if (hex) {
    const point = Number.parseInt(hex[1] ?? hex[2]!, 16)
    if (point > 0x10ffff) fail('invalid escape sequence', hex[0])
    return point
  }
  const point = text.codePointAt(position + 1)
  if (point === undefined) fail('trailing \\', '')
  const char = String.fromCodePoint(point)
  const control = CONTROL[char]
  if (control === undefined && /[A-Za-z0-9]|[^\0-\x7f]/.test(char)) fail('invalid escape sequence', `\\${char}`)
  reader.position += 1 + char.length
  return control ?? point
}

/** `[…]` at the place of the reader. */
export function charClass(reader: PatternReader): CodePoints {
  const { text, position: start, flags } = reader
  reader.position++
  const isNegated = text[reader.position] === '^'
  if (isNegated) reader.position++
  const pairs: number[] = []
  for (let isFirst = true; text[reader.position] !== ']' || isFirst; isFirst = false) {
    if (reader.position >= text.length) fail('missing ]', text.slice(start))
    const points = namedClass(reader)
    if (points) {
      for (const point of points) pairs.push(point)
      continue
    }
    const from = reader.position
    const low = classPoint(reader)
    const isRange = text[reader.position] === '-' && ![']', undefined].includes(text[reader.position + 1])
    if (isRange) reader.position++
    const high = isRange ? classPoint(reader) : low
    if (high < low) fail('invalid character class range', text.slice(from, reader.position))
    pairs.push(low, high)
  }
  reader.position++
  const points = union(pairs)
  if (!isNegated) return points
  // without regard to case first: `(?i)[^k]` is neither k nor K
  return complement(flags.i ? foldCase(points) : points)
}

function namedClass(reader: PatternReader): CodePoints | undefined {
  const { text, position } = reader
  if (text[position] === '\\') return perlClass(reader)
  const [found, not, name] = at(reader, POSIX_CLASS) ?? []
  if (found === undefined) return undefined
  const points = Object.hasOwn(POSIX, name!) ? POSIX[name!]! : fail('invalid character class range', found)
  return not ? complement(points) : points
}

function classPoint(reader: PatternReader): number {
  const { text } = reader
  if (text[reader.position] === '\\') return octal(reader) ?? takeEscape(reader)
  const point = text.codePointAt(reader.position)
  if (point === undefined) fail('missing ]', text)
  reader.position += point > 0xffff ? 2 : 1
  return point
}

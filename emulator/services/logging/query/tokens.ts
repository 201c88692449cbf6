// The words of the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language): text → tokens.
import { invalidArgument } from '../../../core/status.ts'

export interface Token {
  type: 'text' | 'string' | 'symbol' | 'end'
  /** As it is written. */
  raw: string
  /** A string without quotes and escapes, otherwise as it is written. */
  text: string
  position: number
  /** Does white space, a comment or the beginning stand before it? */
  spaced: boolean
}

const SPACE = /(?:\s+|--[^\n]*)+/y
const TEXT = /[^\s.,()"'`\\:<>=!~*+-][^\s.,()"'`\\:<>=!~*]*/y
/** Behind a dot or a minus anything goes that cannot end a word: `1.-x` is one value. */
const REST = /[^\s.,()"'`\\:<>=!~*]+/y
const SYMBOL = /<=|>=|!=|=~|!~|./suy
const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([0-3][0-7]{2})|([ntr])|([\\"'`])|(.))/gisuy
const CONTROL: Record<string, string> = { n: '\n', t: '\t', r: '\r' }

/** INVALID_ARGUMENT at a token, in Google's words: lines count from 1, columns from 0. */
export function syntaxError(query: string, { raw, position }: Pick<Token, 'raw' | 'position'>): never {
  const before = query.slice(0, position).split('\n')
  const where = `line ${before.length}, column ${before.at(-1)!.length}`
  throw invalidArgument(`Unparseable filter: syntax error at ${where}, token '${raw}'`)
}

/** The tokens of a query; the last one is its end. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = []
  let position = 0
  function take(expression: RegExp): string | undefined {
    expression.lastIndex = position
    const found = expression.exec(query)?.[0]
    position += found?.length ?? 0
    return found
  }
  for (;;) {
    const spaced = take(SPACE) !== undefined || position === 0
    const start = position
    const add = (type: Token['type'], text: string) =>
      tokens.push({ type, raw: query.slice(start, position), text, position: start, spaced })
    if (position === query.length) {
      tokens.push({ type: 'end', raw: '<EOF>', text: '', position, spaced })
      return tokens
    }
    const quote = query[position]
    if (quote === '"' || quote === "'") {
      const [text, end] = stringAt(query, position)
      position = end
      add('string', text)
      continue
    }
    const last = tokens.at(-1)
    const goesOn = !spaced && last?.type === 'symbol' && '.-'.includes(last.raw)
    const text = take(goesOn ? REST : TEXT)
    if (text !== undefined) add('text', text)
    else add('symbol', take(SYMBOL)!)
  }
}

/** The string that begins at `start`, and where it ends. What a backslash stands before and no escape has stays with it, so that
 * `"\d+"` and `"\\d+"` are the same regular expression. */
function stringAt(query: string, start: number): [text: string, end: number] {
  const quote = query[start]
  let text = ''
  for (let position = start + 1; position < query.length; ) {
    const char = query[position]!
    if (char === quote) return [text, position + 1]
    ESCAPE.lastIndex = position
    const [found, hex, unicode, octal, control, itself] = (char === '\\' && ESCAPE.exec(query)) || []
    if (found === undefined) {
      text += char
      position++
      continue
    }
    const code = hex ?? unicode
    if (code !== undefined) text += String.fromCharCode(Number.parseInt(code, 16))
    else if (octal !== undefined) text += String.fromCharCode(Number.parseInt(octal, 8))
    else text += control !== undefined ? (CONTROL[control] ?? found) : (itself ?? found)
    position += found.length
  }
  syntaxError(query, { raw: query.slice(start), position: start })
}

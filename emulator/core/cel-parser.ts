// The part of the Common Expression Language (https://github.com/google/cel-spec/blob/master/doc/langdef.md) that conditions of IAM
// (https://cloud.google.com/iam/docs/conditions-attribute-reference) and custom constraints are written in: text → tree.
import { invalidArgument } from './status.ts'

export type CelNode =
  | { type: 'literal'; value: string | number | boolean | null }
  | { type: 'variable'; name: string }
  | { type: 'field'; of: CelNode; name: string }
  | { type: 'index'; of: CelNode; index: CelNode }
  | { type: 'list'; items: CelNode[] }
  | { type: 'map'; entries: [CelNode, CelNode][] }
  | { type: 'unary'; operator: string; of: CelNode }
  | { type: 'binary'; operator: string; left: CelNode; right: CelNode }
  | { type: 'conditional'; condition: CelNode; then: CelNode; otherwise: CelNode }
  | { type: 'call'; name: string; target?: CelNode; arguments: CelNode[] }
  | { type: 'has'; of: CelNode; name: string }
  | { type: 'macro'; name: string; target: CelNode; variable: string; body: CelNode }

/** Functions by name: how many arguments they may have, called alone or on a value. */
export type Signatures = Record<string, { alone?: number[]; method?: number[] }>

const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])

const TOKEN =
  /\s*(?:(?<number>\d+\.\d+(?:[eE][+-]?\d+)?|0[xX][\da-fA-F]+|\d+(?:[eE][+-]?\d+)?)[uU]?|(?<string>[rR]?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))|(?<name>[A-Za-z_]\w*)|(?<symbol>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]))/sy

interface Token {
  kind: 'number' | 'string' | 'name' | 'symbol' | 'end'
  text: string
  /** From 1. */
  position: number
}

const BINARY: string[][] = [['||'], ['&&'], ['==', '!=', '<', '<=', '>', '>=', 'in'], ['+', '-'], ['*', '/', '%']]
const LITERALS: Record<string, boolean | null> = { true: true, false: false, null: null }
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** What is nested at most is read and evaluated on the stack. */
const MAX_LENGTH = 4000
const MAX_DEPTH = 100

function tokens(text: string): Token[] {
  if (text.length > MAX_LENGTH) throw invalidArgument(`Invalid expression: it is longer than ${MAX_LENGTH} characters.`)
  const found: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex + /^\s*/.exec(text.slice(TOKEN.lastIndex))![0].length
    const match = TOKEN.exec(text)
    if (!match) throw invalidArgument(`Invalid expression: unexpected ${text[from]} at position ${from + 1}.`)
    const [kind, value] = Object.entries(match.groups!).find(([, part]) => part !== undefined) as [Token['kind'], string]
    found.push({ kind, text: value, position: TOKEN.lastIndex - value.length + 1 })
  }
  return [...found, { kind: 'end', text: 'the end', position: end + 1 }]
}

/** The content of a string literal; a raw one (`r"\d"`) has no escapes. */
function content(literal: string): string {
  const isRaw = /^[rR]/.test(literal)
  const inner = literal.slice(isRaw ? 2 : 1, -1)
  if (isRaw) return inner
  return inner.replace(/\\(u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/gs, (_, escaped: string) =>
    escaped.length > 1 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (ESCAPES[escaped] ?? escaped),
  )
}

/** Parses an expression over `variables`. Throws INVALID_ARGUMENT with the position for what is no expression, and by name for a variable or
 * a function that is not known: what could not be evaluated later is refused at once. */
export function parseTree(text: string, variables: readonly string[], signatures: Signatures): CelNode {
  const all = tokens(text)
  let at = 0
  let depth = 0
  const scope = [...variables]

  const refuse = (what: string, { position }: Token) => invalidArgument(`Invalid expression: ${what} at position ${position}.`)
  const is = (symbol: string) => all[at]!.text === symbol && /^(symbol|name)$/.test(all[at]!.kind)
  function take(symbol: string): boolean {
    if (!is(symbol)) return false
    at++
    return true
  }
  function expect(symbol: string) {
    if (!take(symbol)) throw refuse(`expected "${symbol}", not ${all[at]!.text},`, all[at]!)
  }

  function expression(): CelNode {
    if (++depth > MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`, all[at]!)
    const condition = binary(0)
    let node = condition
    if (take('?')) {
      const then = binary(0)
      expect(':')
      node = { type: 'conditional', condition, then, otherwise: expression() }
    }
    depth--
    return node
  }

  function binary(level: number): CelNode {
    const operators = BINARY[level]
    if (!operators) return unary()
    let left = binary(level + 1)
    for (let operator = operators.find(is); operator; operator = operators.find(is)) {
      at++
      left = { type: 'binary', operator, left, right: binary(level + 1) }
    }
    return left
  }

  function unary(): CelNode {
    const operator = ['!', '-'].find(is)
    if (!operator) return member(primary())
    at++
    if (++depth > MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`, all[at]!)
    const node: CelNode = { type: 'unary', operator, of: unary() }
    depth--
    return node
  }

  function member(of: CelNode): CelNode {
    if (take('[')) {
      const index = expression()
      expect(']')
      return member({ type: 'index', of, index })
    }
    if (!take('.')) return of
    const token = all[at++]!
    if (token.kind !== 'name') throw refuse(`expected the name of a field, not ${token.text},`, token)
    if (!take('(')) return member({ type: 'field', of, name: token.text })
    return member(MACROS.has(token.text) ? macro(of, token) : call(token, of))
  }

  function macro(target: CelNode, { text: name }: Token): CelNode {
    const variable = all[at++]!
    if (variable.kind !== 'name') throw refuse(`expected the name of a variable, not ${variable.text},`, variable)
    expect(',')
    scope.push(variable.text)
    const body = expression()
    scope.pop()
    expect(')')
    return { type: 'macro', name, target, variable: variable.text, body }
  }

  function list(end: string): CelNode[] {
    const items: CelNode[] = []
    while (!take(end)) {
      items.push(expression())
      if (!is(end)) expect(',')
    }
    return items
  }

  function call(token: Token, target?: CelNode): CelNode {
    const parameters = list(')')
    const signature = Object.hasOwn(signatures, token.text) ? signatures[token.text]![target ? 'method' : 'alone'] : undefined
    if (!signature) throw refuse(`the function ${token.text}() is not supported by binauthz-emulator,`, token)
    if (!signature.includes(parameters.length)) throw refuse(`${token.text}() takes ${signature.join(' or ')} arguments,`, token)
    return { type: 'call', name: token.text, target, arguments: parameters }
  }

  function primary(): CelNode {
    const token = all[at++]!
    const { kind, text: value } = token
    if (kind === 'number') return { type: 'literal', value: Number(value) }
    if (kind === 'string') return { type: 'literal', value: content(value) }
    if (value === '(' && kind === 'symbol') {
      const inner = expression()
      expect(')')
      return inner
    }
    if (value === '[' && kind === 'symbol') return { type: 'list', items: list(']') }
    if (value === '{' && kind === 'symbol') return { type: 'map', entries: entries() }
    if (kind !== 'name' || value === 'in') throw refuse(`unexpected ${value}`, token)
    if (Object.hasOwn(LITERALS, value)) return { type: 'literal', value: LITERALS[value]! }
    if (take('(')) return value === 'has' ? has(token) : call(token)
    if (!scope.includes(value)) throw refuse(`unknown variable ${value}`, token)
    return { type: 'variable', name: value }
  }

  function entries(): [CelNode, CelNode][] {
    const found: [CelNode, CelNode][] = []
    while (!take('}')) {
      const key = expression()
      expect(':')
      found.push([key, expression()])
      if (!is('}')) expect(',')
    }
    return found
  }

  function has(token: Token): CelNode {
    const of = expression()
    expect(')')
    if (of.type !== 'field') throw refuse('has() takes a field, such as has(resource.labels),', token)
    return { type: 'has', of: of.of, name: of.name }
  }

  const tree = expression()
  if (all[at]!.kind !== 'end') throw refuse(`unexpected ${all[at]!.text}`, all[at]!)
  return tree
}

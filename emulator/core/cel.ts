// Conditions: expressions of the Common Expression Language that are true or false of a resource or a request. A field that is not there is
// an error, as CEL has it; whoever asks decides what an error means.
import { CelError, type CelTime, describe, FUNCTIONS, isTime, SIGNATURES } from './cel-functions.ts'
import { type CelNode, parseTree } from './cel-parser.ts'
import { isObject } from './json.ts'

export { CelError, type CelTime } from './cel-functions.ts'

/** A parsed expression. */
export interface CelExpression {
  readonly text: string
  readonly tree: CelNode
}

type Variables = Readonly<Record<string, unknown>>

/** Parses an expression over these variables. Throws INVALID_ARGUMENT with the position of a mistake, and by name for what is not
 * supported. */
export const parseCel = (text: string, variables: readonly string[]): CelExpression => ({
  text,
  tree: parseTree(text, variables, SIGNATURES),
})

/** The value of an expression: JSON, or a time. Throws CelError where it has none. */
export const evaluateCel = ({ tree }: CelExpression, variables: Variables): unknown => evaluate(tree, variables)

/** Is the condition true? Throws CelError for one that has no value, or another than true and false. */
export function holdsCel(expression: CelExpression, variables: Variables): boolean {
  return truth(evaluateCel(expression, variables))
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new CelError(`${describe(value)} is neither true nor false`)
  return value
}

function equal(left: unknown, right: unknown): boolean {
  if (isTime(left) || isTime(right))
    return isTime(left) && isTime(right) && left.kind === right.kind && left.nanos === right.nanos
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => equal(item, right[index]))
  if (isObject(left) && isObject(right)) {
    const keys = Object.keys(left)
    return (
      keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
    )
  }
  return left === right
}

function field(of: unknown, name: string): unknown {
  if (!isObject(of) || isTime(of)) throw new CelError(`${describe(of)} has no field ${name}`)
  if (!Object.hasOwn(of, name)) throw new CelError(`there is no field ${name}`)
  return of[name]
}

function at(of: unknown, index: unknown): unknown {
  if (!Array.isArray(of)) return field(of, String(index))
  if (typeof index !== 'number' || !(index in of)) throw new CelError(`the list has no item ${describe(index)}`)
  return of[index]
}

function compare(left: unknown, right: unknown): number {
  if (isTime(left) && isTime(right) && left.kind === right.kind)
    return left.nanos < right.nanos ? -1 : Number(left.nanos > right.nanos)
  const isOrdered = typeof left === typeof right && (typeof left === 'number' || typeof left === 'string')
  if (!isOrdered) throw new CelError(`${describe(left)} and ${describe(right)} have no order`)
  return (left as string) < (right as string) ? -1 : Number((left as string) > (right as string))
}

function sum(left: unknown, right: unknown, sign: 1 | -1): unknown {
  if (typeof left === 'number' && typeof right === 'number') return left + sign * right
  if (isTime(left) && isTime(right)) return { kind: sumKind(left, right, sign), nanos: left.nanos + BigInt(sign) * right.nanos }
  if (sign === 1 && typeof left === 'string' && typeof right === 'string') return left + right
  if (sign === 1 && Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
  throw new CelError(`${describe(left)} and ${describe(right)} have no ${sign === 1 ? 'sum' : 'difference'}`)
}

function sumKind(left: CelTime, right: CelTime, sign: 1 | -1): CelTime['kind'] {
  const times = [left, right].filter(({ kind }) => kind === 'timestamp').length
  if (times === 2 && sign === 1) throw new CelError('two timestamps have no sum')
  return times === 1 ? 'timestamp' : 'duration'
}

function arithmetic(operator: string, left: unknown, right: unknown): number {
  if (typeof left !== 'number' || typeof right !== 'number')
    throw new CelError(`${describe(left)} ${operator} ${describe(right)} has no value`)
  if (operator === '*') return left * right
  if (right === 0) throw new CelError('division by zero')
  if (operator === '%') return left % right
  return Number.isInteger(left) && Number.isInteger(right) ? Math.trunc(left / right) : left / right
}

function isIn(item: unknown, of: unknown): boolean {
  if (Array.isArray(of)) return of.some((other) => equal(item, other))
  if (isObject(of) && !isTime(of)) return Object.hasOwn(of, String(item))
  throw new CelError(`${describe(of)} is neither a list nor a map`)
}

const OPERATORS: Record<string, (left: unknown, right: unknown) => unknown> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': (left, right) => compare(left, right) < 0,
  '<=': (left, right) => compare(left, right) <= 0,
  '>': (left, right) => compare(left, right) > 0,
  '>=': (left, right) => compare(left, right) >= 0,
  in: isIn,
  '+': (left, right) => sum(left, right, 1),
  '-': (left, right) => sum(left, right, -1),
  '*': (left, right) => arithmetic('*', left, right),
  '/': (left, right) => arithmetic('/', left, right),
  '%': (left, right) => arithmetic('%', left, right),
}

/** Do the parts, one after the other, contain `decisive`? An error counts only where no part decides: CEL's `||`, `&&`, `exists`, `all`. */
function decide(parts: Iterable<() => boolean>, decisive: boolean): boolean {
  let failure: CelError | undefined
  for (const part of parts)
    try {
      if (part() === decisive) return decisive
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      failure ??= error
    }
  if (failure) throw failure
  return !decisive
}

function macro({ name, target, variable, body }: Extract<CelNode, { type: 'macro' }>, variables: Variables): unknown {
  const over = evaluate(target, variables)
  if (!Array.isArray(over) && (!isObject(over) || isTime(over)))
    throw new CelError(`${describe(over)} is neither a list nor a map`)
  const items: unknown[] = Array.isArray(over) ? over : Object.keys(over)
  const each = (item: unknown) => evaluate(body, { ...variables, [variable]: item })
  if (name === 'map') return items.map(each)
  if (name === 'filter') return items.filter((item) => truth(each(item)))
  if (name === 'exists_one') return items.filter((item) => truth(each(item))).length === 1
  const parts = items.map((item) => () => truth(each(item)))
  return decide(parts, name === 'exists')
}

const EVALUATE: { [T in CelNode['type']]: (node: Extract<CelNode, { type: T }>, variables: Variables) => unknown } = {
  literal: ({ value }) => value,
  variable: ({ name }, variables) => field(variables, name),
  field: ({ of, name }, variables) => field(evaluate(of, variables), name),
  index: ({ of, index }, variables) => at(evaluate(of, variables), evaluate(index, variables)),
  list: ({ items }, variables) => items.map((item) => evaluate(item, variables)),
  map: ({ entries }, variables) =>
    Object.fromEntries(entries.map(([key, value]) => [String(evaluate(key, variables)), evaluate(value, variables)])),
  unary({ operator, of }, variables) {
    const value = evaluate(of, variables)
    return operator === '!' ? !truth(value) : arithmetic('*', -1, value)
  },
  binary({ operator, left, right }, variables) {
    if (operator === '||' || operator === '&&')
      return decide([() => truth(evaluate(left, variables)), () => truth(evaluate(right, variables))], operator === '||')
    return OPERATORS[operator]!(evaluate(left, variables), evaluate(right, variables))
  },
  conditional: ({ condition, then, otherwise }, variables) =>
    evaluate(truth(evaluate(condition, variables)) ? then : otherwise, variables),
  call: ({ name, target, arguments: parameters }, variables) =>
    FUNCTIONS[name]!.run(...(target ? [target, ...parameters] : parameters).map((node) => evaluate(node, variables))),
  has({ of, name }, variables) {
    const value = evaluate(of, variables)
    if (!isObject(value) || isTime(value)) throw new CelError(`${describe(value)} has no fields`)
    return Object.hasOwn(value, name)
  },
  macro,
}

function evaluate(node: CelNode, variables: Variables): unknown {
  return (EVALUATE[node.type] as (node: CelNode, variables: Variables) => unknown)(node, variables)
}

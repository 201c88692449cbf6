// List filters (https://google.aip.dev/160; https://cloud.google.com/container-analysis/docs/reference/rest/v1/projects.occurrences/list).
// The language of Cloud Logging is another, in services/logging/query/.
// OR binds tighter than AND: `a AND b OR c` is `a AND (b OR c)`. White space, newlines included, is an AND: `a b OR c` is the same.
// Keywords are upper case; `and`, `or` and `not` are words to search for.

import {
  type Expression,
  type FieldPath,
  type FieldStep,
  type FunctionName,
  type Operator,
  parseExpression,
} from './filter-parser.ts'
import { equals, glob, has, hasWildcard, order, present, type Value, type ValueOptions } from './filter-values.ts'
import { isObject } from './json.ts'
import { invalidArgument } from './status.ts'

export type { Operator } from './filter-parser.ts'

/** A parsed filter. `expression` is absent if it matches everything; `fields` are the top-level fields it names, in camelCase. */
export interface Filter {
  readonly expression?: Expression
  readonly fields: ReadonlySet<string>
}

/** What one API adds to the language. */
export interface FilterOptions<Resource = unknown> extends ValueOptions {
  /** Top-level fields (camelCase) that are an alias, computed, or have a default that ProtoJSON leaves out, e.g.
   * `resourceUrl: (o) => o.resourceUri`. The result may be a message, to be traversed further, or an array, of which any element may
   * match: `kind: (o) => o.kind === 'VULNERABILITY' ? ['VULNERABILITY', 'PACKAGE_VULNERABILITY'] : o.kind`. */
  fields?: Readonly<Record<string, (resource: Resource) => unknown>>
  /** The filterable top-level fields (camelCase) beside `fields`. If given, any other is INVALID_ARGUMENT; if not, it does not match. */
  known?: readonly string[]
}

/** A comparison of the top-level conjunction: `field` is a dotted path in camelCase as the filter names it, `value` its plain text. */
export interface Comparison {
  field: string
  operator: Operator
  value: string
}

type AnyOptions = FilterOptions<never>

const dotted = (path: FieldPath) => path.map((step) => step.jsonName).join('.')

/** Parses a filter; a blank one matches everything. With `options` its fields are checked too, so that an unknown one is refused even
 * if there is nothing to list. Throws INVALID_ARGUMENT: `Invalid list filter: unexpected ")", expected …, at position 5` (from 1),
 * an unknown function, operator or field by name, more than 64 KiB, than 500 terms and wildcards or than 2,048 characters of one
 * value, or parentheses nested deeper than 100. */
export function parseFilter(text: string, options: AnyOptions = {}): Filter {
  const filter = parseExpression(text)
  checkFields(filter, options)
  return filter
}

function checkFields(filter: Filter, { known, fields = {} }: AnyOptions) {
  if (!known) return
  for (const field of filter.fields) {
    if (known.includes(field) || Object.hasOwn(fields, field)) continue
    const filterable = [...new Set([...Object.keys(fields), ...known])].sort().join(', ')
    throw invalidArgument(`Invalid list filter: unknown field "${field}"; filterable fields: ${filterable}`)
  }
}

/** True if a resource (ProtoJSON) matches. On a missing field `!=` is true and every other operator false. A repeated field matches if
 * any element does, `!=` if none is equal; `a.b` goes through every element of a repeated `a`. A term without an operator is searched
 * for in all strings and numbers of the resource, without regard to case.
 * Throws INVALID_ARGUMENT for an unknown field and a timestamp ordered against what is none. */
export function matches<Resource>(filter: Filter, resource: Resource, options: FilterOptions<Resource> = {}): boolean {
  checkFields(filter, options)
  return filter.expression === undefined || holds(filter.expression, { resource }, options)
}

/** The comparisons that every matching resource fulfils, for a look-up by index before `matches`. Comparisons with a wildcard, and of
 * keys with a dot in them, are left out. `value` is as written: aliases of `options.fields` are the caller's to resolve. */
export function comparisons(filter: Filter): Comparison[] {
  const { expression } = filter
  return (expression?.type === 'and' ? expression.of : expression ? [expression] : []).flatMap((each) =>
    each.type !== 'comparison' || hasWildcard(each.value) || each.field.some(({ name }) => name.includes('.'))
      ? []
      : [{ field: dotted(each.field), operator: each.operator, value: each.value.text }],
  )
}

const elements = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]).filter(present)

function child(value: unknown, { name, jsonName }: FieldStep): unknown {
  if (!isObject(value)) return undefined
  // The name as written first: a map key may hold an underscore.
  return [name, jsonName].filter((key) => Object.hasOwn(value, key)).map((key) => value[key])[0]
}

/** The values a path leads to, without those that are missing. */
function resolve(resource: unknown, path: FieldPath, { fields = {} }: AnyOptions): unknown[] {
  const [top] = path
  const computed = Object.hasOwn(fields, top.jsonName) ? fields[top.jsonName] : undefined
  let values = elements(computed ? computed(resource as never) : child(resource, top))
  for (let index = 1; index < path.length && values.length > 0; index++)
    values = values.flatMap((value) => elements(child(value, path[index]!)))
  return values
}

type Compare = (values: unknown[], value: Value, path: FieldPath, options: AnyOptions) => boolean

const anyEqual: Compare = (values, value, _, options) => values.some((actual) => equals(actual, value, options))

const ordered =
  (accept: (difference: number) => boolean): Compare =>
  (values, value, path, options) =>
    values.some((actual) => {
      const difference = order(actual, value, dotted(path), options)
      return difference !== undefined && accept(difference)
    })

const COMPARE: Record<Operator, Compare> = {
  '=': anyEqual,
  '!=': (...of) => !anyEqual(...of),
  '<': ordered((difference) => difference < 0),
  '<=': ordered((difference) => difference <= 0),
  '>': ordered((difference) => difference > 0),
  '>=': ordered((difference) => difference >= 0),
  ':': (values, value, _, options) => values.some((actual) => has(actual, value, options)),
}

/** Container Analysis: `has_suffix(resourceUrl, "sha256:…")`. Their string is no pattern. */
const CALL: Record<FunctionName, (text: string, part: string) => boolean> = {
  has_prefix: (text, part) => text.startsWith(part),
  has_suffix: (text, part) => text.endsWith(part),
}

/** A key that cannot be a field name is a map key, and is found too. */
const FIELD_NAME = /^@?[A-Za-z_]\w*$/

/** A resource, and in lower case the texts to search in, once a term has asked for them. */
interface Subject {
  readonly resource: unknown
  texts?: readonly string[]
}

function textsOf(resource: unknown): string[] {
  const texts: string[] = []
  const pending = [resource]
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value).toLowerCase())
    else if (Array.isArray(value)) {
      for (const element of value) pending.push(element)
    } else if (isObject(value)) {
      for (const [key, content] of Object.entries(value)) {
        if (!FIELD_NAME.test(key)) texts.push(key.toLowerCase())
        pending.push(content)
      }
    }
  }
  return texts
}

function mentions(subject: Subject, { anywhere }: Value): boolean {
  subject.texts ??= textsOf(subject.resource)
  return subject.texts.some((text) => glob(anywhere, text))
}

type Holds<Type> = (expression: Extract<Expression, { type: Type }>, subject: Subject, options: AnyOptions) => boolean

const HOLDS: { [Type in Expression['type']]: Holds<Type> } = {
  and: ({ of }, subject, options) => of.every((each) => holds(each, subject, options)),
  or: ({ of }, subject, options) => of.some((each) => holds(each, subject, options)),
  not: ({ of }, subject, options) => !holds(of, subject, options),
  comparison: ({ field, operator, value }, { resource }, options) =>
    COMPARE[operator](resolve(resource, field, options), value, field, options),
  call: ({ function: name, field, value }, { resource }, options) =>
    resolve(resource, field, options).some((actual) => typeof actual === 'string' && CALL[name](actual, value.text)),
  text: ({ value }, subject) => mentions(subject, value),
}

const holds = (expression: Expression, subject: Subject, options: AnyOptions) =>
  (HOLDS[expression.type] as Holds<Expression['type']>)(expression, subject, options)

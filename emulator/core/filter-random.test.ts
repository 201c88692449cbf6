// Random filters against a reference that evaluates the tree they were printed from, and random text against the parser.

import { expect, test } from 'vitest'
import { type Random, seeded } from '../testing/random.ts'
import { matches, parseFilter } from './filter.ts'
import { StatusError } from './status.ts'

type Resource = { text?: string; count?: number; total?: string; list?: string[]; labels?: Record<string, string> }
type Tree = { print: string; holds: (resource: Resource) => boolean; kind: 'leaf' | 'not' | 'and' | 'or' }

const WORDS = ['alpha', 'beta', 'al', 'pha', 'x y', 'OR', 'a"b', "it's", 'é*'] as const
const NUMBERS = [-3, 0, 2, 10, 100] as const

const randomResource = ({ below, pick }: Random): Resource => ({
  ...(below(4) && { text: pick(WORDS) }),
  ...(below(4) && { count: pick(NUMBERS) }),
  ...(below(4) && { total: String(pick(NUMBERS)) }),
  ...(below(4) && { list: Array.from({ length: 1 + below(3) }, () => pick(WORDS)) }),
  ...(below(4) && { labels: { 'k/8.s': pick(WORDS), env: pick(WORDS) } }),
})

const quoted = ({ pick }: Random, text: string) => {
  const quote = pick(['"', "'"])
  return quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('*', '\\*') + quote
}

const NUMERIC: Record<string, (left: number, right: number) => boolean> = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

function leaf(random: Random): Tree {
  const { below, pick } = random
  const space = pick(['', ' ', '\n '])
  const word = pick(WORDS)
  const number = pick(NUMBERS)
  const operator = pick(Object.keys(NUMERIC))
  const write = (field: string, comparator: string, value: string) => `${field}${space}${comparator}${space}${value}`
  const make = (print: string, holds: Tree['holds']): Tree => ({ print, holds, kind: 'leaf' })
  const rows: (() => Tree)[] = [
    () => make(write('text', '=', quoted(random, word)), (r) => r.text === word),
    () => make(write('text', '!=', quoted(random, word)), (r) => r.text !== word),
    () => make(write('text', '=', '"al*"'), (r) => r.text?.startsWith('al') ?? false),
    () => make(write('text', ':', '*'), (r) => r.text !== undefined),
    () => make(write('count', operator, String(number)), (r) => r.count !== undefined && NUMERIC[operator]!(r.count, number)),
    () =>
      make(write('total', operator, String(number)), (r) => r.total !== undefined && NUMERIC[operator]!(Number(r.total), number)),
    () => make(write('list', pick(['=', ':']), quoted(random, word)), (r) => r.list?.includes(word) ?? false),
    () => make(write('list', '!=', quoted(random, word)), (r) => !r.list?.includes(word)),
    () => make(write('labels."k/8.s"', '=', quoted(random, word)), (r) => r.labels?.['k/8.s'] === word),
    () => make(write('labels', ':', 'env'), (r) => r.labels?.env !== undefined),
    () => make(`has_suffix(text,${space}"pha")`, (r) => r.text?.endsWith('pha') ?? false),
    () =>
      make(quoted(random, word), (r) =>
        [r.text, ...(r.list ?? []), ...Object.values(r.labels ?? {})].some((text) => text?.includes(word)),
      ),
  ]
  return rows[below(rows.length)]!()
}

const grouped = (tree: Tree) => `(${tree.print})`

function randomTree(random: Random, depth: number): Tree {
  const { below, pick } = random
  if (depth === 0 || below(4) === 0) return leaf(random)
  if (below(4) === 0) {
    const inner = randomTree(random, depth - 1)
    const operand = inner.kind === 'leaf' && below(2) ? inner.print : grouped(inner)
    return { kind: 'not', print: pick(['NOT ', '-']) + operand, holds: (resource) => !inner.holds(resource) }
  }
  const kind = pick(['and', 'or'] as const)
  const parts = Array.from({ length: 2 + below(2) }, () => randomTree(random, depth - 1))
  // An OR needs no parentheses within an AND, an AND always does within an OR.
  const bare = (tree: Tree) => below(3) > 0 && (kind === 'and' || tree.kind !== 'and')
  const print = parts
    .map((part) => (bare(part) ? part.print : grouped(part)))
    .reduce((left, right) => left + (kind === 'or' ? pick([' OR ', '\nOR\n']) : pick([' AND ', ' ', '\n'])) + right)
  const test = kind === 'and' ? 'every' : 'some'
  return { kind, print, holds: (resource) => parts[test]((part) => part.holds(resource)) }
}

test('a random filter matches exactly what the tree it was printed from matches', () => {
  const random = seeded(160)
  const outcomes = { true: 0, false: 0 }
  for (let round = 0; round < 3000; round++) {
    const tree = randomTree(random, 4)
    const filter = parseFilter(tree.print)
    for (let each = 0; each < 3; each++) {
      const resource = randomResource(random)
      const expected = tree.holds(resource)
      expect(matches(filter, resource), `${tree.print} on ${JSON.stringify(resource)}`).toBe(expected)
      outcomes[`${expected}`]++
    }
  }
  expect(Math.min(outcomes.true, outcomes.false)).toBeGreaterThan(1000)
})

test('random text is a filter or INVALID_ARGUMENT, never another error', () => {
  const random = seeded(161)
  const fragments = [
    'a',
    'b.c',
    '.',
    '(',
    ')',
    '"',
    "'",
    '`',
    '\\',
    '*',
    '-',
    ' ',
    '\n',
    'AND',
    ' OR ',
    'NOT ',
    '=',
    '!=',
    '<',
    '>=',
    ':',
    ',',
    '~',
    'has_prefix(',
    'f(',
    '"x"',
    '12',
    '2019-04-10T',
    '3.5s',
    'é',
    '\ud800',
    '💥',
    '\0',
    '%',
    '[',
    '__proto__',
    'constructor',
  ]
  const resource = {
    a: ['1', 2, true, null, { c: '2019-04-10T00:00:00Z' }],
    b: { c: '2019-04-10T00:00:00Z', x: '3.5s' },
    c: '12',
  }
  const outcomes = { accepted: 0, refused: 0 }
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 1 + random.below(12) }, () => random.pick(fragments)).join('')
    try {
      matches(parseFilter(text), resource)
      outcomes.accepted++
    } catch (error) {
      if (!(error instanceof StatusError && error.code === 'INVALID_ARGUMENT'))
        throw new Error(`on ${JSON.stringify(text)}`, { cause: error })
      outcomes.refused++
    }
  }
  expect(Math.min(outcomes.accepted, outcomes.refused)).toBeGreaterThan(1000)
})

// Random queries against a naive evaluation of the tree that they were printed from, and random text against the parser.
import { expect, test } from 'vitest'
import { StatusError } from '../../../core/status.ts'
import { type Random, SEEDS, seeded } from '../../../testing/random.ts'
import type { LogEntry } from './fields.ts'
import { parseQuery } from './query.ts'

interface Tree {
  print: string
  kind: 'leaf' | 'not' | 'and' | 'or'
  holds(entry: LogEntry): boolean
}

const WORDS = ['alpha', 'Beta', 'al', 'pha x', 'OR', 'a"b', "it's", 'back\\slash', '-- no', '(a)', '503'] as const
const LOGS = ['app', 'cloudaudit.googleapis.com%2Factivity'] as const
const TYPES = ['global', 'k8s_cluster'] as const
const LEVELS = ['DEBUG', 'INFO', 'ERROR'] as const
const NUMBERS = [-3, 0, 2, 10] as const
const MINUTES = [0, 5, 59] as const

const timeOf = (minute: number) => `2026-01-02T03:${String(minute).padStart(2, '0')}:00Z`

function randomEntry({ below, pick }: Random): LogEntry {
  const some = <T>(make: () => T) => (below(4) ? make() : undefined)
  const payload = {
    text: some(() => pick(WORDS)),
    count: some(() => pick(NUMBERS)),
    list: [pick(WORDS), pick(WORDS)],
    nothing: null,
  }
  return JSON.parse(
    JSON.stringify({
      logName: `projects/p/logs/${pick(LOGS)}`,
      resource: { type: pick(TYPES) },
      timestamp: timeOf(pick(MINUTES)),
      severity: some(() => pick(LEVELS)),
      labels: some(() => ({ 'k/8.s': pick(WORDS), env: pick(WORDS) })),
      ...(below(2) ? { textPayload: pick(WORDS) } : { jsonPayload: payload }),
    }),
  )
}

const quoted = ({ pick }: Random, text: string) => {
  const quote = pick(['"', "'"])
  return quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote
}

const lower = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : undefined)

const COMPARE: Record<string, (left: any, right: any) => boolean> = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

const stringsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []

function leaf(random: Random): Tree {
  const { below, pick } = random
  const space = pick(['', ' ', '\n ', ' -- said\n'])
  const word = pick(WORDS)
  const wanted = word.toLowerCase()
  const operator = pick(Object.keys(COMPARE))
  const compare = COMPARE[operator]!
  const write = (field: string, comparator: string, value: string) => `${field}${space}${comparator}${space}${value}`
  const make = (print: string, holds: Tree['holds']): Tree => ({ print, kind: 'leaf', holds })
  const payload = (entry: LogEntry) => entry.jsonPayload as any
  const rows: (() => Tree)[] = [
    () => make(write('textPayload', '=', quoted(random, word)), ({ textPayload = '' }) => lower(textPayload) === wanted),
    () => make(write('textPayload', '!=', quoted(random, word)), ({ textPayload = '' }) => lower(textPayload) !== wanted),
    () => make(write('text_payload', ':', quoted(random, word)), ({ textPayload = '' }) => lower(textPayload)!.includes(wanted)),
    () => make(write('textPayload', ':', '*'), ({ textPayload }) => textPayload !== undefined),
    () => make(write('textPayload', '=~', '"^al|a$"'), ({ textPayload = '' }) => /^al|a$/.test(textPayload)),
    () =>
      make(write('labels."k/8.s"', '!=', quoted(random, word)), ({ labels }) => !!labels && lower(labels['k/8.s']) !== wanted),
    () => make(write('labels.env', '!~', '"[eh]"'), ({ labels }) => !!labels && !/[eh]/.test(labels.env!)),
    () =>
      make(write('jsonPayload.list', operator, quoted(random, word)), (entry) =>
        (payload(entry)?.list ?? []).some((each: string) => compare(lower(each), wanted)),
      ),
    () => {
      const number = pick(NUMBERS)
      return make(write('jsonPayload.count', operator, String(number)), (entry) => {
        const count = payload(entry)?.count
        return count !== undefined && compare(count, number)
      })
    },
    () => make(write('jsonPayload.nothing', '=', 'NULL_VALUE'), (entry) => payload(entry) !== undefined),
    () => {
      const level = pick(LEVELS)
      const rank = (name: string) => ['DEFAULT', ...LEVELS].indexOf(name)
      return make(write('severity', operator, level), ({ severity = 'DEFAULT' }) => compare(rank(severity), rank(level)))
    },
    () => {
      const time = timeOf(pick(MINUTES))
      return make(write('timestamp', operator, `"${time}"`), ({ timestamp }) => compare(timestamp, time))
    },
    () => {
      const log = pick(LOGS)
      return make(`log_id(${space}"${log.replace('%2F', '/')}")`, ({ logName }) => logName!.endsWith(`/${log}`))
    },
    () => {
      const type = pick(TYPES)
      return make(write('resource.type', pick(['=', ':']), type), ({ resource }) => resource!.type === type)
    },
    () =>
      make(quoted(random, word), (entry) => {
        const { severity: _, timestamp: __, ...texts } = entry
        return (
          stringsIn(texts).some((text) => text.toLowerCase().includes(wanted)) ||
          Object.keys(entry.labels ?? {}).some((key) => key === 'k/8.s' && key.includes(wanted))
        )
      }),
  ]
  return rows[below(rows.length)]!()
}

const RANK = { leaf: 3, not: 2, or: 1, and: 0 }

/** As it must be written where only what binds at least as tight as `kind` may stand without parentheses. */
const within = (tree: Tree, kind: Tree['kind'], { below }: Random) =>
  RANK[tree.kind] < RANK[kind] || below(6) === 0 ? `(${tree.print})` : tree.print

function randomTree(random: Random, depth: number): Tree {
  const { below, pick } = random
  const kind = depth === 0 ? 'leaf' : pick(['leaf', 'not', 'and', 'or'] as const)
  if (kind === 'leaf') return leaf(random)
  if (kind === 'not') {
    const inner = randomTree(random, depth - 1)
    const print = pick(['NOT ', '-']) + within(inner, 'not', random)
    return { kind, print: print.replace(/^--/, '-NOT '), holds: (entry) => !inner.holds(entry) }
  }
  const inner = Array.from({ length: 2 + below(2) }, () => randomTree(random, depth - 1))
  const separator = kind === 'or' ? ' OR ' : pick([' AND ', ' ', '\n'])
  return {
    kind,
    print: inner.map((each) => within(each, kind === 'or' ? 'not' : 'or', random)).join(separator),
    holds: (entry) => (kind === 'or' ? inner.some((each) => each.holds(entry)) : inner.every((each) => each.holds(entry))),
  }
}

test.each(SEEDS)(
  'random queries find what a naive evaluation finds, and neither a stream nor a text is left out (seed %i)',
  (seed) => {
    const random = seeded(seed)
    for (let run = 0; run < 2000; run++) {
      const tree = randomTree(random, 3)
      const query = parseQuery(tree.print)
      for (let sample = 0; sample < 5; sample++) {
        const entry = randomEntry(random)
        const { logName = '', resource, timestamp = '' } = entry
        const expected = tree.holds(entry)
        expect(query.matches(entry), `${tree.print}\n${JSON.stringify(entry)}`).toBe(expected)
        if (!expected) continue
        expect(query.mayMatch(JSON.stringify(entry)), tree.print).toBe(true)
        expect(query.canMatch({ logName, resourceType: resource!.type! }), tree.print).toBe(true)
        expect(timestamp >= query.times.from.slice(0, 19) && timestamp.slice(0, 19) <= query.times.to, tree.print).toBe(true)
      }
    }
  },
)

const PIECES = [
  'a',
  'severity',
  '=',
  '!=',
  '=~',
  ':',
  '*',
  '(',
  ')',
  '"',
  "'",
  '.',
  '-',
  '--',
  '\n',
  ' ',
  'AND',
  'OR',
  'NOT',
  ',',
  '\\',
  'log_id',
  '1',
  '`',
  'é',
]

test.each(SEEDS)('random text is parsed or refused, and nothing else (seed %i)', (seed) => {
  const { below, pick } = seeded(seed)
  for (let run = 0; run < 20_000; run++) {
    const text = Array.from({ length: below(12) }, () => pick(PIECES)).join(pick(['', ' ']))
    try {
      parseQuery(text).matches({ logName: 'projects/p/logs/a', textPayload: 'a' })
    } catch (error) {
      expect(error, text).toBeInstanceOf(StatusError)
      expect((error as StatusError).code, text).toBe('INVALID_ARGUMENT')
    }
  }
})

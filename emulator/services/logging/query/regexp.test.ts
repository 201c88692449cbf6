// Regular expressions against JavaScript's own, where the two languages are the same, and what RE2 has beyond or refuses.
import { expect, test } from 'vitest'
import { type Random, SEEDS, seeded } from '../../../testing/random.ts'
import { regexp } from './regexp.ts'

const found = (pattern: string, text: string) => regexp(pattern).test(text, { steps: 0 })
const extracted = (pattern: string, text: string) => regexp(pattern).extract(text, { steps: 0 })

test.each([
  ['a.c', 'xabcx', true],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['^b', 'ab', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['b$', 'b\n', false],
  ['\\Ab\\z', 'b', true],
  ['(?m)\\Ab', 'a\nb', false],
  ['\\bfoo\\b', 'a foo!', true],
  ['\\bfoo\\b', 'afoo', false],
  ['\\Boo', 'foo', true],
  ['(?i)straSSE', 'STRASSE', true],
  ['(?i)[^k]', 'K', false],
  ['a(?i)b', 'aB', true],
  ['(?:a(?i)b)c', 'aBC', false],
  ['(?i:a)b', 'Ab', true],
  ['(?i:a)b', 'AB', false],
  ['(?i-i)A', 'a', false],
  ['[[:alpha:]]+[[:^alpha:]]', 'abc1', true],
  ['^[^[:space:]]+$', 'a b', false],
  ['[]a]', ']', true],
  ['[^]a]', ']', false],
  ['[a\\]-]', '-', true],
  ['[\\d\\-x]{3}', '1-x', true],
  ['\\pL', 'é', true],
  ['^\\p{Greek}+$', 'αβγ', true],
  ['\\P{Lu}', 'É', false],
  ['\\p{^Lu}', 'É', false],
  ['\\x41\\x{1F600}', 'A\u{1F600}', true],
  ['^.$', '\u{1F600}', true],
  ['\\101\\0', 'A\0', true],
  ['\\Qa.b*\\E+', 'a.b***', true],
  ['\\Qa.b', 'axb', false],
  ['a{2}', 'aba', false],
  ['a{2,}b', 'aaab', true],
  ['^a{2,3}$', 'aaaa', false],
  ['a{,2}', 'a{,2}', true],
  ['x{', 'x{', true],
  ['(?P<name>a)(?<other>b)', 'ab', true],
  ['a||b', 'zz', true],
  ['(a*)*$', 'aab', true],
  ['', '', true],
  ['(?i)', 'x', true],
] as const)('%s in %j: %s', (pattern, text, expected) => {
  expect(found(pattern, text)).toBe(expected)
})

test.each([
  ['quantity=(\\d+)', 'quantity=12;', '12'],
  ['(a+?)a*', 'xaaa', 'a'],
  ['(a+)a*', 'xaaa', 'aaa'],
  ['(?U)(a+)', 'aaa', 'a'],
  ['(a|ab)(?:c|bcd)', 'abcd', 'a'],
  ['(?:a|b)+(c|)', 'abc', 'c'],
  ['(\\w+)$', 'one two', 'two'],
  ['(?:x(y)?)', 'x', undefined],
  ['(b)', 'a', undefined],
  ['()a', 'a', ''],
])('%s of %j extracts %j', (pattern, text, expected) => {
  expect(extracted(pattern, text)).toBe(expected)
})

test.each([
  ['*a', 'missing argument to repetition operator: *'],
  ['a|*', 'missing argument to repetition operator: *'],
  ['(?i)+', 'missing argument to repetition operator: +'],
  ['a**', 'bad repetition operator: **'],
  ['a{2}{3}', 'bad repetition operator: {2}{3}'],
  ['a{1001}', 'invalid repetition size: {1001}'],
  ['a{3,2}', 'invalid repetition size: {3,2}'],
  ['(a', 'missing ): (a'],
  ['a)', 'unexpected ): a)'],
  ['[a', 'missing ]: [a'],
  ['[z-a]', 'invalid character class range: z-a'],
  ['[[:name:]]', 'invalid character class range: [:name:]'],
  ['\\p{Klingon}', 'invalid character class range: \\p{Klingon}'],
  ['\\', 'trailing \\'],
  ['\\1', 'invalid escape sequence: \\1'],
  ['\\8', 'invalid escape sequence: \\8'],
  ['\\Z', 'invalid escape sequence: \\Z'],
  ['\\C', 'invalid escape sequence: \\C'],
  ['\\x{110000}', 'invalid escape sequence: \\x{110000}'],
  ['(?=a)', 'invalid perl operator: (?=a'],
  ['(?!a)', 'invalid perl operator: (?!a'],
  ['(?<=a)', 'invalid perl operator: (?<='],
  ['(?<!a)', 'invalid perl operator: (?<!'],
  ['(?>a)', 'invalid perl operator: (?>a'],
  ['(?P=name)', 'invalid perl operator: (?P='],
  ['(?)', 'invalid perl operator: (?)'],
  ['(?<a-b>c)', 'invalid named capture group: (?<a-b>'],
  ['(((((a{100}){100}){100}){100}){100})', 'pattern too large - compile failed'],
  ['(?:(?:(?:(?:(?:){1000}){1000}){1000}){1000}){1000}', 'pattern too large - compile failed'],
])('%s is refused: %s', (pattern, problem) => {
  expect(() => regexp(pattern)).toThrow(`Unparseable filter: invalid regular expression "${pattern}": ${problem}`)
})

test('groups that are nested too deeply are refused', () => {
  expect(() => regexp('('.repeat(10_000))).toThrow('expression nests too deeply')
})

/** Steps that a search took. */
function stepsOf(pattern: string, text: string): number {
  const work = { steps: 0 }
  expect(regexp(pattern).test(text, work)).toBe(false)
  return work.steps
}

test.each(['(a+)+$', '^(a|a)*$', '(.*)*x', '(a|aa)+$', '(?:a?){30}a{30}x', '(\\w+\\s?)+$', '(x+x+)+y'])(
  '%s, which makes other machines hang, takes time in proportion to the text',
  (pattern) => {
    const [short, long] = [1000, 100_000].map((length) => stepsOf(pattern, `${'a'.repeat(length)}!`))
    expect(long).toBeLessThan(100 * short! + 100_000)
  },
)

test('a search that takes too long is given up', () => {
  const { pick } = seeded(1)
  const text = Array.from({ length: 100_000 }, () => pick(['a', 'b'])).join('')
  expect(() => found('a.{600}[^ab]', text)).toThrow('takes too long on a log entry')
})

interface Made {
  source: string
  /** Can it match nothing? JavaScript and RE2 repeat such a group in different ways. */
  isNullable: boolean
}

function pattern(random: Random, depth: number): Made {
  const { below, pick } = random
  if (depth === 0) {
    const source = pick(['a', 'b', 'c', '.', '[ab]', '[^a]', '\\b', '^', '$', '\\w', '', 'é'])
    return { source, isNullable: ['\\b', '^', '$', ''].includes(source) }
  }
  const [one, other] = [pattern(random, depth - 1), pattern(random, depth - 1)]
  const kind = below(4)
  if (kind === 0) return { source: one.source + other.source, isNullable: one.isNullable && other.isNullable }
  if (kind === 1) return { source: `(?:${one.source}|${other.source})`, isNullable: one.isNullable || other.isNullable }
  if (kind === 2 || one.isNullable) return { source: `${one.source}${pick(['a', 'b', ' '])}${other.source}`, isNullable: false }
  const repeat = pick(['*', '+', '?', '{2}', '{1,2}', '*?', '+?', '??'])
  return { source: `(?:${one.source})${repeat}`, isNullable: /^[*?]/.test(repeat) }
}

test.each(SEEDS)('random patterns find and extract what JavaScript does (seed %i)', (seed) => {
  const random = seeded(seed)
  for (let run = 0; run < 1000; run++) {
    const source = `(${pattern(random, 3).source})`
    const compiled = regexp(source)
    for (let sample = 0; sample < 4; sample++) {
      const text = Array.from({ length: random.below(8) }, () => random.pick(['a', 'b', 'c', ' ', 'é', '\n'])).join('')
      const expected = new RegExp(source, 'u').exec(text)
      expect(compiled.test(text, { steps: 0 }), `${source} in ${JSON.stringify(text)}`).toBe(expected !== null)
      expect(compiled.extract(text, { steps: 0 }), `${source} of ${JSON.stringify(text)}`).toBe(expected?.[1])
    }
  }
})

import { expect, test } from 'vitest'
import { matches, parseFilter } from './filter.ts'
import { type Expression, parseExpression } from './filter-parser.ts'
import { StatusError } from './status.ts'

/** An expression in prefix notation. */
function shape(expression: Expression | undefined): string {
  if (!expression) return ''
  if (expression.type === 'text') return expression.value.text
  if (expression.type === 'and' || expression.type === 'or') return `(${expression.type} ${expression.of.map(shape).join(' ')})`
  if (expression.type === 'not') return `(not ${shape(expression.of)})`
  const field = expression.field.map(({ name }) => name).join('/')
  return `(${expression.type === 'call' ? expression.function : expression.operator} ${field} ${expression.value.text})`
}
const parsed = (text: string) => shape(parseExpression(text).expression)

function refusal(text: string) {
  try {
    return `accepted as ${parsed(text)}`
  } catch (error) {
    if (error instanceof StatusError && error.code === 'INVALID_ARGUMENT')
      return error.message.replace('Invalid list filter: ', '')
    throw error
  }
}

test('OR binds tighter than AND, and juxtaposition is AND', () => {
  expect(parsed('a AND b OR c')).toBe('(and a (or b c))')
  expect(parsed('a OR b AND c')).toBe('(and (or a b) c)')
  expect(parsed('New York Giants OR Yankees')).toBe('(and New York (or Giants Yankees))')
  expect(parsed('a b AND c AND d')).toBe('(and a b c d)')
  expect(parsed('"a" OR NOT "b" AND NOT "c" OR "d"')).toBe('(and (or a (not b)) (or (not c) d))')
  expect(parsed('a\nb\r\n\tc')).toBe('(and a b c)')
})

test('parentheses group, and nest in composites of values', () => {
  expect(parsed('((a)) AND (b c OR (d))')).toBe('(and a b (or c d))')
  expect(parsed('(a AND b) OR c')).toBe('(or (and a b) c)')
  expect(parsed('(a=1)AND(b=2)')).toBe('(and (= a 1) (= b 2))')
  expect(parsed('resource.type = ("gae_app" OR "gce_instance")')).toBe(
    '(or (= resource/type gae_app) (= resource/type gce_instance))',
  )
  expect(parsed('a:(x AND (y OR NOT z)) b')).toBe('(and (: a x) (or (: a y) (not (: a z))) b)')
})

test('NOT and - negate one term', () => {
  expect(parsed('NOT (a OR b)')).toBe('(not (or a b))')
  expect(parsed('NOT(a)')).toBe('(not a)')
  expect(parsed('-file:".java"')).toBe('(not (: file .java))')
  expect(parsed('-a OR -b -30')).toBe('(and (or (not a) (not b)) (not 30))')
  expect(parsed('a=-30 AND -(b=c)')).toBe('(and (= a -30) (not (= b c)))')
  expect(parsed('x-y NOTa')).toBe('(and x-y NOTa)')
})

test('keywords are upper case and only whole words', () => {
  expect(parsed('a and b or c not d')).toBe('(and a and b or c not d)')
  expect(parsed('ANDROID ORacle "AND"')).toBe('(and ANDROID ORacle AND)')
  expect(parsed('a.OR="x" b.NOT.AND:y')).toBe('(and (= a/OR x) (: b/NOT/AND y))')
})

test('comparators need no white space, fields traverse with quotes where needed, values may be bare', () => {
  expect(parsed('a=1 b != 2 c<3 d<=4 e>5 f>=6 g:7')).toBe('(and (= a 1) (!= b 2) (< c 3) (<= d 4) (> e 5) (>= f 6) (: g 7))')
  expect(parsed(`labels."a.b/c"='d e' "x y".z=1`)).toBe('(and (= labels/a.b/c d e) (= x y/z 1))')
  expect(parsed('t>2012-04-21T11:30:00.5-04:00 p=com.google u=https://x/y@sha256:a%2Fb')).toBe(
    '(and (> t 2012-04-21T11:30:00.5-04:00) (= p com.google) (= u https://x/y@sha256:a%2Fb))',
  )
  expect(parsed('2.5 a.b.c größe="ü"')).toBe('(and 2.5 a.b.c (= größe ü))')
})

test('a syntax error names the token and its position', () => {
  expect(refusal('a=1 AND )')).toBe('unexpected ")", expected a field or a value, at position 9')
  expect(refusal('kind=')).toBe('unexpected end, expected a value, at position 6')
  expect(refusal('name = "abc')).toBe('unterminated string at position 8')
  expect(refusal('a=1)')).toBe('unexpected ")", expected the end, at position 4')
  expect(refusal('a=(b OR c')).toBe('unexpected end, expected ")", at position 10')
  expect(refusal('a = AND')).toBe('unexpected "AND", expected a value, at position 5')
  expect(refusal('"\\q"')).toBe('invalid escape sequence in a string at position 2')
  expect(refusal(`(${'x'.repeat(50)},`)).toContain('unexpected ","')
})

test('what does not follow the grammar is refused', () => {
  const malformed = [
    '()',
    '(',
    'AND',
    'a AND',
    'a AND AND b',
    'OR a',
    'a OR',
    'a OR OR b',
    'NOT',
    '-',
    '- a',
    'NOT NOT a',
    '--a',
    'NOT -a',
    '-- comment',
    '=',
    '=1',
    'a==b',
    'a=b=c',
    'a=<b',
    'a>=>b',
    'a,b',
    'a.',
    '.a',
    'a..b',
    'a. b',
    'a=b(c)',
    'a="b"c',
    '"a""b"',
    'a"b"',
    '"a"(b)',
    'a=b"c"',
    'a::b',
    'a\\b',
    'a=\\b',
    'a!',
    '(a',
    'a)',
    '(a))',
    'AND=1',
    'a=NOT b',
    "'",
    '"\\',
    '"\\x4"',
    '"\\u12"',
    'a=()',
    'a=(b=c)',
    'a=(b',
    '(a).b',
    '(a)=b',
  ]
  expect(malformed.filter((text) => refusal(text).startsWith('accepted'))).toEqual([])
})

test('what the emulator does not have is refused by name', () => {
  expect(refusal('a=1 regex(m.key, "x")')).toBe('unsupported function "regex" at position 5')
  expect(refusal('math.mem("30mb")')).toBe('unsupported function "math.mem" at position 1')
  expect(refusal('SEARCH("x")')).toBe('unsupported function "SEARCH" at position 1')
  expect(refusal('textPayload =~ "x"')).toBe('unsupported operator "=~" at position 13')
  expect(refusal('textPayload!~"x"')).toBe('unsupported operator "!~" at position 12')
  expect(refusal('a != (b OR c)')).toBe('operator "!=" takes a single value at position 6')
  expect(refusal('x AND e[0].foo = 42')).toBe('invalid field name "e[0]" at position 7')
  expect(refusal('a.*="x"')).toBe('invalid field name "*" at position 1')
})

test('has_prefix and has_suffix take a field and a string', () => {
  expect(parsed('has_prefix(a.b,"x") has_suffix( c , y )')).toBe('(and (has_prefix a/b x) (has_suffix c y))')
  const calls = [
    'has_prefix()',
    'has_prefix(a)',
    'has_prefix(a,)',
    'has_prefix(a,"b","c")',
    'has_prefix(a "b")',
    'has_prefix(a,"b"',
    'has_prefix(a,b(c))',
  ]
  expect(calls.map(refusal).filter((message) => !message.startsWith('unexpected'))).toEqual([])
  expect(refusal('has_prefix(a, b) = c')).toContain('unexpected "="')
})

test('a filter is at most 64 KiB long and 100 parentheses deep', () => {
  expect(refusal('é'.repeat(40_000))).toBe('longer than 65536 bytes')
  expect(refusal('"'.padEnd(65_536, '(').concat('"'))).toBe('longer than 65536 bytes')
  expect(parsed(`${'('.repeat(100)}a${')'.repeat(100)}`)).toBe('a')
  expect(refusal('('.repeat(101))).toBe('parentheses nested deeper than 100 at position 101')
  expect(refusal('a=('.repeat(20_000))).toContain('unexpected "="')
  expect(refusal('NOT('.repeat(16_000))).toContain('nested deeper than 100')
  expect(parsed('(a) '.repeat(500))).toContain('(and a a a')
  expect(matches(parseFilter('a.'.repeat(32_000).concat('a=1')), { a: { a: 1 } })).toBe(false)
})

test('a filter has at most 500 terms and wildcards, whatever joins them', () => {
  const most = [
    Array(500).fill('a').join(' OR '),
    `x=(${Array(500).fill('a').join(' OR ')})`,
    Array(250).fill('NOT a=b AND -has_prefix(a, b)').join(' '),
    `a="${'*x'.repeat(499)}"`,
    '*x'.repeat(249).concat(' ', '*x'.repeat(249)),
  ]
  expect(most.map(refusal).filter((message) => !message.startsWith('accepted'))).toEqual([])
  expect(most.map((text) => refusal(`${text} a`))).toEqual(
    most.map((text) => `more than 500 terms and wildcards at position ${text.length + 2}`),
  )
  expect(refusal(`a="${'*x'.repeat(30_000)}*z"`)).toBe('a value of more than 2048 characters at position 3')
})

test('a value has at most 2,048 characters', () => {
  const filters = (size: number) => {
    const long = 'x'.repeat(size)
    return [long, `a=${long}`, `a:"${long}"`, `a=(b OR ${long})`, `has_suffix(a, ${long})`, `${'a.'.repeat(20)}${long.slice(40)}`]
  }
  expect(
    filters(2048)
      .map(refusal)
      .filter((message) => !message.startsWith('accepted')),
  ).toEqual([])
  for (const message of filters(2049).map(refusal)) expect(message).toContain('a value of more than 2048 characters at position')
})

import { expect, test } from 'vitest'
import { type FilterOptions, matches, parseFilter } from './filter.ts'
import { filterValue, glob, instant, jsonName } from './filter-values.ts'

/** The filters of the list that match. */
const matching = (filters: string[], resource: unknown, options?: FilterOptions) =>
  filters.filter((text) => matches(parseFilter(text), resource, options))

function expectMatches(resource: unknown, yes: string[], no: string[], options?: FilterOptions) {
  expect(matching([...yes, ...no], resource, options)).toEqual(yes)
}

test('numbers and int64 strings are compared by value, without loss of digits', () => {
  expectMatches(
    { count: 5, ratio: 2.5, big: '9007199254740993', negative: '-10', large: 1e21 },
    [
      'count=5',
      'count="5"',
      'count=5.0',
      'count>4',
      'count>=5',
      'count<10',
      'count!=6',
      'ratio=2.50',
      'ratio<2.997e9',
      'ratio>.5',
      'big=9007199254740993',
      'big>9007199254740992',
      'big!=9007199254740992',
      'big>10',
      'negative<-9',
      'negative=-10',
      'large>1e20',
      'negative=(-10 OR -11)',
      'big=(1 OR "9007199254740993")',
      'count!=abc',
      'NOT count>abc',
    ],
    [
      'count=6',
      'count>5',
      'count=abc',
      'count>abc',
      'count<abc',
      'count="5*"',
      'big=9007199254740992',
      'big<10',
      'negative>-9',
      'large<1',
      'negative=(-11 OR -12)',
    ],
  )
})

test('quoted text is not a number: a tag 1.10 is not the tag 1.1', () => {
  expectMatches({ tag: '1.10', id: '100' }, ['tag="1.10"', 'id=100', 'id=1e2'], ['tag="1.1"', 'tag=1.1', 'id="1e2"', 'id="0100"'])
})

test('timestamps are instants, at any offset, with nanoseconds and in the shortened forms of the documentation', () => {
  expectMatches(
    { createTime: '2019-04-10T12:00:00.000000001Z', updateTime: '2019-04-11T00:00:00Z' },
    [
      'createTime>"2019-04-10T"',
      'create_time>"2019-04-10"',
      'createTime>2019-04-10T12:00:00Z',
      'createTime<2019-04-10T12:01',
      'createTime="2019-04-10T14:00:00.000000001+02:00"',
      'updateTime=2019-04-11',
      'updateTime="2019-04-10T20:00:00-04:00"',
      'createTime<2019-04-10T12:00:00.000000002Z',
      'updateTime="2019-04-11*"',
      'createTime!=2019-04-10T12:00:00Z',
    ],
    [
      'createTime<"2019-04-10T"',
      'createTime>"2019-04-11"',
      'createTime>2019-04-10T11:00:01-01:00',
      'createTime=soon',
      'updateTime>2019-04-11',
    ],
  )
})

test('a timestamp ordered against what is not a time is INVALID_ARGUMENT', () => {
  const run = (text: string) => () => matches(parseFilter(text), { createTime: '2019-04-10T12:00:00Z' })
  expect(run('createTime>yesterday')).toThrow('field "createTime" is a timestamp and "yesterday" is not')
  expect(run('createTime>"2019-02-30"')).toThrow('"2019-02-30"')
})

test('instant reads times and refuses dates that do not exist', () => {
  expect(instant('1970-01-01T00:00:01.5Z')).toBe(1_500_000_000n)
  expect(instant('1969-12-31T23:59:59.999999999Z')).toBe(-1n)
  expect(instant('0001-01-01T00:00:00Z')).toBe(-62_135_596_800_000_000_000n)
  expect(instant('1970-01-01T01:00:00+01:00')).toBe(0n)
  expect(instant('1970-01-01t00:00:00z')).toBe(0n)
  const none = [
    '2019-02-29',
    '2019-13-01',
    '2019-01-01T24:00:00Z',
    '2019-01-01T00:60:00Z',
    '2019-01-01T00:00:00+24:00',
    '2019',
    '',
  ]
  expect(none.filter((text) => instant(text) !== undefined)).toEqual([])
})

test('durations are compared as seconds', () => {
  expectMatches(
    { ttl: '3.5s', wait: '100s' },
    ['ttl=3.5s', 'ttl="3.500s"', 'ttl>3s', 'ttl<20s', 'wait>20s', 'wait>20', 'wait>=100s', 'ttl!=3s'],
    ['ttl=3s', 'ttl>10s', 'wait<20s', 'wait<20', 'ttl>abc', 'ttl<abc'],
  )
})

test('booleans are true and false and have no order', () => {
  expectMatches(
    { on: true, off: false },
    ['on=true', 'off=false', 'on:true', 'off!=true', 'off:*'],
    ['on=1', 'on=TRUE', 'on>false', 'off=true'],
  )
})

test('strings are ordered as text and equal with * for anything, unless it is escaped', () => {
  expectMatches(
    { name: 'a.foo', star: 'a*b', quote: 'say "hi"\n', upper: 'Foo' },
    [
      'name="*.foo"',
      'name=a*',
      'name="*"',
      'name="a*o"',
      'name=*.f*',
      'name>"a"',
      'name<b',
      'star="a\\*b"',
      'star!="a\\*"',
      'name!="*.bar"',
      'quote="say \\"hi\\"\\n"',
      `quote='say "hi"\\x0a'`,
      'upper="\\u0046oo"',
      'name:a.*',
    ],
    ['name="*.bar"', 'name=b*', 'name="*foo.*"', 'name="a.foo*o"', 'name="\\*"', 'name!="*"', 'upper=foo', 'upper=F'],
  )
  expectMatches({ upper: 'Foo' }, ['upper=foo', 'upper=F*', 'upper>"FON"', 'upper:FOO'], ['upper!=FOO', 'upper:o'], {
    caseInsensitive: true,
  })
})

test('the has operator finds keys of maps, fields of messages and elements of repeated fields', () => {
  const resource = {
    labels: { env: 'prod', empty: '', 'a/b.c': 'x', under_score: '1' },
    config: { fieldName: 'v', list: [], unset: null, nested: {} },
    r: [1, 42],
    items: [
      { foo: 42, tags: ['p'] },
      { foo: 7, tags: ['q', 'r'] },
    ],
  }
  expectMatches(
    resource,
    [
      'labels:env',
      'labels.env:*',
      'labels.env:prod',
      'labels.empty:*',
      'labels:"a/b.c"',
      'labels."a/b.c":*',
      'labels:un*',
      'labels.under_score=1',
      'config:field_name',
      'config.field_name:v',
      'config.nested:*',
      'config:*',
      'r:42',
      'r:*',
      'items.foo:42',
      'items.tags:q',
      'items:foo',

      '-labels:nope',
      'r=42',
      'r!=43',
      'items.foo=7',
      'items.foo>40',
      'items.tags="p"',
      'items.foo!=1',
      'labels.env:(dev OR prod)',
    ],
    [
      'labels:nope',
      'labels.nope:*',
      'labels.env:dev',
      'labels:prod',
      'config.list:*',
      'config.unset:*',
      'config:list',
      'config:"field_name"',
      'r:43',
      'r!=42',
      'items.foo!=7',
      'items.foo:1',
      'items.0.foo=42',
      'labels=env',
      'labels="env"',
      'labels."under_score":2',
    ],
  )
})

test('on a missing field != is true and every other operator is false', () => {
  expectMatches(
    { a: {} },
    ['x!=1', 'a.b!="c"', 'a.b.c!="*"', 'NOT x=1', 'NOT x<1', '-x:*'],
    ['x=1', 'x<1', 'x<=1', 'x>1', 'x>=1', 'x:1', 'x:*', 'x=*', 'x=""', 'a.b=c', 'x=false'],
  )
})

test('glob finds pieces in order and needs no more than one pass', () => {
  expect(glob(['ab', '', 'ba'], 'abba')).toBe(true)
  expect(glob(['ab', 'ba'], 'aba')).toBe(false)
  expect(glob(['a', 'b', 'c'], 'abbc')).toBe(true)
  expect(glob(['a', 'b', 'b'], 'ab')).toBe(false)
  expect(glob(['', 'a', 'a', ''], 'a')).toBe(false)
  expect(glob(Array(10_000).fill('a'), 'a'.repeat(20_000))).toBe(true)
  expect(glob([...Array(10_000).fill('a'), 'b'], 'a'.repeat(20_000))).toBe(false)
})

test('what resources are compared with is made once for a value', () => {
  expect(filterValue(['A_b', ''], true)).toEqual({
    text: 'A_b*',
    pieces: ['A_b', ''],
    quoted: true,
    folded: { text: 'a_b*', pieces: ['a_b', ''] },
    anywhere: ['', 'a_b', '', ''],
    jsonName: 'AB*',
  })
})

test('jsonName spells a field as ProtoJSON does', () => {
  expect(['resource_url', 'resourceUrl', 'sha_256_digest', 'name'].map(jsonName)).toEqual([
    'resourceUrl',
    'resourceUrl',
    'sha256Digest',
    'name',
  ])
})

// What is refused, and what a query tells of the entries that it can find.
import { expect, test } from 'vitest'
import { parseQuery } from './query.ts'

test.each([
  ['severity==ERROR', "syntax error at line 1, column 9, token '='"],
  ['timestamp>=2026-06-12T03:23:45Z', "syntax error at line 1, column 24, token ':'"],
  ['insertId = abc:def', "syntax error at line 1, column 14, token ':'"],
  ['insertId = a*', "syntax error at line 1, column 12, token '*'"],
  ['insertId = *', "syntax error at line 1, column 11, token '*'"],
  ['insertId = -a', "syntax error at line 1, column 11, token '-'"],
  ['insertId = +1', "syntax error at line 1, column 11, token '+'"],
  ['insertId =', "syntax error at line 1, column 10, token '<EOF>'"],
  ['insertId <>"a"', "syntax error at line 1, column 10, token '>'"],
  ['a\n  AND', "syntax error at line 2, column 5, token '<EOF>'"],
  ['a\nAND OR b', "syntax error at line 2, column 4, token 'OR'"],
  ['NOT', "syntax error at line 1, column 3, token '<EOF>'"],
  ['OR a', "syntax error at line 1, column 0, token 'OR'"],
  ['(a', "syntax error at line 1, column 2, token '<EOF>'"],
  ['a)', "syntax error at line 1, column 1, token ')'"],
  ['()', "syntax error at line 1, column 1, token ')'"],
  ['foo"bar"', 'syntax error at line 1, column 3, token \'"bar"\''],
  ['"foo', "syntax error at line 1, column 0, token '\"foo'"],
  ['`foo`', "syntax error at line 1, column 0, token '`'"],
  ['labels.', "syntax error at line 1, column 7, token '<EOF>'"],
  ['labels. a=b', "syntax error at line 1, column 8, token 'a'"],
  ['log_id("a"', "syntax error at line 1, column 10, token '<EOF>'"],
  ['log_id("a" "b")', 'syntax error at line 1, column 11, token \'"b"\''],
  ['insertId = log_id("a")', "syntax error at line 1, column 17, token '('"],
  ['logName =~ foo', "regular expressions must begin and end with '\"'. Regex: foo"],
  ['textPayload =~ "("', 'invalid regular expression "(": missing ): ('],
  ['textPayload =~ "a(?=b)"', 'invalid regular expression "a(?=b)": invalid perl operator: (?=b'],
  ['textPayload =~ "(a)\\\\1"', 'invalid regular expression "(a)\\1": invalid escape sequence: \\1'],
  ['timestamp =~ "2026"', '=~ compares text; CAST(…, STRING) makes it of other types.'],
  ['severity > NULL_VALUE', 'NULL_VALUE cannot be compared by >.'],
  ['unknown(a)', 'unknown function "unknown"; functions: cast, ip_in_net, log_id, regexp_extract, sample, search, source.'],
  [
    'constructor(a)',
    'unknown function "constructor"; functions: cast, ip_in_net, log_id, regexp_extract, sample, search, source.',
  ],
  ['log_id("a") = "b"', 'LOG_ID is true or false and cannot be compared.'],
  ['cast(insertId, STRING)', 'CAST makes a value, which must be compared.'],
  ['cast(insertId) = a', 'CAST is used as CAST(FIELD, TYPE) or CAST(FIELD, TYPE, TIMEZONE("ZONE")).'],
  ['cast(insertId, MONEY) = a', 'CAST knows no type MONEY: STRING, INT64, FLOAT64, BOOL, TIMESTAMP, DURATION.'],
  ['cast(timestamp, STRING, TIMEZONE("Mars")) = a', 'CAST knows no time zone "Mars".'],
  ['regexp_extract(insertId, "a") = a', 'the regular expression of REGEXP_EXTRACT must have exactly one capture group.'],
  ['regexp_extract(insertId, "(a)(b)") = a', 'the regular expression of REGEXP_EXTRACT must have exactly one capture group.'],
  ['sample(insertId, 0)', 'the fraction of SAMPLE must be above 0 and at most 1.'],
  ['sample(insertId, 1.5)', 'the fraction of SAMPLE must be above 0 and at most 1.'],
  ['sample(insertId)', 'SAMPLE is used as sample(FIELD, FRACTION).'],
  ['ip_in_net(insertId, "10.1.2.0/33")', 'the subnet of IP_IN_NET must be an IP address or range, as in "10.1.2.0/24".'],
  ['SEARCH("!")', 'SEARCH: the query has no words.'],
  ['SEARCH("`a")', 'SEARCH: a backtick of the query has no other.'],
  ['SEARCH(a)', 'SEARCH is used as SEARCH("QUERY") or SEARCH(FIELD, "QUERY").'],
  ['source(a)', 'SOURCE is used as source(projects/PROJECT_ID).'],
  [`${'('.repeat(101)}a`, 'nested deeper than 100 levels'],
  [`${'NOT '.repeat(101)}a`, 'nested deeper than 100 levels'],
  ['a '.repeat(501), 'more than 500 terms'],
  [`"${'a'.repeat(2049)}"`, 'a value has more than 2048 characters'],
])('%s is refused: %s', (query, message) => {
  expect(() => parseQuery(query)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `Unparseable filter: ${message}` }),
  )
})

test.each(['thud', 'operation.thud', 'textPayload.thud', 'resource.type.thud', 'logName.a', '__proto__', 'constructor.name'])(
  'the field %s, which a log entry does not have, is refused',
  (field) => {
    for (const query of [`${field}=1`, `${field}:*`, `sample(${field}, 1)`, `NOT cast(${field}, STRING)=a`])
      expect(() => parseQuery(query)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `Field not found: '${field}'.` }),
      )
  },
)

test.each([
  ['timestamp>="2020-01-27T 8:05:00Z"', '2020-01-27t 8:05:00z'],
  ['timestamp>="2026-02-30"', '2026-02-30'],
  ['severity>=LOUD', 'loud'],
  ['httpRequest.status=ok', 'ok'],
  ['httpRequest.status>2147483648', '2147483648'],
  ['httpRequest.status>200.5', '200.5'],
  ['httpRequest.latency>1.5', '1.5'],
  ['operation.first=yes', 'yes'],
  ['cast(insertId, INT64)=a', 'a'],
])('%s is refused, because %s is of another type', (query, value) => {
  expect(() => parseQuery(query)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `The value '${value}' is of incorrect type.` }),
  )
})

const STREAMS = ['a k8s_cluster', 'a global', 'b%2Fc global'].map((text) => {
  const [log, resourceType] = text.split(' ')
  return { text, logName: `projects/p/logs/${log}`, resourceType: resourceType! }
})

test.each([
  ['', 'a k8s_cluster, a global, b%2Fc global'],
  ['logName="projects/p/logs/A"', 'a k8s_cluster, a global'],
  ['resource.type=global logName:a', 'a global'],
  ['resource.type=(gce OR GLOBAL)', 'a global, b%2Fc global'],
  ['logName=projects/p/logs/a OR unicorn', 'a k8s_cluster, a global, b%2Fc global'],
  ['(logName=projects/p/logs/a resource.type:k8s) OR log_id("b/c")', 'a k8s_cluster, b%2Fc global'],
  ['NOT log_id("a") unicorn', 'b%2Fc global'],
  ['NOT (log_id("a") unicorn)', 'a k8s_cluster, a global, b%2Fc global'],
  ['NOT (log_id("a") OR unicorn)', 'b%2Fc global'],
  ['logName!=projects/p/logs/a', 'b%2Fc global'],
  ['resource.type !~ "^g"', 'a k8s_cluster'],
  ['source(projects/q)', ''],
  ['resource.labels.x=y', 'a k8s_cluster, a global, b%2Fc global'],
  ['logName:*', 'a k8s_cluster, a global, b%2Fc global'],
])('%s looks at the streams %s alone', (query, streams) => {
  const { canMatch } = parseQuery(query)
  expect(
    STREAMS.filter(canMatch)
      .map(({ text }) => text)
      .join(', '),
  ).toBe(streams)
})

test.each([
  ['unicorn', '', '~'],
  [
    'timestamp>="2026-01-02" a timestamp<"2026-01-03T01:00+01:00"',
    '2026-01-02T00:00:00.000000000Z',
    '2026-01-03T00:00:00.000000000Z',
  ],
  ['timestamp>"2026-01-02" AND timestamp>"2026-01-01"', '2026-01-02T00:00:00.000000000Z', '~'],
  ['timestamp="2026-01-02"', '2026-01-02T00:00:00.000000000Z', '2026-01-02T00:00:00.000000000Z'],
  ['timestamp>"2026-01-02" OR a', '', '~'],
  ['NOT timestamp>"2026-01-02"', '', '~'],
  ['timestamp!="2026-01-02"', '', '~'],
  ['receiveTimestamp>"2026-01-02"', '', '~'],
])('%s looks at times from %s to %s', (query, from, to) => {
  expect(parseQuery(query).times).toEqual({ from, to })
})

test.each([
  ['insertId=a b', 'a'],
  ['insertId="A" OR b', undefined],
  ['insertId:a', undefined],
  ['NOT insertId=a', undefined],
  ['insertId=(a OR b)', undefined],
  ['insertId=(a AND b)', 'a'],
])('%s names the insertId %s', (query, insertId) => {
  expect(parseQuery(query).insertId).toBe(insertId)
})

test('a sample is about as large as its fraction, and always the same', () => {
  const entries = Array.from({ length: 2000 }, (_, index) => ({ insertId: `id-${index}` }))
  const chosen = (fraction: number) => entries.filter((entry) => parseQuery(`sample(insertId, ${fraction})`).matches(entry))
  expect(chosen(0.25).length).toBeGreaterThan(400)
  expect(chosen(0.25).length).toBeLessThan(600)
  const larger = chosen(0.5)
  expect(chosen(0.25).every((entry) => larger.includes(entry))).toBe(true)
})

test.each([
  ['unicorn', '{"textPayload":"a UNICORN"}', true],
  ['unicorn', '{"textPayload":"a horse"}', false],
  ['kilo', '{"textPayload":"\u212Ailo"}', true],
  ['kilo', '{"textPayload":"é"}', true],
  ['unicorn OR horse', '{"textPayload":"a horse"}', true],
  ['unicorn OR severity=ERROR', '{"textPayload":"a horse"}', true],
  ['NOT unicorn', '{"textPayload":"a horse"}', true],
  ['jsonPayload.a=unicorn jsonPayload.b=horse', '{"jsonPayload":{"a":"unicorn"}}', false],
  ['jsonPayload.a=10', '{"jsonPayload":{"a":1e1}}', true],
  ['jsonPayload.a=true', '{"jsonPayload":{"a":"x"}}', true],
  ['"a\\"b"', '{"textPayload":"a\\"b"}', true],
  ['default', '{"textPayload":"x"}', true],
  ['"2026-01-02"', '{"timestamp":"2026-01-02T00:00:00Z"}', true],
  ['severity=default', '{"textPayload":"x"}', true],
  ['cast(severity, STRING)=default', '{"textPayload":"x"}', true],
  ['', '{}', true],
])('%s may find %s: %s', (query, json, may) => {
  expect(parseQuery(query).mayMatch(json)).toBe(may)
})

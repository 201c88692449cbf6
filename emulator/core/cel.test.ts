import { expect, test } from 'vitest'
import { CelError, evaluateCel, holdsCel, parseCel } from './cel.ts'
import { parseTimestamp } from './clock.ts'
import { StatusError } from './status.ts'

const image = (name: string) => ({ image: name })
const resource = {
  name: 'projects/p/locations/l/services/s',
  service: 'run.googleapis.com',
  labels: { env: 'prod' },
  spec: { template: { spec: { containers: [image('europe-west2-docker.pkg.dev/p/r/i@sha256:1'), image('gcr.io/p/i')] } } },
  replicas: 3,
  public: false,
}
// a Friday, 23:30 in London
const request = { time: { kind: 'timestamp', nanos: parseTimestamp('2026-01-02T23:30:15Z') } }
const variables = { resource, request }
const value = (text: string) => evaluateCel(parseCel(text, ['resource', 'request']), variables)

test.each<[string, unknown]>([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['7 / 2', 3],
  ['-7 % 3', -1],
  ['7.0 / 2.5', 2.8],
  ['"a" + "b"', 'ab'],
  ['[1] + [2, 3]', [1, 2, 3]],
  ['{"a": 1}["a"]', 1],
  ['[1, 2][1]', 2],
  ['true ? "yes" : "no"', 'yes'],
  ['1 > 2 ? "a" : 1 < 0 ? "b" : "c"', 'c'],
  ['!false && !!true', true],
  ['false || 1 == 1', true],
  ['true || false && false', true],
  ['null == null', true],
  ['1 == "1"', false],
  ['[1, {"a": [2]}] == [1, {"a": [2]}]', true],
  ['"a" != "b"', true],
  ['"abc" < "abd"', true],
  ['2 >= 2 && 3 > 2 && 1 <= 2', true],
  ['2 in [1, 2]', true],
  ['"env" in resource.labels', true],
  ['"x" in resource.labels', false],
  [String.raw`"\u0041\n\\" == 'A' + "\n" + "\\"`, true],
  [String.raw`"a1".matches(r"^\w\d$")`, true],
  ['matches("production-1", "^(production|test)-[0-9]+$")', true],
  ['resource.name.startsWith("projects/p/") && resource.name.endsWith("/s")', true],
  ['resource.service.contains("googleapis")', true],
  ['resource.labels["env"] == "prod"', true],
  ['resource.replicas == 3 && resource.public == false', true],
  ['size(resource.labels) == 1 && "abc".size() == 3', true],
  ['has(resource.labels) && has(resource.labels.env) && !has(resource.labels.x)', true],
  ['resource.spec.template.spec.containers.exists(c, c.image.startsWith("gcr.io/"))', true],
  ['resource.spec.template.spec.containers.all(c, c.image.startsWith("gcr.io/"))', false],
  ['resource.spec.template.spec.containers.exists_one(c, c.image.contains("@"))', true],
  ['resource.spec.template.spec.containers.filter(c, c.image.contains("@")).size()', 1],
  ['[1, 2].map(n, n * 2)', [2, 4]],
  ['[].all(x, x) && ![].exists(x, x)', true],
  ['resource.labels.exists(key, key == "env")', true],
  ['[[1, 2], [3]].exists(a, a.exists(b, b == 3))', true],
  ['resource.name.extract("services/{service}")', 's'],
  ['resource.name.extract("locations/{location}/")', 'l'],
  ['resource.name.extract("nothing/{x}")', ''],
  ['"ABC".lowerAscii()', 'abc'],
  ['int("42") + int(1.9)', 43],
  ['string(4) + string(true)', '4true'],
  ['request.time < timestamp("2030-01-01T00:00:00Z")', true],
  ['request.time - timestamp("2026-01-02T23:30:00Z") == duration("15s")', true],
  ['timestamp("2026-01-01T00:00:00Z") + duration("47h30m15s") == request.time', true],
  ['duration("1h30m") > duration("5399.5s")', true],
  ['date("2026-01-02") < request.time', true],
  ['request.time.getFullYear() == 2026 && request.time.getMonth() == 0 && request.time.getDate() == 2', true],
  ['request.time.getDayOfMonth() == 1 && request.time.getDayOfWeek() == 5 && request.time.getDayOfYear() == 1', true],
  ['request.time.getHours() == 23 && request.time.getMinutes() == 30 && request.time.getSeconds() == 15', true],
  ['request.time.getHours("Europe/Berlin") == 0 && request.time.getDayOfWeek("Europe/Berlin") == 6', true],
])('%s', (text, expected) => {
  expect(value(text)).toEqual(expected)
})

test.each([
  'resource.nothing == 1',
  'resource.name.x == 1',
  'resource.spec.template.spec.containers[2].image == ""',
  'resource.__proto__ == 1',
  'resource.replicas < "4"',
  '"a" - "b" == ""',
  'request.time + request.time == request.time',
  '1 / 0 == 1',
  'timestamp("tomorrow") < request.time',
  'duration("5 minutes") < duration("1s")',
  '"a".matches("(")',
  'request.time.getHours("Moon/Base") == 1',
  'resource.replicas.startsWith("3")',
  'int("three") == 3',
  '1 in 2',
  'size(3) == 1',
])('%s has no value', (text) => {
  expect(() => value(text)).toThrow(CelError)
})

test('a part that has no value counts only where no other decides', () => {
  expect(value('resource.nothing == 1 || true')).toBe(true)
  expect(value('true || resource.nothing == 1')).toBe(true)
  expect(value('resource.nothing == 1 && false')).toBe(false)
  expect(value('[{}, {"a": 1}].exists(x, x.a == 1)')).toBe(true)
  expect(value('[{}, {"a": 1}].all(x, x.a == 2)')).toBe(false)
  for (const text of ['resource.nothing == 1 || false', 'resource.nothing == 1 && true', '[{}, {"a": 1}].all(x, x.a == 1)'])
    expect(() => value(text), text).toThrow(CelError)
})

test('a condition is true or false, and nothing else', () => {
  const holds = (text: string) => holdsCel(parseCel(text, ['resource']), variables)
  expect(holds('resource.public')).toBe(false)
  for (const text of ['resource.replicas', '"true"', 'null', 'resource.public || 1'])
    expect(() => holds(text), text).toThrow(CelError)
})

test.each<[string, RegExp]>([
  ['', /unexpected the end at position 1/],
  ['1 +', /unexpected the end at position 4/],
  ['resource.', /name of a field/],
  ['(1', /expected "\)"/],
  ['1 2', /unexpected 2 at position 3/],
  ['"open', /position 1/],
  ['resource.name = "x"', /unexpected = at position 15/],
  ['resuorce.name == "x"', /unknown variable resuorce at position 1/],
  ['resource.list.exists(x, y)', /unknown variable y/],
  ['resource.list.exists(x, x == 1) && x == 1', /unknown variable x/],
  ['resource.matchTag("1/env", "prod")', /function matchTag\(\) is not supported/],
  ['resource.constructor("x")', /function constructor\(\) is not supported/],
  ['toString()', /function toString\(\) is not supported/],
  ['startsWith("a", "b")', /function startsWith\(\) is not supported/],
  ['resource.name.startsWith()', /startsWith\(\) takes 1 arguments/],
  ['has(resource)', /has\(\) takes a field/],
  ['['.repeat(200) + ']'.repeat(200), /nested deeper than 100/],
  [`${'!'.repeat(200)}true`, /nested deeper than 100/],
  [`${'1+'.repeat(2000)}1`, /longer than 4000 characters/],
])('%.40s is refused', (text, message) => {
  const refused = () => parseCel(text, ['resource'])
  expect(refused).toThrow(StatusError)
  expect(refused).toThrow(message)
})

test('the longest expression that is taken is evaluated', () => {
  expect(value(`${'1+'.repeat(1999)}1`)).toBe(2000)
})

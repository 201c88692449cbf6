// Requests that are wrong in one way each, made from good ones by chance. All of them must be refused: what an API may take (a number that no
// enum has, a key twice in one JSON object, a string with NUL) is not among them.

import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { isObject } from '../core/json.ts'
import { type GoodRequest, type HttpMessage, httpMessage, type Json } from './good-requests.ts'
import type { Random } from './random.ts'
import { mapKey, rightValue, strangeValues, wrongTexts, wrongValues } from './wrong-values.ts'

/** What must refuse it: the check of the form, the transport before it, the router, or the operation. */
export type Refusal = 'form' | 'transport' | 'router' | 'operation'

export interface MalformedRequest extends HttpMessage {
  what: string
  refusal: Refusal
}

const DEEP = 10_000
const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const WRONG_BODIES = ['7', 'true', '"x"', '[]', '[{}]', 'nope', '{"a":1}}', "{'a':1}", '{"a":01}', '\ufeff{}', '{"a":1,}', 'NaN']
const NO_UTF8 = [Buffer.from('{"a":"\xff"}', 'latin1'), Buffer.from('{"\xed\xa0\x80":1}', 'latin1'), Buffer.from('{}', 'utf16le')]
const BROKEN_ENCODING = ['%', '%zz', '%f', '%ff', '%C3', '%E0%80', '%ED%A0%80', '%u0041']
const UNKNOWN_NAMES = ['noSuchField', '__proto__', 'constructor', 'toString', '', '\0', 'name.first', '[no.such.extension]']
const BAD_PARTS = ['noSuchField', 'a(', ')', 'a)', '/', '(a)', '__proto__', ',,', 'a(b', 'a//b', '(']

/** Fields by their names, with what no operation can make sense of. */
const BAD_VALUES: Record<string, unknown[]> = {
  filter: ['"open', '(', 'name = "a" AND', '= "a"', 'name = (', ')', 'NOT', 'name = "\\', '('.repeat(2000)],
  order_by: ['a b c', 'name up', '-name', 'name;', '\0'],
  page_size: [-1, -(2 ** 31)],
  page_token: ['x', '\0', 'null', '{}', 'WyJhIl0', Buffer.from('["a","AAAAAAAA"]').toString('base64url'), 'A'.repeat(4000)],
  update_mask: [
    'noSuchField',
    'no_such_field',
    '__proto__',
    'constructor.name',

    'a..b',
    '.',
    'a b',
    'ü',
    '\0',
  ],
}
/** Lists of Cloud Logging: `Non-positive values are ignored` (google/logging/v2/logging.proto). */
const NEGATIVE_IGNORED = /^google\.logging\.v2\.(?!.*\/ListLogEntries$)/
/** Lists of organization policies: `currently unsupported and will be ignored` (google/cloud/orgpolicy/v2/orgpolicy.proto; v1 says the same). */
const PAGING_IGNORED = /^google\.cloud\.orgpolicy\.v2\.|\/List(Available)?OrgPolic/
const BAD_IDS = ['a\0b', '\0', 'a/b', 'a b', '..', ' ', 'ü', '\u202e', 'a'.repeat(3000)]

type Path = DescField[]

/** Every field of the message and of what is in it, by one way each: a message is entered only where it is first met. */
function* fieldPaths(message: DescMessage, above: Path = [], seen = new Set<DescMessage>()): Generator<Path> {
  seen.add(message)
  for (const field of message.fields) {
    const path = [...above, field]
    yield path
    if (hasFields(field) && !seen.has(field.message!)) yield* fieldPaths(field.message!, path, seen)
  }
}

/** Is it a message of the API's own? */
const hasFields = ({ message }: DescField) => message !== undefined && !message.typeName.startsWith('google.protobuf.')

/** A copy in which the field has the value under each of `names`, and no other field of its oneof is set: nothing else is wrong. */
function put(target: unknown, path: Path, value: unknown, names = [path.at(-1)!.jsonName]): Json {
  const [field, ...rest] = path
  const { fieldKind, jsonName, oneof } = field!
  const others = (oneof?.fields ?? [field!]).flatMap((one) => [one.name, one.jsonName])
  const kept = Object.entries(isObject(target) ? target : {}).filter(([key]) => !others.includes(key))
  if (rest.length === 0) return Object.fromEntries([...kept, ...names.map((name) => [name, value])])
  const current: any = isObject(target) ? target[jsonName] : undefined
  const below = (at: unknown) => put(at, rest, value, names)
  const [key, entry] = fieldKind === 'map' ? (Object.entries(current ?? {})[0] ?? [mapKey(field as any)]) : []
  const content = fieldKind === 'list' ? [below(current?.[0])] : fieldKind === 'map' ? { [key!]: below(entry) } : below(current)
  return Object.fromEntries([...kept, [jsonName, content]])
}

const nameOf = (path: Path) => path.map(({ name }) => name).join('.')

const inBody = ({ body }: GoodRequest, [field]: Path) => body === '*' || body === field!.name

const bodyOf = (good: GoodRequest, content: string | Buffer): HttpMessage => ({
  ...httpMessage(good, good.request),
  body: content,
})

function withQuery(good: GoodRequest, ...query: string[]): HttpMessage {
  const { path, ...rest } = httpMessage(good, good.request)
  return { ...rest, path: `${path}${path.includes('?') ? '&' : '?'}${query.join('&')}` }
}

type Mutation = (good: GoodRequest, random: Random) => Iterable<[what: string, message: HttpMessage, refusal?: Refusal]>

/** Each field once, in the body or in the query, wherever it belongs. */
const wrongTypes: Mutation = function* (good, { pick }) {
  for (const path of fieldPaths(good.input)) {
    const field = path.at(-1)!
    const what = `wrong type of ${nameOf(path)}`
    if (inBody(good, path)) {
      // a body that is one field has its name in the route
      const name = path.length === 1 && good.body !== '*' ? field.jsonName : pick([field.name, field.jsonName])
      yield [what, httpMessage(good, put(good.request, path, pick(wrongValues(field)), [name]))]
    } else if (path.slice(0, -1).every(({ fieldKind }) => fieldKind === 'message') && wrongTexts(field).length > 0) {
      const { [path[0]!.jsonName]: _, ...request } = good.request
      const name = path.map((part) => pick([part.name, part.jsonName])).join('.')
      yield [what, httpMessage(good, { ...request, [name]: pick(wrongTexts(field)) })]
    }
  }
}

const unknownFields: Mutation = function* (good, { pick }) {
  const unknown = (): [string, unknown] => [pick(UNKNOWN_NAMES), pick([1, null, {}, [], 'x'])]
  yield ['unknown query parameter', withQuery(good, `${encodeURIComponent(pick(UNKNOWN_NAMES))}=x`)]
  if (good.body === '*')
    yield ['unknown field', httpMessage(good, Object.fromEntries([...Object.entries(good.request), unknown()]))]
  for (const path of fieldPaths(good.input)) {
    const field = path.at(-1)!
    if (!hasFields(field) || !inBody(good, path)) continue
    const held = Object.fromEntries([unknown()])
    const value = field.fieldKind === 'list' ? [held] : field.fieldKind === 'map' ? { [mapKey(field)]: held } : held
    yield [`unknown field of ${nameOf(path)}`, httpMessage(good, put(good.request, path, value))]
  }
}

/** A field under both of its names, or twice in the query. */
const twice: Mutation = function* (good, { pick }) {
  for (const path of fieldPaths(good.input)) {
    const field = path.at(-1)!
    const value = rightValue(field)
    if (inBody(good, path)) {
      const isWhole = path.length === 1 && good.body !== '*'
      if (field.name !== field.jsonName && !isWhole)
        yield [`${nameOf(path)} twice`, httpMessage(good, put(good.request, path, value, [field.name, field.jsonName]))]
    } else if (path.length === 1 && !field.message && (field.fieldKind === 'scalar' || field.fieldKind === 'enum')) {
      const { [field.jsonName]: _, ...request } = good.request
      const name = () => pick([field.name, field.jsonName])
      yield [`${field.name} twice`, withQuery({ ...good, request }, `${name()}=${value}`, `${name()}=${value}`)]
    }
  }
}

const bodies: Mutation = function* (good, { below, pick }) {
  const text = httpMessage(good, good.request).body?.toString() ?? ''
  const whole = text.length > 2 ? text : '{"a":{"b":["c"]}}'
  for (const _ of [1, 2]) yield ['JSON that is cut short', bodyOf(good, whole.slice(0, 1 + below(whole.length - 1)))]
  for (const _ of [1, 2]) yield ['a body that is no message', bodyOf(good, pick(WRONG_BODIES))]
  yield ['a body that is no UTF-8', bodyOf(good, pick(NO_UTF8))]
  const [open, close] = pick([
    ['{"a":', '}'],
    ['[', ']'],
    ['{"a":[', ']}'],
    ['{"policy":', ''],
  ] as const)
  yield [`a body ${DEEP} levels deep`, bodyOf(good, `${open.repeat(DEEP)}1${close.repeat(DEEP)}`)]
}

const targets: Mutation = function* (good, { pick }) {
  const segments = good.path.split('/')
  const change = (index: number, to: (id: string) => string): HttpMessage => {
    const path = segments.map((segment, at) => (at === index ? to(segment) : segment)).join('/')
    return httpMessage({ ...good, path }, good.request)
  }
  if (good.variable.length > 0) {
    const [index, broken] = [pick(good.variable), pick(BROKEN_ENCODING)]
    yield ['broken percent-encoding of the path', change(index, (id) => id.replace(/:|$/, (end) => broken + end)), 'transport']
    yield ['NUL in the path', change(pick(good.variable), (id) => `%00${id}`), 'transport']
  }
  yield [
    'broken percent-encoding of the query',
    withQuery(good, `${pick(['key', 'quotaUser'])}=${pick(BROKEN_ENCODING)}`),
    'transport',
  ]
  yield ['bad fields', withQuery(good, `fields=${encodeURIComponent(pick(BAD_PARTS))}`), 'transport']
}

const isIgnored = ({ name }: DescField, { rpc }: GoodRequest) =>
  (name === 'page_size' && NEGATIVE_IGNORED.test(rpc)) || (/^page_(size|token)$/.test(name) && PAGING_IGNORED.test(rpc))

/** Values of the right type that no operation can take. */
const senseless: Mutation = function* (good, { pick }) {
  for (const field of good.input.fields) {
    const values = BAD_VALUES[field.name] ?? (field.jsonName in good.request && field.name.endsWith('_id') ? BAD_IDS : undefined)
    if (!values || field.fieldKind === 'list' || isIgnored(field, good)) continue
    for (const value of [pick(values), pick(values)])
      yield [`bad ${field.name}`, httpMessage(good, put(good.request, [field], value)), 'operation']
  }
}

const MUTATIONS: Mutation[] = [wrongTypes, unknownFields, twice, bodies, targets, senseless]

/** Everything that can be wrong with a request of this row of the route table. */
export function malformedRequests(good: GoodRequest, random: Random): MalformedRequest[] {
  return MUTATIONS.flatMap((mutation) =>
    [...mutation(good, random)].map(([what, message, refusal = 'form']) => ({ what, refusal, ...message })),
  )
}

/** The request with something strange in each of its fields, which may be good or bad. What it creates has an id of its own. */
export function strangeRequests(good: GoodRequest, { pick }: Random): HttpMessage[] {
  return [...fieldPaths(good.input)].flatMap((path, index) => {
    const request = Object.fromEntries(
      Object.entries(good.request).map(([key, value]) => [key, value === 'new-id' ? `new-id-${index}` : value]),
    )
    const isPlain = inBody(good, path) || (path.length === 1 && path[0]!.fieldKind !== 'map' && !hasFields(path[0]!))
    const message = httpMessage(good, put(request, path, pick(strangeValues(path.at(-1)!))))
    return isPlain && message.path.length < 10_000 ? [message] : []
  })
}

/** The path with each HTTP method that no row of the table has for it. */
export function wrongMethods(good: GoodRequest, all: readonly GoodRequest[]): MalformedRequest[] {
  const path = good.path
  const taken = all.filter(({ template }) => expression(template).test(path)).map(({ httpMethod }) => httpMethod)
  return HTTP_METHODS.filter((method) => !taken.includes(method)).map((method) => ({
    what: 'wrong method',
    refusal: 'router',
    method,
    path,
  }))
}

/** What paths a template has, at least: written apart from the router, which is what is tested. */
const expression = (template: string) =>
  new RegExp(
    `^${template
      .replace(/\{[^=}]+(?:=([^}]+))?\}/g, (_, pattern = '*') => pattern)
      .replace(/\*+/g, (stars: string) => (stars === '**' ? '.+' : '[^/]+'))}$`,
  )

// Malformed requests of what is no RPC: the webhook of admission, which refuses in the form of Kubernetes, and all below /_emulator/.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SERVICES } from '../../services.ts'
import { type EveryMethod, isGoogleError, type RawAnswer, startEveryMethod } from '../../testing/every-method.ts'

const WEBHOOK = '/admission/projects/my-app-prod/locations/europe-west2/clusters/prod'
const IMAGE = `europe-west2-docker.pkg.dev/my-app-prod/images/app@sha256:${'0'.repeat(64)}`

const ROUTES = [
  ...SERVICES.flatMap(({ routes = [] }) => routes),
  { method: 'GET', path: '/_emulator/healthz' },
  { method: 'GET', path: '/_emulator/readyz' },
  { method: 'GET', path: '/_emulator/openapi/{file}' },
  { method: 'POST', path: '/_emulator/reset' },
].map(({ method, path }) => ({ method, path, good: path.replace('{project}', 'my-app-prod').replace(/\{\w+\}/g, 'some-id') }))

let emulator: EveryMethod
beforeAll(async () => {
  emulator = await startEveryMethod()
}, 60_000)
afterAll(() => emulator.close())

/** Is it a failure as the API server reads one (meta/v1 Status)? */
function isStatus({ status, type, text }: RawAnswer): boolean {
  if (!type.startsWith('application/json')) return false
  const { kind, apiVersion, status: outcome, code, message } = JSON.parse(text)
  return kind === 'Status' && apiVersion === 'v1' && outcome === 'Failure' && code === status && message !== ''
}

/** Is it an error of an OAuth 2.0 endpoint (RFC 6749, section 5.2)? */
const isOAuthError = ({ type, text }: RawAnswer) =>
  type.startsWith('application/json') && typeof JSON.parse(text).error_description === 'string'

const post = (path: string, body: string | Buffer) => emulator.send({ method: 'POST', path, body })

test.each(ROUTES)('$method $path has no other method, and no path that is no text', async ({ path, good }) => {
  const taken = ROUTES.filter((route) => route.path === path).map(({ method }) => method)
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !taken.includes(one))) {
    const answer = await emulator.send({ method, path: good })
    expect([answer.status, isGoogleError(answer)], method).toEqual([404, true])
  }
  const segments = path.split('/').flatMap((segment, index) => (segment.startsWith('{') ? [index] : []))
  for (const broken of ['%', '%zz', '%ff', '%C3', '%ED%A0%80', '%00', '%0a', '%7F'])
    for (const target of [...segments.map((index) => good.split('/').with(index, broken).join('/')), `${good}/${broken}`]) {
      const answer = await emulator.send({ method: taken[0]!, path: target })
      expect([answer.status, isGoogleError(answer)], target).toEqual([400, true])
    }
  expect((await emulator.send({ method: taken[0]!, path: `${good}?project=%ff` })).status).toBe(400)
})

const DEEP = 10_000
const NO_JSON: [what: string, body: string | Buffer][] = [
  ['cut short', '{"kind": "AdmissionReview", "request": {"uid": "1"'],
  ['levels', `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`],
  ['lists', '['.repeat(DEEP)],
  ['no UTF-8', Buffer.from('{"kind":"\xff"}', 'latin1')],
  ['half a character', '{"kind":"\\ud800"}'],
  ['text', 'AdmissionReview'],
  ['two values', '{}{}'],
  ['a form', 'kind=AdmissionReview'],
]

test.each(NO_JSON)('a body that is no JSON is refused by every route that takes one: %s', async (_, body) => {
  for (const { good, path } of ROUTES.filter(({ method }) => method === 'POST')) {
    const answer = await post(good, body)
    const isRefusal = path.startsWith('/admission/')
      ? isStatus
      : JSON.parse(answer.text).error_description
        ? isOAuthError
        : isGoogleError
    expect([answer.status, isRefusal(answer)], path).toEqual([400, true])
  }
})

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    subResource: '',
    name: 'app',
    namespace: 'default',
    operation: 'CREATE',
    object: {
      metadata: { name: 'app', namespace: 'default', labels: {}, annotations: {} },
      spec: { serviceAccountName: 'default', initContainers: [], containers: [{ name: 'app', image: IMAGE }] },
    },
  },
}

const imageReview = {
  apiVersion: 'imagepolicy.k8s.io/v1alpha1',
  kind: 'ImageReview',
  spec: { containers: [{ image: IMAGE }], annotations: {}, namespace: 'default' },
}

/** Copies in which one value each is of another type. */
function* misshapen(value: any, where = ''): Generator<[where: string, value: unknown]> {
  for (const other of [undefined, null, 7, true, 'x', [], {}, [[]], [7], { a: 7 }])
    if (typeof other !== typeof value || Array.isArray(other) !== Array.isArray(value))
      yield [`${where} is ${JSON.stringify(other)}`, other]
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value))
    for (const [place, changed] of misshapen(value[key], `${where}.${key}`))
      yield [place, Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }]
}

test.each([
  ['AdmissionReview', review],
  ['ImageReview', imageReview],
])('%s: one that is misshapen never lets an image pass that is denied', async (_, good) => {
  const whole = await post(WEBHOOK, JSON.stringify(good))
  const { response, status } = JSON.parse(whole.text)
  expect((response ?? status).allowed).toBe(false)
  const passed: string[] = []
  for (const [where, body] of misshapen(good)) {
    const answer = await post(WEBHOOK, JSON.stringify(body) ?? '')
    const { response, status } = JSON.parse(answer.text)
    const denied = answer.status === 200 && (response ?? status).allowed === false
    if (!denied && !(answer.status >= 400 && answer.status < 500 && isStatus(answer))) passed.push(`${where}: ${answer.text}`)
  }
  expect(passed).toEqual([])
})

test('an image that is misshapen is not registered', async () => {
  const image = IMAGE.slice(0, IMAGE.indexOf('@'))
  const good = { image, digest: `sha256:${'1'.repeat(64)}`, tags: ['v1'], uploadTime: '2026-01-02T03:04:05Z' }
  const before = await emulator.readAll('artifactregistry.v1')
  for (const [where, body] of [...misshapen(good), ['an unknown field', { ...good, nope: 1 }] as const]) {
    if (/(tags|uploadTime) is undefined|is null$/.test(where)) continue // they may be left out
    const answer = await post('/_emulator/images', JSON.stringify(body) ?? '')
    expect([answer.status, isGoogleError(answer)], `${where}: ${answer.text}`).toEqual([400, true])
  }
  expect(await emulator.readAll('artifactregistry.v1')).toEqual(before)
  expect((await post('/_emulator/images', JSON.stringify(good))).status).toBe(200)
})

test('decisions are asked for by numbers that are numbers', async () => {
  for (const query of [
    'limit=x',
    'limit=-1',
    'limit=0',
    'limit=1e400',
    'limit=1.5',
    'before=x',
    'before=-1',
    'before=99999999999999999999',
  ])
    expect(isGoogleError(await emulator.send({ method: 'GET', path: `/_emulator/decisions?${query}` })), query).toBe(true)
})

test('after all of this the next good request is answered, and nothing was an internal error', async () => {
  const { text } = await post(WEBHOOK, JSON.stringify(review))
  expect(JSON.parse(text).response).toMatchObject({ uid: review.request.uid, allowed: false })
  expect(emulator.errors).toEqual([])
})

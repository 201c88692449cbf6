import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../core/database.ts'
import { createDispatcher } from '../../core/dispatch.ts'
import { randomIds } from '../../core/ids.ts'
import { rpc } from '../../core/service.ts'
import { testClock } from '../../testing/clock.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { createRouter } from './router.ts'
import { createRestServer } from './server.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
const rings = '/v1/projects/my-app-prod/locations/global/keyRings'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator({ log })
  await emulator.http('POST', `${rings}?keyRingId=r`)
})
afterAll(() => emulator.close())

/** Writes to the socket as it is, and reads until the server closes. */
function raw(url: string, ...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      for (const part of parts) socket.write(part)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

const get = (target: string, host = '127.0.0.1', method = 'GET') =>
  raw(emulator.url, `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

const statusOf = (answer: string) => Number(answer.split(' ')[1])

test('answers are written pretty unless prettyPrint is false, errors too', async () => {
  const text = async (path: string) => (await fetch(emulator.url + path)).text()
  expect(await text(`${rings}/r`)).toMatch(
    /^\{\n {2}"name": "projects\/my-app-prod\/locations\/global\/keyRings\/r",\n {2}"createTime": ".+"\n\}\n$/,
  )
  expect(await text(`${rings}/r?prettyPrint=false`)).toMatch(/^\{"name":"[^ ]+","createTime":"[^ ]+"\}\n$/)
  expect(await text(`${rings}/r?$prettyPrint=False`)).toMatch(/^\{"name":/)
  expect(await text(`${rings}/none?prettyPrint=false`)).toMatch(/^\{"error":\{"code":404,/)
  expect(await text(`${rings}/none`)).toMatch(/^\{\n {2}"error": \{\n {4}"code": 404,/)
})

test('the headers are those of Google', async () => {
  const { headers } = await emulator.http('GET', `${rings}/r`)
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'application/json; charset=UTF-8',
    server: 'ESF',
    vary: 'Origin, X-Origin, Referer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'x-xss-protection': '0',
  })
})

test('an empty body with a JSON content type is no body', async () => {
  expect((await emulator.http('GET', `${rings}/r`)).status).toBe(200)
  expect((await emulator.http('POST', `${rings}?keyRingId=empty`, '')).status).toBe(200)
  expect((await emulator.http('POST', `${rings}?keyRingId=spaces`, ' \n')).status).toBe(200)
  expect((await emulator.http('POST', `${rings}?keyRingId=google-gax`, '""')).status).toBe(200) // as it writes an empty message
})

test('a trailing slash does not count', async () => {
  expect((await emulator.http('POST', `${rings}/?keyRingId=slash`)).status).toBe(200)
  expect((await emulator.http('GET', `${rings}/r/`)).body.name).toMatch(/keyRings\/r$/)
})

test('segments of the path are decoded once; broken percent-encoding is INVALID_ARGUMENT', async () => {
  expect((await emulator.http('GET', `${rings}/%72`)).body.name).toMatch(/keyRings\/r$/)
  const twice = await emulator.http('GET', `${rings}/a%252Fb`)
  expect(twice.body.error.message).toContain('keyRings/a%2Fb')
  for (const broken of ['%', '%zz', '%ff', '%C3']) {
    const { status, body } = await emulator.http('GET', `${rings}/${broken}`)
    expect([status, body.error.status], broken).toEqual([400, 'INVALID_ARGUMENT'])
  }
})

test('the Host header decides the API: a path of another one is not found, in JSON', async () => {
  const path = '/v1/projects/my-app-prod/notes'
  expect(statusOf(await get(path))).toBe(200)
  expect(statusOf(await get(path, 'containeranalysis.googleapis.com'))).toBe(200)
  const refused = await get(path, 'cloudkms.googleapis.com')
  expect(statusOf(refused)).toBe(404)
  expect(JSON.parse(refused.slice(refused.indexOf('\r\n\r\n'))).error).toMatchObject({
    code: 404,
    status: 'NOT_FOUND',
    message: expect.stringContaining('no method of cloudkms.googleapis.com has it for GET'),
  })
  expect(statusOf(await get(`${rings}/r`, 'CloudKMS.googleapis.com:443'))).toBe(200)
})

test('GKE, IAM and Resource Manager v1 give the reason of an error in a list too, to a client that asks for alt=json', async () => {
  const errorOf = async (path: string) => (await emulator.http('GET', path)).body.error
  const clusters = '/v1/projects/my-app-prod/locations/europe-west2/clusters'
  const message = 'Not found: projects/my-app-prod/locations/europe-west2/clusters/x.'
  const plain = { code: 404, message, status: 'NOT_FOUND' }
  expect(await errorOf(`${clusters}/x`)).toEqual(plain)
  expect(await errorOf(`${clusters}/x?alt=json`)).toEqual({
    ...plain,
    errors: [{ message, domain: 'global', reason: 'notFound' }],
  })
  const account = '/v1/projects/my-app-prod/serviceAccounts/x@my-app-prod.iam.gserviceaccount.com?alt=json'
  expect((await errorOf(account)).errors).toEqual([{ message: 'Unknown service account', domain: 'global', reason: 'notFound' }])
  const create = () => emulator.http('POST', '/v1/projects?alt=json', { projectId: 'error-list' })
  await create()
  expect((await create()).body.error.errors).toEqual([
    { message: 'Requested entity already exists', domain: 'global', reason: 'alreadyExists' },
  ])
  expect((await errorOf(`${clusters}?alt=json&nope=1`)).errors[0].reason).toBe('badRequest')
  expect(await errorOf(`${rings}/none?alt=json`)).not.toHaveProperty('errors')
})

test('a wrong HTTP method is not found', async () => {
  for (const [method, path] of [
    ['PUT', rings],
    ['DELETE', `${rings}/r`],
    ['POST', `${rings}/r`],
    ['OPTIONS', rings],
  ] as const)
    expect((await emulator.http(method, path)).status, `${method} ${path}`).toBe(404)
  expect(statusOf(await get('*', '127.0.0.1', 'OPTIONS'))).toBe(404)
  expect((await emulator.http('GET', '/')).status).toBe(404)
  expect((await emulator.http('GET', '//v1/projects')).status).toBe(404)
})

test('HEAD is GET without the body', async () => {
  const [head, whole] = [await get(`${rings}/r`, '127.0.0.1', 'HEAD'), await get(`${rings}/r`)]
  const headersOf = (answer: string) => answer.split('\r\n\r\n')[0]!.replace(/\r\nDate: .*/, '')
  expect(headersOf(head)).toBe(headersOf(whole))
  expect(head.split('\r\n\r\n')[1]).toBe('')
  expect(statusOf(await get(`${rings}/none`, '127.0.0.1', 'HEAD'))).toBe(404)
})

test('X-HTTP-Method-Override turns a POST with a form into a GET with that query', async () => {
  const override = { 'x-http-method-override': 'GET', 'content-type': 'application/x-www-form-urlencoded' }
  const first = await emulator.http('POST', rings, 'pageSize=1&alt=json', override)
  expect(first.body.keyRings).toHaveLength(1)
  expect((await emulator.http('POST', rings, 'pageSize=1&key=%ff', override)).body.error.status).toBe('INVALID_ARGUMENT')
  const unknown = await emulator.http('POST', rings, 'nope=1', override)
  expect(unknown.body.error.message).toContain('Unknown name "nope"')
  expect((await emulator.http('POST', rings, '', { 'x-http-method-override': 'NOPE' })).status).toBe(404)
  const get = await emulator.http('GET', `${rings}/r`, undefined, { 'x-http-method-override': 'DELETE' })
  expect(get.status).toBe(200)
})

test('a system parameter that asks for what is not JSON is refused by name', async () => {
  const { status, body } = await emulator.http('GET', `${rings}/r?alt=proto`)
  expect([status, body.error.status]).toEqual([400, 'UNIMPLEMENTED'])
  expect(body.error.message).toBe('Parameter alt=proto is not supported by binauthz-emulator.')
})

test('fields reduces an answer, as Terraform asks for it; a wrong mask changes nothing', async () => {
  const services = '/v1/projects/my-app-prod/services'
  await emulator.http('POST', `${services}/cloudkms.googleapis.com:enable`, {})
  const list = await emulator.http('GET', `${services}?filter=state:ENABLED&fields=services/name,nextPageToken&pageSize=200`)
  expect(list.body).toEqual({
    services: [{ name: expect.stringMatching(/^projects\/\d+\/services\/cloudkms\.googleapis\.com$/) }],
  })
  expect((await emulator.http('GET', `${rings}/r?$fields=createTime`)).body).toEqual({ createTime: expect.any(String) })
  expect((await emulator.http('GET', `${rings}/r?fields=`)).body).toHaveProperty('name')
  const wrong = await emulator.http('POST', `${rings}?keyRingId=wrong&fields=nope`)
  expect([wrong.status, wrong.body.error.message]).toEqual([400, 'Request contains an invalid argument.'])
  expect((await emulator.http('GET', `${rings}/wrong`)).status).toBe(404)
  expect((await emulator.http('GET', `${rings}/none?fields=name`)).body.error.code).toBe(404)
})

test.each<[string, string | Buffer]>([
  ['10,000 levels', `${'{"a":'.repeat(10_000)}${'}'.repeat(10_000)}`],
  ['10,000 lists', '['.repeat(10_000)],
  ['more than 10 MiB', `{"a":"${'x'.repeat(10 * 1024 * 1024)}"}`],
  ['cut short', '{"policy": {"bindings": ['],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['null', 'null'],
  ['a list', '[{}]'],
  ['a string', '"text"'],
  ['a number', '7'],
  ['a form', 'policy=x'],
])('a body of %s is INVALID_ARGUMENT', async (_, body) => {
  const answer = await fetch(`${emulator.url}${rings}/r:setIamPolicy`, { method: 'POST', body })
  expect(answer.status).toBe(400)
  expect(((await answer.json()) as any).error.status).toBe('INVALID_ARGUMENT')
})

test('garbage instead of HTTP is answered and the connection closed', async () => {
  for (const garbage of [
    Buffer.from([0x00, 0x03, 0x01, 0x02, 0x00, 0x01]),
    'GET\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n',
  ]) {
    const answer = await raw(emulator.url, garbage)
    expect(statusOf(answer), JSON.stringify(garbage.toString())).toBe(400)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).error.message).toBe('The request is not valid HTTP/1.1.')
  }
  const long = await raw(emulator.url, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)
  expect(long).toContain('The request line and the headers are longer than 16384 bytes.')
})

test('a client that goes away in the middle of its body is no error of the emulator', async () => {
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(emulator.url).port), '127.0.0.1', () => {
      socket.write(`POST ${rings}/r:setIamPolicy HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"policy"`, () =>
        socket.destroy(),
      )
    })
    socket.on('close', () => resolve())
  })
  expect((await emulator.http('GET', `${rings}/r`)).status).toBe(200)
  expect(errors).toEqual([])
})

test('after all of this the emulator still answers, and nothing was an internal error', async () => {
  expect((await emulator.http('GET', `${rings}/r`)).status).toBe(200)
  expect(errors).toEqual([])
})

test('an error that is no status is INTERNAL without its message, and is logged', async () => {
  const logged: any[] = []
  const table = JSON.parse(readFileSync(new URL('../../gen/routes.json', import.meta.url), 'utf8'))
  const db = openDatabase(undefined, [{ name: 'core', migrations: new URL('../../core/migrations/', import.meta.url) }])
  const failing = rpc(() => {
    throw new TypeError('secret of the emulator')
  }, 'name')
  const misshapen = rpc(() => ({ nope: 1 }), 'parent')
  const dispatcher = createDispatcher(
    { db, clock: testClock(), ids: randomIds, log, strictProjects: false, isOwnAuthority: () => false },
    [
      {
        name: 'kms',
        apis: { 'cloudkms.v1': { 'google.cloud.kms.v1.KeyManagementService': { GetKeyRing: failing, ListKeyRings: misshapen } } },
      },
    ],
  )
  const unrenderable = { method: 'GET', path: '/unrenderable', run: () => ({ status: 200, body: { big: 1n } }) }
  const server = createRestServer({
    router: createRouter(table, [unrenderable]),
    dispatcher,
    log: { ...log, error: (fields: object) => void logged.push(fields) },
    onAuthority() {},
    isKnownAuthority: () => false,
    principalOf: () => undefined,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const [index, path] of [`${rings}/r`, rings, '/unrenderable'].entries()) {
    const answer = await fetch(url + path)
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({ error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' } })
    expect(logged[index]).toMatchObject({ err: expect.any(Error), method: 'GET', url: path })
  }
  expect(logged[0].err.message).toBe('secret of the emulator')
  expect(logged).toHaveLength(3)
  server.close()
  server.closeAllConnections()
})

test('a body with a key twice in one object is refused, because the two could be read differently', async () => {
  const rule = (evaluationMode: string) =>
    `{"evaluationMode":"${evaluationMode}","enforcementMode":"ENFORCED_BLOCK_AND_AUDIT_LOG"}`
  const twice = `{"defaultAdmissionRule":${rule('ALWAYS_DENY')},"defaultAdmissionRule":${rule('ALWAYS_ALLOW')}}`
  const answer = await emulator.http('PUT', '/v1/projects/twice-project/policy', twice)
  expect(answer.status).toBe(400)
  expect(answer.body.error.message).toBe(
    'Invalid JSON payload received. The key "defaultAdmissionRule" stands twice in one object.',
  )
  expect(
    (await emulator.http('PUT', '/v1/projects/twice-project/policy', `{"defaultAdmissionRule":${rule('ALWAYS_DENY')}}`)).status,
  ).toBe(200)
})

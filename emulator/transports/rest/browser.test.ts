// Raw sockets, because fetch does not let a program write these headers.
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

let emulator: TestEmulator
let own: string
beforeAll(async () => {
  emulator = await startTestEmulator()
  own = new URL(emulator.url).host
})
afterAll(() => emulator.close())

/** The headers follow the request line; `OWN` stands for host and port of the emulator. */
async function send(line: string, ...headers: string[]): Promise<{ status: number; body: any }> {
  const socket = connect(Number(new URL(emulator.url).port), '127.0.0.1')
  const head = [`${line} HTTP/1.1`, ...headers, 'Content-Type: text/plain', 'Content-Length: 0', 'Connection: close']
  socket.write(`${head.join('\r\n').replaceAll('OWN', own)}\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { status: Number(text.split(' ')[1]), body: body && JSON.parse(body) }
}

const foreign = {
  status: 403,
  body: {
    error: {
      code: 403,
      status: 'PERMISSION_DENIED',
      message: expect.stringContaining('only from a page of the emulator itself, at localhost: send it from a program'),
    },
  },
}

const FOREIGN_PAGES: [string, ...string[]][] = [
  ['another site', 'Host: OWN', 'Origin: http://example.com'],
  ['another port of this machine', 'Host: OWN', 'Origin: http://127.0.0.1:1'],
  ['another name of this machine', 'Host: OWN', 'Origin: http://localhost'],
  ['a file or a sandbox', 'Host: OWN', 'Origin: null'],
  ['two sites', 'Host: OWN', 'Origin: http://OWN', 'Origin: http://example.com'],
  ['another site, without Origin', 'Host: OWN', 'Sec-Fetch-Site: cross-site'],
  ['the same site, without Origin', 'Host: OWN', 'Sec-Fetch-Site: same-site'],
  ['a site whose name leads here', 'Host: example.com:9080', 'Origin: http://example.com:9080'],
  ['a site whose name leads here, by https', 'Host: example.com', 'Origin: https://example.com', 'Sec-Fetch-Site: same-origin'],
  ['a name of Google', 'Host: cloudkms.googleapis.com', 'Origin: http://cloudkms.googleapis.com'],
  ['a name that only begins like this machine', 'Host: 127.0.0.1.example.com', 'Origin: http://127.0.0.1.example.com'],
]

test.each(FOREIGN_PAGES)('a page of %s changes nothing, on any path, and uses nothing of /_emulator/', async (_, ...headers) => {
  const ring = '/v1/projects/my-app-prod/locations/global/keyRings'
  for (const [method, path] of [
    ['POST', `${ring}?keyRingId=foreign`],
    ['PUT', '/v1/projects/my-app-prod/policy'],
    ['PATCH', '/v1/projects/my-app-prod/notes/n'],
    ['DELETE', '/v1/projects/my-app-prod/notes/n'],
    ['POST', '/admission/projects/my-app-prod/locations/us-central1/clusters/prod'],
    ['POST', '/nowhere'],
    ['POST', '/_emulator/reset'],
    ['GET', '/_emulator/decisions'],
    ['GET', '/_emulator/readyz'],
  ])
    expect(await send(`${method} ${path}`, ...headers), `${method} ${path}`).toEqual(foreign)
  expect((await send(`HEAD /_emulator/readyz`, ...headers)).status).toBe(403)
  expect(await send(`POST ${ring}?keyRingId=foreign`, ...headers, 'X-HTTP-Method-Override: GET')).toEqual(foreign)
  expect((await emulator.http('GET', `${ring}/foreign`)).status).toBe(404)
})

test('what a page of another site asks for has no CORS headers, so that it cannot read the answer', async () => {
  const answer = await emulator.http('GET', '/v1/projects/my-app-prod/notes', undefined, { 'sec-fetch-site': 'cross-site' })
  expect(answer.status).toBe(200)
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
})

test("the emulator's own pages, at localhost, may do everything", async () => {
  const pages = [
    ['Host: OWN', 'Origin: http://OWN', 'Sec-Fetch-Site: same-origin'],
    ['Host: OWN', 'Sec-Fetch-Site: same-origin'],
    ['Host: OWN', 'Sec-Fetch-Site: none'],
    ['Host: localhost:9080', 'Origin: http://localhost:9080'],
    ['Host: LOCALHOST', 'Origin: https://localhost', 'Sec-Fetch-Site: same-origin'],
    ['Host: [::1]:9080', 'Origin: http://[::1]:9080'],
  ]
  for (const headers of pages) {
    expect((await send('GET /_emulator/readyz', ...headers)).status, headers.join()).toBe(200)
    expect((await send('POST /_emulator/reset', ...headers)).status, headers.join()).toBe(200)
    expect((await send('POST /v1/projects/my-app-prod/locations/global/keyRings?keyRingId=r', ...headers)).status).toBe(200)
  }
})

test.each([
  'OWN',
  'localhost:9080',
  'localhost.:9080',
  'emulator:9080',
  'host.docker.internal:9080',
  'emulator.default.svc.cluster.local',
  'console.localhost',
  '192.0.2.7:9080',
  '[2001:db8::7]:9080',
  'binaryauthorization.googleapis.com',
  '',
])('a program reaches /_emulator/ by the name %j', async (host) => {
  expect((await send('POST /_emulator/reset', `Host: ${host}`)).status).toBe(200)
  expect((await send(`GET /_emulator/readyz`, `Host: ${host}`)).status).toBe(200)
})

test.each([
  'example.com:9080',
  'EXAMPLE.com',
  'example.com.',
  '127.0.0.1.example.com',
  'googleapis.com.example.com',
  'xgoogleapis.com',
])('by the public name %s, which may lead here from a page of that site, nobody reaches /_emulator/', async (host) => {
  for (const line of ['GET /_emulator/decisions', 'POST /_emulator/reset'])
    expect(await send(line, `Host: ${host}`), line).toMatchObject({
      status: 403,
      body: { error: { status: 'PERMISSION_DENIED', message: expect.stringContaining('is not served under the public name "') } },
    })
  expect((await send('GET /v1/projects/my-app-prod/notes', `Host: ${host}`)).status).toBe(200)
  expect((await send('POST /v1/projects/my-app-prod/notes?noteId=n', `Host: ${host}`)).status).toBe(400)
})

test('in a request line in absolute form the host of that line counts', async () => {
  expect((await send('POST http://OWN/_emulator/reset', 'Host: example.com', 'Origin: http://OWN')).status).toBe(200)
  expect(await send('POST http://OWN/_emulator/reset', 'Host: OWN', 'Origin: http://example.com')).toEqual(foreign)
})

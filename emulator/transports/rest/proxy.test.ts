// Raw sockets, because a client library would write its own request line.
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
const rings = '/v1/projects/my-app-prod/locations/global/keyRings'

let emulator: TestEmulator
let port: number
beforeAll(async () => {
  emulator = await startTestEmulator({ log })
  port = Number(new URL(emulator.url).port)
})
afterAll(() => emulator.close())

interface RawAnswer {
  line: string
  status: number
  body: any
}

const open = () => connect(port, '127.0.0.1')

/** All that comes until the server closes. */
async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function send(head: string, body = ''): Promise<RawAnswer> {
  const socket = open()
  socket.write(`${head}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  const text = await read(socket)
  const line = text.slice(0, text.indexOf('\r\n'))
  return { line, status: Number(line.split(' ')[1]), body: JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) }
}

const get = (target: string, host = 'anything') => send(`GET ${target} HTTP/1.1\r\nHost: ${host}`)

const refusal = (host: string) => ({
  error: {
    code: 403,
    status: 'PERMISSION_DENIED',
    message: `binauthz-emulator does not emulate "${host}", and as a proxy it forwards nothing.`,
  },
})

test('a request in absolute form to a host of an emulated API is answered by that API', async () => {
  const created = await send(`POST http://cloudkms.googleapis.com${rings}?keyRingId=r HTTP/1.1\r\nHost: cloudkms.googleapis.com`)
  expect(created).toMatchObject({ status: 200, body: { name: expect.stringMatching(/keyRings\/r$/) } })
  for (const host of ['cloudkms.googleapis.com', 'CloudKMS.googleapis.com:80', 'cloudkms.googleapis.com:443'])
    expect((await get(`http://${host}${rings}/r?alt=json`)).body.name, host).toMatch(/keyRings\/r$/)
  const otherApi = await get('http://cloudkms.googleapis.com/v1/projects/my-app-prod/notes')
  expect(otherApi.body.error).toMatchObject({
    code: 404,
    message: expect.stringContaining('no method of cloudkms.googleapis.com'),
  })
})

test('the host of the request line counts, not that of the Host header', async () => {
  expect((await get(`http://cloudkms.googleapis.com${rings}/r`, 'example.com')).status).toBe(200)
  expect(await get(`http://example.com${rings}/r`, 'cloudkms.googleapis.com')).toMatchObject({
    status: 403,
    body: refusal('example.com'),
  })
})

test('a region before the host of an API changes nothing', async () => {
  expect((await get(`http://europe-west2-cloudkms.googleapis.com${rings}/r`)).status).toBe(200)
  expect((await get(`http://mars-cloudkms.googleapis.com${rings}/r`)).status).toBe(403)
})

test("the emulator's own address is served, also with a region before it as gcloud writes it", async () => {
  const own = ['127.0.0.1', '127.0.0.2', 'localhost', 'LOCALHOST', '[::1]', 'europe-west2-127.0.0.1', 'us-central1-localhost']
  for (const host of own) expect((await get(`http://${host}:${port}${rings}/r`)).status, host).toBe(200)
  expect((await get(`http://127.0.0.1:${port}`)).status).toBe(404)
  expect((await get(`http://127.0.0.1:${port}?alt=json`)).status).toBe(404)
})

test('an address by which the emulator was reached before is its own: a published port, a name in a compose network', async () => {
  const asked = (target: string) => get(target, 'emulator:9080')
  expect((await asked(`http://emulator:9080${rings}/r`)).status).toBe(403)
  expect((await asked(`${rings}/r`)).status).toBe(200)
  expect((await asked(`http://emulator:9080${rings}/r`)).status).toBe(200)
  expect((await asked(`http://europe-west2-emulator:9080${rings}/r`)).status).toBe(200)
})

test.each([
  ['http://example.com/', 'example.com'],
  ['http://pubsub.googleapis.com/v1/projects/my-app-prod/topics', 'pubsub.googleapis.com'],
  ['http://example.com:8080/_emulator/readyz', 'example.com'],
  ['http://127.0.0.1:1/_emulator/readyz', '127.0.0.1'],
  ['http://127.0.0.1/_emulator/readyz', '127.0.0.1'],
  ['http://169.254.169.253/computeMetadata/v1/', '169.254.169.253'],
  ['http://cloudkms.googleapis.com.example.com/', 'cloudkms.googleapis.com.example.com'],
  ['http://cloudkms.googleapis.com@example.com/', 'example.com'],
  ['http://user:secret@example.com/', 'example.com'],
  ['http:///v1/projects', ''],
  ['http://', ''],
  ['ftp://example.com/file', 'example.com'],
])('%s is refused in one sentence', async (target, host) => {
  expect(await get(target)).toMatchObject({ status: 403, body: refusal(host) })
})

test('a refused request has changed nothing, and its body does not hold up the connection', async () => {
  const body = JSON.stringify({ attestation: { hint: { humanReadableName: 'x'.repeat(300_000) } } })
  const target = `http://example.com/v1/projects/my-app-prod/notes?noteId=n`
  expect((await send(`POST ${target} HTTP/1.1\r\nHost: example.com`, body)).status).toBe(403)
  expect((await emulator.http('GET', '/v1/projects/my-app-prod/notes/n')).status).toBe(404)
})

test.each(['example.com:443', 'a:1', 'googleapis.com.example.com:443', 'notgcr.io:443'])(
  'CONNECT %s is refused in one sentence, which the status line has too, and the connection is closed',
  async (authority) => {
    const { line, status, body } = await send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}`)
    const [host] = authority.split(':')
    expect(status).toBe(403)
    expect(body).toEqual(refusal(host!))
    expect(line).toBe(`HTTP/1.1 403 ${body.error.message}`)
  },
)

test('a client that sends on after its CONNECT, or goes away, disturbs nobody', async () => {
  const talking = open()
  talking.on('error', () => {})
  talking.write(`CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n${'\x16'.repeat(100_000)}`)
  await new Promise((resolve) => talking.on('close', resolve).resume())
  for (let i = 0; i < 20; i++) open().end('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n').destroy()
  expect((await emulator.http('GET', '/_emulator/readyz')).status).toBe(200)
  expect(errors).toEqual([])
})

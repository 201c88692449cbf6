// One port for every protocol, with raw sockets: what a client library would never send is sent here.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type App, createApp } from '../app.ts'
import { testClock } from '../testing/clock.ts'
import { grpcClient } from '../testing/grpc-client.ts'
import { createPort } from './port.ts'
import { createRouter } from './rest/router.ts'
import { createRestServer } from './rest/server.ts'
import { tlsIdentity } from './tls/identity.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
const identity = tlsIdentity({}, () => new Date(), log)

const GET = 'GET /_emulator/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** What every HTTP/2 connection begins with, in either direction: here without any setting. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const H2 = Buffer.concat([PREFACE, SETTINGS])

let app: App
let port: number
let ca: string
beforeAll(async () => {
  app = await createApp({ seed: false, clock: testClock(), log })
  port = await listen(app.server)
  ca = await (await fetch(`http://127.0.0.1:${port}/_emulator/ca.pem`)).text()
})
afterAll(() => app.close())

async function listen(server: Server, at = 0): Promise<number> {
  server.listen(at, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function open(at = port, allowHalfOpen = false): Socket {
  const socket = connect({ port: at, host: '127.0.0.1', allowHalfOpen })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

const overTls = (options: ConnectionOptions = {}) =>
  tlsConnect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options })

/** Which protocol answers: from the first bytes that come. */
async function protocolOf(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  if (bytes.toString('latin1').startsWith('HTTP/1.1 200 OK')) return 'REST'
  return bytes[3] === 4 ? 'gRPC' : bytes.toString()
}

/** Resolves when the server tracks no connection of this port. */
async function noneLeft(server: Server) {
  const count = () =>
    new Promise<number>((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))))
  while ((await count()) > 0) await new Promise(setImmediate)
}

const isAlive = async (at = port) =>
  expect(await (await fetch(`http://127.0.0.1:${at}/_emulator/readyz`)).json()).toEqual({ status: 'READY' })

test.each([
  ['a request line', GET, 'REST'],
  ['the preface of HTTP/2', H2, 'gRPC'],
])('in plaintext %s decides', async (_, bytes, protocol) => {
  const socket = open()
  socket.write(bytes)
  expect(await protocolOf(socket)).toBe(protocol)
})

test.each([
  ['h2', ['h2'], H2, 'gRPC'],
  ['http/1.1', ['http/1.1'], GET, 'REST'],
  ['http/1.0', ['http/1.0'], GET, 'REST'],
  ['either', ['h2', 'http/1.1'], GET, 'REST'],
  ['something else as well', ['grpc-exp', 'h2'], H2, 'gRPC'],
  ['nothing, and a request line comes', undefined, GET, 'REST'],
  ['nothing, and the preface of HTTP/2 comes', undefined, H2, 'gRPC'],
] as const)('over TLS 1.2 and 1.3 a client that offers %s', async (_, ALPNProtocols, bytes, protocol) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = overTls({
      minVersion: version,
      maxVersion: version,
      ...(ALPNProtocols && { ALPNProtocols: [...ALPNProtocols] }),
    })
    await once(socket, 'secureConnect')
    expect(socket.getProtocol()).toBe(version)
    socket.write(bytes)
    expect(await protocolOf(socket)).toBe(protocol)
  }
})

const failure = async (options: ConnectionOptions) =>
  (
    await once(
      overTls(options).on('secureConnect', () => expect.fail()),
      'error',
    ).catch((error) => [error])
  )[0].code

test('TLS 1.0 and 1.1, and protocols that are not spoken, are refused', async () => {
  const old = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' } as const
  for (const maxVersion of ['TLSv1', 'TLSv1.1'] as const)
    expect(await failure({ ...old, maxVersion })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  expect(await failure({ ALPNProtocols: ['spdy/3', 'h3'] })).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
})

test('a webhook is called as an API server calls it: by HTTPS, with our CA', async () => {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5',
      operation: 'CREATE',
      kind: { version: 'v1', kind: 'Pod' },
      resource: { version: 'v1', resource: 'pods' },
      namespace: 'default',
      object: { metadata: {}, spec: { containers: [{ name: 'app', image: `gcr.io/p/app@sha256:${'0'.repeat(64)}` }] } },
    },
  }
  const request = httpsRequest({
    port,
    host: 'localhost',
    method: 'POST',
    ca,
    path: '/admission/projects/my-app-prod/locations/europe-west2/clusters/prod',
  })
  request.end(JSON.stringify(review))
  const [response] = await once(request, 'response')
  expect(JSON.parse(await text(response))).toMatchObject({
    kind: 'AdmissionReview',
    response: { uid: '705ab4f5', allowed: expect.any(Boolean) },
  })
})

test('gRPC over TLS is called by a client that trusts our CA, by name and by address, and by no other', async () => {
  for (const host of ['localhost', '127.0.0.1']) {
    const client = grpcClient(`${host}:${port}`, credentials.createSsl(Buffer.from(ca)))
    expect(await client.call('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/ListKeyRings', RINGS)).toEqual({})
    client.close()
  }
  expect(await failure({ ca: undefined })).toBe('SELF_SIGNED_CERT_IN_CHAIN')
})

const RINGS = { parent: 'projects/my-app-prod/locations/global' }

/** The socket as one that sends each byte by itself. */
function dribbling(socket: Socket): Duplex {
  const slow = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      const next = (index: number) => {
        if (index === chunk.length) return done()
        socket.write(chunk.subarray(index, index + 1), () => setImmediate(next, index + 1))
      }
      next(0)
    },
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  socket
    .setNoDelay()
    .on('data', (chunk) => slow.push(chunk))
    .on('end', () => slow.push(null))
  return slow
}

test('the bytes may come one at a time', async () => {
  for (const [bytes, protocol] of [
    [GET, 'REST'],
    [H2, 'gRPC'],
  ] as const) {
    const socket = dribbling(open())
    socket.write(bytes)
    expect(await protocolOf(socket as Socket)).toBe(protocol)
    const secure = overTls({ socket: dribbling(open()) })
    secure.write(bytes)
    expect(await protocolOf(secure)).toBe(protocol)
  }
})

/** All that comes until the server closes. */
const rest = (socket: Socket) => text(socket).catch(() => '')

test('a client that says all it has to say and ends its side is answered', async () => {
  const socket = open(port, true)
  socket.end(GET)
  expect(await rest(socket)).toMatch(/^HTTP\/1\.1 200 OK/)
  const ended = await Promise.all(
    ['', 'P', 'PRI', '\x16', '\x16\x03\x01', 'GET / HTTP/1.1\r\n', PREFACE, H2].map(async (bytes) => {
      const half = open(port, true)
      half.end(bytes)
      return rest(half)
    }),
  )
  for (const answer of ended.slice(0, 5)) expect(answer).toBe('')
  expect(ended[5]).toMatch(/^HTTP\/1\.1 400 /)
  await isAlive()
})

const record = (length: number, bytes: Buffer) => Buffer.concat([Buffer.from([0x16, 3, 1, length >> 8, length & 255]), bytes])

test.each([
  ['text', Buffer.from('hello\r\n\r\n')],
  ['zeros', Buffer.alloc(1000)],
  ['SSL 2.0', Buffer.from('802e0100020015000000100100800200800300800400800500800600400700c0', 'hex')],
  ['a request line of 100 KB', Buffer.from(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`)],
  ['a preface that goes wrong', Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')],
  ['no frame after the preface', Buffer.concat([PREFACE, Buffer.alloc(1000, 255)])],
  ['a frame of 16 MB', Buffer.concat([PREFACE, Buffer.from([255, 255, 255, 4, 0, 0, 0, 0, 0]), Buffer.alloc(70_000)])],
  ['a TLS record of 64 KB', record(0xffff, Buffer.alloc(70_000))],
  ['a ClientHello of 16 MB', record(0x4000, Buffer.concat([Buffer.from([1, 255, 255, 255]), Buffer.alloc(0x4000 - 4)]))],
  ['a ClientHello of nothing', record(4, Buffer.from([1, 0, 0, 0]))],
  ['no handshake', record(1000, Buffer.alloc(1000, 2))],
])('garbage ends its connection and disturbs no other: %s', async (_, bytes) => {
  const socket = open()
  socket.write(bytes)
  expect(await rest(socket)).not.toMatch(/ 200 OK/)
  await isAlive()
})

test('garbage within TLS ends its connection', async () => {
  for (const ALPNProtocols of [['h2'], ['http/1.1'], undefined]) {
    const socket = overTls({ ...(ALPNProtocols && { ALPNProtocols }) })
    socket.write(Buffer.alloc(1000, 255))
    expect(await rest(socket)).not.toMatch(/ 200 OK/)
  }
  await isAlive()
})

/** A port with little patience, for REST and gRPC that have nothing to say. */
async function impatientPort(
  patience = 50,
  http = createHttpServer({ headersTimeout: patience, connectionsCheckingInterval: 10 }),
) {
  const served: Socket[] = []
  const grpc = { serve: (socket: Socket) => void served.push(socket), close() {} }
  const router = createRouter({}, [])
  const { server, close } = createPort({
    http,
    grpc: async () => grpc,
    identity,
    router,
    isKnownAuthority: () => false,
    log,
    patience,
  })
  onTestFinished(close)
  return { server, at: await listen(server), served }
}

test.each([
  ['nothing', ''],
  ['half of what tells HTTP/2', 'P'],
  ['most of what tells HTTP/2', 'PRI * HTTP/2.0'],
  ['half a record of TLS', '\x16\x03\x01'],
  ['half a request', 'GET / HTTP/1.1\r\nHost: a'],
])('a client that sends %s and then is silent is let go', async (_, bytes) => {
  const { server, at } = await impatientPort()
  const socket = open(at, true)
  socket.write(bytes)
  await rest(socket)
  await noneLeft(server) // although the client keeps its side open
})

test('so is one that is silent in the middle of a handshake, within a tunnel, and within TLS', async () => {
  const { server, at } = await impatientPort()
  const hello = open(at, true)
  const whole = await clientHello()
  hello.write(whole.subarray(0, whole.length - 10))
  const unfinished = open(at, true)
  unfinished.write(whole)
  const tunnel = open(at, true)
  tunnel.write('CONNECT gcr.io:443 HTTP/1.1\r\nHost: gcr.io:443\r\n\r\nP')
  const secure = overTls({ port: at })
  secure.on('error', () => {}).write('PR')
  await Promise.all([hello, unfinished, tunnel, secure].map(rest))
  await noneLeft(server)
})

/** The first flight of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = createServer()
  const at = await listen(server)
  onTestFinished(() => void server.close())
  const accepted = once(server, 'connection')
  const client = tlsConnect({ port: at, host: '127.0.0.1', ca })
  client.on('error', () => {})
  const [socket] = (await accepted) as [Socket]
  const [bytes] = await once(socket, 'data')
  client.destroy()
  return bytes
}

test('garbage is not waited for, even if its client does not go', async () => {
  const { server, at } = await impatientPort(50, createRestServer({} as never))
  for (const bytes of ['hello\r\n\r\n', '\0', record(0xffff, Buffer.alloc(10)), record(4, Buffer.from([1, 0, 0, 0]))]) {
    const socket = open(at, true)
    socket.write(bytes)
    await rest(socket)
    await noneLeft(server)
  }
})

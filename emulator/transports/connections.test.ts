// Many connections at once, and connections that break at any byte: the port goes on, and keeps nothing of them.
import { once } from 'node:events'
import { type Agent, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type App, createApp } from '../app.ts'
import { testClock } from '../testing/clock.ts'
import { grpcClient } from '../testing/grpc-client.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const RINGS = { parent: 'projects/my-app-prod/locations/global' }
const PATH = `/v1/${RINGS.parent}/keyRings`
const H2 = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])

let app: App
let port: number
let ca: string
beforeAll(async () => {
  app = await createApp({ seed: false, clock: testClock(), log })
  port = await listen(app.server)
  const pem = await httpAnswer(port, '/_emulator/ca.pem')
  ca = pem.toString()
})
afterAll(async () => {
  await app.close()
  expect(errors).toEqual([])
})

async function listen(server: Server, at = 0): Promise<number> {
  server.listen(at, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Resolves when the server tracks so many connections. */
async function connections(server: Server, wanted: number) {
  const count = () =>
    new Promise<number>((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))))
  while ((await count()) !== wanted) await new Promise(setImmediate)
}

/** Its answer, over a connection of its own. */
async function httpAnswer(at: number, path: string, body?: string, agent: Agent | false = false): Promise<Buffer> {
  const outgoing = request({ port: at, host: '127.0.0.1', path, agent, method: body === undefined ? 'GET' : 'POST' })
  outgoing.on('error', () => {}).end(body)
  const [response] = await once(outgoing, 'response')
  return buffer(response)
}

async function httpsAnswer(at: number, path: string, body: string): Promise<Buffer> {
  const outgoing = tlsRequest({
    port: at,
    host: 'localhost',
    path,
    ca,
    agent: new TlsAgent({ maxCachedSessions: 0 }),
    method: 'POST',
    headers: { connection: 'close' },
  })
  outgoing.on('error', () => {}).end(body)
  const [response] = await once(outgoing, 'response')
  return buffer(response)
}

async function grpcAnswer(at: number, channel = credentials.createInsecure()): Promise<object> {
  const client = grpcClient(`localhost:${at}`, channel)
  return client.call('cloudkms.v1', `${KMS}/ListKeyRings`, RINGS).finally(client.close)
}

async function throughTunnel(at: number): Promise<void> {
  const outgoing = request({ port: at, host: '127.0.0.1', method: 'CONNECT', path: 'cloudkms.googleapis.com:443', agent: false })
  outgoing.on('error', () => {}).end()
  const [, tunnel] = await once(outgoing, 'connect')
  tunnel.on('error', () => {})
  const socket = tlsConnect({ socket: tunnel, servername: 'cloudkms.googleapis.com', ca })
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: cloudkms.googleapis.com\r\nConnection: close\r\n\r\n`)
  expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 200 OK/)
}

const CALLS: Record<string, (at: number) => Promise<unknown>> = {
  REST: (at) => httpAnswer(at, `${PATH}:none`, JSON.stringify({ a: 'b'.repeat(1000) })),
  'REST over TLS': (at) => httpsAnswer(at, `${PATH}:none`, '{}'),
  gRPC: (at) => grpcAnswer(at),
  'gRPC over TLS': (at) => grpcAnswer(at, credentials.createSsl(Buffer.from(ca))),
  'REST over TLS in a tunnel': throughTunnel,
}

/** Between client and emulator: resets both sides as soon as so many bytes have gone in one direction. */
async function startCutter(limits: { sent?: number; received?: number }) {
  const total = { sent: 0, received: 0 }
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const pass = (from: Socket, to: Socket, direction: 'sent' | 'received') => {
      from.on('error', () => {}).on('close', () => to.destroy())
      from.on('data', (chunk: Buffer) => {
        const rest = (limits[direction] ?? Number.POSITIVE_INFINITY) - total[direction]
        total[direction] += chunk.length
        to.write(chunk.subarray(0, Math.max(0, rest)), () => {
          if (rest >= chunk.length) return
          upstream.resetAndDestroy()
          client.resetAndDestroy()
        })
      })
    }
    pass(client, upstream, 'sent')
    pass(upstream, client, 'received')
  })
  return { at: await listen(server), total, close: () => server.close() }
}

test.each(Object.keys(CALLS))('%s: the connection may break at any byte', async (protocol) => {
  const whole = await startCutter({})
  await CALLS[protocol]!(whole.at)
  whole.close()
  let broken = 0
  for (const direction of ['sent', 'received'] as const)
    for (let part = 0; part < 20; part++) {
      const cutter = await startCutter({ [direction]: Math.floor((whole.total[direction] * part) / 20) })
      await CALLS[protocol]!(cutter.at).catch(() => broken++)
      cutter.close()
    }
  expect(broken).toBeGreaterThan(30)
  await connections(app.server, 0)
  await CALLS[protocol]!(port)
  await connections(app.server, 0)
})

type Open = (bytes: string | Buffer, at?: number) => Promise<Socket>

const plain: Open = async (bytes, at = port) => {
  const socket = connect(at, '127.0.0.1')
  socket.on('error', () => {}).write(bytes)
  await once(socket, 'connect')
  return socket
}

const secure = (protocol: string): Open => {
  let session: Buffer | undefined // taken up again by the next connection, which is much faster
  return async (bytes, at = port) => {
    const options = { port: at, host: 'localhost', rejectUnauthorized: false, ALPNProtocols: [protocol] }
    const socket = tlsConnect({ ...options, ...(session && { session }) })
    socket
      .on('error', () => {})
      .once('session', (ticket) => {
        session ??= ticket
      })
    socket.write(bytes)
    await once(socket, 'secureConnect')
    return socket
  }
}

const POST = `POST ${PATH}?keyRingId=half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"name": "`

/** A call of which the headers are there and the message is not: HPACK without its table (RFC 7541), END_HEADERS, stream 1. */
function halfCall(): Buffer {
  const headers = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': `/${KMS}/CreateKeyRing`,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)])
  const block = Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
  return Buffer.concat([H2, Buffer.from([0, 0, block.length, 1, 4, 0, 0, 0, 1]), block])
}

/** What a client has sent when it sends no more: no request yet, or half of one. */
const CLIENTS: [protocol: string, open: Open, idle: string | Buffer, half: string | Buffer][] = [
  ['REST', plain, 'GET', POST],
  ['gRPC', plain, H2, halfCall()],
  ['REST over TLS', secure('http/1.1'), 'GET', POST],
  ['gRPC over TLS', secure('h2'), H2, halfCall()],
]

/** So many at a time: clients wait long where the backlog is full. */
async function openMany(count: number, open: () => Promise<Socket>): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))))
  await connections(app.server, count)
  return sockets
}

test.each(CLIENTS)('1,000 idle connections hinder no request, and nothing of them stays: %s', async (_, open, idle) => {
  const sockets = await openMany(1000, () => open(idle))
  for (const call of Object.values(CALLS)) await call(port)
  await connections(app.server, 1000)
  for (const socket of sockets) socket.destroy()
  await connections(app.server, 0)
})

test.each(CLIENTS)('200 clients that go away in the middle of a request leave nothing: %s', async (_, open, _idle, half) => {
  const sockets = await openMany(200, () => open(half))
  for (const [index, socket] of sockets.entries())
    if (index % 2) socket.destroy()
    else socket.end()
  await connections(app.server, 0)
  for (const call of Object.values(CALLS)) await call(port)
  expect(JSON.parse((await httpAnswer(port, PATH)).toString())).toEqual({})
})

test('closing ends every connection, whatever it waits for, and the port is free', async () => {
  const other = await createApp({ seed: false, clock: testClock(), log })
  onTestFinished(other.close)
  const at = await listen(other.server)
  const sockets = await Promise.all(
    CLIENTS.flatMap(([, open, idle, half]) => ['', 'P', idle, half].map((bytes) => open(bytes, at))),
  )
  sockets.push(await plain('\x16\x03\x01', at), await plain('CONNECT gcr.io:443 HTTP/1.1\r\nHost: gcr.io\r\n\r\n', at))
  await connections(other.server, sockets.length)
  const closed = sockets.map((socket) => new Promise((resolve) => socket.resume().on('close', resolve)))
  await other.close()
  await Promise.all(closed)
  await expect(plain('', at)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const next = createServer()
  expect(await listen(next, at)).toBe(at)
  await new Promise((resolve) => next.close(resolve))
})

test('a client that is gone before gRPC is loaded is let go when it is', async () => {
  const other = await createApp({ seed: false, clock: testClock(), log })
  onTestFinished(other.close)
  const at = await listen(other.server)
  for (const [, open, idle, half] of CLIENTS)
    for (const bytes of [idle, half]) {
      ;(await open(bytes, at)).end()
      ;(await open(bytes, at)).destroy()
    }
  await connections(other.server, 0)
})

// Take-over: clients that are pointed at the emulator as their proxy, and open a tunnel to a host of Google.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { fromJson, toBinary } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type App, createApp } from '../app.ts'
import { testClock } from '../testing/clock.ts'
import { grpcClient } from '../testing/grpc-client.ts'
import { methodOf } from './descriptors.ts'

const errors: object[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
const LIST = 'google.cloud.kms.v1.KeyManagementService/ListKeyRings'
const RINGS = '/v1/projects/my-app-prod/locations/global/keyRings'

let app: App
let port: number
let ca: string
beforeAll(async () => {
  app = await createApp({ seed: false, clock: testClock(), log })
  app.server.listen(0, '127.0.0.1')
  await once(app.server, 'listening')
  port = (app.server.address() as AddressInfo).port
  ca = await (await fetch(`http://127.0.0.1:${port}/_emulator/ca.pem`)).text()
})
afterAll(async () => {
  await app.close()
  expect(errors).toEqual([])
})

function toProxy(): Socket {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket
}

/** TLS to the proxy itself, as `curl --proxy https://…` does. */
const toSecureProxy = () => tlsConnect({ socket: toProxy(), servername: 'localhost', ca })

/** A tunnel to `host:port`, once it is open. */
async function openTunnel(authority: string, socket: Socket = toProxy()): Promise<Socket> {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Connection: keep-alive\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  expect(answer.toString()).toBe('HTTP/1.1 200 Connection Established\r\n\r\n')
  return socket
}

async function secure(socket: Socket, servername: string, protocol = 'http/1.1'): Promise<TLSSocket> {
  const inner = tlsConnect({ socket, servername, ca, ALPNProtocols: [protocol] })
  await once(inner, 'secureConnect')
  return inner
}

/** The status and the body of the only request of a connection. */
async function ask(socket: Socket, method: string, path: string, host: string) {
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) }
}

/** Calls ListKeyRings over this connection, with whatever `:authority`. */
async function callOver(connection: Socket, authority: string) {
  const session = connectHttp2('http://localhost', { createConnection: () => connection })
  const { input } = methodOf('cloudkms.v1', LIST)
  const message = toBinary(input, fromJson(input, { parent: 'projects/my-app-prod/locations/global' }))
  const headers = { ':method': 'POST', ':authority': authority, ':path': `/${LIST}`, 'content-type': 'application/grpc' }
  const stream = session.request(headers)
  const status = new Promise<IncomingHttpHeaders>((resolve) => {
    stream.on('response', (headers) => 'grpc-status' in headers && resolve(headers)).on('trailers', resolve)
  })
  stream.resume().end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
  const { 'grpc-status': code, 'grpc-message': details } = await status
  session.destroy()
  return { code: Number(code), details: decodeURI(String(details ?? '')) }
}

const OK = { code: 0, details: 'OK' }
const refused = (host: string) => ({ code: 7, details: refusal(host) })

const refusal = (host: string) => `binauthz-emulator does not emulate "${host}", and as a proxy it forwards nothing.`

test('REST through a tunnel to a host of Google', async () => {
  const host = 'cloudkms.googleapis.com'
  const tunnel = async () => secure(await openTunnel(`${host}:443`), host)
  expect(await ask(await tunnel(), 'POST', `${RINGS}?keyRingId=r`, host)).toMatchObject({
    status: 200,
    body: { name: expect.stringMatching(/keyRings\/r$/) },
  })
  expect(await ask(await tunnel(), 'GET', `${RINGS}/r`, `${host}:443`)).toMatchObject({ status: 200 })
  expect((await ask(await tunnel(), 'GET', '/v1/projects/my-app-prod/notes', host)).status).toBe(404) // of another API
  const region = 'europe-west2-artifactregistry.googleapis.com'
  expect(
    (await ask(await secure(await openTunnel(`${region}:443`), region), 'GET', '/v1/projects/my-app-prod/locations', region))
      .status,
  ).toBe(200)
})

test('gRPC through a tunnel, by a client that knows nothing but its proxy and our CA', async () => {
  vi.stubEnv('grpc_proxy', `http://127.0.0.1:${port}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const client = grpcClient('cloudkms.googleapis.com:443', credentials.createSsl(Buffer.from(ca)))
  const { keyRings } = await client.call('cloudkms.v1', LIST, { parent: 'projects/my-app-prod/locations/global' })
  client.close()
  expect(keyRings).toHaveLength(1)
})

test('a tunnel may be without TLS within, for REST and for gRPC', async () => {
  const host = 'cloudkms.googleapis.com'
  expect((await ask(await openTunnel(`${host}:80`), 'GET', RINGS, host)).status).toBe(200)
  expect(await callOver(await openTunnel(`${host}:80`), host)).toEqual(OK)
})

test('the proxy itself may be reached over TLS', async () => {
  const host = 'cloudkms.googleapis.com'
  const tunnel = () => openTunnel(`${host}:443`, toSecureProxy())
  expect((await ask(await secure(await tunnel(), host), 'GET', RINGS, host)).status).toBe(200)
  expect(await callOver(await secure(await tunnel(), host, 'h2'), host)).toEqual(OK)
  expect((await ask(await tunnel(), 'GET', RINGS, host)).status).toBe(200)
  expect(await callOver(await tunnel(), host)).toEqual(OK)
})

test('what a client sends with its CONNECT, without waiting for the answer, is not lost', async () => {
  const socket = toProxy()
  const host = 'cloudkms.googleapis.com'
  socket.end(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}\r\n\r\nGET ${RINGS} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 Connection Established\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

test('many requests may follow each other in a tunnel, on one connection', async () => {
  const host = 'cloudkms.googleapis.com'
  const inner = await secure(await openTunnel(`${host}:443`), host)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  Object.assign(agent, { createConnection: () => inner })
  for (const path of [RINGS, `${RINGS}/r`, `${RINGS}/none`, RINGS]) {
    const outgoing = request({ agent, path, headers: { host } })
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    await text(response)
    expect(response.statusCode).toBe(path.endsWith('none') ? 404 : 200)
  }
  agent.destroy()
})

test.each([
  'pubsub.googleapis.com',
  'googleapis.com',
  'mars-cloudkms.googleapis.com',
  'europe-docker.pkg.dev',
  'gcr.io',
  'eu.gcr.io',
])('a tunnel to %s opens, with a certificate for it, and what is asked there is refused in one sentence', async (host) => {
  const tunnel = (protocol?: string) => openTunnel(`${host}:443`).then((socket) => secure(socket, host, protocol))
  const { status, body } = await ask(await tunnel(), 'GET', '/v2/', host)
  expect([status, body.error.message]).toEqual([403, refusal(host)])
  expect(await callOver(await tunnel('h2'), host)).toEqual(refused(host))
})

test("within a tunnel no other host is reached than Google's and the emulator, and none becomes known", async () => {
  const tunnel = (protocol?: string) =>
    openTunnel('cloudkms.googleapis.com:443').then((socket) => secure(socket, 'cloudkms.googleapis.com', protocol))
  for (const host of ['example.com', 'cloudkms.googleapis.com.example.com', '127.0.0.1:1', 'emulator:9080', '10.0.0.1']) {
    const [name] = host.split(':')
    const { status, body } = await ask(await tunnel(), 'GET', RINGS, host)
    expect([status, body.error.message]).toEqual([403, refusal(name!)])
    expect(await callOver(await tunnel('h2'), host)).toEqual(refused(name!))
    const outside = toProxy()
    outside.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(await text(outside)).toMatch(/^HTTP\/1\.1 403 binauthz-emulator does not emulate/)
  }
  expect((await ask(await tunnel(), 'GET', '/v1/projects/my-app-prod/notes', 'containeranalysis.googleapis.com')).status).toBe(
    200,
  )
})

test('a tunnel to the emulator itself reaches it', async () => {
  for (const own of [`127.0.0.1:${port}`, `localhost:${port}`, `europe-west2-127.0.0.1:${port}`]) {
    const [host] = own.split(':')
    expect((await ask(await openTunnel(own), 'GET', RINGS, own)).status).toBe(200)
    expect(await callOver(await openTunnel(own), own)).toEqual(OK)
    if (host!.startsWith('europe')) continue // is no name of a certificate
    expect((await ask(await secure(await openTunnel(own), 'localhost'), 'GET', '/_emulator/readyz', own)).status).toBe(200)
    expect(await callOver(await secure(await openTunnel(own), 'localhost', 'h2'), own)).toEqual(OK)
    expect(await callOver(await secure(await openTunnel(own, toSecureProxy()), 'localhost', 'h2'), own)).toEqual(OK)
  }
  for (const other of ['localhost', '127.0.0.1:1', 'localhost:443']) {
    const socket = toProxy()
    socket.write(`CONNECT ${other} HTTP/1.1\r\nHost: ${other}\r\n\r\n`)
    expect(await text(socket), other).toMatch(/^HTTP\/1\.1 403 /)
  }
})

test('a tunnel through a tunnel is one, however often', async () => {
  const warnings: string[] = []
  const warn = ({ message }: Error) => void warnings.push(message)
  process.on('warning', warn)
  onTestFinished(() => void process.off('warning', warn))
  const host = 'cloudkms.googleapis.com'
  let socket = toProxy()
  for (let depth = 0; depth < 30; depth++) socket = await openTunnel(`${host}:443`, socket)
  expect((await ask(await secure(socket, host), 'GET', RINGS, host)).status).toBe(200)
  let nested: Socket = toProxy()
  for (let depth = 0; depth < 5; depth++) nested = await secure(await openTunnel(`${host}:443`, nested), host)
  expect((await ask(nested, 'GET', RINGS, host)).status).toBe(200)
  await new Promise(setImmediate)
  expect(warnings).toEqual([])
})

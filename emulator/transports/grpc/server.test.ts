// What gRPC has beyond messages: deadlines, cancellation, compression, metadata and trailers
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Frames by hand where a client library would not send them.
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import { credentials, Metadata } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CODES } from '../../core/status.ts'
import { testClock } from '../../testing/clock.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { type GrpcClient, grpcClient } from '../../testing/grpc-client.ts'
import { methodOf } from '../descriptors.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const LOCATION = 'projects/my-app-prod/locations/global'
const RING = `${LOCATION}/keyRings/ring`
const RSA_4096 = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'RSA_SIGN_PKCS1_4096_SHA512' } }

const CHECK = methodOf('grpc', 'grpc.health.v1.Health/Check').input

const errors: object[] = []
/** What was logged of each call that has ended. */
const ended: { method: string; code: number }[] = []
const log = {
  debug: (fields: object) => void ended.push(fields as never),
  info() {},
  warn() {},
  error: (fields: object) => void errors.push(fields),
}

const clock = testClock()
let reading = () => {}
const watched = {
  nanos() {
    reading()
    return clock.nanos()
  },
}
/** Resolves when an operation has begun: each reads the time first. */
const operationBegins = () =>
  new Promise<void>((resolve) => {
    reading = resolve
  })

let emulator: TestEmulator
let client: GrpcClient
let session: ClientHttp2Session
beforeAll(async () => {
  emulator = await startTestEmulator({ log, clock: watched })
  client = grpcClient(new URL(emulator.url).host)
  session = connect(emulator.url)
  await client.call('cloudkms.v1', `${KMS}/CreateKeyRing`, { parent: LOCATION, keyRingId: 'ring' })
})
afterAll(async () => {
  client.close()
  session.destroy()
  await emulator.close()
  expect(errors).toEqual([])
})

const bytesOf = (api: string, method: string, request: object) => {
  const { input } = methodOf(api, method)
  return Buffer.from(toBinary(input, fromJson(input, request as never)))
}
const answerOf = (api: string, method: string, bytes: Uint8Array) => {
  const { output } = methodOf(api, method)
  return toJson(output, fromBinary(output, bytes))
}

/** A message as it goes through a stream: whether it is compressed, its length, and itself. */
function framed(message: Buffer, compressed = 0): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(compressed)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function start(method: string, headers: OutgoingHttpHeaders = {}) {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.on('error', () => {})
  return stream
}

/** The code of the status, with the message as it stands in the trailers. */
async function send(method: string, body: Buffer, headers?: OutgoingHttpHeaders) {
  const stream = start(method, headers)
  const status = new Promise<OutgoingHttpHeaders>((resolve) => {
    stream.on('response', (sent) => 'grpc-status' in sent && resolve(sent)).on('trailers', resolve)
  })
  stream.end(body)
  const [content, trailers] = await Promise.all([buffer(stream), status])
  const code = Object.entries(CODES).find(([, { number }]) => number === Number(trailers['grpc-status']))?.[0]
  return { code, message: String(trailers['grpc-message'] ?? ''), trailers, content: content.subarray(5) }
}

const listRings = bytesOf('cloudkms.v1', `${KMS}/ListKeyRings`, { parent: LOCATION })
const list = (headers?: OutgoingHttpHeaders, body = framed(listRings)) => send(`${KMS}/ListKeyRings`, body, headers)
const rings = { keyRings: [{ name: RING, createTime: expect.any(String) }], totalSize: 1 }

const createKey = (cryptoKeyId: string) =>
  framed(bytesOf('cloudkms.v1', `${KMS}/CreateCryptoKey`, { parent: RING, cryptoKeyId, cryptoKey: RSA_4096 }))

/** Resolves with the code that was logged of the next call that ends. */
async function callEnds(before = ended.length): Promise<number> {
  while (ended.length === before) await new Promise(setImmediate)
  return ended.at(-1)!.code
}

test('a deadline that passes while a key is made is DEADLINE_EXCEEDED; the server lives on, and so does the key', async () => {
  const before = ended.length
  const answer = send(`${KMS}/CreateCryptoKey`, createKey('late'), { 'grpc-timeout': '50m' })
  expect(await answer).toMatchObject({ code: 'DEADLINE_EXCEEDED', message: 'Deadline%20exceeded' })
  expect((await list()).code).toBe('OK')
  while (!ended.slice(before).some(({ method }) => method.endsWith('/CreateCryptoKey'))) await new Promise(setImmediate)
  expect(await client.call('cloudkms.v1', `${KMS}/GetCryptoKey`, { name: `${RING}/cryptoKeys/late` })).toMatchObject({
    purpose: 'ASYMMETRIC_SIGN',
  })
})

test('a deadline that does not pass changes nothing', async () => {
  for (const timeout of ['20S', '1M', '5H', '99999999n', '99999999u'])
    expect((await list({ 'grpc-timeout': timeout })).code, timeout).toBe('OK')
})

test('a call that its client cancels ends without an answer, and the connection goes on', async () => {
  const begun = operationBegins()
  const stream = start(`${KMS}/CreateCryptoKey`)
  stream.end(createKey('cancelled'))
  await begun
  const end = callEnds()
  stream.close(constants.NGHTTP2_CANCEL)
  expect(await end).toBe(CODES.CANCELLED.number)
  expect((await list()).code).toBe('OK')
})

test('an emulator that is closed while a key is made says nothing about it', async () => {
  const other = await startTestEmulator({ log, clock: watched }, 'gRPC')
  await other.call('cloudkms.v1', `${KMS}/CreateKeyRing`, { parent: LOCATION, keyRingId: 'ring' })
  const begun = operationBegins()
  const call = other.call('cloudkms.v1', `${KMS}/CreateCryptoKey`, { parent: RING, cryptoKeyId: 'k', cryptoKey: RSA_4096 })
  const refused = expect(call).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|CANCELLED/) })
  await begun
  const end = callEnds()
  await other.close()
  await refused
  expect(await end).toBe(CODES.CANCELLED.number)
  expect(errors).toEqual([])
})

test('messages may be compressed, by gzip or deflate', async () => {
  const answer = await list({ 'grpc-encoding': 'gzip' }, framed(gzipSync(listRings), 1))
  expect(answerOf('cloudkms.v1', `${KMS}/ListKeyRings`, answer.content)).toEqual(rings)
  expect((await list({ 'grpc-encoding': 'gzip' })).code).toBe('OK') // it may, and need not
  const compressing = grpcClient(new URL(emulator.url).host, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': 2,
  })
  expect(await compressing.call('cloudkms.v1', `${KMS}/ListKeyRings`, { parent: LOCATION })).toEqual(rings)
  compressing.close()
})

test('what cannot be decompressed, or only to too much, is refused', async () => {
  const small = framed(gzipSync(Buffer.alloc(12 * 1024 * 1024)), 1)
  expect(await list({ 'grpc-encoding': 'gzip' }, small)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  expect(await list({ 'grpc-encoding': 'snappy' }, framed(listRings, 1))).toMatchObject({ code: 'UNIMPLEMENTED' })
  expect((await list({ 'grpc-encoding': 'gzip' }, framed(listRings, 1))).code).toBe('INTERNAL') // as gRPC has it
  expect((await list()).code).toBe('OK')
})

test('a call without a message, with two, with half of one or more than it says is refused', async () => {
  for (const body of [Buffer.alloc(0), Buffer.concat([framed(listRings), framed(listRings)]), framed(listRings).subarray(0, 9)])
    expect((await list({}, body)).code).not.toBe('OK')
  expect((await list({}, Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).code).toBe('RESOURCE_EXHAUSTED')
  expect((await list()).code).toBe('OK')
})

test('what is no call of gRPC is refused', async () => {
  const refused: [OutgoingHttpHeaders, object][] = [
    [{ 'content-type': 'application/json' }, { ':status': 415 }],
    [{ ':path': '/' }, { 'grpc-status': '12' }],
    [{ ':path': `/${KMS}/NoSuchMethod` }, { 'grpc-status': '12' }],
    [{ ':path': `/${KMS}/listKeyRings` }, { 'grpc-status': '12' }],
    [{ ':path': `//${KMS}/ListKeyRings` }, { 'grpc-status': '12' }],
    [{ ':path': `/${KMS}/ListKeyRings/` }, { 'grpc-status': '12' }],
    [{ ':path': '/__proto__/constructor' }, { 'grpc-status': '12' }],
    [{ ':path': `/${'a'.repeat(10_000)}` }, { 'grpc-status': '12' }],
    [{ ':path': '/google.logging.v2.LoggingServiceV2/TailLogEntries' }, { 'grpc-status': '12' }],
  ]
  for (const [headers, expected] of refused) {
    const stream = start(`${KMS}/ListKeyRings`, headers)
    const response = new Promise<object>((resolve) => stream.on('response', resolve))
    stream.end(framed(listRings))
    expect(await response, JSON.stringify(headers).slice(0, 100)).toMatchObject(expected)
    stream.resume()
  }
  expect((await list()).code).toBe('OK')
})

test('the host may stand in :authority, or in the header of HTTP/1.1', async () => {
  expect((await list({ ':authority': 'cloudkms.googleapis.com' })).code).toBe('OK')
  expect((await list({ ':authority': 'CloudKMS.googleapis.com:443' })).code).toBe('OK')
  expect((await list({ ':authority': 'europe-west2-cloudkms.googleapis.com' })).code).toBe('OK')
  expect((await list({ host: 'cloudkms.googleapis.com' })).code).toBe('OK')
  const elsewhere =
    'Method google.cloud.kms.v1.KeyManagementService.ListKeyRings (binaryauthorization.googleapis.com) is not supported by'
  for (const headers of [
    { ':authority': 'binaryauthorization.googleapis.com' },
    { host: 'binaryauthorization.googleapis.com' },
  ]) {
    const { code, message } = await list(headers)
    expect({ code, message: decodeURI(message) }).toEqual({ code: 'UNIMPLEMENTED', message: `${elsewhere} binauthz-emulator.` })
  }
})

test('a host of Google that is served over REST alone has no method', async () => {
  const { code, message } = await list({ ':authority': 'storage.googleapis.com' })
  expect({ code, message: decodeURI(message) }).toEqual({
    code: 'UNIMPLEMENTED',
    message:
      'Method google.cloud.kms.v1.KeyManagementService.ListKeyRings (storage.googleapis.com) is not supported by binauthz-emulator.',
  })
})

test('a host of Google that is not emulated is refused in one sentence', async () => {
  for (const host of ['pubsub.googleapis.com', 'googleapis.com', 'mars-cloudkms.googleapis.com:443']) {
    const { code, message } = await list({ ':authority': host })
    const name = host.replace(':443', '')
    expect({ code, message: decodeURI(message) }).toEqual({
      code: 'PERMISSION_DENIED',
      message: `binauthz-emulator does not emulate "${name}", and as a proxy it forwards nothing.`,
    })
  }
})

const call = (method: string, request: object, metadata: Record<string, string | Buffer>) => {
  const sent = new Metadata()
  for (const [name, value] of Object.entries(metadata)) sent.add(name, value)
  return client.send(method, bytesOf('cloudkms.v1', method, request), sent)
}

test('metadata that means nothing here is ignored, in whatever case its names are written', async () => {
  const bytes = await call(
    `${KMS}/ListKeyRings`,
    { parent: LOCATION },
    {
      'X-Goog-Request-Params': `parent=${encodeURIComponent(LOCATION)}&%zz=%ff`,
      'x-goog-api-client': 'gl-go/1.22 gapic/1.2 gax/2.12 grpc/1.73',
      Authorization: 'Bearer nothing',
      'X-Goog-User-Project': 'another-project',
      'grpc-trace-bin': Buffer.from([0, 255, 0]),
    },
  )
  expect(answerOf('cloudkms.v1', `${KMS}/ListKeyRings`, bytes)).toEqual(rings)
})

test('x-goog-fieldmask keeps what it names of the answer, and nothing of it is done where it is wrong', async () => {
  const masked = async (mask: string) =>
    answerOf(
      'cloudkms.v1',
      `${KMS}/ListKeyRings`,
      await call(`${KMS}/ListKeyRings`, { parent: LOCATION }, { 'X-Goog-FieldMask': mask }),
    )
  expect(await masked('totalSize')).toEqual({ totalSize: 1 })
  expect(await masked('total_size,keyRings.name')).toEqual({ totalSize: 1, keyRings: [{ name: RING }] })
  expect(await masked('keyRings(createTime)')).toEqual({ keyRings: [{ createTime: expect.any(String) }] })
  expect(await masked('*')).toEqual(rings)
  const overRest = await emulator.http('GET', `/v1/${LOCATION}/keyRings`, undefined, { 'X-Goog-FieldMask': 'totalSize' })
  expect(overRest.body).toEqual({ totalSize: 1 })
  const wrong = call(`${KMS}/CreateKeyRing`, { parent: LOCATION, keyRingId: 'masked' }, { 'x-goog-fieldmask': 'noSuchField' })
  await expect(wrong).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: [{ fieldViolations: [{ field: 'noSuchField' }] }],
  })
  expect(await masked('totalSize')).toEqual({ totalSize: 1 })
})

/** The error over each transport. */
async function bothErrors(method: string, request: object, path: string, body: object) {
  const rest = await emulator.http('POST', path, body)
  const { status: code, message, details = [] } = rest.body.error
  const grpc = await client.call('cloudkms.v1', method, request).then(
    () => expect.fail('no error'),
    (error) => ({ code: error.code, message: error.message, details: error.details }),
  )
  return [grpc, { code, message, details }] as const
}

test('an error has the details that it has over REST, as grpc-status-details-bin', async () => {
  const cryptoKey = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } }
  await client.call('cloudkms.v1', `${KMS}/CreateCryptoKey`, { parent: RING, cryptoKeyId: 'off', cryptoKey })
  const name = `${RING}/cryptoKeys/off/cryptoKeyVersions/1`
  clock.advance(60_000) // until the key is made
  const disabled = { cryptoKeyVersion: { name, state: 'DISABLED' }, updateMask: 'state' }
  await client.call('cloudkms.v1', `${KMS}/UpdateCryptoKeyVersion`, disabled)
  const digest = { sha256: Buffer.alloc(32).toString('base64') }
  const [grpc, rest] = await bothErrors(`${KMS}/AsymmetricSign`, { name, digest }, `/v1/${name}:asymmetricSign`, { digest })
  expect(grpc).toEqual(rest)
  const violations = [{ type: 'KEY_DISABLED', subject: name }]
  expect(grpc.details).toEqual([{ '@type': 'type.googleapis.com/google.rpc.PreconditionFailure', violations }])
})

test('a message may have any characters', async () => {
  for (const id of ['ä', '日本', '💥', 'a%20b', '100%', 'a\nb\r\n', '\t', '\u0000', '"']) {
    const path = `/v1/${LOCATION}/keyRings?keyRingId=${encodeURIComponent(id)}`
    const [grpc, rest] = await bothErrors(`${KMS}/CreateKeyRing`, { parent: LOCATION, keyRingId: id }, path, {})
    expect(grpc).toEqual(rest)
    expect(grpc.message).toContain(id)
  }
})

test('trailers stay below the 8 KiB that clients take, however long names and ids are', async () => {
  for (const text of ['x'.repeat(300_000), 'ä'.repeat(5000), '💥'.repeat(1023), `${'x'.repeat(2047)}💥`, '\n'.repeat(9000)]) {
    const name = bytesOf('cloudkms.v1', `${KMS}/GetKeyRing`, { name: text })
    const { code, message, trailers } = await send(`${KMS}/GetKeyRing`, framed(name))
    expect(code).toBe('INVALID_ARGUMENT')
    expect(JSON.stringify(trailers).length).toBeLessThan(8000)
    expect(decodeURI(message)).toMatch(/^Invalid resource field value in the request: name "/)
  }
  const health = Buffer.from(toBinary(CHECK, fromJson(CHECK, { service: 'x'.repeat(300_000) })))
  expect(await send('grpc.health.v1.Health/Check', framed(health))).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/^Service%20xxx/),
  })
  const mask = 'x'.repeat(3000) // which the details repeat
  const { code, trailers } = await list({ 'x-goog-fieldmask': mask })
  expect(code).toBe('INVALID_ARGUMENT')
  expect(trailers['grpc-status-details-bin']).toBeDefined()
  expect(JSON.stringify(trailers).length).toBeLessThan(8000)
})

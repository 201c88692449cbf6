import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import { Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { methodOf } from '../descriptors.ts'
import { addHealth } from './health.ts'

const SERVED = 'google.cloud.kms.v1.KeyManagementService'
const server = new Server()
let client: Client

beforeAll(async () => {
  addHealth(server, [SERVED])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
})
afterAll(() => {
  client.close()
  server.forceShutdown()
})

const asIs = (bytes: Buffer) => bytes
const path = (name: string) => `/grpc.health.v1.Health/${name}`
const method = (name: string) => methodOf('grpc', path(name).slice(1))
const encode = (name: string, request: object) =>
  Buffer.from(toBinary(method(name).input, fromJson(method(name).input, request as never)))

/** The bytes of the answer. */
const unary = (name: string, bytes: Buffer) =>
  new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path(name), asIs, asIs, bytes, (error, answer) => (error ? reject(error) : resolve(answer!)))
  })

/** The first message of a watch, which is then cancelled, and the code with which it ended. */
const watch = (bytes: Buffer) =>
  new Promise<{ first?: unknown; code: status }>((resolve) => {
    const call = client.makeServerStreamRequest(path('Watch'), asIs, asIs, bytes)
    let first: unknown
    call.on('data', (answer: Buffer) => {
      first = toJson(method('Watch').output, fromBinary(method('Watch').output, answer))
      call.cancel()
    })
    call.on('error', ({ code }: Error & { code: status }) => resolve({ first, code }))
    call.on('end', () => resolve({ first, code: status.OK }))
  })

test('the server as a whole is serving', async () => {
  expect(await unary('Check', Buffer.alloc(0))).toEqual(Buffer.from('0801', 'hex'))
})

test('a service that is served is serving', async () => {
  expect(await unary('Check', encode('Check', { service: SERVED }))).toEqual(Buffer.from('0801', 'hex'))
})

test('of a service that is not served, Check answers NOT_FOUND', async () => {
  await expect(unary('Check', encode('Check', { service: 'google.cloud.kms.v1.NoService' }))).rejects.toMatchObject({
    code: status.NOT_FOUND,
    details: 'Service google.cloud.kms.v1.NoService is not served here.',
  })
})

test('List answers with the status of all services', async () => {
  const { output } = method('List')
  expect(toJson(output, fromBinary(output, await unary('List', Buffer.alloc(0))))).toEqual({
    statuses: { '': { status: 'SERVING' }, [SERVED]: { status: 'SERVING' } },
  })
})

test('a watch says the status and stays open until its client ends it', async () => {
  expect(await watch(encode('Watch', { service: SERVED }))).toEqual({ first: { status: 'SERVING' }, code: status.CANCELLED })
})

test('a watch of a service that is not served stays open as well: it might come', async () => {
  expect(await watch(encode('Watch', { service: 'a.B' }))).toEqual({
    first: { status: 'SERVICE_UNKNOWN' },
    code: status.CANCELLED,
  })
})

test('a client that ends its watch leaves nothing open: the server can shut down in peace', async () => {
  const other = new Server()
  addHealth(other, [])
  const port = await new Promise<number>((resolve) => {
    other.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => resolve(bound))
  })
  const watching = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const call = watching.makeServerStreamRequest(path('Watch'), asIs, asIs, Buffer.alloc(0))
  await new Promise((resolve) => call.once('data', resolve))
  const ended = new Promise((resolve) => call.once('error', resolve))
  const down = new Promise<Error | undefined>((resolve) => other.tryShutdown(resolve))
  call.cancel()
  await ended
  expect(await down).toBeUndefined()
  watching.close()
})

test.each(['Check', 'List'])('bytes that are no message are an INVALID_ARGUMENT of %s', async (name) => {
  await expect(unary(name, Buffer.from('0aff', 'hex'))).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
})

test('bytes that are no message end a watch with INVALID_ARGUMENT', async () => {
  expect(await watch(Buffer.from('0aff', 'hex'))).toEqual({ first: undefined, code: status.INVALID_ARGUMENT })
})

// Health checking of gRPC servers (https://grpc.io/docs/guides/health-checking/): what is served here is always serving.
import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js'
import { CODES, notFound, StatusError } from '../../core/status.ts'
import { readMessage, trailersOf, writeMessage } from './messages.ts'

const SERVICE = 'grpc.health.v1.Health'
const SERVING = { status: 'SERVING' }

const asIs = (bytes: Buffer) => bytes
const read = (name: string, bytes: Buffer) => readMessage('grpc', `${SERVICE}/${name}`, bytes) as { service?: string }
const write = (name: string, response: object) => writeMessage('grpc', `${SERVICE}/${name}`, response)

/** Registers grpc.health.v1.Health.
 * `names`: `package.Service` of all that is served. Each, and the server as a whole (''), is SERVING. Of any other, `Check` answers
 * NOT_FOUND and `Watch` SERVICE_UNKNOWN. A watch stays open until its client ends it; as no status changes it says nothing more. */
export function addHealth(server: Server, names: string[]): void {
  const known = new Set(['', ...names])

  function check(bytes: Buffer) {
    const { service = '' } = read('Check', bytes)
    if (!known.has(service)) throw notFound(`Service ${service} is not served here.`)
    return write('Check', SERVING)
  }

  function list(bytes: Buffer) {
    read('List', bytes)
    return write('List', { statuses: Object.fromEntries([...known].map((name) => [name, SERVING])) })
  }

  function watch(bytes: Buffer) {
    const { service = '' } = read('Watch', bytes)
    return write('Watch', known.has(service) ? SERVING : { status: 'SERVICE_UNKNOWN' })
  }

  const unary =
    (answer: (bytes: Buffer) => Buffer) => (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      let response: Buffer
      try {
        response = answer(call.request)
      } catch (error) {
        callback(grpcError(error))
        return
      }
      callback(null, response)
    }

  const stream = (call: ServerWritableStream<Buffer, Buffer>) => {
    try {
      call.write(watch(call.request))
    } catch (error) {
      call.emit('error', grpcError(error))
    }
  }

  server.register(`/${SERVICE}/Check`, unary(check), asIs, asIs, 'unary')
  server.register(`/${SERVICE}/List`, unary(list), asIs, asIs, 'unary')
  server.register(`/${SERVICE}/Watch`, stream, asIs, asIs, 'serverStream')
}

/** What grpc-js ends a call with; anything but a StatusError is INTERNAL and keeps its message to itself. */
export function grpcError(error: unknown): { code: number; details: string } {
  const status = error instanceof StatusError ? error : new StatusError('INTERNAL', 'Internal error.')
  return { code: CODES[status.code].number, details: trailersOf(status).details }
}

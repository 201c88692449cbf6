// Calls any RPC over gRPC by its descriptor, as Google's clients would: plaintext HTTP/2, protobuf messages, status details.
import { type DescMessage, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import { type ChannelOptions, Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js'
import { camelCase } from '../core/field-mask.ts'
import { CODES, type Detail } from '../core/status.ts'
import { answerTypesOf, methodOf, registryOf } from '../transports/descriptors.ts'
import { CallError } from './call-error.ts'

export interface GrpcClient {
  /** Calls `package.Service/Method` of an API; rejects with a CallError for an error status. */
  call(api: string, method: string, request: object): Promise<any>
  /** The same with bytes instead of messages. */
  send(method: string, bytes: Uint8Array, metadata?: Metadata): Promise<Buffer>
  close(): void
}

/** `address` is `host:port`. */
export function grpcClient(address: string, channel = credentials.createInsecure(), options: ChannelOptions = {}): GrpcClient {
  const defaults = { 'grpc.max_receive_message_length': -1, 'grpc.use_local_subchannel_pool': 1 }
  const client = new Client(address, channel, { ...defaults, ...options })
  const asIs = (bytes: Buffer) => bytes

  function send(method: string, bytes: Uint8Array, metadata?: Metadata): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer) => (error ? reject(callError(error)) : resolve(answer!))
      const request = Buffer.from(bytes)
      if (metadata) client.makeUnaryRequest(`/${method}`, asIs, asIs, request, metadata, done)
      else client.makeUnaryRequest(`/${method}`, asIs, asIs, request, done)
    })
  }

  return {
    send,
    async call(api, method, request) {
      const { input, output } = methodOf(api, method)
      const answer = await send(method, toBinary(input, messageOf(api, input, request)))
      return toJson(output, fromBinary(output, answer), { registry: answerTypesOf(api) })
    },
    close: () => client.close(),
  }
}

/** What has no place in a message, a client of gRPC cannot send. */
function messageOf(api: string, input: DescMessage, request: object) {
  const json = JSON.parse(JSON.stringify(request))
  for (const { jsonName, message } of input.fields) // a mask may be written in either case, and goes out in one
    if (message?.typeName === 'google.protobuf.FieldMask' && typeof json[jsonName] === 'string')
      json[jsonName] = camelCase(json[jsonName])
  try {
    return fromJson(input, json, { registry: registryOf(api) })
  } catch (error) {
    throw new CallError('INVALID_ARGUMENT', (error as Error).message)
  }
}

function callError({ code, details, metadata }: ServiceError): CallError {
  const name = Object.entries(CODES).find(([, { number }]) => number === code)![0]
  const [bytes] = metadata.get('grpc-status-details-bin')
  if (!bytes) return new CallError(name, details)
  const registry = answerTypesOf('grpc')
  const type = registry.getMessage('google.rpc.Status')!
  const status = toJson(type, fromBinary(type, bytes as Buffer), { registry }) as {
    code: number
    message: string
    details: Detail[]
  }
  if (status.code !== code || status.message !== details) throw new Error(`status details differ: ${JSON.stringify(status)}`)
  return new CallError(name, details, status.details)
}

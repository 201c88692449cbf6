// Protobuf messages ⇄ canonical ProtoJSON, through the descriptors of the API.
import { fromBinary, fromJson, type Message, toBinary, toJson } from '@bufbuild/protobuf'
import { CODES, invalidArgument, type StatusError, unimplemented } from '../../core/status.ts'
import { answerTypesOf, methodOf, registryOf } from '../descriptors.ts'

/** The request as ProtoJSON. Throws INVALID_ARGUMENT for bytes that are no such message, and UNIMPLEMENTED for a field that a newer contract
 * has and ours has not: what a caller asks for is not dropped in silence. */
export function readMessage(api: string, method: string, bytes: Uint8Array): Record<string, unknown> {
  const { input } = methodOf(api, method)
  const message = valid(input.typeName, () => fromBinary(input, bytes))
  const unknown = unknownField(message)
  if (unknown) throw unimplemented(`Field number ${unknown.$unknown![0]!.no} of ${unknown.$typeName}`)
  return valid(input.typeName, () => toJson(input, message, { registry: registryOf(api) })) as Record<string, unknown>
}

function valid<T>(type: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw invalidArgument(`The request is not a valid ${type}: ${(error as Error).message}`)
  }
}

/** The first message in it, itself included, that has fields of which only the number is known. */
function unknownField(value: object): Message | undefined {
  const { $unknown } = value as Message
  if ($unknown && $unknown.length > 0) return value as Message
  for (const child of Object.values(value)) {
    if (typeof child !== 'object' || child === null || child instanceof Uint8Array) continue
    const found = unknownField(child)
    if (found) return found
  }
  return undefined
}

export function writeMessage(api: string, method: string, response: unknown): Buffer {
  const { output } = methodOf(api, method)
  return asBuffer(toBinary(output, fromJson(output, response as never, { registry: answerTypesOf(api) })))
}

/** The google.rpc.Status of `grpc-status-details-bin`. Its details are of google.rpc, or of the API. */
export function statusMessage({ code, message, details }: StatusError): Buffer {
  const registry = answerTypesOf('grpc')
  const status = registry.getMessage('google.rpc.Status')!
  return asBuffer(toBinary(status, fromJson(status, { code: CODES[code].number, message, details } as never, { registry })))
}

/** The same memory as a Buffer, which grpc-js asks for. */
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>) => Buffer.from(buffer, byteOffset, byteLength)

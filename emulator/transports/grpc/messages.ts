// Protobuf messages ⇄ canonical ProtoJSON, through the descriptors of the API.
import { fromBinary, fromJson, type Message, toBinary, toJson } from '@bufbuild/protobuf'
import { isObject } from '../../core/json.ts'
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

/** An error as trailers carry it: `details` is the message, `statusDetails` the google.rpc.Status of `grpc-status-details-bin`, there only
 * where it says more than code and message. Details are of google.rpc, or of the API.
 * Clients bound all trailers together, those built on gRPC's C core at 8 KiB, and lose the whole status where there is more: so long texts
 * are cut, and details that are still too long are left out. */
export function trailersOf({ code, message, details }: StatusError): { details: string; statusDetails?: Buffer } {
  const short = cut(message, MAX_TEXT)
  if (details.length === 0) return { details: short }
  const registry = answerTypesOf('grpc')
  const status = registry.getMessage('google.rpc.Status')!
  for (const limit of [MAX_TEXT, MAX_TEXT / 4]) {
    const json = { code: CODES[code].number, message: short, details: cutTexts(details, limit) }
    const statusDetails = asBuffer(toBinary(status, fromJson(status, json as never, { registry })))
    if (statusDetails.length <= MAX_DETAILS) return { details: short, statusDetails }
  }
  return { details: short }
}

/** In bytes: of a text as percent-encoding has it, and of details before base64 makes a third more of them. */
const MAX_TEXT = 2048
const MAX_DETAILS = 4096

/** The text, or its beginning where it is longer. Half a character, which has no encoding, is replaced. */
function cut(text: string, limit: number): string {
  let [length, kept] = [0, '']
  for (const character of text.slice(0, limit + 1).toWellFormed()) {
    length += encodeURI(character).length
    if (length > limit) return `${kept}…`
    kept += character
  }
  return kept
}

function cutTexts(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return cut(value, limit)
  if (Array.isArray(value)) return value.map((item) => cutTexts(item, limit))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, cutTexts(child, limit)])) : value
}

/** The same memory as a Buffer, which grpc-js asks for. */
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>) => Buffer.from(buffer, byteOffset, byteLength)

// What an attestation's signature is over: a "simple signing" JSON document that names an image by digest
// (https://cloud.google.com/binary-authorization/docs/making-attestations), sometimes inside DSSE's pre-authentication encoding.

import { isObject } from '../../core/json.ts'
import { repeatedKey } from '../../core/repeated-key.ts'

/** The type that gcloud's `--dsse-type` defaults to. */
export const SIMPLE_SIGNING_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** A payload is about 300 bytes; what is larger than this is neither read nor verified. */
export const MAX_PAYLOAD_BYTES = 64 * 1024

export type PayloadDigest =
  | { digest: string; type?: string; dockerReference?: string; problem?: undefined }
  | { digest?: undefined; problem: string }

const object = (value: unknown): Record<string, unknown> | undefined => (isObject(value) ? value : undefined)

export type JsonDocument = { value: unknown; problem?: undefined } | { value?: undefined; problem: string }

/** Reads bytes that are signed as JSON. Reading strictly is this emulator's own hardening: a document that two parsers could read
 * differently (a key twice in one object, bytes that are no UTF-8, a byte order mark, text behind the document) is none.
 * @param what names the bytes in `problem`, a sentence */
export function readJson(bytes: Buffer, what: string): JsonDocument {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { problem: `The ${what} is not valid UTF-8.` }
  }
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: `The ${what} is not valid JSON.` }
  }
  const repeated = repeatedKey(text)
  return repeated === undefined
    ? { value }
    : { problem: `The ${what} has the key ${JSON.stringify(repeated)} twice in one object.` }
}

/** Reads `critical.image.docker-manifest-digest` of a simple-signing payload, in the form `sha256:` and 64 lower-case hex digits.
 * Only the digest decides ("the enforcer uses only the image digest"), so another `critical.type` or `docker-reference`, or none, is
 * no problem and is returned for diagnostics; one that is no string is. See readJson for what is no document. */
export function digestOfPayload(payload: Buffer): PayloadDigest {
  if (payload.length > MAX_PAYLOAD_BYTES) return { problem: `The payload is larger than ${MAX_PAYLOAD_BYTES} bytes.` }
  const { value, problem } = readJson(payload, 'payload')
  return problem === undefined ? digestOfDocument(value) : { problem }
}

/** The same of a payload that was read. */
export function digestOfDocument(document: unknown): PayloadDigest {
  const critical = object(object(document)?.critical)
  if (!critical) return { problem: 'The payload is not a JSON object with the object "critical".' }
  const { image, identity, type } = critical
  const digest = object(image)?.['docker-manifest-digest']
  if (typeof digest !== 'string') return { problem: 'The payload has no string critical.image.docker-manifest-digest.' }
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
    return {
      problem: `critical.image.docker-manifest-digest is ${JSON.stringify(digest)}, not sha256: and 64 lower-case hex digits.`,
    }
  }
  if (!isOptionalString(type)) return { problem: 'critical.type is not a string.' }
  const dockerReference = object(identity)?.['docker-reference']
  if (identity !== undefined && !isObject(identity)) return { problem: 'critical.identity is not an object.' }
  if (!isOptionalString(dockerReference)) return { problem: 'critical.identity.docker-reference is not a string.' }
  return { digest, type, dockerReference }
}

const isOptionalString = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'

/** DSSE's pre-authentication encoding, `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes
 * (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md). */
export function pae(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

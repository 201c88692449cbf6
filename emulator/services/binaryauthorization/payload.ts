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

const string = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** Reads `critical.image.docker-manifest-digest` of a simple-signing payload, in the form `sha256:` and 64 lower-case hex digits.
 * Only the digest decides ("the enforcer uses only the image digest"), so another `critical.type` or `docker-reference`, or none, is
 * no problem and is returned for diagnostics. A document that two parsers could read differently (a key twice in one object, bytes
 * that are no UTF-8, a byte order mark, text behind the object) names no digest. */
export function digestOfPayload(payload: Buffer): PayloadDigest {
  if (payload.length > MAX_PAYLOAD_BYTES) return { problem: `The payload is larger than ${MAX_PAYLOAD_BYTES} bytes.` }
  let text: string
  let document: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
  } catch {
    return { problem: 'The payload is not valid UTF-8.' }
  }
  try {
    document = JSON.parse(text)
  } catch {
    return { problem: 'The payload is not valid JSON.' }
  }
  const repeated = repeatedKey(text)
  if (repeated !== undefined) return { problem: `The payload has the key ${JSON.stringify(repeated)} twice in one object.` }
  const critical = object(object(document)?.critical)
  if (!critical) return { problem: 'The payload is not a JSON object with the object "critical".' }
  const digest = string(object(critical.image)?.['docker-manifest-digest'])
  if (digest === undefined) return { problem: 'The payload has no string critical.image.docker-manifest-digest.' }
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
    return {
      problem: `critical.image.docker-manifest-digest is ${JSON.stringify(digest)}, not sha256: and 64 lower-case hex digits.`,
    }
  }
  return { digest, type: string(critical.type), dockerReference: string(object(critical.identity)?.['docker-reference']) }
}

/** DSSE's pre-authentication encoding, `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes
 * (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md). */
export function pae(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

// Verifies a JWT of an attestation (`jwts[].compactJwt`): a JWS in compact form (RFC 7515) which holds the payload that it signs.
// Google publishes neither its header nor its claims; both are as the source of Kritis, Google's reference implementation, has them
// (https://github.com/grafeas/kritis/blob/master/pkg/attestlib/jwt.go). A simple-signing document is taken as payload too: our choice.
import type { SigningOptions } from 'node:crypto'
import { isObject } from '../../core/json.ts'
import { digestOfDocument, MAX_PAYLOAD_BYTES, type PayloadDigest, readJson } from './payload.ts'
import { type PkixPublicKey, type ReadPkixPublicKey, readPkixPublicKey } from './public-keys.ts'
import { jwtAlgorithm } from './signature-algorithms.ts'
import { verifies } from './verify-pkix.ts'

/** A JWT that was taken apart, and of which nothing is verified. */
export interface ReadJwt {
  readonly compact: string
  readonly kid: string
  readonly alg: string
  readonly signed: Buffer
  readonly payload: Buffer
  readonly signature: Buffer
}

type Problem = { readonly problem: string }

/** Header, payload and signature in base64 make no more than this. */
const MAX_LENGTH = 2 * MAX_PAYLOAD_BYTES

/** Takes a compact JWT apart. Its header must have `typ` JWT, `alg` and `kid`, and nothing that would give the bytes another meaning;
 * keys and key addresses in it (`jwk`, `x5c`, `jku`) are not looked at. An empty `kid` is for the caller to refuse. */
export function readJwt(compact: string): ReadJwt | Problem {
  if (compact.length > MAX_LENGTH) return { problem: `The JWT is longer than ${MAX_LENGTH} characters.` }
  const parts = compact.split('.')
  const [header, payload, signature] = parts.map(bytesOf)
  if (parts.length !== 3 || !header || !payload || !signature)
    return { problem: 'The JWT is not three parts in base64url without padding, joined by dots.' }
  const { value, problem } = readJson(header, 'header of the JWT')
  if (problem !== undefined) return { problem }
  if (!isObject(value)) return { problem: 'The header of the JWT is not a JSON object.' }
  const { typ, alg, kid = '' } = value
  if (typ !== 'JWT') return { problem: 'The header of the JWT does not have the typ "JWT".' }
  for (const name of ['crit', 'b64'])
    if (Object.hasOwn(value, name))
      return { problem: `The header of the JWT has the parameter "${name}", which is not supported.` }
  if (typeof alg !== 'string') return { problem: 'The header of the JWT has no string "alg".' }
  if (typeof kid !== 'string') return { problem: 'The "kid" of the JWT\'s header is not a string.' }
  const signed = Buffer.from(compact.slice(0, compact.lastIndexOf('.')))
  return { compact, kid, alg, signed, payload, signature }
}

/** The bytes of base64url in the one form that RFC 7515 allows; undefined for none, and for every other spelling. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : undefined
}

/** What a JWT says, at whatever time it is asked. Good from `notBefore` until `expires`, in milliseconds since the epoch. */
export interface JwtClaims {
  readonly digest: PayloadDigest
  readonly notBefore?: number
  readonly expires?: number
}

export type JwtVerdict =
  | { readonly verified: true; readonly claims: JwtClaims; readonly code?: undefined; readonly why?: undefined }
  | { readonly verified: false; readonly code: 'JWT_ALGORITHM_MISMATCH' | 'SIGNATURE_INVALID'; readonly why: string }

/** Verifies a JWT with a key. Hash, padding and curve are those of the key's `signatureAlgorithm`; the header's `alg` must agree and
 * decides nothing. ECDSA signatures are r and s side by side (RFC 7518 section 3.4). Never throws. */
export function verifyJwt(key: PkixPublicKey, { alg, signed, payload, signature }: ReadJwt): JwtVerdict {
  let publicKey: ReadPkixPublicKey
  try {
    publicKey = readPkixPublicKey(key)
  } catch (error) {
    return { verified: false, code: 'SIGNATURE_INVALID', why: (error as Error).message }
  }
  const { algorithm } = publicKey
  const needed = jwtAlgorithm(algorithm)
  if (alg !== needed) {
    const why = `The alg of the JWT is ${JSON.stringify(alg.slice(0, 100))}; the key is ${key.signatureAlgorithm}, which is ${needed}.`
    return { verified: false, code: 'JWT_ALGORITHM_MISMATCH', why }
  }
  const isWhole = algorithm.keyType === 'rsa' || signature.length === algorithm.pointLength - 1
  if (isWhole && verifies(publicKey, signed, signature, SIDE_BY_SIDE)) return { verified: true, claims: claimsOf(payload) }
  const isDer = algorithm.keyType === 'ec' && verifies(publicKey, signed, signature)
  const hint = isDer ? ' It is ASN.1 DER instead of r and s side by side.' : ''
  return { verified: false, code: 'SIGNATURE_INVALID', why: `The signature of the JWT does not verify with this key.${hint}` }
}

const SIDE_BY_SIDE = { dsaEncoding: 'ieee-p1363' } satisfies SigningOptions

const SUBJECT = /^container:digest:(sha256:[0-9a-f]{64})$/
const AUDIENCE = '//binaryauthorization.googleapis.com'
const ATTESTATION_TYPE = 'claimless'

/** The claims of a payload: `exp` and `nbf` of RFC 7519, and the digest from `sub` or from a simple-signing document. */
function claimsOf(payload: Buffer): JwtClaims {
  if (payload.length > MAX_PAYLOAD_BYTES) return refused(`The payload is larger than ${MAX_PAYLOAD_BYTES} bytes.`)
  const { value: claims, problem } = readJson(payload, 'payload')
  if (problem !== undefined) return refused(problem)
  if (!isObject(claims)) return refused('The payload is not a JSON object.')
  const { exp, nbf } = claims
  for (const [name, time] of Object.entries({ exp, nbf }))
    if (time !== undefined && (typeof time !== 'number' || !Number.isFinite(time * 1000)))
      return refused(`The claim ${name} is not a number of seconds.`)
  return {
    digest: digestOfClaims(claims),
    ...(nbf !== undefined && { notBefore: Number(nbf) * 1000 }),
    ...(exp !== undefined && { expires: Number(exp) * 1000 }),
  }
}

const refused = (problem: string): JwtClaims => ({ digest: { problem } })

function digestOfClaims(claims: Record<string, unknown>): PayloadDigest {
  const { sub, aud, attestationType, critical } = claims
  if (sub === undefined) return digestOfDocument(claims)
  // two digests would be two meanings
  if (critical !== undefined) return { problem: 'The payload has both "sub" and "critical".' }
  const digest = typeof sub === 'string' ? SUBJECT.exec(sub)?.[1] : undefined
  if (!digest) return { problem: 'The claim sub is not container:digest:sha256: and 64 lower-case hex digits.' }
  if (![aud].flat().includes(AUDIENCE)) return { problem: `The claim aud is not "${AUDIENCE}".` }
  if (attestationType !== ATTESTATION_TYPE) return { problem: `The claim attestationType is not "${ATTESTATION_TYPE}".` }
  return { digest }
}

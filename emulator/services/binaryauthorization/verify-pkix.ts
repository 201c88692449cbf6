// Verifies a signature with a PkixPublicKey of an attestor
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors#pkixpublickey).
import { constants, type SigningOptions, verify } from 'node:crypto'
import { MAX_PAYLOAD_BYTES, pae, SIMPLE_SIGNING_TYPE } from './payload.ts'
import { type PkixPublicKey, type ReadPkixPublicKey, readPkixPublicKey } from './public-keys.ts'
import type { SignatureAlgorithm } from './signature-algorithms.ts'

/** `form` tells what was signed: the payload itself, or its pre-authentication encoding. `why` is a sentence for the user. */
export type PkixVerdict =
  | { readonly verified: true; readonly form: 'raw' | 'pae'; readonly why?: undefined }
  | { readonly verified: false; readonly why: string; readonly form?: undefined }

const no = (why: string): PkixVerdict => ({ verified: false, why })

/** The longest true signature is 512 bytes, its armored or base64 forms are what users send by mistake. */
const MAX_SIGNATURE_BYTES = 4096

/** The digest's own length is the only PSS salt that verifies. Cloud KMS and Tink, which Google names as the base of these algorithms,
 * sign and verify with it, and Google's openssl commands ask for it (`-sigopt rsa_pss_saltlen:-1`); accepting any salt would accept
 * more than the service may. */
const PADDING = {
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
} satisfies Record<string, SigningOptions>

/** Verifies `signature` (ECDSA in DER; RSA of the modulus' length) over `payload`, byte for byte, then over the payload in PAE with the
 * type that gcloud uses. Key type, hash and padding are those of the key's `signatureAlgorithm`; nothing is taken from the message.
 * Never throws: what cannot be verified is not verified. */
export function verifyPkix(key: PkixPublicKey, payload: Buffer, signature: Buffer): PkixVerdict {
  if (payload.length === 0) return no('The attestation has no serialized payload, which a PKIX signature needs.')
  if (payload.length > MAX_PAYLOAD_BYTES) return no(`The payload is larger than ${MAX_PAYLOAD_BYTES} bytes.`)
  if (signature.length === 0) return no('The signature is empty.')
  if (signature.length > MAX_SIGNATURE_BYTES)
    return no(`The signature has ${signature.length} bytes, more than any algorithm produces.`)
  let publicKey: ReadPkixPublicKey
  try {
    publicKey = readPkixPublicKey(key)
  } catch (error) {
    return no((error as Error).message)
  }
  const attempt: Attempt = (data, bytes, options) => verifies(publicKey, data, bytes, options)
  if (attempt(payload, signature)) return { verified: true, form: 'raw' }
  if (attempt(pae(SIMPLE_SIGNING_TYPE, payload), signature)) return { verified: true, form: 'pae' }
  return no(mistake(attempt, publicKey.algorithm, payload, signature))
}

const DER = { dsaEncoding: 'der' } satisfies SigningOptions

/** Is this the key's signature over these bytes? With the hash of the key's algorithm and, unless `options` say otherwise, its padding
 * and ECDSA in DER. Never throws. */
export function verifies(
  { key, algorithm }: ReadPkixPublicKey,
  data: Buffer,
  signature: Buffer,
  options?: SigningOptions,
): boolean {
  const isRsaKey = algorithm.keyType === 'rsa'
  // RFC 8017 wants every octet; OpenSSL also takes a signature whose leading zeros somebody has cut off
  if (isRsaKey && signature.length !== algorithm.modulusLength / 8) return false
  const declared = isRsaKey ? PADDING[algorithm.padding] : DER
  try {
    return verify(algorithm.hash, data, { key, ...declared, ...options }, signature)
  } catch {
    return false
  }
}

type Attempt = (data: Buffer, signature: Buffer, options?: SigningOptions) => boolean

/** Names the frequent mistake that a bad signature comes from. It only words the refusal: the verdict is made before. */
function mistake(attempt: Attempt, algorithm: SignatureAlgorithm, payload: Buffer, signature: Buffer): string {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
  const newline = Buffer.from('\n')
  const decoded = Buffer.from(signature.toString('latin1'), 'base64')
  const rows: [applies: boolean, Parameters<Attempt>, why: string][] = [
    [payload.at(-1) !== 10, [Buffer.concat([payload, newline]), signature], 'It is over the payload with a newline at its end.'],
    [payload.at(-1) === 10, [payload.subarray(0, -1), signature], 'It is over the payload without the newline at its end.'],
    [true, [payload, decoded], 'It is encoded in base64 once too often.'],
    [
      algorithm.keyType === 'ec',
      [payload, signature, { dsaEncoding: 'ieee-p1363' }],
      'It is r and s side by side instead of ASN.1 DER.',
    ],
    [isRsa(algorithm, 'pkcs1'), [payload, signature, pss], 'It is an RSA-PSS signature, the key declares PKCS #1 v1.5.'],
    [isRsa(algorithm, 'pss'), [payload, signature, PADDING.pkcs1], 'It is a PKCS #1 v1.5 signature, the key declares RSA-PSS.'],
    [
      isRsa(algorithm, 'pss'),
      [payload, signature, pss],
      'Its PSS salt is not as long as the digest (openssl -sigopt rsa_pss_saltlen:-1).',
    ],
  ]
  const found = rows.find(([applies, arguments_]) => applies && attempt(...arguments_))
  return `The signature does not verify over the payload with this key.${found ? ` ${found[2]}` : ''}`
}

const isRsa = (algorithm: SignatureAlgorithm, padding: string) => algorithm.keyType === 'rsa' && algorithm.padding === padding

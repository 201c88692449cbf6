// The public keys of an attestor, checked when the attestor is written
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors#attestorpublickey).
// Google's own error texts for keys are not published; these follow its style.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { invalidArgument, unimplemented } from '../../core/status.ts'
import { isOversizedExponent, MAX_EXPONENT_BITS, readPgpPublicKey, unsupportedAlgorithm } from './pgp-public-keys.ts'
import { type SignatureAlgorithm, signatureAlgorithm } from './signature-algorithms.ts'

/** PkixPublicKey as ProtoJSON. */
export interface PkixPublicKey {
  publicKeyPem?: string
  signatureAlgorithm?: string
  keyId?: string
}

/** AttestorPublicKey as ProtoJSON. */
export interface AttestorPublicKey {
  comment?: string
  id?: string
  asciiArmoredPgpPublicKey?: string
  pkixPublicKey?: PkixPublicKey
}

/** A PkixPublicKey that was read: its key, its SubjectPublicKeyInfo in DER and what its algorithm means. */
export interface ReadPkixPublicKey {
  readonly key: KeyObject
  readonly spki: Buffer
  readonly algorithm: SignatureAlgorithm
}

const MAX_PEM_LENGTH = 16 * 1024
const MAX_ID_LENGTH = 2048

/** Checks one key of an attestor and returns it with the `id` that the API answers with: a PGP key's fingerprint (a caller's id is
 * overwritten), a PKIX key's own id or the one computed from its bytes.
 * @throws INVALID_ARGUMENT for a key that no signature could be verified with; UNIMPLEMENTED for algorithms that are not emulated */
export async function checkAttestorPublicKey(key: AttestorPublicKey): Promise<AttestorPublicKey & { id: string }> {
  const { asciiArmoredPgpPublicKey, pkixPublicKey } = key
  if (asciiArmoredPgpPublicKey !== undefined && pkixPublicKey !== undefined) {
    throw invalidArgument('An attestor public key must have either ascii_armored_pgp_public_key or pkix_public_key, not both.')
  }
  if (pkixPublicKey !== undefined) return { ...key, id: checkPkixPublicKey(pkixPublicKey, key.id).id }
  if (asciiArmoredPgpPublicKey !== undefined) return { ...key, id: (await checkPgpPublicKey(asciiArmoredPgpPublicKey)).id }
  throw invalidArgument('An attestor public key must have ascii_armored_pgp_public_key or pkix_public_key.')
}

/** Checks a PKIX key whose AttestorPublicKey has the given `id` (blank or not given: computed from the key).
 * @returns the key's id and its SubjectPublicKeyInfo in DER
 * @throws INVALID_ARGUMENT, see readPkixPublicKey; also for an id that is no URI or longer than 2,048 characters, and for a `keyId`
 * that differs from the id */
export function checkPkixPublicKey(pkix: PkixPublicKey, id?: string): { id: string; spki: Buffer } {
  const { spki } = readPkixPublicKey(pkix)
  if (id && id.length > MAX_ID_LENGTH)
    throw invalidArgument(`Invalid public key ID: it has ${id.length} characters; at most ${MAX_ID_LENGTH} are allowed.`)
  if (id && !isUriReference(id)) throw invalidArgument(`Invalid public key ID "${id}": it must be a valid RFC 3986 URI.`)
  const keyId = id || `ni:///sha-256;${createHash('sha256').update(spki).digest('base64url')}`
  if (pkix.keyId && pkix.keyId !== keyId) {
    throw invalidArgument(`pkix_public_key.key_id "${pkix.keyId}" must be blank or equal to the public key ID "${keyId}".`)
  }
  return { id: keyId, spki }
}

/** Checks a PGP key in the form that `gpg --armor --export` prints.
 * @returns its id, the 40 upper-case hex digits of the RFC 4880 V4 fingerprint
 * @throws INVALID_ARGUMENT unless it is exactly one V4 public key; UNIMPLEMENTED for algorithms that cannot be verified here */
export async function checkPgpPublicKey(armored: string): Promise<{ id: string }> {
  const { fingerprint, key } = await readPgpPublicKey(armored)
  const unsupported = unsupportedAlgorithm(key)
  if (unsupported) throw unimplemented(`A PGP public key of type ${unsupported}`)
  return { id: fingerprint }
}

/** The key of a PkixPublicKey, ready to verify with. Only one spelling of a key is accepted: one PEM block `PUBLIC KEY` (RFC 7468
 * section 13), canonical DER, named curve, uncompressed point; so the bytes that give the id are the bytes of the key.
 * @throws INVALID_ARGUMENT for anything else, for a key that does not fit its signature algorithm, and without an algorithm */
export function readPkixPublicKey(pkix: PkixPublicKey): ReadPkixPublicKey {
  const content = `${pkix.signatureAlgorithm} ${pkix.publicKeyPem}`
  const known = keysRead.get(content)
  if (known) return known
  const key = read(pkix)
  if (keysRead.size >= MAX_KEYS_READ) keysRead.clear()
  keysRead.set(content, key)
  return key
}

/** Good keys by what they were read from, which says all about them: to read one takes longer than to verify a signature with it. */
const keysRead = new Map<string, ReadPkixPublicKey>()
const MAX_KEYS_READ = 1000

function read(pkix: PkixPublicKey): ReadPkixPublicKey {
  const algorithm = signatureAlgorithm(pkix.signatureAlgorithm)
  if (!algorithm) {
    const name = pkix.signatureAlgorithm || 'SIGNATURE_ALGORITHM_UNSPECIFIED'
    throw invalidArgument(`Invalid pkix_public_key: signature_algorithm ${name} is not a signature algorithm.`)
  }
  const spki = derOfPem(pkix.publicKeyPem ?? '')
  const key = publicKeyOf(spki)
  const mismatch = key && mismatchOf(key, spki, algorithm)
  if (!key) throw invalidArgument('Invalid pkix_public_key: public_key_pem does not hold a DER-encoded SubjectPublicKeyInfo.')
  if (mismatch) throw invalidArgument(`Invalid pkix_public_key: ${pkix.signatureAlgorithm} needs ${mismatch}.`)
  return { key, spki, algorithm }
}

function derOfPem(pem: string): Buffer {
  const match =
    pem.length <= MAX_PEM_LENGTH && /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/.exec(pem)
  if (!match) throw invalidArgument('Invalid pkix_public_key: public_key_pem must be exactly one PEM block "PUBLIC KEY".')
  const [, label, body] = match as unknown as [string, string, string]
  if (label !== 'PUBLIC KEY') {
    throw invalidArgument(`Invalid pkix_public_key: public_key_pem must be a PEM block "PUBLIC KEY", not "${label}".`)
  }
  const base64 = body.replace(/\s/g, '')
  const der = Buffer.from(base64, 'base64')
  if (der.toString('base64') !== base64) throw invalidArgument('Invalid pkix_public_key: public_key_pem is not valid base64.')
  return der
}

/** undefined for what is no SubjectPublicKeyInfo, has bytes behind it, or is not the canonical encoding. */
function publicKeyOf(spki: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return key.export({ format: 'der', type: 'spki' }).equals(spki) ? key : undefined
  } catch {
    return undefined
  }
}

/** What the key lacks for the algorithm, in words; undefined when it fits. */
function mismatchOf(key: KeyObject, spki: Buffer, algorithm: SignatureAlgorithm) {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (algorithm.keyType === 'ec') {
    if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== algorithm.curve)
      return `an EC key on ${algorithm.curve}`
    // Explicit curve parameters and compressed points give another length; 0x04 announces an uncompressed point, 0x06 and 0x07 a hybrid.
    const canonical = spki.length === algorithm.spkiLength && spki.at(-algorithm.pointLength) === 4
    return canonical ? undefined : 'a named curve and an uncompressed point'
  }
  const { modulusLength, publicExponent = 0n } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType !== 'rsa' || modulusLength !== algorithm.modulusLength)
    return `an RSA key of ${algorithm.modulusLength} bits`
  const modulus = Buffer.from(key.export({ format: 'jwk' }).n!, 'base64url')
  if (modulus.at(-1)! % 2 === 0) return 'an odd RSA modulus'
  // Tink, which Google names as the base of these key types, refuses smaller and even exponents; with exponent 1 anybody could sign.
  const isGood = publicExponent >= 65537n && publicExponent % 2n === 1n && !isOversizedExponent(publicExponent)
  return isGood ? undefined : `an odd RSA public exponent of 65537 or more and of ${MAX_EXPONENT_BITS} bits at most`
}

const UNRESERVED = 'A-Za-z0-9\\-._~'
const SUB_DELIMS = "!$&'()*+,;="
const characters = (set: string) => `(?:[${UNRESERVED}${SUB_DELIMS}${set}]|%[0-9A-Fa-f]{2})`
const PCHAR = characters(':@')
const AUTHORITY = `(?:${characters(':')}*@)?(?:\\[[0-9A-Za-z:.]+\\]|${characters('')}*)(?::[0-9]*)?`
const REST = `(?:/${PCHAR}*)*`
const ROOTED = `//${AUTHORITY}${REST}|/(?:${PCHAR}+${REST})?`
const URI_REFERENCE = new RegExp(
  `^(?:[A-Za-z][A-Za-z0-9+.-]*:(?:${ROOTED}|${PCHAR}+${REST})?|(?:${ROOTED}|${characters('@')}+${REST})?)` +
    `(?:\\?${characters(':@/?')}*)?(?:#${characters(':@/?')}*)?$`,
)

/** RFC 3986: an absolute URI, or a relative reference, since gcloud gives KMS keys the id `//cloudkms.googleapis.com/v1/projects/…`. */
const isUriReference = (text: string) => URI_REFERENCE.test(text)

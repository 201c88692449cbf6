// Does an attestation prove that an attestor has approved a digest? Signature by signature, with the reason for each answer.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import type { KeyRing } from './key-ids.ts'
import { digestOfPayload, type PayloadDigest } from './payload.ts'
import type { AttestorPublicKey } from './public-keys.ts'
import { verifiedSignatures } from './verified-signatures.ts'
import { type JwtVerdict, type ReadJwt, readJwt } from './verify-jwt.ts'

export type Attestation = components['schemas']['grafeas.v1.AttestationOccurrence']
type Signature = NonNullable<Attestation['signatures']>[number]
type Jwt = NonNullable<Attestation['jwts']>[number]

export type SignatureCode =
  | 'VERIFIED'
  | 'KEY_ID_MISSING'
  | 'KEY_NOT_FOUND'
  | 'SIGNATURE_INVALID'
  | 'PAYLOAD_INVALID'
  | 'PAYLOAD_DIGEST_MISMATCH'
  | 'JWT_MALFORMED'
  | 'JWT_ALGORITHM_MISMATCH'
  | 'JWT_NOT_VALID_YET'
  | 'JWT_EXPIRED'

export interface SignatureVerdict {
  publicKeyId: string
  verified: boolean
  code: SignatureCode
  /** A sentence for the user, where not verified. */
  why?: string
  /** What was signed: `raw`, the payload as it is, or its `pae`; a PGP message, `detached` or `attached`; a `jwt`. */
  form?: string
}

export interface AttestationVerdict {
  verified: boolean
  code: SignatureCode | 'NO_SIGNATURES'
  why?: string
  signatures: SignatureVerdict[]
}

/** What a verification needs beside attestation and keys. */
export interface Verification {
  digest: string
  ctx: Pick<Context, 'now'>
  /** How many more signatures under an unknown id may be tried with the keys that there are, to word the refusal. */
  diagnoses: number
}

/** An occurrence may carry many signatures and JWTs; more than any signer makes are not examined. */
const MAX_SIGNATURES = 100

/** Verdicts that a tree lists, and ids that a sentence lists. */
const MAX_LISTED = 10

/** Ids in sentences: a client may have made them as long as a request may be. */
const short = (id: string) => `"${id.length > 300 ? `${id.slice(0, 300)}…` : id}"`

/** Verdicts by content; pure functions of their key, so that emulators of one process may share them. */
const signatures = verifiedSignatures()

/** How near to success a failure is: the nearest one names the attestation's failure. */
const NEARNESS: SignatureCode[] = [
  'PAYLOAD_DIGEST_MISMATCH',
  'PAYLOAD_INVALID',
  'JWT_NOT_VALID_YET',
  'JWT_EXPIRED',
  'SIGNATURE_INVALID',
  'JWT_ALGORITHM_MISMATCH',
  'JWT_MALFORMED',
  'KEY_NOT_FOUND',
  'KEY_ID_MISSING',
]

/** One good signature or JWT by one of the keys, over a payload that names the digest, is enough. JWTs hold their payload themselves;
 * the attestation's own counts for its signatures alone. */
export async function verifyAttestation(
  { serializedPayload = '', signatures: given = [], jwts = [] }: Attestation,
  ring: KeyRing,
  verification: Verification,
): Promise<AttestationVerdict> {
  if (given.length + jwts.length === 0)
    return { verified: false, code: 'NO_SIGNATURES', why: 'It has no signature.', signatures: [] }
  const payload = Buffer.from(serializedPayload, 'base64')
  const examinations = [
    ...given.map((signature) => () => verifySignature(signature, payload, ring, verification)),
    ...jwts.map((jwt) => async () => verifyJwt(jwt, ring, verification)),
  ]
  const verdicts: SignatureVerdict[] = []
  for (const examine of examinations.slice(0, MAX_SIGNATURES)) {
    const verdict = await examine()
    if (verdict.verified) return { verified: true, code: 'VERIFIED', signatures: [...verdicts.slice(0, MAX_LISTED - 1), verdict] }
    verdicts.push(verdict)
  }
  const code = NEARNESS.find((candidate) => verdicts.some((verdict) => verdict.code === candidate))!
  const { why } = verdicts.find((verdict) => verdict.code === code)!
  return { verified: false, code, why, signatures: verdicts.slice(0, MAX_LISTED) }
}

const refusal = (publicKeyId: string, code: SignatureCode, why: string, form?: string): SignatureVerdict => ({
  publicKeyId: publicKeyId.slice(0, 1000),
  verified: false,
  code,
  why,
  ...(form && { form }),
})

async function verifySignature(
  { publicKeyId = '', signature: encoded = '' }: Signature,
  payload: Buffer,
  ring: KeyRing,
  verification: Verification,
): Promise<SignatureVerdict> {
  if (publicKeyId === '') return refusal('', 'KEY_ID_MISSING', 'The signature names no public key.')
  const signature = Buffer.from(encoded, 'base64')
  const [named, ...others] = ring.find(publicKeyId)
  if (!named) {
    const isGoodWith = async (key: AttestorPublicKey) => (await verifyWith(key, payload, signature, verification)).verified
    return refusal(publicKeyId, 'KEY_NOT_FOUND', await missingKey(publicKeyId, ring, verification, isGoodWith))
  }
  let verdict = await verifyWith(named, payload, signature, verification)
  for (const other of others) if (!verdict.verified) verdict = await verifyWith(other, payload, signature, verification)
  if (!verdict.verified) return refusal(publicKeyId, 'SIGNATURE_INVALID', verdict.why)
  return judgeDigest(publicKeyId, digestOfPayload(verdict.payload), verdict.form, verification)
}

async function verifyJwt({ compactJwt = '' }: Jwt, ring: KeyRing, verification: Verification): Promise<SignatureVerdict> {
  const jwt = readJwt(compactJwt)
  if ('problem' in jwt) return refusal('', 'JWT_MALFORMED', jwt.problem)
  const { kid } = jwt
  if (kid === '') return refusal('', 'KEY_ID_MISSING', 'The header of the JWT has no "kid", which names the public key.')
  const [named, ...others] = ring.find(kid)
  if (!named) {
    const isGoodWith = async (key: AttestorPublicKey) => verifyJwtWith(key, jwt).verified
    return refusal(kid, 'KEY_NOT_FOUND', await missingKey(kid, ring, verification, isGoodWith))
  }
  let verdict = verifyJwtWith(named, jwt)
  for (const other of others) if (!verdict.verified) verdict = verifyJwtWith(other, jwt)
  if (!verdict.verified) return refusal(kid, verdict.code, verdict.why)
  const { digest, notBefore = -Infinity, expires = Infinity } = verdict.claims
  const now = verification.ctx.now().getTime()
  if (now < notBefore) return refusal(kid, 'JWT_NOT_VALID_YET', 'The JWT is good, but not yet: its nbf lies ahead.', 'jwt')
  if (now >= expires) return refusal(kid, 'JWT_EXPIRED', 'The JWT was good until its exp, which has passed.', 'jwt')
  return judgeDigest(kid, digest, 'jwt', verification)
}

/** What counts of a good signature: the digest that it is over. */
function judgeDigest(
  publicKeyId: string,
  { digest, problem }: PayloadDigest,
  form: string,
  expected: Verification,
): SignatureVerdict {
  if (digest === undefined) return refusal(publicKeyId, 'PAYLOAD_INVALID', `The signature is good, but: ${problem}`, form)
  if (digest !== expected.digest)
    return refusal(publicKeyId, 'PAYLOAD_DIGEST_MISMATCH', `The signature is good, but it is over ${digest}.`, form)
  return { publicKeyId, verified: true, code: 'VERIFIED', form }
}

type Verdict = { verified: true; form: string; payload: Buffer } | { verified: false; why: string }

async function verifyWith(key: AttestorPublicKey, payload: Buffer, signature: Buffer, { ctx }: Verification): Promise<Verdict> {
  if (key.pkixPublicKey) {
    const verdict = signatures.verifyPkix(key.pkixPublicKey, payload, signature)
    return verdict.verified ? { ...verdict, payload } : verdict
  }
  if (key.asciiArmoredPgpPublicKey) return signatures.verifyPgp(key.asciiArmoredPgpPublicKey, payload, signature, ctx.now())
  return { verified: false, why: 'The public key is neither PKIX nor PGP.' }
}

function verifyJwtWith({ pkixPublicKey }: AttestorPublicKey, jwt: ReadJwt): JwtVerdict {
  if (pkixPublicKey) return signatures.verifyJwt(pkixPublicKey, jwt)
  return { verified: false, code: 'JWT_ALGORITHM_MISMATCH', why: 'A JWT is signed with a PKIX key, and this key is PGP.' }
}

/** The most frequent mistake is a good signature under another id: the sentence then says so. It changes no verdict. */
async function missingKey(
  id: string,
  { keys }: KeyRing,
  verification: Verification,
  isGoodWith: (key: AttestorPublicKey) => Promise<boolean>,
): Promise<string> {
  for (const key of verification.diagnoses-- > 0 ? keys.slice(0, MAX_LISTED) : [])
    if (await isGoodWith(key))
      return `The attestor has no public key with the id ${short(id)}. The signature is good with its key ${short(key.id ?? '')}: the ids must be equal.`
  const ids = keys.slice(0, MAX_LISTED).map((key) => short(key.id ?? ''))
  const more = keys.length > MAX_LISTED ? ` and ${keys.length - MAX_LISTED} more` : ''
  return `The attestor has no public key with the id ${short(id)}; it has ${ids.join(', ') || 'none'}${more}.`
}

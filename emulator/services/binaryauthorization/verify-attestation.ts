// Does an attestation prove that an attestor has approved a digest? Signature by signature, with the reason for each answer.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import type { KeyRing } from './key-ids.ts'
import { digestOfPayload } from './payload.ts'
import type { AttestorPublicKey } from './public-keys.ts'
import { verifiedSignatures } from './verified-signatures.ts'

export type Attestation = components['schemas']['grafeas.v1.AttestationOccurrence']
type Signature = NonNullable<Attestation['signatures']>[number]

export type SignatureCode =
  | 'VERIFIED'
  | 'KEY_ID_MISSING'
  | 'KEY_NOT_FOUND'
  | 'SIGNATURE_INVALID'
  | 'PAYLOAD_INVALID'
  | 'PAYLOAD_DIGEST_MISMATCH'

export interface SignatureVerdict {
  publicKeyId: string
  verified: boolean
  code: SignatureCode
  /** A sentence for the user, where not verified. */
  why?: string
  /** What was signed: the payload as it is, its PAE, or a PGP message of either form. */
  form?: string
}

export interface AttestationVerdict {
  verified: boolean
  code: SignatureCode | 'NO_SIGNATURES' | 'JWT_NOT_SUPPORTED'
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

/** An occurrence may carry many signatures; more than any signer makes are not examined. */
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
  'SIGNATURE_INVALID',
  'KEY_NOT_FOUND',
  'KEY_ID_MISSING',
]

/** One good signature by one of the keys, over a payload that names the digest, is enough. */
export async function verifyAttestation(
  attestation: Attestation,
  ring: KeyRing,
  verification: Verification,
): Promise<AttestationVerdict> {
  const given = attestation.signatures ?? []
  if (given.length === 0) {
    const isJwt = Boolean(attestation.jwts?.length)
    const why = isJwt ? 'It is signed by JWT, which binauthz-emulator does not verify.' : 'It has no signature.'
    return { verified: false, code: isJwt ? 'JWT_NOT_SUPPORTED' : 'NO_SIGNATURES', why, signatures: [] }
  }
  const payload = Buffer.from(attestation.serializedPayload ?? '', 'base64')
  const verdicts: SignatureVerdict[] = []
  for (const signature of given.slice(0, MAX_SIGNATURES)) {
    const verdict = await verifySignature(signature, payload, ring, verification)
    if (verdict.verified) return { verified: true, code: 'VERIFIED', signatures: [...verdicts.slice(0, MAX_LISTED - 1), verdict] }
    verdicts.push(verdict)
  }
  const code = NEARNESS.find((candidate) => verdicts.some((verdict) => verdict.code === candidate))!
  const { why } = verdicts.find((verdict) => verdict.code === code)!
  return { verified: false, code, why, signatures: verdicts.slice(0, MAX_LISTED) }
}

async function verifySignature(
  { publicKeyId = '', signature: encoded = '' }: Signature,
  payload: Buffer,
  ring: KeyRing,
  verification: Verification,
): Promise<SignatureVerdict> {
  const no = (code: SignatureCode, why: string, form?: string) => ({
    publicKeyId: publicKeyId.slice(0, 1000),
    verified: false,
    code,
    why,
    ...(form && { form }),
  })
  if (publicKeyId === '') return no('KEY_ID_MISSING', 'The signature names no public key.')
  const signature = Buffer.from(encoded, 'base64')
  const [named, ...others] = ring.find(publicKeyId)
  if (!named) return no('KEY_NOT_FOUND', await missingKey(publicKeyId, payload, signature, ring, verification))
  let verdict = await verifyWith(named, payload, signature, verification)
  for (const other of others) if (!verdict.verified) verdict = await verifyWith(other, payload, signature, verification)
  if (!verdict.verified) return no('SIGNATURE_INVALID', verdict.why)
  const { digest: signed, problem } = digestOfPayload(verdict.payload)
  if (signed === undefined) return no('PAYLOAD_INVALID', `The signature is good, but: ${problem}`, verdict.form)
  if (signed !== verification.digest)
    return no('PAYLOAD_DIGEST_MISMATCH', `The signature is good, but it is over ${signed}.`, verdict.form)
  return { publicKeyId, verified: true, code: 'VERIFIED', form: verdict.form }
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

/** The most frequent mistake is a good signature under another id: the sentence then says so. It changes no verdict. */
async function missingKey(id: string, payload: Buffer, signature: Buffer, { keys }: KeyRing, verification: Verification) {
  for (const key of verification.diagnoses-- > 0 ? keys.slice(0, MAX_LISTED) : [])
    if ((await verifyWith(key, payload, signature, verification)).verified)
      return `The attestor has no public key with the id ${short(id)}. The signature is good with its key ${short(key.id ?? '')}: the ids must be equal.`
  const ids = keys.slice(0, MAX_LISTED).map((key) => short(key.id ?? ''))
  const more = keys.length > MAX_LISTED ? ` and ${keys.length - MAX_LISTED} more` : ''
  return `The attestor has no public key with the id ${short(id)}; it has ${ids.join(', ') || 'none'}${more}.`
}

// Does an attestation prove that an attestor has approved a digest? Signature by signature, with the reason for each answer.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { sameKeyId } from './key-ids.ts'
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

/** An occurrence may carry many signatures; more than any signer makes are not examined. */
const MAX_SIGNATURES = 100

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
  keys: AttestorPublicKey[],
  digest: string,
  ctx: Pick<Context, 'isOwnAuthority' | 'now'>,
): Promise<AttestationVerdict> {
  const given = attestation.signatures ?? []
  if (given.length === 0) {
    if (attestation.jwts?.length)
      return {
        verified: false,
        code: 'JWT_NOT_SUPPORTED',
        why: 'It is signed by JWT, which binauthz-emulator does not verify.',
        signatures: [],
      }
    return { verified: false, code: 'NO_SIGNATURES', why: 'It has no signature.', signatures: [] }
  }
  const payload = Buffer.from(attestation.serializedPayload ?? '', 'base64')
  const verdicts: SignatureVerdict[] = []
  for (const signature of given.slice(0, MAX_SIGNATURES)) {
    const verdict = await verifySignature(signature, payload, keys, digest, ctx)
    verdicts.push(verdict)
    if (verdict.verified) return { verified: true, code: 'VERIFIED', signatures: verdicts }
  }
  const code = NEARNESS.find((candidate) => verdicts.some((verdict) => verdict.code === candidate))!
  return { verified: false, code, why: verdicts.find((verdict) => verdict.code === code)!.why, signatures: verdicts }
}

async function verifySignature(
  { publicKeyId = '', signature: encoded = '' }: Signature,
  payload: Buffer,
  keys: AttestorPublicKey[],
  digest: string,
  ctx: Pick<Context, 'isOwnAuthority' | 'now'>,
): Promise<SignatureVerdict> {
  const no = (code: SignatureCode, why: string, form?: string) => ({
    publicKeyId,
    verified: false,
    code,
    why,
    ...(form && { form }),
  })
  if (publicKeyId === '') return no('KEY_ID_MISSING', 'The signature names no public key.')
  const signature = Buffer.from(encoded, 'base64')
  // more than one only where two ids name the same KMS key, once by its real host and once by this emulator's
  const named = keys.filter(({ id = '' }) => sameKeyId(id, publicKeyId, ctx))
  if (named.length === 0) return no('KEY_NOT_FOUND', await missingKey(publicKeyId, payload, signature, keys, ctx))
  let verdict = await verifyWith(named[0]!, payload, signature, ctx)
  for (const other of named.slice(1)) if (!verdict.verified) verdict = await verifyWith(other, payload, signature, ctx)
  if (!verdict.verified) return no('SIGNATURE_INVALID', verdict.why)
  const { digest: signed, problem } = digestOfPayload(verdict.payload)
  if (signed === undefined) return no('PAYLOAD_INVALID', `The signature is good, but: ${problem}`, verdict.form)
  if (signed !== digest) return no('PAYLOAD_DIGEST_MISMATCH', `The signature is good, but it is over ${signed}.`, verdict.form)
  return { publicKeyId, verified: true, code: 'VERIFIED', form: verdict.form }
}

type Verdict = { verified: true; form: string; payload: Buffer } | { verified: false; why: string }

async function verifyWith(
  key: AttestorPublicKey,
  payload: Buffer,
  signature: Buffer,
  ctx: Pick<Context, 'now'>,
): Promise<Verdict> {
  if (key.pkixPublicKey) {
    const verdict = signatures.verifyPkix(key.pkixPublicKey, payload, signature)
    return verdict.verified ? { ...verdict, payload } : verdict
  }
  if (key.asciiArmoredPgpPublicKey) return signatures.verifyPgp(key.asciiArmoredPgpPublicKey, payload, signature, ctx.now())
  return { verified: false, why: 'The public key is neither PKIX nor PGP.' }
}

/** The most frequent mistake is a good signature under another id: the sentence then says so. It changes no verdict. */
async function missingKey(id: string, payload: Buffer, signature: Buffer, keys: AttestorPublicKey[], ctx: Pick<Context, 'now'>) {
  const ids = keys.map((key) => `"${key.id}"`).join(', ')
  for (const key of keys.slice(0, 10))
    if ((await verifyWith(key, payload, signature, ctx)).verified)
      return `The attestor has no public key with the id "${id}". The signature is good with its key "${key.id}": the ids must be equal.`
  return `The attestor has no public key with the id "${id}"; it has ${ids || 'none'}.`
}

// Has an attestor attested a digest? One good attestation under its note is enough.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context } from '../../core/service.ts'
import type { AttestorEvidence } from './evaluation.ts'
import type { AttestationStep, AttestorStep } from './evaluation-tree.ts'
import { keyRing } from './key-ids.ts'
import { type Verification, verifyAttestation } from './verify-attestation.ts'

/** Texts of the enforcer, word for word. */
export const REASONS = {
  noValidAttestation: 'No attestations found that were valid and signed by a key trusted by the attestor',
  notByDigest: 'Expected digest with sha256 scheme, but got tag or malformed digest',
  attestorNotFound: 'The attestor does not exist', // ours: no text of production is known
} as const

/** The tree lists at most so many failed attestations of an attestor; all are examined. */
const MAX_LISTED = 20

/** After so many, other requests get their turn. */
const TURN = 20

/** The newest attestations are examined first. */
export async function evaluateAttestor(
  { name, attestor, lacking, attestations }: AttestorEvidence,
  digest: string,
  ctx: Context,
): Promise<AttestorStep> {
  if (!attestor) {
    const why = 'The policy names an attestor that does not exist (any more).'
    return { attestor: name, result: 'NOT_SATISFIED', code: 'ATTESTOR_NOT_FOUND', reason: REASONS.attestorNotFound, why }
  }
  if (lacking)
    return {
      attestor: name,
      result: 'NOT_SATISFIED',
      code: 'ATTESTOR_NOT_ACCESSIBLE',
      reason: REASONS.noValidAttestation,
      why: lacking,
    }
  const { noteReference: note, publicKeys = [] } = attestor.userOwnedGrafeasNote ?? {}
  const publicKeyIds = publicKeys.slice(0, MAX_LISTED).map(({ id = '' }) => id)
  const known = { attestor: name, note, publicKeyIds, attestationCount: attestations.length }
  const failed: AttestationStep[] = []
  const fail = (code: string, why: string): AttestorStep => ({
    ...known,
    result: 'NOT_SATISFIED',
    code,
    reason: REASONS.noValidAttestation,
    why,
    attestations: failed,
  })
  if (publicKeys.length === 0) return fail('ATTESTOR_HAS_NO_KEYS', 'The attestor has no public key, so it verifies nothing.')
  if (attestations.length === 0) return fail('NO_ATTESTATION', `Note ${note} has no attestation of ${digest}.`)
  const ring = keyRing(publicKeys, ctx)
  const verification: Verification = { digest, ctx, diagnoses: 5 }
  for (const [index, { name: occurrence, resourceUri, attestation }] of attestations.toReversed().entries()) {
    if (index % TURN === TURN - 1) await nextTurn()
    const step = { occurrence, resourceUri, ...(await verifyAttestation(attestation, ring, verification)) }
    if (step.verified) return { ...known, result: 'SATISFIED', attestations: [...failed, step] }
    if (failed.length < MAX_LISTED) failed.push(step)
  }
  return fail('NO_VALID_ATTESTATION', failed[0]!.why ?? '')
}

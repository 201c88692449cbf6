// attestors.validateAttestationOccurrence: would this attestation satisfy the attestor? The occurrence need not exist
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors/validateAttestationOccurrence).
import { type Context, io } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { getAttestor } from './attestors.ts'
import { digestOfImage } from './image-reference.ts'
import { keyRing } from './key-ids.ts'
import { verifyAttestation } from './verify-attestation.ts'

type Schemas = components['schemas']
type Request = Schemas['ValidateAttestationOccurrenceRequest']
type Response = Schemas['ValidateAttestationOccurrenceResponse']

/** The answer is a result, not an error, where the attestation does not verify. Google's denial reasons are not published: these are ours. */
async function validate(request: Request, ctx: Context): Promise<Response> {
  const { attestor: name = '', attestation, occurrenceNote, occurrenceResourceUri } = request
  for (const [field, value] of Object.entries({ attestation, occurrenceNote, occurrenceResourceUri }))
    if (!value) throw invalidArgument(`${field} must be set.`)
  const { noteReference, publicKeys = [] } = getAttestor({ name }, ctx).userOwnedGrafeasNote ?? {}
  const no = (denialReason: string): Response => ({ result: 'ATTESTATION_NOT_VERIFIABLE', denialReason })
  if (occurrenceNote !== noteReference)
    return no(`The occurrence is attached to ${occurrenceNote}, the attestor's note is ${noteReference}`)
  const digest = digestOfImage(occurrenceResourceUri!)
  if (!digest) return no('Expected digest with sha256 scheme, but got tag or malformed digest')
  if (publicKeys.length === 0) return no('The attestor has no public keys')
  const verdict = await verifyAttestation(attestation!, keyRing(publicKeys, ctx), { digest, ctx, diagnoses: 5 })
  return verdict.verified ? { result: 'VERIFIED' } : no(verdict.why ?? '')
}

export const validateAttestationOccurrence = io(validate, (_request: Request, _ctx, response: Response) => response)

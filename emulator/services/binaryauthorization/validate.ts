// attestors.validateAttestationOccurrence: would this attestation satisfy the attestor? The occurrence need not exist
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors/validateAttestationOccurrence).
import { projectId } from '../../core/projects.ts'
import { type Context, io } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { getAttestor } from './attestors.ts'
import { evaluateAttestor, REASONS } from './evaluate-attestor.ts'
import { NOTE } from './names.ts'

type Schemas = components['schemas']
type Request = Schemas['ValidateAttestationOccurrenceRequest']
type Response = Schemas['ValidateAttestationOccurrenceResponse']

/** Asks what admission asks, of this one attestation. The answer is a result, not an error, where it does not verify, and its
 * denialReason is the sentence of the decision tree: Google's are not published. */
async function validate(request: Request, ctx: Context): Promise<Response> {
  const { attestor: name = '', attestation, occurrenceNote, occurrenceResourceUri } = request
  for (const [field, value] of Object.entries({ attestation, occurrenceNote, occurrenceResourceUri }))
    if (!value) throw invalidArgument(`${field} must be set.`)
  const attestor = getAttestor({ name }, ctx)
  const no = (denialReason: string): Response => ({ result: 'ATTESTATION_NOT_VERIFIABLE', denialReason })
  const note = attestor.userOwnedGrafeasNote?.noteReference
  if (noteName(occurrenceNote!, ctx) !== note)
    return no(`The occurrence is attached to ${occurrenceNote}, the attestor's note is ${note}`)
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(occurrenceResourceUri!)?.[1]
  if (!digest) return no(REASONS.notByDigest)
  const occurrence = { name: '', noteName: note!, resourceUri: occurrenceResourceUri!, attestation: attestation!, createTime: '' }
  const { result, why = '' } = await evaluateAttestor({ name, attestor, attestations: [occurrence] }, digest, ctx)
  return result === 'SATISFIED' ? { result: 'VERIFIED' } : no(why)
}

/** Occurrences may name their note by the number of its project, and are kept with the id. */
function noteName(name: string, ctx: Context): string {
  const variables = NOTE.match(name)
  return variables ? NOTE.format({ ...variables, project: projectId(ctx.db, variables.project) }) : name
}

export const validateAttestationOccurrence = io(validate, (_request: Request, _ctx, response: Response) => response)

// Attestors (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors): public keys, and the note
// whose attestations they verify.
import { collection, page } from '../../core/collection.ts'
import { checkEtag, etagOf } from '../../core/etag.ts'
import { type Context, io } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { type AttestorPublicKey, checkAttestorId, checkNoteReference, checkPublicKeys } from './attestor-validation.ts'
import { ATTESTOR, isProject, PROJECT } from './names.ts'
import { serviceAgent } from './service-agents.ts'

type Schemas = components['schemas']
export type Attestor = Schemas['Attestor']

/** https://cloud.google.com/binary-authorization/quotas */
const MAX_ATTESTORS = 200
const LIST_LIMITS = { default: 100, max: 1000 }

const attestors = (ctx: Context) => collection<Attestor>(ctx.db, 'binauthz_attestors')

/** The attestor of a name with the project's id, for who must not fail where there is none. */
export const findAttestor = (ctx: Context, name: string): Attestor | undefined => attestors(ctx).get(name)

/** The attestor, or NOT_FOUND. */
export function getAttestor({ name = '' }: Schemas['GetAttestorRequest'], ctx: Context): Attestor {
  ATTESTOR.parse(name)
  const attestor = findAttestor(ctx, name)
  if (!attestor) throw notFound(`Attestor ${name} not found.`)
  return attestor
}

/** The note need not exist: neither the API's description nor gcloud looks. Without it there are no attestations, so nothing is
 * admitted. */
export const createAttestor = io(
  async ({ parent = '', attestorId, attestor = {} }: Schemas['CreateAttestorRequest'], ctx: Context) => {
    const { project } = PROJECT.parse(parent, 'parent')
    if (!isProject(project)) throw notFound(`Project ${project} not found.`)
    const name = ATTESTOR.format({ project, attestor: checkAttestorId(attestorId) })
    const { noteReference, publicKeys } = attestor.userOwnedGrafeasNote ?? {}
    return { name, project, noteReference: checkNoteReference(noteReference, ctx), publicKeys: await checkPublicKeys(publicKeys) }
  },
  ({ parent = '', attestor = {} }, ctx, { name, project, noteReference, publicKeys }) => {
    if (findAttestor(ctx, name)) throw alreadyExists(`Attestor ${name} already exists.`)
    if (attestors(ctx).count(parent) >= MAX_ATTESTORS)
      throw new StatusError('RESOURCE_EXHAUSTED', `Project ${project} has ${MAX_ATTESTORS} attestors, which is the maximum.`)
    const delegationServiceAccountEmail = serviceAgent(ctx, project)
    const created = revised(
      { name, userOwnedGrafeasNote: { noteReference, delegationServiceAccountEmail } },
      attestor,
      publicKeys,
      ctx,
    )
    attestors(ctx).insert(name, parent, created)
    return created
  },
)

/** Replaces what may change, description and public keys; keys that the request leaves out are gone. The etag is compared where
 * there is one. */
export const updateAttestor = io(
  ({ attestor = {} }: Schemas['UpdateAttestorRequest']) => checkPublicKeys(attestor.userOwnedGrafeasNote?.publicKeys),
  ({ attestor = {} }, ctx, publicKeys) => {
    const { name = '', etag, userOwnedGrafeasNote: { noteReference } = {} } = attestor
    const current = getAttestor({ name }, ctx)
    checkEtag(etag, current.etag, `The etag ${etag} is not that of the current attestor ${name}: get the attestor again.`)
    const note = current.userOwnedGrafeasNote?.noteReference
    if (noteReference !== note)
      throw invalidArgument(
        `note_reference "${noteReference ?? ''}" must be "${note}": the note of an attestor cannot be changed.`,
      )
    const updated = revised(current, attestor, publicKeys, ctx)
    attestors(ctx).update(name, updated)
    return updated
  },
)

/** The attestor with the request's changeable fields and no others. */
function revised(fixed: Attestor, { description }: Attestor, publicKeys: AttestorPublicKey[], ctx: Context): Attestor {
  const { noteReference, delegationServiceAccountEmail } = fixed.userOwnedGrafeasNote ?? {}
  const attestor: Attestor = {
    name: fixed.name,
    ...(description && { description }),
    userOwnedGrafeasNote: { noteReference, ...(publicKeys.length > 0 && { publicKeys }), delegationServiceAccountEmail },
    updateTime: ctx.timestamp(),
  }
  // 9 digits, because two updates within a microsecond are two etags
  return { ...attestor, etag: etagOf([attestor, ctx.timestamp(9)]) }
}

export function listAttestors(request: Schemas['ListAttestorsRequest'], ctx: Context): Schemas['ListAttestorsResponse'] {
  const { parent = '' } = request
  const { project } = PROJECT.parse(parent, 'parent')
  if (!isProject(project)) throw invalidArgument(`parent "${parent}" is no project that exists.`)
  const { items, nextPageToken } = page((after) => attestors(ctx).iterate(parent, after), request, LIST_LIMITS, { parent })
  return { attestors: items, nextPageToken }
}

/** Policies that name the attestor keep doing so, and deny what they ask it for. */
export function deleteAttestor({ name = '' }: Schemas['DeleteAttestorRequest'], ctx: Context): Record<string, never> {
  getAttestor({ name }, ctx)
  attestors(ctx).delete(name)
  deleteIamPolicy(ctx, name)
  return {}
}

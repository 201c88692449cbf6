// What makes an attestor invalid. Google's texts are not published; these name the field.
import { canonicalProject } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { NOTE } from './names.ts'
import { checkAttestorPublicKey } from './public-keys.ts'

export type AttestorPublicKey = components['schemas']['AttestorPublicKey']

/** Not published: what is safe in a resource name. */
const ATTESTOR_ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/
/** https://cloud.google.com/binary-authorization/quotas */
const MAX_KEYS = 1000

export function checkAttestorId(id = ''): string {
  if (!ATTESTOR_ID.test(id))
    throw invalidArgument(`Invalid attestor_id "${id}": it must match ${ATTESTOR_ID.source.slice(1, -1)}.`)
  return id
}

/** `projects/<project id>/notes/<note>`. A project's number is refused: occurrences name their note by the id. */
export function checkNoteReference(reference: string | undefined, ctx: Context): string {
  if (!reference) throw invalidArgument('note_reference must be set.')
  const { project } = NOTE.parse(reference, 'note_reference')
  if (/^\d+$/.test(project)) throw invalidArgument(`note_reference "${reference}" must have a project ID, not a project number.`)
  return canonicalProject(ctx.db, reference, false)
}

/** The keys with their ids filled in. The ids must be distinct, because a signature finds its key by the id. */
export async function checkPublicKeys(keys: AttestorPublicKey[] = []): Promise<AttestorPublicKey[]> {
  if (keys.length > MAX_KEYS) throw invalidArgument(`public_keys has ${keys.length} keys; the maximum is ${MAX_KEYS}.`)
  const checked: AttestorPublicKey[] = []
  const ids = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const id = await idOfKey(key, index)
    if (ids.has(id)) throw invalidArgument(`public_keys[${index}] has the ID "${id}", which another key of the attestor has.`)
    ids.add(id)
    checked.push({ ...key, id })
  }
  return checked
}

async function idOfKey(key: AttestorPublicKey, index: number): Promise<string> {
  try {
    return (await checkAttestorPublicKey(key)).id
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(error.code, `public_keys[${index}]: ${error.message}`, error.details)
    throw error
  }
}

// The attestor `built-by-cloud-build`, which Cloud Build makes in the project of a build, and its attestations
// (https://cloud.google.com/binary-authorization/docs/deploy-cloud-build).
import type { Context } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import { createAttestor, findAttestor } from '../binaryauthorization/index.ts'
import { createNote, createOccurrence, getNote } from '../containeranalysis/index.ts'
import type { Schemas } from './build-fields.ts'
import type { PushedImage } from './pushed-images.ts'
import { builtByCloudBuild, publicKeyPem, signature } from './signing-keys.ts'

export type Warning = Schemas['Build.Warning']

const ATTESTOR_ID = 'built-by-cloud-build'
const KEY = builtByCloudBuild('global')
const KEY_ID = `//cloudkms.googleapis.com/v1/${KEY}`

/** Attests one image, as the occurrence of that rank among those of one time; where the project's attestor of that name is not Cloud
 * Build's it does nothing but say so. */
export function attestImage(
  { image, digest }: PushedImage,
  project: string,
  rank: number,
  ctx: Context,
): { occurrence?: string; warning?: Warning } {
  const refusal = ensureAttestor(project, ctx)
  if (refusal) return { warning: { text: refusal, priority: 'WARNING' } }
  const payload = signaturePayload(image, digest)
  const attestation = {
    serializedPayload: payload.toString('base64'),
    signatures: [{ signature: signature(KEY, payload, ctx), publicKeyId: KEY_ID }],
  }
  const occurrence = { resourceUri: `https://${image}@${digest}`, noteName: noteOf(project), attestation }
  return { occurrence: createOccurrence({ parent: `projects/${project}`, occurrence }, ctx, rank).name! }
}

/** The bytes that `gcloud container binauthz create-signature-payload` prints. */
export function signaturePayload(image: string, digest: string): Buffer {
  const critical = {
    identity: { 'docker-reference': image },
    image: { 'docker-manifest-digest': digest },
    type: 'Google cloud binauthz container signature',
  }
  return Buffer.from(`${JSON.stringify({ critical }, null, 2)}\n`)
}

const noteOf = (project: string) => `projects/${project}/notes/${ATTESTOR_ID}`

/** Makes attestor and note where they are not there. What else has their names is left as it is: the sentence says what that is. */
function ensureAttestor(project: string, ctx: Context): string | undefined {
  const parent = `projects/${project}`
  const name = `${parent}/attestors/${ATTESTOR_ID}`
  const noteReference = noteOf(project)
  const pem = publicKeyPem(KEY, ctx)
  const attestor = findAttestor(ctx, name)?.userOwnedGrafeasNote
  if (attestor) {
    const key = attestor.publicKeys?.find(({ id }) => id === KEY_ID)
    if (attestor.noteReference !== noteReference || key?.pkixPublicKey?.publicKeyPem?.trim() !== pem.trim())
      return `The images were not attested: ${name} exists, and is not the attestor that Cloud Build makes.`
  }
  const kind = noteKind(noteReference, ctx)
  if (kind && kind !== 'ATTESTATION')
    return `The images were not attested: the note ${noteReference} exists, and is of kind ${kind}.`
  if (!kind) createNote({ parent, noteId: ATTESTOR_ID, note: { attestation: { hint: { humanReadableName: ATTESTOR_ID } } } }, ctx)
  return attestor ? undefined : createOwn(parent, name, project, noteReference, pem, ctx)
}

function createOwn(parent: string, name: string, project: string, noteReference: string, pem: string, ctx: Context) {
  const publicKeys = [{ id: KEY_ID, pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: 'ECDSA_P256_SHA256' as const } }]
  const attestor = { description: 'Images built by Cloud Build' }
  try {
    createAttestor.commit({ parent, attestorId: ATTESTOR_ID, attestor }, ctx, { name, project, noteReference, publicKeys })
    return undefined
  } catch (error) {
    if (error instanceof StatusError) return `The images were not attested: ${error.message}`
    throw error
  }
}

function noteKind(name: string, ctx: Context) {
  try {
    return getNote({ name }, ctx).kind
  } catch (error) {
    if (error instanceof StatusError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

// What a pipeline keeps in the APIs, over REST: notes, attestors, policies and attestations, and the payload that is signed.
import { randomBytes } from 'node:crypto'
import type { Emulator } from './emulator.ts'

/** AttestorPublicKey of binaryauthorization.v1. */
export interface PublicKey {
  id?: string
  asciiArmoredPgpPublicKey?: string
  pkixPublicKey?: { publicKeyPem: string; signatureAlgorithm: string }
}

export interface Signature {
  publicKeyId: string
  signature: Buffer
}

export const REPOSITORY = 'europe-west2-docker.pkg.dev/my-app-prod/my-repo/my-image'

/** A digest that nothing else has. */
export const newDigest = () => `sha256:${randomBytes(32).toString('hex')}`

/** A project id that nothing else has: projects need not be created. */
export const newProject = () => `project-${randomBytes(6).toString('hex')}`

export const attestorName = (project: string, attestor: string) => `projects/${project}/attestors/${attestor}`

/** The bytes that `gcloud container binauthz create-signature-payload` prints: sorted keys, two blanks, a newline at the end
 * (https://cloud.google.com/binary-authorization/docs/making-attestations). */
export const signaturePayload = (repository: string, digest: string): Buffer =>
  Buffer.from(
    `${JSON.stringify(
      {
        critical: {
          identity: { 'docker-reference': repository },
          image: { 'docker-manifest-digest': digest },
          type: 'Google cloud binauthz container signature',
        },
      },
      null,
      2,
    )}\n`,
  )

/** An attestor with a note of the same id. */
export async function createAttestor(emulator: Emulator, project: string, attestor: string, publicKeys: PublicKey[]) {
  const noteReference = `projects/${project}/notes/${attestor}`
  await emulator.call('POST', `/v1/projects/${project}/notes?noteId=${attestor}`, {
    attestation: { hint: { humanReadableName: attestor } },
  })
  const userOwnedGrafeasNote = { noteReference, publicKeys }
  return emulator.call('POST', `/v1/projects/${project}/attestors?attestorId=${attestor}`, { userOwnedGrafeasNote })
}

export const requireAttestors = (...attestors: string[]) => ({
  evaluationMode: 'REQUIRE_ATTESTATION',
  enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
  requireAttestationsBy: attestors,
})

/** Replaces the project's policy. */
export const updatePolicy = (emulator: Emulator, project: string, policy: object) =>
  emulator.call('PUT', `/v1/projects/${project}/policy`, { name: `projects/${project}/policy`, ...policy })

/** A new project whose policy requires all of the attestors, each with its keys, for whatever is deployed. */
export async function projectRequiring(emulator: Emulator, attestors: Record<string, PublicKey[]>, policy: object = {}) {
  const project = newProject()
  for (const [attestor, keys] of Object.entries(attestors)) await createAttestor(emulator, project, attestor, keys)
  const names = Object.keys(attestors).map((attestor) => attestorName(project, attestor))
  await updatePolicy(emulator, project, { defaultAdmissionRule: requireAttestors(...names), ...policy })
  return project
}

/** An attestation at the attestor's note. */
export const createAttestation = (
  emulator: Emulator,
  project: string,
  attestor: string,
  resourceUri: string,
  payload: Buffer,
  ...signatures: Signature[]
) =>
  emulator.call('POST', `/v1/projects/${project}/occurrences`, {
    kind: 'ATTESTATION',
    noteName: `projects/${project}/notes/${attestor}`,
    resourceUri,
    attestation: {
      serializedPayload: payload.toString('base64'),
      signatures: signatures.map(({ publicKeyId, signature }) => ({ publicKeyId, signature: signature.toString('base64') })),
    },
  })

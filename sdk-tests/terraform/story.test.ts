// A whole configuration of Terraform, applied from the keys to the cluster and destroyed the other way round, in the project of the
// environment that `env --client terraform` prints.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit, pod } from '../admission.ts'
import { newDigest, requireAttestors, signaturePayload } from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { repository } from './artifact-registry.ts'
import { attestor, DESTROYED_POLICY, policy } from './binary-authorization.ts'
import { service } from './cloud-run-v2.ts'
import { cluster, clusterOf } from './container.ts'
import { note, occurrence } from './container-analysis.ts'
import { addMember, hasMember, IAM_RESOURCES } from './iam.ts'
import { cryptoKey, cryptoKeyVersionData, keyRing } from './kms.ts'
import { ATTESTATION_NOTE, LOCATION, SIGNING_KEY } from './lifecycles.ts'
import { configure, type Provider, terraformEnvironment } from './provider.ts'
import { type Applied, ATTRIBUTION, create, destroy, type Fields, type Resource, update } from './resource.ts'

let emulator: Emulator
let provider: Provider
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
  provider = configure(await terraformEnvironment(emulator))
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

test('a chain from the key to what runs is applied, holds what is not attested, and is destroyed from its end', async () => {
  const { project } = provider
  const at = `projects/${project}/locations/${LOCATION}`
  const applied: [Resource, Applied][] = []
  const apply = async (resource: Resource, name: string, configuration: Fields) => {
    applied.push([resource, await create(provider, resource, name, configuration)])
    return applied.at(-1)![1]
  }

  await apply(keyRing, `${at}/keyRings/binauthz`, {})
  const key = await apply(cryptoKey, `${at}/keyRings/binauthz/cryptoKeys/signer`, SIGNING_KEY)
  const version = await cryptoKeyVersionData(provider, `${key.id}/cryptoKeyVersions/1`)
  const built = await apply(note, `projects/${project}/notes/built`, ATTESTATION_NOTE)
  const pkixPublicKey = { publicKeyPem: version.publicKey.pem, signatureAlgorithm: version.publicKey.algorithm }
  const byUs = await apply(attestor, `projects/${project}/attestors/built-by-us`, {
    userOwnedGrafeasNote: { noteReference: built.id, publicKeys: [{ id: version.id, pkixPublicKey }] },
  })
  const verifier = {
    role: 'roles/binaryauthorization.attestorsVerifier',
    member: `serviceAccount:${byUs.state.userOwnedGrafeasNote.delegationServiceAccountEmail}`,
  }
  await addMember(provider, IAM_RESOURCES.attestor, byUs.id, verifier)
  expect(await hasMember(provider, IAM_RESOURCES.attestor, byUs.id, verifier)).toBe(true)
  await apply(policy, `projects/${project}/policy`, { defaultAdmissionRule: requireAttestors(byUs.id) })
  await apply(repository, `${at}/repositories/images`, { format: 'DOCKER', mode: 'STANDARD_REPOSITORY', labels: ATTRIBUTION })

  // signed by gcloud, since the provider does not sign
  const image = `${LOCATION}-docker.pkg.dev/${project}/images/app`
  const [attested, unattested] = [newDigest(), newDigest()]
  const payload = signaturePayload(image, attested)
  const digest = { sha256: createHash('sha256').update(payload).digest('base64') }
  const { signature } = await emulator.call('POST', `/v1/${version.name}:asymmetricSign`, { digest })
  await apply(occurrence, `projects/${project}`, {
    resourceUri: `https://${image}@${attested}`,
    noteName: built.id,
    attestation: { serializedPayload: payload.toString('base64'), signatures: [{ publicKeyId: version.id, signature }] },
  })

  const running = (of: string) => ({
    template: { containers: [{ image: `${image}@${of}` }] },
    binaryAuthorization: { useDefault: true },
    labels: ATTRIBUTION,
  })
  const app = await apply(service, `${at}/services/app`, running(attested))
  await expect(update(provider, service, app, running(unattested))).rejects.toThrow(`${image}@${unattested}`)

  const prod = { ...clusterOf('prod', LOCATION), resourceLabels: ATTRIBUTION }
  const enforced = { ...prod, binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' } }
  const ours = await apply(cluster, `${at}/clusters/prod`, enforced)
  const allowed = async (of: string) => (await admit(emulator, project, pod(`${image}@${of}`))).response.allowed
  expect([await allowed(attested), await allowed(unattested)]).toEqual([true, false])
  await update(provider, cluster, ours, { ...prod, binaryAuthorization: { evaluationMode: 'DISABLED' } })
  expect(await allowed(unattested)).toBe(true)

  const left: [string, Fields | undefined][] = []
  for (const [resource, one] of applied.reverse()) left.push([resource.type, await destroy(provider, resource, one)])
  expect(left).toEqual([
    ['google_container_cluster', undefined],
    ['google_cloud_run_v2_service', undefined],
    ['google_container_analysis_occurrence', undefined],
    ['google_artifact_registry_repository', undefined],
    ['google_binary_authorization_policy', expect.objectContaining(DESTROYED_POLICY)],
    ['google_binary_authorization_attestor', undefined],
    ['google_container_analysis_note', undefined],
    // these cannot be deleted
    ['google_kms_crypto_key', expect.objectContaining({ name: key.id })],
    ['google_kms_key_ring', expect.anything()],
  ])
  expect((await provider.send('kms', 'GET', version.name)).state).toBe('DESTROY_SCHEDULED')
})

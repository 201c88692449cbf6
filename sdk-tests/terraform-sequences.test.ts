// What Terraform's google provider sends, for every resource that the emulator serves, to the endpoints that `env --client terraform`
// prints. The provider itself is not here, since its installation needs the network: the files in terraform/ send its requests, and fail
// where it would fail, crash, wait, or plan a change that nobody has configured.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newDigest, newProject } from './attestations.ts'
import { isInstalled } from './commands.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { dockerImageData, repository } from './terraform/artifact-registry.ts'
import { attestor, policy } from './terraform/binary-authorization.ts'
import { service as cloudRunService } from './terraform/cloud-run.ts'
import { service } from './terraform/cloud-run-v2.ts'
import { DEPLOYMENTS, newImage } from './terraform/deployments.ts'
import { addMember, hasMember, IAM_RESOURCES, type IamResource, removeMember } from './terraform/iam.ts'
import {
  cryptoKeysData,
  cryptoKeyVersion,
  cryptoKeyVersionData,
  cryptoKeyVersionsData,
  keyRing,
  keyRingsData,
  latestVersionData,
} from './terraform/kms.ts'
import {
  attestationNote,
  key,
  LIFECYCLES,
  type Lifecycle,
  locationOf,
  ring,
  SIGNING_KEY,
  titleOf,
} from './terraform/lifecycles.ts'
import { configure, type Provider, terraformEnvironment, unlessNotFound } from './terraform/provider.ts'
import { type Applied, ATTRIBUTION, create, destroy, update } from './terraform/resource.ts'
import { disableService, enabledServices, enableServices } from './terraform/service-usage.ts'

let emulator: Emulator
let env: Record<string, string>
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
  env = await terraformEnvironment(emulator)
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

/** A provider for a project that nothing else has. */
const newProvider = (): Provider => configure(env, newProject())

test.skip(`terraform apply: terraform is ${isInstalled('terraform') ? '' : 'not '}here, but its google provider needs the network`, () => {})

describe('applied, changed and destroyed, with an empty plan after each', () => {
  test.each([...LIFECYCLES, ...DEPLOYMENTS].map((lifecycle) => [titleOf(lifecycle), lifecycle] as const))(
    '%s',
    async (_, { resource, prepare, configurations, left }) => {
      const provider = newProvider()
      const name = await prepare(provider)
      const [first, ...changes] = configurations(provider.project)
      let applied: Applied = await create(provider, resource, name, first!)
      for (const configuration of changes) applied = await update(provider, resource, applied, configuration)
      const rest = await destroy(provider, resource, applied)
      expect(rest && Object.fromEntries(Object.keys(left ?? rest).map((field) => [field, rest[field]]))).toEqual(left)
      // whoever deletes what is gone has succeeded
      if (!rest) await resource.destroy(provider, applied)
      const operations = provider.requests.filter((request) => request.includes('/operations/'))
      expect(operations, 'each takes ten seconds more').toEqual([...new Set(operations)])
    },
  )
})

describe('members of roles', () => {
  const serviceOf = async (provider: Provider) => {
    const configuration = { template: { containers: [{ image: newImage(provider.project) }] }, labels: ATTRIBUTION }
    return (await create(provider, service, `${locationOf(provider)}/services/app`, configuration)).id
  }
  const knativeServiceOf = async (provider: Provider) => {
    const configuration = { spec: { template: { spec: { containers: [{ image: newImage(provider.project) }] } } } }
    return (await create(provider, cloudRunService, `${locationOf(provider)}/services/app`, configuration)).id
  }
  const attestorOf = async (provider: Provider) => {
    const [{ prepare, configurations }] = LIFECYCLES.filter(({ resource }) => resource === attestor) as [Lifecycle]
    return (await create(provider, attestor, await prepare(provider), configurations(provider.project)[0]!)).id
  }
  const repositoryOf = async (provider: Provider) =>
    (
      await create(provider, repository, `${locationOf(provider)}/repositories/repo`, {
        format: 'DOCKER',
        mode: 'STANDARD_REPOSITORY',
      })
    ).id

  const rows: [IamResource, string, (provider: Provider) => Promise<string>][] = [
    [IAM_RESOURCES.attestor, 'roles/binaryauthorization.attestorsVerifier', attestorOf],
    [IAM_RESOURCES.note, 'roles/containeranalysis.notes.occurrences.viewer', attestationNote],
    [IAM_RESOURCES.keyRing, 'roles/cloudkms.admin', ring],
    [IAM_RESOURCES.cryptoKey, 'roles/cloudkms.signerVerifier', key],
    [IAM_RESOURCES.repository, 'roles/artifactregistry.reader', repositoryOf],
    [IAM_RESOURCES.cloudRunService, 'roles/run.invoker', knativeServiceOf],
    [IAM_RESOURCES.cloudRunV2Service, 'roles/run.invoker', serviceOf],
  ]
  test.each(rows.map(([resource, ...rest]) => [resource.type, resource, ...rest] as const))(
    '%s: two that are added at once are both there, and one is taken out again',
    async (_, resource, role, prepare) => {
      const provider = newProvider()
      const name = await prepare(provider)
      const [ada, bob] = ['ada', 'bob'].map((user) => ({ role, member: `user:${user}@example.com` })) as [any, any]
      await Promise.all([ada, bob].map((member) => addMember(provider, resource, name, member)))
      expect(await hasMember(provider, resource, name, ada)).toBe(true)
      expect(await hasMember(provider, resource, name, bob)).toBe(true)
      await removeMember(provider, resource, name, ada)
      expect(await hasMember(provider, resource, name, ada)).toBe(false)
      expect(await hasMember(provider, resource, name, bob)).toBe(true)
    },
  )
})

describe('Cloud KMS', () => {
  test('the latest version is the last of the list, in the order of their numbers', async () => {
    const provider = newProvider()
    const name = await key(provider)
    for (let n = 2; n <= 12; n++) await create(provider, cryptoKeyVersion, name, {})
    const versionOf = (n: number) => `${name}/cryptoKeyVersions/${n}`
    const { versions, first } = await cryptoKeyVersionsData(provider, name)
    expect(versions.map((version) => version.name)).toEqual(Array.from({ length: 12 }, (_, i) => versionOf(i + 1)))
    expect(first).toMatchObject({ name: versionOf(1), publicKey: { name: versionOf(1) } })
    expect(await latestVersionData(provider, name)).toMatchObject({ name: versionOf(12), publicKey: { name: versionOf(12) } })

    await provider.send('kms', 'POST', `${versionOf(12)}:destroy`)
    expect((await latestVersionData(provider, name, 'state=ENABLED')).name).toBe(versionOf(11))
  })

  test('the public key of a version is waited for until it has been generated', async () => {
    const provider = newProvider()
    const versionTemplate = { algorithm: 'RSA_SIGN_PKCS1_4096_SHA512', protectionLevel: 'SOFTWARE' }
    const version = `${await key(provider, { ...SIGNING_KEY, versionTemplate })}/cryptoKeyVersions/1`
    const data = await cryptoKeyVersionData(provider, version)
    expect(data).toMatchObject({ id: `//cloudkms.googleapis.com/v1/${version}`, name: version })
    expect(data.publicKey).toMatchObject({
      algorithm: versionTemplate.algorithm,
      pem: expect.stringMatching(/^-----BEGIN PUBLIC KEY-/),
    })
  })

  test('key rings and keys are listed, none of them as well as some, and by a filter', async () => {
    const provider = newProvider()
    expect(await keyRingsData(provider, locationOf(provider))).toEqual([])
    const name = await ring(provider)
    expect((await keyRingsData(provider, locationOf(provider))).map((one) => one.name)).toEqual([name])
    expect(await cryptoKeysData(provider, name)).toEqual([])
    expect(await keyRingsData(provider, locationOf(provider), `name:${locationOf(provider)}/keyRings/none`)).toEqual([])
  })

  test('a key ring that was destroyed, which it cannot be, is there already when it is applied again', async () => {
    const provider = newProvider()
    const applied = await create(provider, keyRing, `${locationOf(provider)}/keyRings/again`, {})
    await destroy(provider, keyRing, applied)
    await expect(create(provider, keyRing, applied.id, {})).rejects.toMatchObject({ status: 409 })
  })

  test('import jobs are refused by name and at once; their deletion, which no method is for, succeeds', async () => {
    const provider = newProvider()
    const name = await ring(provider)
    const body = { importMethod: 'RSA_OAEP_3072_SHA256', protectionLevel: 'SOFTWARE' }
    await expect(provider.send('kms', 'POST', `${name}/importJobs`, { importJobId: 'job' }, body)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('CreateImportJob'),
    })
    expect(await unlessNotFound(provider.send('kms', 'DELETE', `${name}/importJobs/job`))).toBeUndefined()
  })
})

test('a policy that nobody has set can be read', async () => {
  const provider = newProvider()
  expect(await policy.read(provider, `projects/${provider.project}/policy`)).toMatchObject({
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW' },
  })
})

test('an attestor has a note by its id, and the key of an algorithm by the name that Cloud KMS has for it', async () => {
  const provider = newProvider()
  await attestationNote(provider)
  const { publicKey } = await cryptoKeyVersionData(provider, `${await key(provider)}/cryptoKeyVersions/1`)
  const pkixPublicKey = { publicKeyPem: publicKey.pem, signatureAlgorithm: publicKey.algorithm }
  const userOwnedGrafeasNote = { noteReference: 'built', publicKeys: [{ pkixPublicKey }] }
  const { state } = await create(provider, attestor, `projects/${provider.project}/attestors/built`, { userOwnedGrafeasNote })
  expect(state.userOwnedGrafeasNote.noteReference).toBe(`projects/${provider.project}/notes/built`)
})

test('an image is found by digest, by tag and as the last one, whatever slashes its name has', async () => {
  const provider = newProvider()
  const name = `${locationOf(provider)}/repositories/repo`
  await create(provider, repository, name, { format: 'DOCKER', mode: 'STANDARD_REPOSITORY' })
  const image = `europe-west2-docker.pkg.dev/${provider.project}/repo/team/app`
  const [old, young] = [newDigest(), newDigest()]
  for (const [digest, tag] of [[old, 'v1'], [young, 'v2']]) // biome-ignore format: pairs
    await emulator.call('POST', '/_emulator/images', { image, digest, tags: [tag], imageSizeBytes: '4711' })
  const found = await Promise.all(
    [`team/app@${old}`, 'team/app:v1', 'team/app', 'team/app:v2'].map((one) => dockerImageData(provider, name, one)),
  )
  expect(found.map(({ uri }) => uri)).toEqual([old, old, young, young].map((digest) => `${image}@${digest}`))
  expect(found[0]).toEqual({
    name: `${name}/dockerImages/team%2Fapp@${old}`,
    uri: `${image}@${old}`,
    tags: ['v1'],
    imageSizeBytes: '4711',
    mediaType: expect.any(String),
    uploadTime: expect.any(String),
    updateTime: expect.any(String),
  })
  await expect(dockerImageData(provider, name, 'team/none')).rejects.toThrow('Requested image was not found.')
})

test('services of Google are enabled one by one and several at once, and disabled', async () => {
  const provider = newProvider()
  const { project } = provider
  await enableServices(provider, project, ['binaryauthorization.googleapis.com'])
  await enableServices(provider, project, ['binaryauthorization.googleapis.com', 'cloudkms.googleapis.com', 'run.googleapis.com'])
  await disableService(provider, project, 'run.googleapis.com')
  expect(await enabledServices(provider, project)).toEqual(['binaryauthorization.googleapis.com', 'cloudkms.googleapis.com'])
})

test('services of one name are in each location where Terraform has them', async () => {
  const provider = newProvider()
  const configuration = { spec: { template: { spec: { containers: [{ image: newImage(provider.project) }] } } } }
  const names = ['europe-west2', 'us-east1'].map((location) => `projects/${provider.project}/locations/${location}/services/app`)
  for (const name of names) {
    const { state } = await create(provider, cloudRunService, name, configuration)
    expect(state.metadata.labels['cloud.googleapis.com/location']).toBe(name.split('/')[3])
    // v2 has it too
    expect((await service.read(provider, name))?.uid).toBe(state.metadata.uid)
  }
})

import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { AppOptions } from './app.ts'
import { openDatabase } from './core/database.ts'
import { createDispatcher } from './core/dispatch.ts'
import { randomIds } from './core/ids.ts'
import { replaySeed, seedClock } from './seed.ts'
import { signaturePayload } from './seed-steps.ts'
import { SERVICES } from './services.ts'
import { testClock } from './testing/clock.ts'
import { silent, startTestEmulator, type TestEmulator } from './testing/emulator.ts'
import { podReview } from './testing/pod-review.ts'
import { readRequest } from './transports/rest/protojson.ts'

const folder = mkdtempSync(join(tmpdir(), 'seed-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function seedFile(text: string): string {
  const file = join(folder, `seed-${files++}.yaml`)
  writeFileSync(file, text)
  return file
}

async function start(options: Partial<AppOptions>): Promise<TestEmulator> {
  const emulator = await startTestEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

const GRAFEAS = 'grafeas.v1.Grafeas'
const ARTIFACT_REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** The answer of the admission webhook to a Pod of one container. */
async function admit({ http }: TestEmulator, project: string, image: string) {
  const { body } = await http('POST', `/admission/projects/${project}/locations/europe-west2/clusters/prod`, podReview([image]))
  return body.response
}

test('the demo admits its attested image and denies the unattested one', async () => {
  const emulator = await start({ seed: undefined })
  const repository = 'europe-west2-docker.pkg.dev/my-app-prod/images/app'
  expect(await admit(emulator, 'my-app-prod', `${repository}@${digestOf('attested')}`)).toMatchObject({ allowed: true })
  expect(await admit(emulator, 'my-app-prod', `${repository}@${digestOf('unattested')}`)).toMatchObject({
    allowed: false,
    status: { message: expect.stringContaining('attestors/vulnerability-scan-attestor: No attestations found') },
  })
})

test('the demo is made for the project that was asked for', async () => {
  const emulator = await start({ seed: undefined, project: 'team-blue' })
  const policy = await emulator.call('binaryauthorization.v1', `${BINAUTHZ}/GetPolicy`, { name: 'projects/team-blue/policy' })
  expect(policy).toMatchObject({
    globalPolicyEvaluationMode: 'ENABLE',
    defaultAdmissionRule: { requireAttestationsBy: ['projects/team-blue/attestors/vulnerability-scan-attestor'] },
  })
  const services = { parent: 'projects/team-blue', filter: 'state:ENABLED' }
  const enabled = await emulator.call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/ListServices', services)
  expect(enabled.services.map(({ config }: { config: { name: string } }) => config.name)).toEqual(
    expect.arrayContaining(['cloudkms.googleapis.com', 'binaryauthorization.googleapis.com']),
  )
})

test('the requests of the demo are in canonical form, so that a start need not check them', async () => {
  const sources = ['core', 'mixins'].map((name) => ({ name, migrations: new URL(`./${name}/migrations/`, import.meta.url) }))
  const db = openDatabase(undefined, [...sources, ...SERVICES])
  onTestFinished(() => void db.close())
  const world = {
    db,
    clock: seedClock(testClock()),
    ids: randomIds,
    log: silent,
    strictProjects: false,
    isOwnAuthority: () => false,
  }
  const methods: string[] = []
  await replaySeed({
    file: fileURLToPath(new URL('../seed/demo.yaml', import.meta.url)),
    project: 'my-app-prod',
    dispatcher: createDispatcher(world, SERVICES),
    db,
    async checkRequest(api, method, request) {
      methods.push(method.split('/')[1]!)
      const canonical = readRequest({
        api,
        method,
        body: '*',
        variables: {},
        query: new URLSearchParams(),
        json: structuredClone(request),
      })
      expect(request).toEqual(canonical)
      return request
    },
  })
  expect(new Set(methods)).toEqual(
    new Set([
      ...['EnableService', 'CreateKeyRing', 'CreateCryptoKey', 'CreateNote', 'GetPublicKey', 'CreateAttestor'],
      ...['GetAttestor', 'AsymmetricSign', 'CreateOccurrence', 'UpdatePolicy', 'CreateRepository'],
    ]),
  )
})

test('what gcloud signs is what a seed signs', () => {
  const digest = 'sha256:e9954c1fc875017be1c3e36eca16be2d9e9bccc4bf072163515467d6a823c7cf'
  const payload = signaturePayload('us-docker.pkg.dev/demo/r/app', digest)
  expect(payload).toHaveLength(290)
  // the SHA-256 of what `gcloud container binauthz create-signature-payload` prints for this image
  expect(digestOf(payload)).toBe('sha256:c0a6419a7e5c601e3cd496c9c08ef3c791ea5c3113fd9f5d385eac90e28edfa6')
})

test('projects refer to each other, whatever stands first', async () => {
  const image = `gcr.io/shop-images/app@${digestOf('an image')}`
  const version = 'projects/shop-keys/locations/global/keyRings/ring/cryptoKeys/key/cryptoKeyVersions/1'
  const seed = seedFile(`
projects:
  shop-prod:
    policy:
      defaultAdmissionRule:
        evaluationMode: REQUIRE_ATTESTATION
        enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG
        requireAttestationsBy: [projects/shop-attestors/attestors/tested]
  shop-images:
    attestations:
      - {image: "https://${image}", attestor: projects/shop-attestors/attestors/tested, cryptoKeyVersion: ${version}}
  shop-attestors:
    attestors:
      tested: {note: projects/shop-notes/notes/tested, publicKeys: [{cryptoKeyVersion: ${version}, comment: the build's}]}
  shop-notes:
    notes: {tested: {attestation: {hint: {human_readable_name: Tested}}}}
  shop-keys:
    keyRings:
      global/ring: {cryptoKeys: {key: {purpose: ASYMMETRIC_SIGN, versionTemplate: {algorithm: RSA_SIGN_PSS_2048_SHA256}}}}
`)
  const emulator = await start({ seed })
  expect(await admit(emulator, 'shop-prod', image)).toMatchObject({ allowed: true })
  expect(await admit(emulator, 'shop-prod', `gcr.io/shop-images/app@${digestOf('another')}`)).toMatchObject({ allowed: false })
  const attestor = { name: 'projects/shop-attestors/attestors/tested' }
  expect((await emulator.call('binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, attestor)).userOwnedGrafeasNote).toMatchObject(
    {
      noteReference: 'projects/shop-notes/notes/tested',
      publicKeys: [
        {
          id: `//cloudkms.googleapis.com/v1/${version}`,
          comment: "the build's",
          pkixPublicKey: { signatureAlgorithm: 'RSA_PSS_2048_SHA256' },
        },
      ],
    },
  )
  const { occurrences } = await emulator.call('containeranalysis.v1', `${GRAFEAS}/ListOccurrences`, {
    parent: 'projects/shop-images',
  })
  expect(occurrences).toEqual([
    expect.objectContaining({ kind: 'ATTESTATION', noteName: 'projects/shop-notes/notes/tested', resourceUri: image }),
  ])
})

test('a key whose PEM is given has that public key; attestors take keys in the shapes of the API too', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const indented = (pem: string | Buffer, by: number) => String(pem).trim().replace(/^/gm, ' '.repeat(by))
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
  const seed = seedFile(`
projects:
  my-app-prod:
    notes: {built: {attestation: {hint: {humanReadableName: Built}}}}
    attestors:
      built:
        note: built
        publicKeys:
          - pkixPublicKey:
              signatureAlgorithm: ECDSA_P256_SHA256
              publicKeyPem: |
${indented(publicPem, 16)}
    keyRings:
      europe-west2/ring:
        cryptoKeys:
          mine:
            purpose: ASYMMETRIC_SIGN
            versionTemplate: {algorithm: EC_SIGN_P256_SHA256}
            privateKeyPem: |
${indented(privateKey.export({ type: 'pkcs8', format: 'pem' }), 14)}
`)
  const { call } = await start({ seed })
  const name = 'projects/my-app-prod/locations/europe-west2/keyRings/ring/cryptoKeys/mine/cryptoKeyVersions/1'
  const { pem } = await call('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/GetPublicKey', { name })
  expect(createPublicKey(pem).equals(publicKey)).toBe(true)
  const attestor = await call('binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, {
    name: 'projects/my-app-prod/attestors/built',
  })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  expect(attestor.userOwnedGrafeasNote.publicKeys).toEqual([
    {
      id: `ni:///sha-256;${createHash('sha256').update(spki).digest('base64url')}`,
      pkixPublicKey: expect.objectContaining({ publicKeyPem: String(publicPem) }),
    },
  ])
})

test('the images of the demo are found by their tags', async () => {
  const { call } = await start({ seed: undefined })
  const parent = 'projects/my-app-prod/locations/europe-west2/repositories/images'
  for (const tag of ['attested', 'unattested'])
    expect(
      await call('artifactregistry.v1', `${ARTIFACT_REGISTRY}/GetTag`, { name: `${parent}/packages/app/tags/${tag}` }),
    ).toEqual({
      name: `${parent}/packages/app/tags/${tag}`,
      version: `${parent}/packages/app/versions/${digestOf(tag)}`,
    })
})

test('repositories and images may stand in any order, a virtual repository before its upstreams too', async () => {
  const seed = seedFile(`
projects:
  my-app-prod:
    iamPolicies: {locations/us/repositories/apps: [{role: roles/artifactregistry.reader, members: [allUsers]}]}
    images:
      - {image: us-docker.pkg.dev/my-app-prod/apps/team/app, digest: "${digestOf('an image')}", tags: [v1], imageSizeBytes: 7}
    repositories:
      us/all:
        format: DOCKER
        mode: VIRTUAL_REPOSITORY
        virtualRepositoryConfig:
          upstreamPolicies: [{id: apps, repository: projects/my-app-prod/locations/us/repositories/apps, priority: 1}]
      us/apps: {format: DOCKER, labels: {team: blue}}
`)
  const { call } = await start({ seed })
  const registry = (method: string, request: object) => call('artifactregistry.v1', `${ARTIFACT_REGISTRY}/${method}`, request)
  const parent = 'projects/my-app-prod/locations/us'
  const { repositories } = await registry('ListRepositories', { parent })
  expect(repositories).toMatchObject([{ mode: 'VIRTUAL_REPOSITORY' }, { labels: { team: 'blue' }, sizeBytes: '7' }])
  const { dockerImages } = await registry('ListDockerImages', { parent: `${parent}/repositories/apps` })
  expect(dockerImages).toMatchObject([
    { uri: `us-docker.pkg.dev/my-app-prod/apps/team/app@${digestOf('an image')}`, tags: ['v1'], imageSizeBytes: '7' },
  ])
  expect(await registry('GetIamPolicy', { resource: `${parent}/repositories/apps` })).toMatchObject({
    bindings: [{ role: 'roles/artifactregistry.reader', members: ['allUsers'] }],
  })
})

test('IAM policies are set on resources of all services', async () => {
  const seed = seedFile(`
projects:
  my-app-prod:
    notes: {built: {attestation: {hint: {humanReadableName: Built}}}}
    keyRings: {global/ring: }
    iamPolicies:
      policy: [{role: roles/binaryauthorization.policyViewer, members: ['user:a@example.com']}]
      projects/my-app-prod/notes/built: &viewers [{role: roles/viewer, members: ['user:b@example.com']}]
      locations/global/keyRings/ring:
        - role: roles/cloudkms.signer
          members: ['user:c@example.com']
          condition: {title: Until, expression: 'request.time < timestamp("2030-01-01T00:00:00Z")'}
`)
  const { call } = await start({ seed })
  const policyOf = async (api: string, service: string, resource: string) =>
    (await call(api, `${service}/GetIamPolicy`, { resource: `projects/my-app-prod/${resource}` })).bindings
  const ofBinauthz = await policyOf('binaryauthorization.v1', 'google.iam.v1.IAMPolicy', 'policy')
  expect(ofBinauthz).toEqual([{ role: 'roles/binaryauthorization.policyViewer', members: ['user:a@example.com'] }])
  const ofGrafeas = await policyOf(
    'containeranalysis.v1',
    'google.devtools.containeranalysis.v1.ContainerAnalysis',
    'notes/built',
  )
  expect(ofGrafeas).toEqual([{ role: 'roles/viewer', members: ['user:b@example.com'] }])
  const ofKms = await policyOf('cloudkms.v1', 'google.iam.v1.IAMPolicy', 'locations/global/keyRings/ring')
  expect(ofKms).toMatchObject([{ condition: { title: 'Until' } }])
})

test('with strict projects, those of the seed exist and no others', async () => {
  const { call } = await start({ seed: seedFile('projects: {my-app-prod: }'), strictProjects: true })
  const policyOf = (project: string) =>
    call('binaryauthorization.v1', `${BINAUTHZ}/GetPolicy`, { name: `projects/${project}/policy` })
  expect(await policyOf('my-app-prod')).toMatchObject({ name: 'projects/my-app-prod/policy' })
  await expect(policyOf('another-app')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

test('what is seeded lies in the past and is usable at once, also where the clock stands still', async () => {
  const now = BigInt(Date.parse('2026-01-02T03:04:05Z')) * 1_000_000n
  const { call } = await start({ seed: undefined, clock: { nanos: () => now } })
  const key = 'projects/my-app-prod/locations/europe-west2/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key'
  const version = await call('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/GetCryptoKeyVersion', {
    name: `${key}/cryptoKeyVersions/1`,
  })
  expect(version.state).toBe('ENABLED')
  expect(version.createTime).toMatch(/^2026-01-02T02:04:05\./)
})

test('a reset goes back to the seed, with the same keys', async () => {
  const { call, http } = await start({ seed: undefined })
  const ring = 'projects/my-app-prod/locations/europe-west2/keyRings/prod-binauthz-ring'
  const kms = 'google.cloud.kms.v1.KeyManagementService'
  const publicKey = () =>
    call('cloudkms.v1', `${kms}/GetPublicKey`, { name: `${ring}/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1` })
  const before = await publicKey()
  const cryptoKey = { purpose: 'ENCRYPT_DECRYPT' }
  await call('cloudkms.v1', `${kms}/CreateCryptoKey`, { parent: ring, cryptoKeyId: 'later', cryptoKey })
  expect((await http('POST', '/_emulator/reset')).status).toBe(200)
  expect(await publicKey()).toEqual(before)
  const { cryptoKeys } = await call('cloudkms.v1', `${kms}/ListCryptoKeys`, { parent: ring })
  expect(cryptoKeys.map(({ name }: { name: string }) => name)).toEqual([`${ring}/cryptoKeys/attestor-signing-key`])
})

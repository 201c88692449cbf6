import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { podReview } from '../../testing/pod-review.ts'
import { signaturePayload } from './built-by-cloud-build.ts'

const BUILD = 'google.devtools.cloudbuild.v1.CloudBuild'
const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const KEYS = 'projects/verified-builder/locations/global/keyRings/attestor/cryptoKeys'
const step = { name: 'gcr.io/cloud-builders/docker' }
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** DSSE's pre-authentication encoding, written once more. */
const encoded = (type: string, payload: Buffer) =>
  Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])

test('the payload has the bytes that gcloud signs', () => {
  const digest = 'sha256:e9954c1fc875017be1c3e36eca16be2d9e9bccc4bf072163515467d6a823c7cf'
  const payload = signaturePayload('us-docker.pkg.dev/demo/r/app', digest)
  expect(payload).toHaveLength(290)
  expect(digestOf(payload.toString())).toBe('sha256:c0a6419a7e5c601e3cd496c9c08ef3c791ea5c3113fd9f5d385eac90e28edfa6')
})

describeTransports('what a build attests', (emulator) => {
  let count = 0
  let project = ''
  let repository = ''
  const ask = (api: string, method: string, request: object) => emulator().call(api, method, request)

  // a project of its own for each test, so that none sees what another wrote
  beforeEach(async () => {
    project = `cloud-build-${++count}`
    repository = `europe-west2-docker.pkg.dev/${project}/images`
    const parent = `projects/${project}/locations/europe-west2`
    const request = { parent, repositoryId: 'images', repository: { format: 'DOCKER' } }
    await ask('artifactregistry.v1', `${REGISTRY}/CreateRepository`, request)
  })

  async function build(fields: object) {
    const request = { projectId: project, build: { steps: [step], ...fields } }
    const { id } = (await ask('cloudbuild.v1', `${BUILD}/CreateBuild`, request)).metadata.build
    return ask('cloudbuild.v1', `${BUILD}/GetBuild`, { projectId: project, id })
  }
  const occurrences = async () =>
    (await ask('containeranalysis.v1', 'grafeas.v1.Grafeas/ListOccurrences', { parent: `projects/${project}` })).occurrences ?? []
  const publicKey = async (name: string) =>
    createPublicKey((await ask('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/GetPublicKey', { name })).pem)
  const register = (image: string, digest: string, ...tags: string[]) =>
    emulator().http('POST', '/_emulator/images', { image, digest, tags })
  const attestor = () => `projects/${project}/attestors/built-by-cloud-build`

  async function requireCloudBuild() {
    const defaultAdmissionRule = {
      evaluationMode: 'REQUIRE_ATTESTATION',
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
      requireAttestationsBy: [attestor()],
    }
    const policy = { name: `projects/${project}/policy`, defaultAdmissionRule }
    await ask('binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, { policy })
  }
  async function isAdmitted(image: string): Promise<boolean> {
    const path = `/admission/projects/${project}/locations/europe-west2/clusters/prod`
    return (await emulator().http('POST', path, podReview([image]))).body.response.allowed
  }

  test('an image that is built is admitted where built-by-cloud-build is required, and no other', async () => {
    const pushed = digestOf('pushed by docker')
    await register(`${repository}/pushed`, pushed, 'v1')
    const { results } = await build({ images: [`${repository}/app:v1`] })
    await requireCloudBuild()
    expect(await isAdmitted(`${repository}/app@${results.images[0].digest}`)).toBe(true)
    expect(await isAdmitted(`${repository}/app@${digestOf('another')}`)).toBe(false)
    expect(await isAdmitted(`${repository}/pushed@${pushed}`)).toBe(false)
    expect(await isAdmitted(`${repository}/app:v1`)).toBe(false)
  })

  test('an image that a step pushes is not attested, and neither is anything of a build without images', async () => {
    await build({ steps: [{ ...step, args: ['push', `${repository}/app:v1`] }] })
    expect(await occurrences()).toEqual([])
    await expect(ask('binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, { name: attestor() })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('the provenance is there in three forms, with notes in the project of Google', async () => {
    const { id, results } = await build({ images: [`${repository}/app:v1`], substitutions: { _A: 'x' }, tags: ['$_A'] })
    const { digest } = results.images[0]
    const resourceUri = `https://${repository}/app@${digest}`
    const [own, older, newer, attestation, ...others] = await occurrences()
    expect(others).toEqual([])
    const note = (prefix: string) => ({ kind: 'BUILD', resourceUri, noteName: `projects/verified-builder/notes/${prefix}${id}` })
    const subject = [{ name: `https://${repository}/app:v1`, digest: { sha256: digest.slice(7) } }]
    expect(own).toMatchObject({
      ...note(''),
      build: { provenance: { id, projectId: project, commands: [{ name: step.name }], builtArtifacts: [{ checksum: digest }] } },
    })
    expect(JSON.parse(Buffer.from(own.build.provenanceBytes, 'base64').toString())).toEqual(own.build.provenance)
    expect(older).toMatchObject({
      ...note('intoto_'),
      build: {
        intotoStatement: {
          _type: 'https://in-toto.io/Statement/v0.1',
          subject,
          predicateType: 'https://slsa.dev/provenance/v0.1',
          slsaProvenance: {
            builder: { id: 'https://cloudbuild.googleapis.com/GoogleHostedWorker@v0.3' },
            recipe: { arguments: { id, steps: [{ name: step.name }], substitutions: { _A: 'x' } } },
          },
        },
      },
    })
    expect(newer).toMatchObject({
      ...note('intoto_slsa_v1_'),
      build: {
        inTotoSlsaProvenanceV1: {
          _type: 'https://in-toto.io/Statement/v1',
          subject,
          predicateType: 'https://slsa.dev/provenance/v1',
          predicate: {
            buildDefinition: {
              externalParameters: { substitutions: { _A: 'x' } },
              internalParameters: { systemSubstitutions: { BUILD_ID: id, LOCATION: 'global' } },
            },
            runDetails: { builder: { id: 'https://cloudbuild.googleapis.com/GoogleHostedWorker' } },
          },
        },
      },
    })
    expect(attestation).toMatchObject({
      kind: 'ATTESTATION',
      resourceUri,
      noteName: `projects/${project}/notes/built-by-cloud-build`,
    })
  })

  test('v1beta1 lists the occurrences of a build too', async () => {
    await build({ images: [`${repository}/app:v1`] })
    const list = 'grafeas.v1beta1.GrafeasV1Beta1/ListOccurrences'
    const answer = await ask('containeranalysis.v1beta1', list, { parent: `projects/${project}` })
    expect(answer.occurrences.map(({ kind }: { kind: string }) => kind)).toEqual(['BUILD', 'BUILD', 'BUILD', 'ATTESTATION'])
  })

  test('the envelopes hold the statements, signed by keys whose public parts Cloud KMS gives', async () => {
    await build({ images: [`${repository}/app:v1`] })
    const [, older, newer] = await occurrences()
    const type = 'application/vnd.in-toto+json'
    const verifies = async (keyid: string, sig: string, data: Buffer) =>
      verify('sha256', data, await publicKey(keyid), Buffer.from(sig, 'base64'))
    const payload = Buffer.from(newer.envelope.payload, 'base64')
    expect(JSON.parse(payload.toString())).toEqual(newer.build.inTotoSlsaProvenanceV1)
    expect(newer.envelope).toMatchObject({
      payloadType: type,
      signatures: [{ keyid: `${KEYS}/google-hosted-worker/cryptoKeyVersions/1` }],
    })
    const [{ keyid, sig }] = newer.envelope.signatures
    expect(await verifies(keyid, sig, encoded(type, payload))).toBe(true)
    expect(await verifies(keyid, sig, payload)).toBe(false)
    const olderPayload = Buffer.from(older.envelope.payload, 'base64')
    const { slsaProvenance, ...header } = older.build.intotoStatement
    expect(JSON.parse(olderPayload.toString())).toEqual({ ...header, predicate: slsaProvenance, slsaProvenance })
    const [global, regional] = older.envelope.signatures
    expect([global.keyid, regional.keyid]).toEqual([
      `${KEYS}/provenanceSigner/cryptoKeyVersions/1`,
      `${KEYS}/builtByGCB/cryptoKeyVersions/1`,
    ])
    expect(await verifies(global.keyid, global.sig, encoded(type, olderPayload))).toBe(true)
    expect(await verifies(regional.keyid, regional.sig, olderPayload)).toBe(true)
  })

  test('a digest is the one that is posted, else that of the registry, else one made from the build', async () => {
    const [posted, pushed] = [digestOf('posted'), digestOf('pushed')]
    await register(`${repository}/app`, pushed, 'v1')
    const digest = async (tag: string, fields: object = {}) =>
      (await build({ images: [`${repository}/app:${tag}`], ...fields })).results.images[0].digest
    expect(await digest('v1')).toBe(pushed)
    expect(await digest('v1', { results: { images: [{ name: `${repository}/app:v1`, digest: posted }] } })).toBe(posted)
    const made = await digest('v2')
    expect(made).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await digest('v2')).toBe(made)
    const other = await digest('v2', { steps: [{ ...step, args: ['build', '--no-cache'] }] })
    expect(other).not.toBe(made)
    const name = `projects/${project}/locations/europe-west2/repositories/images/packages/app/tags/v2`
    expect((await ask('artifactregistry.v1', `${REGISTRY}/GetTag`, { name })).version).toMatch(new RegExp(`${other}$`))
  })

  test('results that are no digest, or of an image that is not built, are refused', async () => {
    const images = [`${repository}/app:v1`]
    for (const result of [
      { name: images[0], digest: 'sha256:1' },
      { name: `${repository}/b:v1`, digest: digestOf('b') },
    ])
      await expect(build({ images, results: { images: [result] } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await occurrences()).toEqual([])
  })

  test('an image without a tag is pushed as latest too', async () => {
    const { results } = await build({ images: [`${repository}/app`] })
    expect(results.images.map(({ name }: { name: string }) => name)).toEqual([`${repository}/app`, `${repository}/app:latest`])
    expect(await occurrences()).toHaveLength(4)
  })

  test('a build whose image has no repository fails, and attests nothing', async () => {
    const image = `europe-west2-docker.pkg.dev/${project}/nowhere/app:v1`
    const failed = await build({ images: [`${repository}/app:v1`, image] })
    expect(failed).toMatchObject({
      status: 'FAILURE',
      failureInfo: { type: 'PUSH_FAILED', detail: expect.stringContaining(`could not push image "${image}"`) },
    })
    expect(failed).not.toHaveProperty('results')
    expect(await occurrences()).toEqual([])
  })

  test('an image in another registry has the attestation, but no provenance', async () => {
    await build({ images: [`gcr.io/${project}/app:v1`] })
    expect((await occurrences()).map(({ kind }: { kind: string }) => kind)).toEqual(['ATTESTATION'])
  })

  test('an attestor of that name with other keys stays as it is, and the build warns', async () => {
    const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const publicKeyPem = key.export({ type: 'spki', format: 'pem' })
    const publicKeys = [{ pkixPublicKey: { publicKeyPem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }]
    const userOwnedGrafeasNote = { noteReference: `projects/${project}/notes/built-by-cloud-build`, publicKeys }
    const made = await ask('binaryauthorization.v1', `${BINAUTHZ}/CreateAttestor`, {
      parent: `projects/${project}`,
      attestorId: 'built-by-cloud-build',
      attestor: { userOwnedGrafeasNote },
    })
    const { status, warnings, results } = await build({ images: [`${repository}/app:v1`, `${repository}/b:v1`] })
    expect({ status, warnings }).toEqual({
      status: 'SUCCESS',
      warnings: [{ text: expect.stringContaining(`${attestor()} exists`), priority: 'WARNING' }],
    })
    expect(await ask('binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, { name: attestor() })).toEqual(made)
    await requireCloudBuild()
    expect(await isAdmitted(`${repository}/app@${results.images[0].digest}`)).toBe(false)
  })

  test('where a key of Google is disabled, nothing is built', async () => {
    await build({ images: [`gcr.io/${project}/app:v1`] })
    const update = (state: string) =>
      ask('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/UpdateCryptoKeyVersion', {
        cryptoKeyVersion: { name: `${KEYS}/builtByGCB/cryptoKeyVersions/1`, state },
        updateMask: 'state',
      })
    await update('DISABLED')
    await expect(build({ images: [`gcr.io/${project}/b:v1`] })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await update('ENABLED')
    expect(await occurrences()).toHaveLength(1)
  })
})

// gcloud builds against the emulator: what a build shows, what it attests, and what that admits
// (https://cloud.google.com/binary-authorization/docs/deploy-cloud-build).
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import { newDigest } from '../attestations.ts'
import { run, succeed } from '../commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from '../emulator.ts'
import { opensslVerifies } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REPOSITORY = `europe-west2-docker.pkg.dev/${PROJECT}/my-repo`
const ATTESTOR = `projects/${PROJECT}/attestors/built-by-cloud-build`

let emulator: Emulator
let gcloud: Gcloud
let source = ''
let config = ''

const found = hasGcloud('sdk-tests/gcloud/builds.test.ts')

describe.skipIf(!found)('builds with gcloud', () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    gcloud = createGcloud(emulator.url, PROJECT, 'inside exec')
    source = join(dirname(gcloud.file('here', '')), 'source')
    mkdirSync(source)
    gcloud.file('source/Dockerfile', 'FROM scratch\n')
    const image = `europe-west2-docker.pkg.dev/$PROJECT_ID/my-repo/config:$_TAG`
    const steps = [{ name: 'gcr.io/cloud-builders/docker', args: ['build', '-t', image, '.'] }]
    config = gcloud.file('cloudbuild.json', JSON.stringify({ steps, images: [image] }))
    await gcloud.ok('services', 'enable', 'containeranalysis.googleapis.com')
    await gcloud.ok('artifacts', 'repositories', 'create', 'my-repo', '--repository-format=docker', '--location=europe-west2')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const inMode = (mode: string, ...args: string[]) =>
    run(
      process.execPath,
      [join(ROOT, ENTRY), 'exec', '--url', emulator.url, '--project', PROJECT, '--mode', mode, '--', 'gcloud', ...args],
      { env: { ...process.env, HOME: dirname(config) } },
    )
  const describeImage = async (image: string) =>
    JSON.parse(await gcloud.ok('artifacts', 'docker', 'images', 'describe', image, '--show-provenance', '--format=json'))

  test('a folder is submitted by its tag, listed and described; its tag is in the registry', async () => {
    const image = `${REPOSITORY}/app:v1`
    const submitted = JSON.parse(await gcloud.ok('builds', 'submit', source, `--tag=${image}`, '--async', '--format=json'))
    expect(submitted).toMatchObject({ status: 'QUEUED', source: { storageSource: { bucket: `${PROJECT}_cloudbuild` } } })
    const list = JSON.parse(await gcloud.ok('builds', 'list', '--filter=status=SUCCESS', '--format=json'))
    const build = JSON.parse(await gcloud.ok('builds', 'describe', submitted.id, '--format=json'))
    expect(list).toEqual([build])
    expect(build).toMatchObject({ status: 'SUCCESS', results: { images: [{ name: image }] } })
    const archive = submitted.source.storageSource
    expect(build.sourceProvenance.fileHashes).toHaveProperty([`gs://${archive.bucket}/${archive.object}#${archive.generation}`])
    const { image_summary } = await describeImage(image)
    expect(image_summary).toMatchObject({ digest: build.results.images[0].digest, slsa_build_level: 3 })
  })

  test('a configuration without source is submitted with its substitutions; one that is missing is refused', async () => {
    const submit = ['builds', 'submit', '--no-source', `--config=${config}`, '--async']
    const { id } = JSON.parse(await gcloud.ok(...submit, '--substitutions=_TAG=v2', '--format=json'))
    const images = await gcloud.ok('builds', 'describe', id, '--format=value(results.images[].name)')
    expect(images.trim()).toBe(`${REPOSITORY}/config:v2`)
    const { code, stderr } = await gcloud.run(...submit)
    expect(code).toBe(1)
    expect(stderr).toContain('key in the template "_TAG" is not matched in the substitution data')
  })

  test('the endpoint may be the emulator itself, with a path for each API', async () => {
    const { code, stderr } = await inMode('direct', 'builds', 'submit', source, `--tag=${REPOSITORY}/direct:v1`, '--async')
    expect({ code, stderr }).toMatchObject({ code: 0 })
  })

  test('gcloud waits for a build, and says whether it has succeeded', async () => {
    const submit = ['builds', 'submit', source, '--format=value(status)']
    const succeeded = await inMode('takeover', ...submit, `--tag=${REPOSITORY}/waited:v1`)
    expect(succeeded).toMatchObject({ code: 0, stdout: 'SUCCESS\n' })
    const failed = await inMode('takeover', ...submit, `--tag=europe-west2-docker.pkg.dev/${PROJECT}/nowhere/app:v1`)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('BUILD FAILURE: could not push image')
  })

  test('the provenance is signed by a key that Cloud KMS gives, and openssl verifies it', async () => {
    const { provenance_summary } = await describeImage(`${REPOSITORY}/app:v1`)
    const newer = provenance_summary.provenance.find(({ build }: any) => build.inTotoSlsaProvenanceV1)
    const { payload, payloadType, signatures } = newer.envelope
    const [{ keyid, sig }] = signatures
    const [, project, location, ring, key, version] =
      /^projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+)\/cryptoKeyVersions\/(\d+)$/.exec(keyid)!
    const pem = await gcloud.ok(
      ...['kms', 'keys', 'versions', 'get-public-key', version!, `--key=${key}`, `--keyring=${ring}`],
      ...[`--location=${location}`, `--project=${project}`, '--output-file=-'],
    )
    const bytes = Buffer.from(payload, 'base64')
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `), bytes])
    const signature = Buffer.from(sig, 'base64url')
    expect(await opensslVerifies(pem, { hash: 'sha256' }, signed, signature)).toBe(true)
    expect(await opensslVerifies(pem, { hash: 'sha256' }, bytes, signature)).toBe(false)
    expect(JSON.parse(bytes.toString())).toEqual(newer.build.inTotoSlsaProvenanceV1)
  })

  test('where built-by-cloud-build is required, what is built is admitted; what docker has pushed, and any other digest, is not', async () => {
    const policy = {
      name: `projects/${PROJECT}/policy`,
      globalPolicyEvaluationMode: 'ENABLE',
      defaultAdmissionRule: {
        evaluationMode: 'REQUIRE_ATTESTATION',
        enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
        requireAttestationsBy: [ATTESTOR],
      },
    }
    await gcloud.ok('container', 'binauthz', 'policy', 'import', gcloud.file('policy.json', JSON.stringify(policy)))
    const { image_summary } = await describeImage(`${REPOSITORY}/app:v1`)
    const pushed = newDigest()
    await emulator.call('POST', '/_emulator/images', { image: `${REPOSITORY}/pushed`, digest: pushed, tags: ['v1'] })
    const push = ['builds', 'submit', '--no-source', '--async', '--config']
    const steps = [{ name: 'gcr.io/cloud-builders/docker', args: ['push', `${REPOSITORY}/pushed:v1`] }]
    await gcloud.ok(...push, gcloud.file('push.json', JSON.stringify({ steps })))
    expect((await admit(emulator, PROJECT, pod(`${REPOSITORY}/app@${image_summary.digest}`))).response).toEqual(ALLOWED)
    for (const image of [`${REPOSITORY}/app@${newDigest()}`, `${REPOSITORY}/pushed@${pushed}`])
      expect((await admit(emulator, PROJECT, pod(image))).response).toEqual(deniedByAttestors(image, [ATTESTOR]))
    const attestations = await gcloud.ok(
      ...['container', 'binauthz', 'attestations', 'list', `--attestor=${ATTESTOR}`],
      ...[`--artifact-url=https://${REPOSITORY}/app@${image_summary.digest}`, '--format=value(resourceUri)'],
    )
    expect(attestations.trim()).toBe(`https://${REPOSITORY}/app@${image_summary.digest}`)
  })

  test('a build that is posted by hand with its results tells the digest', async () => {
    const digest = newDigest()
    const image = `${REPOSITORY}/by-hand:v1`
    const build = { steps: [{ name: 'docker' }], images: [image], results: { images: [{ name: image, digest }] } }
    const file = gcloud.file('build.json', JSON.stringify(build))
    const url = `${emulator.url}/v1/projects/${PROJECT}/builds`
    await succeed('curl', ['-sSf', '-X', 'POST', url, '-H', 'Content-Type: application/json', '--data-binary', `@${file}`])
    expect((await describeImage(image)).image_summary).toMatchObject({ digest, slsa_build_level: 3 })
    expect((await admit(emulator, PROJECT, pod(`${REPOSITORY}/by-hand@${digest}`))).response).toEqual(ALLOWED)
  })
})

// Attestations that the real gcloud signs with Cloud KMS and creates, and what admission makes of them. In each test everything is made
// twice: two projects that differ in the one thing that the test varies, of which one is denied and the other allowed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, NOT_BY_DIGEST, pod } from '../admission.ts'
import { attestorName, newDigest, newProject, projectRequiring, REPOSITORY, signaturePayload } from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createKmsKey, type KmsKey } from '../kms-keys.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const IMAGE = `${REPOSITORY}@${newDigest()}`
const OTHER_IMAGE = `${REPOSITORY}@${newDigest()}`

let emulator: Emulator
let gcloud: Gcloud
/** The key that attestors trust, a second one that they trust where a test says so, and one that none of them knows. */
let trusted: KmsKey
let second: KmsKey
let stranger: KmsKey

/** `gcloud beta container binauthz attestations sign-and-create` */
const signAndCreate = (project: string, attestor: string, key: KmsKey, image = IMAGE, ...flags: string[]) =>
  gcloud.ok(
    ...['beta', 'container', 'binauthz', 'attestations', 'sign-and-create', `--project=${project}`],
    ...[`--artifact-url=${image}`, `--attestor=${attestor}`, `--keyversion=${key.version}`, ...flags],
  )

/** `gcloud kms asymmetric-sign` over `signed`, then `attestations create` with the payload `stored`. */
async function signByHand(project: string, image: string, { signed, stored }: { signed: Buffer; stored: Buffer }) {
  const [input, payload, signature] = ['signed', 'stored', 'signature'].map((name) => `${project}.${name}`) as [
    string,
    string,
    string,
  ]
  await gcloud.ok(
    ...['kms', 'asymmetric-sign', `--version=${trusted.version}`, '--digest-algorithm=sha256'],
    ...[`--input-file=${gcloud.file(input, signed)}`, `--signature-file=${gcloud.file(signature, '')}`],
  )
  await gcloud.ok(
    ...['container', 'binauthz', 'attestations', 'create', `--project=${project}`, '--attestor=trusted'],
    ...[`--artifact-url=${image}`, `--payload-file=${gcloud.file(payload, stored)}`, `--signature-file=${signature}`],
    `--public-key-id=${trusted.publicKey.id}`,
  )
}

const payloadOf = (image: string) => signaturePayload(REPOSITORY, image.split('@')[1]!)

/** Does the same for two values at once. */
const both = <T, R>(first: T, other: T, make: (value: T) => Promise<R>) => Promise.all([make(first), make(other)])

describe.skipIf(!hasGcloud('sdk-tests/gcloud/admission.test.ts'))('admission of what gcloud has attested', () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    const keys = newProject()
    gcloud = createGcloud(emulator.url, keys)
    trusted = await createKmsKey(emulator, keys, 'EC_SIGN_P256_SHA256', 'trusted')
    second = await createKmsKey(emulator, keys, 'RSA_SIGN_PSS_2048_SHA256', 'second')
    stranger = await createKmsKey(emulator, keys, 'EC_SIGN_P256_SHA256', 'stranger')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test('an image is denied until it is attested; then its digest is allowed, whatever repository and tag stand before it', async () => {
    const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
    const digest = IMAGE.split('@')[1]!
    const before = await admit(emulator, project, pod(IMAGE))
    await signAndCreate(project, 'trusted', trusted)
    expect(before.response).toEqual({
      allowed: false,
      status: {
        metadata: {},
        status: 'Failure',
        message:
          `Image ${IMAGE} denied by Binary Authorization default admission rule. ` +
          `Image ${IMAGE} denied by attestor projects/${project}/attestors/trusted: ` +
          'No attestations found that were valid and signed by a key trusted by the attestor',
        reason: 'VIOLATES_POLICY',
        details: {
          kind: 'Pod',
          causes: [
            {
              reason:
                `'${IMAGE}' : Image ${IMAGE} denied by attestor projects/${project}/attestors/trusted: ` +
                'No attestations found that were valid and signed by a key trusted by the attestor\n',
            },
          ],
        },
        code: 400,
      },
    })
    expect(before.decision).toMatchObject({
      verdict: 'DENIED',
      policy: `projects/${project}/policy`,
      message: before.response.status.message,
    })
    expect(before.step).toMatchObject({
      step: 'ADMISSION_RULE',
      rule: 'defaultAdmissionRule',
      result: 'DENIED',
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [
        { attestor: attestorName(project, 'trusted'), result: 'NOT_SATISFIED', code: 'NO_ATTESTATION', attestationCount: 0 },
      ],
    })
    for (const image of [IMAGE, `gcr.io/elsewhere/copy@${digest}`, `${REPOSITORY}:v1@${digest}`]) {
      const after = await admit(emulator, project, pod(image))
      expect(after.response).toEqual(ALLOWED)
      expect(after.step).toMatchObject({ result: 'ALLOWED', digest, attestors: [{ result: 'SATISFIED', attestationCount: 1 }] })
    }
  })

  test('the attestation of one image does not admit another', async () => {
    const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
    await signAndCreate(project, 'trusted', trusted)
    const [denied, allowed] = await both(OTHER_IMAGE, IMAGE, (image) => admit(emulator, project, pod(image)))
    expect(denied.response).toEqual(deniedByAttestors(OTHER_IMAGE, [attestorName(project, 'trusted')]))
    expect(denied.step).toMatchObject({ code: 'ATTESTOR_NOT_SATISFIED', attestors: [{ code: 'NO_ATTESTATION' }] })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test("an attestation by a key that is not the attestor's does not count", async () => {
    const [denied, allowed] = await both(stranger, trusted, async (key) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
      await signAndCreate(project, 'trusted', key)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [
        {
          code: 'NO_VALID_ATTESTATION',
          attestationCount: 1,
          attestations: [
            {
              verified: false,
              code: 'KEY_NOT_FOUND',
              signatures: [{ publicKeyId: stranger.publicKey.id, code: 'KEY_NOT_FOUND' }],
            },
          ],
        },
      ],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test("nor does it count under the id of the attestor's key", async () => {
    const [denied, allowed] = await both(stranger, trusted, async (key) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
      await signAndCreate(project, 'trusted', key, IMAGE, `--public-key-id-override=${trusted.publicKey.id}`)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [
        {
          code: 'NO_VALID_ATTESTATION',
          attestations: [
            { code: 'SIGNATURE_INVALID', signatures: [{ publicKeyId: trusted.publicKey.id, code: 'SIGNATURE_INVALID' }] },
          ],
        },
      ],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test("a good signature over another image's payload does not count", async () => {
    const [denied, allowed] = await both(OTHER_IMAGE, IMAGE, async (signedImage) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
      await signByHand(project, IMAGE, { signed: payloadOf(signedImage), stored: payloadOf(signedImage) })
      const signed = await admit(emulator, project, pod(signedImage))
      return { project, signed, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    const trustedName = attestorName(denied.project, 'trusted')
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [trustedName]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [{ code: 'NO_VALID_ATTESTATION', attestations: [{ code: 'PAYLOAD_DIGEST_MISMATCH' }] }],
    })
    // nor does it admit the image that was signed, since it is attached to the other one
    expect(denied.signed.response).toEqual(deniedByAttestors(OTHER_IMAGE, [trustedName]))
    expect(denied.signed.step).toMatchObject({ attestors: [{ code: 'NO_ATTESTATION' }] })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('a payload that was altered after it was signed does not count', async () => {
    const [denied, allowed] = await both(OTHER_IMAGE, IMAGE, async (signedImage) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
      await signByHand(project, IMAGE, { signed: payloadOf(signedImage), stored: payloadOf(IMAGE) })
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [{ code: 'NO_VALID_ATTESTATION', attestations: [{ code: 'SIGNATURE_INVALID' }] }],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('an image must be deployed by its digest, although its tag names what is attested', async () => {
    const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
    await signAndCreate(project, 'trusted', trusted)
    const byTag = `${REPOSITORY}:v1`
    const [denied, allowed] = await both(byTag, IMAGE, (image) => admit(emulator, project, pod(image)))
    expect(denied.response).toEqual(deniedByAttestors(byTag, [attestorName(project, 'trusted')], NOT_BY_DIGEST))
    expect(denied.step).toMatchObject({ code: 'IMAGE_NOT_BY_DIGEST', attestors: [{ code: 'IMAGE_NOT_BY_DIGEST' }] })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('a key that is removed from the attestor takes its attestations with it', async () => {
    const [denied, allowed] = await both(trusted, second, async (removed) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey, second.publicKey] })
      await signAndCreate(project, 'trusted', trusted)
      const before = await admit(emulator, project, pod(IMAGE))
      const command = ['container', 'binauthz', 'attestors', 'public-keys', 'remove', removed.publicKey.id]
      await gcloud.ok(...command, '--attestor=trusted', `--project=${project}`)
      return { project, before, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.before.response).toEqual(ALLOWED)
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [
        { code: 'NO_VALID_ATTESTATION', publicKeyIds: [second.publicKey.id], attestations: [{ code: 'KEY_NOT_FOUND' }] },
      ],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('of two attestors both must have attested', async () => {
    const [denied, allowed] = await both(['built'], ['built', 'tested'], async (attestors) => {
      const project = await projectRequiring(emulator, { built: [trusted.publicKey], tested: [second.publicKey] })
      for (const attestor of attestors) await signAndCreate(project, attestor, attestor === 'built' ? trusted : second)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'tested')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [{ result: 'SATISFIED' }, { result: 'NOT_SATISFIED', code: 'NO_ATTESTATION' }],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('an attestor without keys verifies nothing', async () => {
    const [denied, allowed] = await both([], [trusted.publicKey], async (publicKeys) => {
      const project = await projectRequiring(emulator, { trusted: publicKeys })
      await signAndCreate(project, 'trusted', trusted)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({
      code: 'ATTESTOR_NOT_SATISFIED',
      attestors: [{ code: 'ATTESTOR_HAS_NO_KEYS', publicKeyIds: [], attestationCount: 1 }],
    })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test('an attestor that is deleted while the policy names it denies', async () => {
    const [denied, allowed] = await both('trusted', 'unused', async (deleted) => {
      const project = await projectRequiring(emulator, { trusted: [trusted.publicKey], unused: [] })
      const rule = { evaluationMode: 'REQUIRE_ATTESTATION', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
      const requireAttestationsBy = [attestorName(project, 'trusted')]
      await emulator.call('PUT', `/v1/projects/${project}/policy`, { defaultAdmissionRule: { ...rule, requireAttestationsBy } })
      await signAndCreate(project, 'trusted', trusted)
      await gcloud.ok('container', 'binauthz', 'attestors', 'delete', deleted, `--project=${project}`)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(
      deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')], 'The attestor does not exist'),
    )
    expect(denied.step).toMatchObject({ code: 'ATTESTOR_NOT_SATISFIED', attestors: [{ code: 'ATTESTOR_NOT_FOUND' }] })
    expect(allowed.response).toEqual(ALLOWED)
  })

  test("a KMS key's id is the same under the host of production and under the emulator's own", async () => {
    const id = (authority: string) => trusted.publicKey.id.replace(/^\/\/[^/]+/, `//${authority}`)
    const [denied, allowed] = await both('kms.example.com', 'cloudkms.googleapis.com', async (authority) => {
      const project = await projectRequiring(emulator, { trusted: [{ ...trusted.publicKey, id: id(authority) }] })
      await signAndCreate(project, 'trusted', trusted)
      return { project, ...(await admit(emulator, project, pod(IMAGE))) }
    })
    expect(denied.response).toEqual(deniedByAttestors(IMAGE, [attestorName(denied.project, 'trusted')]))
    expect(denied.step).toMatchObject({ attestors: [{ attestations: [{ code: 'KEY_NOT_FOUND' }] }] })
    expect(allowed.response).toEqual(ALLOWED)
  })
})

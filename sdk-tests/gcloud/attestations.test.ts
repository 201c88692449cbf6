// The ways in which gcloud makes attestations: signed by Cloud KMS in one step, or by whatever tool, over the payload that gcloud prints
// (https://cloud.google.com/binary-authorization/docs/making-attestations).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import { attestorName, newDigest, newProject, projectRequiring, REPOSITORY, signaturePayload } from '../attestations.ts'
import { isInstalled } from '../commands.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createKmsKey, type KmsKey } from '../kms-keys.ts'
import { gpgHome, opensslSigner } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

let emulator: Emulator
let gcloud: Gcloud
let ec: KmsKey
let rsa: KmsKey

const newImage = () => `${REPOSITORY}@${newDigest()}`

const signAndCreate = (track: string, project: string, image: string, key: KmsKey, ...flags: string[]) =>
  gcloud.run(
    ...[track, 'container', 'binauthz', 'attestations', 'sign-and-create', `--project=${project}`],
    ...[`--artifact-url=${image}`, `--keyversion=${key.version}`, ...flags],
  )

/** `attestations create`, with the signature that `sign` makes of what `create-signature-payload` prints for the image. */
async function createByHand(
  project: string,
  image: string,
  keyId: string,
  sign: (payload: Buffer) => Promise<Buffer>,
  ...flags: string[]
) {
  const payload = Buffer.from(await gcloud.ok('container', 'binauthz', 'create-signature-payload', `--artifact-url=${image}`))
  const payloadFile = gcloud.file(`${project}.json`, payload)
  const signatureFile = gcloud.file(`${project}.sig`, await sign(payload))
  const result = await gcloud.run(
    ...['container', 'binauthz', 'attestations', 'create', `--project=${project}`, '--attestor=trusted'],
    ...[`--artifact-url=${image}`, `--payload-file=${payloadFile}`, `--signature-file=${signatureFile}`],
    ...[`--public-key-id=${keyId}`, ...flags],
  )
  return { payload, ...result }
}

async function expectAllowed(project: string, image: string, form: string) {
  const { response, step } = await admit(emulator, project, pod(image))
  expect(response).toEqual(ALLOWED)
  expect(step.attestors[0].attestations[0].signatures[0]).toMatchObject({ code: 'VERIFIED', form })
}

async function expectDenied(project: string, image: string, code: string) {
  const { response, step } = await admit(emulator, project, pod(image))
  expect(response).toEqual(deniedByAttestors(image, [attestorName(project, 'trusted')]))
  expect(step.attestors[0]).toMatchObject({ code: 'NO_VALID_ATTESTATION', attestations: [{ code }] })
}

describe.skipIf(!hasGcloud('sdk-tests/gcloud/attestations.test.ts'))('attestations by gcloud', () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    const keys = newProject()
    gcloud = createGcloud(emulator.url, keys)
    ec = await createKmsKey(emulator, keys, 'EC_SIGN_P384_SHA384', 'ec')
    rsa = await createKmsKey(emulator, keys, 'RSA_SIGN_PSS_2048_SHA256', 'rsa')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test.each([
    ['beta', 'raw', []],
    ['beta', 'raw', ['--validate']],
    ['beta', 'pae', ['--pae-encode-payload']],
    ['beta', 'pae', ['--pae-encode-payload', '--validate']],
    ['alpha', 'raw', ['--validate']],
  ])('%s sign-and-create (%s, flags %j) makes attestations that count', async (track, form, flags) => {
    await Promise.all(
      [ec, rsa].map(async (key) => {
        const project = await projectRequiring(emulator, { trusted: [key.publicKey] })
        const image = newImage()
        const { code, stderr } = await signAndCreate(track, project, image, key, '--attestor=trusted', ...flags)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        await expectAllowed(project, image, form)
      }),
    )
  })

  test('sign-and-create by note, without naming the attestor', async () => {
    const project = await projectRequiring(emulator, { trusted: [ec.publicKey] })
    const image = newImage()
    expect((await signAndCreate('beta', project, image, ec, `--note=projects/${project}/notes/trusted`)).code).toBe(0)
    await expectAllowed(project, image, 'raw')
  })

  test('sign-and-create warns of a key that the attestor does not have, and --validate says why it fails', async () => {
    const project = await projectRequiring(emulator, { trusted: [rsa.publicKey] })
    const [image, other] = [newImage(), newImage()]
    const [warned, validated] = await Promise.all([
      signAndCreate('beta', project, image, ec, '--attestor=trusted'),
      signAndCreate('beta', project, other, ec, '--attestor=trusted', '--validate'),
    ])
    expect(warned.stderr).toContain(
      `No public key with ID [${ec.publicKey.id}] found on attestor [projects/${project}/attestors/trusted]`,
    )
    expect(validated.stderr).toContain(
      `Attestation could not be validated! (The attestor has no public key with the id "${ec.publicKey.id}"; it has "${rsa.publicKey.id}".)`,
    )
    await expectDenied(project, image, 'KEY_NOT_FOUND')
    await expectDenied(project, other, 'KEY_NOT_FOUND')
  })

  test('create-signature-payload prints the documented bytes', async () => {
    const image = newImage()
    const stdout = await gcloud.ok('container', 'binauthz', 'create-signature-payload', `--artifact-url=${image}`)
    expect(stdout).toBe(signaturePayload(REPOSITORY, image.split('@')[1]!).toString())
  })

  test.each(['ECDSA_P256_SHA256', 'RSA_PSS_2048_SHA256'])(
    'a payload signed by openssl with %s makes an attestation',
    async (algorithm) => {
      const { publicKey, sign } = await opensslSigner(algorithm)
      const project = await projectRequiring(emulator, { trusted: [publicKey] })
      const image = newImage()
      const signBytes = async (payload: Buffer) => (await sign(payload)).signature
      const { code, stderr } = await createByHand(project, image, publicKey.id, signBytes, '--validate')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      await expectAllowed(project, image, 'raw')
    },
  )

  test.skipIf(!isInstalled('gpg'))('a payload signed by gpg makes an attestation, detached and attached', async () => {
    const { armored, fingerprint, sign, close } = await gpgHome('rsa2048')
    await Promise.all(
      (['--detach-sign', '--sign'] as const).map(async (how) => {
        const project = await projectRequiring(emulator, { trusted: [{ asciiArmoredPgpPublicKey: armored }] })
        const image = newImage()
        const { code, stderr } = await createByHand(project, image, fingerprint, (payload) => sign(payload, how), '--validate')
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        await expectAllowed(project, image, how === '--sign' ? 'attached' : 'detached')
      }),
    )
    await close()
  })

  test('attestations create --validate tells why a bad attestation is bad, and creates it all the same', async () => {
    const { publicKey, sign } = await opensslSigner('ECDSA_P256_SHA256')
    const project = await projectRequiring(emulator, { trusted: [publicKey] })
    const image = newImage()
    // signed without the newline that ends the payload: the mistake that an editor makes
    const signTrimmed = async (payload: Buffer) => (await sign(payload.subarray(0, -1))).signature
    const { code, stderr } = await createByHand(project, image, publicKey.id, signTrimmed, '--validate')
    expect(code).toBe(0)
    expect(stderr).toBe(
      'WARNING: Attestation could not be validated! (The signature does not verify over the payload with this key. It is over the payload without the newline at its end.)\n',
    )
    await expectDenied(project, image, 'SIGNATURE_INVALID')
  })

  test('the same attestation cannot be created twice', async () => {
    const { publicKey, sign } = await opensslSigner('RSA_SIGN_PKCS1_2048_SHA256')
    const project = await projectRequiring(emulator, { trusted: [publicKey] })
    const image = newImage()
    const signBytes = async (payload: Buffer) => (await sign(payload)).signature
    expect((await createByHand(project, image, publicKey.id, signBytes)).code).toBe(0)
    const { code, stderr } = await createByHand(project, image, publicKey.id, signBytes)
    expect(code).toBe(1)
    expect(stderr).toContain('is the subject of a conflict')
    expect(stderr).toContain('already exists')
  })

  test('attestations are listed by attestor, and by attestor and image', async () => {
    const project = await projectRequiring(emulator, { trusted: [ec.publicKey] })
    const [first, second] = [newImage(), newImage()]
    await Promise.all([first, second].map((image) => signAndCreate('beta', project, image, ec, '--attestor=trusted')))
    const list = async (...flags: string[]) =>
      (
        await gcloud.ok(
          'container',
          'binauthz',
          'attestations',
          'list',
          `--project=${project}`,
          ...flags,
          '--format=value(resourceUri)',
        )
      )
        .split('\n')
        .filter((line) => line !== '')
    const [all, one, paged, ofProject] = await Promise.all([
      list('--attestor=trusted'),
      list('--attestor=trusted', `--artifact-url=${first}`),
      list('--attestor=trusted', '--page-size=1'),
      list(),
    ])
    expect(all.sort()).toEqual([first, second].sort())
    expect(one).toEqual([first])
    expect(paged.sort()).toEqual([first, second].sort())
    expect(ofProject.sort()).toEqual([first, second].sort())
  })
})

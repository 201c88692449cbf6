// Attestations that other tools have signed count in admission: openssl, gpg, Python's cryptography
// (https://cloud.google.com/binary-authorization/docs/making-attestations).
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from './admission.ts'
import {
  attestorName,
  createAttestation,
  newDigest,
  type PublicKey,
  projectRequiring,
  REPOSITORY,
  type Signature,
  signaturePayload,
} from './attestations.ts'
import { isInstalled } from './commands.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import {
  gpgHome,
  hasPythonCryptography,
  type JwtSigner,
  newSigner,
  nodeSigner,
  opensslSigner,
  pythonSigner,
  type Signer,
} from './signers.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

/** Attests one image with a signature over its payload, another with the same signer's signature over the first one's payload, and expects
 * the first to be allowed and the second to be denied for that. */
async function expectSignaturesToCount(
  publicKey: PublicKey,
  sign: (payload: Buffer) => Promise<Signature>,
  { code, why }: { code: string; why?: string },
) {
  const project = await projectRequiring(emulator, { trusted: [publicKey] })
  const [good, forged] = [newDigest(), newDigest()]
  const [payload, forgedPayload] = [good, forged].map((digest) => signaturePayload(REPOSITORY, digest)) as [Buffer, Buffer]
  const signature = await sign(payload)
  await createAttestation(emulator, project, 'trusted', `${REPOSITORY}@${good}`, payload, signature)
  await createAttestation(emulator, project, 'trusted', `${REPOSITORY}@${forged}`, forgedPayload, signature)
  const allowed = await admit(emulator, project, pod(`${REPOSITORY}@${good}`))
  const refused = await admit(emulator, project, pod(`${REPOSITORY}@${forged}`))
  expect(allowed.response).toEqual(ALLOWED)
  expect(refused.response).toEqual(deniedByAttestors(`${REPOSITORY}@${forged}`, [attestorName(project, 'trusted')]))
  expect(refused.step.attestors[0]).toMatchObject({
    code: 'NO_VALID_ATTESTATION',
    attestations: [{ signatures: [{ verified: false, code, ...(why && { why }) }] }],
  })
  return allowed.step.attestors[0].attestations[0].signatures[0]
}

/** Attests two images with the JWT of the first, which counts for it and not for the other. */
async function expectJwtsToCount({ publicKey, signJwt }: Signer & JwtSigner) {
  const project = await projectRequiring(emulator, { trusted: [publicKey] })
  const [attested, other] = [newDigest(), newDigest()] as [string, string]
  const compactJwt = await signJwt(attested)
  for (const digest of [attested, other])
    await emulator.call('POST', `/v1/projects/${project}/occurrences`, {
      noteName: `projects/${project}/notes/trusted`,
      resourceUri: `${REPOSITORY}@${digest}`,
      attestation: { jwts: [{ compactJwt }] },
    })
  const allowed = await admit(emulator, project, pod(`${REPOSITORY}@${attested}`))
  expect(allowed.response).toEqual(ALLOWED)
  expect(allowed.step.attestors[0].attestations[0].signatures[0]).toMatchObject({ form: 'jwt', publicKeyId: publicKey.id })
  const refused = await admit(emulator, project, pod(`${REPOSITORY}@${other}`))
  expect(refused.response).toEqual(deniedByAttestors(`${REPOSITORY}@${other}`, [attestorName(project, 'trusted')]))
  expect(refused.step.attestors[0].attestations[0]).toMatchObject({ code: 'PAYLOAD_DIGEST_MISMATCH' })
}

test("the payload is gcloud's to the byte", () => {
  const payload = signaturePayload(
    'us-docker.pkg.dev/demo/r/app',
    'sha256:e9954c1fc875017be1c3e36eca16be2d9e9bccc4bf072163515467d6a823c7cf',
  )
  expect(payload).toHaveLength(290)
  expect(createHash('sha256').update(payload).digest('hex')).toBe(
    'c0a6419a7e5c601e3cd496c9c08ef3c791ea5c3113fd9f5d385eac90e28edfa6',
  )
})

test.each([
  'ECDSA_P256_SHA256',
  'ECDSA_P384_SHA384',
  'ECDSA_P521_SHA512',
  'RSA_PSS_2048_SHA256',
  'RSA_PSS_3072_SHA256',
  'RSA_PSS_4096_SHA256',
  'RSA_PSS_4096_SHA512',
  'RSA_SIGN_PKCS1_2048_SHA256',
  'RSA_SIGN_PKCS1_3072_SHA256',
  'RSA_SIGN_PKCS1_4096_SHA256',
  'RSA_SIGN_PKCS1_4096_SHA512',
])('an attestation signed by openssl with %s counts', async (algorithm) => {
  const { publicKey, sign } = await opensslSigner(algorithm)
  expect(await expectSignaturesToCount(publicKey, sign, { code: 'SIGNATURE_INVALID' })).toMatchObject({ form: 'raw' })
})

const NODE_ALGORITHMS = [
  'ECDSA_P256_SHA256',
  'ECDSA_P384_SHA384',
  'ECDSA_P521_SHA512',
  'RSA_PSS_2048_SHA256',
  'RSA_PSS_3072_SHA256',
  'RSA_PSS_4096_SHA512',
  'RSA_SIGN_PKCS1_2048_SHA256',
  'RSA_SIGN_PKCS1_4096_SHA512',
]

test.each(NODE_ALGORITHMS)("an attestation signed by node's crypto with %s counts, and so does its JWT", async (algorithm) => {
  const signer = nodeSigner(algorithm)
  await expectSignaturesToCount(signer.publicKey, signer.sign, { code: 'SIGNATURE_INVALID' })
  await expectJwtsToCount(signer)
})

const withPython = await hasPythonCryptography()
test
  .skipIf(!withPython)
  .each([
    'ECDSA_P256_SHA256',
    'ECDSA_P384_SHA384',
    'ECDSA_P521_SHA512',
    'RSA_PSS_2048_SHA256',
    'RSA_PSS_4096_SHA512',
    'RSA_SIGN_PKCS1_2048_SHA256',
  ])("an attestation signed by Python's cryptography with %s counts, and so does its JWT", async (algorithm) => {
  const signer = await pythonSigner(algorithm)
  await expectSignaturesToCount(signer.publicKey, signer.sign, { code: 'SIGNATURE_INVALID' })
  await expectJwtsToCount(signer)
})

test.skipIf(!isInstalled('gpg')).each(['rsa2048', 'rsa4096', 'ed25519', 'nistp256'])(
  'an attestation signed by gpg with %s counts, detached and attached',
  async (keyType) => {
    const { armored, fingerprint, sign, close } = await gpgHome(keyType)
    try {
      const signing = (how: '--detach-sign' | '--sign') => async (payload: Buffer) => ({
        publicKeyId: fingerprint,
        signature: await sign(payload, how),
      })
      const publicKey = { asciiArmoredPgpPublicKey: armored }
      const detached = await expectSignaturesToCount(publicKey, signing('--detach-sign'), { code: 'SIGNATURE_INVALID' })
      const attached = await expectSignaturesToCount(publicKey, signing('--sign'), { code: 'SIGNATURE_INVALID' })
      expect([detached.form, attached.form]).toEqual(['detached', 'attached'])
    } finally {
      await close()
    }
  },
)

test.skipIf(!isInstalled('gpg'))(
  'gpg signs with a subkey, which counts under the fingerprint of the key, and several sign at once',
  async () => {
    const [first, second] = [await gpgHome('ed25519'), await gpgHome('rsa2048')]
    try {
      const subkey = await first.addSubkey('ed25519')
      const keys = [await first.exported(), second.armored].map((asciiArmoredPgpPublicKey) => ({ asciiArmoredPgpPublicKey }))
      const project = await projectRequiring(emulator, { trusted: keys })
      const digest = newDigest()
      const payload = signaturePayload(REPOSITORY, digest)
      const signature = await first.sign(payload, '--detach-sign', '--local-user', `${subkey}!`)
      const other = await second.sign(payload, '--detach-sign')
      await createAttestation(
        emulator,
        project,
        'trusted',
        `${REPOSITORY}@${digest}`,
        payload,
        { publicKeyId: second.fingerprint, signature },
        { publicKeyId: first.fingerprint, signature: other },
        { publicKeyId: first.fingerprint, signature },
      )
      const { response, step } = await admit(emulator, project, pod(`${REPOSITORY}@${digest}`))
      expect(response).toEqual(ALLOWED)
      expect(step.attestors[0].attestations[0].signatures.map(({ verified }: { verified: boolean }) => verified)).toEqual([
        false,
        false,
        true,
      ])
    } finally {
      await first.close()
      await second.close()
    }
  },
)

test.skipIf(!isInstalled('gpg'))('an attached PGP message needs no payload beside it', async () => {
  const { armored, fingerprint, sign, close } = await gpgHome('ed25519')
  try {
    const project = await projectRequiring(emulator, { trusted: [{ asciiArmoredPgpPublicKey: armored }] })
    const [attested, other] = [newDigest(), newDigest()].map((digest) => `${REPOSITORY}@${digest}`) as [string, string]
    const signature = await sign(signaturePayload(REPOSITORY, attested.split('@')[1]!), '--sign')
    for (const image of [attested, other])
      await createAttestation(emulator, project, 'trusted', image, Buffer.alloc(0), { publicKeyId: fingerprint, signature })
    expect((await admit(emulator, project, pod(attested))).response).toEqual(ALLOWED)
    const refused = await admit(emulator, project, pod(other))
    expect(refused.response).toEqual(deniedByAttestors(other, [attestorName(project, 'trusted')]))
    expect(refused.step.attestors[0].attestations[0]).toMatchObject({ code: 'PAYLOAD_DIGEST_MISMATCH' })
  } finally {
    await close()
  }
})

test('one good signature among bad ones is enough', async () => {
  const [trusted, stranger] = [newSigner('urn:trusted'), newSigner('urn:stranger')]
  const project = await projectRequiring(emulator, { trusted: [trusted.publicKey] })
  const [twice, once] = [newDigest(), newDigest()].map((digest) => `${REPOSITORY}@${digest}`) as [string, string]
  for (const [image, signers] of [
    [twice, [stranger, trusted]],
    [once, [stranger]],
  ] as const) {
    const payload = signaturePayload(REPOSITORY, image.split('@')[1]!)
    const signatures = await Promise.all(signers.map(({ sign }) => sign(payload)))
    await createAttestation(emulator, project, 'trusted', image, payload, ...signatures)
  }
  expect((await admit(emulator, project, pod(twice))).response).toEqual(ALLOWED)
  const refused = await admit(emulator, project, pod(once))
  expect(refused.response).toEqual(deniedByAttestors(once, [attestorName(project, 'trusted')]))
  expect(refused.step.attestors[0].attestations[0].signatures).toMatchObject([
    { publicKeyId: 'urn:stranger', code: 'KEY_NOT_FOUND' },
  ])
})

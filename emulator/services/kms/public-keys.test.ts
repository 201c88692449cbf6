import { createPublicKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { crc32c } from './crc32c.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/us-central1'
const signing = (algorithm: string, protectionLevel = 'SOFTWARE') => ({
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm, protectionLevel },
})

describeTransports('public keys', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)

  /** The name of the first version of a new key; it is still being generated. */
  async function createVersion(id: string, cryptoKey: object = signing('EC_SIGN_P256_SHA256')): Promise<string> {
    const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: id })
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
    return `${key.name}/cryptoKeyVersions/1`
  }

  test.each([
    ['EC_SIGN_P256_SHA256', 'SOFTWARE', { namedCurve: 'prime256v1' }],
    ['EC_SIGN_P384_SHA384', 'HSM', { namedCurve: 'secp384r1' }],
    ['RSA_SIGN_PSS_2048_SHA256', 'HSM', { modulusLength: 2048, publicExponent: 65537n }],
  ])('the public key of %s in %s is PEM with its checksum', async (algorithm, protectionLevel, details) => {
    const name = await createVersion(algorithm, signing(algorithm, protectionLevel))
    emulator().clock.advance(1)
    const publicKey = await call('GetPublicKey', { name })
    expect(publicKey).toEqual({
      name,
      algorithm,
      protectionLevel,
      pem: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/),
      pemCrc32c: String(crc32c(Buffer.from(publicKey.pem))),
    })
    expect(createPublicKey(publicKey.pem).asymmetricKeyDetails).toEqual(details)
    expect(await call('GetPublicKey', { name })).toEqual(publicKey)
  })

  test('in a format that is asked for, the key is in publicKey instead', async () => {
    const name = await createVersion('formats')
    emulator().clock.advance(1)
    const { pem, pemCrc32c } = await call('GetPublicKey', { name })
    const common = { name, algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' }
    expect(await call('GetPublicKey', { name, publicKeyFormat: 'PEM' })).toEqual({
      ...common,
      publicKeyFormat: 'PEM',
      publicKey: { data: Buffer.from(pem).toString('base64'), crc32cChecksum: pemCrc32c },
    })
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
    expect(await call('GetPublicKey', { name, publicKeyFormat: 'DER' })).toEqual({
      ...common,
      publicKeyFormat: 'DER',
      publicKey: { data: der.toString('base64'), crc32cChecksum: String(crc32c(der)) },
    })
    for (const publicKeyFormat of ['NIST_PQC', 'XWING_RAW_BYTES'])
      await expect(call('GetPublicKey', { name, publicKeyFormat })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a name of another form is invalid, a version that does not exist is not found', async () => {
    const name = `${location}/keyRings/nowhere/cryptoKeys/key/cryptoKeyVersions/1`
    await expect(call('GetPublicKey', { name: 'malformed name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a symmetric key has no public key', async () => {
    const name = await createVersion('symmetric', { purpose: 'ENCRYPT_DECRYPT' })
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `Operation requested for Key ${name} has incorrect key purpose: ENCRYPT_DECRYPT`,
    })
  })

  test('only an enabled version gives its public key', async () => {
    const name = await createVersion('states')
    const refusedAs = (state: string) => ({
      code: 'FAILED_PRECONDITION',
      message: `${name} is not enabled, current state is: ${state}.`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.PreconditionFailure', violations: [{ type: `KEY_${state}`, subject: name }] },
      ],
    })
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject(refusedAs('PENDING_GENERATION'))
    emulator().clock.advance(1)
    await call('UpdateCryptoKeyVersion', { cryptoKeyVersion: { name, state: 'DISABLED' }, updateMask: 'state' })
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject(refusedAs('DISABLED'))
    await call('DestroyCryptoKeyVersion', { name })
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject(refusedAs('DESTROY_SCHEDULED'))
    emulator().clock.advance(31 * 86_400_000)
    await expect(call('GetPublicKey', { name })).rejects.toMatchObject(refusedAs('DESTROYED'))
  })
})

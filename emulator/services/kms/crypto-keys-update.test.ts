import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/us-central1'
const signing = (algorithm: string) => ({ purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm } })

describeTransports('updates of crypto keys', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)
  const createRing = async (keyRingId: string): Promise<string> =>
    (await call('CreateKeyRing', { parent: location, keyRingId })).name

  test('the algorithm of new versions can be changed to another of the same purpose', async () => {
    const parent = await createRing('update-algorithm')
    const request = { parent, cryptoKeyId: 'key', cryptoKey: signing('RSA_SIGN_PSS_2048_SHA256') }
    const key = await call('CreateCryptoKey', request)
    const changed = { ...key, versionTemplate: { protectionLevel: 'SOFTWARE', algorithm: 'EC_SIGN_P256_SHA256' } }
    const update = { cryptoKey: changed, updateMask: 'versionTemplate.algorithm' }
    expect(await call('UpdateCryptoKey', update)).toEqual(changed)
    const version = await call('CreateCryptoKeyVersion', { parent: key.name })
    expect(version).toMatchObject({ name: `${key.name}/cryptoKeyVersions/2`, algorithm: 'EC_SIGN_P256_SHA256' })
    expect(await call('GetCryptoKeyVersion', { name: `${key.name}/cryptoKeyVersions/1` })).toMatchObject({
      algorithm: 'RSA_SIGN_PSS_2048_SHA256',
    })
  })

  test('only the fields in the mask are updated, and one without a value is cleared', async () => {
    const parent = await createRing('update-labels')
    const cryptoKey = { purpose: 'ENCRYPT_DECRYPT', labels: { a: '1' } }
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
    const schedule = { rotationPeriod: '86400s', nextRotationTime: '2027-01-01T00:00:00Z' }
    const scheduled = await call('UpdateCryptoKey', {
      cryptoKey: { name: key.name, labels: { ignored: 'yes' }, ...schedule },
      updateMask: 'rotationPeriod,nextRotationTime',
    })
    expect(scheduled).toEqual({ ...key, ...schedule })
    const cleared = await call('UpdateCryptoKey', {
      cryptoKey: { name: key.name },
      updateMask: 'labels,rotationPeriod,nextRotationTime',
    })
    const { labels: _, ...withoutLabels } = key
    expect(cleared).toEqual(withoutLabels)
    expect(await call('GetCryptoKey', { name: key.name })).toEqual(withoutLabels)
  })

  test('no mask, another field, another purpose, another protection level and a label that is invalid are refused', async () => {
    const parent = await createRing('update-refused')
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: { purpose: 'ENCRYPT_DECRYPT' } })
    const update = (updateMask: string | undefined, fields: object = {}) =>
      call('UpdateCryptoKey', { cryptoKey: { ...key, ...fields }, ...(updateMask && { updateMask }) })
    const invalid = { code: 'INVALID_ARGUMENT' }
    await expect(update(undefined)).rejects.toMatchObject(invalid)
    for (const path of ['name', 'purpose', 'primary', 'importOnly', 'destroyScheduledDuration', 'labels.team'])
      await expect(update(path)).rejects.toMatchObject(invalid)
    const ec = { versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } }
    await expect(update('versionTemplate.algorithm', ec)).rejects.toMatchObject(invalid)
    await expect(update('versionTemplate', { versionTemplate: { protectionLevel: 'HSM' } })).rejects.toMatchObject(invalid)
    await expect(update('labels', { labels: { 'A B': '' } })).rejects.toMatchObject(invalid)
    await expect(update('rotationPeriod', { rotationPeriod: '172800s' })).rejects.toMatchObject(invalid)
    await expect(update('keyAccessJustificationsPolicy')).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: 'Field cryptoKey.keyAccessJustificationsPolicy is not supported by binauthz-emulator.',
    })
    const missing = { cryptoKey: { name: `${key.name}-2` }, updateMask: 'labels' }
    await expect(call('UpdateCryptoKey', missing)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('GetCryptoKey', { name: key.name })).toEqual(key)
  })

  test('an enabled version of a symmetric key can be made its primary, which shows the state of the version', async () => {
    const parent = await createRing('primary')
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: { purpose: 'ENCRYPT_DECRYPT' } })
    const second = await call('CreateCryptoKeyVersion', { parent: key.name })
    expect((await call('GetCryptoKey', { name: key.name })).primary).toEqual(key.primary)
    const makePrimary = (cryptoKeyVersionId: string) =>
      call('UpdateCryptoKeyPrimaryVersion', { name: key.name, cryptoKeyVersionId })
    expect(await makePrimary('2')).toEqual({ ...key, primary: second })
    const disabled = { ...second, state: 'DISABLED' }
    await call('UpdateCryptoKeyVersion', { cryptoKeyVersion: disabled, updateMask: 'state' })
    expect((await call('GetCryptoKey', { name: key.name })).primary).toEqual(disabled)
    await expect(makePrimary('3')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(makePrimary('2')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await expect(makePrimary('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await makePrimary('1')).toEqual(key)
  })

  test('a signing key cannot have a primary', async () => {
    const parent = await createRing('no-primary')
    const request = { parent, cryptoKeyId: 'key', cryptoKey: signing('EC_SIGN_P256_SHA256') }
    const { name } = await call('CreateCryptoKey', request)
    await expect(call('UpdateCryptoKeyPrimaryVersion', { name, cryptoKeyVersionId: '1' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `Operation requested for Key ${name} has incorrect key purpose: ASYMMETRIC_SIGN`,
    })
  })
})

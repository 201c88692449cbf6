import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { parseTimestamp } from '../../core/clock.ts'
import { testClock } from '../../testing/clock.ts'
import { describeTransports, silent } from '../../testing/emulator.ts'
import { findKeyMaterial } from './store.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/europe-west2'
const SYMMETRIC = { purpose: 'ENCRYPT_DECRYPT' }
const signing = (algorithm: string) => ({ purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm } })
const DAY = 86_400_000

describeTransports('crypto key versions', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)

  async function createKey(id: string, cryptoKey: object, request: object = {}) {
    const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: id })
    return call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey, ...request })
  }

  /** The first version of a new signing key, after its generation. */
  async function createVersion(id: string, cryptoKey: object = signing('EC_SIGN_P256_SHA256')) {
    const key = await createKey(id, cryptoKey)
    emulator().clock.advance(1)
    return call('GetCryptoKeyVersion', { name: `${key.name}/cryptoKeyVersions/1` })
  }

  const setState = (version: object, state?: string, updateMask = 'state') =>
    call('UpdateCryptoKeyVersion', { cryptoKeyVersion: { ...version, state }, updateMask })

  const wrongState = ({ name }: { name: string }, state: string) => ({
    code: 'FAILED_PRECONDITION',
    message: `The request cannot be fulfilled. Resource ${name} has value ${state} in field crypto_key_version.state.`,
  })

  test('symmetric versions are numbered from 1 and enabled at once', async () => {
    const { name: parent } = await createKey('sequential', SYMMETRIC, { skipInitialVersionCreation: true })
    for (const number of [1, 2]) {
      const version = await call('CreateCryptoKeyVersion', { parent })
      expect(version).toEqual({
        name: `${parent}/cryptoKeyVersions/${number}`,
        state: 'ENABLED',
        createTime: expect.stringMatching(/^2026-01-02T/),
        generateTime: version.createTime,
        protectionLevel: 'SOFTWARE',
        algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION',
      })
      expect(await call('GetCryptoKeyVersion', { name: version.name })).toEqual(version)
    }
    expect((await call('GetCryptoKey', { name: parent })).primary).toBeUndefined()
  })

  test.each(['EC_SIGN_P256_SHA256', 'EC_SIGN_P384_SHA384', 'RSA_SIGN_PSS_2048_SHA256', 'RSA_SIGN_PKCS1_2048_SHA256'])(
    'a version with %s is answered PENDING_GENERATION, and is ENABLED later',
    async (algorithm) => {
      const { name: parent } = await createKey(algorithm, signing(algorithm), { skipInitialVersionCreation: true })
      const version = await call('CreateCryptoKeyVersion', { parent })
      expect(version).toEqual({
        name: `${parent}/cryptoKeyVersions/1`,
        state: 'PENDING_GENERATION',
        createTime: version.createTime,
        protectionLevel: 'SOFTWARE',
        algorithm,
      })
      expect(await call('ListCryptoKeyVersions', { parent })).toEqual({ cryptoKeyVersions: [version], totalSize: 1 })
      emulator().clock.advance(1)
      const generated = await call('GetCryptoKeyVersion', { name: version.name })
      expect(generated).toEqual({ ...version, state: 'ENABLED', generateTime: expect.any(String) })
      expect(parseTimestamp(generated.generateTime) - parseTimestamp(version.createTime)).toBe(10_000n)
      expect(await call('ListCryptoKeyVersions', { parent })).toEqual({ cryptoKeyVersions: [generated], totalSize: 1 })
    },
  )

  test('a version can be created disabled, but in no other state', async () => {
    const { name: parent } = await createKey('created-disabled', SYMMETRIC)
    const create = (state: string) => call('CreateCryptoKeyVersion', { parent, cryptoKeyVersion: { state } })
    expect(await create('DISABLED')).toMatchObject({ name: `${parent}/cryptoKeyVersions/2`, state: 'DISABLED' })
    expect(await create('ENABLED')).toMatchObject({ name: `${parent}/cryptoKeyVersions/3`, state: 'ENABLED' })
    await expect(create('DESTROYED')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const external = { parent, cryptoKeyVersion: { externalProtectionLevelOptions: { externalKeyUri: 'https://example.com' } } }
    await expect(call('CreateCryptoKeyVersion', external)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: 'Field cryptoKeyVersion.externalProtectionLevelOptions is not supported by binauthz-emulator.',
    })
  })

  test('a parent that is no crypto key is invalid, one that does not exist is not found', async () => {
    const nowhere = `${location}/keyRings/nowhere/cryptoKeys/key`
    for (const method of ['CreateCryptoKeyVersion', 'ListCryptoKeyVersions']) {
      await expect(call(method, { parent: location })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(call(method, { parent: nowhere })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `CryptoKey ${nowhere} not found.`,
      })
    }
    await expect(call('GetCryptoKeyVersion', { name: 'malformed name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const method of ['GetCryptoKeyVersion', 'DestroyCryptoKeyVersion', 'RestoreCryptoKeyVersion'])
      await expect(call(method, { name: `${nowhere}/cryptoKeyVersions/1` })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `CryptoKeyVersion ${nowhere}/cryptoKeyVersions/1 not found.`,
      })
  })

  test('the list counts 1, 2, … 10, goes on with a page token, and filters by the present state', async () => {
    const { name: parent } = await createKey('list', SYMMETRIC, { skipInitialVersionCreation: true })
    const versions = []
    for (let i = 0; i < 11; i++) versions.push(await call('CreateCryptoKeyVersion', { parent }))
    expect(await call('ListCryptoKeyVersions', { parent, view: 'FULL' })).toEqual({ cryptoKeyVersions: versions, totalSize: 11 })
    const first = await call('ListCryptoKeyVersions', { parent, pageSize: 9 })
    expect(first.cryptoKeyVersions).toEqual(versions.slice(0, 9))
    const second = await call('ListCryptoKeyVersions', { parent, pageSize: 9, pageToken: first.nextPageToken })
    expect(second).toEqual({ cryptoKeyVersions: versions.slice(9), totalSize: 11 })
    const destroyed = await call('DestroyCryptoKeyVersion', { name: versions[4].name })
    expect(await call('ListCryptoKeyVersions', { parent, filter: 'state=DESTROY_SCHEDULED' })).toEqual({
      cryptoKeyVersions: [destroyed],
    })
    await expect(call('ListCryptoKeyVersions', { parent, filter: 'colour=red' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('a version is disabled and enabled again, with nothing else changed', async () => {
    const version = await createVersion('disable-enable')
    const disabled = { ...version, state: 'DISABLED' }
    expect(await setState(version, 'DISABLED')).toEqual(disabled)
    expect(await setState(version, 'DISABLED')).toEqual(disabled)
    expect(await setState(version, 'ENABLED')).toEqual(version)
    expect(await call('GetCryptoKeyVersion', { name: version.name })).toEqual(version)
  })

  test('no mask, another field and another state are refused', async () => {
    const version = await createVersion('update-refused')
    const invalid = { code: 'INVALID_ARGUMENT' }
    await expect(call('UpdateCryptoKeyVersion', { cryptoKeyVersion: version })).rejects.toMatchObject(invalid)
    for (const mask of ['name', 'state,name', 'algorithm', 'destroyTime'])
      await expect(setState(version, 'DISABLED', mask)).rejects.toMatchObject(invalid)
    for (const state of ['PENDING_IMPORT', 'DESTROY_SCHEDULED', 'DESTROYED', undefined])
      await expect(setState(version, state)).rejects.toMatchObject(invalid)
    await expect(setState(version, 'DISABLED', 'externalProtectionLevelOptions.externalKeyUri')).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    })
    expect(await call('GetCryptoKeyVersion', { name: version.name })).toEqual(version)
  })

  test('a version that is still generated cannot be disabled, destroyed or restored', async () => {
    const { name } = await createKey('pending', signing('EC_SIGN_P256_SHA256'))
    const version = { name: `${name}/cryptoKeyVersions/1` }
    const refused = wrongState(version, 'PENDING_GENERATION')
    await expect(setState(version, 'DISABLED')).rejects.toMatchObject(refused)
    await expect(call('DestroyCryptoKeyVersion', version)).rejects.toMatchObject(refused)
    await expect(call('RestoreCryptoKeyVersion', version)).rejects.toMatchObject(refused)
  })

  test.each(['ENABLED', 'DISABLED'])(
    'a version that is %s is scheduled for destruction, with a time in microseconds',
    async (state) => {
      const version = await createVersion(`destroy-${state}`)
      await setState(version, state)
      const scheduled = await call('DestroyCryptoKeyVersion', { name: version.name })
      expect(scheduled).toEqual({
        ...version,
        state: 'DESTROY_SCHEDULED',
        destroyTime: expect.stringMatching(/^2026-02-01T03:\d\d:\d\d\.\d{6}Z$/),
      })
      expect(await call('GetCryptoKeyVersion', { name: version.name })).toEqual(scheduled)
      const refused = wrongState(version, 'DESTROY_SCHEDULED')
      await expect(call('DestroyCryptoKeyVersion', { name: version.name })).rejects.toMatchObject(refused)
      await expect(setState(version, 'ENABLED')).rejects.toMatchObject(refused)
    },
  )

  test('a version that is scheduled for destruction is restored as a disabled one; others cannot be restored', async () => {
    const version = await createVersion('restore')
    await expect(call('RestoreCryptoKeyVersion', { name: version.name })).rejects.toMatchObject(wrongState(version, 'ENABLED'))
    await call('DestroyCryptoKeyVersion', { name: version.name })
    expect(await call('RestoreCryptoKeyVersion', { name: version.name })).toEqual({ ...version, state: 'DISABLED' })
    expect(await setState(version, 'ENABLED')).toEqual(version)
  })

  test('once its time has come a version is destroyed for good, and its number is not used again', async () => {
    const version = await createVersion('destroyed', { ...signing('EC_SIGN_P256_SHA256'), destroyScheduledDuration: '86400s' })
    const { destroyTime } = await call('DestroyCryptoKeyVersion', { name: version.name })
    emulator().clock.advance(DAY - 1000)
    expect(await call('GetCryptoKeyVersion', { name: version.name })).toMatchObject({ state: 'DESTROY_SCHEDULED' })
    emulator().clock.advance(1000)
    const destroyed = { ...version, state: 'DESTROYED', destroyEventTime: destroyTime }
    expect(await call('GetCryptoKeyVersion', { name: version.name })).toEqual(destroyed)
    const refused = wrongState(version, 'DESTROYED')
    await expect(call('RestoreCryptoKeyVersion', { name: version.name })).rejects.toMatchObject(refused)
    await expect(call('DestroyCryptoKeyVersion', { name: version.name })).rejects.toMatchObject(refused)
    await expect(setState(version, 'ENABLED')).rejects.toMatchObject(refused)
    const parent = version.name.replace('/cryptoKeyVersions/1', '')
    expect(await call('CreateCryptoKeyVersion', { parent })).toMatchObject({ name: `${parent}/cryptoKeyVersions/2` })
    const { cryptoKeyVersions } = await call('ListCryptoKeyVersions', { parent })
    expect(cryptoKeyVersions[0]).toEqual(destroyed)
  })

  test('versions cannot be imported or deleted, and symmetric keys do not encrypt: the methods are refused by name', async () => {
    const { name } = await createKey('not-emulated', SYMMETRIC)
    const requests = {
      Encrypt: { name, plaintext: 'AAAA' },
      DeleteCryptoKeyVersion: { name: `${name}/cryptoKeyVersions/1` },
      ImportCryptoKeyVersion: { parent: name, importJob: 'job', wrappedKey: 'AAAA' },
    }
    for (const [method, request] of Object.entries(requests))
      await expect(call(method, request)).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: expect.stringContaining(`Method ${KMS}.${method} `),
      })
  })
})

test('the key material of a destroyed version is deleted when the version is next read', async () => {
  const clock = testClock()
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: signing('EC_SIGN_P256_SHA256') })
  const name = `${key.name}/cryptoKeyVersions/1`
  const material = () => dispatcher.run((_, ctx) => findKeyMaterial(ctx.db, name), {})
  clock.advance(1)
  await call('DestroyCryptoKeyVersion', { name })
  expect(await material()).toMatchObject({ publicKeyPem: expect.stringContaining('PUBLIC KEY') })
  clock.advance(30 * DAY)
  await call('ListCryptoKeyVersions', { parent: key.name })
  expect(await material()).toBeUndefined()
  close()
})

test('a version whose template changes while RSA is generated is not created', async () => {
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock: testClock() })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const cryptoKey = signing('RSA_SIGN_PSS_2048_SHA256')
  const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey, skipInitialVersionCreation: true })
  const versionTemplate = { algorithm: 'RSA_SIGN_PSS_3072_SHA256' }
  const [created] = await Promise.allSettled([
    call('CreateCryptoKeyVersion', { parent: key.name }),
    call('UpdateCryptoKey', { cryptoKey: { name: key.name, versionTemplate }, updateMask: 'versionTemplate.algorithm' }),
  ])
  expect(created).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } })
  expect(await call('ListCryptoKeyVersions', { parent: key.name })).toEqual({ cryptoKeyVersions: [], totalSize: 0 })
  close()
})

test('versions that are created at the same time while RSA is generated get numbers of their own', async () => {
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock: testClock() })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const cryptoKey = signing('RSA_SIGN_PSS_2048_SHA256')
  const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey, skipInitialVersionCreation: true })
  const create = () => call('CreateCryptoKeyVersion', { parent: key.name })
  const versions = await Promise.all([create(), create(), create()])
  const numbers = versions.map(({ name }) => name.split('/').at(-1))
  expect(numbers.toSorted()).toEqual(['1', '2', '3'])
  close()
})

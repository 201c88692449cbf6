import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/global'
const DAY = 86_400_000

/** In the form of the API, without milliseconds where there are none. */
const daysAfter = (time: string, days: number) => new Date(Date.parse(time) + days * DAY).toISOString().replace('.000Z', 'Z')

describeTransports('automatic rotation', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)

  async function createRotatingKey(id: string, days: number, rotationPeriod?: string) {
    const ring = await call('CreateKeyRing', { parent: location, keyRingId: id })
    // the clock stands where the test before has left it
    const nextRotationTime = daysAfter(ring.createTime, days)
    const cryptoKey = { purpose: 'ENCRYPT_DECRYPT', nextRotationTime, ...(rotationPeriod && { rotationPeriod }) }
    const key = await call('CreateCryptoKey', { parent: ring.name, cryptoKeyId: 'key', cryptoKey })
    expect(key).toMatchObject({ nextRotationTime, primary: { name: `${key.name}/cryptoKeyVersions/1` } })
    return key
  }

  test('at nextRotationTime a new version becomes the primary, and the time advances by the period', async () => {
    const key = await createRotatingKey('once', 2, '86400s')
    emulator().clock.advance(2 * DAY - 1000)
    expect(await call('GetCryptoKey', { name: key.name })).toEqual(key)
    emulator().clock.advance(1000)
    expect(await call('GetCryptoKey', { name: key.name })).toEqual({
      ...key,
      nextRotationTime: daysAfter(key.nextRotationTime, 1),
      primary: {
        ...key.primary,
        name: `${key.name}/cryptoKeyVersions/2`,
        createTime: key.nextRotationTime,
        generateTime: key.nextRotationTime,
      },
    })
  })

  test('rotations that were missed are made up for by whichever request comes first', async () => {
    const listed = await createRotatingKey('list-versions', 1, '86400s')
    const read = await createRotatingKey('get-version', 1, '86400s')
    const inRing = await createRotatingKey('list-keys', 1, '86400s')
    emulator().clock.advance(3 * DAY)
    const { cryptoKeyVersions, totalSize } = await call('ListCryptoKeyVersions', { parent: listed.name })
    expect(totalSize).toBe(4)
    expect(cryptoKeyVersions.map((version: any) => version.createTime)).toEqual([
      listed.createTime,
      ...[0, 1, 2].map((days) => daysAfter(listed.nextRotationTime, days)),
    ])
    const name = `${read.name}/cryptoKeyVersions/4`
    expect(await call('GetCryptoKeyVersion', { name })).toMatchObject({ name, state: 'ENABLED' })
    const { cryptoKeys } = await call('ListCryptoKeys', { parent: inRing.name.replace('/cryptoKeys/key', '') })
    expect(cryptoKeys).toMatchObject([{ primary: { name: `${inRing.name}/cryptoKeyVersions/4` } }])
  })

  test('without a period there is one rotation', async () => {
    const key = await createRotatingKey('single', 1)
    emulator().clock.advance(100 * DAY)
    const { nextRotationTime, primary } = await call('GetCryptoKey', { name: key.name })
    expect(nextRotationTime).toBeUndefined()
    expect(primary.name).toBe(`${key.name}/cryptoKeyVersions/2`)
    expect((await call('ListCryptoKeyVersions', { parent: key.name })).totalSize).toBe(2)
  })

  test('a manual rotation does not move the automatic one, and a schedule that is removed rotates no more', async () => {
    const key = await createRotatingKey('manual', 1, '86400s')
    await call('CreateCryptoKeyVersion', { parent: key.name })
    const manual = await call('UpdateCryptoKeyPrimaryVersion', { name: key.name, cryptoKeyVersionId: '2' })
    expect(manual.nextRotationTime).toBe(key.nextRotationTime)
    await call('UpdateCryptoKey', { cryptoKey: { name: key.name }, updateMask: 'rotationPeriod,nextRotationTime' })
    emulator().clock.advance(10 * DAY)
    expect((await call('GetCryptoKey', { name: key.name })).primary.name).toBe(`${key.name}/cryptoKeyVersions/2`)
  })
})

import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const parent = 'projects/my-app-prod/locations/us-central1'

describeTransports('key rings', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)

  test('a key ring is created with its name and the time with nine digits, and read back the same', async () => {
    const created = await call('CreateKeyRing', { parent, keyRingId: 'ring' })
    expect(created).toEqual({
      name: `${parent}/keyRings/ring`,
      createTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6,9}Z$/),
    })
    expect(await call('GetKeyRing', { name: created.name })).toEqual(created)
  })

  test('a second key ring of the same name is refused', async () => {
    await call('CreateKeyRing', { parent, keyRingId: 'twice' })
    await expect(call('CreateKeyRing', { parent, keyRingId: 'twice' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: `KeyRing ${parent}/keyRings/twice already exists.`,
    })
  })

  test('an id with other characters than letters, digits, _ and - is refused', async () => {
    await expect(call('CreateKeyRing', { parent, keyRingId: '&bar' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a key ring that does not exist is not found, in the words of Cloud KMS', async () => {
    const name = `${parent}/keyRings/nowhere`
    await expect(call('GetKeyRing', { name })).rejects.toMatchObject({ code: 'NOT_FOUND', message: `KeyRing ${name} not found.` })
  })

  test('a location that there is not has no key rings, nor can any be made there', async () => {
    const nowhere = { parent: 'projects/my-app-prod/locations/atlantis' }
    const refusal = { code: 'NOT_FOUND', message: expect.stringContaining("The request concerns location 'atlantis'") }
    await expect(call('CreateKeyRing', { ...nowhere, keyRingId: 'ring' })).rejects.toMatchObject(refusal)
    await expect(call('ListKeyRings', nowhere)).rejects.toMatchObject(refusal)
    const everywhere = { parent: 'projects/-/locations/europe-west2' }
    await expect(call('CreateKeyRing', { ...everywhere, keyRingId: 'ring' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('ListKeyRings', everywhere)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('the list is sorted by name, counts all and goes on with a page token', async () => {
    const list = 'projects/my-app-list/locations/europe-west2'
    for (const keyRingId of ['c', 'a', 'b']) await call('CreateKeyRing', { parent: list, keyRingId })
    const first = await call('ListKeyRings', { parent: list, pageSize: 2 })
    expect(first.keyRings.map(({ name }: { name: string }) => name)).toEqual([`${list}/keyRings/a`, `${list}/keyRings/b`])
    expect(first.totalSize).toBe(3)
    const second = await call('ListKeyRings', { parent: list, pageSize: 2, pageToken: first.nextPageToken })
    expect(second).toEqual({ keyRings: [expect.objectContaining({ name: `${list}/keyRings/c` })], totalSize: 3 })
  })
})

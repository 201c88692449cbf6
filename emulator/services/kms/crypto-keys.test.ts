import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { describeTransports, silent } from '../../testing/emulator.ts'
import { createCryptoKeyFromPem } from './index.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/us-central1'
const signing = (algorithm: string, protectionLevel?: string) => ({
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm, ...(protectionLevel && { protectionLevel }) },
})

describeTransports('crypto keys', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)
  const createRing = async (keyRingId: string): Promise<string> =>
    (await call('CreateKeyRing', { parent: location, keyRingId })).name

  test('a key with only a purpose is symmetric, in software, has an enabled primary and a destruction after 30 days', async () => {
    const parent = await createRing('defaults')
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: { purpose: 'ENCRYPT_DECRYPT' } })
    const template = { protectionLevel: 'SOFTWARE', algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION' }
    expect(key).toEqual({
      name: `${parent}/cryptoKeys/key`,
      primary: {
        name: `${parent}/cryptoKeys/key/cryptoKeyVersions/1`,
        state: 'ENABLED',
        createTime: key.createTime,
        generateTime: key.createTime,
        ...template,
      },
      purpose: 'ENCRYPT_DECRYPT',
      createTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6,9}Z$/),
      versionTemplate: template,
      destroyScheduledDuration: '2592000s',
    })
    expect(await call('GetCryptoKey', { name: key.name })).toEqual(key)
  })

  test('a signing key has no primary', async () => {
    const parent = await createRing('signing')
    const cryptoKey = { ...signing('EC_SIGN_P384_SHA384'), labels: { team: 'alpha' } }
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
    expect(key).toEqual({
      name: `${parent}/cryptoKeys/key`,
      purpose: 'ASYMMETRIC_SIGN',
      createTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6,9}Z$/),
      labels: { team: 'alpha' },
      versionTemplate: { protectionLevel: 'SOFTWARE', algorithm: 'EC_SIGN_P384_SHA384' },
      destroyScheduledDuration: '2592000s',
    })
    expect(await call('GetCryptoKey', { name: key.name })).toEqual(key)
  })

  test.each([
    ['ENCRYPT_DECRYPT', 'GOOGLE_SYMMETRIC_ENCRYPTION', 'SOFTWARE'],
    ['ASYMMETRIC_SIGN', 'EC_SIGN_P256_SHA256', 'HSM'],
    ['ASYMMETRIC_SIGN', 'EC_SIGN_P384_SHA384', 'SOFTWARE'],
    ['ASYMMETRIC_SIGN', 'RSA_SIGN_PKCS1_3072_SHA256', 'SOFTWARE'],
    ['ASYMMETRIC_SIGN', 'RSA_SIGN_PSS_4096_SHA512', 'HSM'],
  ])(
    '%s keys with %s in %s are created without a version if the request asks so',
    async (purpose, algorithm, protectionLevel) => {
      const parent = await createRing(`${algorithm}-${protectionLevel}`)
      const versionTemplate = { protectionLevel, algorithm }
      const request = { parent, cryptoKeyId: 'key', skipInitialVersionCreation: true, cryptoKey: { purpose, versionTemplate } }
      const key = await call('CreateCryptoKey', request)
      expect(key).toEqual({
        name: `${parent}/cryptoKeys/key`,
        purpose,
        createTime: key.createTime,
        versionTemplate,
        destroyScheduledDuration: '2592000s',
      })
      expect(await call('ListCryptoKeyVersions', { parent: key.name })).toEqual({})
    },
  )

  test('a parent that is no key ring, an id with other characters, a taken name and a missing ring are refused', async () => {
    const parent = await createRing('names')
    const create = (request: object) =>
      call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: { purpose: 'ENCRYPT_DECRYPT' }, ...request })
    const { name } = await create({})
    await expect(create({})).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: `CryptoKey ${name} already exists.` })
    await expect(create({ parent: location })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create({ cryptoKeyId: '&bar' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create({ cryptoKeyId: 'k'.repeat(64) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create({ parent: `${location}/keyRings/nowhere` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `KeyRing ${location}/keyRings/nowhere not found.`,
    })
  })

  test.each([
    ['no purpose', {}],
    ['a purpose that does not exist', { purpose: 99 }],
    ['signing without an algorithm', { purpose: 'ASYMMETRIC_SIGN' }],
    ['decryption without an algorithm', { purpose: 'ASYMMETRIC_DECRYPT' }],
    ['an algorithm of another purpose', signing('GOOGLE_SYMMETRIC_ENCRYPTION')],
    ['an algorithm of another purpose that is not emulated', signing('HMAC_SHA256')],
    ['an algorithm that does not exist', { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 999 } }],
    ['a protection level that does not exist', { purpose: 'ENCRYPT_DECRYPT', versionTemplate: { protectionLevel: 9 } }],
    ['a destruction after less than 24 hours', { purpose: 'ENCRYPT_DECRYPT', destroyScheduledDuration: '86399s' }],
    ['a destruction after more than 120 days', { purpose: 'ENCRYPT_DECRYPT', destroyScheduledDuration: '10368001s' }],
    ['a label key in capitals', { purpose: 'ENCRYPT_DECRYPT', labels: { Team: 'alpha' } }],
    ['a label key that begins with a digit', { purpose: 'ENCRYPT_DECRYPT', labels: { '1team': 'alpha' } }],
    ['a label key of 64 letters', { purpose: 'ENCRYPT_DECRYPT', labels: { ['k'.repeat(64)]: '' } }],
    ['a label value with a dot', { purpose: 'ENCRYPT_DECRYPT', labels: { team: 'a.b' } }],
    [
      '65 labels',
      { purpose: 'ENCRYPT_DECRYPT', labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) },
    ],
    ['a rotation period without a next rotation', { purpose: 'ENCRYPT_DECRYPT', rotationPeriod: '172800s' }],
    ['a rotation in the past', { purpose: 'ENCRYPT_DECRYPT', nextRotationTime: '2026-01-02T03:04:05Z' }],
    ['a rotation of a signing key', { ...signing('EC_SIGN_P256_SHA256'), nextRotationTime: '2027-01-01T00:00:00Z' }],
    [
      'a rotation every 23 hours',
      { purpose: 'ENCRYPT_DECRYPT', rotationPeriod: '82800s', nextRotationTime: '2027-01-01T00:00:00Z' },
    ],
  ])('%s is an invalid argument', async (description, cryptoKey) => {
    const parent = await createRing(description.replaceAll(' ', '-'))
    const request = { parent, cryptoKeyId: 'key', cryptoKey }
    await expect(call('CreateCryptoKey', request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await call('ListCryptoKeys', { parent })).toEqual({})
  })

  test.each([
    ['Algorithm RSA_SIGN_RAW_PKCS1_2048', signing('RSA_SIGN_RAW_PKCS1_2048')],
    [
      'Algorithm RSA_DECRYPT_OAEP_2048_SHA256',
      { purpose: 'ASYMMETRIC_DECRYPT', versionTemplate: { algorithm: 'RSA_DECRYPT_OAEP_2048_SHA256' } },
    ],
    ['Algorithm HMAC_SHA256', { purpose: 'MAC', versionTemplate: { algorithm: 'HMAC_SHA256' } }],
    ['Protection level HSM_SINGLE_TENANT', signing('EC_SIGN_P256_SHA256', 'HSM_SINGLE_TENANT')],
    ['Protection level EXTERNAL', { purpose: 'ENCRYPT_DECRYPT', versionTemplate: { protectionLevel: 'EXTERNAL' } }],
    ['Field cryptoKey.importOnly', { purpose: 'ENCRYPT_DECRYPT', importOnly: true }],
    ['Field cryptoKey.cryptoKeyBackend', { purpose: 'ENCRYPT_DECRYPT', cryptoKeyBackend: `${location}/ekmConnections/a` }],
  ])('%s is refused by name', async (what, cryptoKey) => {
    const parent = await createRing(what.replaceAll(/[ .]/g, '-'))
    await expect(call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: `${what} is not supported by binauthz-emulator.`,
    })
  })

  test('labels may have international letters, digits, underscores and dashes, and empty values', async () => {
    const parent = await createRing('labels')
    const labels = { größe: 'x-1_2', 鍵: '', 'goog-terraform-provisioned': 'true' }
    const cryptoKey = { purpose: 'ENCRYPT_DECRYPT', labels, destroyScheduledDuration: '86400s' }
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
    expect(key).toMatchObject({ labels, destroyScheduledDuration: '86400s' })
  })

  test('a key that does not exist is not found, and a name of another form is invalid', async () => {
    const name = `${location}/keyRings/nowhere/cryptoKeys/key`
    await expect(call('GetCryptoKey', { name })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `CryptoKey ${name} not found.`,
    })
    await expect(call('GetCryptoKey', { name: 'malformed name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('the list is sorted by name, each key as it was created, and counts all unless it is filtered', async () => {
    const parent = await createRing('list')
    const create = (cryptoKeyId: string, cryptoKey: object) => call('CreateCryptoKey', { parent, cryptoKeyId, cryptoKey })
    const b = await create('key-b', { purpose: 'ENCRYPT_DECRYPT' })
    const a = await create('key-a', signing('EC_SIGN_P256_SHA256'))
    expect(await call('ListCryptoKeys', { parent, versionView: 'FULL' })).toEqual({ cryptoKeys: [a, b], totalSize: 2 })
    expect(await call('ListCryptoKeys', { parent, orderBy: 'name desc' })).toEqual({ cryptoKeys: [b, a], totalSize: 2 })
    expect(await call('ListCryptoKeys', { parent, filter: 'primary.state=ENABLED' })).toEqual({ cryptoKeys: [b] })
    const first = await call('ListCryptoKeys', { parent, pageSize: 1 })
    expect(first).toEqual({ cryptoKeys: [a], totalSize: 2, nextPageToken: expect.any(String) })
    const rest = await call('ListCryptoKeys', { parent, pageSize: 1, pageToken: first.nextPageToken })
    expect(rest).toEqual({ cryptoKeys: [b], totalSize: 2 })
    await expect(call('ListCryptoKeys', { parent, filter: 'colour=red' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('ListCryptoKeys', { parent: location })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('ListCryptoKeys', { parent: `${parent}-2` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('crypto keys and key rings have IAM policies; import jobs cannot be created, so theirs are not found', async () => {
    const parent = await createRing('iam')
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey: { purpose: 'ENCRYPT_DECRYPT' } })
    const iam = (method: string, request: object) => emulator().call('cloudkms.v1', `google.iam.v1.IAMPolicy/${method}`, request)
    const bindings = [{ role: 'roles/cloudkms.signer', members: ['user:alice@example.com'] }]
    for (const resource of [parent, key.name]) {
      await iam('SetIamPolicy', { resource, policy: { bindings } })
      expect(await iam('GetIamPolicy', { resource })).toMatchObject({ version: 1, bindings })
    }
    const permissions = ['cloudkms.cryptoKeyVersions.useToSign']
    expect(await iam('TestIamPermissions', { resource: key.name, permissions })).toEqual({ permissions })
    for (const [kind, resource] of [
      ['CryptoKey', `${parent}/cryptoKeys/nowhere`],
      ['ImportJob', `${parent}/importJobs/nowhere`],
    ])
      await expect(iam('GetIamPolicy', { resource })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `${kind} ${resource} not found.`,
      })
  })
})

const createRequest = (cryptoKeyId: string, algorithm: string) => ({
  parent: `${location}/keyRings/ring`,
  cryptoKeyId,
  cryptoKey: signing(algorithm) as any,
})

test('of two requests that create a key of one name while RSA is generated, one is refused', async () => {
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock: testClock() })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const create = () => call('CreateCryptoKey', createRequest('key', 'RSA_SIGN_PSS_2048_SHA256'))
  const outcomes = await Promise.allSettled([create(), create()])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ALREADY_EXISTS' } })
  const { totalSize } = await call('ListCryptoKeyVersions', { parent: `${location}/keyRings/ring/cryptoKeys/key` })
  expect(totalSize).toBe(1)
  close()
})

test('a key can be created from the private key of a seed, whose version is enabled at once and has that public key', async () => {
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock: testClock() })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const create = (request: any, pem: string) => dispatcher.run((_, ctx) => createCryptoKeyFromPem(request, pem, ctx), {})
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()

  const key: any = await create(createRequest('key', 'EC_SIGN_P256_SHA256'), pem)
  expect(await call('GetCryptoKey', { name: key.name })).toEqual(key)
  expect(await call('GetPublicKey', { name: `${key.name}/cryptoKeyVersions/1` })).toMatchObject({
    pem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  })

  await expect(create(createRequest('key', 'EC_SIGN_P256_SHA256'), pem)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  await expect(create(createRequest('p384', 'EC_SIGN_P384_SHA384'), pem)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('EC_SIGN_P384_SHA384 needs an EC private key on the curve P-384'),
  })
  const skipping = { ...createRequest('skip', 'EC_SIGN_P256_SHA256'), skipInitialVersionCreation: true }
  await expect(create(skipping, pem)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  const importOnly = { ...createRequest('only', 'EC_SIGN_P256_SHA256'), cryptoKey: { importOnly: true } }
  await expect(create(importOnly, pem)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  expect((await call('ListCryptoKeys', { parent: `${location}/keyRings/ring` })).totalSize).toBe(1)
  close()
})

import { spawnSync } from 'node:child_process'
import { createHash, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { describeTransports, silent } from '../../testing/emulator.ts'
import { crc32c } from './crc32c.ts'
import { closeSigning } from './sign.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const location = 'projects/my-app-prod/locations/us-central1'
const signing = (algorithm: string, protectionLevel = 'SOFTWARE') => ({
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm, protectionLevel },
})
const base64 = (bytes: Buffer) => bytes.toString('base64')
const hashed = (name: string, data: Buffer) => createHash(name).update(data).digest()
const checksum = (bytes: Buffer) => String(crc32c(bytes))

afterAll(closeSigning)

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('openssl is not installed: its verification of the signatures is skipped')

describeTransports('AsymmetricSign', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudkms.v1', `${KMS}/${method}`, request)

  /** The name of the first version of a new key, after its generation. */
  async function createVersion(id: string, cryptoKey: object = signing('EC_SIGN_P256_SHA256')): Promise<string> {
    const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: id })
    const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
    emulator().clock.advance(1)
    return `${key.name}/cryptoKeyVersions/1`
  }

  test('a digest is signed, and the checksums of both directions are verified', async () => {
    const name = await createVersion('digest', signing('EC_SIGN_P384_SHA384', 'HSM'))
    const data = randomBytes(100)
    const digest = hashed('sha384', data)
    const answer = await call('AsymmetricSign', { name, digest: { sha384: base64(digest) }, digestCrc32c: checksum(digest) })
    const signature = Buffer.from(answer.signature, 'base64')
    expect(answer).toEqual({
      signature: base64(signature),
      signatureCrc32c: checksum(signature),
      verifiedDigestCrc32c: true,
      name,
      protectionLevel: 'HSM',
    })
    expect(verify('sha384', data, (await call('GetPublicKey', { name })).pem, signature)).toBe(true)
  })

  test('data is hashed with the digest of the algorithm and signed', async () => {
    const name = await createVersion('data', signing('EC_SIGN_P384_SHA384'))
    const data = randomBytes(65_536)
    const answer = await call('AsymmetricSign', { name, data: base64(data), dataCrc32c: checksum(data) })
    const signature = Buffer.from(answer.signature, 'base64')
    expect(answer).toEqual({
      signature: base64(signature),
      signatureCrc32c: checksum(signature),
      verifiedDataCrc32c: true,
      name,
      protectionLevel: 'SOFTWARE',
    })
    expect(verify('sha384', data, (await call('GetPublicKey', { name })).pem, signature)).toBe(true)
  })

  test('without a checksum in the request there is still one of the signature', async () => {
    const name = await createVersion('no-checksum', signing('RSA_SIGN_PKCS1_3072_SHA256'))
    const data = randomBytes(100)
    const answer = await call('AsymmetricSign', { name, digest: { sha256: base64(hashed('sha256', data)) } })
    const signature = Buffer.from(answer.signature, 'base64')
    const signatureCrc32c = checksum(signature)
    expect(answer).toEqual({ signature: base64(signature), signatureCrc32c, name, protectionLevel: 'SOFTWARE' })
    expect(verify('sha256', data, (await call('GetPublicKey', { name })).pem, signature)).toBe(true)
  })

  test('a name of another form is invalid, a version that does not exist is not found, whatever else is wrong', async () => {
    const name = `${location}/keyRings/nowhere/cryptoKeys/key/cryptoKeyVersions/1`
    await expect(call('AsymmetricSign', { name: 'malformed name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('AsymmetricSign', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a symmetric key does not sign', async () => {
    const name = await createVersion('symmetric', { purpose: 'ENCRYPT_DECRYPT' })
    await expect(call('AsymmetricSign', { name, digest: { sha256: base64(randomBytes(32)) } })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `Operation requested for Key ${name} has incorrect key purpose: ENCRYPT_DECRYPT`,
    })
  })

  test.each([
    ['a digest of another algorithm', { digest: { sha256: base64(randomBytes(32)) } }],
    ['a digest of another length', { digest: { sha384: base64(randomBytes(32)) } }],
    ['an empty digest', { digest: {} }],
    ['digest and data', { digest: { sha384: base64(randomBytes(48)) }, data: 'AAAA' }],
    ['neither digest nor data', {}],
    ['data of more than 64 KiB', { data: base64(randomBytes(65_537)) }],
  ])('%s is an invalid argument', async (description, input) => {
    const name = await createVersion(description.replaceAll(' ', '-'), signing('EC_SIGN_P384_SHA384'))
    await expect(call('AsymmetricSign', { name, ...input })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a checksum that does not match, or is of a field that is not there, is refused in the words that gcloud looks for', async () => {
    const name = await createVersion('checksums')
    const digest = { sha256: base64(randomBytes(32)) }
    const mismatch = (field: string) => ({
      code: 'INVALID_ARGUMENT',
      message: `The checksum in field ${field}_crc32c did not match the data in field ${field}.`,
    })
    await expect(call('AsymmetricSign', { name, digest, digestCrc32c: '1' })).rejects.toMatchObject(mismatch('digest'))
    await expect(call('AsymmetricSign', { name, digest, dataCrc32c: '0' })).rejects.toMatchObject(mismatch('data'))
    await expect(call('AsymmetricSign', { name, data: 'AAAA', dataCrc32c: '1' })).rejects.toMatchObject(mismatch('data'))
  })

  test('only an enabled version signs, and that is checked before the arguments', async () => {
    const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: 'states' })
    const request = { parent, cryptoKeyId: 'key', cryptoKey: signing('EC_SIGN_P256_SHA256') }
    const name = `${(await call('CreateCryptoKey', request)).name}/cryptoKeyVersions/1`
    const sign = () => call('AsymmetricSign', { name })
    const refusedAs = (state: string) => ({
      code: 'FAILED_PRECONDITION',
      message: `${name} is not enabled, current state is: ${state}.`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.PreconditionFailure', violations: [{ type: `KEY_${state}`, subject: name }] },
      ],
    })
    await expect(sign()).rejects.toMatchObject(refusedAs('PENDING_GENERATION'))
    emulator().clock.advance(1)
    await call('UpdateCryptoKeyVersion', { cryptoKeyVersion: { name, state: 'DISABLED' }, updateMask: 'state' })
    await expect(sign()).rejects.toMatchObject(refusedAs('DISABLED'))
    await call('DestroyCryptoKeyVersion', { name })
    await expect(sign()).rejects.toMatchObject(refusedAs('DESTROY_SCHEDULED'))
    emulator().clock.advance(31 * 86_400_000)
    await expect(sign()).rejects.toMatchObject(refusedAs('DESTROYED'))
  })

  test
    .skipIf(!hasOpenssl)
    .each(['EC_SIGN_P256_SHA256', 'EC_SIGN_P384_SHA384', 'RSA_SIGN_PSS_2048_SHA256', 'RSA_SIGN_PKCS1_2048_SHA256'])(
    'the openssl command verifies signatures of %s over a digest and over data',
    async (algorithm) => {
      const name = await createVersion(`openssl-${algorithm}`, signing(algorithm))
      const hash = algorithm.endsWith('384') ? 'sha384' : 'sha256'
      const data = randomBytes(1000)
      const digest = { [hash]: base64(hashed(hash, data)) }
      const { pem } = await call('GetPublicKey', { name })
      const pss = algorithm.includes('PSS') ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'] : []
      const directory = mkdtempSync(join(tmpdir(), 'kms-asymmetric-sign-'))
      const inFiles = (files: object) => {
        for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content)
      }
      const openssl = () => {
        const args = ['dgst', `-${hash}`, '-verify', 'pem', '-signature', 'signature', ...pss, 'data']
        return spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' }).stdout
      }
      try {
        for (const input of [{ digest }, { data: base64(data) }]) {
          const { signature } = await call('AsymmetricSign', { name, ...input })
          inFiles({ pem, data, signature: Buffer.from(signature, 'base64') })
          expect(openssl()).toBe('Verified OK\n')
        }
        inFiles({ data: randomBytes(1000) })
        expect(openssl()).toMatch(/^Verification failure/i)
      } finally {
        rmSync(directory, { recursive: true })
      }
    },
  )
})

test('a version that is disabled while RSA signs gives no signature', async () => {
  const clock = testClock()
  const { dispatcher, close } = await createApp({ seed: false, log: silent, clock })
  const call = (method: string, request: object): Promise<any> => dispatcher.call('cloudkms.v1', `${KMS}/${method}`, request)
  const { name: parent } = await call('CreateKeyRing', { parent: location, keyRingId: 'ring' })
  const cryptoKey = signing('RSA_SIGN_PKCS1_2048_SHA256')
  const key = await call('CreateCryptoKey', { parent, cryptoKeyId: 'key', cryptoKey })
  const name = `${key.name}/cryptoKeyVersions/1`
  clock.advance(1)
  const sign = () => call('AsymmetricSign', { name, data: 'AAAA' })
  const [signed, disabled] = await Promise.allSettled([
    sign(),
    call('UpdateCryptoKeyVersion', { cryptoKeyVersion: { name, state: 'DISABLED' }, updateMask: 'state' }),
  ])
  expect(disabled.status).toBe('fulfilled')
  expect(signed).toMatchObject({
    status: 'rejected',
    reason: { code: 'FAILED_PRECONDITION', message: `${name} is not enabled, current state is: DISABLED.` },
  })
  await call('UpdateCryptoKeyVersion', { cryptoKeyVersion: { name, state: 'ENABLED' }, updateMask: 'state' })
  expect(await sign()).toMatchObject({ name })
  close()
})

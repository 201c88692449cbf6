// openssl verifies what our Cloud KMS signs, with the public key that it hands out
// (https://cloud.google.com/kms/docs/create-validate-signatures).
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newProject } from './attestations.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { createKmsKey } from './kms-keys.ts'
import { opensslVerifies } from './signers.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const data = Buffer.from('what is signed')

test.each([
  ['EC_SIGN_P256_SHA256', { hash: 'sha256' }],
  ['EC_SIGN_P384_SHA384', { hash: 'sha384' }],
  ['RSA_SIGN_PSS_2048_SHA256', { hash: 'sha256', pss: true }],
  ['RSA_SIGN_PSS_3072_SHA256', { hash: 'sha256', pss: true }],
  ['RSA_SIGN_PSS_4096_SHA256', { hash: 'sha256', pss: true }],
  ['RSA_SIGN_PSS_4096_SHA512', { hash: 'sha512', pss: true }],
  ['RSA_SIGN_PKCS1_2048_SHA256', { hash: 'sha256' }],
  ['RSA_SIGN_PKCS1_3072_SHA256', { hash: 'sha256' }],
  ['RSA_SIGN_PKCS1_4096_SHA256', { hash: 'sha256' }],
  ['RSA_SIGN_PKCS1_4096_SHA512', { hash: 'sha512' }],
])('openssl verifies signatures of %s, by digest and by data', async (algorithm, how) => {
  const { version, pem } = await createKmsKey(emulator, newProject(), algorithm)
  const sign = async (body: object) =>
    Buffer.from((await emulator.call('POST', `/v1/${version}:asymmetricSign`, body)).signature, 'base64')
  const byDigest = await sign({ digest: { [how.hash]: createHash(how.hash).update(data).digest('base64') } })
  const byData = await sign({ data: data.toString('base64') })
  for (const signature of [byDigest, byData]) {
    expect(await opensslVerifies(pem, how, data, signature)).toBe(true)
    expect(await opensslVerifies(pem, how, Buffer.from('something else'), signature)).toBe(false)
  }
})

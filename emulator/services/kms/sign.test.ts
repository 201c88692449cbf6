import { execFileSync, spawnSync } from 'node:child_process'
import { constants, createHash, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ALGORITHMS, type SigningAlgorithm, signingAlgorithm } from './algorithms.ts'
import { generateKeyMaterial, generateKeyMaterialSync, type KeyMaterial } from './key-material.ts'
import { closeSigning, signData, signDigest } from './sign.ts'

afterAll(closeSigning)

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('openssl is not installed: its verification of the signatures is skipped')

const digestOf = (row: SigningAlgorithm, data: Uint8Array): Buffer => createHash(row.digest).update(data).digest()

/** Whether node:crypto verifies `signature`; of PSS only with a salt as long as the hash. */
function verified(row: SigningAlgorithm, material: KeyMaterial, data: Uint8Array, signature: Buffer): boolean {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digestOf(row, data).length }
  return verify(row.digest, data, { key: material.publicKeyPem!, ...(row.scheme === 'pss' && pss) }, signature)
}

test.each(['EC_SIGN_P256_SHA256', 'EC_SIGN_P384_SHA384'])('%s signs at once, a digest and data alike', (algorithm) => {
  const row = signingAlgorithm(algorithm)
  const material = generateKeyMaterialSync(algorithm)
  const data = randomBytes(100)
  for (const signature of [
    signDigest(algorithm, material.privateKey, digestOf(row, data)),
    signData(algorithm, material.privateKey, data),
  ]) {
    expect(signature).toBeInstanceOf(Buffer)
    expect(verified(row, material, data, signature as Buffer)).toBe(true)
    expect(verified(row, material, randomBytes(100), signature as Buffer)).toBe(false)
  }
})

test.each([2048, 3072, 4096])('node:crypto verifies the signatures of every algorithm with RSA keys of %i bits', async (bits) => {
  const rows = Object.keys(ALGORITHMS).filter((name) => name.match(`^RSA_SIGN_(PSS|PKCS1)_${bits}_`))
  expect(rows).toHaveLength(bits === 4096 ? 4 : 2)
  const material = await generateKeyMaterial(rows[0]!)
  for (const algorithm of rows) {
    const row = signingAlgorithm(algorithm)
    const payloads = Array.from({ length: bits === 2048 ? 100 : 10 }, () => randomBytes(50))
    const signatures = await Promise.all(
      payloads.map((data, i) =>
        i % 2 ? signData(algorithm, material.privateKey, data) : signDigest(algorithm, material.privateKey, digestOf(row, data)),
      ),
    )
    for (const [i, signature] of signatures.entries()) {
      expect(signature).toBeInstanceOf(Buffer)
      expect(signature).toHaveLength(bits / 8)
      expect(verified(row, material, payloads[i]!, signature)).toBe(true)
    }
    expect(verified(row, material, payloads[1]!, signatures[0]!)).toBe(false)
  }
})

test('PKCS1 signatures of a digest are always the same, PSS signatures never', async () => {
  const { privateKey } = await generateKeyMaterial('RSA_SIGN_PKCS1_2048_SHA256')
  const twice = (algorithm: string) => Promise.all([1, 2].map(() => signDigest(algorithm, privateKey, Buffer.alloc(32, 7))))
  const [pkcs1, samePkcs1] = await twice('RSA_SIGN_PKCS1_2048_SHA256')
  const [pss, otherPss] = await twice('RSA_SIGN_PSS_2048_SHA256')
  expect(pkcs1).toEqual(samePkcs1)
  expect(pss).not.toEqual(otherPss)
})

test('while RSA signs, other requests are served', async () => {
  const { privateKey } = await generateKeyMaterial('RSA_SIGN_PSS_2048_SHA256')
  await signDigest('RSA_SIGN_PSS_2048_SHA256', privateKey, randomBytes(32))
  const order: string[] = []
  const signing = Array.from({ length: 20 }, async () => {
    await signDigest('RSA_SIGN_PSS_2048_SHA256', privateKey, randomBytes(32))
    order.push('signature')
  })
  setImmediate(() => order.push('request'))
  await Promise.all(signing)
  expect(order.indexOf('request')).toBeLessThan(order.lastIndexOf('signature'))
  expect(order).toHaveLength(21)
})

test
  .skipIf(!hasOpenssl)
  .each(['EC_SIGN_P256_SHA256', 'EC_SIGN_P384_SHA384', 'RSA_SIGN_PSS_2048_SHA256', 'RSA_SIGN_PKCS1_2048_SHA256'])(
  'the openssl command verifies a signature of %s over the digest and over the data',
  async (algorithm) => {
    const row = signingAlgorithm(algorithm)
    const material = await generateKeyMaterial(algorithm)
    const data = randomBytes(1000)
    const directory = mkdtempSync(join(tmpdir(), 'kms-sign-'))
    try {
      const files = { data, digest: digestOf(row, data), pem: material.publicKeyPem! }
      for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
      writeFileSync(join(directory, 'signature'), await signDigest(algorithm, material.privateKey, files.digest))
      const pss = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:32']
      const options = (flag: string) => (row.scheme === 'pss' ? pss.flatMap((option) => [flag, option]) : [])
      const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, encoding: 'utf8' })
      const overDigest = ['-verify', '-pubin', '-inkey', 'pem', '-in', 'digest', '-sigfile', 'signature']
      expect(openssl('pkeyutl', ...overDigest, '-pkeyopt', `digest:${row.digest}`, ...options('-pkeyopt'))).toMatch(
        'Verified Successfully',
      )
      const overData = ['-verify', 'pem', '-signature', 'signature', ...options('-sigopt'), 'data']
      expect(openssl('dgst', `-${row.digest}`, ...overData)).toMatch('Verified OK')
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
)

test('a digest of another length, a key of another algorithm and an algorithm that does not sign are refused', () => {
  const p256 = generateKeyMaterialSync('EC_SIGN_P256_SHA256').privateKey
  expect(signDigest('EC_SIGN_P256_SHA256', p256, randomBytes(32))).toBeInstanceOf(Buffer)
  expect(() => signDigest('EC_SIGN_P256_SHA256', p256, randomBytes(48))).toThrow(
    'EC_SIGN_P256_SHA256 signs 32 bytes of sha256, not 48.',
  )
  expect(() => signDigest('EC_SIGN_P384_SHA384', p256, randomBytes(48))).toThrow('needs an EC private key on the curve P-384')
  expect(() => signDigest('RSA_SIGN_PSS_2048_SHA256', p256, randomBytes(32))).toThrow('needs an RSA private key of 2048 bits')
  expect(() => signDigest('GOOGLE_SYMMETRIC_ENCRYPTION', randomBytes(32), randomBytes(32))).toThrow(
    'not an algorithm for ASYMMETRIC_SIGN',
  )
  expect(() => signData('EC_SIGN_ED25519', p256, randomBytes(32))).toThrow('EC_SIGN_ED25519 is not a supported')
})

test('more keys than are kept parsed still sign, each with its own', () => {
  const row = signingAlgorithm('EC_SIGN_P256_SHA256')
  const materials = Array.from({ length: 1005 }, () => generateKeyMaterialSync('EC_SIGN_P256_SHA256'))
  const data = randomBytes(10)
  for (const material of [...materials, ...materials.slice(0, 5)]) {
    const signature = signData('EC_SIGN_P256_SHA256', material.privateKey, data) as Buffer
    if (!verified(row, material, data, signature)) throw new Error('signed with another key')
  }
})

test('closeSigning lets signatures under way finish, and signing again afterwards works', async () => {
  const { privateKey } = await generateKeyMaterial('RSA_SIGN_PKCS1_2048_SHA256')
  const sign = () => signDigest('RSA_SIGN_PKCS1_2048_SHA256', privateKey, Buffer.alloc(32))
  const signing = Array.from({ length: 30 }, sign)
  await closeSigning()
  const signatures = await Promise.all(signing)
  expect(signatures.every((signature) => signature.equals(signatures[0]!))).toBe(true)
  expect(await sign()).toEqual(signatures[0])
})

test('idle signing threads do not keep a process alive', () => {
  const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const script = `
    const { signDigest } = await import(${at('./sign.ts')})
    const { generateKeyMaterial } = await import(${at('./key-material.ts')})
    const { privateKey } = await generateKeyMaterial('RSA_SIGN_PSS_2048_SHA256')
    const signature = await signDigest('RSA_SIGN_PSS_2048_SHA256', privateKey, Buffer.alloc(32))
    console.log(signature.length)
    setTimeout(() => { console.log('kept alive'); process.exit(1) }, 5000).unref()`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(output).toBe('256\n')
})

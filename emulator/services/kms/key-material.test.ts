import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { generateKeyMaterial, generateKeyMaterialSync, importKeyMaterial } from './key-material.ts'

const ecKey = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey
const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string => key.export({ type, format: 'pem' }).toString()
const publicPemOf = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
const privateKeyOf = (der: Buffer): KeyObject => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })

test.each([
  ['EC_SIGN_P256_SHA256', 'prime256v1'],
  ['EC_SIGN_P384_SHA384', 'secp384r1'],
])('%s generates a PKCS#8 key on its curve and the matching public key in PEM', async (algorithm, namedCurve) => {
  const material = await generateKeyMaterial(algorithm)
  const key = privateKeyOf(material.privateKey)
  expect(key.asymmetricKeyDetails).toMatchObject({ namedCurve })
  expect(material.publicKeyPem).toBe(publicPemOf(key))
  expect(material.publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/)
})

test('RSA keys have the size of the algorithm and the exponent 65537', async () => {
  for (const modulusLength of [2048, 3072]) {
    const material = await generateKeyMaterial(`RSA_SIGN_PSS_${modulusLength}_SHA256`)
    const key = privateKeyOf(material.privateKey)
    expect(key.asymmetricKeyType).toBe('rsa')
    expect(key.asymmetricKeyDetails).toEqual({ modulusLength, publicExponent: 65537n })
    expect(material.publicKeyPem).toBe(publicPemOf(key))
  }
})

test('a symmetric key is 32 random bytes and has no public key', async () => {
  const material = await generateKeyMaterial('GOOGLE_SYMMETRIC_ENCRYPTION')
  expect(Object.keys(material)).toEqual(['privateKey'])
  expect(material.privateKey).toHaveLength(32)
  expect(generateKeyMaterialSync('GOOGLE_SYMMETRIC_ENCRYPTION').privateKey).not.toEqual(material.privateKey)
})

test('while an RSA key of 4096 bits is generated, other requests are served', async () => {
  const order: string[] = []
  const generated = generateKeyMaterial('RSA_SIGN_PKCS1_4096_SHA512').then(({ privateKey }) => {
    order.push('key')
    return privateKeyOf(privateKey).asymmetricKeyDetails?.modulusLength
  })
  setImmediate(() => order.push('request'))
  expect(await generated).toBe(4096)
  expect(order).toEqual(['request', 'key'])
})

test('RSA keys are not generated synchronously, unsupported algorithms not at all', async () => {
  expect(() => generateKeyMaterialSync('RSA_SIGN_PSS_2048_SHA256')).toThrow('never generated synchronously')
  expect(() => generateKeyMaterialSync('EC_SIGN_ED25519')).toThrow('EC_SIGN_ED25519 is not a supported')
  await expect(generateKeyMaterial('RSA_SIGN_RAW_PKCS1_2048')).rejects.toThrow('RSA_SIGN_RAW_PKCS1_2048 is not a supported')
})

test('private keys in PKCS#8, SEC1 (also behind EC PARAMETERS) and PKCS#1 are imported', () => {
  const ec = ecKey('P-256')
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  const expected = { privateKey: ec.export({ type: 'pkcs8', format: 'der' }), publicKeyPem: publicPemOf(ec) }
  for (const pem of [pemOf(ec, 'pkcs8'), pemOf(ec, 'sec1'), parameters + pemOf(ec, 'sec1')])
    expect(importKeyMaterial('EC_SIGN_P256_SHA256', pem)).toEqual(expected)

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    const material = importKeyMaterial('RSA_SIGN_PSS_2048_SHA256', pemOf(rsa, type))
    expect(material.publicKeyPem).toBe(publicPemOf(rsa))
    const signature = sign('sha256', Buffer.from('data'), privateKeyOf(material.privateKey))
    expect(verify('sha256', Buffer.from('data'), material.publicKeyPem!, signature)).toBe(true)
  }
})

test('a key of another curve, size or type is refused with what is needed and what it is', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
  const refused = (algorithm: string, pem: string) => expect(() => importKeyMaterial(algorithm, pem))
  refused('EC_SIGN_P256_SHA256', pemOf(ecKey('P-384'), 'pkcs8')).toThrow(
    'EC_SIGN_P256_SHA256 needs an EC private key on the curve P-256, but the key is an EC private key on the curve P-384.',
  )
  refused('EC_SIGN_P384_SHA384', pemOf(ecKey('secp256k1'), 'sec1')).toThrow(
    'but the key is an EC private key on the curve secp256k1.',
  )
  refused('EC_SIGN_P256_SHA256', pemOf(rsa, 'pkcs1')).toThrow('but the key is an RSA private key of 2048 bits.')
  refused('RSA_SIGN_PKCS1_3072_SHA256', pemOf(rsa, 'pkcs8')).toThrow(
    'RSA_SIGN_PKCS1_3072_SHA256 needs an RSA private key of 3072 bits, but the key is an RSA private key of 2048 bits.',
  )
  refused('RSA_SIGN_PSS_2048_SHA256', pemOf(pss, 'pkcs8')).toThrow('but the key is a private key of type rsa-pss.')
  refused('RSA_SIGN_PSS_2048_SHA256', pemOf(ecKey('P-256'), 'pkcs8')).toThrow(
    'but the key is an EC private key on the curve P-256.',
  )
  refused('GOOGLE_SYMMETRIC_ENCRYPTION', pemOf(rsa, 'pkcs8')).toThrow('is not an algorithm for ASYMMETRIC_SIGN')
})

test('a public key, an encrypted key and other text are refused', () => {
  const key = ecKey('P-256')
  const encrypted = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }).toString()
  for (const pem of [publicPemOf(key), encrypted, 'not a key', ''])
    expect(() => importKeyMaterial('EC_SIGN_P256_SHA256', pem)).toThrow('the key is not a readable, unencrypted private key.')
})

test('a private key that carries the public half of another is refused', () => {
  const [der, other] = [ecKey('P-256'), ecKey('P-256')].map((key) => key.export({ type: 'sec1', format: 'der' }))
  const mixed = Buffer.concat([der!.subarray(0, -64), other!.subarray(-64)])
  const pem = `-----BEGIN EC PRIVATE KEY-----\n${mixed.toString('base64')}\n-----END EC PRIVATE KEY-----\n`
  expect(() => importKeyMaterial('EC_SIGN_P256_SHA256', pem)).toThrow('the private and the public half of the key do not match.')
})

test('a private scalar of zero is refused', () => {
  const der = ecKey('P-256').export({ type: 'sec1', format: 'der' })
  der.fill(0, 7, 39)
  const pem = `-----BEGIN EC PRIVATE KEY-----\n${der.toString('base64')}\n-----END EC PRIVATE KEY-----\n`
  expect(() => importKeyMaterial('EC_SIGN_P256_SHA256', pem)).toThrow(/^EC_SIGN_P256_SHA256/)
})

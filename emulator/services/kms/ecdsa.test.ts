import { createECDH, createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { ecdsaSign, ecdsaSignWithNonce, noncesOf } from './ecdsa.ts'

const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const sampleDigest = (name: string): Buffer => createHash(name).update('sample').digest()

/** r and s of a DER signature, as hex with the bytes that DER has; throws where the lengths do not fit. */
function integers(signature: Buffer): [string, string] {
  const rEnd = 4 + signature[3]!
  const parts = [signature.subarray(4, rEnd), signature.subarray(rEnd + 2)] as const
  expect([signature[0], signature[1], signature[2]]).toEqual([0x30, signature.length - 2, 0x02])
  expect([signature[rEnd], signature[rEnd + 1]]).toEqual([0x02, parts[1].length])
  return [parts[0].toString('hex'), parts[1].toString('hex')]
}

function scalarOf(key: KeyObject): bigint {
  return BigInt(`0x${Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url').toString('hex')}`)
}

const nonceOf = (curve: 'P-256' | 'P-384', k: string) => noncesOf(curve, [Buffer.from(k, 'hex')])[0]!

test('with the nonce of RFC 6979, appendix A.2.5, the P-256 signature over a SHA-256 digest is the one printed there', () => {
  const d = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n
  const k = 'a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60'
  const signature = ecdsaSignWithNonce('P-256', d, sampleDigest('sha256'), nonceOf('P-256', k))
  expect(integers(signature!)).toEqual([
    '00efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    '00f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ])
})

test('of a digest longer than the order the leftmost bits count (RFC 6979, A.2.5 with SHA-512)', () => {
  const d = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n
  const k = '5fa81c63109badb88c1f367b47da606da28cad69aa22c4fe6ad7df73a7173aa5'
  const signature = ecdsaSignWithNonce('P-256', d, sampleDigest('sha512'), nonceOf('P-256', k))
  expect(integers(signature!)).toEqual([
    '008496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00',
    '2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe',
  ])
})

test('with the nonce of RFC 6979, appendix A.2.6, the P-384 signature over a SHA-384 digest is the one printed there', () => {
  const d = 0x6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5n
  const k = '94ed910d1a099dad3254e9242ae85abde4ba15168eaf0ca87a555fd56d10fbca2907e3e83ba95368623b8c4686915cf9'
  const signature = ecdsaSignWithNonce('P-384', d, sampleDigest('sha384'), nonceOf('P-384', k))
  expect(integers(signature!)).toEqual([
    '0094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
    '0099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
  ])
})

test('a nonce that makes r or s zero gives no signature', () => {
  const digest = randomBytes(32)
  const z = BigInt(`0x${digest.toString('hex')}`)
  expect(ecdsaSignWithNonce('P-256', 5n, digest, { inverse: 7n, x: ORDER_P256 })).toBeUndefined()
  // z + r·d ≡ 0 for d = 1 and r = −z
  expect(ecdsaSignWithNonce('P-256', 1n, digest, { inverse: 7n, x: (2n * ORDER_P256 - z) % ORDER_P256 })).toBeUndefined()
})

test.each([
  ['P-256', 'sha256', 4000],
  ['P-384', 'sha384', 1000],
] as const)('node:crypto verifies every signature on %s, and r and s are minimal DER integers', (curve, digestName, count) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const d = scalarOf(privateKey)
  const lengths = new Set<number>()
  for (let i = 0; i < count; i++) {
    const data = randomBytes(20)
    const signature = ecdsaSign(curve, d, createHash(digestName).update(data).digest())
    if (!verify(digestName, data, publicKey, signature)) throw new Error(`not verified: ${signature.toString('hex')}`)
    for (const integer of integers(signature)) {
      const [first, second] = Buffer.from(integer, 'hex')
      if (first! >= 0x80 || (first === 0 && second! < 0x80)) throw new Error(`not minimal or negative: ${integer}`)
      lengths.add(integer.length / 2)
    }
  }
  const bytes = curve === 'P-256' ? 32 : 48
  expect([...lengths]).toEqual(expect.arrayContaining([bytes, bytes + 1])) // without and with a zero byte in front
})

test('no two signatures have the same nonce, whatever the key and the digest', () => {
  for (const [curve, count] of [
    ['P-256', 2000],
    ['P-384', 200],
  ] as const) {
    const made = Array.from({ length: count }, (_, index) => ecdsaSign(curve, BigInt(1 + (index % 3)), sampleDigest('sha512')))
    expect(new Set(made.map((signature) => integers(signature)[0])).size).toBe(count)
  }
})

test('nonces that are inverted together are each inverted', () => {
  const scalars = Array.from({ length: 33 }, (_, index) => Buffer.concat([Buffer.alloc(31), Buffer.of(index + 1)]))
  const nonces = noncesOf('P-256', scalars)
  const wanted = scalars.map((scalar) => {
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(scalar)
    return { k: BigInt(scalar[31]!), x: BigInt(`0x${ecdh.getPublicKey('hex', 'compressed').slice(2)}`) }
  })
  expect(nonces).toHaveLength(33)
  for (const { inverse, x } of nonces) {
    const { k } = wanted.find((each) => each.x === x)!
    expect((inverse * k) % ORDER_P256).toBe(1n)
  }
  expect(noncesOf('P-256', [])).toEqual([])
})

test('a scalar out of range gives no nonce', () => {
  const hex = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
  for (const k of [0n, ORDER_P256, ORDER_P256 + 1n]) expect(() => noncesOf('P-256', [hex(2n), hex(k)])).toThrow()
  expect(noncesOf('P-256', [hex(1n), hex(ORDER_P256 - 1n)])).toHaveLength(2)
})

test('short values of r are short DER integers', () => {
  const cases = { 1: '01', 127: '7f', 128: '0080', 255: '00ff', 256: '0100', 32768: '008000' }
  for (const [r, der] of Object.entries(cases)) {
    const signature = ecdsaSignWithNonce('P-384', 5n, sampleDigest('sha384'), { inverse: 7n, x: BigInt(r) })
    expect(integers(signature!)[0]).toBe(der)
  }
})

test('keys and digests with leading zero bytes sign too', () => {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.of(3))
  const publicPoint = ecdh.getPublicKey()
  const key = createPrivateKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: Buffer.concat([Buffer.alloc(31), Buffer.of(3)]).toString('base64url'),
      x: publicPoint.subarray(1, 33).toString('base64url'),
      y: publicPoint.subarray(33).toString('base64url'),
    },
    format: 'jwk',
  })
  let data = randomBytes(8)
  while (createHash('sha256').update(data).digest()[0] !== 0) data = randomBytes(8)
  const signature = ecdsaSign('P-256', 3n, createHash('sha256').update(data).digest())
  expect(verify('sha256', data, key, signature)).toBe(true)
})

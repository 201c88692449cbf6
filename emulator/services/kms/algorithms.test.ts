import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ALGORITHMS, findAlgorithm, signingAlgorithm, supportedAlgorithm } from './algorithms.ts'

/** The value names of an enum in Google's resources.proto, without the unspecified one. */
function enumValues(name: string): string[] {
  const protos = dirname(createRequire(import.meta.url).resolve('google-proto-files/package.json'))
  const proto = readFileSync(join(protos, 'google/cloud/kms/v1/resources.proto'), 'utf8')
  const body = proto.split(`enum ${name} {`)[1]!.split('}')[0]!
  return [...body.matchAll(/^\s*([A-Z0-9_]+) = \d+;/gm)]
    .map(([, value]) => value!)
    .filter((value) => !value.endsWith('_UNSPECIFIED'))
}

test('every CryptoKeyVersionAlgorithm of the proto has a row, and no other', () => {
  expect(Object.keys(ALGORITHMS).sort()).toEqual(enumValues('CryptoKeyVersionAlgorithm').sort())
})

test('the purposes of the rows are all the CryptoKeyPurposes of the proto', () => {
  const purposes = new Set(Object.values(ALGORITHMS).map((row) => row.purpose))
  expect([...purposes].sort()).toEqual(enumValues('CryptoKeyPurpose').sort())
})

test('the name of a signing algorithm says its key and digest, and the row agrees', () => {
  for (const [name, row] of Object.entries(ALGORITHMS)) {
    if (!row.supported || row.purpose !== 'ASYMMETRIC_SIGN') continue
    const size = row.key.kind === 'ec' ? row.key.curve.replace('-', '') : row.key.modulusLength
    const scheme = row.key.kind === 'ec' ? 'EC_SIGN' : `RSA_SIGN_${row.scheme.toUpperCase()}`
    expect(name).toBe(`${scheme}_${size}_${row.digest.toUpperCase()}`)
  }
})

test('these algorithms are supported, every other is refused by name', () => {
  expect(Object.keys(ALGORITHMS).filter((name) => findAlgorithm(name)?.supported)).toEqual([
    'GOOGLE_SYMMETRIC_ENCRYPTION',
    'RSA_SIGN_PSS_2048_SHA256',
    'RSA_SIGN_PSS_3072_SHA256',
    'RSA_SIGN_PSS_4096_SHA256',
    'RSA_SIGN_PSS_4096_SHA512',
    'RSA_SIGN_PKCS1_2048_SHA256',
    'RSA_SIGN_PKCS1_3072_SHA256',
    'RSA_SIGN_PKCS1_4096_SHA256',
    'RSA_SIGN_PKCS1_4096_SHA512',
    'EC_SIGN_P256_SHA256',
    'EC_SIGN_P384_SHA384',
  ])
  expect(() => supportedAlgorithm('EC_SIGN_ED25519')).toThrow('EC_SIGN_ED25519 is not a supported CryptoKeyVersionAlgorithm.')
})

test('a name that is no algorithm has no row', () => {
  expect(findAlgorithm('CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED')).toBeUndefined()
  expect(findAlgorithm('toString')).toBeUndefined()
  expect(() => supportedAlgorithm('toString')).toThrow('toString is not a supported CryptoKeyVersionAlgorithm.')
})

test('a symmetric key does not sign', () => {
  expect(() => signingAlgorithm('GOOGLE_SYMMETRIC_ENCRYPTION')).toThrow('is not an algorithm for ASYMMETRIC_SIGN')
})

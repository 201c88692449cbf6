import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { SIGNATURE_ALGORITHMS, signatureAlgorithm } from './signature-algorithms.ts'

/** Google's enum: name → number, aliases included. */
function enumOfProto(): Map<string, number> {
  const root = createRequire(import.meta.url)
    .resolve('google-proto-files/package.json')
    .replace(/package\.json$/, '')
  const proto = readFileSync(`${root}google/cloud/binaryauthorization/v1/resources.proto`, 'utf8')
  const body = /enum SignatureAlgorithm \{([\s\S]*?)\n {2}\}/.exec(proto)![1]!
  return new Map([...body.matchAll(/^ {4}([A-Z0-9_]+) = (\d+);$/gm)].map(([, name, number]) => [name!, Number(number)]))
}

test('every name of the enum has a row, except the unspecified one and ML_DSA_65', () => {
  const names = [...enumOfProto().keys()].filter((name) => name !== 'SIGNATURE_ALGORITHM_UNSPECIFIED' && name !== 'ML_DSA_65')
  expect(names).toHaveLength(18)
  expect(Object.keys(SIGNATURE_ALGORITHMS).sort()).toEqual(names.sort())
})

test('names with the same number share a row, and names with different numbers do not', () => {
  const numbers = enumOfProto()
  for (const [a, rowA] of Object.entries(SIGNATURE_ALGORITHMS)) {
    for (const [b, rowB] of Object.entries(SIGNATURE_ALGORITHMS)) {
      expect(rowA === rowB, `${a} and ${b}`).toBe(numbers.get(a) === numbers.get(b))
    }
  }
})

test('a row says what its name says', () => {
  const curves = { P256: 'prime256v1', P384: 'secp384r1', P521: 'secp521r1' } as const
  for (const [name, row] of Object.entries(SIGNATURE_ALGORITHMS)) {
    expect(row.hash).toBe(/SHA\d+$/.exec(name)![0].toLowerCase())
    const curve = /_(P\d+)_/.exec(name)?.[1] as keyof typeof curves | undefined
    if (row.keyType === 'ec') expect(row.curve).toBe(curves[curve!])
    else
      expect([row.padding, row.modulusLength]).toEqual([
        name.includes('PSS') ? 'pss' : 'pkcs1',
        Number(/_(\d{4})_/.exec(name)![1]),
      ])
  }
})

test('ML_DSA_65 is refused by name, unspecified and unknown names have no row', () => {
  expect(() => signatureAlgorithm('ML_DSA_65')).toThrow(expect.objectContaining({ code: 'UNIMPLEMENTED' }))
  for (const name of [
    undefined,
    '',
    'SIGNATURE_ALGORITHM_UNSPECIFIED',
    'RSA_SIGN_RAW_PKCS1_2048',
    'constructor',
    'ec_sign_p256_sha256',
  ]) {
    expect(signatureAlgorithm(name)).toBeUndefined()
  }
  expect(signatureAlgorithm('EC_SIGN_P256_SHA256')).toBe(SIGNATURE_ALGORITHMS.ECDSA_P256_SHA256)
})

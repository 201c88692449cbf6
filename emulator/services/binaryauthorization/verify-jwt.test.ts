import { constants, generateKeyPairSync, type KeyObject, type SigningOptions, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './signature-algorithms.ts'
import { type ReadJwt, readJwt, verifyJwt } from './verify-jwt.ts'

const digest = `sha256:${'a'.repeat(64)}`
const claims = { sub: `container:digest:${digest}`, aud: '//binaryauthorization.googleapis.com', attestationType: 'claimless' }

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** RFC 7518 section 3.1, written down by hand: what a signer of each `alg` gives to node:crypto. */
const ALGS: Record<string, { hash: string; options: SigningOptions }> = {
  RS256: { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  RS512: { hash: 'sha512', options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  PS512: { hash: 'sha512', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 } },
  ES256: { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  ES384: { hash: 'sha384', options: { dsaEncoding: 'ieee-p1363' } },
  ES512: { hash: 'sha512', options: { dsaEncoding: 'ieee-p1363' } },
}

/** The alg of each signature algorithm, as Kritis has it. */
const ALG_OF: Record<string, string> = {
  RSA_PSS_2048_SHA256: 'PS256',
  RSA_SIGN_PSS_2048_SHA256: 'PS256',
  RSA_PSS_3072_SHA256: 'PS256',
  RSA_SIGN_PSS_3072_SHA256: 'PS256',
  RSA_PSS_4096_SHA256: 'PS256',
  RSA_SIGN_PSS_4096_SHA256: 'PS256',
  RSA_PSS_4096_SHA512: 'PS512',
  RSA_SIGN_PSS_4096_SHA512: 'PS512',
  RSA_SIGN_PKCS1_2048_SHA256: 'RS256',
  RSA_SIGN_PKCS1_3072_SHA256: 'RS256',
  RSA_SIGN_PKCS1_4096_SHA256: 'RS256',
  RSA_SIGN_PKCS1_4096_SHA512: 'RS512',
  ECDSA_P256_SHA256: 'ES256',
  EC_SIGN_P256_SHA256: 'ES256',
  ECDSA_P384_SHA384: 'ES384',
  EC_SIGN_P384_SHA384: 'ES384',
  ECDSA_P521_SHA512: 'ES512',
  EC_SIGN_P521_SHA512: 'ES512',
}

interface Pair {
  publicKey: KeyObject
  privateKey: KeyObject
}

const pairs = new Map<string, Pair>()

/** A key pair that fits; made once, since RSA keys take seconds. */
function pairOf(algorithm: SignatureAlgorithm): Pair {
  const kind = algorithm.keyType === 'ec' ? algorithm.curve : String(algorithm.modulusLength)
  const pair =
    pairs.get(kind) ??
    (algorithm.keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: algorithm.curve })
      : generateKeyPairSync('rsa', { modulusLength: algorithm.modulusLength }))
  pairs.set(kind, pair)
  return pair
}

const keyOf = ({ publicKey }: Pair, signatureAlgorithm: string) => ({
  publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  signatureAlgorithm,
})

function compactOf({ privateKey }: Pair, alg: string, payload: object = claims, header: object = {}): string {
  const signed = `${base64url({ typ: 'JWT', alg, kid: 'k', ...header })}.${base64url(payload)}`
  const { hash, options } = ALGS[alg]!
  return `${signed}.${sign(hash, Buffer.from(signed), { key: privateKey, ...options }).toString('base64url')}`
}

const read = (compact: string) => readJwt(compact) as ReadJwt

test.each(Object.entries(SIGNATURE_ALGORITHMS))('%s verifies a JWT of its own alg, and of no other', (name, algorithm) => {
  const pair = pairOf(algorithm)
  const key = keyOf(pair, name)
  const alg = ALG_OF[name]!
  expect(verifyJwt(key, read(compactOf(pair, alg)))).toEqual({ verified: true, claims: { digest: { digest } } })
  const others = Object.keys(ALGS).filter((other) => other !== alg && other.startsWith('E') === alg.startsWith('E'))
  for (const other of others)
    expect(verifyJwt(key, read(compactOf(pair, other))), other).toMatchObject({ verified: false, code: 'JWT_ALGORITHM_MISMATCH' })
})

const p256 = pairOf(SIGNATURE_ALGORITHMS.ECDSA_P256_SHA256)
const key = keyOf(p256, 'ECDSA_P256_SHA256')

test('no changed bit of a JWT leaves it good', () => {
  const compact = compactOf(p256, 'ES256')
  expect(verifyJwt(key, read(compact)).verified).toBe(true)
  let refusals = 0
  for (let at = 0; at < compact.length; at++) {
    const changed = compact.slice(0, at) + String.fromCharCode(compact.charCodeAt(at) ^ 1) + compact.slice(at + 1)
    const jwt = readJwt(changed)
    if ('problem' in jwt || !verifyJwt(key, jwt).verified) refusals++
  }
  expect(refusals).toBe(compact.length)
})

test('a key that is no key, or has no algorithm, verifies nothing', () => {
  const jwt = read(compactOf(p256, 'ES256'))
  for (const wrong of [{ publicKeyPem: 'x' }, { signatureAlgorithm: undefined }, { signatureAlgorithm: 'ML_DSA_65' }])
    expect(verifyJwt({ ...key, ...wrong }, jwt)).toMatchObject({ verified: false, code: 'SIGNATURE_INVALID' })
})

test('the header may hold more than the parameters that are needed', () => {
  const more = { cty: 'x', iss: 'https://example.com', jku: 'https://example.com' }
  expect(verifyJwt(key, read(compactOf(p256, 'ES256', claims, more))).verified).toBe(true)
})

const claimsOf = (payload: object) => {
  const verdict = verifyJwt(key, read(compactOf(p256, 'ES256', payload)))
  return verdict.verified && verdict.claims
}

test('the digest is in sub, or in a simple-signing document', () => {
  const critical = { image: { 'docker-manifest-digest': digest } }
  expect(claimsOf(claims)).toEqual({ digest: { digest } })
  expect(claimsOf({ critical })).toEqual({ digest: { digest } })
  expect(claimsOf({ ...claims, critical })).toEqual({ digest: { problem: 'The payload has both "sub" and "critical".' } })
  expect(claimsOf({})).toMatchObject({ digest: { problem: expect.stringContaining('"critical"') } })
})

test('an audience may be one of several', () => {
  expect(claimsOf({ ...claims, aud: ['x', claims.aud] })).toEqual({ digest: { digest } })
  for (const aud of [['x'], [], { 0: claims.aud }, `${claims.aud}/`])
    expect(claimsOf({ ...claims, aud })).toMatchObject({ digest: { problem: expect.stringContaining('aud') } })
})

test('exp and nbf are seconds, also with fractions', () => {
  expect(claimsOf({ ...claims, nbf: 1, exp: 2.5 })).toEqual({ digest: { digest }, notBefore: 1000, expires: 2500 })
  for (const time of ['1', null, true, [1], 1e308])
    for (const name of ['exp', 'nbf'])
      expect(claimsOf({ ...claims, [name]: time })).toMatchObject({ digest: { problem: expect.stringContaining(name) } })
})

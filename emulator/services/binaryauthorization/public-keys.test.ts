import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkAttestorPublicKey, checkPkixPublicKey } from './public-keys.ts'
import type { SIGNATURE_ALGORITHMS } from './signature-algorithms.ts'

// The key and the ID of Google's page on making attestations.
const GOOGLE_SPKI =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXnpuYEfvLl1kj4fjxViFRwY1a+zC5qzlf9LJIK+rnjq42tiKGyyXMbnZKJiYPPdMDGyltnkrABnztg2jJ48aYQ=='
const GOOGLE_ID = 'ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70'

const pem = (base64: string, label = 'PUBLIC KEY') =>
  `-----BEGIN ${label}-----\n${base64.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`

const GOOGLE_PEM = pem(GOOGLE_SPKI)

const p256 = (publicKeyPem: string) => ({ publicKeyPem, signatureAlgorithm: 'ECDSA_P256_SHA256' })

const spkiPem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string

const invalid = (message: string | RegExp) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string })

test("a blank id becomes the digest of the key's DER, as in Google's example", () => {
  const spki = Buffer.from(GOOGLE_SPKI, 'base64')
  expect(checkPkixPublicKey(p256(GOOGLE_PEM))).toEqual({ id: GOOGLE_ID, spki })
  expect(checkPkixPublicKey(p256(GOOGLE_PEM), '')).toEqual({ id: GOOGLE_ID, spki })
  expect(GOOGLE_ID).toBe(`ni:///sha-256;${createHash('sha256').update(spki).digest('base64url')}`)
})

test('line ends, line lengths and blanks around the PEM block do not change the id', () => {
  const spellings = [
    GOOGLE_PEM.replaceAll('\n', '\r\n'),
    `\n \t${GOOGLE_PEM}\n\n`,
    GOOGLE_PEM.trim(),
    pem(GOOGLE_SPKI.replace(/(.{40})/, '$1\n')),
  ]
  for (const spelling of spellings) expect(checkPkixPublicKey(p256(spelling)).id).toBe(GOOGLE_ID)
})

test.each([
  '//cloudkms.googleapis.com/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
  '//127.0.0.1:9080/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
  '//[::1]:9080/v1/x',
  'https://example.com/keys/1?version=2#fragment',
  'projects/p/keys/1',
  'my-key',
  '/keys/1',
  'ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70',
  'nih:///sha-256;1305-71b3',
  'openpgp4fpr:0638AADD940361EA2D7F14C58C124F0E663DA097',
  'urn:example:animal:ferret:nose',
  'mailto:user@example.com',
  'a%20b',
  '?q',
  '#f',
])('the id %s is a URI reference and is kept', (id) => {
  expect(checkPkixPublicKey(p256(GOOGLE_PEM), id).id).toBe(id)
})

test.each([
  'my key',
  ' ',
  'a%2',
  'a%zz',
  '1:2',
  ':a',
  'http://a b/',
  '//host:port/',
  'http://[::1/',
  'a#b#c',
  'schlüssel',
  'a\nb',
  'a\n',
  '<a>',
  '\\a',
  'a|b',
])('the id %j is no URI reference', (id) => {
  expect(() => checkPkixPublicKey(p256(GOOGLE_PEM), id)).toThrow(invalid('RFC 3986'))
})

test('an id has at most 2,048 characters', () => {
  expect(checkPkixPublicKey(p256(GOOGLE_PEM), 'a'.repeat(2048)).id).toHaveLength(2048)
  for (const length of [2049, 9_000_000])
    expect(() => checkPkixPublicKey(p256(GOOGLE_PEM), 'a'.repeat(length))).toThrow(invalid('at most 2048 are allowed'))
})

test('keyId is blank or equal to the id, given or computed', () => {
  const check = (keyId: string, id?: string) => checkPkixPublicKey({ ...p256(GOOGLE_PEM), keyId }, id).id
  expect(check('', 'a')).toBe('a')
  expect(check('a', 'a')).toBe('a')
  expect(check(GOOGLE_ID)).toBe(GOOGLE_ID)
  expect(() => check('a', 'b')).toThrow(invalid('key_id "a" must be blank or equal'))
  expect(() => check('a', 'A')).toThrow(invalid('must be blank or equal'))
  expect(() => check('a')).toThrow(invalid('must be blank or equal'))
})

test.each([
  ['none', ''],
  ['text', 'GARBAGE'],
  ['the DER alone', GOOGLE_SPKI],
  ['two blocks', GOOGLE_PEM + GOOGLE_PEM],
  ['text in front', `key: x\n${GOOGLE_PEM}`],
  ['text behind', `${GOOGLE_PEM}x`],
  ['a header', GOOGLE_PEM.replace('KEY-----\n', 'KEY-----\nComment: x\n\n')],
  ['labels that differ', GOOGLE_PEM.replace('END PUBLIC KEY', 'END CERTIFICATE')],
  ['a cut block', GOOGLE_PEM.slice(0, -5)],
  ['base64 with a missing character', pem(GOOGLE_SPKI.replace('M', ''))],
  ['base64 without its padding', pem(GOOGLE_SPKI.replaceAll('=', ''))],
  ['an empty block', pem('')],
  ['a byte less', pem(Buffer.from(GOOGLE_SPKI, 'base64').subarray(0, -1).toString('base64'))],
  ['more text than a key needs', pem(GOOGLE_SPKI) + ' '.repeat(20_000)],
  ['a point that is not on the curve', pem(GOOGLE_SPKI.replace('aYQ==', 'aYA=='))],
])('%s is not accepted as public_key_pem', (_, publicKeyPem) => {
  expect(() => checkPkixPublicKey(p256(publicKeyPem))).toThrow(invalid('Invalid pkix_public_key: public_key_pem'))
})

test('a byte behind the key is refused, although openssl would ignore it', () => {
  const spki = Buffer.from(GOOGLE_SPKI, 'base64')
  expect(() => checkPkixPublicKey(p256(pem(Buffer.concat([spki, Buffer.of(0)]).toString('base64'))))).toThrow(
    invalid('SubjectPublicKeyInfo'),
  )
})

test('private keys, PKCS #1 keys and certificates are refused', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pkcs8 = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  expect(checkPkixPublicKey(p256(spkiPem(ec.publicKey))).id).toMatch(/^ni:/)
  expect(() => checkPkixPublicKey(p256(pkcs8))).toThrow(invalid('not "PRIVATE KEY"'))
  expect(() => checkPkixPublicKey(p256(pkcs8.replaceAll('PRIVATE', 'PUBLIC')))).toThrow(invalid('SubjectPublicKeyInfo'))
  expect(() => checkPkixPublicKey(p256(ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string))).toThrow(
    invalid('not "EC PRIVATE KEY"'),
  )
  expect(() => checkPkixPublicKey(p256(pem(GOOGLE_SPKI, 'CERTIFICATE')))).toThrow(invalid('not "CERTIFICATE"'))

  const rsa2048 = (publicKeyPem: string) => ({ publicKeyPem, signatureAlgorithm: 'RSA_PSS_2048_SHA256' })
  const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }) as string
  expect(checkPkixPublicKey(rsa2048(spkiPem(rsa.publicKey))).id).toMatch(/^ni:/)
  expect(() => checkPkixPublicKey(rsa2048(pkcs1))).toThrow(invalid('not "RSA PUBLIC KEY"'))
  expect(() => checkPkixPublicKey(rsa2048(pkcs1.replaceAll('RSA ', '')))).toThrow(invalid('SubjectPublicKeyInfo'))
})

test('key type, curve and modulus size must be those of the algorithm', () => {
  const keys = {
    P256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    P384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
    P521: generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
    K256: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    R2048: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    R2056: generateKeyPairSync('rsa', { modulusLength: 2056 }),
    R3072: generateKeyPairSync('rsa', { modulusLength: 3072 }),
    PSS2048: generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    ED: generateKeyPairSync('ed25519'),
    X: generateKeyPairSync('x25519'),
    DSA: generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }),
  }
  const fits: [keyof typeof SIGNATURE_ALGORITHMS, keyof typeof keys][] = [
    ['ECDSA_P256_SHA256', 'P256'],
    ['EC_SIGN_P384_SHA384', 'P384'],
    ['ECDSA_P521_SHA512', 'P521'],
    ['RSA_PSS_2048_SHA256', 'R2048'],
    ['RSA_SIGN_PKCS1_2048_SHA256', 'R2048'],
    ['RSA_SIGN_PKCS1_3072_SHA256', 'R3072'],
  ]
  for (const [signatureAlgorithm, fit] of fits) {
    for (const [name, { publicKey }] of Object.entries(keys)) {
      const check = () => checkPkixPublicKey({ publicKeyPem: spkiPem(publicKey), signatureAlgorithm })
      if (name === fit) expect(check().spki).toEqual(publicKey.export({ type: 'spki', format: 'der' }))
      else expect(check, `${name} as ${signatureAlgorithm}`).toThrow(invalid(`${signatureAlgorithm} needs an (EC|RSA) key`))
    }
  }
})

test('an RSA public exponent below 65537 is refused', () => {
  const check = (publicExponent: number) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent })
    return checkPkixPublicKey({ publicKeyPem: spkiPem(publicKey), signatureAlgorithm: 'RSA_PSS_2048_SHA256' })
  }
  expect(check(65537).id).toMatch(/^ni:/)
  expect(() => check(3)).toThrow(invalid('public exponent'))
})

test('an RSA public exponent has at most 33 bits, as in BoringSSL', () => {
  const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const check = (e: bigint) => {
    const bytes = Buffer.from(e.toString(16).padStart(18, '0'), 'hex')
    const encoded = bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString('base64url')
    const publicKey = createPublicKey({ key: { kty: 'RSA', n: n!, e: encoded }, format: 'jwk' })
    return checkPkixPublicKey({ publicKeyPem: spkiPem(publicKey), signatureAlgorithm: 'RSA_PSS_2048_SHA256' })
  }
  expect(check((1n << 33n) - 1n).id).toMatch(/^ni:/)
  for (const e of [(1n << 33n) + 1n, (1n << 64n) + 1n, 1n << 32n])
    expect(() => check(e), `${e}`).toThrow(invalid('33 bits at most'))
})

test('an RSA public exponent of 1, with which anybody could sign, is refused', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  expect(der.subarray(-5).toString('hex')).toBe('0203010001')
  const one = Buffer.concat([der.subarray(0, -5), Buffer.from('020101', 'hex')])
  // The four lengths around the exponent shrink by its two bytes: two sequences with two-byte lengths, the bit string between them.
  for (const at of [2, 21, 26]) one.writeUInt16BE(one.readUInt16BE(at) - 2, at)
  expect(() =>
    checkPkixPublicKey({ publicKeyPem: pem(one.toString('base64')), signatureAlgorithm: 'RSA_PSS_2048_SHA256' }),
  ).toThrow(invalid('public exponent'))
})

test('an even RSA modulus is refused', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const even = publicKey.export({ type: 'spki', format: 'der' })
  even[even.length - 6]! -= 1 // the last byte of the modulus, before 02 03 010001
  const check = () =>
    checkPkixPublicKey({ publicKeyPem: pem(even.toString('base64')), signatureAlgorithm: 'RSA_PSS_2048_SHA256' })
  expect(check).toThrow(invalid('an odd RSA modulus'))
})

test.each([undefined, '', 'SIGNATURE_ALGORITHM_UNSPECIFIED', 'EC_SIGN_ED25519', 'hasOwnProperty'])(
  'the signature algorithm %s is refused',
  (name) => {
    expect(() => checkPkixPublicKey({ publicKeyPem: GOOGLE_PEM, signatureAlgorithm: name })).toThrow(
      invalid(`signature_algorithm ${name || 'SIGNATURE_ALGORITHM_UNSPECIFIED'} is not`),
    )
  },
)

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

test.skipIf(!hasOpenssl)('explicit curve parameters, compressed and hybrid points are refused', () => {
  const openssl = (args: string[], input?: string) =>
    execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
  const privateKey = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
  const publicKey = (...args: string[]) => checkPkixPublicKey(p256(openssl(['ec', '-pubout', ...args], privateKey)))
  expect(publicKey().spki).toHaveLength(91)
  expect(publicKey('-conv_form', 'uncompressed').spki).toEqual(publicKey().spki)
  for (const args of [
    ['-param_enc', 'explicit'],
    ['-conv_form', 'compressed'],
    ['-conv_form', 'hybrid'],
  ]) {
    expect(() => publicKey(...args)).toThrow(invalid('a named curve and an uncompressed point'))
  }
})

test('an attestor public key has one kind of key, and gets its id', async () => {
  const pkixPublicKey = p256(GOOGLE_PEM)
  expect(await checkAttestorPublicKey({ comment: 'c', pkixPublicKey })).toEqual({ comment: 'c', pkixPublicKey, id: GOOGLE_ID })
  expect(await checkAttestorPublicKey({ id: 'mine', pkixPublicKey })).toEqual({ id: 'mine', pkixPublicKey })
  await expect(checkAttestorPublicKey({ id: 'mine' })).rejects.toThrow(invalid('must have'))
  await expect(checkAttestorPublicKey({ pkixPublicKey, asciiArmoredPgpPublicKey: 'x' })).rejects.toThrow(invalid('not both'))
  await expect(checkAttestorPublicKey({ asciiArmoredPgpPublicKey: '' })).rejects.toThrow(invalid('ASCII-armored'))
  await expect(checkAttestorPublicKey({ pkixPublicKey: { ...pkixPublicKey, signatureAlgorithm: 'ML_DSA_65' } })).rejects.toThrow(
    expect.objectContaining({ code: 'UNIMPLEMENTED' }),
  )
})

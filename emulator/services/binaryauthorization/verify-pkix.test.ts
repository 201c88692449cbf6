import { execFileSync, spawnSync } from 'node:child_process'
import { constants, generateKeyPairSync, type KeyObject, type SigningOptions, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAX_PAYLOAD_BYTES, pae, SIMPLE_SIGNING_TYPE } from './payload.ts'
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './signature-algorithms.ts'
import { verifyPkix } from './verify-pkix.ts'

const payload: Buffer = Buffer.from(
  `${JSON.stringify({ critical: { image: { 'docker-manifest-digest': `sha256:${'a'.repeat(64)}` }, type: 'Google cloud binauthz' } }, null, 2)}\n`,
)

interface Pair {
  pem: string
  privateKey: KeyObject
}

const pairs = new Map<string, Pair>()

/** A key pair that fits the algorithm; made once, since RSA keys take seconds. */
function pairFor(algorithm: SignatureAlgorithm, which = 'a'): Pair {
  const name = `${algorithm.keyType === 'ec' ? algorithm.curve : algorithm.modulusLength} ${which}`
  const known = pairs.get(name)
  if (known) return known
  const { publicKey, privateKey } =
    algorithm.keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: algorithm.curve })
      : generateKeyPairSync('rsa', { modulusLength: algorithm.modulusLength })
  const pair = { privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }) as string }
  pairs.set(name, pair)
  return pair
}

/** What a signer of the algorithm gives to node:crypto, written independently of verify-pkix.ts. */
function signerOptions(algorithm: SignatureAlgorithm): SigningOptions {
  if (algorithm.keyType === 'ec') return {}
  if (algorithm.padding === 'pkcs1') return { padding: constants.RSA_PKCS1_PADDING }
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: { sha256: 32, sha384: 48, sha512: 64 }[algorithm.hash] }
}

const signed = (algorithm: SignatureAlgorithm, data: Buffer = payload, options = signerOptions(algorithm)) =>
  sign(algorithm.hash, data, { key: pairFor(algorithm).privateKey, ...options })

const key = (
  signatureAlgorithm: keyof typeof SIGNATURE_ALGORITHMS,
  publicKeyPem = pairFor(SIGNATURE_ALGORITHMS[signatureAlgorithm]).pem,
) => ({
  publicKeyPem,
  signatureAlgorithm,
})

const names = Object.keys(SIGNATURE_ALGORITHMS) as (keyof typeof SIGNATURE_ALGORITHMS)[]
const verifies = { verified: true, form: 'raw' }
const refused = (why: RegExp | string) => ({ verified: false, why: expect.stringMatching(why) })
const unfounded = refused('^The signature does not verify over the payload with this key.$')

test('an RSA signature without its leading zeros is not as long as the modulus, and does not verify', () => {
  const algorithm = SIGNATURE_ALGORITHMS.RSA_PSS_2048_SHA256
  let signature = signed(algorithm)
  while (signature[0] !== 0) signature = signed(algorithm) // one in 256
  expect(verifyPkix(key('RSA_PSS_2048_SHA256'), payload, signature)).toEqual(verifies)
  expect(verifyPkix(key('RSA_PSS_2048_SHA256'), payload, signature.subarray(1))).toEqual(unfounded)
})

test.each(names)('%s verifies what its key signed, and nothing else', (name) => {
  const algorithm = SIGNATURE_ALGORITHMS[name]
  const signature = signed(algorithm)
  expect(verifyPkix(key(name), payload, signature)).toEqual(verifies)

  for (const at of [0, 2, signature.length >> 1, signature.length - 1]) {
    const flipped = Buffer.from(signature)
    flipped[at]! ^= 1
    expect(verifyPkix(key(name), payload, flipped)).toEqual(unfounded)
  }
  expect(verifyPkix(key(name), payload, signature.subarray(0, -1))).toEqual(unfounded)
  expect(verifyPkix(key(name), payload, signature.subarray(1))).toEqual(unfounded)
  expect(verifyPkix(key(name), payload, Buffer.concat([signature, Buffer.of(0)]))).toEqual(unfounded)
  expect(verifyPkix(key(name), payload, Buffer.concat([Buffer.of(0), signature]))).toEqual(unfounded)

  const other = Buffer.from(payload)
  other[payload.indexOf('sha256:a') + 7] = 'b'.charCodeAt(0)
  expect(verifyPkix(key(name), other, signature)).toEqual(unfounded)
  expect(verifyPkix(key(name, pairFor(algorithm, 'b').pem), payload, signature)).toEqual(unfounded)
})

test('a signature of one algorithm verifies under no other, with its own key or with a key that fits', () => {
  for (const made of names) {
    const algorithm = SIGNATURE_ALGORITHMS[made]
    const signature = signed(algorithm)
    for (const declared of names) {
      const expected = algorithm === SIGNATURE_ALGORITHMS[declared]
      expect(verifyPkix(key(declared, pairFor(algorithm).pem), payload, signature).verified, `${made} as ${declared}`).toBe(
        expected,
      )
      expect(verifyPkix(key(declared), payload, signature).verified, `${made} with the key of ${declared}`).toBe(expected)
    }
  }
})

test('a key that does not fit the declared algorithm verifies nothing', () => {
  const p256 = SIGNATURE_ALGORITHMS.ECDSA_P256_SHA256
  const signature = signed(p256)
  expect(verifyPkix(key('EC_SIGN_P256_SHA256'), payload, signature)).toEqual(verifies)
  expect(verifyPkix(key('RSA_SIGN_PKCS1_2048_SHA256', pairFor(p256).pem), payload, signature)).toEqual(
    refused('needs an RSA key of 2048 bits'),
  )
  expect(verifyPkix(key('EC_SIGN_P384_SHA384', pairFor(p256).pem), payload, signature)).toEqual(
    refused('needs an EC key on secp384r1'),
  )
})

test('a signature with the right key and another hash does not verify', () => {
  const p256 = SIGNATURE_ALGORITHMS.ECDSA_P256_SHA256
  for (const hash of ['sha1', 'sha384', 'sha512']) {
    expect(verifyPkix(key('EC_SIGN_P256_SHA256'), payload, sign(hash, payload, pairFor(p256).privateKey))).toEqual(unfounded)
  }
  expect(verifyPkix(key('EC_SIGN_P256_SHA256'), payload, sign('sha256', payload, pairFor(p256).privateKey))).toEqual(verifies)
})

test('without an algorithm, with an unknown one or with a key that is no key nothing verifies', () => {
  const signature = signed(SIGNATURE_ALGORITHMS.EC_SIGN_P256_SHA256)
  const good = key('EC_SIGN_P256_SHA256')
  expect(verifyPkix(good, payload, signature)).toEqual(verifies)
  for (const signatureAlgorithm of [undefined, '', 'SIGNATURE_ALGORITHM_UNSPECIFIED', 'ML_DSA_65', 'none', 'toString']) {
    expect(verifyPkix({ ...good, signatureAlgorithm }, payload, signature).verified).toBe(false)
  }
  for (const publicKeyPem of [undefined, '', 'GARBAGE', good.publicKeyPem.replace('M', 'N'), good.publicKeyPem.repeat(2)]) {
    expect(verifyPkix({ ...good, publicKeyPem }, payload, signature).verified).toBe(false)
  }
})

test('an empty signature, an empty payload and huge inputs are refused', () => {
  const pair = key('EC_SIGN_P256_SHA256')
  const largest = Buffer.alloc(MAX_PAYLOAD_BYTES, ' ')
  const larger = Buffer.alloc(MAX_PAYLOAD_BYTES + 1, ' ')
  const over = (data: Buffer) => signed(SIGNATURE_ALGORITHMS.EC_SIGN_P256_SHA256, data)
  expect(verifyPkix(pair, payload, Buffer.alloc(0))).toEqual(refused('The signature is empty.'))
  expect(verifyPkix(pair, Buffer.alloc(0), over(Buffer.alloc(0)))).toEqual(refused('no serialized payload'))
  expect(verifyPkix(pair, largest, over(largest))).toEqual(verifies)
  expect(verifyPkix(pair, larger, over(larger))).toEqual(refused('larger than 65536 bytes'))
  expect(verifyPkix(pair, payload, Buffer.alloc(4097))).toEqual(refused('4097 bytes'))
  expect(verifyPkix(pair, payload, Buffer.alloc(4096))).toEqual(unfounded)
})

test('degenerate signatures do not verify', () => {
  const der = (...integers: number[][]) => Buffer.from([0x30, integers.flat().length, ...integers.flat()])
  const [zero, one] = [
    [2, 1, 0],
    [2, 1, 1],
  ]
  for (const signature of [der(zero!, zero!), der(one!, zero!), der(zero!, one!), der(one!, one!), der()]) {
    expect(verifyPkix(key('EC_SIGN_P256_SHA256'), payload, signature)).toEqual(unfounded)
  }
  for (const value of [0, 1, 255]) {
    expect(verifyPkix(key('RSA_SIGN_PKCS1_2048_SHA256'), payload, Buffer.alloc(256, value))).toEqual(unfounded)
    expect(verifyPkix(key('RSA_SIGN_PSS_2048_SHA256'), payload, Buffer.alloc(256, value))).toEqual(unfounded)
  }
})

test("a signature over the payload in PAE with gcloud's type verifies, with another type it does not", () => {
  const algorithm = SIGNATURE_ALGORITHMS.EC_SIGN_P256_SHA256
  const over = (type: string) => verifyPkix(key('EC_SIGN_P256_SHA256'), payload, signed(algorithm, pae(type, payload)))
  expect(over(SIMPLE_SIGNING_TYPE)).toEqual({ verified: true, form: 'pae' })
  expect(over('application/vnd.in-toto+json')).toEqual(unfounded)
  expect(over('')).toEqual(unfounded)
})

test('the frequent mistakes are named, and still refused', () => {
  const p256 = SIGNATURE_ALGORITHMS.EC_SIGN_P256_SHA256
  const pss = SIGNATURE_ALGORITHMS.RSA_PSS_2048_SHA256
  const pkcs1 = SIGNATURE_ALGORITHMS.RSA_SIGN_PKCS1_2048_SHA256
  const ec = key('EC_SIGN_P256_SHA256')
  expect(verifyPkix(ec, payload, signed(p256, payload.subarray(0, -1)))).toEqual(refused('without the newline'))
  expect(verifyPkix(ec, payload.subarray(0, -1), signed(p256))).toEqual(refused('with a newline'))
  expect(verifyPkix(ec, payload, Buffer.from(signed(p256).toString('base64')))).toEqual(refused('base64 once too often'))
  expect(verifyPkix(ec, payload, signed(p256, payload, { dsaEncoding: 'ieee-p1363' }))).toEqual(refused('r and s side by side'))
  expect(verifyPkix(key('RSA_PSS_2048_SHA256'), payload, signed(pkcs1))).toEqual(refused('key declares RSA-PSS'))
  expect(verifyPkix(key('RSA_SIGN_PKCS1_2048_SHA256'), payload, signed(pss))).toEqual(refused('key declares PKCS #1 v1.5'))
  for (const saltLength of [0, 20, 31, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const signature = signed(pss, payload, { ...signerOptions(pss), saltLength })
    expect(verifyPkix(key('RSA_PSS_2048_SHA256'), payload, signature)).toEqual(refused('PSS salt is not as long as the digest'))
  }
})

const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0

/** Calls `command` with a directory that holds the file `payload`, and returns the files that it has written there. */
function madeBy(command: (directory: string) => void, ...files: string[]): Buffer[] {
  const directory = mkdtempSync(join(tmpdir(), 'pkix-'))
  try {
    writeFileSync(join(directory, 'payload'), payload)
    command(directory)
    return files.map((file) => readFileSync(join(directory, file)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const OPENSSL: [keyof typeof SIGNATURE_ALGORITHMS, string[], string[]][] = [
  ['ECDSA_P256_SHA256', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-sha256']],
  ['ECDSA_P384_SHA384', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], ['-sha384']],
  ['ECDSA_P521_SHA512', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], ['-sha512']],
  ['RSA_SIGN_PKCS1_2048_SHA256', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], ['-sha256']],
  [
    'RSA_PSS_2048_SHA256',
    ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1'],
  ],
]

test.skipIf(!runs('openssl', 'version')).each(OPENSSL)(
  '%s: a signature of the openssl command line verifies',
  (name, keygen, options) => {
    const [pem, signature] = madeBy(
      (cwd) => {
        const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd, stdio: 'pipe' })
        openssl('genpkey', '-algorithm', ...keygen, '-out', 'key')
        openssl('pkey', '-in', 'key', '-pubout', '-out', 'pem')
        openssl('dgst', ...options, '-sign', 'key', '-out', 'signature', 'payload')
      },
      'pem',
      'signature',
    )
    expect(verifyPkix(key(name, pem!.toString()), payload, signature!)).toEqual(verifies)
    expect(verifyPkix(key(name, pem!.toString()), Buffer.concat([payload, Buffer.of(32)]), signature!)).toEqual(unfounded)
  },
)

const PYTHON = `
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives import hashes, serialization as s
data = open('payload', 'rb').read()
pem = lambda key: key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
key = ec.generate_private_key(ec.SECP256R1())
open('ec.pem', 'wb').write(pem(key))
open('ec', 'wb').write(key.sign(data, ec.ECDSA(hashes.SHA256())))
key = rsa.generate_private_key(65537, 3072)
open('rsa.pem', 'wb').write(pem(key))
for name, length in (('digest', padding.PSS.DIGEST_LENGTH), ('max', padding.PSS.MAX_LENGTH)):
    open(name, 'wb').write(key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), length), hashes.SHA256()))
open('mgf', 'wb').write(key.sign(data, padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256()))
open('pkcs1', 'wb').write(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
`

test.skipIf(!runs('python3', '-c', 'import cryptography'))("signatures of Python's cryptography package verify", () => {
  const files = ['ec.pem', 'ec', 'rsa.pem', 'digest', 'max', 'mgf', 'pkcs1']
  const made = madeBy((cwd) => execFileSync('python3', ['-c', PYTHON], { cwd }), ...files)
  const [ecPem, ec, rsaPem, digest, max, mgf, pkcs1] = made as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]
  const pss = key('RSA_SIGN_PSS_3072_SHA256', rsaPem.toString())
  expect(verifyPkix(key('ECDSA_P256_SHA256', ecPem.toString()), payload, ec)).toEqual(verifies)
  expect(verifyPkix(key('RSA_SIGN_PKCS1_3072_SHA256', rsaPem.toString()), payload, pkcs1)).toEqual(verifies)
  expect(verifyPkix(pss, payload, digest)).toEqual(verifies)
  expect(verifyPkix(pss, payload, max)).toEqual(refused('PSS salt'))
  expect(verifyPkix(pss, payload, mgf)).toEqual(unfounded)
})

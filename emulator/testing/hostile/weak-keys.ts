// Keys with which others than their owner could sign, or which are not what their algorithm says. No attestor takes them; these stand in
// a store as if it were older than the check.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type SigningOptions, sign } from 'node:crypto'
import {
  attested,
  EC_KEY,
  goodByEc,
  type HostileRow,
  newEcPair,
  newRsaPair,
  type Pair,
  PSS,
  payloadOf,
  pkixKey,
  rsa,
} from './row.ts'

const bytesOf = (value: bigint) => {
  const text = value.toString(16)
  return Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex')
}
const jwkNumber = (value: bigint) => bytesOf(value).toString('base64url')
const numberOf = (text: string) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)

function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, t, nextT] = [modulus, value % modulus, 0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next, t, nextT] = [next, r - quotient * next, nextT, t - quotient * nextT]
  }
  return r === 1n ? ((t % modulus) + modulus) % modulus : 0n
}

/** A pair on the primes of `rsa` with another public exponent: the first from `least` on that has a private one. */
function pairWithExponent(least: bigint): Pair {
  const { n, p, q } = rsa.privateKey.export({ format: 'jwk' })
  const [first, second] = [numberOf(p!), numberOf(q!)]
  for (let e = least; ; e += 2n) {
    const d = inverse(e, (first - 1n) * (second - 1n))
    if (d === 0n) continue
    const secret = { d, dp: d % (first - 1n), dq: d % (second - 1n), qi: inverse(second, first) }
    const numbers = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, jwkNumber(value)]))
    const key = { kty: 'RSA', n, e: jwkNumber(e), p, q, ...numbers }
    return { publicKey: publicKeyWith(e), privateKey: createPrivateKey({ key, format: 'jwk' }) }
  }
}

const publicKeyWith = (e: bigint) =>
  createPublicKey({ key: { kty: 'RSA', n: rsa.publicKey.export({ format: 'jwk' }).n!, e: jwkNumber(e) }, format: 'jwk' })

/** With the exponent 1 the padded digest is its own signature, and anybody can pad. */
function selfSigned(payload: Buffer): Buffer {
  const signature = sign('sha256', payload, rsa.privateKey)
  const { n, e } = rsa.publicKey.export({ format: 'jwk' })
  let [result, base, exponent] = [1n, numberOf(signature.toString('base64url')), numberOf(e!)]
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % numberOf(n!)
    base = (base * base) % numberOf(n!)
  }
  return Buffer.from(result.toString(16).padStart(512, '0'), 'hex')
}

const signed =
  (pair: Pair, options: SigningOptions = {}, hash = 'sha256') =>
  (payload: Buffer) =>
    sign(hash, payload, { key: pair.privateKey, ...options })

const [short, small, oversized, barely] = [
  newRsaPair(1024),
  newRsaPair(2048, 3),
  pairWithExponent((1n << 64n) + 1n),
  pairWithExponent((1n << 33n) + 1n),
]
const [p384, k256, ed25519] = [newEcPair('P-384'), newEcPair('secp256k1'), generateKeyPairSync('ed25519')]

const PKCS1 = 'RSA_SIGN_PKCS1_2048_SHA256'

const KEYS: [
  name: string,
  pair: { publicKey: Pair['publicKey'] },
  algorithm: string,
  sign: (payload: Buffer) => Buffer,
  why: RegExp,
][] = [
  ['RSA of 1024 bits', short, PKCS1, signed(short), /needs an RSA key of 2048 bits/],
  ['RSA of 1024 bits, PSS', short, 'RSA_PSS_2048_SHA256', signed(short, PSS), /needs an RSA key of 2048 bits/],
  ['the RSA exponent 1', { publicKey: publicKeyWith(1n) }, PKCS1, selfSigned, /exponent/],
  ['the RSA exponent 2', { publicKey: publicKeyWith(2n) }, PKCS1, signed(rsa), /exponent/],
  ['the RSA exponent 3', small, PKCS1, signed(small), /exponent/],
  ['an even RSA exponent', { publicKey: publicKeyWith(65538n) }, PKCS1, signed(rsa), /exponent/],
  ['an RSA exponent of 34 bits', barely, PKCS1, signed(barely), /exponent/],
  ['an RSA exponent of 65 bits', oversized, PKCS1, signed(oversized), /exponent/],
  ['a P-384 key declared as P-256', p384, 'ECDSA_P256_SHA256', signed(p384), /needs an EC key on prime256v1/],
  ['a secp256k1 key declared as P-256', k256, 'ECDSA_P256_SHA256', signed(k256), /needs an EC key on prime256v1/],
  ['an Ed25519 key declared as P-256', ed25519, 'ECDSA_P256_SHA256', (data) => sign(null, data, ed25519.privateKey), /EC key/],
  ['an RSA key declared as P-256', rsa, 'ECDSA_P256_SHA256', signed(rsa), /needs an EC key/],
  ['an RSA key without algorithm', rsa, 'SIGNATURE_ALGORITHM_UNSPECIFIED', signed(rsa), /is not a signature algorithm/],
]

export const weakKeyRows: HostileRow[] = KEYS.map(([name, pair, algorithm, signWeakly, why]) => ({
  name: `a weak key: ${name}`,
  code: 'SIGNATURE_INVALID',
  why,
  keys: [pkixKey('urn:weak', newEcPair(), 'ECDSA_P256_SHA256'), EC_KEY],
  storedInstead: pkixKey('urn:weak', pair, algorithm),
  hostile: (digest) => attested('urn:weak', payloadOf(digest), signWeakly(payloadOf(digest))),
  good: goodByEc,
}))

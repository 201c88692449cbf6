// ECDSA over a digest (FIPS 186-5, section 6.4), which node:crypto does not offer: its sign() hashes what it is given.
// The costly part, the nonce's point on the curve, comes from node:crypto; the rest is arithmetic modulo the group's order.
import { createECDH } from 'node:crypto'
import type { EcKey } from './algorithms.ts'

const CURVES = {
  'P-256': {
    nodeName: 'prime256v1',
    orderBits: 256n,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    nodeName: 'secp384r1',
    orderBits: 384n,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
} as const satisfies Record<EcKey['curve'], unknown>

/** The DER encoded ECDSA-Sig-Value over `digest` by the private scalar `d`, with a new random nonce. */
export function ecdsaSign(curve: EcKey['curve'], d: bigint, digest: Uint8Array): Buffer {
  for (;;) {
    const nonce = createECDH(CURVES[curve].nodeName)
    const point = nonce.generateKeys('hex', 'compressed')
    const x = BigInt(`0x${point.slice(2)}`) // behind the byte that tells the sign of y
    const signature = ecdsaSignWithNonce(curve, d, digest, BigInt(`0x${nonce.getPrivateKey('hex')}`), x)
    if (signature) return signature
  }
}

/** The same with a given nonce `k` and the x coordinate of its point; undefined where r or s is 0 and the standard asks for another nonce. */
export function ecdsaSignWithNonce(
  curve: EcKey['curve'],
  d: bigint,
  digest: Uint8Array,
  k: bigint,
  x: bigint,
): Buffer | undefined {
  const { order } = CURVES[curve]
  const r = x % order
  const s = (inverse(k, order) * (leftmostBits(digest, CURVES[curve].orderBits) + r * d)) % order
  if (r === 0n || s === 0n) return undefined
  const body = derInteger(r) + derInteger(s)
  return Buffer.from(`30${hexByte(body.length / 2)}${body}`, 'hex') // one length byte: at most 102 bytes on P-384
}

function leftmostBits(digest: Uint8Array, bits: bigint): bigint {
  const value = BigInt(`0x${Buffer.from(digest).toString('hex')}`)
  const excess = BigInt(digest.length * 8) - bits
  return excess > 0n ? value >> excess : value
}

/** Extended Euclid; several times faster than a modular power in BigInt. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (a !== 1n) {
    const quotient = b / a
    const remainder = b - quotient * a
    b = a
    a = remainder
    const next = y - quotient * x
    y = x
    x = next
  }
  return x < 0n ? x + modulus : x
}

/** A DER INTEGER in hex: as few bytes as possible, and a zero byte in front where the first bit would mean "negative". */
function derInteger(value: bigint): string {
  let hex = value.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (hex.charCodeAt(0) >= 0x38) hex = `00${hex}` // '8' … 'f'
  return `02${hexByte(hex.length / 2)}${hex}`
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0')
}

// ECDSA over a digest (FIPS 186-5, section 6.4), which node:crypto does not offer: its sign() hashes what it is given.
// The costly part, the nonce's point on the curve, comes from node:crypto; the rest is arithmetic modulo the group's order.
import { createECDH, randomBytes } from 'node:crypto'
import type { EcKey } from './algorithms.ts'

/** `batch`: nonces that are made at once. One inverse serves them all; the signature that makes them waits for all of their points. */
const CURVES = {
  'P-256': {
    ecdh: createECDH('prime256v1'),
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    batch: 32, // 0.5 ms
  },
  'P-384': {
    ecdh: createECDH('secp384r1'),
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    batch: 1, // 0.8 ms: the point takes so long that the inverse does not count
  },
} as const satisfies Record<EcKey['curve'], unknown>

/** What a signature needs of its nonce k. */
export interface Nonce {
  /** k⁻¹ modulo the order. */
  inverse: bigint
  /** The x coordinate of k·G. */
  x: bigint
}

/** Made and not yet used, in this process's memory alone. A nonce leaves before it is used: with one that signs twice, anyone can compute the
 * private key. */
const unused: Record<EcKey['curve'], Nonce[]> = { 'P-256': [], 'P-384': [] }

/** The DER encoded ECDSA-Sig-Value over `digest` by the private scalar `d`, with a new random nonce. */
export function ecdsaSign(curve: EcKey['curve'], d: bigint, digest: Uint8Array): Buffer {
  for (;;) {
    const nonce = unused[curve].pop()
    if (!nonce) unused[curve] = noncesOf(curve, randomScalars(curve))
    const signature = nonce && ecdsaSignWithNonce(curve, d, digest, nonce)
    if (signature) return signature
  }
}

/** The same with a given nonce; undefined where r or s is 0 and the standard asks for another. */
export function ecdsaSignWithNonce(curve: EcKey['curve'], d: bigint, digest: Uint8Array, nonce: Nonce): Buffer | undefined {
  const { order, bytes } = CURVES[curve]
  const r = nonce.x % order
  const z = integer(digest.subarray(0, bytes)) // the leftmost bits, as many as the order has
  const s = (nonce.inverse * ((z + r * d) % order)) % order
  if (r === 0n || s === 0n) return undefined
  const body = derInteger(r) + derInteger(s)
  return Buffer.from(`30${hexByte(body.length / 2)}${body}`, 'hex') // one length byte: at most 102 bytes on P-384
}

/** Scalars from 1 to the order less 1, big-endian, each as likely as any other: of a batch, those that are in range. */
function randomScalars(curve: EcKey['curve']): Buffer[] {
  const { bytes, order, batch } = CURVES[curve]
  const random = randomBytes(bytes * batch)
  const scalars = Array.from({ length: batch }, (_, index) => random.subarray(index * bytes, (index + 1) * bytes))
  return scalars.filter((scalar) => {
    const k = integer(scalar)
    return k > 0n && k < order
  })
}

/** The nonces, in no order, for scalars k from 1 to the order less 1; throws for any other. All are inverted at once (Montgomery): the inverse
 * of their product, times the product of all others, is that of each. */
export function noncesOf(curve: EcKey['curve'], scalars: Buffer[]): Nonce[] {
  const { ecdh, order } = CURVES[curve]
  const products: bigint[] = [] // of each and all before it
  for (const scalar of scalars) products.push(((products.at(-1) ?? 1n) * integer(scalar)) % order)
  let rest = inverse(products.at(-1) ?? 1n, order)
  const nonces: Nonce[] = []
  for (const [index, scalar] of [...scalars.entries()].reverse()) {
    ecdh.setPrivateKey(scalar)
    const point = ecdh.getPublicKey(null, 'compressed')
    nonces.push({ inverse: (rest * (products[index - 1] ?? 1n)) % order, x: integer(point.subarray(1)) }) // behind the sign of y
    rest = (rest * integer(scalar)) % order
  }
  return nonces
}

const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

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

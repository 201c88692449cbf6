// Signatures of PKIX keys that are bent, of another kind, or another's: ECDSA in DER (ITU-T X.690), RSA (RFC 8017), ids of keys.
import { constants, createHash, privateEncrypt, sign } from 'node:crypto'
import { pae, SIMPLE_SIGNING_TYPE } from '../../services/binaryauthorization/payload.ts'
import {
  type Attestation,
  attested,
  EC_KEY,
  ec,
  ecSigned,
  goodByEc,
  goodByPss,
  type HostileRow,
  otherDigest,
  PKCS1_KEY,
  PSS,
  PSS_KEY,
  payloadOf,
  pkcs1Signed,
  pssSigned,
  rsa,
  stranger,
} from './row.ts'

/** The order of P-256 (FIPS 186-4, D.1.2.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const hex = (value: bigint, bytes: number) => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
const tlv = (tag: number, content: Buffer) => Buffer.concat([Buffer.of(tag, content.length), content])

/** An INTEGER of the fewest octets. */
function integer(value: bigint): Buffer {
  const bytes = Math.max(1, Math.ceil(value.toString(16).length / 2))
  const content = hex(value, bytes)
  return tlv(2, content[0]! & 0x80 ? Buffer.concat([Buffer.of(0), content]) : content)
}

/** An INTEGER of the value minus 2^256, in 32 octets: negative. */
const negative = (value: bigint) => tlv(2, hex(value, 32))
const sequence = (...parts: Buffer[]) => tlv(0x30, Buffer.concat(parts))

/** r and s of a new signature, both with their highest bit set, so that DER puts a zero in front of them. */
function numbersOf(payload: Buffer): [r: bigint, s: bigint] {
  for (;;) {
    const raw = ecSigned(payload, { dsaEncoding: 'ieee-p1363' })
    const [r, s] = [raw.subarray(0, 32), raw.subarray(32)]
    if (r[0]! & s[0]! & 0x80) return [BigInt(`0x${r.toString('hex')}`), BigInt(`0x${s.toString('hex')}`)]
  }
}

/** Encodings of r and s that are not the DER of a signature; the first is, and is the twin of all. */
const ENCODINGS: [name: string, encode: (r: bigint, s: bigint) => Buffer][] = [
  ['ECDSA: the length of the sequence in the long form', (r, s) => longForm(sequence(integer(r), integer(s)))],
  ['ECDSA: a zero too many in front of r', (r, s) => sequence(tlv(2, Buffer.concat([Buffer.of(0, 0), hex(r, 32)])), integer(s))],
  ['ECDSA: a third number in the sequence', (r, s) => sequence(integer(r), integer(s), integer(1n))],
  ['ECDSA: a byte behind the sequence', (r, s) => Buffer.concat([sequence(integer(r), integer(s)), Buffer.of(0)])],
  ['ECDSA: another signature behind the good one', (r, s) => Buffer.concat(Array(2).fill(sequence(integer(r), integer(s))))],
  ['ECDSA: r without its leading zero, negative', (r, s) => sequence(negative(r), integer(s))],
  ['ECDSA: s without its leading zero, negative', (r, s) => sequence(integer(r), negative(s))],
  ['ECDSA: r is 0', (_, s) => sequence(integer(0n), integer(s))],
  ['ECDSA: s is 0', (r) => sequence(integer(r), integer(0n))],
  ['ECDSA: r and s are 0', () => sequence(integer(0n), integer(0n))],
  ['ECDSA: r is the order', (_, s) => sequence(integer(N), integer(s))],
  ['ECDSA: r plus the order', (r, s) => sequence(integer(r + N), integer(s))],
  ['ECDSA: s plus the order', (r, s) => sequence(integer(r), integer(s + N))],
  ['ECDSA: indefinite length', (r, s) => Buffer.concat([Buffer.of(0x30, 0x80), integer(r), integer(s), Buffer.of(0, 0)])],
  ['ECDSA: a byte short', (r, s) => sequence(integer(r), integer(s)).subarray(0, -1)],
  ['ECDSA: an empty sequence', () => sequence()],
  ['ECDSA: r alone', (r) => sequence(integer(r))],
  ['ECDSA: s, then r', (r, s) => sequence(integer(s), integer(r))],
  ['ECDSA: a set instead of a sequence', (r, s) => tlv(0x31, Buffer.concat([integer(r), integer(s)]))],
  ['ECDSA: wrapped in an octet string', (r, s) => tlv(4, sequence(integer(r), integer(s)))],
  ['ECDSA: r and s side by side', (r, s) => Buffer.concat([hex(r, 32), hex(s, 32)])],
]

const longForm = (der: Buffer) => Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)])

const encodingRows: HostileRow[] = ENCODINGS.map(([name, encode]) => {
  const encoded = (digest: string, how: typeof encode) => {
    const payload = payloadOf(digest)
    return attested('urn:ec', payload, how(...numbersOf(payload)))
  }
  return {
    name,
    code: 'SIGNATURE_INVALID',
    keys: [EC_KEY],
    hostile: (digest) => encoded(digest, encode),
    good: (digest) => encoded(digest, (r, s) => sequence(integer(r), integer(s))),
  }
})

/** DigestInfo of SHA-256; with the NULL that RFC 8017 asks for, and without. */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const DIGEST_INFO_WITHOUT_NULL = Buffer.from('302f300b06096086480165030402010420', 'hex')

/** A signature over a block that is padded by hand. */
function paddedByHand(payload: Buffer, digestInfo: Buffer, garbage = 0): Buffer {
  const content = Buffer.concat([digestInfo, createHash('sha256').update(payload).digest()])
  const padding = Buffer.alloc(256 - 3 - content.length - garbage, 0xff)
  const block = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), content, Buffer.alloc(garbage, 7)])
  return privateEncrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, block)
}

/** RSA-PSS signatures are random: one that suits. */
function pssSuch(payload: Buffer, suits: (signature: Buffer) => boolean): Buffer {
  for (;;) {
    const signature = pssSigned(payload)
    if (suits(signature)) return signature
  }
}

const MODULUS = BigInt(`0x${Buffer.from(rsa.publicKey.export({ format: 'jwk' }).n!, 'base64url').toString('hex')}`)
const numberOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)
const fitsWithModulus = (signature: Buffer) => numberOf(signature) + MODULUS < 1n << 2048n

/** The twin of the blocks that are padded by hand, so that they differ in nothing but their fault. */
const goodByHand = (digest: string) => attested('urn:pkcs1', payloadOf(digest), paddedByHand(payloadOf(digest), DIGEST_INFO))

const RSA_ROWS: [name: string, id: string, sign: (payload: Buffer) => Buffer, why?: RegExp][] = [
  ['PKCS #1 under a PSS key', 'urn:pss', pkcs1Signed, /declares RSA-PSS/],
  ['PSS under a PKCS #1 key', 'urn:pkcs1', pssSigned, /declares PKCS #1/],
  [
    'PSS with the longest salt',
    'urn:pss',
    (payload) => pssSigned(payload, { ...PSS, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN }),
    /salt/,
  ],
  ['PSS without salt', 'urn:pss', (payload) => pssSigned(payload, { ...PSS, saltLength: 0 }), /salt/],
  ['PSS over SHA-512', 'urn:pss', (payload) => sign('sha512', payload, { key: rsa.privateKey, ...PSS, saltLength: 64 })],
  ['PKCS #1 over SHA-1', 'urn:pkcs1', (payload) => sign('sha1', payload, rsa.privateKey)],
  ['PKCS #1 over SHA-512', 'urn:pkcs1', (payload) => sign('sha512', payload, rsa.privateKey)],
  ['PKCS #1 without the NULL of its DigestInfo', 'urn:pkcs1', (payload) => paddedByHand(payload, DIGEST_INFO_WITHOUT_NULL)],
  ['PKCS #1 with garbage behind the digest', 'urn:pkcs1', (payload) => paddedByHand(payload, DIGEST_INFO, 100)],
  ['RSA: without its leading zero', 'urn:pss', (payload) => pssSuch(payload, ([first]) => first === 0).subarray(1)],
  ['RSA: a zero in front', 'urn:pss', (payload) => Buffer.concat([Buffer.of(0), pssSigned(payload)])],
  ['RSA: plus the modulus', 'urn:pss', (payload) => hex(numberOf(pssSuch(payload, fitsWithModulus)) + MODULUS, 256)],
  ['RSA: the number 0', 'urn:pkcs1', () => Buffer.alloc(256)],
  ['RSA: the number 1', 'urn:pkcs1', () => hex(1n, 256)],
  ['an ECDSA signature under an RSA key', 'urn:pkcs1', ecSigned],
]

const rsaRows: HostileRow[] = RSA_ROWS.map(([name, id, signed, why]) => ({
  name,
  code: 'SIGNATURE_INVALID',
  why,
  keys: [id === 'urn:pss' ? PSS_KEY : PKCS1_KEY],
  hostile: (digest) => attested(id, payloadOf(digest), signed(payloadOf(digest))),
  good: id === 'urn:pss' ? goodByPss : goodByHand,
}))

/** What stands beside a signature: its key's id, the payload, or nothing. */
const SURROUNDINGS: [name: string, code: string, hostile: (digest: string) => Attestation, why?: RegExp][] = [
  ['no signature at all', 'NO_SIGNATURES', (digest) => ({ serializedPayload: payloadOf(digest).toString('base64') })],
  ['a signature of no bytes', 'SIGNATURE_INVALID', (digest) => attested('urn:ec', payloadOf(digest), Buffer.alloc(0)), /empty/],
  ['a signature without a key id', 'KEY_ID_MISSING', (digest) => attested('', payloadOf(digest), ecSigned(payloadOf(digest)))],
  ['a key id in other case', 'KEY_NOT_FOUND', (digest) => attested('urn:EC', payloadOf(digest), ecSigned(payloadOf(digest)))],
  ['a key id with a blank', 'KEY_NOT_FOUND', (digest) => attested('urn:ec ', payloadOf(digest), ecSigned(payloadOf(digest)))],
  [
    "a stranger's signature under the id of a key",
    'SIGNATURE_INVALID',
    (digest) => attested('urn:ec', payloadOf(digest), sign('sha256', payloadOf(digest), stranger.privateKey)),
  ],
  [
    "a stranger's signature under its own id",
    'KEY_NOT_FOUND',
    (digest) => attested('urn:stranger', payloadOf(digest), sign('sha256', payloadOf(digest), stranger.privateKey)),
  ],
  [
    'a signature under the id of another key of the attestor',
    'SIGNATURE_INVALID',
    (digest) => attested('urn:pss', payloadOf(digest), ecSigned(payloadOf(digest))),
  ],
  [
    'a signature with the right key over another hash',
    'SIGNATURE_INVALID',
    (digest) => attested('urn:ec', payloadOf(digest), sign('sha384', payloadOf(digest), ec.privateKey)),
  ],
  [
    'a signature over the hash of the payload',
    'SIGNATURE_INVALID',
    (digest) => attested('urn:ec', payloadOf(digest), ecSigned(createHash('sha256').update(payloadOf(digest)).digest())),
  ],
  [
    'a signature over another payload',
    'SIGNATURE_INVALID',
    (digest) => attested('urn:ec', payloadOf(digest), ecSigned(payloadOf(otherDigest(digest)))),
  ],
  ['a good attestation of another digest', 'PAYLOAD_DIGEST_MISMATCH', (digest) => goodByEc(otherDigest(digest))],
  [
    'a signature over nothing, and no payload',
    'SIGNATURE_INVALID',
    () => attested('urn:ec', Buffer.alloc(0), ecSigned(Buffer.alloc(0))),
    /no serialized payload/,
  ],
  [
    'PAE with another type',
    'SIGNATURE_INVALID',
    (digest) => attested('urn:ec', payloadOf(digest), ecSigned(pae('application/vnd.in-toto+json', payloadOf(digest)))),
  ],
  [
    'the PAE itself as payload',
    'PAYLOAD_INVALID',
    (digest) => {
      const encoded = pae(SIMPLE_SIGNING_TYPE, payloadOf(digest))
      return attested('urn:ec', encoded, ecSigned(encoded))
    },
  ],
  [
    'a hundred signatures in front of the good one',
    'SIGNATURE_INVALID',
    (digest) => {
      const { serializedPayload, signatures = [] } = goodByEc(digest)
      return { serializedPayload, signatures: [...Array(100).fill({ publicKeyId: 'urn:ec', signature: 'AAAA' }), ...signatures] }
    },
  ],
]

const surroundingRows: HostileRow[] = SURROUNDINGS.map(([name, code, hostile, why]) => ({
  name,
  code,
  why,
  keys: [EC_KEY, PSS_KEY],
  hostile,
  good: goodByEc,
}))

export const signatureRows: HostileRow[] = [...encodingRows, ...rsaRows, ...surroundingRows]

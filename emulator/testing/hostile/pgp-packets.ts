// Writes OpenPGP packets (RFC 4880) with RSA keys of node:crypto, also such as no program would write.
import { createHash, type KeyObject, sign } from 'node:crypto'
import { newRsaPair } from './row.ts'

export const TAG = { signature: 2, onePass: 4, publicKey: 6, compressed: 8, literal: 11, userId: 13, publicSubkey: 14 }

const number = (value: number, bytes: 1 | 2 | 4) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}

const seconds = (time: string) => number(Date.parse(time) / 1000, 4)

/** A packet in the new format with a length of four bytes. */
export const packet = (tag: number, body: Buffer) => Buffer.concat([Buffer.of(0xc0 | tag, 0xff), number(body.length, 4), body])

export const armored = (label: string, data: Buffer) =>
  `-----BEGIN PGP ${label}-----\n\n${data.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PGP ${label}-----\n`

function mpi(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const significant = bytes.subarray(start)
  return Buffer.concat([number(significant.length * 8 - Math.clz32(significant[0]!) + 24, 2), significant])
}

export interface PgpKey {
  privateKey: KeyObject
  /** Of the key packet. */
  body: Buffer
  /** 40 lower-case hex digits. */
  fingerprint: string
}

/** A V4 RSA key. `e` in place of its true exponent makes it one that anybody could use. */
export function pgpKey(created = '2024-01-01', { publicKey, privateKey } = newRsaPair(), e?: number): PgpKey {
  const jwk = publicKey.export({ format: 'jwk' })
  const numbers = [Buffer.from(jwk.n!, 'base64url'), e ? Buffer.of(e) : Buffer.from(jwk.e!, 'base64url')]
  const body = Buffer.concat([Buffer.of(4), seconds(created), Buffer.of(1), ...numbers.map(mpi)])
  return { privateKey, body, fingerprint: createHash('sha1').update(framedKey({ body })).digest('hex') }
}

const framedKey = ({ body }: { body: Buffer }) => Buffer.concat([Buffer.of(0x99), number(body.length, 2), body])

export const subpacket = (type: number, body: Buffer, critical = false) =>
  Buffer.concat([Buffer.of(body.length + 1, type | (critical ? 0x80 : 0)), body])

export const SUBPACKET = {
  created: (time: string) => subpacket(2, seconds(time)),
  /** Seconds after its creation. */
  expires: (after: number) => subpacket(3, number(after, 4)),
  /** Seconds after the key's creation. */
  keyExpires: (after: number) => subpacket(9, number(after, 4)),
  issuer: ({ fingerprint }: PgpKey) => subpacket(16, Buffer.from(fingerprint.slice(-16), 'hex')),
  notation: (name: string, critical: boolean) =>
    subpacket(
      20,
      Buffer.concat([number(0x80000000, 4), number(name.length, 2), number(1, 2), Buffer.from(`${name}x`)]),
      critical,
    ),
  flags: (flags: number) => subpacket(27, Buffer.of(flags)),
  embedded: (signature: Buffer) => subpacketOf(32, signature),
}

/** A subpacket whose length may need five bytes. */
const subpacketOf = (type: number, body: Buffer) =>
  Buffer.concat([Buffer.of(0xff), number(body.length + 1, 4), Buffer.of(type), body])

const HASHES = { md5: 1, sha1: 2, sha256: 8, sha512: 10 }

export interface SignatureOptions {
  type?: number
  hash?: keyof typeof HASHES
  created?: string | null
  /** Behind the time of creation. */
  hashed?: Buffer[]
  unhashed?: Buffer[]
  /** Whom the signature names as its issuer, if not who makes it. */
  issuer?: PgpKey
}

/** The body of a V4 signature packet over `data`. */
export function signatureBody(signer: PgpKey, data: Buffer, options: SignatureOptions = {}): Buffer {
  const { type = 0, hash = 'sha256', created = '2025-06-01', hashed = [], unhashed = [], issuer = signer } = options
  const signed = Buffer.concat([...(created === null ? [] : [SUBPACKET.created(created)]), ...hashed])
  const head = Buffer.concat([Buffer.of(4, type, 1, HASHES[hash]), number(signed.length, 2), signed])
  const input = Buffer.concat([data, head, Buffer.of(4, 0xff), number(head.length, 4)])
  const outside = Buffer.concat([SUBPACKET.issuer(issuer), ...unhashed])
  const left = createHash(hash).update(input).digest().subarray(0, 2)
  return Buffer.concat([head, number(outside.length, 2), outside, left, mpi(sign(hash, input, signer.privateKey))])
}

export const signature = (signer: PgpKey, data: Buffer, options?: SignatureOptions) =>
  packet(TAG.signature, signatureBody(signer, data, options))

const USER = Buffer.from('attestor@example.com')
const CERTIFY_AND_SIGN = 3

/** The packets of a public key: the key, its user and the signature that binds them. */
export const keyPackets = (key: PgpKey, hashed: Buffer[] = [SUBPACKET.flags(CERTIFY_AND_SIGN)]) =>
  Buffer.concat([
    packet(TAG.publicKey, key.body),
    packet(TAG.userId, USER),
    signature(key, Buffer.concat([framedKey(key), Buffer.of(0xb4), number(USER.length, 4), USER]), {
      type: 0x13,
      created: '2024-01-01',
      hashed,
    }),
  ])

/** A subkey with its binding, which for signing has the subkey's own signature inside. */
export function subkeyPackets(
  primary: PgpKey,
  subkey: PgpKey,
  { flags = 2, backSignature = true, revoked = false } = {},
): Buffer {
  const both = Buffer.concat([framedKey(primary), framedKey(subkey)])
  const at = { created: '2024-01-01' }
  const embedded = backSignature ? [SUBPACKET.embedded(signatureBody(subkey, both, { ...at, type: 0x19 }))] : []
  return Buffer.concat([
    packet(TAG.publicSubkey, subkey.body),
    signature(primary, both, { ...at, type: 0x18, hashed: [SUBPACKET.flags(flags), ...embedded] }),
    ...(revoked ? [signature(primary, both, { ...at, type: 0x28 })] : []),
  ])
}

/** The revocation of a key, which stands behind its key packet. */
export const revocation = (key: PgpKey) => signature(key, framedKey(key), { type: 0x20, created: '2025-12-01' })

export const withRevocation = (key: PgpKey): Buffer => {
  const packets = keyPackets(key)
  const at = packet(TAG.publicKey, key.body).length
  return Buffer.concat([packets.subarray(0, at), revocation(key), packets.subarray(at)])
}

export const literal = (content: Buffer) => packet(TAG.literal, Buffer.concat([Buffer.from('b\0'), number(0, 4), content]))

export const onePass = (signer: PgpKey, type = 0) =>
  packet(
    TAG.onePass,
    Buffer.concat([Buffer.of(3, type, HASHES.sha256, 1), Buffer.from(signer.fingerprint.slice(-16), 'hex'), Buffer.of(1)]),
  )

/** A message that carries what it signs. */
export const attached = (signer: PgpKey, content: Buffer, options?: SignatureOptions) =>
  Buffer.concat([onePass(signer), literal(content), signature(signer, content, options)])

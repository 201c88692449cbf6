// PGP signatures that a lenient reader would take (RFC 4880, RFC 9580).
import type { AttestorPublicKey } from '../../services/binaryauthorization/public-keys.ts'
import {
  armored,
  attached,
  keyPackets,
  literal,
  type PgpKey,
  packet,
  pgpKey,
  type SignatureOptions,
  SUBPACKET,
  signature,
  signatureBody,
  subkeyPackets,
  subpacket,
  TAG,
  withRevocation,
} from './pgp-packets.ts'
import { attested, EC_KEY, ecSigned, type HostileRow, newRsaPair, otherDigest, payloadOf, pkcs1Signed, rsa } from './row.ts'

const publicKey = (packets: Buffer): AttestorPublicKey => ({
  asciiArmoredPgpPublicKey: armored('PUBLIC KEY BLOCK', packets),
})
const idOf = ({ fingerprint }: PgpKey) => fingerprint.toUpperCase()

const [key, other] = [pgpKey('2024-01-01', rsa), pgpKey()]
const KEY = publicKey(keyPackets(key))

/** A detached signature of `key`. */
const detached = (signatureOf: (payload: Buffer) => Buffer) => (digest: string) =>
  attested(idOf(key), payloadOf(digest), signatureOf(payloadOf(digest)))

const signedWith = (options: SignatureOptions, signer = key) => detached((payload) => signature(signer, payload, options))

const good = signedWith({})

/** Options of a signature that make it count for nothing, and what is as like them and good. */
const OPTIONS: [name: string, bad: SignatureOptions, twin: SignatureOptions, why?: RegExp][] = [
  ['an unknown critical subpacket', { hashed: [subpacket(100, Buffer.of(1), true)] }, { hashed: [subpacket(100, Buffer.of(1))] }],
  [
    'an unknown critical notation',
    { hashed: [SUBPACKET.notation('a@b.c', true)] },
    { hashed: [SUBPACKET.notation('a@b.c', false)] },
  ],
  ['it has expired', { hashed: [SUBPACKET.expires(86_400)] }, { hashed: [SUBPACKET.expires(86_400 * 3650)] }, /expired/],
  ['it lies in the future', { created: '2026-01-03' }, { created: '2026-01-01' }, /future/],
  ['it is older than its key', { created: '2023-12-31' }, { created: '2024-01-02' }],
  ['its time of creation is not signed', { created: null, unhashed: [SUBPACKET.created('2025-06-01')] }, {}],
  ['it has no time of creation', { created: null }, {}],
  ['over SHA-1', { hash: 'sha1' }, { hash: 'sha512' }, /[Ii]nsecure/],
  ['over MD5', { hash: 'md5' }, {}, /[Ii]nsecure/],
  ['over text', { type: 1 }, {}, /normalised/],
  ['of the kind that stands alone', { type: 2 }, {}],
  ['of the kind that certifies a key', { type: 0x10 }, {}],
  ['of the kind that revokes a certification', { type: 0x30 }, {}],
  ['of the kind that tells a time', { type: 0x40 }, {}],
  ['it names another issuer', { issuer: other }, {}, /not part of this key/],
]

const optionRows: HostileRow[] = OPTIONS.map(([name, bad, twin, why]) => ({
  name: `a PGP signature: ${name}`,
  code: 'SIGNATURE_INVALID',
  why,
  keys: [KEY],
  hostile: signedWith(bad),
  good: signedWith(twin),
}))

const cleartext = (payload: Buffer) =>
  Buffer.from(
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${payload}${armored('SIGNATURE', signature(key, payload, { type: 1 }))}`,
  )

/** Version 3 has its time and issuer in fixed places (RFC 4880 section 5.2.2); what stands in it is a good V4 number. */
const version3 = (payload: Buffer) => {
  const body = signatureBody(key, payload)
  const head = Buffer.concat([
    Buffer.of(3, 5, 0),
    Buffer.alloc(4),
    Buffer.from(key.fingerprint.slice(-16), 'hex'),
    Buffer.of(1, 8),
  ])
  return packet(TAG.signature, Buffer.concat([head, body.subarray(-260)]))
}

const BLOBS: [name: string, blob: (payload: Buffer) => Buffer, why?: RegExp][] = [
  ["a stranger's", (payload) => signature(other, payload), /not part of this key/],
  ["a stranger's that names the key as its issuer", (payload) => signature(other, payload, { issuer: key })],
  ['over another payload', (payload) => signature(key, Buffer.concat([payload, Buffer.of(10)]))],
  ['a byte short', (payload) => signature(key, payload).subarray(0, -1)],
  ['no bytes', () => Buffer.alloc(0)],
  ['of version 3', version3],
  ['cleartext', cleartext, /cleartext/],
  ['two armored blocks', (payload) => Buffer.from(armored('SIGNATURE', signature(key, payload)).repeat(2)), /exactly one/],
  ['text in front of the armor', (payload) => Buffer.from(`x\n${armored('SIGNATURE', signature(key, payload))}`), /exactly one/],
  ['a message with other content', (payload) => attached(key, Buffer.concat([payload, Buffer.of(10)])), /alone counts/],
  ['a message with the content and without signature', (payload) => literal(payload), /no signature/],
  [
    'the signature of another content in front of the right one',
    (payload) => Buffer.concat([signature(key, Buffer.from('x')), literal(payload)]),
  ],
  ['the right content behind a signed message', (payload) => Buffer.concat([attached(key, Buffer.from('x')), literal(payload)])],
  ['the signed content inside another', (payload) => Buffer.concat([literal(attached(key, payload))])],
  ['seventeen bad signatures', (payload) => Buffer.concat(Array(17).fill(signature(other, payload))), /more than 16/],
  ['a number that a PKIX key would take', pkcs1Signed],
  ['the public key itself', () => keyPackets(key)],
]

const blobRows: HostileRow[] = BLOBS.map(([name, blob, why]) => ({
  name: `a PGP signature: ${name}`,
  code: 'SIGNATURE_INVALID',
  why,
  keys: [KEY],
  hostile: detached(blob),
  good: name.includes('message') || name.includes('content') ? detached((payload) => attached(key, payload)) : good,
}))

const subkey = pgpKey()
const bySubkey = signedWith({}, subkey)
const withSubkey = (options?: Parameters<typeof subkeyPackets>[2]) =>
  publicKey(Buffer.concat([keyPackets(key), subkeyPackets(key, subkey, options)]))
const YEAR = 86_400 * 365

/** Keys that must not sign, each with the attestation that is good of the same attestor. */
const KEYS: [
  name: string,
  keys: AttestorPublicKey[],
  hostile: HostileRow['hostile'],
  twin: HostileRow['hostile'],
  why?: RegExp,
][] = [
  ['a revoked key', [publicKey(withRevocation(other)), KEY], byOther({}), good, /revoked/],
  [
    'a key that had expired',
    [publicKey(keyPackets(key, [SUBPACKET.flags(3), SUBPACKET.keyExpires(YEAR)]))],
    good,
    signedWith({ created: '2024-06-01' }),
    /expired/,
  ],
  ['a key that may only certify', [publicKey(keyPackets(other, [SUBPACKET.flags(1)])), KEY], byOther({}), good],
  ['a key without flags', [publicKey(keyPackets(other, [])), KEY], byOther({}), good],
  ['a subkey without its own signature', [withSubkey({ backSignature: false })], bySubkey, good],
  ['a subkey for encryption', [withSubkey({ flags: 12 })], bySubkey, good],
  ['a revoked subkey', [withSubkey({ revoked: true })], bySubkey, good, /revoked/],
  ['a subkey that was left out', [KEY], bySubkey, good, /not part of this key/],
]

function byOther(options: SignatureOptions): HostileRow['hostile'] {
  return (digest) => attested(idOf(other), payloadOf(digest), signature(other, payloadOf(digest), options))
}

const keyRows: HostileRow[] = KEYS.map(([name, keys, hostile, twin, why]) => ({
  name: `PGP: ${name}`,
  code: 'SIGNATURE_INVALID',
  why,
  keys,
  hostile,
  good: twin,
}))

const anybodys = pgpKey('2024-01-01', newRsaPair(), 1)

export const pgpRows: HostileRow[] = [
  ...optionRows,
  ...blobRows,
  ...keyRows,
  {
    name: 'a PGP message without payload beside it: over another digest',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    keys: [KEY],
    hostile: (digest) => ({ ...detached(() => attached(key, payloadOf(otherDigest(digest))))(digest), serializedPayload: '' }),
    good: (digest) => ({ ...detached((payload) => attached(key, payload))(digest), serializedPayload: '' }),
  },
  {
    name: 'a PGP signature without payload beside it',
    code: 'SIGNATURE_INVALID',
    why: /needs the serialized payload/,
    keys: [KEY],
    hostile: (digest) => ({ ...good(digest), serializedPayload: '' }),
    good,
  },
  {
    name: 'a PGP signature under the id of a PKIX key',
    code: 'SIGNATURE_INVALID',
    keys: [EC_KEY, KEY],
    hostile: (digest) => attested('urn:ec', payloadOf(digest), signature(key, payloadOf(digest))),
    good,
  },
  {
    name: 'a PKIX signature under the fingerprint of a PGP key',
    code: 'SIGNATURE_INVALID',
    keys: [EC_KEY, KEY],
    hostile: (digest) => attested(idOf(key), payloadOf(digest), ecSigned(payloadOf(digest))),
    good,
  },
  {
    name: 'a PGP key with the exponent 1',
    code: 'SIGNATURE_INVALID',
    why: /prove nothing/,
    keys: [publicKey(keyPackets(other)), KEY],
    storedInstead: { id: idOf(anybodys), ...publicKey(keyPackets(anybodys)) },
    hostile: (digest) => attested(idOf(anybodys), payloadOf(digest), signature(anybodys, payloadOf(digest))),
    good,
  },
]

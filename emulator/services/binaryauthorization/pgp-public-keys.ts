// Reads an ASCII-armored PGP public key (RFC 4880, RFC 9580). The armor and the sequence of packets are read here, strictly, because
// openpgp is lenient where an attestor must be exact: it takes the first of two blocks and skips packets that it does not know, and a
// revocation in such a packet would be lost. The meaning of the packets is openpgp's.
import { createHash } from 'node:crypto'
import type { Key, PartialConfig, Subkey } from 'openpgp'
import { invalidArgument } from '../../core/status.ts'

export interface PgpPublicKey {
  key: Key
  /** RFC 4880 V4 fingerprint, 40 upper-case hex digits. */
  fingerprint: string
  /** The key as a whole is revoked: by its owner, a designated revoker or somebody else, for whatever reason and at whatever time. */
  revoked: boolean
  /** Key ids (16 lower-case hex digits) of the revoked subkeys. */
  revokedSubkeys: ReadonlySet<string>
}

const MAX_KEY_LENGTH = 1024 * 1024
const TAG = { signature: 2, publicKey: 6, trust: 12, userId: 13, publicSubkey: 14, userAttribute: 17 }
const KEY_TAGS = new Set([TAG.publicKey, TAG.publicSubkey])
const SECRET_TAGS = new Set([5, 7])
const ALLOWED_TAGS = new Set(Object.values(TAG))
const KEY_REVOCATION = 0x20
const SUBKEY_REVOCATION = 0x28

interface Packet {
  tag: number
  body: Buffer
}

/** The block `label` of an ASCII-armored text that holds nothing else (RFC 9580 section 6); the checksum is ignored, as that RFC asks.
 * @returns undefined for text that is not exactly one well-formed block */
export function dearmor(text: string): { label: string; data: Buffer } | undefined {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
  const label = /^-----BEGIN PGP ([A-Z0-9 ]+)-----$/.exec(lines[0] ?? '')?.[1]
  const blank = lines.indexOf('')
  if (label === undefined || lines.at(-1) !== `-----END PGP ${label}-----` || blank < 0) return undefined
  if (!lines.slice(1, blank).every((header) => /^[A-Za-z0-9]+: /.test(`${header} `))) return undefined
  const body = lines.slice(blank + 1, -1).filter((line) => line !== '')
  if (/^=[A-Za-z0-9+/]{4}$/.test(body.at(-1) ?? '')) body.pop()
  const base64 = body.join('')
  const data = Buffer.from(base64, 'base64')
  return data.length > 0 && data.toString('base64') === base64 ? { label, data } : undefined
}

/** Reads the one public key of an armored text.
 * @throws INVALID_ARGUMENT for private keys, several keys, keys that are not version 4, RSA numbers with which anybody could sign (of
 * the key or of a subkey), and everything malformed */
export async function readPgpPublicKey(armored: string): Promise<PgpPublicKey> {
  const block = armored.length <= MAX_KEY_LENGTH ? dearmor(armored) : undefined
  if (!block) throw invalidArgument(`${INVALID}: it must be exactly one ASCII-armored block, the output of gpg --armor --export.`)
  if (block.label !== 'PUBLIC KEY BLOCK')
    throw invalidArgument(`${INVALID}: its armor must be PGP PUBLIC KEY BLOCK, not PGP ${block.label}.`)
  const packets = packetsOf(block.data)
  if (!packets) throw invalidArgument(`${INVALID}: it is malformed.`)
  const { fingerprint, fingerprints, revoked, revokedSubkeys } = transferablePublicKey(packets)
  const key = await parse(block.data)
  // openpgp takes a fingerprint of what it understood of a key packet; a difference means that bytes of it were skipped.
  if (
    !key ||
    key.getFingerprint().toUpperCase() !== fingerprint ||
    !key.getKeys().every((each) => fingerprints.has(each.getFingerprint()))
  )
    throw invalidArgument(`${INVALID}: it is malformed.`)
  const worthless = key.getKeys().find(isWorthless)
  if (worthless)
    throw invalidArgument(
      `${INVALID}: its RSA key ${worthless.getKeyID().toHex().toUpperCase()} has an even modulus, or a public exponent that is even, 1 or longer than ${MAX_EXPONENT_BITS} bits, so that its signatures prove nothing.`,
    )
  return { key, fingerprint, revoked, revokedSubkeys }
}

const INVALID = 'Invalid ascii_armored_pgp_public_key'

async function parse(binaryKeys: Buffer): Promise<Key | undefined> {
  const { readKeys } = await import('openpgp')
  try {
    const keys = await readKeys({ binaryKeys, config: PARSING })
    return keys.length === 1 && keys[0] && !keys[0].isPrivate() ? keys[0] : undefined
  } catch {
    return undefined
  }
}

/** Said explicitly, although these are openpgp's defaults: its configuration is global and mutable. Packets of unknown versions are
 * tolerated (old keys carry version 3 certifications of third parties), malformed ones are not. */
export const PARSING = {
  enableParsingV5Entities: false,
  additionalAllowedPackets: [],
  ignoreMalformedPackets: false,
  ignoreUnsupportedPackets: true,
  enforceGrammar: true,
} satisfies PartialConfig

/** The longest RSA exponent that BoringSSL, which Google verifies with, takes; longer ones only make verifying slow. */
export const MAX_EXPONENT_BITS = 33
export const isOversizedExponent = (exponent: bigint) => exponent >> BigInt(MAX_EXPONENT_BITS) > 0n

/** RSA numbers that no honest key has: with the exponent 1 everything is its own signature. Other odd exponents are good, however
 * small: GnuPG used to choose 41 and 17. openpgp asks for none of this. */
function isWorthless({ keyPacket }: Key | Subkey): boolean {
  const { n, e } = keyPacket.publicParams as { n?: Uint8Array; e?: Uint8Array }
  if (!n || !e) return false
  const [modulus, exponent] = [n, e].map((bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)) as [bigint, bigint]
  return modulus % 2n === 0n || exponent % 2n === 0n || exponent < 3n || isOversizedExponent(exponent)
}

const ALGORITHMS = new Set(['nistP256', 'nistP384', 'nistP521', 'ed25519Legacy', 'ed25519', 'ed448'])

/** The name of a key's algorithm if its signatures are not verified: DSA, secp256k1 and RSA below 2048 bits are too weak for openpgp,
 * Brainpool curves it cannot compute, and the rest does not sign. */
export function unsupportedAlgorithm(key: Key | Subkey): string | undefined {
  const { algorithm, bits, curve } = key.getAlgorithmInfo()
  if (algorithm === 'rsaEncryptSign' || algorithm === 'rsaSign') return bits! < 2048 ? `rsa${bits}` : undefined
  return ALGORITHMS.has(curve ?? algorithm) ? undefined : (curve ?? algorithm)
}

/** Splits binary key material into its packets; undefined where lengths do not add up. Only message data may have partial lengths. */
function packetsOf(data: Buffer): Packet[] | undefined {
  const packets: Packet[] = []
  let at = 0
  const take = (bytes: number) => {
    at += bytes
    return data.readUIntBE(at - bytes, bytes)
  }
  const oldLengths = [() => take(1), () => take(2), () => take(4), () => -1]
  const newLength = (first: number) => {
    if (first < 192) return first
    if (first < 224) return ((first - 192) << 8) + take(1) + 192
    return first === 255 ? take(4) : -1
  }
  try {
    while (at < data.length) {
      const header = take(1)
      const isNew = (header & 0x40) !== 0
      const length = isNew ? newLength(take(1)) : oldLengths[header & 3]!()
      if ((header & 0x80) === 0 || length < 0 || at + length > data.length) return undefined
      const tag = isNew ? header & 0x3f : (header >> 2) & 0xf
      // A V4 fingerprint counts the length of the key packet in two bytes.
      if (length > 0xffff && KEY_TAGS.has(tag)) return undefined
      packets.push({ tag, body: data.subarray(at, at + length) })
      at += length
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  return packets
}

/** A V4 key packet's fingerprint, in lower-case hex (RFC 4880 section 12.2); its last 16 digits are the key id. */
function fingerprintOf(body: Buffer): string {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length)
  return createHash('sha1').update(Buffer.of(0x99)).update(length).update(body).digest('hex')
}

/** The type of a signature packet: version 3 has it behind a length octet, later versions directly behind the version. */
const signatureType = (body: Buffer) => body[body[0] === 3 ? 2 : 1]

/** Checks that the packets are one V4 public key, and finds what is revoked. A revocation counts without its signature being checked:
 * whoever puts one into an attestor's key means it, and one that cannot be checked must not be overlooked. */
function transferablePublicKey(packets: Packet[]) {
  const [primary, ...rest] = packets
  if (packets.some(({ tag }) => SECRET_TAGS.has(tag))) throw invalidArgument(`${INVALID}: it holds a private key.`)
  if (primary?.tag !== TAG.publicKey) throw invalidArgument(`${INVALID}: it does not begin with a public key.`)
  if (rest.some(({ tag }) => tag === TAG.publicKey)) throw invalidArgument(`${INVALID}: it holds more than one key.`)
  if (packets.some(({ tag }) => !ALLOWED_TAGS.has(tag)))
    throw invalidArgument(`${INVALID}: it holds packets that are no part of a key.`)
  if (primary.body[0] !== 4) throw invalidArgument(`${INVALID}: key version ${primary.body[0]} is not supported, only version 4.`)
  const fingerprint = fingerprintOf(primary.body)
  const fingerprints = new Set([fingerprint])
  const keyIds = new Set([fingerprint.slice(-16)])
  const revokedSubkeys = new Set<string>()
  let revoked = false
  let subkey = ''
  for (const { tag, body } of rest) {
    if (tag === TAG.publicSubkey) {
      const ofSubkey = fingerprintOf(body)
      fingerprints.add(ofSubkey)
      subkey = ofSubkey.slice(-16)
      // Signatures name their key by this id, so it must mean one key.
      if (keyIds.has(subkey)) throw invalidArgument(`${INVALID}: two of its keys have the ID ${subkey.toUpperCase()}.`)
      keyIds.add(subkey)
    } else if (tag === TAG.signature) {
      const type = signatureType(body)
      // In front of the first subkey nobody can say what a subkey revocation revokes.
      revoked ||= type === KEY_REVOCATION || (type === SUBKEY_REVOCATION && !subkey)
      if (type === SUBKEY_REVOCATION) revokedSubkeys.add(subkey)
    }
  }
  return { fingerprint: fingerprint.toUpperCase(), fingerprints, revoked, revokedSubkeys }
}

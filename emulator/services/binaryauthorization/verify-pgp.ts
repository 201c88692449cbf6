// Verifies a signature with a PGP key of an attestor: detached, or a message that carries what it signs, as `gpg --armor --sign` of
// Google's instructions prints (https://cloud.google.com/binary-authorization/docs/making-attestations).
// Two steps: examinePgp asks everything that depends on the bytes alone, so that its answer can be remembered; judgePgp adds the time.
import type { Config, Key, Message, SignaturePacket, Subkey } from 'openpgp'
import { MAX_PAYLOAD_BYTES } from './payload.ts'
import { dearmor, PARSING, type PgpPublicKey, readPgpPublicKey, unsupportedAlgorithm } from './pgp-public-keys.ts'

type Form = 'detached' | 'attached'

/** `payload` is what the signature is over. `why` is a sentence for the user. */
export type PgpVerdict =
  | { readonly verified: true; readonly form: Form; readonly payload: Buffer; readonly why?: undefined }
  | { readonly verified: false; readonly why: string; readonly form?: undefined; readonly payload?: undefined }

/** What the bytes say, at whatever time they are asked. Nothing in it is verified before judgePgp. */
export type PgpExamination =
  | {
      readonly form: Form
      readonly payload: Buffer
      readonly signatures: readonly ExaminedSignature[]
      readonly problem?: undefined
    }
  | { readonly problem: string }

/** Good, from `created` until `expires`, if it has no `problem`. */
interface ExaminedSignature {
  readonly created: Date
  readonly expires?: Date
  readonly problem?: string
}

const MAX_SIGNATURE_BYTES = 128 * 1024
/** Each signature packet costs a verification. */
const MAX_PACKETS = 16

/** How far the signer's clock may be ahead of ours. */
const CLOCK_SKEW_MS = 5 * 60 * 1000

/** Verifies `signature` (ASCII-armored or binary) with a PGP key: its primary key, or a subkey that it binds for signing.
 *
 * - Detached: over `payload`, which must not be empty.
 * - Attached (also compressed): with a payload, the message's content must be that payload byte for byte; without one, the content is
 *   the payload, and is returned.
 * - The key must have been valid when the signature was made; that it expired since is no matter. A revoked key or subkey never
 *   verifies, whatever the reason and time of its revocation, since a thief can date signatures back.
 * - The signature must not lie in the future of `now` by more than 5 minutes, nor be expired itself.
 * - Refused: MD5, RIPEMD-160 and SHA-1 digests, DSA, secp256k1 and Brainpool curves, RSA below 2048 bits, text and cleartext signatures.
 * - One good signature suffices.
 *
 * Never throws for any key, payload or signature: what cannot be verified is not verified. */
export async function verifyPgp(
  armoredKey: string,
  payload: Buffer | undefined,
  signature: Buffer,
  now: Date,
): Promise<PgpVerdict> {
  return judgePgp(await examinePgp(armoredKey, payload, signature), now)
}

/** The verdict on an examination at the time `now`. */
export function judgePgp(examination: PgpExamination, now: Date): PgpVerdict {
  if (examination.problem !== undefined) return { verified: false, why: examination.problem }
  const { form, payload, signatures } = examination
  const problems = signatures.map((signature) => problemAt(now, signature))
  // A copy of the payload: examinations are remembered, and whoever gets a buffer could write to it.
  if (problems.includes(undefined)) return { verified: true, form, payload: Buffer.from(payload) }
  return { verified: false, why: [...new Set(problems)].join(' ') || 'It holds no signature over a document.' }
}

function problemAt(now: Date, { created, expires, problem }: ExaminedSignature): string | undefined {
  if (problem !== undefined) return problem
  if (!(created.getTime() <= now.getTime() + CLOCK_SKEW_MS)) return `It was made in the future, at ${created.toISOString()}.`
  return expires && !(now < expires) ? `It expired at ${expires.toISOString()}.` : undefined
}

/** All of verifyPgp that does not depend on the time of asking: the same arguments have the same answer for ever. */
export async function examinePgp(armoredKey: string, payload: Buffer | undefined, signature: Buffer): Promise<PgpExamination> {
  try {
    if (signature.length === 0) throw new Refusal('The signature is empty.')
    if (signature.length > MAX_SIGNATURE_BYTES) throw new Refusal(`The signature is larger than ${MAX_SIGNATURE_BYTES} bytes.`)
    if ((payload?.length ?? 0) > MAX_PAYLOAD_BYTES) throw new Refusal(`The payload is larger than ${MAX_PAYLOAD_BYTES} bytes.`)
    const publicKey = await readPgpPublicKey(armoredKey)
    if (publicKey.revoked) throw new Refusal(`The PGP public key ${publicKey.fingerprint} is revoked.`)
    const config = await strictConfig()
    const { results, ...signed } = await readSigned(
      publicKey.key,
      payload?.length ? payload : undefined,
      binaryOf(signature),
      config,
    )
    const signatures: ExaminedSignature[] = []
    for (const result of results) signatures.push(await examineSignature(result, publicKey, config))
    return { ...signed, signatures }
  } catch (error) {
    // Whatever went wrong, nothing was verified; and an error that escaped could fail open at admission.
    return { problem: (error as Error).message }
  }
}

class Refusal extends Error {}

function binaryOf(signature: Buffer): Buffer {
  // The first byte of a packet has its high bit set, text has not.
  if ((signature[0]! & 0x80) !== 0) return signature
  const text = signature.toString('latin1')
  if (text.trimStart().startsWith('-----BEGIN PGP SIGNED MESSAGE-----')) {
    throw new Refusal('It is a cleartext signed message, which is not supported; sign with gpg --armor --sign or --detach-sign.')
  }
  const block = dearmor(text)
  if (!block) throw new Refusal('The signature is neither a PGP packet nor exactly one ASCII-armored PGP block.')
  return block.data
}

/** openpgp's configuration, with everything that a verdict depends on said explicitly: the global one is mutable. */
async function strictConfig(): Promise<Config> {
  const { config, enums } = await import('openpgp')
  const { hash, publicKey, curve } = enums
  return {
    ...config,
    ...PARSING,
    minRSABits: 2048,
    rejectHashAlgorithms: new Set([hash.md5, hash.ripemd]),
    rejectMessageHashAlgorithms: new Set([hash.md5, hash.ripemd, hash.sha1]),
    rejectPublicKeyAlgorithms: new Set([publicKey.elgamal, publicKey.dsa]),
    rejectCurves: new Set([curve.secp256k1]),
    knownNotations: [],
    allowMissingKeyFlags: false,
    maxDecompressedMessageSize: MAX_SIGNATURE_BYTES,
    // gpg replaces self-signatures when an expiry date changes, so that the only one may be younger than the signatures that the key made.
    // openpgp then leaves the time out of account; expiredAt() puts it back.
    allowInsecureVerificationWithReformattedKeys: true,
  }
}

type VerificationResult = Awaited<ReturnType<Message<Uint8Array>['verify']>>[number]

interface Signed {
  form: Form
  payload: Buffer
  results: VerificationResult[]
}

/** Takes the signature apart and starts the verification of each part of it. `date: null` keeps the present out of the results. */
async function readSigned(key: Key, explicit: Buffer | undefined, bytes: Buffer, config: Config): Promise<Signed> {
  const { createMessage, readMessage, readSignature, verify } = await import('openpgp')
  const options = { verificationKeys: key, date: null, format: 'binary', config } as const
  const detached = await readSignature({ binarySignature: bytes, config }).catch(() => undefined)
  try {
    if (detached) {
      if (!explicit) throw new Refusal('A detached PGP signature needs the serialized payload, which the attestation has not.')
      checkNumber(detached.packets.length)
      const message = await createMessage({ binary: explicit, date: new Date(0) })
      const { signatures } = await verify({ message, signature: detached, ...options })
      return { form: 'detached', payload: Buffer.from(explicit), results: signatures }
    }
    const message = await readMessage({ binaryMessage: bytes, config })
    // Announcements of signatures (one-pass packets) and signatures in front of the content; those behind it have been announced.
    checkNumber(message.unwrapCompressed().packets.length)
    const literal = message.getLiteralData()
    if (!literal) throw new Refusal('It is a PGP message without readable content.')
    if (literal.length > MAX_PAYLOAD_BYTES) throw new Refusal(`Its content is larger than ${MAX_PAYLOAD_BYTES} bytes.`)
    const content = Buffer.from(literal)
    if (explicit && !explicit.equals(content)) {
      throw new Refusal('The content of the signed message is not the serialized payload of the attestation, which alone counts.')
    }
    const { signatures } = await verify({ message, ...options })
    return { form: 'attached', payload: content, results: signatures }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`It is neither a PGP signature nor a signed PGP message: ${(error as Error).message}.`)
  }
}

function checkNumber(packets: number) {
  if (packets > MAX_PACKETS) throw new Refusal(`It has more than ${MAX_PACKETS} packets.`)
}

async function examineSignature({ verified, signature }: VerificationResult, publicKey: PgpPublicKey, config: Config) {
  const packet = (await signature).packets[0]!
  const created = packet.created as Date
  const expires = packet.signatureNeverExpires ? undefined : (packet.getExpirationTime() as Date)
  return { created, expires, problem: await problemOf(packet, created, verified, publicKey, config) }
}

/** Everything that must hold of a signature at any time; openpgp's word (`verified`) is only a part of it. */
async function problemOf(
  packet: SignaturePacket,
  created: Date,
  verified: Promise<true>,
  publicKey: PgpPublicKey,
  config: Config,
) {
  const issuer = packet.issuerKeyID.toHex()
  const signer = publicKey.key.getKeys().find((candidate) => candidate.getKeyID().toHex() === issuer)
  if (!signer) return `It was made by the key ${issuer.toUpperCase()}, which is not part of this key.`
  const unsupported = unsupportedAlgorithm(signer)
  if (unsupported) return `Signatures of ${unsupported} keys are not supported.`
  if (packet.signatureType !== 0) return 'It is over text with normalised line ends, not over the exact bytes (gpg --textmode).'
  if (publicKey.revokedSubkeys.has(issuer)) return `It was made by the subkey ${issuer.toUpperCase()}, which is revoked.`
  try {
    if ((await verified) !== true) return 'It does not verify with this key.'
  } catch (error) {
    return `It does not verify with this key: ${(error as Error).message}.`
  }
  return (await expiredAt(created, publicKey.key, signer, config))
    ? 'The key had expired when the signature was made.'
    : undefined
}

/** Whether the newest self-signatures of the key, and of the signing subkey, say that it had expired; unknown counts as expired. */
async function expiredAt(created: Date, key: Key, signer: Key | Subkey, config: Config): Promise<boolean> {
  const expiries = [await key.getExpirationTime(undefined, config)]
  // null is "at no particular time" within openpgp, though the type of this method leaves it out.
  if (signer !== key) expiries.push(await (signer as Subkey).getExpirationTime(null as unknown as Date, config))
  return expiries.some((expiry) => expiry === null || created.getTime() >= Number(expiry))
}

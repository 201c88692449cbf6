// Remembers verdicts on signatures, so that a Pod with an image seen before costs a hash and not a verification.
import { createHash } from 'node:crypto'
import type { PkixPublicKey } from './public-keys.ts'
import { type JwtVerdict, type ReadJwt, verifyJwt } from './verify-jwt.ts'
import { examinePgp, judgePgp, type PgpVerdict } from './verify-pgp.ts'
import { type PkixVerdict, verifyPkix } from './verify-pkix.ts'

export interface VerifiedSignatures {
  /** The value that `compute` gave for exactly these parts before, or gives now. It must depend on nothing but the parts. What it
   * throws, or a promise that it rejects, is not remembered. */
  remember<T>(parts: readonly (string | Buffer)[], compute: () => T): T
  /** verifyPkix, remembered. */
  verifyPkix(key: PkixPublicKey, payload: Buffer, signature: Buffer): PkixVerdict
  /** verifyJwt, remembered; its times are for the caller to compare. */
  verifyJwt(key: PkixPublicKey, jwt: ReadJwt): JwtVerdict
  /** verifyPgp, remembered except for what depends on `now`. */
  verifyPgp(asciiArmoredPgpPublicKey: string, payload: Buffer | undefined, signature: Buffer, now: Date): Promise<PgpVerdict>
}

/** A memory of at most `capacity` verdicts; the one used longest ago goes first. It is addressed by content (the whole key with its
 * revocations, the payload, the signature), so it never goes stale: another key, payload or signature is another address, and what
 * depends on time is decided anew at each call. */
export function verifiedSignatures(capacity = 4096): VerifiedSignatures {
  const remembered = new Map<string, unknown>()

  function remember<T>(parts: readonly (string | Buffer)[], compute: () => T): T {
    const address = addressOf(parts)
    const known = remembered.has(address)
    const value = known ? (remembered.get(address) as T) : compute()
    // Re-inserting keeps the map in the order of use.
    remembered.delete(address)
    remembered.set(address, value)
    if (!known && value instanceof Promise) value.catch(() => remembered.delete(address))
    if (remembered.size > capacity) remembered.delete(remembered.keys().next().value as string)
    return value
  }

  return {
    remember,
    verifyPkix: (key, payload, signature) =>
      remember(['pkix', key.signatureAlgorithm ?? '', key.publicKeyPem ?? '', payload, signature], () =>
        Object.freeze(verifyPkix(key, payload, signature)),
      ),
    verifyJwt: (key, jwt) =>
      remember(['jwt', key.signatureAlgorithm ?? '', key.publicKeyPem ?? '', jwt.compact], () =>
        Object.freeze(verifyJwt(key, jwt)),
      ),
    verifyPgp: async (armored, payload = Buffer.alloc(0), signature, now) =>
      judgePgp(await remember(['pgp', armored, payload, signature], () => examinePgp(armored, payload, signature)), now),
  }
}

/** SHA-256 over the parts, each behind its kind and length, so that no two lists of parts have the same bytes. Strings are taken as
 * UTF-16, which unlike UTF-8 keeps unpaired surrogates apart. */
function addressOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf16le') : part
    const frame = Buffer.alloc(9)
    frame[0] = typeof part === 'string' ? 1 : 2
    frame.writeBigUInt64BE(BigInt(bytes.length), 1)
    hash.update(frame).update(bytes)
  }
  return hash.digest('base64')
}

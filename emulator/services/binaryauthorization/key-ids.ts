// Ids of public keys. A signature names its key, and the name must be that of the attestor's key to the letter.
import type { Context } from '../../core/service.ts'
import type { AttestorPublicKey } from './public-keys.ts'

const KMS_KEY =
  /^\/\/([^/]+)(\/v1\/projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+)$/

/** gcloud makes the id of a KMS key from the endpoint that it talks to: `//127.0.0.1:9080/v1/…` where production has
 * `//cloudkms.googleapis.com/v1/…`. So an authority of this emulator itself counts as production's; any other stays what it is. */
function normalized(id: string, ctx: Pick<Context, 'isOwnAuthority'>): string {
  const [, authority, path] = KMS_KEY.exec(id) ?? []
  return authority && ctx.isOwnAuthority(authority) ? `//cloudkms.googleapis.com${path}` : id
}

/** The keys of an attestor, to be found by the id that a signature names. */
export interface KeyRing {
  readonly keys: AttestorPublicKey[]
  /** More than one only where two ids name the same KMS key, once by its real host and once by this emulator's. */
  find(id: string): AttestorPublicKey[]
}

export function keyRing(keys: AttestorPublicKey[], ctx: Pick<Context, 'isOwnAuthority'>): KeyRing {
  const byId = new Map<string, AttestorPublicKey[]>()
  for (const key of keys) {
    const id = normalized(key.id ?? '', ctx)
    byId.set(id, [...(byId.get(id) ?? []), key])
  }
  return { keys, find: (id) => byId.get(normalized(id, ctx)) ?? [] }
}

// Ids of public keys. A signature names its key, and the name must be that of the attestor's key to the letter.
import type { Context } from '../../core/service.ts'

const KMS_KEY =
  /^\/\/([^/]+)(\/v1\/projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+)$/

/** gcloud makes the id of a KMS key from the endpoint that it talks to: `//127.0.0.1:9080/v1/…` where production has
 * `//cloudkms.googleapis.com/v1/…`. So an authority of this emulator itself counts as production's; any other stays what it is. */
function normalized(id: string, ctx: Pick<Context, 'isOwnAuthority'>): string {
  const [, authority, path] = KMS_KEY.exec(id) ?? []
  return authority && ctx.isOwnAuthority(authority) ? `//cloudkms.googleapis.com${path}` : id
}

export const sameKeyId = (a: string, b: string, ctx: Pick<Context, 'isOwnAuthority'>) =>
  a === b || normalized(a, ctx) === normalized(b, ctx)

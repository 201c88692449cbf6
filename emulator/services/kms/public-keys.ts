// GetPublicKey (https://cloud.google.com/kms/docs/retrieve-public-key).
import { createPublicKey } from 'node:crypto'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { crc32c } from './crc32c.ts'
import { getCryptoKeyVersion } from './crypto-key-versions.ts'
import { findKeyMaterial } from './store.ts'
import { requireEnabled, requirePurpose } from './version-state.ts'

type Schemas = components['schemas']

/** The bytes of `publicKey.data` by format; the others are for post-quantum algorithms. */
const FORMATS: Record<string, (pem: string) => Buffer> = {
  PEM: (pem) => Buffer.from(pem),
  DER: (pem) => createPublicKey(pem).export({ type: 'spki', format: 'der' }),
}

/** Without `publicKeyFormat` the answer has `pem`, with it `publicKey` in that format instead. */
export function getPublicKey({ name, publicKeyFormat }: Schemas['GetPublicKeyRequest'], ctx: Context): Schemas['PublicKey'] {
  const version = getCryptoKeyVersion({ name }, ctx)
  requireEnabled(version)
  requirePurpose(version, 'ASYMMETRIC_SIGN')
  const { protectionLevel, algorithm } = version
  const pem = findKeyMaterial(ctx.db, version.name!)!.publicKeyPem!
  const common = { name: version.name, algorithm, protectionLevel }
  if (!publicKeyFormat) return { ...common, pem, pemCrc32c: String(crc32c(Buffer.from(pem))) }
  const encode = FORMATS[publicKeyFormat]
  if (!encode) throw invalidArgument(`The public key format ${publicKeyFormat} is not supported for the algorithm ${algorithm}.`)
  const data = encode(pem)
  const publicKey = { data: data.toString('base64'), crc32cChecksum: String(crc32c(data)) }
  return { ...common, publicKeyFormat, publicKey }
}

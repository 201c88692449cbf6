// AsymmetricSign (https://cloud.google.com/kms/docs/create-validate-signatures), over a digest or over data that is hashed here.
import { type Context, io } from '../../core/service.ts'
import { aborted, invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { signingAlgorithm } from './algorithms.ts'
import { crc32c } from './crc32c.ts'
import { getCryptoKeyVersion } from './crypto-key-versions.ts'
import { signData, signDigest } from './sign.ts'
import { findKeyMaterial } from './store.ts'
import { requireEnabled, requirePurpose } from './version-state.ts'

type Schemas = components['schemas']
type Request = Schemas['AsymmetricSignRequest']

const DIGEST_BYTES = { sha256: 32, sha384: 48, sha512: 64 }
const MAX_DATA_BYTES = 65_536

interface Signed {
  version: Schemas['CryptoKeyVersion']
  signature: Buffer
  /** Of a signature that took its time: the key, which may be no more what the version has. */
  privateKey?: Buffer
}

/** RSA is signed on other threads. Whoever disables a version meanwhile gets no signature of it after that, so the end checks again. ECDSA is
 * signed at once, from what was read just before. */
export const asymmetricSign = {
  ...io(
    async (request: Request, ctx): Promise<Signed> => {
      const version = signingVersion(request, ctx)
      const { digest, data } = checkedInput(request, version.algorithm!)
      const { privateKey } = findKeyMaterial(ctx.db, version.name!)!
      const signed = digest ? signDigest(version.algorithm!, privateKey, digest) : signData(version.algorithm!, privateKey, data!)
      return signed instanceof Promise ? { version, signature: await signed, privateKey } : { version, signature: signed }
    },
    (request: Request, ctx, { version, signature, privateKey }: Signed): Schemas['AsymmetricSignResponse'] => {
      if (privateKey) checkUnchanged(request, ctx, privateKey)
      return {
        signature: signature.toString('base64'),
        signatureCrc32c: String(crc32c(signature)),
        verifiedDigestCrc32c: request.digestCrc32c !== undefined,
        verifiedDataCrc32c: request.dataCrc32c !== undefined,
        name: version.name,
        protectionLevel: version.protectionLevel,
      }
    },
  ),
  isSingleWrite: true,
}

/** Refuses as at the beginning; after a reset, the same name can also stand for another key. */
function checkUnchanged(request: Request, ctx: Context, privateKey: Buffer) {
  const { name } = signingVersion(request, ctx)
  if (!findKeyMaterial(ctx.db, name!)!.privateKey.equals(privateKey))
    throw aborted(`${name} has been replaced while the signature was made. Please retry.`)
}

function signingVersion({ name }: Request, ctx: Context): Schemas['CryptoKeyVersion'] {
  const version = getCryptoKeyVersion({ name }, ctx)
  requireEnabled(version)
  requirePurpose(version, 'ASYMMETRIC_SIGN')
  return version
}

function checkedInput(request: Request, algorithm: string): { digest?: Buffer; data?: Buffer } {
  if (request.digest && request.data) throw invalidArgument('Only one of digest and data may be set.')
  const { digest: digestName } = signingAlgorithm(algorithm)
  const digest = request.digest && bytes(request.digest[digestName])
  const data = bytes(request.data)
  if (request.digest && !digest) throw invalidArgument(`${algorithm} needs a digest in the field digest.${digestName}.`)
  if (!digest && !data) throw invalidArgument('One of digest and data must be set.')
  if (digest && digest.length !== DIGEST_BYTES[digestName])
    throw invalidArgument(`digest.${digestName} must have ${DIGEST_BYTES[digestName]} bytes, not ${digest.length}.`)
  if (data && data.length > MAX_DATA_BYTES)
    throw invalidArgument(`data must have at most ${MAX_DATA_BYTES} bytes, not ${data.length}.`)
  checkCrc32c('digest', digest, request.digestCrc32c)
  checkCrc32c('data', data, request.dataCrc32c)
  return { digest, data }
}

const bytes = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'))

/** gcloud looks for exactly this sentence. */
function checkCrc32c(field: string, value: Buffer | undefined, checksum: string | undefined) {
  if (checksum === undefined || (value && Number(checksum) === crc32c(value))) return
  throw invalidArgument(`The checksum in field ${field}_crc32c did not match the data in field ${field}.`)
}

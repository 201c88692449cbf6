// The keys that Cloud Build signs with: Google's own, in Cloud KMS of the project `verified-builder`, whose public parts anybody may read
// (`gcloud kms keys versions get-public-key 1 --keyring attestor --key google-hosted-worker --project verified-builder --location global`).
import { generateKeyPairSync } from 'node:crypto'
import type { Context } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import {
  createCryptoKeyFromPem,
  createKeyRing,
  findCryptoKey,
  findKeyMaterial,
  getKeyRing,
  getPublicKey,
  signData,
} from '../kms/index.ts'

const PROJECT = 'verified-builder'

/** SLSA provenance v1. */
export const HOSTED_WORKER = keyVersion('global', 'google-hosted-worker')
/** SLSA provenance v0.1, beside the regional key. */
export const PROVENANCE_SIGNER = keyVersion('global', 'provenanceSigner')
/** What `built-by-cloud-build` trusts, and in its region what else signs SLSA provenance v0.1. */
export const builtByCloudBuild = (location: string) => keyVersion(location, 'builtByGCB')

function keyVersion(location: string, key: string) {
  return `projects/${PROJECT}/locations/${location}/keyRings/attestor/cryptoKeys/${key}/cryptoKeyVersions/1`
}

const ALGORITHM = 'EC_SIGN_P256_SHA256'

/** An ECDSA P-256 signature (DER) in base64, made at once. Throws what Cloud KMS does where somebody has disabled the key. */
export function signature(keyVersionName: string, data: Buffer, ctx: Context): string {
  publicKeyPem(keyVersionName, ctx)
  const signed = signData(ALGORITHM, findKeyMaterial(ctx.db, keyVersionName)!.privateKey, data)
  if (signed instanceof Promise) throw new Error(`${ALGORITHM} does not sign at once`)
  return signed.toString('base64')
}

/** The public key of an enabled version; FAILED_PRECONDITION for one that is not. */
export function publicKeyPem(keyVersionName: string, ctx: Context): string {
  ensureKey(keyVersionName, ctx)
  return getPublicKey({ name: keyVersionName }, ctx).pem!
}

/** Makes the key at its first use: who never builds has no key that he did not make. */
function ensureKey(keyVersionName: string, ctx: Context) {
  const [location, ring, key] = keyVersionName
    .split('/')
    .flatMap((part, index) => (index % 2 ? [part] : []))
    .slice(1, 4) as [string, string, string]
  const parent = `projects/${PROJECT}/locations/${location}`
  const keyRing = `${parent}/keyRings/${ring}`
  if (findCryptoKey(`${keyRing}/cryptoKeys/${key}`, ctx)) return
  if (!exists(() => getKeyRing({ name: keyRing }, ctx))) createKeyRing({ parent, keyRingId: ring }, ctx)
  const cryptoKey = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: ALGORITHM } } as const
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  createCryptoKeyFromPem({ parent: keyRing, cryptoKeyId: key, cryptoKey }, pem, ctx)
}

function exists(get: () => unknown): boolean {
  try {
    get()
    return true
  } catch (error) {
    if (error instanceof StatusError && error.code === 'NOT_FOUND') return false
    throw error
  }
}

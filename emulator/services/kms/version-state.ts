// Stored CryptoKeyVersions and what they are now: https://cloud.google.com/kms/docs/key-states
// Time alone moves a version from PENDING_GENERATION to ENABLED and from DESTROY_SCHEDULED to DESTROYED, so both are derived on reading.

import { formatTimestamp, parseTimestamp } from '../../core/clock.ts'
import { collection } from '../../core/collection.ts'
import { atomically } from '../../core/database.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { type CryptoKeyPurpose, findAlgorithm, supportedAlgorithm } from './algorithms.ts'
import { generateKeyMaterial, type KeyMaterial } from './key-material.ts'
import { deleteKeyMaterial, insertKeyMaterial } from './store.ts'

type Schemas = components['schemas']
type CryptoKey = Schemas['CryptoKey']
type CryptoKeyVersion = Schemas['CryptoKeyVersion']
type State = NonNullable<CryptoKeyVersion['state']>

/** How long an asymmetric version stays PENDING_GENERATION: the answer that creates it says so, and the next request, which cannot come
 * so soon, finds it ready. Production takes longer, but a wait that a client meets only now and then would make tests unreliable. */
const GENERATION_NANOS = 10_000n

export const cryptoKeyVersions = (ctx: Context) => collection<CryptoKeyVersion>(ctx.db, 'kms_crypto_key_versions')

/** RSA material, whose generation must be awaited outside the transaction; undefined for other algorithms, which are made in it. */
export async function awaitedKeyMaterial(algorithm: string): Promise<KeyMaterial | undefined> {
  return supportedAlgorithm(algorithm).key.kind === 'rsa' ? generateKeyMaterial(algorithm) : undefined
}

export interface NewVersion {
  /** What it becomes once generated. */
  state?: 'ENABLED' | 'DISABLED'
  /** Nanoseconds since the epoch; now unless given. */
  createTime?: bigint
  /** Nanoseconds since the epoch; unless given at once for symmetric keys, after GENERATION_NANOS for asymmetric ones. */
  generateTime?: bigint
}

/** Stores the next version of a key, made by the key's template, and returns its document. */
export function addVersion(key: CryptoKey, material: KeyMaterial, ctx: Context, options: NewVersion = {}): CryptoKeyVersion {
  const { state = 'ENABLED', createTime = ctx.nanos() } = options
  const { generateTime = material.publicKeyPem ? createTime + GENERATION_NANOS : createTime } = options
  // versions are never deleted, so their count is the last number
  const number = String(cryptoKeyVersions(ctx).count(key.name!) + 1)
  const version: CryptoKeyVersion = {
    name: `${key.name}/cryptoKeyVersions/${number}`,
    state,
    createTime: formatTimestamp(createTime, 9),
    generateTime: formatTimestamp(generateTime, 9),
    ...key.versionTemplate,
  }
  if (!cryptoKeyVersions(ctx).insert(version.name!, key.name!, version, number.padStart(10, '0')))
    throw new Error(`${version.name} exists already.`)
  insertKeyMaterial(ctx.db, version.name!, material)
  return version
}

/** The version of that name as it is now; undefined if there is none. */
export function findVersion(name: string, ctx: Context): CryptoKeyVersion | undefined {
  const stored = cryptoKeyVersions(ctx).get(name)
  return stored && currentVersion(stored, ctx)
}

/** What a stored version is now. One whose time to be destroyed has come is stored so, and loses its key material for good. */
export function currentVersion(stored: CryptoKeyVersion, ctx: Context): CryptoKeyVersion {
  const now = ctx.nanos()
  if (now < parseTimestamp(stored.generateTime!)) return { ...stored, state: 'PENDING_GENERATION', generateTime: undefined }
  const { state, destroyTime } = stored
  if (state !== 'DESTROY_SCHEDULED' || now < parseTimestamp(destroyTime!)) return stored
  return atomically(ctx.db, () => {
    deleteKeyMaterial(ctx.db, stored.name!)
    return storeVersion({ ...stored, state: 'DESTROYED', destroyTime: undefined, destroyEventTime: destroyTime }, ctx)
  })
}

export function storeVersion(version: CryptoKeyVersion, ctx: Context): CryptoKeyVersion {
  cryptoKeyVersions(ctx).update(version.name!, version)
  return version
}

/** FAILED_PRECONDITION unless the version is in one of the states from which the request may move it. */
export function requireState({ name, state }: CryptoKeyVersion, ...allowed: State[]) {
  if (!allowed.includes(state!))
    throw failedPrecondition(
      `The request cannot be fulfilled. Resource ${name} has value ${state} in field crypto_key_version.state.`,
    )
}

/** FAILED_PRECONDITION unless the version may be used for cryptographic operations. */
export function requireEnabled({ name, state }: CryptoKeyVersion) {
  if (state !== 'ENABLED') throw failedPrecondition(`${name} is not enabled, current state is: ${state}.`, `KEY_${state}`, name)
}

/** FAILED_PRECONDITION unless the version is of a key with that purpose. */
export function requirePurpose({ name, algorithm }: CryptoKeyVersion, purpose: CryptoKeyPurpose) {
  const actual = findAlgorithm(algorithm!)?.purpose
  if (actual !== purpose) throw failedPrecondition(`Operation requested for Key ${name} has incorrect key purpose: ${actual}`)
}

// Crypto keys (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).
import { collection, page } from '../../core/collection.ts'
import { atomically } from '../../core/database.ts'
import { applyMask, maskPaths } from '../../core/field-mask.ts'
import { type Context, io } from '../../core/service.ts'
import { alreadyExists, failedPrecondition, invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { CREATE_FIELDS, checkedCryptoKey, FILTERABLE_FIELDS, OUTPUT_ONLY_FIELDS } from './crypto-key-fields.ts'
import { generateKeyMaterialSync, importKeyMaterial, type KeyMaterial } from './key-material.ts'
import { checkResourceId, getKeyRing, LIST_LIMITS } from './key-rings.ts'
import { CRYPTO_KEY, KEY_RING } from './names.ts'
import { rotate, rotationIsDue } from './rotation.ts'
import { addVersion, awaitedKeyMaterial, findVersion, type NewVersion, requireEnabled } from './version-state.ts'

type Schemas = components['schemas']
type CryptoKey = Schemas['CryptoKey']

/** Of `primary` only the name is stored: the rest is what the version is when the key is read. */
const cryptoKeys = (ctx: Context) => collection<CryptoKey>(ctx.db, 'kms_crypto_keys')

/** RSA generation takes long enough for the ring or the name to be different afterwards, so all is checked before and again after it. */
export const createCryptoKey = io(
  async (request: Schemas['CreateCryptoKeyRequest'], ctx) => {
    const key = newCryptoKey(request, ctx)
    return request.skipInitialVersionCreation ? undefined : awaitedKeyMaterial(key.versionTemplate!.algorithm!)
  },
  (request: Schemas['CreateCryptoKeyRequest'], ctx, material: KeyMaterial | undefined): CryptoKey => {
    const key = newCryptoKey(request, ctx)
    if (request.skipInitialVersionCreation) return insertCryptoKey(key, request.parent!, ctx)
    return insertCryptoKey(key, request.parent!, ctx, material ?? generateKeyMaterialSync(key.versionTemplate!.algorithm!))
  },
)

/** CreateCryptoKey whose version 1 has the private key in `pem` (PKCS#8, SEC1 or PKCS#1), as seeds carry it; the version is ENABLED
 * at once. The same errors, and INVALID_ARGUMENT where the key is not one for the algorithm of the template. */
export function createCryptoKeyFromPem(request: Schemas['CreateCryptoKeyRequest'], pem: string, ctx: Context): CryptoKey {
  const key = newCryptoKey(request, ctx)
  if (request.skipInitialVersionCreation)
    throw invalidArgument('skip_initial_version_creation cannot be set where the first version is given.')
  return insertCryptoKey(key, request.parent!, ctx, importedMaterial(key, pem), { generateTime: ctx.nanos() })
}

function importedMaterial(key: CryptoKey, pem: string): KeyMaterial {
  try {
    return importKeyMaterial(key.versionTemplate!.algorithm!, pem)
  } catch (error) {
    throw invalidArgument((error as Error).message)
  }
}

function newCryptoKey(request: Schemas['CreateCryptoKeyRequest'], ctx: Context): CryptoKey {
  const { parent, cryptoKeyId, cryptoKey = {} } = request
  const { project, location, keyRing } = KEY_RING.parse(parent, 'parent')
  const name = CRYPTO_KEY.format({ project, location, keyRing, cryptoKey: checkResourceId(cryptoKeyId, 'crypto_key_id') })
  getKeyRing({ name: parent }, ctx)
  for (const field of Object.keys(cryptoKey)) // seeds come here without the check of fields that requests have behind them
    if (![...CREATE_FIELDS, ...OUTPUT_ONLY_FIELDS].includes(field)) throw unimplemented(`Field cryptoKey.${field}`)
  const { primary: _, ...fields } = checkedCryptoKey(cryptoKey, ctx)
  if (cryptoKeys(ctx).get(name)) throw alreadyExists(`CryptoKey ${name} already exists.`)
  return { ...fields, name, createTime: ctx.timestamp(9) }
}

function insertCryptoKey(key: CryptoKey, parent: string, ctx: Context, material?: KeyMaterial, version?: NewVersion): CryptoKey {
  const first = material && addVersion(key, material, ctx, version)
  const stored: CryptoKey = { ...key, ...(first && key.purpose === 'ENCRYPT_DECRYPT' && { primary: { name: first.name } }) }
  cryptoKeys(ctx).insert(key.name!, parent, stored)
  return shown(stored, ctx)
}

/** The key as it is stored, after the rotations that are due; undefined if there is none. */
export function findCryptoKey(name: string, ctx: Context): CryptoKey | undefined {
  const stored = cryptoKeys(ctx).get(name)
  return stored && rotatedCryptoKey(stored, ctx)
}

/** The same, or Cloud KMS's NOT_FOUND. */
export function currentCryptoKey(name: string, ctx: Context): CryptoKey {
  const key = findCryptoKey(name, ctx)
  if (!key) throw notFound(`CryptoKey ${name} not found.`)
  return key
}

function rotatedCryptoKey(stored: CryptoKey, ctx: Context): CryptoKey {
  if (!rotationIsDue(stored, ctx)) return stored
  return atomically(ctx.db, () => storeCryptoKey(rotate(stored, ctx), ctx))
}

function storeCryptoKey(key: CryptoKey, ctx: Context): CryptoKey {
  cryptoKeys(ctx).update(key.name!, key)
  return key
}

function shown(key: CryptoKey, ctx: Context): CryptoKey {
  return key.primary ? { ...key, primary: findVersion(key.primary.name!, ctx) } : key
}

export function getCryptoKey({ name = '' }: Schemas['GetCryptoKeyRequest'], ctx: Context): CryptoKey {
  CRYPTO_KEY.parse(name)
  return shown(currentCryptoKey(name, ctx), ctx)
}

/** `versionView` changes nothing: it is about attestations, and there are none. */
export function listCryptoKeys(request: Schemas['ListCryptoKeysRequest'], ctx: Context): Schemas['ListCryptoKeysResponse'] {
  const { parent = '' } = request
  getKeyRing({ name: parent }, ctx)
  const view = (stored: CryptoKey) => shown(rotatedCryptoKey(stored, ctx), ctx)
  const options = { parent, view, filterOptions: { known: FILTERABLE_FIELDS } }
  const { items, nextPageToken } = page((after) => cryptoKeys(ctx).iterate(parent, after), request, LIST_LIMITS, options)
  return { cryptoKeys: items, nextPageToken, ...(!request.filter && { totalSize: cryptoKeys(ctx).count(parent) }) }
}

const MUTABLE = ['labels', 'rotationPeriod', 'nextRotationTime', 'versionTemplate', 'versionTemplate.algorithm']

export function updateCryptoKey({ cryptoKey = {}, updateMask }: Schemas['UpdateCryptoKeyRequest'], ctx: Context): CryptoKey {
  CRYPTO_KEY.parse(cryptoKey.name, 'crypto_key.name')
  const current = currentCryptoKey(cryptoKey.name!, ctx)
  const paths = maskPaths(updateMask)
  if (paths.length === 0) throw invalidArgument('update_mask must name the fields to update.')
  for (const path of paths) {
    if (path.startsWith('keyAccessJustificationsPolicy')) throw unimplemented('Field cryptoKey.keyAccessJustificationsPolicy')
    if (!MUTABLE.includes(path)) throw invalidArgument(`The field "${path}" in update_mask cannot be updated.`)
  }
  const updated = checkedCryptoKey(applyMask(current, cryptoKey, paths), ctx)
  if (updated.versionTemplate!.protectionLevel !== current.versionTemplate!.protectionLevel)
    throw invalidArgument('crypto_key.version_template.protection_level cannot be changed.')
  return shown(storeCryptoKey(updated, ctx), ctx)
}

export function updateCryptoKeyPrimaryVersion(
  { name = '', cryptoKeyVersionId }: Schemas['UpdateCryptoKeyPrimaryVersionRequest'],
  ctx: Context,
): CryptoKey {
  CRYPTO_KEY.parse(name)
  const key = currentCryptoKey(name, ctx)
  if (!cryptoKeyVersionId) throw invalidArgument('crypto_key_version_id is required.')
  const versionName = `${name}/cryptoKeyVersions/${cryptoKeyVersionId}`
  const version = findVersion(versionName, ctx)
  if (!version) throw notFound(`CryptoKeyVersion ${versionName} not found.`)
  if (key.purpose !== 'ENCRYPT_DECRYPT')
    throw failedPrecondition(`Operation requested for Key ${name} has incorrect key purpose: ${key.purpose}`)
  requireEnabled(version)
  return shown(storeCryptoKey({ ...key, primary: { name: versionName } }, ctx), ctx)
}

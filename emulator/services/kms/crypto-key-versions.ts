// Crypto key versions (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.cryptoKeyVersions).
import { formatTimestamp, parseDuration } from '../../core/clock.ts'
import { page } from '../../core/collection.ts'
import { maskPaths } from '../../core/field-mask.ts'
import { parentOf } from '../../core/names.ts'
import { type Context, io } from '../../core/service.ts'
import { aborted, invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { currentCryptoKey, findCryptoKey } from './crypto-keys.ts'
import { generateKeyMaterialSync, type KeyMaterial } from './key-material.ts'
import { LIST_LIMITS } from './key-rings.ts'
import { CRYPTO_KEY, CRYPTO_KEY_VERSION } from './names.ts'
import {
  addVersion,
  awaitedKeyMaterial,
  cryptoKeyVersions,
  currentVersion,
  findVersion,
  requireState,
  storeVersion,
} from './version-state.ts'

type Schemas = components['schemas']
type CryptoKeyVersion = Schemas['CryptoKeyVersion']

/** The output-only fields of a version that the emulator answers; clients may send them back. */
export const OUTPUT_ONLY_VERSION_FIELDS = [
  'name',
  'protectionLevel',
  'algorithm',
  'createTime',
  'generateTime',
  'destroyTime',
  'destroyEventTime',
]
/** All that a CryptoKeyVersion can have: a filter on another field is refused, not just without a match. */
const FILTERABLE_FIELDS = [
  ...OUTPUT_ONLY_VERSION_FIELDS,
  'state',
  'attestation',
  'importJob',
  'importTime',
  'importFailureReason',
  'generationFailureReason',
  'externalDestructionFailureReason',
  'externalProtectionLevelOptions',
  'reimportEligible',
  'trustedWrappingEnabled',
  'hsmTrusted',
]

interface Generated {
  algorithm: string
  material: KeyMaterial | undefined
}

/** The template may be updated while an RSA key is generated; what was made by the old one is then of no use. */
export const createCryptoKeyVersion = io(
  async (request: Schemas['CreateCryptoKeyVersionRequest'], ctx): Promise<Generated> => {
    const algorithm = newVersion(request, ctx).key.versionTemplate!.algorithm!
    return { algorithm, material: await awaitedKeyMaterial(algorithm) }
  },
  (request: Schemas['CreateCryptoKeyVersionRequest'], ctx, { algorithm, material }: Generated): CryptoKeyVersion => {
    const { key, state } = newVersion(request, ctx)
    if (key.versionTemplate!.algorithm !== algorithm)
      throw aborted(`The algorithm in the version template of ${key.name} has changed in the meantime. Please retry.`)
    return currentVersion(addVersion(key, material ?? generateKeyMaterialSync(algorithm), ctx, { state }), ctx)
  },
)

function newVersion({ parent = '', cryptoKeyVersion = {} }: Schemas['CreateCryptoKeyVersionRequest'], ctx: Context) {
  CRYPTO_KEY.parse(parent, 'parent')
  const key = currentCryptoKey(parent, ctx)
  return { key, state: cryptoKeyVersion.state && enabledOrDisabled(cryptoKeyVersion.state) }
}

function enabledOrDisabled(state: CryptoKeyVersion['state']): 'ENABLED' | 'DISABLED' {
  if (state === 'ENABLED' || state === 'DISABLED') return state
  throw invalidArgument(`crypto_key_version.state can be set to ENABLED and DISABLED only, not to ${state ?? 'nothing'}.`)
}

export function getCryptoKeyVersion({ name = '' }: Schemas['GetCryptoKeyVersionRequest'], ctx: Context): CryptoKeyVersion {
  CRYPTO_KEY_VERSION.parse(name)
  // a version that a rotation should have made by now is there once its key has been read
  const version = findVersion(name, ctx) ?? (findCryptoKey(parentOf(name), ctx) && findVersion(name, ctx))
  if (!version) throw notFound(`CryptoKeyVersion ${name} not found.`)
  return version
}

/** `view` changes nothing: it is about attestations, and there are none. */
export function listCryptoKeyVersions(
  request: Schemas['ListCryptoKeyVersionsRequest'],
  ctx: Context,
): Schemas['ListCryptoKeyVersionsResponse'] {
  const { parent = '' } = request
  CRYPTO_KEY.parse(parent, 'parent')
  currentCryptoKey(parent, ctx)
  const versions = cryptoKeyVersions(ctx)
  const view = (stored: CryptoKeyVersion) => currentVersion(stored, ctx)
  const options = { parent, view, filterOptions: { known: FILTERABLE_FIELDS } }
  const { items, nextPageToken } = page((after) => versions.iterate(parent, after), request, LIST_LIMITS, options)
  return { cryptoKeyVersions: items, nextPageToken, ...(!request.filter && { totalSize: versions.count(parent) }) }
}

export function updateCryptoKeyVersion(
  { cryptoKeyVersion = {}, updateMask }: Schemas['UpdateCryptoKeyVersionRequest'],
  ctx: Context,
): CryptoKeyVersion {
  const version = getCryptoKeyVersion({ name: cryptoKeyVersion.name }, ctx)
  const paths = maskPaths(updateMask)
  if (paths.length === 0) throw invalidArgument('update_mask must name the fields to update.')
  for (const path of paths) {
    if (path.startsWith('externalProtectionLevelOptions'))
      throw unimplemented('Field cryptoKeyVersion.externalProtectionLevelOptions')
    if (path !== 'state') throw invalidArgument(`The field "${path}" in update_mask cannot be updated.`)
  }
  const state = enabledOrDisabled(cryptoKeyVersion.state)
  requireState(version, 'ENABLED', 'DISABLED')
  return storeVersion({ ...version, state }, ctx)
}

export function destroyCryptoKeyVersion(request: Schemas['DestroyCryptoKeyVersionRequest'], ctx: Context): CryptoKeyVersion {
  const version = getCryptoKeyVersion(request, ctx)
  requireState(version, 'ENABLED', 'DISABLED')
  const { destroyScheduledDuration } = currentCryptoKey(parentOf(version.name!), ctx)
  const destroyTime = formatTimestamp(ctx.nanos() + parseDuration(destroyScheduledDuration!), 6)
  return storeVersion({ ...version, state: 'DESTROY_SCHEDULED', destroyTime }, ctx)
}

export function restoreCryptoKeyVersion(request: Schemas['RestoreCryptoKeyVersionRequest'], ctx: Context): CryptoKeyVersion {
  const version = getCryptoKeyVersion(request, ctx)
  requireState(version, 'DESTROY_SCHEDULED')
  return storeVersion({ ...version, state: 'DISABLED', destroyTime: undefined }, ctx)
}

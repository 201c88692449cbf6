// What a CryptoKey may be made of, for CreateCryptoKey and UpdateCryptoKey alike
// (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys#CryptoKey).
import { parseDuration, parseTimestamp } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { findAlgorithm } from './algorithms.ts'

type Schemas = components['schemas']
type CryptoKey = Schemas['CryptoKey']
type VersionTemplate = Schemas['CryptoKeyVersionTemplate']

/** What CreateCryptoKey honours. */
export const CREATE_FIELDS = [
  'purpose',
  'versionTemplate',
  'labels',
  'destroyScheduledDuration',
  'rotationPeriod',
  'nextRotationTime',
]
/** What clients send back and the API ignores. */
export const OUTPUT_ONLY_FIELDS = ['name', 'primary', 'createTime']
/** All that a CryptoKey can have: a filter on another field is refused, not just without a match. */
export const FILTERABLE_FIELDS = [
  ...CREATE_FIELDS,
  ...OUTPUT_ONLY_FIELDS,
  'importOnly',
  'cryptoKeyBackend',
  'keyAccessJustificationsPolicy',
]

const HOUR = 3_600_000_000_000n
const BOUNDS = {
  destroy_scheduled_duration: { min: 24n * HOUR, max: 120n * 24n * HOUR, text: '24 hours to 120 days' },
  rotation_period: { min: 24n * HOUR, max: 876_000n * HOUR, text: '24 to 876,000 hours' },
}

/** Whether keys with a protection level are emulated. */
const PROTECTION_LEVELS: Record<string, boolean> = {
  SOFTWARE: true,
  HSM: true,
  EXTERNAL: false,
  EXTERNAL_VPC: false,
  HSM_SINGLE_TENANT: false,
}

/** The key with its defaults. Throws INVALID_ARGUMENT for what Cloud KMS refuses, UNIMPLEMENTED for an algorithm or protection level
 * that it has and the emulator has not. */
export function checkedCryptoKey(key: CryptoKey, ctx: Context): CryptoKey {
  const destroyScheduledDuration = key.destroyScheduledDuration ?? '2592000s'
  const checked = { ...key, versionTemplate: checkedTemplate(key), destroyScheduledDuration }
  checkDuration('destroy_scheduled_duration', destroyScheduledDuration)
  checkRotation(key, ctx)
  checkLabels(key.labels ?? {})
  return checked
}

function checkedTemplate({ purpose, versionTemplate = {} }: CryptoKey): Required<VersionTemplate> {
  if (!purpose) throw invalidArgument('crypto_key.purpose is required.')
  const algorithm = versionTemplate.algorithm ?? (purpose === 'ENCRYPT_DECRYPT' ? 'GOOGLE_SYMMETRIC_ENCRYPTION' : undefined)
  if (!algorithm) throw invalidArgument(`crypto_key.version_template.algorithm is required for the purpose ${purpose}.`)
  const row = findAlgorithm(algorithm)
  if (row?.purpose !== purpose)
    throw invalidArgument(`crypto_key.version_template.algorithm ${algorithm} cannot be used for the purpose ${purpose}.`)
  if (!row.supported) throw unimplemented(`Algorithm ${algorithm}`)
  const { protectionLevel = 'SOFTWARE' } = versionTemplate
  const supported = PROTECTION_LEVELS[protectionLevel]
  if (supported === undefined)
    throw invalidArgument(`crypto_key.version_template.protection_level ${protectionLevel} is unknown.`)
  if (!supported) throw unimplemented(`Protection level ${protectionLevel}`)
  return { protectionLevel, algorithm }
}

function checkDuration(field: keyof typeof BOUNDS, duration: string) {
  const { min, max, text } = BOUNDS[field]
  const nanos = parseDuration(duration)
  if (nanos < min || nanos > max) throw invalidArgument(`crypto_key.${field} must be ${text}, not ${duration}.`)
}

/** A time without a period rotates once; a period without a time never would, and is refused. */
function checkRotation({ purpose, rotationPeriod, nextRotationTime }: CryptoKey, ctx: Context) {
  if (!rotationPeriod && !nextRotationTime) return
  if (purpose !== 'ENCRYPT_DECRYPT') throw invalidArgument(`Keys with the purpose ${purpose} do not support automatic rotation.`)
  if (rotationPeriod) checkDuration('rotation_period', rotationPeriod)
  if (!nextRotationTime)
    throw invalidArgument('crypto_key.next_rotation_time must be set where crypto_key.rotation_period is set.')
  if (parseTimestamp(nextRotationTime) <= ctx.nanos())
    throw invalidArgument(`crypto_key.next_rotation_time must be in the future, not ${nextRotationTime}.`)
}

/** https://cloud.google.com/kms/docs/labeling-keys#requirements */
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u

function checkLabels(labels: Record<string, string>) {
  const entries = Object.entries(labels)
  if (entries.length > 64) throw invalidArgument(`crypto_key.labels has ${entries.length} labels, of 64 at most.`)
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key))
      throw invalidArgument(
        `Invalid label key "${key}": it must begin with a lowercase letter and have at most 63 lowercase letters, digits, "_" and "-".`,
      )
    if (!LABEL_VALUE.test(value))
      throw invalidArgument(
        `Invalid value "${value}" of label "${key}": it must have at most 63 lowercase letters, digits, "_" and "-".`,
      )
  }
}

// Automatic rotation: https://cloud.google.com/kms/docs/key-rotation
// Nothing waits for the time to come; a key is brought up to date when it is next read.
import { formatTimestamp, parseDuration, parseTimestamp } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { generateKeyMaterialSync } from './key-material.ts'
import { addVersion } from './version-state.ts'

type CryptoKey = components['schemas']['CryptoKey']

export const rotationIsDue = ({ nextRotationTime }: CryptoKey, ctx: Context) =>
  nextRotationTime !== undefined && parseTimestamp(nextRotationTime) <= ctx.nanos()

/** Stores one version for each rotation missed, created when it was due, and returns the key with the last one as `primary`.
 * Without a rotationPeriod there is one rotation, after which nextRotationTime is gone. */
export function rotate(key: CryptoKey, ctx: Context): CryptoKey {
  const rotated = { ...key }
  while (rotationIsDue(rotated, ctx)) {
    const due = parseTimestamp(rotated.nextRotationTime!)
    const material = generateKeyMaterialSync(key.versionTemplate!.algorithm!)
    const { name } = addVersion(key, material, ctx, { createTime: due })
    rotated.primary = { name }
    rotated.nextRotationTime = key.rotationPeriod && formatTimestamp(due + parseDuration(key.rotationPeriod), 9)
  }
  return rotated
}

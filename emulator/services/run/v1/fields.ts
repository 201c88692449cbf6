// How converters treat fields that have no counterpart.
import { unimplemented } from '../../../core/status.ts'

/** Without the fields that are not there: ProtoJSON has no undefined. */
export const defined = <T extends object>(message: T): T =>
  Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as T

/** Refuses what is left of a message when all has been taken that v2 has. */
export function refuse(rest: object, path: string) {
  for (const [key, value] of Object.entries(rest)) if (value !== undefined) throw unimplemented(`Field ${path}.${key}`)
}

/** Undefined for an empty list or object. */
export const unlessEmpty = <T extends object>(value: T | undefined): T | undefined =>
  value && Object.keys(value).length > 0 ? value : undefined

/** `"300s"` → 300. v1 has whole seconds alone: of a fraction, which v2 can have, the next one. */
export const seconds = (duration: string | undefined): number | undefined =>
  duration === undefined ? undefined : Math.ceil(Number.parseFloat(duration))

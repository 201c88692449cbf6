// Conditions: whether a resource is what it should be (https://cloud.google.com/run/docs/reference/rest/v2/Condition).
import { CODES } from '../../core/status.ts'
import type { Condition } from './shapes.ts'

/** Why something is not ready. */
export interface Failure {
  reason: NonNullable<Condition['reason']>
  message: string
}

export const succeeded = (type: string, lastTransitionTime: string): Condition => ({
  type,
  state: 'CONDITION_SUCCEEDED',
  lastTransitionTime,
})

export const failed = (type: string, { reason, message }: Failure, lastTransitionTime: string): Condition => ({
  type,
  state: 'CONDITION_FAILED',
  message,
  lastTransitionTime,
  reason,
})

export const condition = (type: string, failure: Failure | undefined, time: string): Condition =>
  failure ? failed(type, failure, time) : succeeded(type, time)

export const conditionOf = (conditions: Condition[] = [], type: string) => conditions.find((each) => each.type === type)

/** The same condition where only its time would change. */
export function keptIfSame(condition: Condition, before: Condition[] | undefined): Condition {
  const known = conditionOf(before, condition.type!)
  const isSame =
    known && known.state === condition.state && known.reason === condition.reason && known.message === condition.message
  return isSame ? known : condition
}

/** Why a condition has failed; undefined where it has not. */
export const failureOf = (condition: Condition | undefined): Failure | undefined =>
  condition?.state === 'CONDITION_FAILED'
    ? { reason: condition.reason ?? 'UNKNOWN', message: condition.message ?? '' }
    : undefined

/** What an operation ends with that has made something that is not ready. That of a missing image is NOT_FOUND, of a revision that traffic
 * names and that is not there INTERNAL (both seen), all other is FAILED_PRECONDITION. */
export function operationError({ reason, message }: Failure): { code: number; message: string } {
  const code = reason === 'CONTAINER_MISSING' ? 'NOT_FOUND' : reason === 'UNKNOWN' ? 'INTERNAL' : 'FAILED_PRECONDITION'
  return { code: CODES[code].number, message }
}

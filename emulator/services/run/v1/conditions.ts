// Conditions as Knative has them: `status` True, False or Unknown, and a reason in CamelCase
// (https://cloud.google.com/run/docs/reference/rest/v1/Condition).
import type { components as V1 } from '../../../gen/run.v1.ts'
import type { Condition as Condition2 } from '../shapes.ts'
import { defined } from './fields.ts'

export type Condition = V1['schemas']['GoogleCloudRunV1Condition']

const STATUS: Record<string, string> = { CONDITION_SUCCEEDED: 'True', CONDITION_FAILED: 'False' }
/** An error is no word of v1: what has no severity is one. */
const SEVERITY: Record<string, string> = { WARNING: 'Warning', INFO: 'Info' }

/** `CONTAINER_IMAGE_UNAUTHORIZED` → `ContainerImageUnauthorized` */
const inCamelCase = (name: string) =>
  name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

export function conditionToV1(condition: Condition2): Condition {
  const { type, state = '', message, lastTransitionTime, severity = '', reason, revisionReason, executionReason } = condition
  const why = reason ?? revisionReason ?? executionReason
  return defined({
    type,
    status: STATUS[state] ?? 'Unknown',
    reason: why && inCamelCase(why),
    message: message || undefined,
    severity: SEVERITY[severity],
    lastTransitionTime,
  })
}

/** All of them, that which sums the others up first. */
export const conditionsToV1 = (conditions: Condition2[] = [], terminal?: Condition2): Condition[] =>
  (terminal ? [terminal, ...conditions.filter(({ type }) => type !== terminal.type)] : conditions).map(conditionToV1)

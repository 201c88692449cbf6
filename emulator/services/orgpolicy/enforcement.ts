// What organization policies refuse, for the services that they are about.
import { CelError, holdsCel, parseCel } from '../../core/cel.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'
import { ALLOWED_BINARY_AUTHORIZATION_POLICIES, isCustom } from './constraints.ts'
import { policiesOf, storedPolicy } from './policies.ts'
import { customConstraintsOfId } from './store.ts'

type Schemas = components['schemas']
type PolicySpec = Schemas['PolicySpec']

/** Is a boolean constraint (`iam.disableServiceAccountKeyCreation`) enforced in the project? */
export const isEnforced = (ctx: Context, project: string, constraint: string): boolean =>
  enforces(storedPolicy(ctx, project, constraint)?.spec)

const enforces = (spec: PolicySpec | undefined) => spec?.rules?.some(({ enforce }) => enforce) ?? false

/** A value with the id of its project, without what is optional: `is:`, and `policies/` in the name of a platform policy. */
function plain(ctx: Context, value: string): string {
  const text = value.replace(/^is:/, '').replace(/^(projects\/[^/]+\/platforms\/cloudRun\/)policies\//, '$1')
  try {
    return ctx.canonicalName(text)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return text // it names no project, and is equal to itself alone
  }
}

/** Does a list constraint allow the value? What is denied counts first. Without rules, everything is allowed. */
function allows(spec: PolicySpec | undefined, value: string | undefined, ctx: Context): boolean {
  const rules = spec?.rules ?? []
  const has = (values: string[] | undefined) =>
    value !== undefined && (values ?? []).some((other) => plain(ctx, other) === plain(ctx, value))
  if (rules.some(({ denyAll, values }) => denyAll || has(values?.deniedValues))) return false
  if (rules.some(({ allowAll, values }) => allowAll || has(values?.allowedValues))) return true
  return !rules.some(({ values }) => values?.allowedValues?.length)
}

/** Warns of what the dry run of a policy would refuse. */
function warn(ctx: Context, policy: string | undefined, resource: object) {
  ctx.log.warn({ policy, ...resource }, 'the dry run of an organization policy would refuse this')
}

/**
 * Throws FAILED_PRECONDITION in the words of Cloud Run where `constraints/run.allowedBinaryAuthorizationPolicies` does not allow `value`:
 * `default`, the name of a platform policy (`projects/P/platforms/cloudRun/NAME`), or nothing.
 * An absent value is not in a list of allowed ones, and is refused. That is what the constraint is for, and what its users report; there is
 * also a report of a deployment without the setting that passed under `allow default`, so that the message names it as a choice.
 * `method` is that of Cloud Run's v1 API: `CreateService`, `ReplaceService`, `CreateJob`, `ReplaceJob`.
 */
export function checkAllowedBinaryAuthorizationPolicies(
  ctx: Context,
  project: string,
  value: string | undefined,
  method = 'CreateService',
) {
  const policy = storedPolicy(ctx, project, ALLOWED_BINARY_AUTHORIZATION_POLICIES)
  if (policy?.dryRunSpec && !allows(policy.dryRunSpec, value, ctx)) warn(ctx, policy.name, { project, value, method })
  if (allows(policy?.spec, value, ctx)) return
  const set = value ? `set to ${value}` : 'not set'
  const choice = value
    ? ''
    : ' (Whether an absent value violates a list of allowed values is an open point of the documentation; here it does.)'
  throw failedPrecondition(
    `Constraint constraints/${ALLOWED_BINARY_AUTHORIZATION_POLICIES} violated for attempting ${method} with annotation "run.googleapis.com/binary-authorization" ${set}.${choice}`,
    `constraints/${ALLOWED_BINARY_AUTHORIZATION_POLICIES}`,
    `projects/${project}`,
  )
}

export interface CheckedResource {
  /** `run.googleapis.com/Service`. */
  type: string
  method: 'CREATE' | 'UPDATE'
  /** Name for the message. */
  name: string
  /** What conditions see as `resource`; of Cloud Run in the shape of its v1 API, as Google documents it. */
  resource: unknown
}

/** Throws FAILED_PRECONDITION in Google's words where an enforced custom constraint of the project refuses the resource. A condition that has
 * no value for the resource, because a field is not there, refuses it too: what cannot be told is not allowed. */
export function checkCustomConstraints(ctx: Context, project: string, { type, method, name, resource }: CheckedResource) {
  for (const policy of policiesOf(ctx, project)) {
    const id = policy.name!.slice(policy.name!.lastIndexOf('/') + 1)
    const [dryRun, enforced] = [enforces(policy.dryRunSpec), enforces(policy.spec)]
    if (!isCustom(id) || !(dryRun || enforced)) continue
    for (const constraint of customConstraintsOfId(ctx, id)) {
      if (!constraint.resourceTypes?.includes(type) || !constraint.methodTypes?.includes(method)) continue
      const violation = violationOf(constraint, resource)
      if (violation === undefined) continue
      if (dryRun) warn(ctx, policy.name, { resource: name })
      if (!enforced) continue
      const described = JSON.stringify(constraint.description || constraint.displayName || '')
      throw failedPrecondition(
        `Operation denied by custom org policy on resource '${name}': ["customConstraints/${id}": ${described}].${violation}`,
        `customConstraints/${id}`,
        name,
      )
    }
  }
}

/** Why the resource violates the constraint, as a sentence where the condition alone does not say it; undefined where it does not. */
function violationOf({ condition = '', actionType }: Schemas['CustomConstraint'], resource: unknown): string | undefined {
  try {
    const holds = holdsCel(parseCel(condition, ['resource']), { resource })
    return holds === (actionType === 'DENY') ? '' : undefined
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    return ` The condition has no value for this resource: ${error.message}.`
  }
}

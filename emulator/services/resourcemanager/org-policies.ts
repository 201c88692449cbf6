// Version 1 of organization policies (https://cloud.google.com/resource-manager/reference/rest/v1/projects/setOrgPolicy): a view of those of
// version 2, which is where they are kept. A constraint is named `constraints/run.allowedIngress` here.
import type { Context } from '../../core/service.ts'
import { aborted, invalidArgument, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/cloudresourcemanager.v1.ts'
import type { components as OrgPolicyV2 } from '../../gen/orgpolicy.v2.ts'
import * as v2 from '../orgpolicy/index.ts'
import { getProject } from './projects.ts'
import { PROJECT } from './v3.ts'

type Schemas = components['schemas']
type Policy = Schemas['google.cloud.orgpolicy.v1.Policy']
type PolicyV2 = OrgPolicyV2['schemas']['Policy']
type Spec = NonNullable<PolicyV2['spec']>

const PREFIX = 'constraints/'

/** The etag of a policy that is not set, by which one can be set where there is still none. */
const EMPTY_ETAG = 'ACAB'

function constraintId(constraint = ''): string {
  if (!constraint.startsWith(PREFIX)) throw invalidArgument(`Invalid constraint "${constraint}": it must begin with ${PREFIX}.`)
  return constraint.slice(PREFIX.length)
}

const projectOf = (ctx: Context, resource: string | undefined) =>
  getProject(ctx, PROJECT.parse(resource, 'resource').project).projectId

function toV1(constraint: string, { rules = [], reset, inheritFromParent, updateTime }: Spec): Policy {
  const values = (key: 'allowedValues' | 'deniedValues') => {
    const all = rules.flatMap((rule) => rule.values?.[key] ?? [])
    return all.length > 0 ? { [key]: all } : {}
  }
  const isBoolean = rules.some(({ enforce }) => enforce !== undefined)
  const allValues = rules.some(({ denyAll }) => denyAll) ? 'DENY' : rules.some(({ allowAll }) => allowAll) ? 'ALLOW' : undefined
  const listPolicy = { ...values('allowedValues'), ...values('deniedValues'), allValues, inheritFromParent } as const
  return {
    constraint: PREFIX + constraint,
    updateTime,
    ...(reset
      ? { restoreDefault: {} }
      : isBoolean
        ? { booleanPolicy: { enforced: rules.some(({ enforce }) => enforce) } }
        : { listPolicy }),
  }
}

function toV2({ listPolicy, booleanPolicy, restoreDefault }: Policy): Spec {
  if (restoreDefault) return { reset: true }
  if (booleanPolicy) return { rules: [{ enforce: booleanPolicy.enforced ?? false }] }
  if (!listPolicy) throw invalidArgument('policy must have one of list_policy, boolean_policy and restore_default.')
  const { allValues, allowedValues, deniedValues, inheritFromParent } = listPolicy
  if (allValues && allValues !== 'ALL_VALUES_UNSPECIFIED') {
    if (allowedValues || deniedValues)
      throw invalidArgument('all_values cannot be set together with allowed_values or denied_values.')
    return { rules: [allValues === 'ALLOW' ? { allowAll: true } : { denyAll: true }], inheritFromParent }
  }
  return { rules: [{ values: { allowedValues, deniedValues } }], inheritFromParent }
}

/** The policy that is set, or one that says nothing. */
export function getOrgPolicy({ resource, constraint }: Schemas['GetOrgPolicyRequest'], ctx: Context): Policy {
  const [project, id] = [projectOf(ctx, resource), constraintId(constraint)]
  const policy = v2.storedPolicy(ctx, project, id)
  return policy?.spec ? { ...toV1(id, policy.spec), etag: policy.etag } : { constraint, etag: EMPTY_ETAG }
}

export function getEffectiveOrgPolicy({ resource, constraint }: Schemas['GetEffectiveOrgPolicyRequest'], ctx: Context): Policy {
  const [project, id] = [projectOf(ctx, resource), constraintId(constraint)]
  return toV1(id, v2.getEffectivePolicy({ name: `projects/${project}/policies/${id}` }, ctx).spec ?? {})
}

/** A dry run that version 2 has set beside it stays. */
export function setOrgPolicy({ resource, policy = {} }: Schemas['SetOrgPolicyRequest'], ctx: Context): Policy {
  const [project, id] = [projectOf(ctx, resource), constraintId(policy.constraint)]
  const { version = 0, etag, listPolicy } = policy
  if (version !== 0) throw invalidArgument(`Invalid policy version: ${version}.`)
  if (listPolicy?.suggestedValue) throw unimplemented('Field policy.listPolicy.suggestedValue')
  const current = v2.storedPolicy(ctx, project, id)
  checkCurrent(etag, current)
  const name = `projects/${project}/policies/${id}`
  const stored = current
    ? v2.updatePolicy({ policy: { name, spec: toV2(policy) }, updateMask: 'policy.spec' }, ctx)
    : v2.createPolicy({ parent: `projects/${project}`, policy: { name, spec: toV2(policy) } }, ctx)
  return { ...toV1(id, stored.spec!), etag: stored.etag }
}

function checkCurrent(etag: string | undefined, current: PolicyV2 | undefined) {
  if (etag && etag !== (current?.spec ? current.etag : EMPTY_ETAG))
    throw aborted('The policy has been changed since it was read: its etag is another. Please read it again.')
}

export function clearOrgPolicy(
  { resource, constraint, etag }: Schemas['ClearOrgPolicyRequest'],
  ctx: Context,
): Record<string, never> {
  const [project, id] = [projectOf(ctx, resource), constraintId(constraint)]
  const current = v2.storedPolicy(ctx, project, id)
  checkCurrent(etag, current)
  if (current) v2.deletePolicy({ name: current.name }, ctx)
  return {}
}

export function listOrgPolicies(
  { resource }: Schemas['ListOrgPoliciesRequest'],
  ctx: Context,
): Schemas['ListOrgPoliciesResponse'] {
  const set = v2.policiesOf(ctx, projectOf(ctx, resource)).filter(({ spec }) => spec)
  const idOf = ({ name = '' }: PolicyV2) => name.slice(name.lastIndexOf('/') + 1)
  return { policies: set.map((policy) => ({ ...toV1(idOf(policy), policy.spec!), etag: policy.etag })) }
}

export function listAvailableOrgPolicyConstraints(
  { resource }: Schemas['ListAvailableOrgPolicyConstraintsRequest'],
  ctx: Context,
): Schemas['ListAvailableOrgPolicyConstraintsResponse'] {
  projectOf(ctx, resource)
  const constraints = Object.entries(v2.CONSTRAINTS).map(([id, { kind, displayName, description, supportsUnder }]) => ({
    name: PREFIX + id,
    displayName,
    description,
    constraintDefault: 'ALLOW' as const,
    ...(kind === 'list' ? { listConstraint: { supportsUnder } } : { booleanConstraint: {} }),
  }))
  return { constraints }
}

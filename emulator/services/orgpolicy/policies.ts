// Organization policies of projects (https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies). There is
// nothing above a project here, so that nothing is inherited.
import { collection } from '../../core/collection.ts'
import { checkEtag } from '../../core/etag.ts'
import { camelCase, checkMask } from '../../core/field-mask.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'
import { knownConstraint } from './constraints.ts'
import { NOT_FOUND } from './custom-constraints.ts'
import { POLICY, PROJECT } from './names.ts'
import { checkPolicy } from './policy-validation.ts'

type Schemas = components['schemas']
type Policy = Schemas['Policy']
type PolicySpec = Schemas['PolicySpec']

const policies = (ctx: Context) => collection<Policy>(ctx.db, 'orgpolicy_policies')

const CHANGED = 'The policy has been changed since it was read: its etag is another. Please read it again.'

/** Base64, so that version 1 of the policy can have it as bytes. */
function etagOf(ctx: Context): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(ctx.nanos() / 1000n)
  return bytes.toString('base64')
}

const SPECS = ['spec', 'dryRunSpec'] as const

/** The policy as it is kept: the specs that are sent have the new etag and time, those that stay the old ones. */
function written(policy: Policy, changed: readonly (typeof SPECS)[number][], ctx: Context): Policy {
  const etag = etagOf(ctx)
  const stamp = (spec: PolicySpec | undefined) => spec && { ...spec, etag, updateTime: ctx.timestamp() }
  const specs = SPECS.map((key) => [key, changed.includes(key) ? stamp(policy[key]) : policy[key]])
  return { name: policy.name, ...Object.fromEntries(specs), etag }
}

export function createPolicy({ parent, policy = {} }: Schemas['CreatePolicyRequest'], ctx: Context): Policy {
  PROJECT.parse(parent, 'parent')
  checkPolicy(policy, ctx)
  if (!policy.name!.startsWith(`${parent}/`)) throw invalidArgument(`The policy ${policy.name} is not in ${parent}.`)
  const stored = written(policy, SPECS, ctx)
  if (!policies(ctx).insert(stored.name!, parent!, stored)) throw alreadyExists('Requested entity already exists.')
  return stored
}

export function getPolicy({ name = '' }: Schemas['GetPolicyRequest'], ctx: Context): Policy {
  POLICY.parse(name)
  const policy = policies(ctx).get(name)
  if (!policy) throw notFound(NOT_FOUND)
  return policy
}

/** The policy of the project for a constraint (`run.allowedIngress`), if one is set. */
export const storedPolicy = (ctx: Context, project: string, constraint: string) =>
  policies(ctx).get(POLICY.format({ project, policy: constraint }))

/** All policies of a project. */
export const policiesOf = (ctx: Context, project: string): Policy[] =>
  Array.from(policies(ctx).iterate(PROJECT.format({ project })), ({ document }) => document)

export function listPolicies({ parent }: Schemas['ListPoliciesRequest'], ctx: Context): Schemas['ListPoliciesResponse'] {
  return { policies: policiesOf(ctx, PROJECT.parse(parent, 'parent').project) }
}

/** Without a mask what is sent is overwritten: the spec, and the dry run where there is one. */
export function updatePolicy({ policy = {}, updateMask = '' }: Schemas['UpdatePolicyRequest'], ctx: Context): Policy {
  const current = getPolicy({ name: policy.name }, ctx)
  const sent = updateMask.split(',').map((path) => camelCase(path.trim()).replace(/^policy\./, ''))
  const paths = sent.filter((path) => path !== '' && path !== '*')
  checkMask(paths, [...SPECS], (path) => `Field "${path}" of a policy cannot be updated.`)
  checkEtag(policy.etag, current.etag, CHANGED)
  const isNamed = (key: string) => paths.some((path) => path === key || path.startsWith(`${key}.`))
  const changed = SPECS.filter((key) => (paths.length > 0 ? isNamed(key) : sent.includes('*') || key === 'spec' || policy[key]))
  const merged: Policy = { name: current.name, spec: current.spec, dryRunSpec: current.dryRunSpec }
  for (const key of changed) merged[key] = policy[key]
  checkPolicy(merged, ctx)
  const stored = written(merged, changed, ctx)
  policies(ctx).update(stored.name!, stored)
  return stored
}

export function deletePolicy({ name = '', etag }: Schemas['DeletePolicyRequest'], ctx: Context): Record<string, never> {
  checkEtag(etag, getPolicy({ name }, ctx).etag, CHANGED)
  policies(ctx).delete(name)
  return {}
}

/** What counts for the project: its own policy, or what the constraint says where there is none. */
export function getEffectivePolicy({ name = '' }: Schemas['GetEffectivePolicyRequest'], ctx: Context): Policy {
  const { policy: constraint } = POLICY.parse(name)
  const set = policies(ctx).get(name)
  const kind =
    knownConstraint(constraint)?.kind ?? (set?.spec?.rules?.some(({ enforce }) => enforce !== undefined) ? 'boolean' : 'list')
  if (!set && !knownConstraint(constraint)) throw notFound(NOT_FOUND)
  const { rules } = set?.spec ?? {}
  return { name, spec: { rules: rules?.length ? rules : [kind === 'list' ? { allowAll: true } : { enforce: false }] } }
}

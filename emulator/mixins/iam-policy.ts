// google.iam.v1.IAMPolicy, once for all resources that have a policy
// (https://cloud.google.com/iam/docs/reference/rest/v1/Policy). Policies are kept and given back; they do not yet forbid anything.
import { parseCel } from '../core/cel.ts'
import { maskPaths } from '../core/field-mask.ts'
import { oncePerDatabase } from '../core/once-per-database.ts'
import { type Context, type ResourceType, rpc } from '../core/service.ts'
import { aborted, invalidArgument, StatusError } from '../core/status.ts'

interface Binding {
  role?: string
  members?: string[]
  condition?: { expression?: string; title?: string; description?: string; location?: string }
}

interface AuditConfig {
  service?: string
  auditLogConfigs?: { logType?: 'LOG_TYPE_UNSPECIFIED' | 'ADMIN_READ' | 'DATA_WRITE' | 'DATA_READ'; exemptedMembers?: string[] }[]
}

export interface IamPolicy {
  version?: number
  bindings?: Binding[]
  auditConfigs?: AuditConfig[]
  /** base64 of 8 bytes. */
  etag?: string
}

/** The etag of a policy that nobody has set: the real APIs answer these bytes for a fresh resource. */
const EMPTY_ETAG = 'ACAB'

const MEMBER =
  /^(?:allUsers|allAuthenticatedUsers|(?:user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer|deleted:(?:user|serviceAccount|group)):.+|principal(?:Set)?:\/\/.+)$/
const ROLE = /^(?:roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/
const ROLE_FORM =
  'The role name must be in the form "roles/{role}", "organizations/{organization_id}/roles/{role}", or "projects/{project_id}/roles/{role}".'
const PERMISSION = /^[a-z]+(\.[a-zA-Z]+)+$/
/** The expression would run out of stack on a long text. */
const MAX_PERMISSION_LENGTH = 256

/** What conditions may speak of (https://cloud.google.com/iam/docs/conditions-attribute-reference). */
export const CONDITION_VARIABLES = ['resource', 'request']

const statements = oncePerDatabase((db) => ({
  policyOf: db.prepare<[string], string>('SELECT body FROM iam_policies WHERE resource = ?').pluck(),
}))

/** The policy of a resource: an empty one where none was set. */
export function iamPolicyOf(ctx: Context, resource: string): IamPolicy {
  const body = statements(ctx.db).policyOf.get(resource)
  return body ? JSON.parse(body) : { etag: EMPTY_ETAG }
}

/** Call it where a resource is deleted: a new one of the same name begins without a policy. */
export const deleteIamPolicy = (ctx: Context, resource: string) =>
  ctx.db.prepare('DELETE FROM iam_policies WHERE resource = ?').run(resource)

function checkVersion(version: number) {
  if (![0, 1, 3].includes(version)) throw invalidArgument(`Invalid policy version: ${version}. Valid versions are 0, 1 and 3.`)
}

/** Without a mask these are written, so audit configurations stay as they are. */
const DEFAULT_MASK = 'bindings,etag'
const MASK_PATHS = ['bindings', 'etag', 'auditConfigs', 'version']

function checkedBindings(policy: IamPolicy): Binding[] {
  const { bindings = [], version = 0 } = policy
  checkVersion(version)
  for (const { role = '', members = [], condition } of bindings) {
    if (!ROLE.test(role)) throw invalidArgument(ROLE_FORM)
    for (const member of members)
      if (!MEMBER.test(member))
        throw invalidArgument(`The member ${member} is of an unknown type. Please set a valid type prefix for the member.`)
    if (!condition) continue
    if (version < 3) throw invalidArgument('A policy with conditions must have version 3.')
    parseCel(condition.expression ?? '', CONDITION_VARIABLES) // what could not be evaluated later is refused now
  }
  return bindings.filter(({ members = [] }) => members.length > 0)
}

/** The three operations for an API that has these resources. */
export function iamPolicyMixin(resources: ResourceType[]) {
  const types = resources.map((type) => ({ ...type, expression: new RegExp(`^${type.pattern.replace(/\{\w+\}/g, '[^/]+')}$`) }))

  function typeOf(resource: string) {
    const type = types.find(({ expression }) => expression.test(resource))
    if (!type) throw invalidArgument(`Invalid resource name "${resource}".`)
    return type
  }

  function getIamPolicy(
    { resource = '', options = {} }: { resource?: string; options?: { requestedPolicyVersion?: number } },
    ctx: Context,
  ): IamPolicy {
    checkVersion(options.requestedPolicyVersion ?? 0)
    typeOf(resource).check(resource, ctx)
    return iamPolicyOf(ctx, resource)
  }

  function setIamPolicy(
    { resource = '', policy = {}, updateMask }: { resource?: string; policy?: IamPolicy; updateMask?: string },
    ctx: Context,
  ): IamPolicy {
    typeOf(resource).check(resource, ctx)
    const current = iamPolicyOf(ctx, resource)
    if (policy.etag && policy.etag !== current.etag)
      throw aborted('There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.')
    const mask = maskPaths(updateMask || DEFAULT_MASK)
    for (const path of mask) if (!MASK_PATHS.includes(path)) throw invalidArgument(`Field "${path}" of a policy cannot be set.`)
    const sent = checkedBindings(policy)
    const bindings = mask.includes('bindings') ? sent : (current.bindings ?? [])
    const { auditConfigs } = mask.includes('auditConfigs') ? policy : current
    const etag = Buffer.alloc(8)
    etag.writeBigUInt64BE((7n << 56n) | (ctx.nanos() / 1000n))
    const stored: IamPolicy = {
      version: bindings.some(({ condition }) => condition) ? 3 : 1,
      ...(bindings.length > 0 && { bindings }),
      ...(auditConfigs && { auditConfigs }),
      etag: etag.toString('base64'),
    }
    ctx.db
      .prepare('INSERT INTO iam_policies VALUES (?, ?) ON CONFLICT (resource) DO UPDATE SET body = excluded.body')
      .run(resource, JSON.stringify(stored))
    return stored
  }

  /** A resource that does not exist grants nothing, and is no error. Where IAM is not enforced, every caller may do everything. */
  function testIamPermissions({ resource = '', permissions = [] }: { resource?: string; permissions?: string[] }, ctx: Context) {
    const type = typeOf(resource)
    for (const permission of permissions)
      if (permission.length > MAX_PERMISSION_LENGTH || !PERMISSION.test(permission))
        throw invalidArgument(`Permission ${permission.slice(0, MAX_PERMISSION_LENGTH)} is not valid for this resource.`)
    try {
      type.check(resource, ctx)
    } catch (error) {
      if (error instanceof StatusError && error.code === 'NOT_FOUND') return {}
      throw error
    }
    return { permissions: permissions.filter((permission) => ctx.holds(permission, resource)) }
  }

  return {
    GetIamPolicy: rpc(getIamPolicy, 'resource', 'options'),
    SetIamPolicy: rpc(setIamPolicy, 'resource', 'policy', 'updateMask'),
    TestIamPermissions: rpc(testIamPermissions, 'resource', 'permissions'),
  }
}

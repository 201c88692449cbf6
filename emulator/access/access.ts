// IAM over all APIs: may this caller make this call? (https://cloud.google.com/iam/docs/policy-eval). Policies are inherited: what a member
// has on a project it has on all in it. Allow policies only; deny policies and principal access boundaries are not emulated.
import { CelError, holdsCel, parseCel } from '../core/cel.ts'
import type { Authorizer } from '../core/dispatch.ts'
import { namePattern } from '../core/names.ts'
import type { Context, Route, Service } from '../core/service.ts'
import { StatusError } from '../core/status.ts'
import { CONDITION_VARIABLES, iamPolicyOf } from '../mixins/iam-policy.ts'
import { isMeant } from './members.ts'
import { needsOf } from './needs.ts'
import { permissionOf } from './permissions.ts'
import { refusal, unauthenticated } from './refusal.ts'

export type IamMode = 'off' | 'log' | 'enforce'

export interface AccessOptions {
  mode: IamMode
  /** A member that is owner of every project. */
  owner: string
  services: Service[]
  /** The host of an API by its id. */
  hostOf(api: string): string
  /** What a role grants; undefined for one that does not exist. */
  rolePermissions(ctx: Context, role: string): ReadonlySet<string> | undefined
  /** Emails of the groups that a member is in. */
  groupsOf(ctx: Context, member: string): string[]
}

/** What was refused, or would be where IAM is enforced. */
export interface Denial {
  time: string
  method: string
  principal?: string
  permission: string
  resource: string
  refused: boolean
}

const MAX_DENIALS = 1000

export interface Access {
  /** Undefined where IAM is off. */
  authorize?: Authorizer
  /** Has the member, the caller unless given, this permission on the resource? True for all where IAM is not enforced. */
  holds(ctx: Context, permission: string, resource: string, member?: string): boolean
  routes: Route[]
}

export function createAccess(options: AccessOptions): Access {
  const { mode, owner, services, hostOf, rolePermissions, groupsOf } = options
  const denials: Denial[] = []
  const types = services
    .flatMap(({ resources = [] }) => resources)
    .map(({ pattern, permissions }) => ({ form: namePattern(pattern), permissions }))
  const iamPrefixOf = (name: string) => types.find(({ form }) => form.match(name))?.permissions

  function isGranted(ctx: Context, member: string | undefined, permission: string, resource: string): boolean {
    if (member === owner) return true
    const bindings = ancestorsOf(resource).flatMap((name) => iamPolicyOf(ctx, name).bindings ?? [])
    return bindings.some(
      ({ role = '', members = [], condition }) =>
        rolePermissions(ctx, role)?.has(permission) &&
        members.some((one) => isMeant(one, member, (caller) => groupsOf(ctx, caller))) &&
        (!condition?.expression || isTrue(condition.expression, permission, resource, ctx)),
    )
  }

  const authorize: Authorizer = (api, method) => {
    if (permissionOf(method, 'any') === '') return undefined // everybody may call it, whatever it is about
    return (ctx, request) => {
      const { principal } = ctx.caller
      for (const needed of needsOf(method, request, iamPrefixOf, ctx)) {
        const { permission, resource } = needed
        if (isGranted(ctx, principal, permission, resource)) continue
        const refused = mode === 'enforce'
        denials.unshift({ time: ctx.timestamp(), method, principal, permission, resource, refused })
        denials.length = Math.min(denials.length, MAX_DENIALS)
        ctx.log.info({ method, principal, permission, resource }, refused ? 'refused by IAM' : 'IAM would refuse')
        if (refused) throw principal === undefined ? unauthenticated(hostOf(api), method) : refusal(needed)
      }
    }
  }

  return {
    authorize: mode === 'off' ? undefined : authorize,
    holds: (ctx, permission, resource, member = ctx.caller.principal) =>
      mode !== 'enforce' || isGranted(ctx, member, permission, ctx.canonicalName(resource)),
    // newest first
    routes: [{ method: 'GET', path: '/_emulator/iam/denials', run: () => ({ status: 200, body: { mode, denials } }) }],
  }
}

/** `projects/p/locations/l/keyRings/r` and all that it is in: names of two segments more each, and the name itself. */
function ancestorsOf(resource: string): string[] {
  const parts = resource.split('/')
  const names = parts.flatMap((_, index) => (index % 2 === 1 ? [parts.slice(0, index + 1).join('/')] : []))
  return names.includes(resource) ? names : [...names, resource]
}

/** Is the condition of a binding true? One that has no value grants nothing. */
function isTrue(expression: string, permission: string, resource: string, ctx: Context): boolean {
  const service = `${permission.split('.')[0]}.googleapis.com`
  const variables = {
    resource: { name: resource, service, type: `${service}/${typeOf(resource)}` },
    request: { time: { kind: 'timestamp', nanos: ctx.nanos() } },
  }
  try {
    return holdsCel(parseCel(expression, CONDITION_VARIABLES), variables)
  } catch (error) {
    if (error instanceof CelError || error instanceof StatusError) return false
    throw error
  }
}

/** `CryptoKey` of a name that ends in `cryptoKeys/k`. */
function typeOf(resource: string): string {
  const collection = resource.split('/').at(-2) ?? ''
  return (collection[0] ?? '').toUpperCase() + collection.slice(1).replace(/ies$/, 'y').replace(/s$/, '')
}

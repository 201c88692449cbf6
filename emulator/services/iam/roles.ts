// Roles (https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles): those that Google has made, and custom ones of projects.
import { collection, page } from '../../core/collection.ts'
import { maskPaths } from '../../core/field-mask.ts'
import type { Context } from '../../core/service.ts'
import { aborted, alreadyExists, failedPrecondition, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/iam.v1.ts'
import { CUSTOM_ROLE, PROJECT } from './names.ts'
import { permissions } from './permissions.ts'
import { type PredefinedRole, predefinedRole, predefinedRoles } from './predefined-roles.ts'

type Schemas = components['schemas']
type Role = Schemas['Role']

const roles = (ctx: Context) => collection<Role>(ctx.db, 'iam_roles')
const LIMITS = { default: 300, max: 1000 }
const ROLE_ID = /^[a-zA-Z0-9_.]{3,64}$/
const PERMISSION = /^[a-z][a-zA-Z0-9]*(\.[a-zA-Z0-9]+){2,}$/

const ofGoogle = (role: PredefinedRole): Role => ({ ...role, stage: 'GA', etag: 'AA==' })
const basic = ({ includedPermissions: _, ...role }: Role): Role => role

/** Base64, another at each change. */
function etagOf(ctx: Context): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(ctx.nanos() / 1000n)
  return bytes.toString('base64')
}

/** The permissions of a role, predefined or custom; undefined for one that there is not, is deleted or disabled. */
export function permissionsOfRole(ctx: Context, name: string): ReadonlySet<string> | undefined {
  const predefined = predefinedRole(name)
  if (predefined) return setOf(predefined.includedPermissions)
  const custom = CUSTOM_ROLE.match(name) && roles(ctx).get(name)
  return custom && !custom.deleted && custom.stage !== 'DISABLED' ? new Set(custom.includedPermissions) : undefined
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>()

/** Made once: the lists of predefined roles are always the same, and enforcement asks at each call. */
function setOf(permissions: readonly string[]): ReadonlySet<string> {
  const known = sets.get(permissions) ?? new Set(permissions)
  sets.set(permissions, known)
  return known
}

/** A custom role, deleted or not. */
function customRole(ctx: Context, name = ''): Role {
  CUSTOM_ROLE.parse(name)
  const role = roles(ctx).get(name)
  if (!role) throw notFound(`The role named ${name} was not found.`)
  return role
}

export function getRole({ name = '' }: Schemas['GetRoleRequest'], ctx: Context): Role {
  const predefined = predefinedRole(name)
  if (predefined) return ofGoogle(predefined)
  if (CUSTOM_ROLE.match(name)) return customRole(ctx, name)
  if (!/^roles\/[\w.]+$/.test(name))
    throw invalidArgument(
      'The role name must be in the form "roles/{role}", "organizations/{organization_id}/roles/{role}", or "projects/{project_id}/roles/{role}".',
    )
  throw notFound(`The role named ${name} was not found.`)
}

/** Without a parent, the predefined roles. */
export function listRoles(request: Schemas['ListRolesRequest'], ctx: Context): Schemas['ListRolesResponse'] {
  const { parent = '', view, showDeleted } = request
  if (parent !== '') PROJECT.parse(parent, 'parent')
  function* source(after: string) {
    for (const row of parent === '' ? predefined(predefinedRoles(), after) : roles(ctx).iterate(parent, after))
      if (showDeleted || !row.document.deleted) yield row
  }
  const { items, nextPageToken } = page<Role>(source, request, LIMITS, { parent, view: view === 'FULL' ? (role) => role : basic })
  return { roles: items, nextPageToken }
}

function* predefined(of: readonly PredefinedRole[], after: string) {
  for (const role of of) if (role.name > after) yield { position: role.name, document: ofGoogle(role) }
}

/** `//cloudkms.googleapis.com/projects/…` → its service and its project. */
function fullResource(name = '') {
  const [, service, project] = /^\/\/([a-z]+)\.googleapis\.com\/(?:.*\/)?projects\/([^/]+)/.exec(name) ?? []
  if (!service || !project)
    throw invalidArgument(`Invalid full_resource_name "${name}": it must begin with //SERVICE.googleapis.com/projects/.`)
  return { service: service === 'cloudresourcemanager' ? '' : service, project }
}

/** Of a project all roles; of a resource in it those of its service, and the basic ones. */
export function queryGrantableRoles(
  request: Schemas['QueryGrantableRolesRequest'],
  ctx: Context,
): Schemas['QueryGrantableRolesResponse'] {
  const { service, project } = fullResource(request.fullResourceName)
  const parent = ctx.canonicalName(`projects/${project}`)
  const isGrantable = ({ name }: PredefinedRole) => !service || !name.includes('.') || name.startsWith(`roles/${service}.`)
  function* source(after: string) {
    if (after < 'roles/') for (const row of roles(ctx).iterate(parent, after)) if (!row.document.deleted) yield row // projects/… come first
    yield* predefined(predefinedRoles().filter(isGrantable), after)
  }
  const bound = request.fullResourceName!
  const { items, nextPageToken } = page<Role>(source, request, LIMITS, {
    parent: bound,
    view: request.view === 'FULL' ? (role) => role : basic,
  })
  return { roles: items, nextPageToken }
}

/** The permissions that a custom role may have and be asked for. */
export function queryTestablePermissions(
  request: Schemas['QueryTestablePermissionsRequest'],
  _ctx: Context,
): Schemas['QueryTestablePermissionsResponse'] {
  const { service } = fullResource(request.fullResourceName)
  function* source(after: string) {
    for (const name of permissions())
      if (name > after && name.startsWith(service ? `${service}.` : ''))
        yield { position: name, document: { name, stage: 'GA' as const } }
  }
  const { items, nextPageToken } = page(source, request, LIMITS, { parent: request.fullResourceName! })
  return { permissions: items, nextPageToken }
}

function checkRole(role: Role) {
  const wrong = role.includedPermissions?.find((permission) => !PERMISSION.test(permission))
  if (wrong !== undefined) throw invalidArgument(`Permission ${wrong} is not valid.`)
  if ((role.title ?? '').length > 100) throw invalidArgument('The title of a role has at most 100 characters.')
  if ((role.description ?? '').length > 256) throw invalidArgument('The description of a role has at most 256 characters.')
}

export function createRole({ parent = '', roleId = '', role = {} }: Schemas['CreateRoleRequest'], ctx: Context): Role {
  const { project } = PROJECT.parse(parent, 'parent')
  if (!ROLE_ID.test(roleId)) throw invalidArgument(`The role_id "${roleId}" must match [a-zA-Z0-9_.]{3,64}.`)
  checkRole(role)
  const { title, description, includedPermissions, stage } = role
  const name = CUSTOM_ROLE.format({ project, role: roleId })
  const created: Role = { name, title, description, includedPermissions, stage, etag: etagOf(ctx) }
  if (!roles(ctx).insert(name, parent, created))
    throw alreadyExists(`A role named ${roleId} in projects/${project} already exists.`)
  return created
}

const CHANGEABLE = ['title', 'description', 'includedPermissions', 'stage'] as const

function checkEtag(sent: string | undefined, { name, etag }: Role) {
  if (sent && sent !== etag)
    throw aborted(
      `There were concurrent changes of the role ${name}. Please retry the whole read-modify-write with exponential backoff.`,
    )
}

/** Without a mask, what is sent. */
export function updateRole({ name, role = {}, updateMask }: Schemas['UpdateRoleRequest'], ctx: Context): Role {
  const current = customRole(ctx, name)
  if (current.deleted) throw failedPrecondition(`You can't update role ${name}: it is deleted.`)
  checkRole(role)
  checkEtag(role.etag, current)
  const mask = maskPaths(updateMask).filter((path) => path !== 'etag' && path !== 'name')
  const wrong = mask.find((path) => !CHANGEABLE.some((field) => field === path))
  if (wrong) throw invalidArgument(`Field "${wrong}" of a role cannot be updated.`)
  const named = CHANGEABLE.filter((field) => (mask.length > 0 ? mask.includes(field) : role[field] !== undefined))
  const updated: Role = { ...current, ...Object.fromEntries(named.map((field) => [field, role[field]])), etag: etagOf(ctx) }
  roles(ctx).update(current.name!, updated)
  return updated
}

const setDeleted =
  (deleted: boolean) =>
  ({ name, etag }: { name?: string; etag?: string }, ctx: Context): Role => {
    const { deleted: wasDeleted = false, ...current } = customRole(ctx, name)
    checkEtag(etag, current)
    if (wasDeleted === deleted) throw failedPrecondition(`The role ${name} is ${deleted ? 'already' : 'not'} deleted.`)
    const changed: Role = { ...current, ...(deleted && { deleted }), etag: etagOf(ctx) }
    roles(ctx).update(current.name!, changed)
    return changed
  }

export const deleteRole = setDeleted(true)
export const undeleteRole = setDeleted(false)

// Custom constraints (https://cloud.google.com/resource-manager/docs/organization-policy/creating-managing-custom-constraints): conditions over
// a resource. They belong to an organization, and count only where a policy enforces them.
import { parseCel } from '../../core/cel.ts'
import { collection } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'
import { CUSTOM_CONSTRAINT, ORGANIZATION } from './names.ts'

type Schemas = components['schemas']
type CustomConstraint = Schemas['CustomConstraint']

const customConstraints = (ctx: Context) => collection<CustomConstraint>(ctx.db, 'orgpolicy_custom_constraints')

/** Resources to whose creation and update the conditions are applied. */
export const CHECKED_RESOURCE_TYPES = ['run.googleapis.com/Service', 'run.googleapis.com/Job']

export const NOT_FOUND = 'Requested entity was not found.'

const ID = /^custom\.[a-zA-Z][a-zA-Z0-9]{0,62}$/
const RESOURCE_TYPE = /^[a-z0-9.-]+\.googleapis\.com\/[A-Za-z]+$/
const LIMITS = { condition: 1000, displayName: 200, description: 2000 } as const

function checkOrganization(parent: string | undefined) {
  const { organization } = ORGANIZATION.parse(parent, 'parent')
  if (!/^\d+$/.test(organization)) throw invalidArgument(`Invalid organization "${organization}": it must be a number.`)
}

/** What is stored; what the condition uses and is not supported is refused now, not when it would be needed. */
function checked(sent: CustomConstraint, ctx: Context): CustomConstraint {
  const { name = '', resourceTypes = [], methodTypes = [], condition = '', actionType, displayName, description } = sent
  const { customConstraint } = CUSTOM_CONSTRAINT.parse(name, 'custom_constraint.name')
  if (!ID.test(customConstraint))
    throw invalidArgument(`Invalid custom constraint "${customConstraint}": it must be custom. and 1 to 63 letters and digits.`)
  if (resourceTypes.length === 0) throw invalidArgument('custom_constraint.resource_types must not be empty.')
  for (const type of resourceTypes) if (!RESOURCE_TYPE.test(type)) throw invalidArgument(`Invalid resource type "${type}".`)
  for (const type of methodTypes)
    if (type !== 'CREATE' && type !== 'UPDATE') throw unimplemented(`Method type ${type} of a custom constraint`)
  if (!methodTypes.includes('CREATE'))
    throw invalidArgument('custom_constraint.method_types must be CREATE, or CREATE and UPDATE.')
  if (actionType !== 'ALLOW' && actionType !== 'DENY')
    throw invalidArgument('custom_constraint.action_type must be ALLOW or DENY.')
  for (const [field, limit] of Object.entries(LIMITS))
    if ((sent[field as keyof typeof LIMITS] ?? '').length > limit)
      throw invalidArgument(`The ${field} of a custom constraint has at most ${limit} characters.`)
  parseCel(condition, ['resource'])
  const idle = resourceTypes.filter((type) => !CHECKED_RESOURCE_TYPES.includes(type))
  if (idle.length > 0) ctx.log.warn({ name, resourceTypes: idle }, 'a custom constraint has no effect on these resources here')
  return { name, resourceTypes, methodTypes, condition, actionType, displayName, description, updateTime: ctx.timestamp() }
}

export function createCustomConstraint(
  { parent, customConstraint = {} }: Schemas['CreateCustomConstraintRequest'],
  ctx: Context,
): CustomConstraint {
  checkOrganization(parent)
  const stored = checked(customConstraint, ctx)
  const { organization, customConstraint: id } = CUSTOM_CONSTRAINT.parse(stored.name)
  if (`organizations/${organization}` !== parent) throw invalidArgument(`${stored.name} is not in ${parent}.`)
  if (!customConstraints(ctx).insert(stored.name!, parent, stored, id)) throw alreadyExists('Requested entity already exists.')
  return stored
}

export function getCustomConstraint({ name = '' }: Schemas['GetCustomConstraintRequest'], ctx: Context): CustomConstraint {
  CUSTOM_CONSTRAINT.parse(name)
  const found = customConstraints(ctx).get(name)
  if (!found) throw notFound(NOT_FOUND)
  return found
}

/** Overwrites all but the resource types. */
export function updateCustomConstraint(
  { customConstraint = {} }: Schemas['UpdateCustomConstraintRequest'],
  ctx: Context,
): CustomConstraint {
  const { name = '', resourceTypes } = getCustomConstraint({ name: customConstraint.name }, ctx)
  const stored = checked({ ...customConstraint, resourceTypes: customConstraint.resourceTypes ?? resourceTypes }, ctx)
  if (stored.resourceTypes!.join() !== resourceTypes!.join())
    throw invalidArgument('custom_constraint.resource_types cannot be changed.')
  customConstraints(ctx).update(name, stored)
  return stored
}

export function listCustomConstraints(
  { parent = '' }: Schemas['ListCustomConstraintsRequest'],
  ctx: Context,
): Schemas['ListCustomConstraintsResponse'] {
  checkOrganization(parent)
  return { customConstraints: Array.from(customConstraints(ctx).iterate(parent), ({ document }) => document) }
}

export function deleteCustomConstraint(
  { name = '' }: Schemas['DeleteCustomConstraintRequest'],
  ctx: Context,
): Record<string, never> {
  getCustomConstraint({ name }, ctx)
  customConstraints(ctx).delete(name)
  return {}
}

// What a policy may say of its constraint. Conditions of rules ask for tags, which there are not here: they are refused, since a rule that
// is applied everywhere would be another one.
import type { Context } from '../../core/service.ts'
import { invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'
import { ALLOWED_BINARY_AUTHORIZATION_POLICIES, isCustom, knownConstraint } from './constraints.ts'
import { NOT_FOUND } from './custom-constraints.ts'
import { POLICY } from './names.ts'
import { customConstraintsOfId } from './store.ts'

type Schemas = components['schemas']
type PolicySpec = Schemas['PolicySpec']
type PolicyRule = NonNullable<PolicySpec['rules']>[number]

const CONSTRAINT_ID = /^[a-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9_-]*)+$/
const KINDS = ['values', 'allowAll', 'denyAll', 'enforce'] as const

/** Throws INVALID_ARGUMENT for a policy that says nothing, or what its constraint cannot have; NOT_FOUND for a custom constraint that
 * there is not. Warns of a constraint that nothing here looks at. */
export function checkPolicy({ name, spec, dryRunSpec }: Schemas['Policy'], ctx: Context) {
  const { policy: constraint } = POLICY.parse(name, 'policy.name')
  if (!CONSTRAINT_ID.test(constraint)) throw invalidArgument(`Invalid constraint "${constraint}" in policy.name.`)
  if (!spec && !dryRunSpec) throw invalidArgument('A policy must have a spec or a dry_run_spec.')
  if (isCustom(constraint) && customConstraintsOfId(ctx, constraint).length === 0) throw notFound(NOT_FOUND)
  for (const one of [spec, dryRunSpec]) if (one) checkSpec(one, constraint)
  if (!isCustom(constraint) && !knownConstraint(constraint)?.hasEffect)
    ctx.log.warn({ policy: name }, 'an organization policy is kept, but its constraint has no effect here')
}

function checkSpec({ rules = [], reset, inheritFromParent }: PolicySpec, constraint: string) {
  const kind = isCustom(constraint) ? 'boolean' : knownConstraint(constraint)?.kind
  if (reset && (rules.length > 0 || inheritFromParent))
    throw invalidArgument('A policy with reset must have no rules, and must not inherit.')
  if (!reset && rules.length === 0 && !inheritFromParent) throw invalidArgument('A policy must have rules, or reset.')
  if (kind === 'boolean' && !reset && (rules.length !== 1 || inheritFromParent))
    throw invalidArgument(`The policy of the boolean constraint ${constraint} must have one rule, and must not inherit.`)
  for (const rule of rules) checkRule(rule, constraint, kind)
}

function checkRule(rule: PolicyRule, constraint: string, kind: 'list' | 'boolean' | undefined) {
  if (rule.condition) throw unimplemented('Field policy.spec.rules.condition')
  if (rule.parameters) throw unimplemented('Field policy.spec.rules.parameters')
  const [said] = KINDS.filter((one) => rule[one] !== undefined)
  if (!said || rule.allowAll === false || rule.denyAll === false)
    throw invalidArgument('A rule must have values, or allow_all or deny_all that is true, or enforce.')
  if (kind && (said === 'enforce') !== (kind === 'boolean'))
    throw invalidArgument(`${constraint} is a ${kind} constraint: its rules cannot have ${said}.`)
  const values = [rule.values?.allowedValues ?? [], rule.values?.deniedValues ?? []].flat()
  if (said === 'values' && values.length === 0) throw invalidArgument('The values of a rule must not be empty.')
  const prefixed = constraint === ALLOWED_BINARY_AUTHORIZATION_POLICIES && values.find((value) => /^(under|in):/.test(value))
  if (prefixed) throw invalidArgument(`${constraint} does not support the value "${prefixed}".`)
}

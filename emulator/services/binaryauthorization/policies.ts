// The policy of a project (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.policy). A project has
// exactly one: the default until one is written, and it is always written as a whole.
import { collection } from '../../core/collection.ts'
import { checkEtag, etagOf } from '../../core/etag.ts'
import { projectId } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { findAttestor } from './attestors.ts'
import { ATTESTOR, isProject, POLICY } from './names.ts'
import { checkPolicy, rulesOf } from './policy-validation.ts'

type Schemas = components['schemas']
export type Policy = Schemas['Policy']

const policies = (ctx: Context) => collection<Policy>(ctx.db, 'binauthz_policies')

/** What a project has that never wrote a policy: everything is allowed. It has neither etag nor updateTime. */
const defaultPolicy = (name: string): Policy => ({
  name,
  globalPolicyEvaluationMode: 'ENABLE',
  defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
})

/** The policy of a project, by its id: the stored one, else the default. */
export function policyOf(ctx: Context, project: string): Policy {
  const name = POLICY.format({ project })
  return policies(ctx).get(name) ?? defaultPolicy(name)
}

/** The project of a policy's name. NOT_FOUND where there is no such project; a policy there always is. */
export function checkPolicyName(name: string | undefined, field?: string): string {
  const { project } = POLICY.parse(name, field)
  if (!isProject(project)) throw notFound(`Project ${project} not found.`)
  return project
}

export const getPolicy = ({ name }: Schemas['GetPolicyRequest'], ctx: Context): Policy => policyOf(ctx, checkPolicyName(name))

/** Replaces the policy; what the request leaves out is gone. Also globalPolicyEvaluationMode, and then the system policy exempts
 * no image any more. Name and updateTime of the request count for nothing; the etag, where there is one, must be the current one. */
export function updatePolicy({ policy = {} }: Schemas['UpdatePolicyRequest'], ctx: Context): Policy {
  const project = checkPolicyName(policy.name, 'policy.name')
  const name = POLICY.format({ project })
  const current = policies(ctx).get(name)
  const written: Policy = { ...withProjectIds(policy, ctx), name, updateTime: ctx.timestamp() }
  checkPolicy(written, (attestor) => findAttestor(ctx, attestor) !== undefined)
  checkEtag(
    policy.etag,
    current?.etag,
    `The etag ${policy.etag} is not that of the current policy ${name}: get the policy again.`,
  )
  // 9 digits, because two updates within a microsecond are two etags
  written.etag = etagOf([written, ctx.timestamp(9)])
  if (current) policies(ctx).update(name, written)
  else policies(ctx).insert(name, `projects/${project}`, written)
  return written
}

/** An attestor may be named by its project's number; the policy is kept, and judged, with ids. */
function withProjectIds(policy: Policy, ctx: Context): Policy {
  const result = structuredClone(policy)
  for (const { rule } of rulesOf(result))
    if (rule.requireAttestationsBy)
      rule.requireAttestationsBy = rule.requireAttestationsBy.map((name) => {
        const variables = ATTESTOR.match(name)
        return variables ? ATTESTOR.format({ ...variables, project: projectId(ctx.db, variables.project) }) : name
      })
  return result
}

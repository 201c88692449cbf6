// The templates of services and jobs, checked and with Cloud Run's defaults: what is compared, stored and shown.
import { parseDuration } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import { computeAccount } from '../../core/service-accounts.ts'
import type { components } from '../../gen/run.v2.ts'
import { checkedContainers, cpus } from './containers.ts'
import { REVISION } from './names.ts'
import type { Container } from './shapes.ts'
import { below, checkEnum, checkMetadata, type Refuse } from './violations.ts'

type Schemas = components['schemas']

const HOUR = 3600n * 1_000_000_000n
const ENVIRONMENTS = ['EXECUTION_ENVIRONMENT_UNSPECIFIED', 'EXECUTION_ENVIRONMENT_GEN1', 'EXECUTION_ENVIRONMENT_GEN2'] as const
const EGRESS = ['VPC_EGRESS_UNSPECIFIED', 'ALL_TRAFFIC', 'PRIVATE_RANGES_ONLY'] as const

/** What the templates of services and of tasks have in common. */
function checkCommon(template: Schemas['RevisionTemplate'] | Schemas['TaskTemplate'], refuse: Refuse) {
  checkEnum(template.executionEnvironment, ENVIRONMENTS, 'executionEnvironment', refuse)
  checkEnum(template.vpcAccess?.egress, EGRESS, 'vpcAccess.egress', refuse)
  const { volumes = [], containers = [] } = template
  const names = volumes.map(({ name = '' }) => name)
  for (const [index, name] of names.entries())
    if (name === '' || names.indexOf(name) !== index) throw refuse(`volumes[${index}].name`, 'must be set and unique.')
  for (const [index, { volumeMounts = [] }] of containers.entries())
    for (const [mount, { name = '' }] of volumeMounts.entries())
      if (!names.includes(name)) throw refuse(`containers[${index}].volumeMounts[${mount}].name`, `there is no volume "${name}".`)
}

function nanosOf(duration: string, path: string, refuse: Refuse): bigint {
  const nanos = parseDuration(duration)
  if (nanos <= 0n) throw refuse(path, 'must be positive.')
  return nanos
}

/** `service` is the name of the service. */
export function checkedRevisionTemplate(
  given: Schemas['RevisionTemplate'] | undefined,
  service: { project: string; service: string },
  refuse: Refuse,
  ctx: Context,
): Schemas['RevisionTemplate'] {
  if (!given) throw refuse('template', 'should be set.')
  const at = below(refuse, 'template')
  checkMetadata(given, at)
  checkRevisionName(given.revision, service.service, at)
  checkScaling(given.scaling, below(at, 'scaling'))
  const { timeout = '300s', serviceAccount, containers, maxInstanceRequestConcurrency = 0, ...kept } = given
  if (nanosOf(timeout, 'timeout', at) > HOUR) throw at('timeout', 'maximum allowed time is one hour.')
  if (maxInstanceRequestConcurrency < 0 || maxInstanceRequestConcurrency > 1000)
    throw at('maxInstanceRequestConcurrency', 'must be between 0 and 1000.')
  const checked = checkedContainers(containers, 'service', at)
  const template = {
    ...kept,
    timeout,
    serviceAccount: serviceAccount || computeAccount(ctx.db, service.project),
    containers: checked,
    maxInstanceRequestConcurrency: maxInstanceRequestConcurrency || (cpus(checked) >= 1 ? 80 : 1),
  }
  checkCommon(template, at)
  return template
}

/** The name of a revision begins with that of its service; `service` may be the last segment of a revision's full name. */
function checkRevisionName(revision: string | undefined, service: string, refuse: Refuse) {
  if (!revision) return
  if (!revision.startsWith(`${service}-`) || !/^[a-z][a-z0-9-]*[a-z0-9]$/.test(revision) || revision.length > 63)
    throw refuse(
      'revision',
      `"${revision.slice(0, 100)}" must be prefixed by the name of the enclosing Service ("${service}-"), and have at most 63 lowercase letters, digits and hyphens.`,
    )
}

/** Of a revision; that of a service has `manualInstanceCount` too. */
export function checkScaling(
  { minInstanceCount: min = 0, maxInstanceCount: max = 0, manualInstanceCount: manual = 0 }: Schemas['ServiceScaling'] = {},
  refuse: Refuse,
) {
  if (min < 0) throw refuse('minInstanceCount', 'must not be negative.')
  if (max < 0) throw refuse('maxInstanceCount', 'must not be negative.')
  if (manual < 0) throw refuse('manualInstanceCount', 'must not be negative.')
  if (max > 0 && min > max) throw refuse('minInstanceCount', 'must not be greater than max_instance_count.')
}

const MAX_TASKS = 10_000
const MAX_RETRIES = 10
const MAX_TASK_TIMEOUT = 168n * HOUR

/** That of a job: counts, and the template of its tasks. */
export function checkedExecutionTemplate(
  given: Schemas['ExecutionTemplate'] | undefined,
  project: string,
  refuse: Refuse,
  ctx: Context,
): Schemas['ExecutionTemplate'] {
  if (!given) throw refuse('template', 'should be set.')
  const at = below(refuse, 'template')
  checkMetadata(given, at)
  const { taskCount = 1, parallelism = 0, template: tasks, ...kept } = given
  checkTaskCount(taskCount, 'taskCount', at)
  if (parallelism < 0) throw at('parallelism', 'must not be negative.')
  if (parallelism > taskCount) throw at('parallelism', 'must not be greater than task_count.')
  if (!tasks) throw at('template', 'should be set.')
  const inner = below(at, 'template')
  const { maxRetries = 3, timeout = '600s', serviceAccount, containers, executionEnvironment, ...others } = tasks
  if (maxRetries < 0 || maxRetries > MAX_RETRIES) throw inner('maxRetries', `must be between 0 and ${MAX_RETRIES}.`)
  checkTaskTimeout(timeout, inner)
  const template = {
    ...others,
    containers: checkedContainers(containers as Container[], 'job', inner),
    maxRetries,
    timeout,
    serviceAccount: serviceAccount || computeAccount(ctx.db, project),
    executionEnvironment: executionEnvironment ?? ('EXECUTION_ENVIRONMENT_GEN2' as const),
  }
  checkCommon(template, inner)
  return { ...kept, ...(parallelism > 0 && { parallelism }), taskCount: taskCount || 1, template }
}

export function checkTaskCount(count: number, path: string, refuse: Refuse) {
  if (count < 0 || count > MAX_TASKS) throw refuse(path, `must be between 1 and ${MAX_TASKS}.`)
}

export function checkTaskTimeout(timeout: string, refuse: Refuse) {
  if (nanosOf(timeout, 'timeout', refuse) > MAX_TASK_TIMEOUT) throw refuse('timeout', 'maximum allowed time is 168 hours.')
}

/** The short name of a revision, whichever way it is given; undefined for the full name of another service's. */
export function revisionId(revision: string, service: string): string | undefined {
  if (!revision.includes('/')) return revision
  const parts = REVISION.match(revision)
  return parts && revision.startsWith(`${service}/`) ? parts.revision : undefined
}

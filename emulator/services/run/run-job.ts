// Running a job: an execution of its template, with what the request overrides. Binary Authorization judges it each time.
import { checkEtag } from '../../core/etag.ts'
import { admissionGeneration } from '../../core/generation.ts'
import { type Context, io, Stale } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/run.v2.ts'
import { recordJudgement } from './audit-entry.ts'
import { condition, type Failure } from './conditions.ts'
import { executionConditions, referenceTo } from './executions.ts'
import { type FoundImages, findImages } from './images.ts'
import { getJob } from './jobs.ts'
import { type Judgement, judge, type Question, question } from './judge.ts'
import { callerOf, etagAt, logUri, randomSuffix } from './metadata.ts'
import { JOB } from './names.ts'
import { isOptedIn } from './service-fields.ts'
import type { Container, Execution, Job, Knative, StoredExecution, StoredJob } from './shapes.ts'
import { executions, jobs, namesBeyond, newestFirst } from './store.ts'
import { checkTaskCount, checkTaskTimeout } from './templates.ts'
import { type Refuse, violationIn } from './violations.ts'

type Overrides = components['schemas']['RunJobRequest.Overrides']

export interface JobRun {
  /** Full name of the job. */
  name: string
  etag?: string
  validateOnly?: boolean
  overrides?: Overrides
  /** Annotations and labels of the execution that only v1 has; those of the job's template unless given. */
  knative?: Knative
  refuse?: Refuse
}

/** Google keeps so many of a job. */
const MAX_EXECUTIONS = 1000

interface Plan {
  job: StoredJob
  template: NonNullable<Job['template']>
  found: FoundImages
  asked?: Question
}

function plan({ name, etag, overrides, refuse = violationIn('RunJobRequest', 'overrides') }: JobRun, ctx: Context): Plan {
  const job = getJob(name, ctx)
  checkEtag(etag, job.etag, `The etag of job ${name} is not the current one: get the job again.`)
  const template = overridden(job.template!, overrides, refuse)
  const containers = template.template!.containers!
  const found = findImages(containers, ctx)
  const settings = job.binaryAuthorization
  const asks = isOptedIn(settings) && !found.failure
  return { job, template, found, ...(asks && { asked: question(JOB.parse(name), settings!, containers, found.images) }) }
}

function overridden(
  template: NonNullable<Job['template']>,
  { taskCount = 0, timeout, containerOverrides = [] }: Overrides = {},
  refuse: Refuse,
): NonNullable<Job['template']> {
  checkTaskCount(taskCount, 'taskCount', refuse)
  if (timeout !== undefined) checkTaskTimeout(timeout, refuse)
  const { parallelism = 0 } = template
  const count = taskCount || template.taskCount!
  let containers = template.template!.containers!
  for (const [index, override] of containerOverrides.entries()) {
    const at = containers.findIndex(
      ({ name = '' }, _, all) => name === (override.name ?? '') || (!override.name && all.length === 1),
    )
    if (at < 0) throw refuse(`containerOverrides[${index}].name`, `there is no container "${override.name ?? ''}".`)
    containers = containers.with(at, overriddenContainer(containers[at]!, override))
  }
  return {
    ...template,
    ...(parallelism > 0 && { parallelism: Math.min(parallelism, count) }),
    taskCount: count,
    template: { ...template.template, containers, ...(timeout !== undefined && { timeout }) },
  }
}

function overriddenContainer(
  container: Container,
  { args = [], clearArgs, env = [] }: NonNullable<Overrides['containerOverrides']>[number],
): Container {
  if (clearArgs && args.length > 0) throw invalidArgument('Only one of args and clear_args can be set in a container override.')
  const names = new Set(env.map(({ name }) => name))
  const kept = (container.env ?? []).filter(({ name }) => !names.has(name))
  return {
    ...container,
    ...((clearArgs || args.length > 0) && { args: clearArgs ? undefined : args }),
    ...(env.length > 0 && { env: [...kept, ...env] }),
  }
}

interface Prepared {
  generation: string
  key?: string
  judgement?: Judgement
}

async function prepare(run: JobRun, ctx: Context): Promise<Prepared> {
  const generation = admissionGeneration(ctx.db)
  const { asked } = plan(run, ctx)
  if (!asked || run.validateOnly) return { generation, key: JSON.stringify(asked) }
  return { generation, key: JSON.stringify(asked), judgement: await judge(asked, ctx) }
}

function commit(run: JobRun, ctx: Context, { generation, key, judgement }: Prepared): StoredExecution {
  const planned = plan(run, ctx)
  const { job, asked, found } = planned
  if (JSON.stringify(asked) !== key) throw new Stale()
  if (asked && admissionGeneration(ctx.db) !== generation) throw new Stale()
  const failure = found.failure ?? judgement?.failure
  const execution = made(run, planned, failure, ctx)
  if (run.validateOnly) return execution
  executions(ctx).insert(execution.name!, job.name!, execution, newestFirst(execution.name!, ctx))
  const executionCount = (job.executionCount ?? 0) + 1
  jobs(ctx).update(job.name!, {
    ...job,
    terminalCondition: condition('Ready', failure, ctx.timestamp()),
    executionCount,
    latestCreatedExecution: referenceTo(execution, ctx),
    etag: etagAt(job.name!, job.generation!, ctx),
  })
  if (judgement) recordJudgement(ctx, execution.name!, judgement, job.binaryAuthorization!)
  if (executionCount > MAX_EXECUTIONS)
    for (const old of namesBeyond(ctx, 'run_executions', job.name!, MAX_EXECUTIONS)) executions(ctx).delete(old)
  return execution
}

/** Starts an execution, and answers it as it ends. One that Binary Authorization denies is made and has failed: no task of it was started. */
export const runJob = io(prepare, commit)

function made(
  { name, knative }: JobRun,
  { job, template, found }: Plan,
  failure: Failure | undefined,
  ctx: Context,
): StoredExecution {
  const { project, location, job: id } = JOB.parse(name)
  const { labels, annotations, taskCount = 1, parallelism = taskCount, template: tasks } = template
  const time = ctx.timestamp()
  const executionName = newName(name, id, ctx)
  const execution: Execution = {
    name: executionName,
    uid: ctx.ids.uuid(),
    creator: callerOf(project, ctx),
    generation: '1',
    labels,
    annotations,
    createTime: time,
    ...(!failure && { startTime: time }),
    completionTime: time,
    updateTime: time,
    launchStage: job.launchStage,
    job: id,
    parallelism,
    taskCount,
    template: tasks,
    conditions: executionConditions(failure, time),
    observedGeneration: '1',
    ...(!failure && { succeededCount: taskCount }),
    logUri: logUri(project, { job_name: id, location }, ctx),
    etag: etagAt(executionName, '1', ctx),
  }
  const { templateAnnotations, templateLabels } = job.internal.knative
  return {
    ...execution,
    internal: { knative: knative ?? { annotations: templateAnnotations, labels: templateLabels }, images: found.images },
  }
}

function newName(job: string, id: string, ctx: Context): string {
  for (let length = 5; ; length++) {
    const name = `${job}/executions/${id}-${randomSuffix(length, ctx)}`
    if (!executions(ctx).get(name)) return name
  }
}

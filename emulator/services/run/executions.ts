// Executions of jobs (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.executions). Nothing runs: what was started
// has succeeded, at once or as soon as the clock says so.
import { formatTimestamp, parseTimestamp } from '../../core/clock.ts'
import { checkEtag } from '../../core/etag.ts'
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition } from '../../core/status.ts'
import { condition, conditionOf, type Failure, failureOf, succeeded } from './conditions.ts'
import { deletionTimes, etagAt, resourceNotFound } from './metadata.ts'
import { EXECUTION } from './names.ts'
import type { Condition, Execution, Job, StoredExecution, StoredJob } from './shapes.ts'
import { documentsOf, executions } from './store.ts'

type ExecutionReference = NonNullable<Job['latestCreatedExecution']>

/** The execution, or NOT_FOUND. */
export function getExecution(name: string, ctx: Context): StoredExecution {
  EXECUTION.parse(name)
  const execution = executions(ctx).get(name)
  if (!execution) throw resourceNotFound('execution', name)
  return execution
}

/** Executions of a job, or of all jobs of a location (`…/jobs/-`), the newest first. */
export const executionsFrom = (ctx: Context, job: string, after = '') =>
  idOf(job) === '-'
    ? documentsOf<StoredExecution>(ctx, 'run_executions', parentOf(job), after)
    : executions(ctx).iterate(job, after)

/** Conditions of an execution that has been started, and has succeeded or failed. */
export function executionConditions(failure: Failure | undefined, time: string): Condition[] {
  const completed = condition('Completed', failure, time)
  if (failure) return [completed, condition('ContainerReady', failure, time)]
  return [completed, ...['ResourcesAvailable', 'Started', 'ContainerReady'].map((type) => succeeded(type, time))]
}

export const executionFailure = ({ conditions }: Execution) => failureOf(conditionOf(conditions, 'Completed'))

const completionNanos = ({ createTime = '' }: Execution, { operationDelay }: Context) =>
  parseTimestamp(createTime) + operationDelay

/** Does it still run? One that has failed or was cancelled does not, whatever the clock says. */
const isRunning = (execution: Execution, ctx: Context) =>
  ctx.operationDelay > 0n &&
  conditionOf(execution.conditions, 'Completed')?.state === 'CONDITION_SUCCEEDED' &&
  completionNanos(execution, ctx) > ctx.nanos()

/** An execution as it is at this moment: running, succeeded, failed or cancelled. What is stored is how it ends. */
export function executionNow<T extends Execution>(execution: T, ctx: Context): T {
  if (isRunning(execution, ctx)) {
    const { completionTime: _, succeededCount: __, ...running } = execution
    const conditions = execution.conditions?.map((each) =>
      each.type === 'Completed' ? { ...each, state: 'CONDITION_RECONCILING' as const } : each,
    )
    return { ...running, reconciling: true, conditions, runningCount: execution.parallelism } as T
  }
  if (ctx.operationDelay === 0n || !execution.succeededCount) return execution
  return { ...execution, completionTime: formatTimestamp(completionNanos(execution, ctx), 6) }
}

/** How the job refers to the execution that it has made last. */
export function referenceTo(execution: Execution, ctx: Context): ExecutionReference {
  const { name = '', createTime, completionTime, reconciling, cancelledCount } = executionNow(execution, ctx)
  const completionStatus = reconciling
    ? 'EXECUTION_RUNNING'
    : cancelledCount
      ? 'EXECUTION_CANCELLED'
      : executionFailure(execution)
        ? 'EXECUTION_FAILED'
        : 'EXECUTION_SUCCEEDED'
  return { name: idOf(name), createTime, completionTime, completionStatus }
}

/** A job as it is at this moment, which its latest execution changes without being written. */
export function jobNow<T extends StoredJob>(job: T, ctx: Context): T {
  const { name } = job.latestCreatedExecution ?? {}
  const execution = name && ctx.operationDelay > 0n ? executions(ctx).get(`${job.name}/executions/${name}`) : undefined
  return execution ? { ...job, latestCreatedExecution: referenceTo(execution, ctx) } : job
}

interface ExecutionRequest {
  name?: string
  etag?: string
  validateOnly?: boolean
}

function checked({ name = '', etag }: ExecutionRequest, ctx: Context): StoredExecution {
  const execution = getExecution(name, ctx)
  checkEtag(etag, execution.etag, `The etag of execution ${name} is not the current one.`)
  return execution
}

/** As it was, with the time of deletion. */
export function deleteExecution(request: ExecutionRequest, ctx: Context): StoredExecution {
  const execution = checked(request, ctx)
  if (!request.validateOnly) executions(ctx).delete(execution.name!)
  return { ...executionNow(execution, ctx), ...deletionTimes(ctx) }
}

/** FAILED_PRECONDITION for one that does not run any more. */
export function cancelExecution(request: ExecutionRequest, ctx: Context): StoredExecution {
  const execution = checked(request, ctx)
  if (!isRunning(execution, ctx)) throw failedPrecondition(`Execution ${execution.name} has completed and cannot be cancelled.`)
  const { succeededCount: _, completionTime: __, ...kept } = execution
  const time = ctx.timestamp()
  const cancelled: StoredExecution = {
    ...kept,
    completionTime: time,
    updateTime: time,
    conditions: [
      {
        type: 'Completed',
        state: 'CONDITION_FAILED',
        message: 'The execution was cancelled.',
        lastTransitionTime: time,
        executionReason: 'CANCELLED',
      },
      ...(execution.conditions ?? []).filter(({ type }) => type !== 'Completed'),
    ],
    cancelledCount: execution.taskCount,
    etag: etagAt(execution.name!, '1', ctx),
  }
  if (!request.validateOnly) executions(ctx).update(execution.name!, cancelled)
  return cancelled
}

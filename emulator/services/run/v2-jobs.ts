// Jobs, executions and tasks of the Cloud Run Admin API v2.
import { page } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/run.v2.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { around } from './around.ts'
import {
  cancelExecution,
  deleteExecution,
  executionFailure,
  executionNow,
  executionsFrom,
  getExecution,
  jobNow,
} from './executions.ts'
import { deleteJob, getJob, type JobWrite, jobsFrom, writeJob } from './jobs.ts'
import { LIST_LIMITS } from './metadata.ts'
import { JOB, LOCATION } from './names.ts'
import { cancelOperationOf, checkedOnly, operation } from './operations.ts'
import { isReconciling } from './reconciling.ts'
import { runJob } from './run-job.ts'
import { type Execution, type Job, type StoredExecution, type StoredJob, withoutInternal } from './shapes.ts'
import { getTask, tasksFrom } from './tasks.ts'
import { checkParent } from './v2.ts'
import { checkNoSystemKeys, type Refuse, violationIn } from './violations.ts'

type Schemas = components['schemas']

function shownJob(stored: StoredJob, ctx: Context): Job {
  const job = withoutInternal(jobNow(stored, ctx))
  return isReconciling(stored.updateTime, ctx) ? pendingJob(job) : job
}

const pendingJob = (job: Job): Job => ({
  ...job,
  terminalCondition: { type: 'Ready', state: 'CONDITION_PENDING' },
  reconciling: true,
})

const shownExecution = (stored: StoredExecution, ctx: Context): Execution => withoutInternal(executionNow(stored, ctx))

function checkSent(job: Job, refuse: Refuse) {
  checkNoSystemKeys(job, refuse)
  checkNoSystemKeys(job.template ?? {}, (path, why) => refuse(`template.${path}`, why))
}

function written(write: JobWrite, ctx: Context): LongrunningOperation {
  const job = withoutInternal(writeJob(write, ctx))
  if (write.validateOnly) return checkedOnly('Job', job)
  return operation({ kind: 'Job', pending: pendingJob(job), done: job }, ctx)
}

export function createJobV2({ parent, jobId, job = {}, validateOnly }: Schemas['CreateJobRequest'], ctx: Context) {
  const { project, location } = LOCATION.parse(parent, 'parent')
  const refuse = violationIn('CreateJobRequest', 'job')
  if (!jobId) throw violationIn('CreateJobRequest', '')('job_id', 'should not be empty.')
  checkSent(job, refuse)
  const name = JOB.format({ project, location, job: jobId })
  return written({ name, when: 'MISSING', validateOnly, refuse, desired: () => ({ job }) }, ctx)
}

/** There is no mask: all is replaced. */
export function updateJobV2({ job = {}, validateOnly, allowMissing }: Schemas['UpdateJobRequest'], ctx: Context) {
  const refuse = violationIn('UpdateJobRequest', 'job')
  checkSent(job, refuse)
  const { name = '', etag } = job
  JOB.parse(name, 'job.name')
  return written({ name, when: allowMissing ? 'ANY' : 'EXISTING', etag, validateOnly, refuse, desired: () => ({ job }) }, ctx)
}

export const getJobV2 = ({ name = '' }: Schemas['GetJobRequest'], ctx: Context): Job => shownJob(getJob(name, ctx), ctx)

export function listJobsV2(request: Schemas['ListJobsRequest'], ctx: Context): Schemas['ListJobsResponse'] {
  const { parent = '' } = request
  checkParent(parent)
  const { items, nextPageToken } = page((after) => jobsFrom(ctx, parent, after), request, LIST_LIMITS, {
    parent,
    view: (stored) => shownJob(stored, ctx),
  })
  return { jobs: items, nextPageToken }
}

export function deleteJobV2(request: Schemas['DeleteJobRequest'], ctx: Context): LongrunningOperation {
  const job = withoutInternal(deleteJob(request, ctx))
  if (request.validateOnly) return checkedOnly('Job', job)
  return operation({ kind: 'Job', pending: pendingJob(job), done: job }, ctx)
}

/** At first the execution has not been started. */
function pendingExecution({
  startTime: _,
  completionTime: __,
  succeededCount: ___,
  conditions,
  ...execution
}: Execution): Execution {
  const completed = conditions?.filter(({ type }) => type === 'Completed') ?? []
  return {
    ...execution,
    conditions: completed.map(({ type, lastTransitionTime }) => ({ type, state: 'CONDITION_PENDING', lastTransitionTime })),
    reconciling: true,
  }
}

export const runJobV2 = around(
  runJob,
  ({ name = '', etag, validateOnly, overrides }: Schemas['RunJobRequest']) => ({ name, etag, validateOnly, overrides }),
  (stored, ctx, { validateOnly }): LongrunningOperation => {
    const execution = withoutInternal(stored)
    if (validateOnly) return checkedOnly('Execution', execution)
    return operation(
      {
        kind: 'Execution',
        pending: pendingExecution(execution),
        done: execution,
        failure: executionFailure(execution),
        id: execution.uid,
      },
      ctx,
    )
  },
)

export const getExecutionV2 = ({ name = '' }: Schemas['GetExecutionRequest'], ctx: Context): Execution =>
  shownExecution(getExecution(name, ctx), ctx)

export function listExecutionsV2(request: Schemas['ListExecutionsRequest'], ctx: Context): Schemas['ListExecutionsResponse'] {
  const { parent = '' } = request
  const { job } = JOB.parse(parent, 'parent')
  if (job !== '-') getJob(parent, ctx)
  const { items, nextPageToken } = page((after) => executionsFrom(ctx, parent, after), request, LIST_LIMITS, {
    parent,
    view: (stored) => shownExecution(stored, ctx),
  })
  return { executions: items, nextPageToken }
}

function changed(stored: StoredExecution, validateOnly: boolean | undefined, ctx: Context): LongrunningOperation {
  const execution = withoutInternal(stored)
  if (validateOnly) return checkedOnly('Execution', execution)
  return operation({ kind: 'Execution', pending: { ...execution, reconciling: true }, done: execution }, ctx)
}

export const deleteExecutionV2 = (request: Schemas['DeleteExecutionRequest'], ctx: Context) =>
  changed(deleteExecution(request, ctx), request.validateOnly, ctx)

export function cancelExecutionV2(request: Schemas['CancelExecutionRequest'], ctx: Context): LongrunningOperation {
  const execution = cancelExecution(request, ctx)
  if (!request.validateOnly) cancelOperationOf(withoutInternal(execution), ctx)
  return changed(execution, request.validateOnly, ctx)
}

export const getTaskV2 = ({ name = '' }: Schemas['GetTaskRequest'], ctx: Context) => getTask(name, ctx)

export function listTasksV2(request: Schemas['ListTasksRequest'], ctx: Context): Schemas['ListTasksResponse'] {
  const { parent = '' } = request
  const { items, nextPageToken } = page((after) => tasksFrom(ctx, parent, after), request, LIST_LIMITS, { parent })
  return { tasks: items, nextPageToken }
}

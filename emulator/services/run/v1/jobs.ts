// Jobs (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs).
import type { Context } from '../../../core/service.ts'
import type { components } from '../../../gen/run.v1.ts'
import { around } from '../around.ts'
import { executionNow, jobNow } from '../executions.ts'
import { deleteJob as deleteStored, getJob as getStored, type JobWrite, writeJob } from '../jobs.ts'
import { JOB } from '../names.ts'
import { type JobRun, runJob as runStored } from '../run-job.ts'
import type { StoredExecution, StoredJob } from '../shapes.ts'
import { violation } from './annotations.ts'
import { envVarFromV1 } from './containers.ts'
import { defined } from './fields.ts'
import { executionToObject, jobFromV1, jobToV1 } from './job-shape.ts'
import { listOf } from './lists.ts'
import { checkedMetadata, checkVersion, deletedStatus, LOCATION_LABEL } from './metadata.ts'
import { addressOf, DEFAULT_REGION, fullName, placeOf, rowsOf } from './places.ts'
import { refusalsOf } from './refusals.ts'
import { SECRETS, secretAliases } from './secret-aliases.ts'

type Schemas = components['schemas']

const jobObject = (job: StoredJob, ctx: Context) => jobToV1(jobNow(job, ctx), ctx)

function writeOf(name: string, when: JobWrite['when'], job: Schemas['Job']): JobWrite {
  return {
    name,
    when,
    refuse: refusalsOf('Job'),
    desired(current) {
      if (current) checkVersion(job.metadata ?? {}, current)
      return jobFromV1(job)
    },
  }
}

export function createJob({ parent, job = {} }: Schemas['CreateJobRequest'], ctx: Context) {
  const { project, location } = placeOf(parent, ctx)
  const { name, labels } = checkedMetadata(job, 'Job', project, ctx)
  if (!name) throw violation('metadata.name', 'should be set')
  const region = location ?? labels?.[LOCATION_LABEL] ?? DEFAULT_REGION
  return jobObject(writeJob(writeOf(JOB.format({ project, location: region, job: name }), 'MISSING', job), ctx), ctx)
}

/** A whole job in place of what there is. */
export function replaceJob({ name, job = {} }: Schemas['ReplaceJobRequest'], ctx: Context) {
  const { project, id } = addressOf(name, ctx)
  checkedMetadata(job, 'Job', project, ctx, id)
  return jobObject(writeJob(writeOf(fullName('Job', name, ctx), 'EXISTING', job), ctx), ctx)
}

export const getJob = ({ name }: Schemas['GetJobRequest'], ctx: Context) =>
  jobObject(getStored(fullName('Job', name, ctx), ctx), ctx)

export const listJobs = (request: Schemas['ListJobsRequest'], ctx: Context) =>
  listOf('Job', request, rowsOf<StoredJob>('run_jobs', placeOf(request.parent, ctx), ctx), (one) => jobObject(one, ctx))

export function deleteJob(request: Schemas['DeleteJobRequest'], ctx: Context): Schemas['Status'] {
  return deletedStatus('Job', deleteStored({ name: fullName('Job', request.name, ctx) }, ctx))
}

function runOf({ name, overrides = {} }: Schemas['RunJobRequest'], ctx: Context): JobRun {
  const { containerOverrides, taskCount, timeoutSeconds } = overrides
  const job = fullName('Job', name, ctx)
  const secrets = secretAliases(getStored(job, ctx).internal.knative.templateAnnotations?.[SECRETS])
  const containers = containerOverrides?.map(({ env, ...override }, index) => {
    const variables = env?.map((one, at) => envVarFromV1(one, `overrides.containerOverrides[${index}].env[${at}]`, secrets))
    return defined({ ...override, env: variables })
  })
  return {
    name: job,
    overrides: defined({
      containerOverrides: containers,
      taskCount,
      timeout: timeoutSeconds === undefined ? undefined : `${timeoutSeconds}s`,
    }),
    refuse: (path, why) => violation(`overrides.${path === 'timeout' ? 'timeoutSeconds' : path}`, why),
  }
}

/** Starts an execution, which is answered also where Binary Authorization has denied it: it has failed then. */
export const runJob = around(runStored, runOf, (execution: StoredExecution, ctx: Context) =>
  executionToObject(executionNow(execution, ctx), ctx),
)

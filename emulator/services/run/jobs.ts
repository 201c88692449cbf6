// Jobs (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs). Nothing is judged when one is written: only its
// executions are.
import { checkEtag } from '../../core/etag.ts'
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists } from '../../core/status.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { succeeded } from './conditions.ts'
import { checkRegion, deletedNow, etagAt, resourceNotFound, writtenNow } from './metadata.ts'
import { JOB } from './names.ts'
import { checkJobPolicies } from './organization-policies.ts'
import { checkBinaryAuthorization, checkedLaunchStage } from './service-fields.ts'
import type { Job, Knative, StoredJob } from './shapes.ts'
import { deleteChildren, documentsOf, jobs } from './store.ts'
import { checkedExecutionTemplate } from './templates.ts'
import { checkId, checkMetadata, type Refuse } from './violations.ts'

/** What can be set. */
export const MUTABLE_JOB_FIELDS = [
  ...(['labels', 'annotations', 'client', 'clientVersion', 'launchStage', 'binaryAuthorization', 'template'] as const),
] satisfies (keyof Job)[]

/** What clients echo, and what counts for nothing. */
export const OUTPUT_ONLY_JOB_FIELDS = [
  ...['name', 'uid', 'generation', 'createTime', 'updateTime', 'deleteTime', 'expireTime', 'creator', 'lastModifier'],
  ...['observedGeneration', 'terminalCondition', 'conditions', 'executionCount', 'latestCreatedExecution', 'reconciling'],
  'satisfiesPzs',
]

export interface JobWrite {
  /** Full name of the job. */
  name: string
  /** Which jobs it is for: a new one, one that exists, either. */
  when: 'MISSING' | 'EXISTING' | 'ANY'
  etag?: string
  /** Check, and write nothing. */
  validateOnly?: boolean
  /** How a field is refused. */
  refuse: Refuse
  /** All that the job is to be, given what it is. */
  desired(current: StoredJob | undefined): { job: Job; knative?: Knative }
}

/** The job, or NOT_FOUND. */
export function getJob(name: string, ctx: Context): StoredJob {
  JOB.parse(name)
  const job = jobs(ctx).get(name)
  if (!job) throw resourceNotFound('job', name)
  return job
}

/** Jobs of a location, or of all locations (`projects/P/locations/-`), by name. */
export const jobsFrom = (ctx: Context, location: string, after = '') =>
  idOf(location) === '-' ? documentsOf<StoredJob>(ctx, 'run_jobs', parentOf(location), after) : jobs(ctx).iterate(location, after)

/** Creates or replaces a job; what the request leaves out has its default again. */
export function writeJob(write: JobWrite, ctx: Context): StoredJob {
  const { name, when, etag, refuse, validateOnly } = write
  const { project, location, job: id } = JOB.parse(name)
  const current = jobs(ctx).get(name)
  if (when === 'MISSING' && current) throw alreadyExists(`Resource '${id}' already exists.`)
  if (when === 'EXISTING' && !current) throw resourceNotFound('job', name)
  if (!current) {
    checkRegion(location)
    checkId(id, 'job_id')
  }
  checkEtag(etag, current?.etag, `The etag of job ${name} is not the current one: get the job again.`)
  const { job, knative = current?.internal.knative ?? {} } = write.desired(current)
  const desired = desiredJob(job, project, refuse, ctx)
  checkJobPolicies(desired, { name, isNew: !current, knative }, ctx)
  const stored = draft(name, desired, current, knative, ctx)
  if (validateOnly) return stored
  if (current) jobs(ctx).update(name, stored)
  else jobs(ctx).insert(name, `projects/${project}/locations/${location}`, stored)
  return stored
}

function desiredJob(given: Job, project: string, refuse: Refuse, ctx: Context): Job {
  checkMetadata(given, refuse)
  checkBinaryAuthorization(given.binaryAuthorization, refuse)
  const desired: Job = {}
  for (const field of MUTABLE_JOB_FIELDS)
    if (given[field] !== undefined) (desired as Record<string, unknown>)[field] = given[field]
  return {
    ...desired,
    launchStage: checkedLaunchStage(given.launchStage, refuse),
    template: checkedExecutionTemplate(given.template, project, refuse, ctx),
  }
}

function draft(name: string, desired: Job, current: StoredJob | undefined, knative: Knative, ctx: Context): StoredJob {
  const written = writtenNow(name, current, ctx)
  const { generation, updateTime: time } = written
  return {
    ...written,
    ...desired,
    observedGeneration: generation,
    terminalCondition: succeeded('Ready', time),
    conditions: [succeeded('ResourcesAvailable', time)],
    executionCount: current?.executionCount,
    latestCreatedExecution: current?.latestCreatedExecution ?? {},
    etag: etagAt(name, generation, ctx),
    internal: { knative },
  }
}

/** Deletes the job, its executions and its IAM policy; answers it as it was, with the time of deletion. */
export function deleteJob(
  { name = '', etag, validateOnly }: { name?: string; etag?: string; validateOnly?: boolean },
  ctx: Context,
): StoredJob {
  const job = getJob(name, ctx)
  checkEtag(etag, job.etag, `The etag of job ${name} is not the current one: get the job again.`)
  if (!validateOnly) {
    jobs(ctx).delete(name)
    deleteChildren(ctx, 'run_executions', name)
    deleteIamPolicy(ctx, name)
  }
  return deletedNow(job, name, ctx)
}

// Jobs, executions and tasks, v1 ⇄ v2 (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs#Job).
import { idOf, parentOf } from '../../../core/names.ts'
import type { Context } from '../../../core/service.ts'
import type { components as V1 } from '../../../gen/run.v1.ts'
import type { Job as Job2, Knative, StoredExecution, StoredJob, Task as Task2 } from '../shapes.ts'
import { jobs } from '../store.ts'
import { readAnnotations, readLabels, type StringMap, shownAnnotations } from './annotations.ts'
import { conditionsToV1 } from './conditions.ts'
import { defined, unlessEmpty } from './fields.ts'
import { authors, objectOf } from './metadata.ts'
import { executionTemplateFromV1, executionTemplateToV1, executionToV1, taskToV1 } from './templates.ts'

type Schemas1 = V1['schemas']

const RUN = 'run.googleapis.com'

export function jobFromV1({ metadata = {}, spec = {} }: Schemas1['Job']): { job: Job2; knative: Knative } {
  const made = spec.template && executionTemplateFromV1(spec.template)
  const job: Job2 = defined({ template: made?.template })
  const { annotations, kept } = readAnnotations(metadata.annotations ?? {}, 'Job', 'metadata.annotations', job)
  const { labels, kept: keptLabels } = readLabels(metadata.labels ?? {})
  return {
    job: defined({ ...job, annotations: unlessEmpty(annotations), labels: unlessEmpty(labels) }),
    knative: defined({ annotations: unlessEmpty(kept), labels: unlessEmpty(keptLabels), ...made?.kept }),
  }
}

function referenceToV1(reference: Job2['latestCreatedExecution']): Schemas1['JobStatus']['latestCreatedExecution'] {
  if (!reference?.name) return undefined
  const { name, createTime, completionTime, deleteTime, completionStatus } = reference
  return defined({
    name: idOf(name),
    creationTimestamp: createTime,
    completionTimestamp: completionTime,
    deletionTimestamp: deleteTime,
    completionStatus,
  })
}

export function jobToV1(job: StoredJob, ctx: Context) {
  const { template, conditions, terminalCondition, executionCount, latestCreatedExecution, internal } = job
  const { knative } = internal
  const object = objectOf('Job', job, ctx, {
    annotations: { ...shownAnnotations(job, 'Job', job.annotations, knative.annotations), ...authors(job, RUN) },
    labels: { ...job.labels, ...knative.labels, [`${RUN}/lastUpdatedTime`]: job.updateTime ?? '' },
  })
  const status: Schemas1['JobStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: conditionsToV1(conditions, terminalCondition),
    executionCount,
    latestCreatedExecution: referenceToV1(latestCreatedExecution),
  })
  return { ...object, spec: { template: executionTemplateToV1(template, knative) }, status } satisfies Schemas1['Job']
}

function ownedBy(kind: 'Job' | 'Execution', name: string, uid: string | undefined): Schemas1['OwnerReference'] {
  return defined({ apiVersion: `${RUN}/v1`, kind, name, uid, controller: true, blockOwnerDeletion: true })
}

export function executionToObject(execution: StoredExecution, ctx: Context) {
  const { name = '', conditions, internal } = execution
  const job = parentOf(name)
  const { uid, generation = '1' } = jobs(ctx).get(job) ?? {}
  const { annotations, spec } = executionToV1(execution, internal.knative.annotations)
  const ofJob: StringMap = {
    [`${RUN}/job`]: idOf(job),
    [`${RUN}/jobGeneration`]: generation,
    ...(uid && { [`${RUN}/jobUid`]: uid }),
  }
  const object = objectOf('Execution', execution, ctx, {
    annotations: { ...annotations, ...authors({ creator: execution.creator }, RUN) },
    labels: { ...execution.labels, ...internal.knative.labels, ...ofJob },
    ownerReferences: [ownedBy('Job', idOf(job), uid)],
  })
  const { startTime, completionTime, logUri, runningCount, succeededCount, failedCount, cancelledCount, retriedCount } = execution
  const status: Schemas1['ExecutionStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: conditionsToV1(conditions),
    startTime,
    completionTime,
    runningCount,
    succeededCount,
    failedCount,
    cancelledCount,
    retriedCount,
    logUri,
  })
  return { ...object, spec, status } satisfies Schemas1['Execution']
}

export function taskToObject(task: Task2, execution: StoredExecution, ctx: Context) {
  const { name = '', index, retried, startTime, completionTime, conditions, lastAttemptResult, logUri } = task
  const of = parentOf(name)
  const object = objectOf('Task', task, ctx, {
    labels: { ...task.labels, [`${RUN}/job`]: idOf(parentOf(of)), [`${RUN}/execution`]: idOf(of) },
    ownerReferences: [ownedBy('Execution', idOf(of), execution.uid)],
  })
  const { exitCode, status: attemptStatus } = lastAttemptResult ?? {}
  const status: Schemas1['TaskStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: conditionsToV1(conditions),
    index,
    retried,
    startTime,
    completionTime,
    lastAttemptResult: lastAttemptResult && defined({ exitCode, status: attemptStatus }),
    logUri,
  })
  return { ...object, spec: taskToV1(task, execution.internal.knative.annotations), status } satisfies Schemas1['Task']
}

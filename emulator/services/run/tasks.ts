// Tasks (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.executions.tasks): one for each of the `taskCount` of an
// execution. They follow from it, so none is stored; of an execution that was denied there are none.
import { createHash } from 'node:crypto'
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { executionFailure, executionNow, executionsFrom, getExecution } from './executions.ts'
import { resourceNotFound } from './metadata.ts'
import { EXECUTION, TASK } from './names.ts'
import type { StoredExecution, StoredTask } from './shapes.ts'
import { executions } from './store.ts'

/** A UUID that is the same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function task(execution: StoredExecution, index: number): StoredTask {
  const { name = '', uid, labels, annotations, createTime, startTime, completionTime, updateTime, job, template = {} } = execution
  const { reconciling, conditions = [], logUri, etag } = execution
  const taskName = `${name}/tasks/${idOf(name)}-task${index}`
  const started = conditions.filter(({ type }) => type === 'Completed' || type === 'Started')
  return {
    name: taskName,
    uid: uuidOf(`${uid} ${index}`),
    generation: '1',
    labels,
    annotations,
    createTime,
    scheduledTime: startTime,
    startTime,
    completionTime,
    updateTime,
    job,
    execution: idOf(name),
    ...template,
    reconciling,
    conditions: started,
    observedGeneration: '1',
    ...(index > 0 && { index }),
    ...(completionTime && conditions[0]?.state === 'CONDITION_SUCCEEDED' && { lastAttemptResult: { status: {} } }),
    logUri,
    etag,
  }
}

const hasTasks = (execution: StoredExecution) => !executionFailure(execution) || Boolean(execution.cancelledCount)

/** All tasks of an execution, by index. */
export function* tasksOf(execution: StoredExecution, ctx: Context): Generator<StoredTask> {
  if (!hasTasks(execution)) return
  const now = executionNow(execution, ctx)
  for (let index = 0; index < (now.taskCount ?? 1); index++) yield task(now, index)
}

/** The task, or NOT_FOUND. */
export function getTask(name: string, ctx: Context): StoredTask {
  const { task: id } = TASK.parse(name)
  const execution = executions(ctx).get(parentOf(name))
  const index = /^.+-task(0|[1-9]\d{0,4})$/.exec(id)?.[1]
  const found = execution && index !== undefined && hasTasks(execution) && Number(index) < (execution.taskCount ?? 1)
  const made = found && task(executionNow(execution, ctx), Number(index))
  if (!made || made.name !== name) throw resourceNotFound('task', name)
  return made
}

/** Tasks of an execution, of all executions of a job (`…/executions/-`) or of a location (`…/jobs/-/executions/-`), from behind the position
 * `after` on. */
export function* tasksFrom(ctx: Context, parent: string, after = '') {
  const [executionPosition = '', index = '-1'] = after.split('#')
  for (const { position, document } of executionsOf(ctx, parent, executionPosition)) {
    for (const each of tasksOf(document, ctx)) {
      const number = each.index ?? 0
      if (position === executionPosition && number <= Number(index)) continue
      yield { position: `${position}#${number}`, document: each }
    }
  }
}

/** From the execution at the position `from` on, itself included. */
function* executionsOf(ctx: Context, parent: string, from: string): Generator<{ position: string; document: StoredExecution }> {
  const { execution } = EXECUTION.parse(parent, 'parent')
  if (execution !== '-') return yield { position: '', document: getExecution(parent, ctx) }
  const first = from && executions(ctx).get(from.slice(from.indexOf(' ') + 1))
  if (first) yield { position: from, document: first }
  yield* executionsFrom(ctx, parentOf(parent), from)
}

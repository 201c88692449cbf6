// Executions and their tasks (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.executions).
import { idOf, parentOf } from '../../../core/names.ts'
import type { Context } from '../../../core/service.ts'
import type { components } from '../../../gen/run.v1.ts'
import {
  cancelExecution as cancelStored,
  deleteExecution as deleteStored,
  executionNow,
  getExecution as getStored,
} from '../executions.ts'
import type { StoredExecution, StoredTask } from '../shapes.ts'
import { tasksOf } from '../tasks.ts'
import { executionToObject, taskToObject } from './job-shape.ts'
import { listOf } from './lists.ts'
import { deletedStatus } from './metadata.ts'
import { addressOf, fullName, missing, placeOf, rowsOf } from './places.ts'

type Schemas = components['schemas']

const executionObject = (execution: StoredExecution, ctx: Context) => executionToObject(executionNow(execution, ctx), ctx)

export const getExecution = ({ name }: Schemas['GetExecutionRequest'], ctx: Context) =>
  executionObject(getStored(fullName('Execution', name, ctx), ctx), ctx)

export const listExecutions = (request: Schemas['ListExecutionsRequest'], ctx: Context) =>
  listOf('Execution', request, rowsOf<StoredExecution>('run_executions', placeOf(request.parent, ctx), ctx), (one) =>
    executionObject(one, ctx),
  )

export const cancelExecution = ({ name }: Schemas['CancelExecutionRequest'], ctx: Context) =>
  executionObject(cancelStored({ name: fullName('Execution', name, ctx) }, ctx), ctx)

export function deleteExecution({ name }: Schemas['DeleteExecutionRequest'], ctx: Context): Schemas['Status'] {
  return deletedStatus('Execution', deleteStored({ name: fullName('Execution', name, ctx) }, ctx))
}

interface TaskOfExecution {
  task: StoredTask
  execution: StoredExecution
}

/** Its name begins with that of its execution. */
export function getTask({ name }: Schemas['GetTaskRequest'], ctx: Context) {
  const address = addressOf(name, ctx)
  const execution = /^(.+)-task\d+$/.exec(address.id)?.[1]
  if (!execution) throw missing('Task', address)
  const stored = getStored(fullName('Execution', `${parentOf(name!)}/executions/${execution}`, ctx), ctx)
  for (const task of tasksOf(stored, ctx)) if (idOf(task.name!) === address.id) return taskToObject(task, stored, ctx)
  throw missing('Task', address)
}

export function listTasks(request: Schemas['ListTasksRequest'], ctx: Context) {
  const executions = rowsOf<StoredExecution>('run_executions', placeOf(request.parent, ctx), ctx)
  function* rows(after: string): Iterable<{ position: string; document: TaskOfExecution }> {
    for (const { position, document: execution } of executions(''))
      for (const task of tasksOf(execution, ctx)) {
        const placed = `${position} ${String(task.index ?? 0).padStart(6, '0')}`
        if (placed > after) yield { position: placed, document: { task, execution } }
      }
  }
  return listOf('Task', request, rows, ({ task, execution }) => taskToObject(task, execution, ctx))
}

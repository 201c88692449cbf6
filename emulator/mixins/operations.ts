// google.longrunning.Operations, once for all APIs (https://google.aip.dev/151). What they do is done when they are made.
import { collection, page } from '../core/collection.ts'
import { type Context, rpc } from '../core/service.ts'
import { notFound } from '../core/status.ts'

export interface LongrunningOperation {
  name?: string
  metadata?: { '@type'?: string; [field: string]: unknown }
  done?: boolean
  response?: { '@type'?: string; [field: string]: unknown }
  error?: { code?: number; message?: string; details?: { '@type'?: string }[] }
}

const operations = (ctx: Context) => collection<LongrunningOperation>(ctx.db, 'operations')

/** Keeps an operation that is done, under `<parent>/operations/<id>` (`operations/<id>` without parent), and returns it. */
export function finishedOperation(
  ctx: Context,
  parent: string,
  id: string,
  result: Pick<LongrunningOperation, 'metadata' | 'response'>,
) {
  const operation = { name: `${parent ? `${parent}/` : ''}operations/${id}`, ...result, done: true }
  operations(ctx).insert(operation.name, parent, operation, `${ctx.timestamp(9)} ${id}`)
  return operation
}

/** The same for APIs whose answer shows an operation that is still under way: `name` and `metadata`, no `done`. Whoever looks it up, which
 * no request can do sooner than the next, finds it done. */
export function startedOperation(...args: Parameters<typeof finishedOperation>): LongrunningOperation {
  const { name, metadata } = finishedOperation(...args)
  return { name, metadata }
}

function getOperation({ name = '' }: { name?: string }, ctx: Context): LongrunningOperation {
  const operation = operations(ctx).get(name)
  if (!operation) throw notFound(`Operation ${name} not found.`)
  return operation
}

function listOperations(request: { name?: string; filter?: string; pageSize?: number; pageToken?: string }, ctx: Context) {
  const parent = (request.name ?? '').replace(/(^|\/)operations$/, '')
  const { items, nextPageToken } = page(
    (after) => operations(ctx).iterate(parent, after),
    request,
    { default: 50, max: 1000 },
    { parent },
  )
  return { operations: items, nextPageToken }
}

function deleteOperation({ name = '' }: { name?: string }, ctx: Context): Record<string, never> {
  if (!operations(ctx).delete(name)) throw notFound(`Operation ${name} not found.`)
  return {}
}

/** Cancelling what is done changes nothing, and is no error. */
function cancelOperation(request: { name?: string }, ctx: Context): Record<string, never> {
  getOperation(request, ctx)
  return {}
}

export const operationsMixin = {
  'google.longrunning.Operations': {
    GetOperation: rpc(getOperation, 'name'),
    ListOperations: rpc(listOperations, 'name', 'filter', 'pageSize', 'pageToken'),
    DeleteOperation: rpc(deleteOperation, 'name'),
    CancelOperation: rpc(cancelOperation, 'name'),
  },
}

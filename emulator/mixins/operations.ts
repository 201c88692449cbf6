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

/** An operation as it is kept: whole, with the time until which it is shown as under way. */
interface StoredOperation extends LongrunningOperation {
  /** Nanoseconds since the epoch; missing where it has never been under way. */
  doneNanos?: string
  /** Its metadata until then, where they are others. */
  pendingMetadata?: LongrunningOperation['metadata']
}

const operations = (ctx: Context) => collection<StoredOperation>(ctx.db, 'operations')

/** What the API shows of it now: `name` and `metadata` alone while it is under way. */
function shown({ doneNanos, pendingMetadata, ...operation }: StoredOperation, ctx: Context): LongrunningOperation {
  if (doneNanos === undefined || ctx.nanos() >= BigInt(doneNanos)) return operation
  const metadata = pendingMetadata ?? operation.metadata
  return { name: operation.name, ...(metadata && { metadata }) }
}

/** Keeps an operation under `<parent>/operations/<id>` (`operations/<id>` without parent), and returns it: done, or under way where
 * operations are to be watched (`operationDelay`), with `pendingMetadata` where its metadata are others then. */
export function finishedOperation(
  ctx: Context,
  parent: string,
  id: string,
  { pendingMetadata, ...result }: Pick<StoredOperation, 'metadata' | 'response' | 'error' | 'pendingMetadata'>,
): LongrunningOperation {
  const operation: StoredOperation = {
    name: `${parent ? `${parent}/` : ''}operations/${id}`,
    ...result,
    done: true,
    ...(ctx.operationDelay > 0n && { doneNanos: String(ctx.nanos() + ctx.operationDelay), pendingMetadata }),
  }
  operations(ctx).insert(operation.name!, parent, operation, `${ctx.timestamp(9)} ${id}`)
  return shown(operation, ctx)
}

/** The same for APIs whose answer shows an operation that is still under way: `name` and `metadata`, no `done`. Whoever looks it up, which
 * no request can do sooner than the next, finds it done, unless operations are to be watched. */
export function startedOperation(...args: Parameters<typeof finishedOperation>): LongrunningOperation {
  const { name, metadata } = finishedOperation(...args)
  return { name, metadata }
}

function getOperation({ name = '' }: { name?: string }, ctx: Context): LongrunningOperation {
  const operation = operations(ctx).get(name)
  if (!operation) throw notFound(`Operation ${name} not found.`)
  return shown(operation, ctx)
}

interface ListOperationsRequest {
  name?: string
  filter?: string
  pageSize?: number
  pageToken?: string
}

/** ListOperations of one API: the store has those of all, and some have their operations under the same parent. */
export const listOperationsOf =
  (isOwn: (operation: LongrunningOperation) => boolean, limits = { default: 50, max: 1000 }) =>
  (request: ListOperationsRequest, ctx: Context): { operations: LongrunningOperation[]; nextPageToken?: string } => {
    const parent = (request.name ?? '').replace(/(^|\/)operations$/, '')
    function* own(after: string) {
      for (const row of operations(ctx).iterate(parent, after)) if (isOwn(row.document)) yield row
    }
    const view = (operation: StoredOperation) => shown(operation, ctx)
    const { items, nextPageToken } = page<StoredOperation, LongrunningOperation>(own, request, limits, { parent, view })
    return { operations: items, nextPageToken }
  }

function deleteOperation({ name = '' }: { name?: string }, ctx: Context): Record<string, never> {
  if (!operations(ctx).delete(name)) throw notFound(`Operation ${name} not found.`)
  return {}
}

/** What an operation does is done when it is made, so cancelling changes nothing, and is no error. */
function cancelOperation(request: { name?: string }, ctx: Context): Record<string, never> {
  getOperation(request, ctx)
  return {}
}

export const operationsMixin = {
  'google.longrunning.Operations': {
    GetOperation: rpc(getOperation, 'name'),
    DeleteOperation: rpc(deleteOperation, 'name'),
    CancelOperation: rpc(cancelOperation, 'name'),
  },
}

/** What listOperationsOf() reads of a request. */
export const LIST_OPERATIONS = ['name', 'filter', 'pageSize', 'pageToken']

/** For APIs that have WaitOperation too. It answers at once, with what the operation is now: the contract allows that before the timeout. */
export const waitOperation = { WaitOperation: rpc(getOperation, 'name', 'timeout') }

// Long-running operations of v2: their metadata and response are the resource itself. The answer that starts one shows the resource before
// it is reconciled; whoever looks the operation up finds it done, with an error where the resource did not become ready.
import { collection } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { CODES } from '../../core/status.ts'
import { finishedOperation, type LongrunningOperation } from '../../mixins/operations.ts'
import { type Failure, operationError } from './conditions.ts'
import { locationOf } from './names.ts'
import type { Execution } from './shapes.ts'
import { dropOperations } from './store.ts'

const TYPE = 'type.googleapis.com/google.cloud.run.v2'

export type Kind = 'Service' | 'Revision' | 'Job' | 'Execution'

interface Outcome {
  kind: Kind
  /** The resource at first, and in the end. */
  pending: object
  done: { name?: string }
  failure?: Failure
  /** Of the operation; random unless given. */
  id?: string
}

/** Operations of a location beyond these go, the oldest first. */
const MAX_OPERATIONS = 1000
/** Once in about so many operations it is looked whether there are too many. */
const COUNT_EVERY = 64n

/** APIs share the names of operations. */
export const isOfCloudRun = ({ metadata }: LongrunningOperation): boolean => metadata?.['@type']?.startsWith(TYPE) ?? false

const typed = (kind: Kind, resource: object) => ({ '@type': `${TYPE}.${kind}`, ...resource })

export function operation({ kind, pending, done, failure, id }: Outcome, ctx: Context): LongrunningOperation {
  const metadata = typed(kind, done)
  const result = failure ? { error: operationError(failure) } : { response: metadata }
  const parent = locationOf(done.name!)
  const pendingMetadata = typed(kind, pending)
  const { name } = finishedOperation(ctx, parent, id ?? ctx.ids.uuid(), { metadata, ...result, pendingMetadata })
  if ((ctx.nanos() / 1000n) % COUNT_EVERY === 0n) dropOperations(ctx, parent, MAX_OPERATIONS)
  return { name, metadata: pendingMetadata }
}

/** The operation that has started an execution has its uid. It ends with the execution, so that it is not to say that one has succeeded which
 * was cancelled while it ran. */
export function cancelOperationOf(execution: Execution, ctx: Context) {
  const name = `${locationOf(execution.name!)}/operations/${execution.uid}`
  const operations = collection<LongrunningOperation & { doneNanos?: string }>(ctx.db, 'operations')
  const { response, doneNanos: _, ...found } = operations.get(name) ?? {}
  if (!response) return
  const error = { code: CODES.CANCELLED.number, message: 'The execution was cancelled.' }
  operations.update(name, { ...found, metadata: typed('Execution', execution), error })
}

/** For a request that is only checked: done at once, and kept nowhere. */
export const checkedOnly = (kind: Kind, resource: object): LongrunningOperation => ({
  metadata: typed(kind, resource),
  done: true,
  response: typed(kind, resource),
})

// google.longrunning.Operations of Cloud Run: of what the mixin keeps for all APIs, that which is Cloud Run's.
import { collection, page } from '../../core/collection.ts'
import { type Context, type Operation, rpc } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { components } from '../../gen/run.v2.ts'
import { type LongrunningOperation, operationsMixin, waitOperation } from '../../mixins/operations.ts'
import { LIST_LIMITS } from './metadata.ts'
import { LOCATION, OPERATION } from './names.ts'
import { isOfCloudRun } from './operations.ts'

type Named = { name?: string }
type Schemas = components['schemas']

const { GetOperation, DeleteOperation } = operationsMixin['google.longrunning.Operations']
const kept = (operation: unknown) => operation as Operation<Named, LongrunningOperation>

/** The same, for an operation of Cloud Run alone. */
const ofCloudRun =
  <Res>(operation: Operation<Named, Res>): Operation<Named, Res> =>
  (request, ctx) => {
    const { name = '' } = request
    OPERATION.parse(name)
    if (!isOfCloudRun(kept(GetOperation.run)(request, ctx))) throw notFound(`Operation ${name} not found.`)
    return operation(request, ctx)
  }

function listOperations(
  request: Schemas['google.longrunning.ListOperationsRequest'],
  ctx: Context,
): Schemas['google.longrunning.ListOperationsResponse'] {
  const { name: parent = '' } = request
  LOCATION.parse(parent)
  function* ours(after: string) {
    for (const row of collection<LongrunningOperation>(ctx.db, 'operations').iterate(parent, after))
      if (isOfCloudRun(row.document)) yield row
  }
  const view = ({ name }: LongrunningOperation) => kept(GetOperation.run)({ name }, ctx)
  const { items, nextPageToken } = page<LongrunningOperation>(ours, request, LIST_LIMITS, { parent, view })
  return { operations: items, nextPageToken }
}

export const operations = {
  GetOperation: rpc(ofCloudRun(kept(GetOperation.run)), ...GetOperation.fields),
  ListOperations: rpc(listOperations, 'name', 'filter', 'pageSize', 'pageToken'),
  DeleteOperation: rpc(ofCloudRun(DeleteOperation.run as Operation<Named, Record<string, never>>), ...DeleteOperation.fields),
  WaitOperation: rpc(ofCloudRun(kept(waitOperation.WaitOperation.run)), ...waitOperation.WaitOperation.fields),
}

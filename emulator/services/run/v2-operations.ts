// google.longrunning.Operations of Cloud Run, in both versions: of what the mixin keeps for all APIs, that which is Cloud Run's.
import { type Context, type Operation, rpc } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { components } from '../../gen/run.v2.ts'
import {
  LIST_OPERATIONS,
  type LongrunningOperation,
  listOperationsOf,
  operationsMixin,
  waitOperation,
} from '../../mixins/operations.ts'
import { checkRegion, LIST_LIMITS } from './metadata.ts'
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

const listOwn = listOperationsOf(isOfCloudRun, LIST_LIMITS)

function listOperations(
  request: Schemas['google.longrunning.ListOperationsRequest'],
  ctx: Context,
): Schemas['google.longrunning.ListOperationsResponse'] {
  const { name: parent = '' } = request
  checkRegion(LOCATION.parse(parent).location)
  return listOwn(request, ctx)
}

export const operations = {
  GetOperation: rpc(ofCloudRun(kept(GetOperation.run)), ...GetOperation.fields),
  ListOperations: rpc(listOperations, ...LIST_OPERATIONS),
  DeleteOperation: rpc(ofCloudRun(DeleteOperation.run as Operation<Named, Record<string, never>>), ...DeleteOperation.fields),
  WaitOperation: rpc(ofCloudRun(kept(waitOperation.WaitOperation.run)), ...waitOperation.WaitOperation.fields),
}

// ListOperations of Service Usage (https://cloud.google.com/service-usage/docs/reference/rest/v1/operations/list).
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import { listOperationsOf } from '../../mixins/operations.ts'

/** Other APIs have operations without a parent as well. */
const listOwn = listOperationsOf(({ name }) => name!.startsWith('operations/acf.'))

/** All operations: those of one project alone are found by a filter. Throws INVALID_ARGUMENT for any other name. */
export function listOperations(request: { name?: string }, ctx: Context) {
  const { name = '' } = request
  if (name !== '' && name !== 'operations')
    throw invalidArgument(`Invalid resource field value in the request: name "${name}" is not of the form operations.`)
  return listOwn(request, ctx)
}

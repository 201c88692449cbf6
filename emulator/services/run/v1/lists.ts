// Lists of Knative objects: `limit` and `continue`, and a selection by labels.
import { page } from '../../../core/collection.ts'
import type { components } from '../../../gen/run.v1.ts'
import { labelSelector } from './label-selector.ts'
import { apiVersionOf, type ObjectKind, type ObjectMeta } from './metadata.ts'

type ListRequest = components['schemas']['ListServicesRequest']

/** What lists take. `fieldSelector`, `watch`, `includeUninitialized` and `resourceVersion` Cloud Run has and does not use. */
export const LIST_FIELDS = ['parent', 'labelSelector', 'limit', 'continue']

/** Without a limit everything is in one answer. */
const LIMITS = { default: Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }

type Rows<T> = (after: string) => Iterable<{ position: string; document: T }>

/** One page of the objects that are made of documents. */
export function listOf<D, T extends { metadata: ObjectMeta }>(
  kind: ObjectKind,
  { parent = '', labelSelector: selector, limit, continue: token }: ListRequest,
  rows: Rows<D>,
  object: (document: D) => T,
) {
  const fits = labelSelector(selector)
  function* fitting(after: string) {
    for (const { position, document } of rows(after)) {
      const made = object(document)
      if (fits(made.metadata.labels ?? {})) yield { position, document: made }
    }
  }
  const { items, nextPageToken } = page<T>(fitting, { pageSize: limit, pageToken: token }, LIMITS, {
    parent: `${parent} ${kind} ${selector ?? ''}`,
  })
  return {
    apiVersion: apiVersionOf(kind),
    kind: `${kind}List`,
    metadata: nextPageToken ? { continue: nextPageToken } : {},
    ...(items.length > 0 && { items }),
  }
}

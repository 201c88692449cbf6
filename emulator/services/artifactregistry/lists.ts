// What all lists of Artifact Registry have in common.
import type { FilterOptions } from '../../core/filter.ts'
import { invalidArgument } from '../../core/status.ts'

/** The documentation names the maximum only. */
export const LIST_LIMITS = { default: 100, max: 1000 }

/** "Filter rules are case insensitive." */
export const filterOptions = (...known: string[]): FilterOptions => ({ known, caseInsensitive: true })

/** `order_by` with fields as the resource has them, whichever way they are written: `gcloud … --sort-by=~UPDATE_TIME` sends
 * `UPDATE_TIME desc`. INVALID_ARGUMENT for a field by which is not sorted. */
export function orderBy(text: string | undefined, ...sortable: string[]): string {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase()
  return (text ?? '')
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const [, name = '', direction = ''] = /^\s*(\S+)((?:\s.*)?)$/s.exec(term) ?? []
      const field = sortable.find((each) => plain(each) === plain(name))
      if (!field) throw invalidArgument(`Invalid order_by: cannot sort by "${name}"; sortable fields: ${sortable.join(', ')}.`)
      return field + direction
    })
    .join(',')
}

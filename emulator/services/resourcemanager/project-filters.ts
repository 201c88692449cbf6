// Filters of project lists (https://cloud.google.com/resource-manager/reference/rest/v1/projects/list#query-parameters): they have no regard to
// case, and terms side by side are alternatives, but for the two that name a parent.
import type { FilterOptions } from '../../core/filter.ts'

/** What the fields are called, in lower case → as the view has them. */
const FIELDS: Record<string, string> = {
  id: 'projectId',
  projectid: 'projectId',
  projectnumber: 'projectNumber',
  name: 'name',
  displayname: 'name',
  lifecyclestate: 'lifecycleState',
  state: 'lifecycleState',
  createtime: 'createTime',
  parent: 'parent',
  labels: 'labels',
}

export const PROJECT_FILTER: FilterOptions = {
  caseInsensitive: true,
  known: [...new Set(Object.values(FIELDS))],
}

const TERM = /[^\s"']*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')?[^\s"']*/g

/** The filter as core/filter.ts reads it: `NAME:howl labels.color:red` → `name:howl OR labels.color:red`. */
export function projectFilter(text: string): string {
  const named = text.replace(/(^|[\s(-])([A-Za-z]+)(?=[.:=!<>])/g, (whole, before: string, field: string) => {
    const name = Object.hasOwn(FIELDS, field.toLowerCase()) ? FIELDS[field.toLowerCase()] : undefined
    return name ? before + name : whole
  })
  if (/[()]|(^|\s)(AND|OR|NOT)(\s|$)/.test(named)) return named
  const terms = (named.match(TERM) ?? []).filter(Boolean)
  const isByParent = ['parent.type', 'parent.id'].every((field) => terms.some((term) => term.startsWith(field)))
  return terms.join(isByParent ? ' ' : ' OR ')
}

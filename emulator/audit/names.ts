// How a call is named in audit logs.

import { isResourceName, resourceNamed } from '../core/names.ts'

type Json = Record<string, any>

/** Services whose audit entries name methods otherwise than `package.Service.Method`. */
const OTHERWISE: [begin: string, written: string][] = [
  ['google.iam.admin.v1.IAM/', 'google.iam.admin.v1.'],
  ['google.cloudresourcemanager.v1.Projects/', ''],
]

/** `methodName` of `package.Service/Method`. */
export function methodName(method: string): string {
  for (const [begin, written] of OTHERWISE) if (method.startsWith(begin)) return written + method.slice(begin.length)
  return method.replace('/', '.')
}

/** By the convention that Google's APIs follow, `CreateNoteRequest` for CreateNote. */
export const requestType = (method: string) => `type.googleapis.com/${method.replace(/[^.]+\/(\w+)$/, '$1Request')}`

const isOperation = (name: string) => /(^|\/)operations\/[^/]+$/.test(name)

/** What Cloud Run's v1 is to make: its objects do not say their whole names. */
function knativeName({ parent, service, job }: Json): string | undefined {
  const name = (service ?? job)?.metadata?.name
  return /^namespaces\//.test(parent) && name ? `${parent}/${service ? 'services' : 'jobs'}/${name}` : undefined
}

/** The resource that a call is about: as the answer names it where one was made, else as the request does. */
export function resourceName(method: string, request: Json, response?: Json): string {
  const made = /\/(BatchCreate|Create)/.test(method)
  const answers = made ? [response?.name, response?.response?.name, response?.metadata?.name, response?.targetLink] : []
  const name = answers.map((answer) => (typeof answer === 'string' ? answer.replace(/^https?:\/\/[^/]+\/v\w+\//, '') : answer))
  const found = name.find((answer) => isResourceName(answer) && !isOperation(answer))
  if (found) return found
  const { projectId, entries, resourceNames } = request
  const named = [knativeName(request), resourceNamed(request), entries?.[0]?.logName, resourceNames?.[0]].find(isResourceName)
  return named ?? (typeof projectId === 'string' ? `projects/${projectId}` : '')
}

// Refusals as Cloud Run words them. What is wrong with a template is the same in both versions; how its field is called is not.
import { badRequest, invalidArgument, type StatusError } from '../../core/status.ts'

/** An INVALID_ARGUMENT for a field of a service or job: `refuse('template.containers[0].image', 'must be …')`. */
export type Refuse = (path: string, why: string) => StatusError

/** `Violation in CreateServiceRequest.service.template.timeout: maximum allowed time is one hour.` */
export const violationIn =
  (request: string, resource: string): Refuse =>
  (path, why) => {
    const field = [resource, path].filter(Boolean).join('.')
    return badRequest(`Violation in ${request}.${field}: ${why}`, [{ field, description: why }])
  }

/** A path below that of `refuse`. */
export const below =
  (refuse: Refuse, prefix: string): Refuse =>
  (path, why) =>
    refuse([prefix, path].filter(Boolean).join(path.startsWith('[') ? '' : '.'), why)

const SYSTEM = /(?:^|\.)(?:run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//

interface Metadata {
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** All system labels and annotations of v1 are fields of v2, which refuses them. */
export function checkNoSystemKeys({ labels = {}, annotations = {} }: Metadata, refuse: Refuse) {
  for (const [kind, map] of Object.entries({ labels, annotations }))
    for (const key of Object.keys(map))
      if (SYSTEM.test(key)) throw refuse(`${kind}[${key}]`, `system ${kind} are not supported in Cloud Run API v2.`)
}

const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** Keys and values as Kubernetes has them; annotations of one resource have 256 KiB at most. */
export function checkMetadata({ labels = {}, annotations = {} }: Metadata, refuse: Refuse) {
  for (const [kind, map] of Object.entries({ labels, annotations }))
    for (const key of Object.keys(map)) {
      const slash = key.indexOf('/')
      if (!LABEL_NAME.test(key.slice(slash + 1)) || (slash >= 0 && !DNS_SUBDOMAIN.test(key.slice(0, slash))))
        throw refuse(
          `${kind}[${key.slice(0, 300)}]`,
          'must be a qualified name of at most 63 characters, with an optional prefix.',
        )
    }
  for (const [key, value] of Object.entries(labels))
    if (value !== '' && !LABEL_NAME.test(value))
      throw refuse(
        `labels[${key}]`,
        'must have at most 63 letters, digits, "-", "_" and ".", and begin and end with one of the former.',
      )
  if (JSON.stringify(annotations).length > 256 * 1024) throw refuse('annotations', 'must have 256 KiB at most.')
}

/** INVALID_ARGUMENT for an enum value that the contract does not have (it arrives as its number), or that Cloud Run does not take. */
export function checkEnum<T extends string>(value: T | undefined, accepted: readonly T[], path: string, refuse: Refuse) {
  if (value !== undefined && !accepted.includes(value)) throw refuse(path, `must be one of ${accepted.join(', ')}.`)
}

/** The id of a service or job, which becomes part of a host name. */
export function checkId(id: string | undefined, field: string): string {
  if (!id || !/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/.test(id))
    throw invalidArgument(
      `Invalid ${field} "${(id ?? '').slice(0, 100)}": Resource name must use only lowercase, numbers, and '-'. Cannot begin with a digit or '-', and cannot end with '-'. Must be less than 50 characters.`,
    )
  return id
}

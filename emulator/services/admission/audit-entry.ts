// The audit entry that a GKE cluster writes of the request for a Pod, with what the webhook has said of it
// (https://cloud.google.com/binary-authorization/docs/viewing-audit-logs). Its labels are what the documented filters look for.
import { isObject, type JsonObject } from '../../core/json.ts'
import type { components } from '../../gen/logging.v2.ts'
import type { Judged } from '../binaryauthorization/index.ts'
import { BREAK_GLASS_LABEL } from './pods.ts'

type LogEntry = components['schemas']['LogEntry']

/** Name of the webhook; the API server puts it before audit annotations. */
const WEBHOOK = 'imagepolicywebhook.image-policy.k8s.io'

/** What was asked for, and what the API server answers where it was denied. */
export interface AuditedRequest {
  pod: JsonObject
  /** Name of the Pod, where the request has one. */
  name?: string
  subResource?: string
  /** User name of who asked. */
  principal?: unknown
  annotations?: Record<string, string>
  denial?: { code: number; message: string; response: JsonObject }
}

/** An API server leaves a larger object out of its audit event, and says so by a label. (AuditLog ends at 50 levels.) */
const MAX_POD = { size: 100 * 1024, depth: 30 }
const TRUNCATED = 'audit.k8s.io/truncated'

/** About the length of its JSON; Infinity where it is nested deeper. */
function roughSize(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 5
  if (depth === 0) return Number.POSITIVE_INFINITY
  let size = 2
  for (const [key, child] of Object.entries(value)) size += key.length + 4 + roughSize(child, depth - 1)
  return size
}

const asksForBreakGlass = (text: unknown) => (typeof text === 'string' ? text : JSON.stringify(text)).includes(BREAK_GLASS_LABEL)

/** Without what asks for break-glass in vain (a value other than "true", the label as an annotation): the documented filter looks for
 * the key as text anywhere in an entry, and is to find break-glass alone. */
function withoutBreakGlass(map: unknown) {
  if (!isObject(map)) return map
  const keys = Object.keys(map)
  const kept = keys.filter((key) => !asksForBreakGlass(key) && !asksForBreakGlass(map[key]))
  return kept.length === keys.length ? map : Object.fromEntries(kept.map((key) => [key, map[key]]))
}

/** As audit events carry it, which is without managedFields. */
function requestedPod({ metadata, ...pod }: JsonObject, { namespace, verdict }: Judged): JsonObject {
  const { managedFields: _, ...kept } = isObject(metadata) ? metadata : {}
  if (verdict !== 'BREAK_GLASS')
    for (const key of ['labels', 'annotations']) if (key in kept) kept[key] = withoutBreakGlass(kept[key])
  return { '@type': 'core.k8s.io/v1.Pod', apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { ...kept, namespace } }
}

/** The entry but for its log, time and insertId. */
export function auditEntry(judged: Judged, request: AuditedRequest): LogEntry {
  const { project, cluster = '', namespace, operation } = judged
  const { pod, name, subResource, principal, annotations = {}, denial } = request
  const [location, ...clusterId] = cluster.split('.')
  const resourceName = ['core/v1/namespaces', namespace, 'pods', name, subResource].filter(Boolean).join('/')
  const methodName = `io.k8s.core.v1.pods.${operation === 'UPDATE' ? 'update' : 'create'}`
  const labels: Record<string, string> = { 'authorization.k8s.io/decision': 'allow' }
  for (const [key, value] of Object.entries(annotations)) labels[`${WEBHOOK}/${key}`] = value
  const isTruncated = roughSize(pod, MAX_POD.depth) > MAX_POD.size
  if (isTruncated) labels[TRUNCATED] = 'true'
  return {
    resource: { type: 'k8s_cluster', labels: { cluster_name: clusterId.join('.'), location: location!, project_id: project } },
    labels,
    operation: { producer: 'k8s.io', first: true, last: true },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName,
      resourceName,
      authorizationInfo: [{ granted: true, permission: methodName, resource: resourceName }],
      ...(typeof principal === 'string' && { authenticationInfo: { principalEmail: principal } }),
      status: denial ? { code: denial.code, message: denial.message } : { code: 0 },
      ...(!isTruncated && { request: requestedPod(pod, judged) }),
      ...(denial && {
        response: {
          '@type': 'core.k8s.io/v1.Status',
          apiVersion: 'v1',
          kind: 'Status',
          metadata: {},
          status: 'Failure',
          ...denial.response,
        },
      }),
    },
  }
}

/** What the API server puts before the words of the webhook. */
export const deniedByWebhook = (message: string) => `admission webhook "${WEBHOOK}" denied the request: ${message}`

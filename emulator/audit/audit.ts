// Cloud Audit Logs of the emulator's own APIs (https://cloud.google.com/logging/docs/audit): each write of configuration is an Admin
// Activity entry; all else a Data Access entry where the project's IAM policy asks for it.
import type { Auditor, Outcome } from '../core/dispatch.ts'
import { orderedUuid } from '../core/ids.ts'
import { locatedName } from '../core/names.ts'
import { projectId } from '../core/projects.ts'
import type { Context } from '../core/service.ts'
import { CODES } from '../core/status.ts'
import { iamPolicyOf } from '../mixins/iam-policy.ts'
import { appendLogEntry } from '../services/logging/index.ts'
import { type Kind, kindOf } from './kinds.ts'
import { monitoredResource } from './monitored-resource.ts'
import { methodName, requestType, resourceName } from './names.ts'

type Json = Record<string, any>

/** Errors of a caller who may call, of a call that says something: what is malformed leaves no entry. */
const LOGGED_ERRORS = ['PERMISSION_DENIED', 'NOT_FOUND', 'ALREADY_EXISTS', 'FAILED_PRECONDITION', 'ABORTED']

/** A longer message is left out of its entry, as Google leaves out what is too large. */
const MAX_LENGTH = 100_000

/** `hostOf`: the host of an API by its id, which is its service name in the logs. */
export const auditor =
  (hostOf: (api: string) => string): Auditor =>
  (api, method) => {
    const kind = kindOf(method)
    if (!kind) return undefined
    const serviceName = hostOf(api)
    return (ctx, request, outcome) => {
      if ('error' in outcome && !LOGGED_ERRORS.includes(outcome.error.code)) return
      const named = resourceName(method, request as Json, 'response' in outcome ? (outcome.response as Json) : undefined)
      const reference = /^(?:projects|namespaces)\/([^/]+)/.exec(named)?.[1]
      if (!reference) return
      const project = projectId(ctx.db, reference)
      if (/^(-|\d+)$/.test(project)) return
      const resource = named.replace(reference, project)
      if (kind !== 'ADMIN_WRITE' && !isAskedFor(ctx, project, serviceName, kind)) return
      write(ctx, { kind, serviceName, method, resource, project, request, outcome })
    }
  }

/** Does the project's IAM policy turn this kind on, for the service or for all, and not exempt the caller? */
function isAskedFor(ctx: Context, project: string, serviceName: string, kind: Kind): boolean {
  const { auditConfigs = [] } = iamPolicyOf(ctx, `projects/${project}`)
  const configs = auditConfigs
    .filter(({ service }) => service === 'allServices' || service === serviceName)
    .flatMap(({ auditLogConfigs = [] }) => auditLogConfigs)
    .filter(({ logType }) => logType === kind)
  const { principal } = ctx.caller
  const isExempt = principal !== undefined && configs.some(({ exemptedMembers = [] }) => exemptedMembers.includes(principal))
  return configs.length > 0 && !isExempt
}

interface Call {
  kind: Kind
  serviceName: string
  method: string
  resource: string
  project: string
  request: object
  outcome: Outcome
}

function write(ctx: Context, { kind, serviceName, method, resource, project, request, outcome }: Call) {
  const time = ctx.timestamp()
  const insertId = orderedUuid(ctx.ids, ctx.nanos())
  const failed = 'error' in outcome
  const email = ctx.caller.principal?.replace(/^[^:]+:/, '')
  const requestMetadata = {
    callerIp: '127.0.0.1',
    ...(ctx.caller.userAgent && { callerSuppliedUserAgent: ctx.caller.userAgent }),
  }
  appendLogEntry(ctx, {
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      status: failed ? { code: CODES[outcome.error.code].number, message: outcome.error.message } : {},
      authenticationInfo: email ? { principalEmail: email } : {},
      requestMetadata,
      serviceName,
      methodName: methodName(method),
      resourceName: resource,
      ...(isLoggable(request) && { request: { '@type': requestType(method), ...request } }),
      ...(!failed && isLoggable(outcome.response) && { response: outcome.response as object }),
    },
    insertId,
    resource: monitoredResource(serviceName, methodName(method), locatedName(resource, ctx.caller.region), project),
    timestamp: time,
    severity: failed ? 'ERROR' : kind === 'ADMIN_WRITE' ? 'NOTICE' : 'INFO',
    logName: `projects/${project}/logs/cloudaudit.googleapis.com%2F${kind === 'ADMIN_WRITE' ? 'activity' : 'data_access'}`,
    receiveTimestamp: time,
  })
}

const isLoggable = (message: unknown) => message !== undefined && JSON.stringify(message).length <= MAX_LENGTH

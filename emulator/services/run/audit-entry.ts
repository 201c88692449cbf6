// The entry in the System Event audit log that Cloud Run writes when a revision or execution becomes ready, or does not
// (https://cloud.google.com/binary-authorization/docs/run/viewing-audit-logs-cloud-run). The documented filters look for the reason of the
// condition, and for "breakglass" and "dry run" as text anywhere: an entry has that of its own verdict alone. Google publishes no stable
// methodName; this one was seen.
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { CODES } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { type Judged, recordDecision } from '../binaryauthorization/index.ts'
import type { Failure } from './conditions.ts'
import type { Judgement } from './judge.ts'
import { EXECUTION, REVISION } from './names.ts'
import type { BinaryAuthorization } from './shapes.ts'

type LogEntry = components['schemas']['LogEntry']

interface Subject {
  kind: 'Revision' | 'Execution'
  apiVersion: string
  /** Type of its condition. */
  condition: 'Ready' | 'Completed'
  methodName: string
  resource: LogEntry['resource']
}

function subjectOf(name: string): Subject {
  const revision = REVISION.match(name)
  if (revision) {
    const { project, location, service } = revision
    const labels = {
      service_name: service,
      revision_name: revision.revision,
      configuration_name: service,
      location,
      project_id: project,
    }
    return {
      kind: 'Revision',
      apiVersion: 'serving.knative.dev/v1',
      condition: 'Ready',
      methodName: '/InternalServices.ReplaceInternalService',
      resource: { type: 'cloud_run_revision', labels },
    }
  }
  const { project, location, job } = EXECUTION.parse(name)
  return {
    kind: 'Execution',
    apiVersion: 'run.googleapis.com/v1',
    condition: 'Completed',
    methodName: '/Jobs.RunJob',
    resource: { type: 'cloud_run_job', labels: { job_name: job, location, project_id: project } },
  }
}

const REASONS: Partial<Record<Failure['reason'], string>> = {
  CONTAINER_IMAGE_UNAUTHORIZED: 'ContainerImageUnauthorized',
  CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED: 'ContainerImageAuthorizationCheckFailed',
}

/** What is said of the verdict, after the words of the condition. */
const REMARKS: Record<Judged['verdict'], (message: string, justification: string) => string> = {
  ALLOWED: () => 'Deploying.',
  DENIED: (message) => message,
  DRY_RUN: (message) => `Allowed by dry run. ${message}`,
  BREAK_GLASS: (message, justification) => [`Allowed by breakglass: ${justification}`, message].filter(Boolean).join(' '),
}

/** Records the decision on a revision or execution, by its full name. */
export function recordJudgement(ctx: Context, name: string, { judged, failure }: Judgement, settings: BinaryAuthorization) {
  if (!judged) return
  const { verdict, project, message = '' } = judged
  const { kind, apiVersion, condition, methodName, resource } = subjectOf(name)
  const justification = verdict === 'BREAK_GLASS' ? (settings.breakglassJustification ?? '') : ''
  const status = verdict === 'DENIED' ? 'False' : 'True'
  const remark = REMARKS[verdict](message, justification)
  const entry: LogEntry = {
    resource,
    severity: verdict === 'DENIED' ? 'ERROR' : verdict === 'ALLOWED' ? 'INFO' : 'WARNING',
    operation: { producer: 'run.googleapis.com', first: true, last: true },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'run.googleapis.com',
      methodName,
      resourceName: `namespaces/${project}/${kind.toLowerCase()}s/${idOf(name)}`,
      status: {
        code: failure ? CODES.FAILED_PRECONDITION.number : 0,
        message: `${condition} condition status changed to ${status} for ${kind} ${idOf(name)} with message: ${remark}`,
      },
      response: {
        '@type': `type.googleapis.com/google.cloud.run.v1.${kind}`,
        apiVersion,
        kind,
        metadata: {
          name: idOf(name),
          namespace: project,
          labels: { [kind === 'Revision' ? 'serving.knative.dev/service' : 'run.googleapis.com/job']: idOf(parentOf(name)) },
          ...(justification && { annotations: { 'run.googleapis.com/binary-authorization-breakglass': justification } }),
        },
        status: {
          conditions: [
            {
              type: condition,
              status,
              ...(failure && { reason: REASONS[failure.reason] }),
              ...(verdict !== 'ALLOWED' && { message: remark }),
              lastTransitionTime: ctx.timestamp(),
            },
          ],
        },
      },
    },
  }
  recordDecision(ctx, { ...judged, resource: name }, entry, 'system_event')
}

// The validating webhook of GKE: AdmissionReview admission.k8s.io/v1
// (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).
import { isObject } from '../../core/json.ts'
import type { Context, HttpResponse } from '../../core/service.ts'
import { CODES, invalidArgument } from '../../core/status.ts'
import { denialCause, type Judged, recordDecision, whyUnevaluated } from '../binaryauthorization/index.ts'
import { type AuditedRequest, auditEntry, deniedByWebhook } from './audit-entry.ts'
import { auditAnnotations, judge } from './decide.ts'
import { optionalText, podFacts } from './pods.ts'

interface ReviewRequest {
  uid: string
  kind: { group?: string; kind: string }
  operation: string
  resource?: { group?: unknown; resource?: unknown }
  subResource?: string
  namespace?: string
  name?: string
  object?: any
  userInfo?: { username?: unknown }
}

interface Answer {
  uid: string
  /** Undefined where the review is about something that Binary Authorization does not judge: it is admitted. */
  decided?: { judged: Judged; audited: AuditedRequest }
}

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

/** Subresources of a Pod that bring no image. All others are judged: `ephemeralcontainers`, and whatever may come. */
const NOT_JUDGED = ['attach', 'binding', 'eviction', 'exec', 'log', 'portforward', 'proxy', 'status']

const isPod = ({ group, kind }: { group?: unknown; kind?: unknown }) => kind === 'Pod' && !group

/** What is admitted unread must be something else beyond doubt. A request that calls itself something else and looks like a Pod is
 * refused: an API server sends none, but a hand-written one would be let in and nobody would know why. */
function isJudged({ kind, resource, subResource, operation, object }: ReviewRequest): boolean {
  if (['DELETE', 'CONNECT'].includes(operation)) return false
  if (isPod(kind)) return !NOT_JUDGED.includes(subResource ?? '')
  const looksLikePod =
    (object?.kind === 'Pod' && object.apiVersion === 'v1') ||
    (resource?.resource === 'pods' && !resource.group && !subResource) ||
    (/^pod$/i.test(kind.kind) && ['', 'core'].includes(kind.group ?? ''))
  if (looksLikePod)
    throw invalidArgument(
      'The AdmissionReview is about a Pod, but request.kind is not {"group": "", "version": "v1", "kind": "Pod"}.',
    )
  return false
}

function readReview(body: any): ReviewRequest {
  if (body?.apiVersion !== 'admission.k8s.io/v1' || body?.kind !== 'AdmissionReview')
    throw invalidArgument('The body is no AdmissionReview of admission.k8s.io/v1.')
  const { request } = body
  if (!isObject(request)) throw invalidArgument('The AdmissionReview has no request.')
  const { uid, kind, operation, object, resource, userInfo } = request
  if (typeof uid !== 'string' || uid === '') throw invalidArgument('The AdmissionReview has no request.uid.')
  if (!isObject(kind) || typeof kind.kind !== 'string' || kind.kind === '' || typeof (kind.group ?? '') !== 'string')
    throw invalidArgument('request.kind of the AdmissionReview must have group, version and kind.')
  if (!OPERATIONS.includes(operation))
    throw invalidArgument(`request.operation of the AdmissionReview must be one of ${OPERATIONS.join(', ')}.`)
  return {
    uid,
    kind: { group: kind.group, kind: kind.kind },
    operation,
    object,
    resource: isObject(resource) ? resource : undefined,
    subResource: optionalText(request.subResource, 'request.subResource'),
    namespace: optionalText(request.namespace, 'request.namespace'),
    name: optionalText(request.name, 'request.name'),
    userInfo: isObject(userInfo) ? userInfo : undefined,
  }
}

export async function reviewPod(body: unknown, params: Record<string, string>, ctx: Context): Promise<Answer> {
  const request = readReview(body)
  if (!isJudged(request)) return { uid: request.uid }
  const { images, imageVolumes, serviceAccount, namespace, breakGlass, name } = podFacts(request.object, request.namespace)
  const deployment = {
    project: params.project!,
    cluster: `${params.location}.${params.cluster}`,
    namespace,
    serviceAccount,
    images,
  }
  const pod = request.name || name
  const { uid, operation, object, subResource, userInfo } = request
  const judged = await judge({ source: 'AdmissionReview', deployment, imageVolumes, breakGlass, uid, pod, operation }, ctx)
  // a Pod that is still to get its name is asked for without one
  const audited = { pod: object, name: request.name || object.metadata?.name, subResource, principal: userInfo?.username }
  return { uid, decided: { judged, audited } }
}

/** GKE answers a denial with code 400 and reason VIOLATES_POLICY; the API server puts `admission webhook … denied the request: ` before the message. */
function denialStatus({ images, message }: Judged) {
  const causes = images.filter(({ allowed }) => !allowed).map((image) => ({ reason: denialCause(image) }))
  return { metadata: {}, status: 'Failure', message, reason: 'VIOLATES_POLICY', details: { kind: 'Pod', causes }, code: 400 }
}

/** The audit event of a denial: the same status, in the words that a client of the API server reads. */
function deniedAs(status: ReturnType<typeof denialStatus>) {
  const message = deniedByWebhook(status.message ?? '')
  return { code: CODES.INVALID_ARGUMENT.number, message, response: { ...status, message } }
}

export function answerReview(ctx: Context, { uid, decided }: Answer): HttpResponse {
  const response: Record<string, unknown> = { uid, allowed: decided?.judged.verdict !== 'DENIED' }
  if (decided) {
    const { judged, audited } = decided
    const status = judged.verdict === 'DENIED' ? denialStatus(judged) : undefined
    const annotations = auditAnnotations(judged)
    if (status) response.status = status
    if (annotations) response.auditAnnotations = annotations
    const why = whyUnevaluated(judged)
    if (why) response.warnings = [why]
    recordDecision(ctx, judged, auditEntry(judged, { ...audited, annotations, denial: status && deniedAs(status) }))
  }
  return { status: 200, body: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response } }
}

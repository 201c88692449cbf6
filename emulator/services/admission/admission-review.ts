// The validating webhook of GKE: AdmissionReview admission.k8s.io/v1
// (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).
import type { Context, HttpResponse } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import { denialCause, recordDecision } from '../binaryauthorization/index.ts'
import { auditAnnotations, type Judged, judge } from './decide.ts'
import { podFacts } from './pods.ts'

interface ReviewRequest {
  uid: string
  kind?: { group?: string; version?: string; kind?: string }
  subResource?: string
  operation?: string
  namespace?: string
  name?: string
  object?: unknown
}

interface Answer {
  uid: string
  /** Undefined where the review is about something that Binary Authorization does not judge: it is admitted. */
  judged?: Judged
}

/** Subresources of a Pod whose body is the Pod itself and can bring images with it. */
const JUDGED_SUBRESOURCES = ['', 'ephemeralcontainers', 'resize']

const isJudged = ({ kind, subResource = '', operation = '' }: ReviewRequest) =>
  kind?.kind === 'Pod' && !kind.group && JUDGED_SUBRESOURCES.includes(subResource) && ['CREATE', 'UPDATE'].includes(operation)

function readReview(body: any): ReviewRequest {
  if (body?.apiVersion !== 'admission.k8s.io/v1' || body?.kind !== 'AdmissionReview')
    throw invalidArgument('The body is no AdmissionReview of admission.k8s.io/v1.')
  const { request } = body
  if (typeof request?.uid !== 'string' || request.uid === '') throw invalidArgument('The AdmissionReview has no request.uid.')
  return request
}

export async function reviewPod(body: unknown, params: Record<string, string>, ctx: Context): Promise<Answer> {
  const request = readReview(body)
  if (!isJudged(request)) return { uid: request.uid }
  const { images, serviceAccount, namespace, breakGlass, name } = podFacts(request.object, request.namespace)
  const deployment = {
    project: params.project!,
    cluster: `${params.location}.${params.cluster}`,
    namespace,
    serviceAccount,
    images,
  }
  const pod = request.name || name
  return {
    uid: request.uid,
    judged: await judge(
      { source: 'AdmissionReview', deployment, breakGlass, uid: request.uid, pod, operation: request.operation },
      ctx,
    ),
  }
}

/** GKE answers a denial with code 400 and reason VIOLATES_POLICY; the API server puts `admission webhook … denied the request: ` before the message. */
function denialStatus({ images, message }: Judged) {
  const causes = images.filter(({ allowed }) => !allowed).map((image) => ({ reason: denialCause(image) }))
  return { metadata: {}, status: 'Failure', message, reason: 'VIOLATES_POLICY', details: { kind: 'Pod', causes }, code: 400 }
}

export function answerReview(ctx: Context, { uid, judged }: Answer): HttpResponse {
  const response: Record<string, unknown> = { uid, allowed: judged?.verdict !== 'DENIED' }
  if (judged) {
    recordDecision(ctx, judged)
    if (judged.verdict === 'DENIED') response.status = denialStatus(judged)
    const annotations = auditAnnotations(judged)
    if (annotations) response.auditAnnotations = annotations
  }
  return { status: 200, body: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response } }
}

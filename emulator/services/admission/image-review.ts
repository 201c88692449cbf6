// The older image policy webhook: ImageReview imagepolicy.k8s.io/v1alpha1
// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook).
// It carries no labels and no service account: break-glass is the annotation alone, and a policy with rules for service
// accounts, which cannot be looked up, admits nothing.
import type { JsonObject } from '../../core/json.ts'
import type { Context, HttpResponse } from '../../core/service.ts'
import { CODES, invalidArgument } from '../../core/status.ts'
import { imageReviewReason, type Judged, recordDecision } from '../binaryauthorization/index.ts'
import { auditEntry } from './audit-entry.ts'
import { auditAnnotations, judge } from './decide.ts'
import { BREAK_GLASS_ANNOTATION, imagesOf, optionalText } from './pods.ts'

interface Answer {
  judged: Judged
  /** The Pod, as far as the review tells of it. */
  pod: JsonObject
}

export async function reviewImages(body: any, params: Record<string, string>, ctx: Context): Promise<Answer> {
  if (body?.apiVersion !== 'imagepolicy.k8s.io/v1alpha1' || body?.kind !== 'ImageReview')
    throw invalidArgument('The body is no ImageReview of imagepolicy.k8s.io/v1alpha1.')
  const { namespace, annotations, ...spec } = body.spec ?? {}
  const deployment = {
    project: params.project!,
    cluster: `${params.location}.${params.cluster}`,
    namespace: optionalText(namespace, 'spec.namespace') ?? 'default',
    images: imagesOf(body.spec),
  }
  const breakGlass = annotations?.[BREAK_GLASS_ANNOTATION] === 'true'
  const judged = await judge({ source: 'ImageReview', deployment, breakGlass }, ctx)
  return { judged, pod: { metadata: { annotations }, spec } }
}

/** The audit event of a denial, as the API server words it. */
const deniedAs = (reason: string) => ({
  code: CODES.PERMISSION_DENIED.number,
  message: 'Forbidden',
  response: {
    message: `image policy webhook backend denied one or more images: ${reason}`,
    reason: 'Forbidden',
    details: { kind: 'pods' },
    code: 403,
  },
})

export function answerImages(ctx: Context, { judged, pod }: Answer): HttpResponse {
  const isDenied = judged.verdict === 'DENIED'
  const reason = judged.images
    .filter(({ allowed }) => !allowed)
    .map(imageReviewReason)
    .join('. ')
  const annotations = auditAnnotations(judged)
  recordDecision(ctx, judged, auditEntry(judged, { pod, annotations, denial: isDenied ? deniedAs(reason) : undefined }))
  const status = { allowed: !isDenied, ...(isDenied && { reason }), ...(annotations && { auditAnnotations: annotations }) }
  return { status: 200, body: { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', status } }
}

// The older image policy webhook: ImageReview imagepolicy.k8s.io/v1alpha1
// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook).
// It carries no labels and no service account: break-glass is the annotation alone, and service account rules cannot match.
import type { Context, HttpResponse } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import { imageReviewReason, recordDecision } from '../binaryauthorization/index.ts'
import { auditAnnotations, type Judged, judge } from './decide.ts'
import { BREAK_GLASS_ANNOTATION, imagesOf } from './pods.ts'

export function reviewImages(body: any, params: Record<string, string>, ctx: Context): Promise<Judged> {
  if (body?.apiVersion !== 'imagepolicy.k8s.io/v1alpha1' || body?.kind !== 'ImageReview')
    throw invalidArgument('The body is no ImageReview of imagepolicy.k8s.io/v1alpha1.')
  const { spec } = body
  const deployment = {
    project: params.project!,
    cluster: `${params.location}.${params.cluster}`,
    namespace: spec?.namespace || 'default',
    images: imagesOf(spec),
  }
  return judge({ source: 'ImageReview', deployment, breakGlass: spec?.annotations?.[BREAK_GLASS_ANNOTATION] === 'true' }, ctx)
}

export function answerImages(ctx: Context, judged: Judged): HttpResponse {
  recordDecision(ctx, judged)
  const reason = judged.images
    .filter(({ allowed }) => !allowed)
    .map(imageReviewReason)
    .join(' ')
  const annotations = auditAnnotations(judged)
  const status = {
    allowed: judged.verdict !== 'DENIED',
    ...(judged.verdict === 'DENIED' && { reason }),
    ...(annotations && { auditAnnotations: annotations }),
  }
  return { status: 200, body: { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', status } }
}

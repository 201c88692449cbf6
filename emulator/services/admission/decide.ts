// From an evaluation to an answer: enforce, dry run or break-glass. Both webhooks share it, and both leave a decision behind.
import type { Context } from '../../core/service.ts'
import { type Deployment, denialCause, denialMessage, evaluate, type Judged, unevaluated } from '../binaryauthorization/index.ts'

export interface Question {
  source: string
  deployment: Deployment
  breakGlass: boolean
  /** Images that are named and not judged. */
  imageVolumes?: string[]
  uid?: string
  pod?: string
  operation?: string
}

/** Judges, and records nothing yet. Break-glass names itself even where the images would have passed, and goes before dry run; where the
 * cluster evaluates nothing there is no glass to break. */
export async function judge(
  { source, deployment, imageVolumes = [], breakGlass, uid, pod, operation }: Question,
  ctx: Context,
): Promise<Judged> {
  const { images, ...where } = deployment
  const ignored = unevaluated(deployment, ctx)
  const evaluation = ignored ?? (await evaluate(deployment, ctx))
  const denied = evaluation.images.filter(({ allowed }) => !allowed)
  const verdict =
    breakGlass && !ignored ? 'BREAK_GLASS' : denied.length === 0 ? 'ALLOWED' : evaluation.dryRun ? 'DRY_RUN' : 'DENIED'
  const message = denied.map(denialMessage).join(' ')
  return {
    source,
    ...where,
    uid,
    pod,
    operation,
    verdict,
    ...(message && { message }),
    ...(imageVolumes.length > 0 && { imageVolumesNotJudged: imageVolumes }),
    ...evaluation,
    allowed: verdict !== 'DENIED',
  }
}

/** Keys without the webhook's name, which the API server puts before them. */
export function auditAnnotations({ verdict, images }: Judged): Record<string, string> | undefined {
  if (verdict === 'ALLOWED' || verdict === 'DENIED') return undefined
  const overridden = images
    .filter(({ allowed }) => !allowed)
    .map(denialCause)
    .join('')
  return {
    [verdict === 'DRY_RUN' ? 'dry-run' : 'break-glass']: 'true',
    ...(overridden && { 'overridden-verification-result': overridden }),
  }
}

// Binary Authorization of Cloud Run (https://cloud.google.com/binary-authorization/docs/run/overview): may these images run here?
// A service or job opts in. Then each revision is judged when it is made and when it gains traffic, and each execution when it is started.
import type { Context } from '../../core/service.ts'
import { type Evaluation, evaluate, type ImageEvaluation, type Judged } from '../binaryauthorization/index.ts'
import type { Failure } from './conditions.ts'
import { judgedImages, missingImage } from './images.ts'
import type { BinaryAuthorization, Container, ResolvedImages } from './shapes.ts'

/** What is to be judged, and by what. As JSON it is the key by which a judgement is used or thrown away. */
export interface Question {
  project: string
  location: string
  settings: BinaryAuthorization
  images: string[]
  /** Why nothing has to be asked. */
  missing?: Failure
}

export interface Judgement {
  /** Why it may not run. */
  failure?: Failure
  /** The decision; none where an image is missing. */
  judged?: Omit<Judged, 'resource'>
}

export function question(
  { project, location }: { project: string; location: string },
  settings: BinaryAuthorization,
  containers: Container[],
  images: ResolvedImages,
): Question {
  // whoever breaks the glass has not asked which digest it is
  const missing = settings.breakglassJustification ? undefined : missingImage(containers, images)
  return { project, location, settings, images: judgedImages(containers, images), ...(missing && { missing }) }
}

export async function judge({ project, location, settings, images, missing }: Question, ctx: Context): Promise<Judgement> {
  if (missing) return { failure: missing }
  const deployment = { project, platform: 'cloudRun', location, images } as const
  const evaluation = settings.policy ? notEvaluated(settings.policy, images) : await evaluate(deployment, ctx)
  const denied = evaluation.images.filter(({ allowed }) => !allowed)
  const message = denied.map(unauthorized).join(' ')
  const verdict = settings.breakglassJustification
    ? 'BREAK_GLASS'
    : denied.length === 0
      ? 'ALLOWED'
      : evaluation.dryRun
        ? 'DRY_RUN'
        : 'DENIED'
  const { images: _, ...where } = deployment
  const judged = {
    source: 'CloudRun',
    ...where,
    verdict,
    ...(message && { message }),
    ...evaluation,
    allowed: verdict !== 'DENIED',
  } as const
  const reason = settings.policy ? 'CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED' : 'CONTAINER_IMAGE_UNAUTHORIZED'
  return { judged, ...(verdict === 'DENIED' && { failure: { reason, message } }) }
}

/** Platform policies have no evaluation here yet, and what is not evaluated is not allowed. */
function notEvaluated(policy: string, images: string[]): Evaluation {
  const why = `The platform policy ${policy} was not evaluated: binauthz-emulator evaluates the policy of the project alone (useDefault).`
  const step = {
    step: 'ADMISSION_RULE',
    rule: policy,
    evaluationMode: '',
    enforcementMode: '',
    result: 'DENIED',
    code: 'RULE_UNKNOWN',
    why,
  } as const
  const denied = images.map((image): ImageEvaluation => ({ image, allowed: false, decidedBy: 'ADMISSION_RULE', steps: [step] }))
  return { policy, allowed: false, dryRun: false, images: denied }
}

/** `Container image 'X' is not authorized by policy. Image X denied by attestor …: …`, as production words it. */
function unauthorized({ image, steps }: ImageEvaluation): string {
  const rule = steps.find((step) => step.step === 'ADMISSION_RULE')
  const { attestors = [], code, why = '' } = (rule ?? {}) as { attestors?: any[]; code?: string; why?: string }
  const sentences = attestors
    .filter(({ result }) => result === 'NOT_SATISFIED')
    .map(({ attestor, reason }) => `Image ${image} denied by attestor ${attestor}: ${reason}`)
  const tail = sentences.join('. ') || (code === 'ALWAYS_DENY' ? 'Denied by an ALWAYS_DENY admission rule' : why)
  return `Container image '${image}' is not authorized by policy. ${tail}`
}

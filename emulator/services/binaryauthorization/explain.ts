// `POST /_emulator/decisions:explain`: what admission would decide now, and what would make it pass. It records no decision.
import { admissionGeneration } from '../../core/generation.ts'
import { isObject } from '../../core/json.ts'
import { type Context, type HttpRequest, type HttpResponse, io, type Route, Stale } from '../../core/service.ts'
import { invalidArgument, notFound } from '../../core/status.ts'
import { evaluate } from './evaluation.ts'
import type { AttestorStep, Deployment, Evaluation, ImageEvaluation, RuleStep, Step } from './evaluation-tree.ts'
import { attestorHints, ruleHints, signatureHints } from './explain-hints.ts'
import { explanationOf } from './explanation.ts'
import { attestorChoices, CHOICES, choicesIn, signatureChoices, stepChoices } from './explanation-choices.ts'
import { denialMessage } from './messages.ts'
import { type Policy, policyOf } from './policies.ts'
import { unevaluated } from './unevaluated.ts'

export interface Explanation extends Omit<Deployment, 'images'>, Evaluation {
  verdict: 'ALLOWED' | 'DENIED' | 'DRY_RUN'
  /** As the webhook would word a denial. */
  message?: string
  /** For a terminal. */
  explanation: string[]
  /** The open points that it rests on, each named in the tree where it decided. */
  choices: { id: string; question: string }[]
}

const FIELDS = ['image', 'images', 'project', 'cluster', 'namespace', 'serviceAccount']

const CLUSTER = /^(global|[a-z]{1,32}-[a-z]{1,32}\d{1,3}(-[a-z0-9]{1,8})?)\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** What is not said is what a Pod has that does not say it either. A cluster must be named where the policy has rules for clusters: the
 * default rule would be another one's. */
function deploymentOf(body: unknown, ctx: Context): Deployment {
  if (!isObject(body)) throw invalidArgument('The body must be a JSON object with image (or images) and project.')
  const unknown = Object.keys(body).find((key) => !FIELDS.includes(key))
  if (unknown !== undefined) throw invalidArgument(`There is no field "${unknown}": there are ${FIELDS.join(', ')}.`)
  const text = (field: string): string | undefined => {
    const value = body[field] ?? undefined
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalidArgument(`${field} must be a string that is not empty.`)
    return value
  }
  const { image } = body
  if ((image === undefined) === (body.images === undefined)) throw invalidArgument('Give either image or images.')
  const images: unknown = body.images ?? [image]
  if (!Array.isArray(images) || images.length === 0 || images.some((each) => typeof each !== 'string' || each === ''))
    throw invalidArgument(
      `${image === undefined ? 'images must be a list of strings' : 'image must be a string'}, none of them empty.`,
    )
  const named = text('project')
  if (named === undefined) throw invalidArgument('project is required: it is the one whose policy applies.')
  const project = ctx.canonicalName(`projects/${named}`).slice('projects/'.length)
  if (/^(-|\d+|.*\/.*)$/.test(project)) throw notFound(`There is no project "${project}".`)
  const cluster = text('cluster')
  if (cluster !== undefined && !CLUSTER.test(cluster))
    throw invalidArgument(`cluster must be LOCATION.NAME, such as us-central1.prod, not "${cluster}".`)
  const clusters = Object.keys(policyOf(ctx, project).clusterAdmissionRules ?? {})
  if (cluster === undefined && clusters.length > 0)
    throw invalidArgument(`cluster is required, because the policy has rules for clusters: ${clusters.slice(0, 10).join(', ')}.`)
  const [namespace, serviceAccount] = [text('namespace') ?? 'default', text('serviceAccount') ?? 'default']
  return { project, ...(cluster && { cluster }), namespace, serviceAccount, images: [...new Set(images as string[])] }
}

async function explain(request: HttpRequest, ctx: Context) {
  const generation = admissionGeneration(ctx.db)
  const deployment = deploymentOf(request.json(), ctx)
  const policy = policyOf(ctx, deployment.project)
  const evaluation = unevaluated(deployment, ctx) ?? (await evaluate(deployment, ctx))
  const images: ImageEvaluation[] = []
  for (const image of evaluation.images) images.push(await explainImage(image, deployment, ctx))
  return { generation, explanation: explanationIn(deployment, policy, { ...evaluation, images }) }
}

function explanationIn({ images: _, ...where }: Deployment, policy: Policy, evaluation: Evaluation): Explanation {
  const { allowed, dryRun, images } = evaluation
  const denied = images.filter((image) => !image.allowed)
  const overall = [
    ...(denied.length > 1 ? ['several-images'] : []),
    ...(Object.keys(policy.istioServiceIdentityAdmissionRules ?? {}).length > 0 ? ['istio-rules'] : []),
  ]
  const choices = [...new Set([...images.flatMap(({ steps }) => choicesIn(steps)), ...overall])]
  const { project, cluster, namespace, serviceAccount } = where
  const place = [`project ${project}`, cluster ? `cluster ${cluster}` : 'no cluster', `namespace ${namespace}`]
  return {
    verdict: allowed ? 'ALLOWED' : dryRun ? 'DRY_RUN' : 'DENIED',
    ...(denied.length > 0 && { message: denied.map(denialMessage).join(' ') }),
    ...where,
    ...evaluation,
    explanation: [
      `· In ${place.join(', ')}, service account ${serviceAccount}`,
      ...(policy.etag ? [] : [`· Project ${project} has no policy of its own: the default one allows everything`]),
      ...images.flatMap((image) => explanationOf(image, dryRun)),
      ...overall.map((id) => `? Google publishes nothing on: ${CHOICES[id]} (choice ${id})`),
    ],
    choices: choices.map((id) => ({ id, question: CHOICES[id]! })),
  }
}

/** A copy of the tree with hints and choices: evaluation remembers the one that it gave. */
async function explainImage(image: ImageEvaluation, deployment: Deployment, ctx: Context): Promise<ImageEvaluation> {
  const steps: Step[] = []
  for (const step of image.steps) {
    const explained = step.step === 'ADMISSION_RULE' ? await explainRule(step, image.image, deployment, ctx) : step
    steps.push({ ...explained, ...remarks([], stepChoices(step)), ...(explained.hints && { hints: explained.hints }) })
  }
  return { ...image, steps }
}

async function explainRule(step: RuleStep, image: string, deployment: Deployment, ctx: Context): Promise<RuleStep> {
  const hints = step.result === 'DENIED' ? await ruleHints(step, image, deployment, ctx) : []
  const attestors: AttestorStep[] = []
  for (const attestor of step.attestors ?? []) {
    const attestations = attestor.attestations?.map((attestation) => ({
      ...attestation,
      signatures: attestation.signatures.map((signature) => ({
        ...signature,
        ...remarks(signatureHints(signature, attestor.attestor, step.digest ?? '', ctx), signatureChoices(signature)),
      })),
    }))
    const own = remarks(await attestorHints(attestor, image, ctx), attestorChoices(attestor))
    attestors.push({ ...attestor, ...own, ...(attestations && { attestations }) })
  }
  return { ...step, ...remarks(hints, []), ...(step.attestors && { attestors }) }
}

const remarks = (hints: string[], choices: string[]) => ({
  ...(hints.length > 0 && { hints }),
  ...(choices.length > 0 && { choices }),
})

const explainDecision = io(explain, (_request: HttpRequest, ctx, { generation, explanation }): HttpResponse => {
  if (admissionGeneration(ctx.db) !== generation) throw new Stale()
  return { status: 200, body: explanation }
})

export const explainRoutes: Route[] = [{ method: 'POST', path: '/_emulator/decisions:explain', run: explainDecision }]

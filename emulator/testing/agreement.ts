// Random reviews under random policies, judged by the emulator and by the naive evaluator: both must say the same.
import type { InProcess } from './in-process.ts'
import { type NaiveAnswer, naiveAnswer } from './naive-evaluator.ts'
import { type Random, seeded } from './random.ts'
import { ACCOUNTS, CLUSTERS, DIGESTS, NAMESPACES, PROJECTS, REPOSITORIES, randomWorld } from './random-world.ts'

const LABEL = 'image-policy.k8s.io/break-glass'
const ANNOTATION = 'alpha.image-policy.k8s.io/break-glass'

function randomImage({ below, pick }: Random): string {
  const digest = pick(DIGESTS)
  const spelled = pick([
    ...Array.from({ length: 8 }, () => `@${digest}`),
    `:v1@${digest}`,
    `@sha256:${digest.slice(7).toUpperCase()}`,
    `@${digest.slice(0, -1)}`,
    `@${digest}0`,
    ':v1',
    '',
  ])
  return below(20) === 0
    ? pick(['nginx', 'gke.gcr.io/x/y:1', 'gcr.io/google_containers/pause', `@${digest}`])
    : pick(REPOSITORIES) + spelled
}

function randomSpec(random: Random) {
  const { below, pick } = random
  const containers = (most: number, least = 0) =>
    Array.from({ length: least + below(most - least + 1) }, (_, index) => ({ name: `c${index}`, image: randomImage(random) }))
  const account = pick([undefined, undefined, ...ACCOUNTS])
  return {
    containers: containers(2, 1),
    ...(below(5) === 0 && { initContainers: containers(2) }),
    ...(below(8) === 0 && { ephemeralContainers: containers(1) }),
    ...(account && { [pick(['serviceAccountName', 'serviceAccountName', 'serviceAccount'])]: account }),
  }
}

function randomReview(random: Random): object {
  const { below, pick } = random
  const spec = randomSpec(random)
  const namespace = pick([undefined, ...NAMESPACES, ...NAMESPACES, 'constructor'])
  const asks = below(10) === 0 ? { [pick([LABEL, ANNOTATION])]: pick(['true', 'true', 'false', '']) } : undefined
  if (below(6) === 0)
    return {
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      kind: 'ImageReview',
      spec: { containers: spec.containers, namespace, annotations: asks },
    }
  const isPod = below(30) > 0
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: isPod ? { group: '', version: 'v1', kind: 'Pod' } : { group: 'apps', version: 'v1', kind: 'Deployment' },
      operation: below(30) === 0 ? 'DELETE' : pick(['CREATE', 'UPDATE']),
      subResource: pick([...Array.from({ length: 20 }, () => undefined), 'status', 'ephemeralcontainers', 'resize']),
      namespace,
      object: {
        apiVersion: isPod ? 'v1' : 'apps/v1',
        kind: isPod ? 'Pod' : 'Deployment',
        metadata: { name: 'x', ...(asks && { [pick(['labels', 'annotations'])]: asks }) },
        spec,
      },
    },
  }
}

/** What matters of the answer of the webhook. */
export function summaryOf(answer: any) {
  const { allowed, status, reason, auditAnnotations = {} } = answer.response ?? answer.status
  const isBreakGlass = auditAnnotations['break-glass'] === 'true'
  const isDryRun = auditAnnotations['dry-run'] === 'true'
  return {
    allowed,
    isBreakGlass,
    isDryRun,
    message: allowed ? '' : (reason ?? status.message),
    overridden: auditAnnotations['overridden-verification-result'] ?? '',
  }
}

/** The same of the naive answer. */
export const naiveSummaryOf = ({ verdict, message, overridden }: NaiveAnswer) => ({
  allowed: verdict !== 'DENIED',
  isBreakGlass: verdict === 'BREAK_GLASS',
  isDryRun: verdict === 'DRY_RUN',
  message: verdict === 'DENIED' ? message : '',
  overridden: verdict === 'BREAK_GLASS' || verdict === 'DRY_RUN' ? overridden : '',
})

const stepsOf = (images: { image: string; allowed: boolean; decidedBy: string }[], allAllowed: boolean) => ({
  allAllowed,
  images: images.map(({ image, allowed, decidedBy }) => ({ image, allowed, decidedBy })),
})

export interface Agreement {
  /** How many cases had each verdict, and each step that decided. */
  outcomes: Record<string, number>
  /** The first case in which they differ, as text. */
  disagreement?: string
}

/** Judges `cases` random reviews; before each, something of what decides changes. The emulator must be empty. */
export async function agree(emulator: InProcess, seed: number, cases: number): Promise<Agreement> {
  const random = seeded(seed)
  const { below, pick } = random
  const world = randomWorld(emulator, random)
  const outcomes: Record<string, number> = {}
  const count = (what: string) => {
    outcomes[what] = (outcomes[what] ?? 0) + 1
  }
  for (let change = 0; change < 60; change++) await world.change()
  let project = ''
  let body = {}
  for (let index = 0; index < cases; index++) {
    // what was allowed in one place must not be remembered for another
    const isAgain = index > 0 && below(5) === 0
    if (!isAgain) {
      project = pick(PROJECTS)
      if (below(10)) await world.writePolicy(project)
      if (below(4)) await world.change()
      body = randomReview(random)
    }
    const cluster = pick(CLUSTERS)
    const naive = naiveAnswer(world.naive, project, cluster, body)
    const real = summaryOf(await emulator.review(project, cluster, body))
    const expected = naiveSummaryOf(naive)
    const differ = (what: string, one: unknown, other: unknown) => ({
      outcomes,
      disagreement: `seed ${seed}, case ${index}, ${what}: ${JSON.stringify({ real: one, naive: other, project, cluster, body, policy: world.naive.policies.get(project) }, null, 2)}`,
    })
    if (JSON.stringify(real) !== JSON.stringify(expected)) return differ('answer', real, expected)
    count(naive.verdict)
    if (naive.verdict === 'NOT_JUDGED') continue
    const { namespace, serviceAccount } = naive
    const images = naive.images.map(({ image }) => image)
    const evaluation = await emulator.evaluate({ project, cluster, namespace, serviceAccount, images })
    const steps = stepsOf(evaluation.images, evaluation.allowed)
    const allAllowed = !naive.images.some(({ allowed }) => !allowed)
    const naiveSteps = stepsOf(naive.images, allAllowed)
    if (JSON.stringify(steps) !== JSON.stringify(naiveSteps)) return differ('steps', steps, naiveSteps)
    for (const { allowed, decidedBy, denials, attested } of naive.images) {
      count(`${decidedBy} ${allowed ? 'allows' : 'denies'}`)
      if (attested) count('attested')
      for (const [, reason] of denials) count(reason)
    }
  }
  return { outcomes }
}

// A cluster whose Binary Authorization is disabled, or is continuous validation alone, lets everything in. That is a decision too, and says so.
import type { Context } from '../../core/service.ts'
import { clusterEnforcement } from '../container/index.ts'
import type { Deployment, Evaluation, ImageEvaluation } from './evaluation-tree.ts'
import { POLICY } from './names.ts'

/** The decision on a deployment in a cluster that does not enforce the policy; undefined where the cluster does, and where nobody has created
 * it: a cluster of one's own needs no resource of GKE. */
export function unevaluated({ project, cluster, images }: Deployment, ctx: Context): Evaluation | undefined {
  const enforcement = cluster === undefined ? undefined : clusterEnforcement(ctx, project, cluster)
  if (!enforcement || enforcement.enforced) return undefined
  const { evaluationMode } = enforcement
  const why = WHY[evaluationMode] ?? WHY.DISABLED!
  const judged = images.map((image): ImageEvaluation => {
    const step = { step: 'CLUSTER', result: 'NOT_EVALUATED', evaluationMode, why: why.replace('*', cluster!) } as const
    return { image, allowed: true, decidedBy: 'CLUSTER', steps: [step] }
  })
  return { policy: POLICY.format({ project }), allowed: true, dryRun: false, images: judged }
}

const WHY: Record<string, string> = {
  DISABLED: 'Binary Authorization is disabled on cluster *: no image is evaluated.',
  POLICY_BINDINGS:
    'Binary Authorization of cluster * is continuous validation alone: no image is evaluated, and its policy bindings are stored and not evaluated.',
}

/** Why nothing was evaluated; undefined where something was. */
export function whyUnevaluated({ images }: Pick<Evaluation, 'images'>): string | undefined {
  const step = images[0]?.steps[0]
  return step?.step === 'CLUSTER' ? step.why : undefined
}

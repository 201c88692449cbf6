// Binary Authorization of a cluster (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1beta1/projects.locations.clusters#binaryauthorization):
// its mode decides whether admission evaluates the policy of the project.
import { collection } from '../../core/collection.ts'
import type { Database } from '../../core/database.ts'
import { admissionGeneration } from '../../core/generation.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import type { StoredCluster } from './clusters.ts'
import { CLUSTER } from './names.ts'

type BinaryAuthorization = components['schemas']['BinaryAuthorization']

/** Is the policy of the project enforced? Policy bindings alone are for continuous validation, which lets everything in. */
const ENFORCES: Record<string, boolean> = {
  DISABLED: false,
  PROJECT_SINGLETON_POLICY_ENFORCE: true,
  POLICY_BINDINGS: false,
  POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE: true,
}

const POLICY_NAME = /^projects\/[^/]+\/platforms\/gke\/policies\/[a-zA-Z0-9_-]+$/

/** Refuses a mode of which only the number is known, and bindings that can be no policies of the platform. */
export function checkBinaryAuthorization({ evaluationMode, policyBindings = [] }: BinaryAuthorization, field: string) {
  if (evaluationMode !== undefined && !Object.hasOwn(ENFORCES, evaluationMode))
    throw invalidArgument(`Invalid value for field "${field}.evaluation_mode": ${JSON.stringify(evaluationMode)}.`)
  for (const { name = '' } of policyBindings)
    if (!POLICY_NAME.test(name))
      throw invalidArgument(
        `Invalid value for field "${field}.policy_bindings.name": "${name}". It must be of the form projects/{project_number}/platforms/gke/policies/{policy_id}.`,
      )
}

export interface Enforcement {
  /** Does admission evaluate the policy of the project? */
  enforced: boolean
  /** DISABLED where the cluster says nothing, and what the deprecated `enabled` stands for. */
  evaluationMode: string
}

/** What a cluster's configuration comes to. The deprecated `enabled` counts where there is no mode. */
function enforcementOf({ enabled, evaluationMode }: BinaryAuthorization = {}): Enforcement {
  const mode = evaluationMode ?? (enabled ? 'PROJECT_SINGLETON_POLICY_ENFORCE' : 'DISABLED')
  return { enforced: ENFORCES[mode] ?? true, evaluationMode: mode }
}

interface Known {
  generation: string
  clusters: Map<string, Enforcement | undefined>
}

const known = new WeakMap<Database, Known>()
const MAX_CLUSTERS = 10_000

/** Of the cluster `location.clusterId` of a project; undefined where there is none: nobody created it, or it was deleted. Remembered for one
 * state of the store, because every Pod asks for it. */
export function clusterEnforcement(ctx: Context, project: string, cluster: string): Enforcement | undefined {
  const generation = admissionGeneration(ctx.db)
  let memory = known.get(ctx.db)
  if (memory?.generation !== generation || memory.clusters.size >= MAX_CLUSTERS) {
    memory = { generation, clusters: new Map() }
    known.set(ctx.db, memory)
  }
  const { clusters } = memory
  const key = `${project} ${cluster}`
  if (clusters.has(key)) return clusters.get(key)
  const [location = '', ...id] = cluster.split('.')
  const name = CLUSTER.format({ project, location, cluster: id.join('.') })
  const stored = collection<StoredCluster>(ctx.db, 'container_clusters').get(name)
  const enforcement = stored && !stored.deleted ? enforcementOf(stored.cluster.binaryAuthorization) : undefined
  clusters.set(key, enforcement)
  return enforcement
}

// v1 of what is stored in the shape of v1beta1: without what v1 has not.
import type { JsonObject } from '../../core/json.ts'
import type { Version } from './names.ts'

/** Fields of a NodeConfig that v1 has not. */
const NODE_CONFIG = `accelerators.maxTimeSharedClientsPerGpu sandboxConfig.sandboxType workloadMetadataConfig.nodeMetadata
  ephemeralStorageConfig hostMaintenancePolicy`.split(/\s+/)

/** Paths in a node pool, and in a cluster, that v1 has not. Lists are passed through. */
export const NEWER_IN_NODE_POOL = [
  ...NODE_CONFIG.map((path) => `config.${path}`),
  'networkConfig.networkPerformanceConfig.externalIpEgressBandwidthTier',
]
export const NEWER_IN_CLUSTER = [
  ...`podSecurityPolicyConfig privateCluster masterIpv4CidrBlock workloadCertificates workloadAltsConfig clusterTelemetry tpuConfig
  currentEmulatedVersion rollbackSafeUpgrade nodePoolUpgradeConcurrencyConfig master protectConfig addonsConfig.istioConfig
  addonsConfig.kalmConfig ipAllocationPolicy.allowRouteOverlap binaryAuthorization.policyBindings workloadIdentityConfig.identityNamespace
  workloadIdentityConfig.identityProvider autopilot.conversionStatus nodePoolDefaults.nodeConfigDefaults.hostMaintenancePolicy`.split(
    /\s+/,
  ),
  ...NODE_CONFIG.map((path) => `nodeConfig.${path}`),
  ...NEWER_IN_NODE_POOL.map((path) => `nodePools.${path}`),
]

/** Fields of a ClusterUpdate that v1 has not. */
export const NEWER_IN_UPDATE = `desiredPodSecurityPolicyConfig desiredClusterTelemetry privateClusterConfig desiredTpuConfig
  desiredWorkloadCertificates desiredWorkloadAltsConfig desiredMaster desiredProtectConfig desiredHostMaintenancePolicy
  desiredScheduleUpgradeConfig desiredRollbackSafeUpgrade desiredNodePoolUpgradeConcurrencyConfig`.split(/\s+/)

/** Evaluation modes with policy bindings, of which v1 can only say whether the policy of the project is enforced: that it does say. */
export const MODES_IN_V1: Record<string, string | undefined> = {
  POLICY_BINDINGS: undefined,
  POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE: 'PROJECT_SINGLETON_POLICY_ENFORCE',
}

function remove(document: any, [key = '', ...rest]: string[]) {
  if (Array.isArray(document)) for (const item of document) remove(item, [key, ...rest])
  else if (typeof document !== 'object' || document === null) return
  else if (rest.length === 0) delete document[key]
  else remove(document[key], rest)
}

/** As the version has it. The document is changed: it must be the caller's own. */
export function clusterIn(version: Version, cluster: JsonObject): JsonObject {
  if (version !== 'v1') return cluster
  for (const path of NEWER_IN_CLUSTER) remove(cluster, path.split('.'))
  const { binaryAuthorization: binauthz, monitoringConfig } = cluster
  if (binauthz && Object.hasOwn(MODES_IN_V1, binauthz.evaluationMode))
    binauthz.evaluationMode = MODES_IN_V1[binauthz.evaluationMode]
  const components = monitoringConfig?.componentConfig
  if (components?.enableComponents)
    components.enableComponents = components.enableComponents.filter((name: unknown) => name !== 'WORKLOADS')
  return cluster
}

export function nodePoolIn(version: Version, pool: JsonObject): JsonObject {
  if (version === 'v1') for (const path of NEWER_IN_NODE_POOL) remove(pool, path.split('.'))
  return pool
}

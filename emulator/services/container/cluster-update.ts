// Changes of a cluster (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1beta1/ClusterUpdate). Each field of an update has its
// place in the cluster; one that has none here is refused by name.
import { checkEtag } from '../../core/etag.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { checkBinaryAuthorization } from './binary-authorization.ts'
import { type Cluster, endpointOf, labelFingerprint, newMaintenancePolicy } from './cluster-defaults.ts'
import { changeCluster, nameOf } from './clusters.ts'
import type { Naming } from './names.ts'
import { type NodePool, poolNotFound } from './node-pool-defaults.ts'
import type { OperationType, StoredOperation } from './operations.ts'
import { resolveVersion } from './server-config.ts'

type Schemas = components['schemas']
type ClusterUpdate = Schemas['ClusterUpdate']

/** Fields of a cluster that an update has under the same name with `desired` before it. */
const SAME =
  `addonsConfig anonymousAuthenticationConfig authenticatorGroupsConfig binaryAuthorization clusterTelemetry compliancePostureConfig
  controlPlaneEgress controlPlaneEndpointsConfig costManagementConfig databaseEncryption fleet identityServiceConfig locations loggingConfig
  loggingService managedMachineLearningDiagnosticsConfig managedOpentelemetryConfig master masterAuthorizedNetworksConfig meshCertificates
  monitoringConfig monitoringService nodeCreationConfig nodePoolUpgradeConcurrencyConfig notificationConfig podAutoscaling
  podSecurityPolicyConfig privateClusterConfig protectConfig rbacBindingConfig releaseChannel resourceUsageExportConfig rollbackSafeUpgrade
  scheduleUpgradeConfig secretManagerConfig secretSyncConfig securityPostureConfig shieldedNodes tpuConfig userManagedKeysConfig
  verticalPodAutoscaling workloadAltsConfig workloadCertificates workloadIdentityConfig`.split(/\s+/)

/** Places of the fields that are called otherwise, and for some the part of the value that is put there. */
const ELSEWHERE: [field: string, path: string, part?: string][] = [
  ['desiredAdditionalIpRangesConfig', 'ipAllocationPolicy.additionalIpRangesConfigs', 'additionalIpRangesConfigs'],
  ['desiredAutoIpamConfig', 'ipAllocationPolicy.autoIpamConfig'],
  ['desiredAutopilotClusterPolicyConfig', 'autopilot.clusterPolicyConfig'],
  ['desiredAutopilotWorkloadPolicyConfig', 'autopilot.workloadPolicyConfig'],
  ['desiredClusterAutoscaling', 'autoscaling'],
  ['desiredContainerdConfig', 'nodePoolDefaults.nodeConfigDefaults.containerdConfig'],
  ['desiredDatapathProvider', 'networkConfig.datapathProvider'],
  ['desiredDefaultEnablePrivateNodes', 'networkConfig.defaultEnablePrivateNodes'],
  ['desiredDefaultSnatStatus', 'networkConfig.defaultSnatStatus'],
  ['desiredDisableL4LbFirewallReconciliation', 'networkConfig.disableL4LbFirewallReconciliation'],
  ['desiredDnsConfig', 'networkConfig.dnsConfig'],
  ['desiredEnableCiliumClusterwideNetworkPolicy', 'networkConfig.enableCiliumClusterwideNetworkPolicy'],
  ['desiredEnableFqdnNetworkPolicy', 'networkConfig.enableFqdnNetworkPolicy'],
  ['desiredEnableMultiNetworking', 'networkConfig.enableMultiNetworking'],
  ['desiredEnablePrivateEndpoint', 'privateClusterConfig.enablePrivateEndpoint'],
  ['desiredEnterpriseConfig', 'enterpriseConfig.desiredTier', 'desiredTier'],
  ['desiredGatewayApiConfig', 'networkConfig.gatewayApiConfig'],
  ['desiredGcfsConfig', 'nodePoolDefaults.nodeConfigDefaults.gcfsConfig'],
  ['desiredHostMaintenancePolicy', 'nodePoolDefaults.nodeConfigDefaults.hostMaintenancePolicy'],
  ['desiredInTransitEncryptionConfig', 'networkConfig.inTransitEncryptionConfig'],
  ['desiredIntraNodeVisibilityConfig', 'networkConfig.enableIntraNodeVisibility', 'enabled'],
  ['desiredK8sBetaApis', 'enableK8sBetaApis'],
  ['desiredL4ilbSubsettingConfig', 'networkConfig.enableL4ilbSubsetting', 'enabled'],
  ['desiredMasterVersion', 'currentMasterVersion'],
  ['desiredNetworkPerformanceConfig', 'networkConfig.networkPerformanceConfig'],
  ['desiredNetworkTierConfig', 'ipAllocationPolicy.networkTierConfig'],
  ['desiredNodeKubeletConfig', 'nodePoolDefaults.nodeConfigDefaults.nodeKubeletConfig'],
  ['desiredNodePoolAutoConfigKubeletConfig', 'nodePoolAutoConfig.nodeKubeletConfig'],
  ['desiredNodePoolAutoConfigLinuxNodeConfig', 'nodePoolAutoConfig.linuxNodeConfig'],
  ['desiredNodePoolAutoConfigNetworkTags', 'nodePoolAutoConfig.networkTags'],
  ['desiredNodePoolAutoConfigResourceManagerTags', 'nodePoolAutoConfig.resourceManagerTags'],
  ['desiredNodePoolLoggingConfig', 'nodePoolDefaults.nodeConfigDefaults.loggingConfig'],
  ['desiredPrivateIpv6GoogleAccess', 'networkConfig.privateIpv6GoogleAccess'],
  ['desiredPrivilegedAdmissionConfig', 'autopilot.privilegedAdmissionConfig'],
  ['desiredServiceExternalIpsConfig', 'networkConfig.serviceExternalIpsConfig'],
  ['desiredStackType', 'ipAllocationPolicy.stackType'],
  ['enableK8sBetaApis', 'enableK8sBetaApis'],
  ['gkeAutoUpgradeConfig', 'gkeAutoUpgradeConfig'],
  ['privateClusterConfig', 'privateClusterConfig'],
  ['userManagedKeysConfig', 'userManagedKeysConfig'],
]

/** Field of an update → its place in the cluster. */
export const PLACES = new Map<string, { path: string; part?: string }>([
  ...SAME.map((path): [string, { path: string }] => [`desired${path[0]!.toUpperCase()}${path.slice(1)}`, { path }]),
  ...ELSEWHERE.map(([field, path, part]): [string, { path: string; part?: string }] => [field, { path, part }]),
])

/** Fields of an update that are about a node pool. */
const POOL_FIELDS = ['desiredNodeVersion', 'desiredImageType', 'desiredNodePoolAutoscaling']

export const UPDATE_FIELDS = [...PLACES.keys(), ...POOL_FIELDS, 'desiredNodePoolId', 'etag']

/** Messages whose fields are messages, or can tell false from unset, down to this depth: what an update does not name stays. Any other
 * message replaces the one that is there. */
const MERGED: Record<string, number> = { addonsConfig: 1, controlPlaneEndpointsConfig: 2, monitoringConfig: 1 }

const merged = (current: unknown, value: unknown, depth: number): unknown => {
  if (depth === 0 || !isObject(value)) return value
  const result: JsonObject = isObject(current) ? { ...current } : {}
  for (const [key, child] of Object.entries(value)) result[key] = merged(result[key], child, depth - 1)
  return result
}

/** A copy with what `change` makes of the value at the path. */
function withChange(target: JsonObject, [key = '', ...rest]: string[], change: (current: unknown) => unknown): JsonObject {
  const current = target[key]
  return { ...target, [key]: rest.length === 0 ? change(current) : withChange(isObject(current) ? current : {}, rest, change) }
}

export function updateCluster({ update, ...request }: Schemas['UpdateClusterRequest'], ctx: Context): StoredOperation {
  const name = nameOf(request, ctx)
  if (!update) throw invalidArgument('Must provide an update.')
  const { desiredBinaryAuthorization: binaryAuthorization } = update
  if (binaryAuthorization) checkBinaryAuthorization(binaryAuthorization, 'update.desired_binary_authorization')
  const type = update.desiredMasterVersion ? 'UPGRADE_MASTER' : update.desiredNodeVersion ? 'UPGRADE_NODES' : 'UPDATE_CLUSTER'
  return changeCluster(name, type, ctx, (cluster) => updated(name, cluster, update))
}

function updated(name: string, cluster: Cluster, update: ClusterUpdate): Cluster {
  const { etag, desiredNodePoolId, ...changes } = update
  checkEtag(etag, cluster.etag, `The etag ${etag} is not that of the current cluster: get the cluster again.`)
  if (Object.keys(changes).length === 0) throw invalidArgument('Must specify a field to update.')
  let result: JsonObject = cluster
  for (const [field, sent] of Object.entries(changes)) {
    const { path, part } = PLACES.get(field) ?? {}
    if (!path) continue // of a node pool
    const value = part ? (sent as JsonObject)[part] : sent
    result = withChange(result, path.split('.'), (current) => merged(current, value, MERGED[path] ?? 0))
  }
  return consequences(withPools(name, result, update), update)
}

function withPools(name: string, cluster: Cluster, update: ClusterUpdate): Cluster {
  const { desiredNodePoolId: id, desiredNodeVersion, desiredImageType, desiredNodePoolAutoscaling: autoscaling } = update
  const { nodePools = [] } = cluster
  if (!POOL_FIELDS.some((field) => field in update)) return cluster
  if (id && !nodePools.some((pool) => pool.name === id)) throw poolNotFound(name, id)
  if (!id && nodePools.length > 1)
    throw invalidArgument("'desired_node_pool_id' must be specified, because the cluster has more than one node pool.")
  const version = desiredNodeVersion === '-' ? cluster.currentMasterVersion : resolveVersion(desiredNodeVersion)
  const change = (pool: NodePool): NodePool => ({
    ...pool,
    ...(desiredNodeVersion && { version }),
    ...(autoscaling && { autoscaling }),
    ...(desiredImageType && { config: { ...pool.config, imageType: desiredImageType } }),
  })
  return { ...cluster, nodePools: nodePools.map((pool) => (!id || pool.name === id ? change(pool) : pool)) }
}

/** What GKE says in another place too, or sets by what was asked for. */
function consequences(cluster: Cluster, update: ClusterUpdate): Cluster {
  const { controlPlaneEndpointsConfig: endpoints, databaseEncryption, enterpriseConfig } = cluster
  const { publicEndpoint, privateEndpoint } = endpoints?.ipEndpointsConfig ?? {}
  const authorizedNetworksConfig =
    update.desiredMasterAuthorizedNetworksConfig ?? endpoints?.ipEndpointsConfig?.authorizedNetworksConfig
  const isEncrypted = databaseEncryption?.state === 'ENCRYPTED'
  const result: Cluster = {
    ...cluster,
    currentMasterVersion: resolveVersion(cluster.currentMasterVersion),
    privateClusterConfig: { ...cluster.privateClusterConfig, publicEndpoint, privateEndpoint },
    masterAuthorizedNetworksConfig: authorizedNetworksConfig,
    controlPlaneEndpointsConfig: {
      ...endpoints,
      ipEndpointsConfig: { ...endpoints?.ipEndpointsConfig, authorizedNetworksConfig },
    },
    databaseEncryption: {
      ...databaseEncryption,
      currentState: isEncrypted ? 'CURRENT_STATE_ENCRYPTED' : 'CURRENT_STATE_DECRYPTED',
    },
    enterpriseConfig: { ...enterpriseConfig, clusterTier: enterpriseConfig?.desiredTier ?? enterpriseConfig?.clusterTier },
    ...(update.desiredLocations && {
      nodePools: cluster.nodePools?.map((pool) => ({ ...pool, locations: update.desiredLocations })),
    }),
  }
  return { ...result, endpoint: endpointOf(result) }
}

interface Setter {
  /** Fields of the request that hold the new value. */
  fields: string[]
  type?: OperationType
  change(cluster: Cluster, request: any): Cluster
}

const byUpdate = (field: keyof ClusterUpdate, from: string): Setter => ({
  fields: [from],
  ...(field === 'desiredMasterVersion' && { type: 'UPGRADE_MASTER' }),
  change: (cluster, request) => updated(cluster.name ?? '', cluster, { [field]: request[from] }),
})

/** Methods that set one thing. */
export const SETTERS: Record<string, Setter> = {
  SetLoggingService: byUpdate('desiredLoggingService', 'loggingService'),
  SetMonitoringService: byUpdate('desiredMonitoringService', 'monitoringService'),
  SetAddonsConfig: byUpdate('desiredAddonsConfig', 'addonsConfig'),
  SetLocations: byUpdate('desiredLocations', 'locations'),
  UpdateMaster: byUpdate('desiredMasterVersion', 'masterVersion'),
  SetLabels: {
    fields: ['resourceLabels', 'labelFingerprint'],
    change(cluster, { resourceLabels, labelFingerprint: sent }) {
      if (sent && sent !== cluster.labelFingerprint)
        throw invalidArgument('Labels could not be set due to fingerprint mismatch: get the cluster again.')
      return { ...cluster, resourceLabels, labelFingerprint: labelFingerprint(resourceLabels) }
    },
  },
  SetLegacyAbac: {
    fields: ['enabled'],
    change: (cluster, { enabled }) => ({ ...cluster, legacyAbac: enabled ? { enabled } : {} }),
  },
  SetNetworkPolicy: {
    fields: ['networkPolicy'],
    change: (cluster, { networkPolicy }) => ({ ...cluster, networkPolicy }),
  },
  SetMaintenancePolicy: {
    fields: ['maintenancePolicy'],
    change(cluster, { maintenancePolicy: { resourceVersion, ...policy } = {} as Schemas['MaintenancePolicy'] }) {
      const current = cluster.maintenancePolicy?.resourceVersion
      checkEtag(resourceVersion, current, `The resource version ${resourceVersion} is not the current one, ${current}.`)
      return { ...cluster, maintenancePolicy: newMaintenancePolicy(policy) }
    },
  },
}

export const setterOf =
  ({ type = 'UPDATE_CLUSTER', change }: Setter) =>
  (request: Naming, ctx: Context): StoredOperation =>
    changeCluster(nameOf(request, ctx), type, ctx, (cluster) => change(cluster, request))

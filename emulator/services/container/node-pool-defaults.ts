// What GKE fills in where a new node pool says nothing, as its answers of 2025 have it. There are no nodes, and so no instance groups:
// `instanceGroupUrls` stays empty, and Terraform, which looks each of them up in Compute Engine, has nothing to look up.
import type { Context } from '../../core/service.ts'
import { invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { spoken } from './names.ts'
import { resolveVersion } from './server-config.ts'

type Schemas = components['schemas']
export type NodePool = Schemas['NodePool']
type NodeConfig = Schemas['NodeConfig']

export const OAUTH_SCOPES = [
  'https://www.googleapis.com/auth/devstorage.read_only',
  'https://www.googleapis.com/auth/logging.write',
  'https://www.googleapis.com/auth/monitoring',
  'https://www.googleapis.com/auth/service.management.readonly',
  'https://www.googleapis.com/auth/servicecontrol',
  'https://www.googleapis.com/auth/trace.append',
]

export const NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/

/** GKE's words for a name that cannot be one. */
export const invalidName = (field: string, name: string) =>
  invalidArgument(
    `Invalid value for field "${field}": "${name}". Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)' (only lowercase alphanumerics and '-' allowed, must start with a letter and end with an alphanumeric, and must be no longer than 40 characters).`,
  )

export const poolNotFound = (cluster: string, id: string) => notFound(`Not found: ${spoken(cluster)}/nodePools/${id}.`)

/** What of its cluster a node pool takes over. */
export interface PoolCluster {
  locations: string[]
  version: string
  /** Range of the cluster's Pods, in CIDR notation. */
  podCidr: string
  podRange: string
  subnetwork: string
}

export const poolClusterOf = ({
  id = '',
  name = '',
  clusterIpv4Cidr = '',
  networkConfig,
  ...cluster
}: Schemas['Cluster']): PoolCluster => ({
  locations: cluster.locations ?? [],
  version: cluster.currentMasterVersion ?? '',
  podCidr: clusterIpv4Cidr,
  podRange: cluster.ipAllocationPolicy?.clusterSecondaryRangeName ?? `gke-${name}-pods-${id.slice(0, 8)}`,
  subnetwork: networkConfig?.subnetwork ?? '',
})

/** Fields that only GKE sets. */
const OUTPUT_ONLY = `selfLink instanceGroupUrls status statusMessage conditions podIpv4CidrSize updateInfo etag`.split(' ')

export const without = <T extends object>(document: T, fields: readonly string[]): T =>
  Object.fromEntries(Object.entries(document).filter(([field]) => !fields.includes(field))) as T

/** Addresses that each node takes for its Pods. */
const POD_BITS = 24

/** The part of the range that its nodes take, with four decimals. */
const utilization = (nodes: number, cidr: string) =>
  Math.round(nodes * 2 ** (Number(cidr.split('/')[1]) - POD_BITS) * 10_000) / 10_000

/** In each zone (https://cloud.google.com/kubernetes-engine/quotas). */
const MAX_NODES = 1000

/** INVALID_ARGUMENT for a number of nodes that no pool can have in a zone. */
export function checkNodeCount(field: string, count: number): number {
  if (count < 0) throw invalidArgument(`${field} must not be negative: ${count}.`)
  if (count > MAX_NODES) throw invalidArgument(`${field} must not exceed ${MAX_NODES}: ${count}.`)
  return count
}

export function newNodePool(sent: NodePool, cluster: PoolCluster, ctx: Context): NodePool {
  const { name = '', initialNodeCount = 0, upgradeSettings, ...rest } = without(sent, OUTPUT_ONLY)
  if (!NAME.test(name)) throw invalidName('node_pool.name', name)
  checkNodeCount('NodePool.initial_node_count', initialNodeCount)
  const locations = rest.locations ?? cluster.locations
  return {
    management: { autoRepair: true, autoUpgrade: true },
    maxPodsConstraint: { maxPodsPerNode: '110' },
    ...rest,
    name,
    initialNodeCount,
    locations,
    config: newNodeConfig(rest.config),
    version: rest.version && rest.version !== '-' ? resolveVersion(rest.version) : cluster.version,
    upgradeSettings: { ...(upgradeSettings ?? { maxSurge: 1 }), strategy: upgradeSettings?.strategy ?? 'SURGE' },
    networkConfig: {
      podRange: cluster.podRange,
      podIpv4CidrBlock: cluster.podCidr,
      podIpv4RangeUtilization: utilization(initialNodeCount * locations.length, cluster.podCidr),
      subnetwork: cluster.subnetwork,
      ...rest.networkConfig,
    },
    podIpv4CidrSize: POD_BITS,
    etag: ctx.ids.uuid(),
  }
}

function newNodeConfig(sent: NodeConfig = {}): NodeConfig {
  const diskType = sent.bootDisk?.diskType ?? sent.diskType ?? 'pd-balanced'
  const sizeGb = sent.bootDisk?.sizeGb ?? String(sent.diskSizeGb ?? 100)
  return {
    imageType: 'COS_CONTAINERD',
    machineType: 'e2-medium',
    oauthScopes: OAUTH_SCOPES,
    serviceAccount: 'default',
    shieldedInstanceConfig: { enableIntegrityMonitoring: true },
    windowsNodeConfig: {},
    ...sent,
    bootDisk: { ...sent.bootDisk, diskType, sizeGb },
    diskType,
    diskSizeGb: Number(sizeGb),
    effectiveCgroupMode: 'EFFECTIVE_CGROUP_MODE_V2',
    kubeletConfig: { insecureKubeletReadonlyPortEnabled: false, maxParallelImagePulls: 2, ...sent.kubeletConfig },
    metadata: { 'disable-legacy-endpoints': 'true', ...sent.metadata },
    resourceLabels: { 'goog-gke-node-pool-provisioning-model': sent.spot ? 'spot' : 'on-demand', ...sent.resourceLabels },
  }
}

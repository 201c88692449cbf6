// What GKE fills in where a new cluster says nothing, as its answers of 2025 have it. A message that the request does have stands as it is,
// because it cannot tell false from unset; only where the fields of a message are messages themselves is each looked at.
import { createHash } from 'node:crypto'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { newClusterCa } from './cluster-ca.ts'
import { defaultZones, regionOf } from './names.ts'
import { NAME, newNodePool, OAUTH_SCOPES, poolClusterOf, without } from './node-pool-defaults.ts'
import { resolveVersion } from './server-config.ts'

type Schemas = components['schemas']
export type Cluster = Schemas['Cluster']

/** Fields that only GKE sets. `status`, `selfLink` and what follows from the node pools are derived when the cluster is shown. */
const OUTPUT_ONLY =
  `selfLink zone location endpoint currentMasterVersion currentEmulatedVersion currentNodeVersion createTime status
  statusMessage conditions nodeIpv4CidrSize servicesIpv4Cidr instanceGroupUrls currentNodeCount expireTime tpuIpv4CidrBlock id etag
  labelFingerprint satisfiesPzs satisfiesPzi`.split(/\s+/)

const COMPONENTS = `SYSTEM_COMPONENTS DAEMONSET DEPLOYMENT STATEFULSET JOBSET STORAGE HPA POD CADVISOR KUBELET DCGM`.split(' ')

const STANDARD: Cluster = {
  anonymousAuthenticationConfig: { mode: 'ENABLED' },
  autopilot: {},
  clusterTelemetry: { type: 'ENABLED' },
  databaseEncryption: { state: 'DECRYPTED', currentState: 'CURRENT_STATE_DECRYPTED' },
  defaultMaxPodsConstraint: { maxPodsPerNode: '110' },
  enterpriseConfig: { clusterTier: 'STANDARD' },
  legacyAbac: {},
  loggingConfig: { componentConfig: { enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS'] } },
  loggingService: 'logging.googleapis.com/kubernetes',
  monitoringConfig: {
    componentConfig: { enableComponents: COMPONENTS as never },
    managedPrometheusConfig: { enabled: true },
    advancedDatapathObservabilityConfig: {},
  },
  monitoringService: 'monitoring.googleapis.com/kubernetes',
  nodePoolAutoConfig: { nodeKubeletConfig: { insecureKubeletReadonlyPortEnabled: false } },
  nodePoolDefaults: {
    nodeConfigDefaults: {
      loggingConfig: { variantConfig: { variant: 'DEFAULT' } },
      nodeKubeletConfig: { insecureKubeletReadonlyPortEnabled: false },
    },
  },
  notificationConfig: { pubsub: {} },
  podAutoscaling: { hpaProfile: 'PERFORMANCE' },
  protectConfig: {
    workloadConfig: { auditMode: 'BASIC' },
    workloadVulnerabilityMode: 'WORKLOAD_VULNERABILITY_MODE_UNSPECIFIED',
  },
  rbacBindingConfig: { enableInsecureBindingSystemUnauthenticated: true, enableInsecureBindingSystemAuthenticated: true },
  releaseChannel: { channel: 'REGULAR' },
  securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_MODE_UNSPECIFIED' },
  shieldedNodes: { enabled: true },
  userManagedKeysConfig: {},
}

/** What an Autopilot cluster has beyond, or instead (https://cloud.google.com/kubernetes-engine/docs/resources/autopilot-standard-feature-comparison). */
const AUTOPILOT: Cluster = {
  ...STANDARD,
  defaultMaxPodsConstraint: { maxPodsPerNode: '32' },
  verticalPodAutoscaling: { enabled: true },
}

const AUTOPILOT_NETWORK: Schemas['NetworkConfig'] = {
  datapathProvider: 'ADVANCED_DATAPATH',
  enableIntraNodeVisibility: true,
  dnsConfig: { clusterDns: 'CLOUD_DNS', clusterDnsScope: 'CLUSTER_SCOPE', clusterDnsDomain: 'cluster.local' },
  gatewayApiConfig: { channel: 'CHANNEL_STANDARD' },
}

/** The first digits of a hash, as GKE's fingerprints are. */
const fingerprint = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8)

export const labelFingerprint = (labels: Record<string, string> = {}) => fingerprint(Object.entries(labels).sort())

export function newMaintenancePolicy({
  window,
  disruptionBudget,
}: Schemas['MaintenancePolicy'] = {}): Schemas['MaintenancePolicy'] {
  const daily = window?.dailyMaintenanceWindow && {
    dailyMaintenanceWindow: { ...window.dailyMaintenanceWindow, duration: 'PT4H0M0S' },
  }
  const kept = window && Object.keys(window).length > 0 ? { window: { ...window, ...daily } } : {}
  return { ...kept, ...(disruptionBudget && { disruptionBudget }), resourceVersion: fingerprint([kept, disruptionBudget]) }
}

/** The last part of a name or URL. */
const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** `projects/…` of a network or subnetwork that is named by its id, its name or its URL. */
const networkPath = (given: string, otherwise: string) =>
  /(?:^|\/)(projects\/.+)$/.exec(given)?.[1] ?? otherwise.replace('*', lastOf(given))

/** A range that is named, or asked for by its size alone (`/16`). */
const cidrOf = (given: string | undefined, otherwise: string) =>
  !given ? otherwise : given.startsWith('/') ? otherwise.replace(/\/\d+$/, given) : given

export function newCluster(sent: Cluster, project: string, location: string, ctx: Context): Cluster {
  const { name = '', initialNodeCount = 0, nodeConfig, nodePools = [] } = sent
  const isAutopilot = sent.autopilot?.enabled === true
  if (nodePools.length > 0 && (initialNodeCount > 0 || nodeConfig))
    throw invalidArgument('Cluster.node_pools must not be set together with Cluster.initial_node_count or Cluster.node_config.')
  if (nodePools.length === 0 && initialNodeCount <= 0 && !isAutopilot)
    throw invalidArgument('Cluster.initial_node_count must be greater than zero.')
  if (sent.masterAuth?.username || sent.masterAuth?.password)
    throw invalidArgument(
      'Basic authentication was removed for GKE cluster versions >= 1.19. The cluster cannot be created with basic authentication enabled.',
    )
  const version = resolveVersion(sent.initialClusterVersion, sent.releaseChannel?.channel)
  const id = ctx.ids.bytes(32).toString('hex')
  const locations = sent.locations ?? defaultZones(location)
  const network = networkOf(sent, project, location, id)
  const addresses = addressesOf(sent, id, location, project, ctx)
  const pool = poolClusterOf({ ...network, name, id, locations, currentMasterVersion: version })
  const defaultPool = { name: 'default-pool', initialNodeCount: initialNodeCount || 1, config: nodeConfig }
  const pools = (nodePools.length > 0 ? nodePools : [defaultPool]).map((one) => newNodePool(one, pool, ctx))
  checkNames(pools)
  return {
    ...(isAutopilot ? AUTOPILOT : STANDARD),
    ...(isAutopilot && { workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` } }),
    ...without(sent, [...OUTPUT_ONLY, 'nodeConfig', 'networkPolicy']),
    ...network,
    ...addresses,
    addonsConfig: {
      gcePersistentDiskCsiDriverConfig: { enabled: true },
      kubernetesDashboard: { disabled: true },
      networkPolicyConfig: { disabled: true },
      ...sent.addonsConfig,
    },
    autoscaling: autoscalingOf(sent, isAutopilot),
    ...(sent.networkPolicy && Object.keys(sent.networkPolicy).length > 0 && { networkPolicy: sent.networkPolicy }),
    maintenancePolicy: newMaintenancePolicy(sent.maintenancePolicy),
    masterAuth: {
      clientCertificateConfig: sent.masterAuth?.clientCertificateConfig ?? {},
      clusterCaCertificate: newClusterCa(ctx),
    },
    nodePools: pools,
    locations,
    location,
    zone: location,
    id,
    initialClusterVersion: version,
    currentMasterVersion: version,
    labelFingerprint: labelFingerprint(sent.resourceLabels),
    // GKE writes this one time without a fraction, and with an offset
    createTime: ctx.timestamp().replace(/\.\d+Z$/, '+00:00'),
    etag: ctx.ids.uuid(),
  }
}

export function checkNames(pools: { name?: string }[]) {
  const names = pools.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) throw invalidArgument(`Node pool names must be unique: "${twice}".`)
}

function autoscalingOf({ autoscaling = {} }: Cluster, isAutopilot: boolean): Schemas['ClusterAutoscaling'] {
  return {
    autoscalingProfile: isAutopilot ? 'OPTIMIZE_UTILIZATION' : 'BALANCED',
    ...(isAutopilot && { enableNodeAutoprovisioning: true }),
    autoprovisioningNodePoolDefaults: {
      imageType: 'COS_CONTAINERD',
      management: { autoRepair: true, autoUpgrade: true },
      oauthScopes: OAUTH_SCOPES,
      serviceAccount: 'default',
    },
    ...autoscaling,
  }
}

function networkOf(sent: Cluster, project: string, location: string, id: string): Cluster {
  const { name, network = 'default', subnetwork = 'default', ipAllocationPolicy: policy = {} } = sent
  const clusterIpv4Cidr = cidrOf(policy.clusterIpv4CidrBlock ?? policy.clusterIpv4Cidr ?? sent.clusterIpv4Cidr, '10.112.0.0/14')
  const servicesIpv4Cidr = cidrOf(policy.servicesIpv4CidrBlock ?? policy.servicesIpv4Cidr, '34.118.224.0/20')
  const isNative = !policy.useRoutes
  return {
    network: lastOf(network),
    subnetwork: lastOf(subnetwork),
    networkConfig: {
      ...(sent.autopilot?.enabled && AUTOPILOT_NETWORK),
      serviceExternalIpsConfig: {},
      ...sent.networkConfig,
      network: networkPath(network, `projects/${project}/global/networks/*`),
      subnetwork: networkPath(subnetwork, `projects/${project}/regions/${regionOf(location)}/subnetworks/*`),
    },
    clusterIpv4Cidr,
    servicesIpv4Cidr,
    ipAllocationPolicy: {
      podCidrOverprovisionConfig: {},
      stackType: 'IPV4',
      ...policy,
      ...(isNative && {
        useIpAliases: true,
        clusterSecondaryRangeName: policy.clusterSecondaryRangeName ?? `gke-${name}-pods-${id.slice(0, 8)}`,
        clusterIpv4Cidr,
        clusterIpv4CidrBlock: clusterIpv4Cidr,
        servicesIpv4Cidr,
        servicesIpv4CidrBlock: servicesIpv4Cidr,
      }),
    },
  }
}

/** There is no API server behind an endpoint. So that neither requests nor credentials go to somebody else's machine, the public one is a
 * loopback address, of each cluster its own: kubectl is refused at once. */
function addressesOf(sent: Cluster, id: string, location: string, project: string, ctx: Context): Cluster {
  const [a, b, c] = Buffer.from(id.slice(0, 6), 'hex') as unknown as [number, number, number]
  const publicEndpoint = `127.${(a % 254) + 1}.${b}.${(c % 254) + 1}`
  const privateEndpoint = `10.128.${b}.${(c % 254) + 1}`
  const { privateClusterConfig, controlPlaneEndpointsConfig: { dnsEndpointConfig, ipEndpointsConfig } = {} } = sent
  const authorized = ipEndpointsConfig?.authorizedNetworksConfig ??
    sent.masterAuthorizedNetworksConfig ?? { gcpPublicCidrsAccessEnabled: true }
  // an empty message, which is one that says nothing but false, means the default in either place
  const authorizedNetworks = Object.keys(authorized).length > 0 ? authorized : { gcpPublicCidrsAccessEnabled: true }
  const isPrivate = isPrivateEndpoint(sent)
  return {
    endpoint: isPrivate ? privateEndpoint : publicEndpoint,
    masterAuthorizedNetworksConfig: authorizedNetworks,
    privateClusterConfig: { ...privateClusterConfig, privateEndpoint, publicEndpoint },
    controlPlaneEndpointsConfig: {
      dnsEndpointConfig: {
        allowExternalTraffic: false,
        enableK8sTokensViaDns: false,
        ...dnsEndpointConfig,
        endpoint: `gke-${id.slice(0, 36)}-${projectNumber(ctx.db, project)}.${location}.gke.goog`,
      },
      ipEndpointsConfig: {
        enabled: true,
        enablePublicEndpoint: !isPrivate,
        ...ipEndpointsConfig,
        authorizedNetworksConfig: authorizedNetworks,
        privateEndpoint,
        publicEndpoint,
      },
    },
  }
}

const isPrivateEndpoint = ({ privateClusterConfig, controlPlaneEndpointsConfig }: Cluster) =>
  privateClusterConfig?.enablePrivateEndpoint || controlPlaneEndpointsConfig?.ipEndpointsConfig?.enablePublicEndpoint === false

/** Which of its two addresses clients are told. */
export const endpointOf = (cluster: Cluster) =>
  cluster.privateClusterConfig?.[isPrivateEndpoint(cluster) ? 'privateEndpoint' : 'publicEndpoint']

export const isClusterName = (name: string) => NAME.test(name)

// google_container_cluster as Terraform's google provider sends it, through a client of google-api-go
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/container_cluster).
import { type Provider, poll, unlessNotFound } from './provider.ts'
import { changed, type Fields, idOf, parentOf, type Resource } from './resource.ts'

const read = (provider: Provider, id: string) => unlessNotFound(provider.client('container', 'GET', id))

/** What is sent for each block that a configuration leaves out. */
const DEFAULTS = {
  controlPlaneEndpointsConfig: {
    dnsEndpointConfig: { allowExternalTraffic: false },
    ipEndpointsConfig: {
      enabled: true,
      enablePublicEndpoint: true,
      privateEndpointSubnetwork: '',
      globalAccess: false,
      authorizedNetworksConfig: {},
    },
  },
  legacyAbac: { enabled: false },
  networkPolicy: {},
  autoscaling: { enableNodeAutoprovisioning: false },
  binaryAuthorization: { enabled: false },
  autopilot: { enabled: false },
  networkConfig: {},
  notificationConfig: { pubsub: {} },
  shieldedNodes: { enabled: true },
  nodeConfig: {
    oauthScopes: [
      'devstorage.read_only',
      'logging.write',
      'monitoring',
      'service.management.readonly',
      'servicecontrol',
      'trace.append',
    ].map((scope) => `https://www.googleapis.com/auth/${scope}`),
  },
}

/** A cluster is changed field by field. */
const UPDATES: Record<string, (cluster: Fields) => Fields> = {
  binaryAuthorization: ({ binaryAuthorization = DEFAULTS.binaryAuthorization }) => ({
    desiredBinaryAuthorization: binaryAuthorization,
  }),
  shieldedNodes: ({ shieldedNodes }) => ({ desiredShieldedNodes: shieldedNodes }),
  releaseChannel: ({ releaseChannel }) => ({ desiredReleaseChannel: releaseChannel }),
}

/** `removeDefaultNodePool` and `network`, by its id, are as a configuration has them; the rest is as the API has it. */
export const cluster: Resource = {
  type: 'google_container_cluster',
  fields: [
    'name',
    'location',
    'description',
    'initialNodeCount',
    'network',
    'legacyAbac.enabled',
    'shieldedNodes.enabled',
    'binaryAuthorization',
    'autopilot.enabled',
    'enableKubernetesAlpha',
    'enableTpu',
    // whatever has neither a default nor a way for the server to fill it
    'maintenancePolicy.window.dailyMaintenanceWindow',
    'maintenancePolicy.window.recurringWindow',
    ...['resourceUsageExportConfig', 'fleet', 'enableK8sBetaApis', 'secretManagerConfig', 'userManagedKeysConfig'],
    'networkPolicy.enabled',
    'networkConfig.dnsConfig',
    'networkConfig.enableL4ilbSubsetting',
    'networkConfig.disableL4LbFirewallReconciliation',
    'networkConfig.enableMultiNetworking',
    'networkConfig.enableFqdnNetworkPolicy',
    'networkConfig.enableCiliumClusterwideNetworkPolicy',
    'networkConfig.inTransitEncryptionConfig',
    // clusters are VPC-native where nothing is said, and another mode would be a reason to replace them
    'ipAllocationPolicy.useIpAliases',
  ],
  filled: ['releaseChannel'],
  shared: ['resourceLabels'],
  needed: [
    'name',
    'status',
    'endpoint',
    'selfLink',
    'location',
    'currentMasterVersion',
    'labelFingerprint',
    'masterAuth.clusterCaCertificate',
    // read without a look whether they are there: the provider would crash
    'networkConfig',
    'legacyAbac',
  ],
  // that of autopilot is its own
  same: ({ autopilot, networkConfig = {}, ...rest }) => ({
    ...rest,
    autopilot,
    networkConfig: { ...networkConfig, ...(autopilot?.enabled && { dnsConfig: undefined }) },
  }),
  async create(provider, name, { removeDefaultNodePool, location, network, ipAllocationPolicy, ...configuration }) {
    // for the fingerprint of a maintenance policy
    await read(provider, name)
    const { project } = NAME.exec(name)!.groups!
    const defaults = configuration.autopilot?.enabled ? { ...DEFAULTS, autoscaling: undefined } : DEFAULTS
    const cluster = { ...defaults, network: `projects/${project}/global/networks/${network}`, ...configuration }
    const operation = await provider.client('container', 'POST', `${parentOf(name)}/clusters`, {}, { cluster })
    await wait(provider, name, operation)
    if (removeDefaultNodePool)
      await wait(provider, name, await provider.client('container', 'DELETE', `${name}/nodePools/default-pool`))
    crashes((await read(provider, name))!)
    const { status } = await rest(provider, name)
    if (status === 'ERROR') throw new Error(`Cluster ${idOf(name)} was created in the error state`)
    return name
  },
  async read(provider, id) {
    const state = await read(provider, id)
    return state && { ...crashes(state), network: idOf(state.networkConfig.network ?? '') }
  },
  async update(provider, id, planned, state) {
    await rest(provider, id)
    for (const field of changed(Object.keys(UPDATES), planned, state)) {
      const update = UPDATES[field]!(planned)
      await wait(provider, id, await provider.client('container', 'PUT', id, {}, { update }))
    }
  },
  async destroy(provider, { id }) {
    if (!(await unlessNotFound(rest(provider, id)))) return
    await wait(provider, id, await provider.client('container', 'DELETE', id))
  },
}

const NAME = /^projects\/(?<project>[^/]+)\/locations\/(?<location>[^/]+)\/clusters\//

/** Operations of GKE have a status, and are looked up by their bare names. */
async function wait(provider: Provider, cluster: string, first: Fields) {
  const { name } = first
  const done = await poll(
    first,
    ({ status }) => status === 'DONE',
    () => provider.client('container', 'GET', `${parentOf(cluster)}/operations/${name}`),
  )
  if (done.statusMessage) throw new Error(done.statusMessage)
}

/** Waits until the cluster is neither provisioning nor reconciling. */
const rest = async (provider: Provider, id: string): Promise<Fields> => {
  const next = () => provider.client('container', 'GET', id)
  return poll(await next(), ({ status }) => ['RUNNING', 'DEGRADED', 'ERROR'].includes(status), next)
}

/** Throws where the provider would follow a null pointer, or ask Compute Engine for what is behind a node pool. */
function crashes(state: Fields): Fields {
  const { networkConfig, legacyAbac, notificationConfig, controlPlaneEndpointsConfig, autoscaling, nodePools = [] } = state
  const holes = [
    !networkConfig && 'networkConfig',
    !legacyAbac && 'legacyAbac',
    notificationConfig && !notificationConfig.pubsub && 'notificationConfig.pubsub',
    controlPlaneEndpointsConfig &&
      !controlPlaneEndpointsConfig.ipEndpointsConfig &&
      'controlPlaneEndpointsConfig.ipEndpointsConfig',
    autoscaling?.enableNodeAutoprovisioning &&
      !autoscaling.autoprovisioningNodePoolDefaults &&
      'autoscaling.autoprovisioningNodePoolDefaults',
  ].filter(Boolean)
  if (holes.length > 0) throw new Error(`The provider would crash: there is no ${holes.join(', ')} in ${JSON.stringify(state)}`)
  if (nodePools.some((pool: any) => pool.instanceGroupUrls?.length > 0))
    throw new Error(`The provider would ask Compute Engine: ${JSON.stringify(nodePools)}`)
  return state
}

/** What a cluster is where a configuration says no more: its defaults, and what the server makes of what is not sent. */
export const clusterOf = (name: string, location: string) => ({
  name,
  location,
  initialNodeCount: 1,
  removeDefaultNodePool: true,
  network: 'default',
  legacyAbac: { enabled: false },
  shieldedNodes: { enabled: true },
  ipAllocationPolicy: { useIpAliases: true },
})

import type { DescMessage } from '@bufbuild/protobuf'
import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { methodOf } from '../../transports/descriptors.ts'
import { PLACES, UPDATE_FIELDS } from './cluster-update.ts'

const parent = 'projects/my-app-prod/locations/europe-west2'

describeTransports('changes of clusters', (emulator) => {
  let count = 0
  let name = ''

  const call = (method: string, request: object, version = 'v1beta1') =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)
  const get = () => call('GetCluster', { name })
  const update = (change: object, version?: string) => call('UpdateCluster', { name, update: change }, version)

  beforeEach(async () => {
    const id = `c${++count}`
    name = `${parent}/clusters/${id}`
    await call('CreateCluster', { parent, cluster: { name: id, initialNodeCount: 1 } })
  })

  test('each update is an operation, and gives the cluster another etag', async () => {
    const before = await get()
    expect(await update({ desiredLoggingService: 'none' })).toMatchObject({
      operationType: 'UPDATE_CLUSTER',
      status: 'RUNNING',
      targetLink: expect.stringMatching(/clusters\/c\d+$/),
    })
    const after = await get()
    expect(after.etag).not.toBe(before.etag)
    expect({ ...after, etag: before.etag, loggingService: before.loggingService }).toEqual(before)
  })

  test.each(['DISABLED', 'PROJECT_SINGLETON_POLICY_ENFORCE'])('%s is a mode of every version', async (evaluationMode) => {
    for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
      await update({ desiredBinaryAuthorization: { enabled: version === 'v1beta1' } }, version)
      await update({ desiredBinaryAuthorization: { evaluationMode } }, version)
      expect((await get()).binaryAuthorization, version).toEqual({ evaluationMode })
    }
  })

  test.each(['POLICY_BINDINGS', 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE'])(
    '%s is stored with its bindings, by the versions that have it',
    async (evaluationMode) => {
      const policyBindings = [{ name: 'projects/my-app-prod/platforms/gke/policies/p-1' }]
      for (const version of ['v1beta1', 'v1alpha1']) {
        await update({ desiredBinaryAuthorization: { evaluationMode, policyBindings } }, version)
        expect((await get()).binaryAuthorization).toEqual({ evaluationMode, policyBindings })
      }
    },
  )

  test('an update replaces all of Binary Authorization: a mode that is not sent again is gone', async () => {
    await update({ desiredBinaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' } })
    await update({ desiredBinaryAuthorization: { enabled: false } })
    expect((await get()).binaryAuthorization).toEqual({})
  })

  test('an unknown mode is refused, and changes nothing', async () => {
    const before = await get()
    await expect(update({ desiredBinaryAuthorization: { evaluationMode: 3 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Invalid value for field "update.desired_binary_authorization.evaluation_mode": 3.',
    })
    expect(await get()).toEqual(before)
  })

  test('an update must be there, and must change something', async () => {
    await expect(call('UpdateCluster', { name })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Must provide an update.',
    })
    await expect(update({})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'Must specify a field to update.' })
  })

  test('the etag of an update must be the current one', async () => {
    const { etag } = await get()
    await update({ desiredLoggingService: 'none', etag })
    await expect(update({ desiredLoggingService: 'none', etag })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test('a message replaces the one before, because it cannot tell false from unset', async () => {
    await update({ desiredShieldedNodes: { enabled: false } })
    await update({ desiredMasterAuthorizedNetworksConfig: { enabled: true, cidrBlocks: [{ cidrBlock: '10.0.0.0/8' }] } })
    const { shieldedNodes, masterAuthorizedNetworksConfig, controlPlaneEndpointsConfig } = await get()
    expect(shieldedNodes).toEqual({})
    expect(masterAuthorizedNetworksConfig).toEqual({ enabled: true, cidrBlocks: [{ cidrBlock: '10.0.0.0/8' }] })
    expect(controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig).toEqual(masterAuthorizedNetworksConfig)
  })

  test('of add-ons, monitoring and endpoints what is not named stays', async () => {
    const before = await get()
    await update({ desiredAddonsConfig: { httpLoadBalancing: { disabled: true } } })
    await update({ desiredMonitoringConfig: { managedPrometheusConfig: {} } })
    await update({ desiredControlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true } } })
    const { addonsConfig, monitoringConfig, controlPlaneEndpointsConfig: endpoints } = await get()
    expect(addonsConfig).toEqual({ ...before.addonsConfig, httpLoadBalancing: { disabled: true } })
    expect(monitoringConfig).toEqual({ ...before.monitoringConfig, managedPrometheusConfig: {} })
    const { dnsEndpointConfig, ipEndpointsConfig } = before.controlPlaneEndpointsConfig
    expect(endpoints).toEqual({ ipEndpointsConfig, dnsEndpointConfig: { ...dnsEndpointConfig, allowExternalTraffic: true } })
  })

  test('a private endpoint is the one that clients are told, and the addresses stay', async () => {
    const { endpoint } = await get()
    await update({ desiredEnablePrivateEndpoint: true })
    const { privateClusterConfig, ...cluster } = await get()
    expect(privateClusterConfig).toMatchObject({ enablePrivateEndpoint: true, publicEndpoint: endpoint })
    expect(cluster.endpoint).toBe(privateClusterConfig.privateEndpoint)
  })

  test('versions are resolved, and a node pool follows where it is asked to', async () => {
    expect(await update({ desiredMasterVersion: '1.31' })).toMatchObject({ operationType: 'UPGRADE_MASTER' })
    expect(await get()).toMatchObject({
      currentMasterVersion: '1.31.1-gke.1846000',
      currentNodeVersion: '1.30.5-gke.1014001',
    })
    expect(await update({ desiredNodeVersion: '-', desiredNodePoolId: 'default-pool' })).toMatchObject({
      operationType: 'UPGRADE_NODES',
    })
    expect((await get()).nodePools[0].version).toBe('1.31.1-gke.1846000')
    await update({ desiredNodePoolAutoscaling: { enabled: true, maxNodeCount: 5 } })
    await update({ desiredImageType: 'UBUNTU_CONTAINERD' })
    const [pool] = (await get()).nodePools
    expect(pool).toMatchObject({ autoscaling: { enabled: true, maxNodeCount: 5 }, config: { imageType: 'UBUNTU_CONTAINERD' } })
    await expect(update({ desiredNodeVersion: '-', desiredNodePoolId: 'nowhere' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Not found: ${name}/nodePools/nowhere.`,
    })
  })

  test('which node pool is meant must be said where there are several', async () => {
    await call('CreateNodePool', { parent: name, nodePool: { name: 'other', initialNodeCount: 1 } })
    await expect(update({ desiredNodeVersion: '1.31' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('desired_node_pool_id'),
    })
  })

  test('new zones are those of the node pools too', async () => {
    await update({ desiredLocations: ['europe-west2-a'] })
    expect(await get()).toMatchObject({
      locations: ['europe-west2-a'],
      nodePools: [{ locations: ['europe-west2-a'] }],
      currentNodeCount: 1,
    })
  })

  test('what an update has and no cluster can show is refused by name', async () => {
    await expect(update({ additionalPodRangesConfig: { podRangeNames: ['r'] } })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('update.additionalPodRangesConfig'),
    })
  })

  test.each([
    ['SetLoggingService', { loggingService: 'none' }, { loggingService: 'none' }],
    ['SetMonitoringService', { monitoringService: 'none' }, { monitoringService: 'none' }],
    [
      'SetAddonsConfig',
      { addonsConfig: { dnsCacheConfig: { enabled: true } } },
      { addonsConfig: { dnsCacheConfig: { enabled: true } } },
    ],
    ['SetLocations', { locations: ['europe-west2-b'] }, { locations: ['europe-west2-b'] }],
    ['UpdateMaster', { masterVersion: '1.31' }, { currentMasterVersion: '1.31.1-gke.1846000' }],
    ['SetLegacyAbac', { enabled: true }, { legacyAbac: { enabled: true } }],
    [
      'SetNetworkPolicy',
      { networkPolicy: { provider: 'CALICO', enabled: true } },
      { networkPolicy: { provider: 'CALICO', enabled: true } },
    ],
    [
      'SetMaintenancePolicy',
      {
        maintenancePolicy: { window: { dailyMaintenanceWindow: { startTime: '10:00' } } },
      },
      { maintenancePolicy: { window: { dailyMaintenanceWindow: { startTime: '10:00', duration: 'PT4H0M0S' } } } },
    ],
  ])('%s sets what it is called after', async (method, request, expected) => {
    await call(method, { name, ...request })
    expect(await get()).toMatchObject(expected)
  })

  test('labels are set with the fingerprint of those that are there', async () => {
    const { labelFingerprint } = await get()
    await call('SetLabels', { name, resourceLabels: { a: 'b' }, labelFingerprint })
    const after = await get()
    expect(after.resourceLabels).toEqual({ a: 'b' })
    expect(after.labelFingerprint).not.toBe(labelFingerprint)
    await expect(call('SetLabels', { name, resourceLabels: {}, labelFingerprint })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('fingerprint'),
    })
  })

  test('a maintenance policy of an older resource version is refused', async () => {
    const { maintenancePolicy } = await get()
    const set = (policy: object) => call('SetMaintenancePolicy', { name, maintenancePolicy: policy })
    const window = { dailyMaintenanceWindow: { startTime: '10:00' } }
    await set({ ...maintenancePolicy, window })
    await expect(set({ ...maintenancePolicy, window })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test('a cluster that is not there cannot be changed', async () => {
    const nowhere = `${parent}/clusters/nowhere`
    for (const [method, request] of [
      ['UpdateCluster', { update: { desiredLoggingService: 'none' } }],
      ['SetLegacyAbac', { enabled: true }],
      ['DeleteCluster', {}],
    ] as const)
      await expect(call(method, { name: nowhere, ...request })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `Not found: ${nowhere}.`,
      })
  })
})

const messageAt = (message: DescMessage, path: string[]): boolean => {
  const field = message.fields.find(({ jsonName }) => jsonName === path[0])
  return field !== undefined && (path.length === 1 || (field.message !== undefined && messageAt(field.message, path.slice(1))))
}

test('every place of an update is a field of a cluster, and only these fields of an update have none', () => {
  const cluster = methodOf('container.v1beta1', 'google.container.v1beta1.ClusterManager/GetCluster').output
  const wrong = [...PLACES].filter(([, { path }]) => !messageAt(cluster, path.split('.')))
  expect(wrong).toEqual([])
  const { input } = methodOf('container.v1beta1', 'google.container.v1beta1.ClusterManager/UpdateCluster')
  const update = input.fields.find(({ jsonName }) => jsonName === 'update')!.message!
  expect(update.fields.map(({ jsonName }) => jsonName).filter((field) => !UPDATE_FIELDS.includes(field))).toEqual([
    'desiredImage',
    'desiredImageProject',
    'additionalPodRangesConfig',
    'removedAdditionalPodRangesConfig',
  ])
})

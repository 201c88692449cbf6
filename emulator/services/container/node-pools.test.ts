import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const location = 'projects/my-app-prod/locations/us-east1'

describeTransports('node pools', (emulator) => {
  let count = 0
  let cluster = ''

  const call = (method: string, request: object, version = 'v1') =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)
  const list = async () => (await call('ListNodePools', { parent: cluster })).nodePools ?? []
  const named = (id: string) => ({ name: `${cluster}/nodePools/${id}` })

  beforeEach(async () => {
    const name = `c${++count}`
    cluster = `${location}/clusters/${name}`
    const nodePools = [{ name: 'first', initialNodeCount: 2 }]
    await call('CreateCluster', { parent: location, cluster: { name, nodePools } })
  })

  test('a node pool is made, read and listed with what GKE fills in, and is part of its cluster', async () => {
    const nodePool = { name: 'second', initialNodeCount: 1, config: { spot: true }, status: 'ERROR', selfLink: 'x' }
    expect(await call('CreateNodePool', { parent: cluster, nodePool })).toMatchObject({
      operationType: 'CREATE_NODE_POOL',
      status: 'RUNNING',
      targetLink: expect.stringMatching(/nodePools\/second$/),
    })
    const created = await call('GetNodePool', named('second'))
    expect(created).toMatchObject({
      name: 'second',
      initialNodeCount: 1,
      status: 'RUNNING',
      locations: ['us-east1-b', 'us-east1-c', 'us-east1-d'],
      management: { autoRepair: true, autoUpgrade: true },
      upgradeSettings: { maxSurge: 1, strategy: 'SURGE' },
      version: '1.30.5-gke.1014001',
      selfLink: `https://container.googleapis.com/v1/${cluster}/nodePools/second`,
      config: { spot: true, machineType: 'e2-medium', resourceLabels: { 'goog-gke-node-pool-provisioning-model': 'spot' } },
    })
    expect(created.instanceGroupUrls).toBeUndefined()
    expect((await list()).map(({ name }: { name: string }) => name)).toEqual(['first', 'second'])
    const { nodePools, currentNodeCount } = await call('GetCluster', { name: cluster })
    expect(nodePools).toEqual(await list())
    expect(currentNodeCount).toBe(9)
  })

  test('the part of the range that the nodes take is counted', async () => {
    const [{ networkConfig, podIpv4CidrSize }] = await list()
    expect([networkConfig.podIpv4CidrBlock, podIpv4CidrSize, networkConfig.podIpv4RangeUtilization]).toEqual([
      '10.112.0.0/14',
      24,
      0.0059,
    ])
  })

  test('the last node pool can be deleted too: that is what Terraform does with the default one', async () => {
    expect(await call('DeleteNodePool', named('first'))).toMatchObject({ operationType: 'DELETE_NODE_POOL' })
    expect(await list()).toEqual([])
    const shown = await call('GetCluster', { name: cluster })
    expect([shown.status, shown.nodePools, shown.currentNodeCount]).toEqual(['RUNNING', undefined, undefined])
  })

  test('the deprecated fields name the same node pools', async () => {
    const where = { projectId: 'my-app-prod', zone: 'us-east1', clusterId: cluster.split('/').at(-1) }
    await call('CreateNodePool', { ...where, nodePool: { name: 'older', initialNodeCount: 1 } })
    expect(await call('GetNodePool', { ...where, nodePoolId: 'older' })).toEqual(await call('GetNodePool', named('older')))
    expect((await call('ListNodePools', where)).nodePools).toEqual(await list())
    await call('DeleteNodePool', { ...where, nodePoolId: 'older' })
    expect(await list()).toHaveLength(1)
  })

  test('size, management and autoscaling are set one by one', async () => {
    const { etag } = await call('GetNodePool', named('first'))
    expect(await call('SetNodePoolSize', { ...named('first'), nodeCount: 5 })).toMatchObject({
      operationType: 'SET_NODE_POOL_SIZE',
    })
    await call('SetNodePoolManagement', { ...named('first'), management: { autoRepair: true } })
    await call('SetNodePoolAutoscaling', { ...named('first'), autoscaling: { enabled: true, maxNodeCount: 9 } })
    const pool = await call('GetNodePool', named('first'))
    expect(pool).toMatchObject({ initialNodeCount: 5, autoscaling: { enabled: true, maxNodeCount: 9 } })
    expect(pool.management).toEqual({ autoRepair: true })
    expect(pool.etag).not.toBe(etag)
    await call('SetNodePoolSize', { ...named('first'), nodeCount: 0 })
    expect((await call('GetCluster', { name: cluster })).currentNodeCount).toBeUndefined()
  })

  test('what is not there, there already or misnamed is refused in GKE’s words', async () => {
    const missing = { code: 'NOT_FOUND', message: `Not found: ${cluster}/nodePools/nowhere.` }
    await expect(call('GetNodePool', named('nowhere'))).rejects.toMatchObject(missing)
    await expect(call('DeleteNodePool', named('nowhere'))).rejects.toMatchObject(missing)
    for (const nodeCount of [-1, 1001, 2 ** 31 - 1])
      await expect(call('SetNodePoolSize', { ...named('first'), nodeCount })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('SetNodePoolSize', { ...named('nowhere'), nodeCount: 1 })).rejects.toMatchObject(missing)
    const create = (nodePool?: object, parent = cluster) => call('CreateNodePool', { parent, nodePool })
    await expect(create({ name: 'first' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: `Already exists: ${cluster}/nodePools/first.`,
    })
    await expect(create({ name: 'Bad_Name' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^Invalid value for field "node_pool\.name": "Bad_Name"\. Must be a match of regex/),
    })
    await expect(create({ name: 'p', initialNodeCount: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'Must provide a node pool.' })
    await expect(create({ name: 'p' }, `${location}/clusters/nowhere`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const twice = { name: 'twice', nodePools: [{ name: 'p' }, { name: 'p' }] }
    await expect(call('CreateCluster', { parent: location, cluster: twice })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Node pool names must be unique: "p".',
    })
  })

  test('the node pools of an Autopilot cluster are GKE’s own', async () => {
    await call('CreateCluster', { parent: location, cluster: { name: `auto-${count}`, autopilot: { enabled: true } } })
    const parent = `${location}/clusters/auto-${count}`
    const refusal = { code: 'INVALID_ARGUMENT', message: 'Autopilot clusters do not support mutating node pools.' }
    await expect(call('CreateNodePool', { parent, nodePool: { name: 'p' } })).rejects.toMatchObject(refusal)
    await expect(call('DeleteNodePool', { name: `${parent}/nodePools/default-pool` })).rejects.toMatchObject(refusal)
  })
})

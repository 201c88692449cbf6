import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { inProcess } from '../../testing/in-process.ts'

const LONDON = 'projects/my-app-prod/locations/europe-west2'
const ZONE = 'projects/my-app-prod/locations/us-central1-a'
const NAME_RULE =
  "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)' (only lowercase alphanumerics and '-' allowed, must start with a letter and end with an alphanumeric, and must be no longer than 40 characters)."

describeTransports('clusters', (emulator) => {
  const call = (method: string, request: object, version = 'v1') =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)

  const create = (name: string, cluster: object = {}, parent = LONDON, version?: string) =>
    call('CreateCluster', { parent, cluster: { name, initialNodeCount: 1, ...cluster } }, version)

  const get = (name: string, parent = LONDON, version?: string) =>
    call('GetCluster', { name: `${parent}/clusters/${name}` }, version)

  test('a cluster is running at the request after the one that creates it, with what GKE fills in', async () => {
    const operation = await create('regional', { resourceLabels: { team: 'a' } })
    expect(operation).toMatchObject({ operationType: 'CREATE_CLUSTER', status: 'RUNNING', zone: 'europe-west2' })
    const cluster = await get('regional')
    expect(cluster).toMatchObject({
      name: 'regional',
      status: 'RUNNING',
      location: 'europe-west2',
      locations: ['europe-west2-a', 'europe-west2-b', 'europe-west2-c'],
      selfLink: `https://container.googleapis.com/v1/${LONDON}/clusters/regional`,
      createTime: '2026-01-02T03:04:05+00:00',
      resourceLabels: { team: 'a' },
      currentMasterVersion: '1.30.5-gke.1014001',
      currentNodeVersion: '1.30.5-gke.1014001',
      currentNodeCount: 3,
      releaseChannel: { channel: 'REGULAR' },
      network: 'default',
      networkConfig: { network: 'projects/my-app-prod/global/networks/default' },
      legacyAbac: {},
      nodePools: [{ name: 'default-pool', initialNodeCount: 1, status: 'RUNNING', config: { machineType: 'e2-medium' } }],
      nodeConfig: { machineType: 'e2-medium' },
    })
    expect(cluster.binaryAuthorization).toBeUndefined()
    expect([cluster.id, cluster.etag]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ])
  })

  test('the endpoint is a loopback address, of each cluster its own, and the CA a certificate that is one', async () => {
    await create('one')
    await create('two')
    const [one, two] = [await get('one'), await get('two')]
    for (const { endpoint, privateClusterConfig } of [one, two]) {
      expect(endpoint).toMatch(/^127\.\d+\.\d+\.\d+$/)
      expect(privateClusterConfig.publicEndpoint).toBe(endpoint)
    }
    expect(one.endpoint).not.toBe(two.endpoint)
    const ca = new X509Certificate(Buffer.from(one.masterAuth.clusterCaCertificate, 'base64'))
    expect([ca.ca, ca.checkIssued(ca), ca.verify(ca.publicKey)]).toEqual([true, true, true])
    expect([ca.validFromDate.toISOString(), ca.validToDate.toISOString()]).toEqual([
      '2026-01-02T03:04:05.000Z',
      '2056-01-02T03:04:05.000Z',
    ])
    expect(two.masterAuth.clusterCaCertificate).not.toBe(one.masterAuth.clusterCaCertificate)
  })

  test('what is asked for stands, what only GKE sets is overwritten, and false is not taken for unset', async () => {
    const asked = {
      description: 'mine',
      endpoint: '203.0.113.9',
      status: 'ERROR',
      selfLink: 'https://example.com',
      createTime: '1970-01-01T00:00:00+00:00',
      currentMasterVersion: '1.2.3-gke.4',
      network: 'projects/shared/global/networks/vpc',
      subnetwork: 'nodes',
      shieldedNodes: { enabled: false },
      addonsConfig: { httpLoadBalancing: { disabled: true } },
      nodeConfig: { machineType: 'n2-standard-4', diskSizeGb: 50 },
      locations: ['europe-west2-b'],
      initialNodeCount: 2,
      initialClusterVersion: '1.29',
    }
    await create('asked', asked)
    const cluster = await get('asked')
    expect(cluster).toMatchObject({
      description: 'mine',
      status: 'RUNNING',
      createTime: '2026-01-02T03:04:05+00:00',
      initialClusterVersion: '1.29.9-gke.1177000',
      currentMasterVersion: '1.29.9-gke.1177000',
      network: 'vpc',
      subnetwork: 'nodes',
      networkConfig: {
        network: 'projects/shared/global/networks/vpc',
        subnetwork: 'projects/my-app-prod/regions/europe-west2/subnetworks/nodes',
      },
      shieldedNodes: {},
      addonsConfig: { httpLoadBalancing: { disabled: true }, kubernetesDashboard: { disabled: true } },
      nodeConfig: { machineType: 'n2-standard-4', diskSizeGb: 50, bootDisk: { sizeGb: '50', diskType: 'pd-balanced' } },
      currentNodeCount: 2,
    })
    expect(cluster.endpoint).toMatch(/^127\./)
    expect(cluster.selfLink).toMatch(/clusters\/asked$/)
  })

  test('a private cluster is reached by its private address', async () => {
    await create('private', { privateClusterConfig: { enablePrivateNodes: true, enablePrivateEndpoint: true } })
    const { endpoint, privateClusterConfig } = await get('private')
    expect(endpoint).toBe(privateClusterConfig.privateEndpoint)
    expect(endpoint).toMatch(/^10\./)
  })

  test('an Autopilot cluster needs no node count, and has what Autopilot has', async () => {
    await call('CreateCluster', { parent: LONDON, cluster: { name: 'auto', autopilot: { enabled: true } } })
    expect(await get('auto')).toMatchObject({
      autopilot: { enabled: true },
      workloadIdentityConfig: { workloadPool: 'my-app-prod.svc.id.goog' },
      autoscaling: { enableNodeAutoprovisioning: true, autoscalingProfile: 'OPTIMIZE_UTILIZATION' },
      networkConfig: { datapathProvider: 'ADVANCED_DATAPATH' },
      nodePools: [{ name: 'default-pool' }],
    })
  })

  test('a cluster in a zone is named by it everywhere, and stands under zones/ in links and messages', async () => {
    await create('zonal', {}, ZONE)
    const cluster = await get('zonal', ZONE)
    expect(cluster).toMatchObject({
      location: 'us-central1-a',
      zone: 'us-central1-a',
      locations: ['us-central1-a'],
      currentNodeCount: 1,
      selfLink: 'https://container.googleapis.com/v1/projects/my-app-prod/zones/us-central1-a/clusters/zonal',
      networkConfig: { subnetwork: 'projects/my-app-prod/regions/us-central1/subnetworks/default' },
    })
    await expect(get('zonal', 'projects/my-app-prod/locations/us-central1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(create('zonal', {}, ZONE)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: 'Already exists: projects/my-app-prod/zones/us-central1-a/clusters/zonal.',
    })
  })

  test('the deprecated fields name the same clusters, and what is missing among them is told', async () => {
    const where = { projectId: 'my-app-prod', zone: 'europe-west2' }
    await call('CreateCluster', { ...where, cluster: { name: 'older', initialNodeCount: 1 } })
    const older = await call('GetCluster', { ...where, clusterId: 'older' })
    expect(older).toEqual(await get('older'))
    const { clusters } = await call('ListClusters', where)
    expect(clusters).toContainEqual(older)
    await call('SetLabels', {
      ...where,
      clusterId: 'older',
      resourceLabels: { a: 'b' },
      labelFingerprint: older.labelFingerprint,
    })
    expect((await get('older')).resourceLabels).toEqual({ a: 'b' })
    await call('DeleteCluster', { ...where, clusterId: 'older' })
    await expect(get('older')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a deprecated field that says something else than the name is refused', async () => {
    const name = `${LONDON}/clusters/both-ways`
    const refuse = (request: object, message: string) =>
      expect(call('GetCluster', request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
    await refuse({ name, zone: 'europe-west1' }, `'zone' "europe-west1" is not the location in 'name' "${name}".`)
    await refuse({ name, clusterId: 'd' }, `'cluster_id' "d" is not the cluster in 'name' "${name}".`)
    await refuse({ name, projectId: 'my-app-dev' }, `'project_id' "my-app-dev" is not the project in 'name' "${name}".`)
    await expect(call('GetCluster', { name, projectId: 'Bad_Project' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await create('both-ways')
    const where = { projectId: 'my-app-prod', zone: 'europe-west2', clusterId: 'both-ways' }
    expect(await call('GetCluster', { name, ...where })).toEqual(await get('both-ways'))
  })

  test('a project may be named by its number in either form', async () => {
    const { targetLink } = await create('by-number')
    const number = /projects\/(\d+)\//.exec(targetLink)?.[1]
    const cluster = await get('by-number')
    expect(await get('by-number', LONDON.replace('my-app-prod', number!))).toEqual(cluster)
    expect(await call('GetCluster', { projectId: number, zone: 'europe-west2', clusterId: 'by-number' })).toEqual(cluster)
  })

  test('clusters are listed by location, or with `-` those of all regions and zones, sorted by name', async () => {
    const project = 'projects/my-app-list'
    const names = async (location: string) => {
      const { clusters = [] } = await call('ListClusters', { parent: `${project}/locations/${location}` })
      return clusters.map(({ name }: { name: string }) => name)
    }
    expect(await names('-')).toEqual([])
    for (const [name, location] of [['b', 'europe-west2'], ['a', 'europe-west2'], ['c', 'us-central1-a']]) // biome-ignore format: a table
      await create(name!, {}, `${project}/locations/${location}`)
    expect([await names('europe-west2'), await names('us-central1-a'), await names('-')]).toEqual([
      ['a', 'b'],
      ['c'],
      ['a', 'b', 'c'],
    ])
    const { clusters } = await call('ListClusters', { projectId: 'my-app-list', zone: '-' })
    expect(clusters).toHaveLength(3)
  })

  test('a deleted cluster is gone at the next request, and its name is free', async () => {
    await create('short-lived')
    const before = await get('short-lived')
    expect(await call('DeleteCluster', { name: `${LONDON}/clusters/short-lived` })).toMatchObject({
      operationType: 'DELETE_CLUSTER',
      status: 'RUNNING',
    })
    await expect(get('short-lived')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Not found: ${LONDON}/clusters/short-lived.`,
    })
    await create('short-lived')
    expect((await get('short-lived')).id).not.toBe(before.id)
  })

  test.each([
    ['a name with other characters', { name: 'Bad_Name' }, `Invalid value for field "cluster.name": "Bad_Name". ${NAME_RULE}`],
    ['no name', { name: '' }, `Invalid value for field "cluster.name": "". ${NAME_RULE}`],
    ['no nodes', { name: 'c', initialNodeCount: 0 }, 'Cluster.initial_node_count must be greater than zero.'],
    ['a version that is none', { name: 'c', initialClusterVersion: 'newest' }, 'Master version "newest" is unsupported.'],
    [
      'nodes in two ways',
      { name: 'c', nodePools: [{ name: 'p', initialNodeCount: 1 }] },
      'Cluster.node_pools must not be set together with Cluster.initial_node_count or Cluster.node_config.',
    ],
  ])('a cluster with %s is refused', async (_, cluster, message) => {
    const refused = call('CreateCluster', { parent: LONDON, cluster: { initialNodeCount: 1, ...cluster } })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })

  test('a request without a cluster is refused', async () => {
    await expect(call('CreateCluster', { parent: LONDON })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Must provide a cluster.',
    })
  })

  test('basic authentication is refused, as it was removed', async () => {
    await expect(create('basic', { masterAuth: { username: 'admin', password: 'x' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^Basic authentication was removed for GKE cluster versions >= 1\.19\./),
    })
  })

  test.each(['atlantis1', 'us', 'global', 'us-central1-', 'europe-west2-aa', '-'])(
    'there are no clusters in the location %s',
    async (location) => {
      const parent = `projects/my-app-prod/locations/${location}`
      const refusal = { code: 'INVALID_ARGUMENT', message: `Location "${location}" does not exist.` }
      await expect(create('nowhere', {}, parent)).rejects.toMatchObject(refusal)
      await expect(get('nowhere', parent)).rejects.toMatchObject(refusal)
      if (location !== '-') await expect(call('ListClusters', { parent })).rejects.toMatchObject(refusal)
    },
  )

  test('a method that GKE has and the emulator has not is refused by name', async () => {
    await expect(call('StartIPRotation', { name: `${LONDON}/clusters/c` })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('ClusterManager.StartIPRotation'),
    })
  })

  test('the server config offers the versions that clusters get', async () => {
    const config = await call('GetServerConfig', { name: LONDON })
    const { validMasterVersions, channels, defaultClusterVersion } = config
    expect(await call('GetServerConfig', { projectId: 'my-app-prod', zone: 'europe-west2' })).toEqual(config)
    expect(validMasterVersions).toContain(defaultClusterVersion)
    for (const { channel, defaultVersion } of channels) {
      const name = channel.toLowerCase()
      await create(name, { releaseChannel: { channel } })
      expect((await get(name)).currentMasterVersion).toBe(defaultVersion)
    }
    const versions: [string, string][] = [
      ['latest', validMasterVersions[0]],
      ['-', defaultClusterVersion],
      ['1.99', '1.99.0-gke.1000000'],
      ['1.99.7', '1.99.7-gke.1000000'],
      ['1.99.7-gke.5', '1.99.7-gke.5'],
    ]
    for (const [index, [initialClusterVersion, expected]] of versions.entries()) {
      await create(`version-${index}`, { initialClusterVersion })
      expect((await get(`version-${index}`)).currentMasterVersion, initialClusterVersion).toBe(expected)
    }
  })
})

describeTransports('clusters of the three versions', (emulator) => {
  const call = (version: string, method: string, request: object) =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)
  const get = (version: string, name: string) => call(version, 'GetCluster', { name: `${LONDON}/clusters/${name}` })
  const bindings = [{ name: 'projects/123456789012/platforms/gke/policies/p' }]

  test.each(['v1', 'v1beta1', 'v1alpha1'])('what %s creates, every version reads', async (version) => {
    const cluster = { name: version, initialNodeCount: 1, binaryAuthorization: { evaluationMode: 'DISABLED' } }
    const { selfLink } = await call(version, 'CreateCluster', { parent: LONDON, cluster })
    expect(selfLink).toContain(`https://container.googleapis.com/${version}/`)
    for (const reader of ['v1', 'v1beta1', 'v1alpha1']) {
      const read = await get(reader, version)
      expect(read).toMatchObject({ name: version, binaryAuthorization: { evaluationMode: 'DISABLED' } })
      expect(read.selfLink).toBe(`https://container.googleapis.com/${reader}/${LONDON}/clusters/${version}`)
      expect('clusterTelemetry' in read, reader).toBe(reader !== 'v1')
    }
  })

  test('policy bindings are of v1beta1; v1 says of their modes whether the policy of the project is enforced', async () => {
    const make = (name: string, evaluationMode: string) =>
      call('v1beta1', 'CreateCluster', {
        parent: LONDON,
        cluster: { name, initialNodeCount: 1, binaryAuthorization: { evaluationMode, policyBindings: bindings } },
      })
    await make('bindings', 'POLICY_BINDINGS')
    await make('both', 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE')
    for (const version of ['v1beta1', 'v1alpha1']) {
      const stored = { evaluationMode: 'POLICY_BINDINGS', policyBindings: bindings }
      expect((await get(version, 'bindings')).binaryAuthorization).toEqual(stored)
    }
    expect((await get('v1', 'bindings')).binaryAuthorization).toEqual({})
    expect((await get('v1', 'both')).binaryAuthorization).toEqual({ evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' })
    const { clusters } = await call('v1', 'ListClusters', { parent: LONDON })
    expect(clusters.find(({ name }: { name: string }) => name === 'both').binaryAuthorization).toEqual({
      evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE',
    })
  })

  test('v1 takes no mode and no binding of v1beta1', async () => {
    const make = (binaryAuthorization: object) =>
      call('v1', 'CreateCluster', { parent: LONDON, cluster: { name: 'newer', initialNodeCount: 1, binaryAuthorization } })
    await expect(make({ evaluationMode: 5 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Invalid value for field "cluster.binary_authorization.evaluation_mode": 5.',
    })
  })

  test('a mode of which only the number is known, and a binding that is no policy, are refused', async () => {
    const make = (binaryAuthorization: object) =>
      call('v1beta1', 'CreateCluster', { parent: LONDON, cluster: { name: 'odd', initialNodeCount: 1, binaryAuthorization } })
    await expect(make({ evaluationMode: 8 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const odd = { evaluationMode: 'POLICY_BINDINGS', policyBindings: [{ name: 'projects/p/policies/x' }] }
    await expect(make(odd)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"projects/p/policies/x"'),
    })
  })
})

test('of the deprecated fields the one that is missing is named, in GKE’s words', async () => {
  const emulator = await inProcess() // a transport asks for all of them, or for the name
  try {
    const get = (request: object) => emulator.call('container.v1', 'google.container.v1.ClusterManager/GetCluster', request)
    for (const [request, message] of [
      [{}, "'project_id' or project in 'name' must be specified."],
      [{ projectId: 'my-app-prod' }, "'zone' or location in 'name' must be specified."],
      [{ projectId: 'my-app-prod', zone: 'europe-west2' }, "'cluster_id' or cluster in 'name' must be specified."],
    ] as const)
      await expect(get(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message })
  } finally {
    await emulator.close()
  }
})

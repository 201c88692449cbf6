import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const parent = 'projects/my-app-prod/locations/europe-west2'
const MANAGER = 'google.container.v1.ClusterManager'

describeTransports('operations on clusters', (emulator) => {
  const call = (method: string, request: object, version = 'v1') =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)
  const create = (name: string, at = parent) => call('CreateCluster', { parent: at, cluster: { name, initialNodeCount: 1 } })
  const getOperation = (name: string, at = parent) => call('GetOperation', { name: `${at}/operations/${name}` })

  test('an operation is GKE’s own: running in the answer that starts it, done at the next request', async () => {
    const started = await create('c1')
    expect(started).toEqual({
      name: expect.stringMatching(/^operation-\d{13}-[0-9a-f-]{36}$/),
      zone: 'europe-west2',
      operationType: 'CREATE_CLUSTER',
      status: 'RUNNING',
      selfLink: expect.stringMatching(
        /^https:\/\/container\.googleapis\.com\/v1\/projects\/\d+\/locations\/europe-west2\/operations\/operation-/,
      ),
      targetLink: expect.stringMatching(/\/v1\/projects\/\d+\/locations\/europe-west2\/clusters\/c1$/),
      startTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{9}Z$/),
    })
    const done = await getOperation(started.name)
    const { progress, endTime, ...rest } = done
    expect(rest).toEqual({ ...started, status: 'DONE' })
    expect(endTime).toBe(started.startTime)
    expect(progress.metrics).toContainEqual({ name: 'CLUSTER_DEPLOYING', intValue: '12' })
    const older = { projectId: 'my-app-prod', zone: 'europe-west2', operationId: started.name }
    expect(await call('GetOperation', older)).toEqual(done)
  })

  test('the links of an operation are of the version that shows it, and those in a zone stand under zones/', async () => {
    const zone = 'projects/my-app-prod/locations/us-central1-a'
    const { name } = await create('c2', zone)
    const shown = await call('GetOperation', { name: `${zone}/operations/${name}` }, 'v1beta1')
    expect(shown.selfLink).toMatch(/googleapis\.com\/v1beta1\/projects\/\d+\/zones\/us-central1-a\/operations\/operation-/)
    expect(shown.targetLink).toMatch(/\/zones\/us-central1-a\/clusters\/c2$/)
  })

  test('operations are listed by location, or all of a project, in the order in which they were made', async () => {
    const project = 'projects/my-app-operations'
    await create('a', `${project}/locations/us-central1-a`)
    await create('b', `${project}/locations/europe-west2`)
    await call('DeleteCluster', { name: `${project}/locations/europe-west2/clusters/b` })
    const types = async (location: string) => {
      const { operations = [] } = await call('ListOperations', { parent: `${project}/locations/${location}` })
      return operations.map(({ operationType, zone, status }: any) => `${operationType} ${zone} ${status}`)
    }
    const [first, ...others] = [
      'CREATE_CLUSTER us-central1-a DONE',
      'CREATE_CLUSTER europe-west2 DONE',
      'DELETE_CLUSTER europe-west2 DONE',
    ]
    expect([await types('-'), await types('europe-west2'), await types('us-east1')]).toEqual([[first, ...others], others, []])
  })

  test('cancelling what is done changes nothing; an operation that is not there is not found', async () => {
    const { name } = await create('c3')
    expect(await call('CancelOperation', { name: `${parent}/operations/${name}` })).toEqual({})
    expect((await getOperation(name)).status).toBe('DONE')
    const missing = { code: 'NOT_FOUND', message: `Not found: ${parent}/operations/operation-1.` }
    for (const method of ['GetOperation', 'CancelOperation'])
      await expect(call(method, { name: `${parent}/operations/operation-1` })).rejects.toMatchObject(missing)
  })

  test('on a host that names no API a path of an operation of GKE is GKE’s', async () => {
    const { name } = await create('c4')
    const { status, body } = await emulator().http('GET', `/v1/${parent}/operations/${name}`)
    expect([status, body.operationType, body.status]).toEqual([200, 'CREATE_CLUSTER', 'DONE'])
  })
})

describeTransports(
  'operations on clusters that are to be watched',
  (emulator) => {
    const call = (method: string, request: object) => emulator().call('container.v1', `${MANAGER}/${method}`, request)
    const [name, nodePools] = [`${parent}/clusters/watched`, [{ name: 'p', initialNodeCount: 1 }]]
    const get = () => call('GetCluster', { name })
    const operation = (id: string) => call('GetOperation', { name: `${parent}/operations/${id}` })
    const metrics = ({ progress }: any) => progress.metrics.map(({ intValue }: any) => Number(intValue))

    test('a cluster is provisioned, reconciled and stopped for as long as its operation is under way', async () => {
      const created = await call('CreateCluster', { parent, cluster: { name: 'watched', nodePools } })
      expect(await get()).toMatchObject({ status: 'PROVISIONING', nodePools: [{ status: 'PROVISIONING' }] })
      emulator().clock.advance(15_000)
      const halfway = await operation(created.name)
      expect(halfway.status).toBe('RUNNING')
      expect(halfway.endTime).toBeUndefined()
      expect(metrics(halfway)).toEqual([8, 8, 2, 12, 0, 2])
      emulator().clock.advance(15_000)
      const done = await operation(created.name)
      expect(done).toMatchObject({ status: 'DONE', startTime: created.startTime })
      expect(Date.parse(done.endTime) - Date.parse(created.startTime)).toBe(30_000)
      expect(metrics(done)).toEqual([8, 8, 12, 12, 1, 2])
      expect(await get()).toMatchObject({ status: 'RUNNING', nodePools: [{ status: 'RUNNING' }] })

      await call('UpdateCluster', { name, update: { desiredBinaryAuthorization: { evaluationMode: 'DISABLED' } } })
      // what it changes is changed at once
      expect(await get()).toMatchObject({ status: 'RECONCILING', binaryAuthorization: { evaluationMode: 'DISABLED' } })
      emulator().clock.advance(30_000)
      await call('CreateNodePool', { parent: name, nodePool: { name: 'q', initialNodeCount: 1 } })
      expect(await get()).toMatchObject({
        status: 'RECONCILING',
        nodePools: [
          { name: 'p', status: 'RUNNING' },
          { name: 'q', status: 'PROVISIONING' },
        ],
      })
      emulator().clock.advance(30_000)

      const deleted = await call('DeleteCluster', { name })
      expect(await get()).toMatchObject({ status: 'STOPPING', nodePools: [{ status: 'STOPPING' }, { status: 'STOPPING' }] })
      expect((await call('ListClusters', { parent })).clusters).toHaveLength(1)
      emulator().clock.advance(30_000)
      expect((await operation(deleted.name)).status).toBe('DONE')
      await expect(get()).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect((await call('ListClusters', { parent })).clusters ?? []).toEqual([])
    })

    test('one operation at a time: a second one is refused while the first is under way, and none can be cancelled', async () => {
      const second = `${parent}/clusters/second`
      const cluster = { name: 'second', nodePools }
      const running = await call('CreateCluster', { parent, cluster })
      const busy = { code: 'FAILED_PRECONDITION', message: `Cluster is running incompatible operation ${running.name}.` }
      const update = () => call('UpdateCluster', { name: second, update: { desiredLoggingService: 'none' } })
      await expect(update()).rejects.toMatchObject(busy)
      await expect(call('DeleteCluster', { name: second })).rejects.toMatchObject(busy)
      await expect(call('CreateCluster', { parent, cluster })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      await expect(call('CancelOperation', { name: `${parent}/operations/${running.name}` })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: `Operation ${running.name} of the type CREATE_CLUSTER cannot be cancelled.`,
      })
      emulator().clock.advance(30_000)
      await update()
      emulator().clock.advance(30_000)
      await call('DeleteCluster', { name: second })
      await expect(call('CreateCluster', { parent, cluster })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      emulator().clock.advance(30_000)
      await call('CreateCluster', { parent, cluster })
      expect((await call('GetCluster', { name: second })).status).toBe('PROVISIONING')
    })
  },
  { operationDelay: '30s' },
)

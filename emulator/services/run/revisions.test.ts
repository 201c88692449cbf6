import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
const LATEST = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }

describeTransports('revisions and traffic', (emulator) => {
  let count = 0
  let parent = ''
  let name = ''
  beforeEach(() => {
    parent = `projects/routed-app-${++count}/locations/europe-west2`
    name = `${parent}/services/hello`
  })

  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
  const operation = (name: string) => emulator().call('run.v2', 'google.longrunning.Operations/GetOperation', { name })
  const service = (revision: string, more: object = {}) => ({
    template: { revision, containers: [{ image: 'gcr.io/cloudrun/hello' }], labels: { r: revision } },
    ...more,
  })
  const create = (revision: string, more: object = {}, serviceId = 'hello') =>
    call('Services/CreateService', { parent, serviceId, service: service(revision, more) })
  const update = (revision: string, more: object = {}) =>
    call('Services/UpdateService', { service: { name, ...service(revision, more) } })
  const get = () => call('Services/GetService', { name })
  const revision = (id: string) => call('Revisions/GetRevision', { name: `${name}/revisions/${id}` })
  const active = async (id: string) => (await revision(id)).conditions.find(({ type }: any) => type === 'Active')

  test('a revision is its template, with conditions of its own', async () => {
    await create('hello-1')
    expect(await revision('hello-1')).toMatchObject({
      name: `${name}/revisions/hello-1`,
      service: 'hello',
      generation: '1',
      labels: { r: 'hello-1' },
      timeout: '300s',
      maxInstanceRequestConcurrency: 80,
      containers: [{ image: 'gcr.io/cloudrun/hello', ports: [{ containerPort: 8080 }] }],
      logUri: expect.stringContaining('hello-1'),
    })
    expect((await revision('hello-1')).conditions.map(({ type, state }: any) => `${type} ${state}`)).toEqual(
      ['Ready', 'Active', 'ContainerHealthy', 'ContainerReady', 'ResourcesAvailable'].map(
        (each) => `${each} CONDITION_SUCCEEDED`,
      ),
    )
    await expect(revision('hello-2')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `revision "${name}/revisions/hello-2" not found`,
    })
  })

  test('traffic goes to the latest, or where it is told to; who has none is retired', async () => {
    await create('hello-1')
    await update('hello-2', { traffic: [{ type, revision: 'hello-1', percent: 100 }] })
    expect((await get()).trafficStatuses).toEqual([{ type, revision: 'hello-1', percent: 100 }])
    expect([(await active('hello-1')).state, (await active('hello-2')).revisionReason]).toEqual([
      'CONDITION_SUCCEEDED',
      'RETIRED',
    ])
    await update('hello-2')
    expect([(await active('hello-1')).revisionReason, (await active('hello-2')).state]).toEqual([
      'RETIRED',
      'CONDITION_SUCCEEDED',
    ])
  })

  test('a tag has an address of its own', async () => {
    await create('hello-1', { traffic: [{ ...LATEST, tag: 'blue' }] })
    const { uri, trafficStatuses } = await get()
    expect(uri).toMatch(/^https:\/\/hello-[a-z0-9]{10}-nw\.a\.run\.app$/)
    expect(trafficStatuses).toEqual([{ ...LATEST, tag: 'blue', uri: uri.replace('https://', 'https://blue---') }])
  })

  test('the traffic may go to the revision that the same request makes, by its short or its full name', async () => {
    for (const [id, named] of Object.entries({ short: 'short-1', full: `${parent}/services/full/revisions/full-1` })) {
      const { name: operationName } = await create(`${id}-1`, { traffic: [{ type, revision: named, percent: 100 }] }, id)
      expect((await operation(operationName)).response.trafficStatuses).toEqual([{ type, revision: `${id}-1`, percent: 100 }])
    }
  })

  test('traffic to a revision that is not there leaves the traffic as it is, and the operation fails', async () => {
    await create('hello-1')
    const { name: operationName } = await update('hello-2', {
      traffic: [
        { ...LATEST, percent: 50 },
        { type, revision: 'hello-9', percent: 50 },
      ],
    })
    const message =
      "Revision 'hello-9' does not exist or is deleted. Update all traffic to route to currently available revisions."
    expect((await operation(operationName)).error).toEqual({ code: 13, message })
    expect(await get()).toMatchObject({
      terminalCondition: { state: 'CONDITION_FAILED', message },
      latestReadyRevision: `${name}/revisions/hello-2`,
      trafficStatuses: [LATEST],
    })
    expect((await active('hello-1')).state).toBe('CONDITION_SUCCEEDED')
    await expect(
      update('hello-2', { traffic: [{ type, revision: `${parent}/services/other/revisions/hello-1`, percent: 100 }] }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('revisions are listed the newest first, of one service and of all of a region', async () => {
    await create('hello-1')
    await create('other-1', {}, 'other')
    await update('hello-2')
    const listed = async (parent: string) => {
      const ids: string[] = []
      let pageToken = ''
      do {
        const answer = await call('Revisions/ListRevisions', { parent, pageSize: 1, pageToken })
        ids.push(...answer.revisions.map(({ name }: any) => name.split('/').at(-1)))
        pageToken = answer.nextPageToken ?? ''
      } while (pageToken)
      return ids
    }
    expect(await listed(name)).toEqual(['hello-2', 'hello-1'])
    expect(await listed(`${parent}/services/-`)).toEqual(['hello-2', 'other-1', 'hello-1'])
    await expect(listed(`${parent}/services/nowhere`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a revision that serves, or is the latest, cannot be deleted', async () => {
    await create('hello-1')
    await update('hello-2', { traffic: [{ type, revision: 'hello-1', percent: 100 }] })
    for (const [id, why] of Object.entries({ 'hello-1': 'actively serving', 'hello-2': 'the latest created revision' }))
      await expect(call('Revisions/DeleteRevision', { name: `${name}/revisions/${id}` })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: `Revision "${id}" cannot be directly deleted because it is ${why}.`,
      })
    await update('hello-2')
    const { etag } = await revision('hello-1')
    await expect(call('Revisions/DeleteRevision', { name: `${name}/revisions/hello-1`, etag: '"old"' })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    const { name: operationName } = await call('Revisions/DeleteRevision', { name: `${name}/revisions/hello-1`, etag })
    expect(await operation(operationName)).toMatchObject({ done: true, response: { deleteTime: expect.any(String) } })
    await expect(revision('hello-1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const BUILD = 'google.devtools.cloudbuild.v1.CloudBuild'
const step = { name: 'gcr.io/cloud-builders/docker' }

describeTransports('builds', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudbuild.v1', `${BUILD}/${method}`, request)
  const create = async (projectId: string, build: object = {}) =>
    (await call('CreateBuild', { projectId, build: { steps: [step], ...build } })).metadata.build.id as string

  test('the list begins with the newest, goes on with a page token and can be filtered', async () => {
    const projectId = 'my-app-list'
    const first = await create(projectId, { tags: ['a'] })
    const second = await create(projectId, { tags: ['a', 'b'] })
    const third = await create(projectId, { tags: ['b'] })
    const ids = async (request: object) =>
      ((await call('ListBuilds', 'parent' in request ? request : { projectId, ...request })).builds ?? []).map(
        ({ id }: { id: string }) => id,
      )
    expect(await ids({})).toEqual([third, second, first])
    const page = await call('ListBuilds', { projectId, pageSize: 2 })
    expect(page.builds.map(({ id }: { id: string }) => id)).toEqual([third, second])
    expect(await ids({ pageSize: 2, pageToken: page.nextPageToken })).toEqual([first])
    expect(await ids({ filter: 'tags="a"' })).toEqual([second, first])
    expect(await ids({ filter: `build_id="${second}"` })).toEqual([second])
    expect(await ids({ filter: 'status="WORKING" OR status="QUEUED"' })).toEqual([])
    expect(await ids({ filter: 'status="SUCCESS" AND create_time>"2026-01-01T00:00:00.000+00:00"' })).toHaveLength(3)
    await expect(ids({ filter: 'nothing="a"' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await ids({ parent: `projects/${projectId}/locations/global` })).toHaveLength(3)
    expect(await ids({ parent: `projects/${projectId}/locations/europe-west2` })).toEqual([])
  })

  test('a build that there is not is not found; one that is over cannot be cancelled', async () => {
    const projectId = 'my-app-prod'
    await expect(call('GetBuild', { projectId, id: 'nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const id = await create(projectId)
    await expect(call('CancelBuild', { projectId, id })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `Cannot cancel build ${id} in the state SUCCESS.`,
    })
  })

  test('retried, it is the same build once more, with its substitutions', async () => {
    const projectId = 'my-app-prod'
    const id = await create(projectId, { steps: [{ ...step, args: ['$_TAG', '$BUILD_ID'] }], substitutions: { _TAG: 'v1' } })
    const again = (await call('RetryBuild', { projectId, id })).metadata.build
    expect(again.id).not.toBe(id)
    expect(again.steps[0].args).toEqual(['v1', again.id])
    expect((await call('GetBuild', { projectId, id: again.id })).status).toBe('SUCCESS')
  })
})

describeTransports(
  'builds that take their time',
  (emulator) => {
    const projectId = 'my-app-prod'
    const call = (method: string, request: object) => emulator().call('cloudbuild.v1', `${BUILD}/${method}`, request)
    const image = 'gcr.io/my-app-prod/app:v1'
    const create = async () =>
      (await call('CreateBuild', { projectId, build: { steps: [step], images: [image] } })).metadata.build.id as string
    const occurrences = async () =>
      (await emulator().call('containeranalysis.v1', 'grafeas.v1.Grafeas/ListOccurrences', { parent: `projects/${projectId}` }))
        .occurrences ?? []

    test('it is working until they are over, and has neither results nor an end before', async () => {
      const id = await create()
      const working = await call('GetBuild', { projectId, id })
      expect(working).toMatchObject({ status: 'WORKING', startTime: expect.any(String), steps: [step] })
      for (const field of ['finishTime', 'results', 'timing']) expect(working).not.toHaveProperty(field)
      expect((await call('ListBuilds', { projectId, filter: 'status="WORKING"' })).builds).toEqual([working])
      emulator().clock.advance(30_000)
      expect(await call('GetBuild', { projectId, id })).toMatchObject({
        status: 'SUCCESS',
        results: { images: [{ name: image }] },
      })
    })

    test('cancelled before, it stays cancelled and has attested nothing', async () => {
      const before = await occurrences()
      const id = await create()
      expect(await occurrences()).toHaveLength(before.length + 1)
      const cancelled = await call('CancelBuild', { projectId, id })
      expect(cancelled).toMatchObject({ status: 'CANCELLED', finishTime: expect.any(String) })
      expect(cancelled).not.toHaveProperty('results')
      expect(await occurrences()).toEqual(before)
      emulator().clock.advance(30_000)
      expect(await call('GetBuild', { projectId, id })).toEqual(cancelled)
      await expect(call('CancelBuild', { projectId, id })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    })
  },
  { operationDelay: '30s' },
)

import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { silent } from '../../testing/emulator.ts'

const parent = 'projects/busy-app/locations/us-central1'
const image = 'gcr.io/cloudrun/hello'

async function emulator() {
  const { dispatcher, close } = await createApp({ seed: false, clock: testClock(), log: silent })
  return { call: (method: string, request: object): Promise<any> => dispatcher.call('run.v2', method, request), close }
}

test('a service keeps its 1000 newest revisions and those that serve, a region its newest operations', async () => {
  const { call, close } = await emulator()
  const name = `${parent}/services/hello`
  const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
  const service = (revision: string) => ({
    name,
    template: { revision, containers: [{ image }], labels: { revision } },
    traffic: [{ type, revision: 'hello-0', percent: 100 }],
  })
  for (let index = 0; index < 1100; index++)
    await call('google.cloud.run.v2.Services/UpdateService', { service: service(`hello-${index}`), allowMissing: true })
  const ids: string[] = []
  for (let pageToken = ''; ; ) {
    const answer = await call('google.cloud.run.v2.Revisions/ListRevisions', { parent: name, pageSize: 1000, pageToken })
    ids.push(...answer.revisions.map((each: any) => each.name.split('/').at(-1)))
    pageToken = answer.nextPageToken
    if (!pageToken) break
  }
  expect([ids.length, ids[0], ids.at(-2), ids.at(-1)]).toEqual([1001, 'hello-1099', 'hello-100', 'hello-0'])
  const { operations, nextPageToken } = await call('google.longrunning.Operations/ListOperations', {
    name: parent,
    pageSize: 1000,
  })
  expect(operations).toHaveLength(1000)
  const rest = nextPageToken
    ? await call('google.longrunning.Operations/ListOperations', { name: parent, pageSize: 1000, pageToken: nextPageToken })
    : { operations: [] }
  expect(rest.operations.length).toBeLessThan(100)
  await close()
}, 60_000)

test('a job keeps its 1000 newest executions', async () => {
  const { call, close } = await emulator()
  const name = `${parent}/jobs/nightly`
  const job = { template: { template: { containers: [{ image }] } } }
  await call('google.cloud.run.v2.Jobs/CreateJob', { parent, jobId: 'nightly', job })
  const first = (await call('google.cloud.run.v2.Jobs/RunJob', { name })).metadata.name
  for (let index = 0; index < 1010; index++) await call('google.cloud.run.v2.Jobs/RunJob', { name })
  const { executions, nextPageToken } = await call('google.cloud.run.v2.Executions/ListExecutions', {
    parent: name,
    pageSize: 1000,
  })
  expect([executions.length, nextPageToken]).toEqual([1000, undefined])
  await expect(call('google.cloud.run.v2.Executions/GetExecution', { name: first })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect((await call('google.cloud.run.v2.Jobs/GetJob', { name })).executionCount).toBe(1011)
  await close()
}, 60_000)

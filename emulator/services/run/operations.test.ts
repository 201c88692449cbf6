import { expect, test } from 'vitest'
import { describeTransports, startTestEmulator } from '../../testing/emulator.ts'

describeTransports('operations of Cloud Run', (emulator) => {
  const parent = 'projects/operated-app/locations/us-central1'
  const operations = (method: string, request: object) =>
    emulator().call('run.v2', `google.longrunning.Operations/${method}`, request)
  const create = (serviceId: string) =>
    emulator().call('run.v2', 'google.cloud.run.v2.Services/CreateService', {
      parent,
      serviceId,
      service: { template: { containers: [{ image: 'gcr.io/cloudrun/hello' }] } },
    })

  test('they are read, listed, waited for and deleted', async () => {
    const { name } = await create('a')
    const done = await operations('GetOperation', { name })
    expect(done).toMatchObject({ name, done: true, response: { '@type': 'type.googleapis.com/google.cloud.run.v2.Service' } })
    expect(await operations('WaitOperation', { name, timeout: '30s' })).toEqual(done)
    expect(await operations('ListOperations', { name: parent })).toEqual({ operations: [done] })
    await operations('DeleteOperation', { name })
    await expect(operations('GetOperation', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(operations('GetOperation', { name: `${parent}/operations/1` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('the operations of other APIs are not among them', async () => {
  const emulator = await startTestEmulator()
  const parent = 'projects/operated-app/locations/us-central1'
  const { name } = await emulator.call(
    'artifactregistry.v1',
    'google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository',
    { parent, repositoryId: 'images', repository: { format: 'DOCKER' } },
  )
  const operations = (method: string, request: object) =>
    emulator.call('run.v2', `google.longrunning.Operations/${method}`, request)
  for (const method of ['GetOperation', 'WaitOperation', 'DeleteOperation'])
    await expect(operations(method, { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await operations('ListOperations', { name: parent })).toEqual({})
  const nowhere = parent.replace('us-central1', 'nowhere')
  await expect(operations('ListOperations', { name: nowhere })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await emulator.close()
})

test('the metadata of one that is under way shows the resource as it was first answered, until the clock says so', async () => {
  const emulator = await startTestEmulator({ operationDelay: '5s' })
  const parent = 'projects/operated-app/locations/us-central1'
  const call = (method: string, request: object) => emulator.call('run.v2', `google.cloud.run.v2.${method}`, request)
  const operations = (method: string, request: object) =>
    emulator.call('run.v2', `google.longrunning.Operations/${method}`, request)
  const containers = [{ image: 'gcr.io/cloudrun/hello' }]
  const started = [
    await call('Services/CreateService', { parent, serviceId: 'hello', service: { template: { containers } } }),
    await call('Jobs/CreateJob', { parent, jobId: 'nightly', job: { template: { template: { containers } } } }),
    await call('Jobs/RunJob', { name: `${parent}/jobs/nightly` }),
  ]
  for (const operation of started) {
    expect(operation.metadata).toMatchObject({ reconciling: true })
    expect(await operations('GetOperation', { name: operation.name })).toEqual(operation)
    expect(await operations('WaitOperation', { name: operation.name, timeout: '1s' })).toEqual(operation)
  }
  expect((await operations('ListOperations', { name: parent })).operations).toEqual(expect.arrayContaining(started))

  emulator.clock.advance(5_000)
  for (const { name } of started) {
    const operation = await operations('GetOperation', { name })
    expect(operation).toMatchObject({ done: true, response: operation.metadata })
    expect(operation.metadata).not.toHaveProperty('reconciling')
  }
  await emulator.close()
})

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
  await emulator.close()
})

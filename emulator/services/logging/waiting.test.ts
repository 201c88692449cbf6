// In memory audit entries wait to be written together: nobody may see that.
import { expect, onTestFinished, test } from 'vitest'
import type { AppOptions } from '../../app.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'

async function start(options: Partial<AppOptions> = {}) {
  const emulator = await startTestEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

const decide = (emulator: TestEmulator, image: string, project = 'waiting') =>
  emulator.http('POST', `/admission/projects/${project}/locations/us-central1/clusters/prod`, {
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    spec: { containers: [{ image }] },
  })

const decisions = async (emulator: TestEmulator, query = '') =>
  (await emulator.http('GET', `/_emulator/decisions${query}`)).body.decisions

const call = (emulator: TestEmulator, method: string, request: object) =>
  emulator.call('logging.v2', `${LOGGING}/${method}`, request)

const write = (emulator: TestEmulator, textPayload: string, more: object = {}) =>
  call(emulator, 'WriteLogEntries', {
    logName: 'projects/waiting/logs/app',
    resource: { type: 'global' },
    entries: [{ textPayload }],
    ...more,
  })

const ACTIVITY = 'projects/waiting/logs/cloudaudit.googleapis.com%2Factivity'

test('each reader of the logs sees a decision as soon as it is answered', async () => {
  const emulator = await start()
  await decide(emulator, 'a')
  expect(await call(emulator, 'ListLogs', { parent: 'projects/waiting' })).toEqual({ logNames: [ACTIVITY] })
  await decide(emulator, 'b')
  const { entries } = await call(emulator, 'ListLogEntries', { resourceNames: ['projects/waiting'] })
  expect(entries.map(({ protoPayload }: any) => protoPayload.request.spec.containers[0].image)).toEqual(['a', 'b'])
  await decide(emulator, 'c')
  expect((await decisions(emulator)).map(({ id, images }: any) => [id, images[0].image])).toEqual([
    ['3', 'c'],
    ['2', 'b'],
    ['1', 'a'],
  ])
  await decide(emulator, 'd', 'another')
  await expect(
    call(emulator, 'DeleteLog', { logName: 'projects/another/logs/cloudaudit.googleapis.com%2Factivity' }),
  ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('decisions and entries of clients are counted in the order in which they came', async () => {
  const emulator = await start({ maxLogEntries: 3 })
  await decide(emulator, 'a')
  await write(emulator, 'one')
  await decide(emulator, 'b')
  await expect(
    write(emulator, 'two', { partialSuccess: true, entries: [{ textPayload: 'two' }, { severity: 99 }] }),
  ).rejects.toThrow()
  await decide(emulator, 'c')
  expect((await decisions(emulator)).map(({ id, images }: any) => [id, images[0].image])).toEqual([
    ['5', 'c'],
    ['3', 'b'],
  ])
})

test('a request that fails takes no decision with it', async () => {
  const emulator = await start()
  await decide(emulator, 'a')
  expect((await emulator.http('GET', '/_emulator/decisions?limit=none')).status).toBe(400)
  await decide(emulator, 'b')
  await expect(call(emulator, 'DeleteLog', { logName: ACTIVITY })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  await expect(write(emulator, 'x', { resource: {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await decisions(emulator)).toHaveLength(2)
})

test('a review that is refused leaves no decision', async () => {
  const emulator = await start()
  await decide(emulator, 'a')
  expect((await decide(emulator, 'b', 'waiting/')).status).not.toBe(200)
  expect((await emulator.http('POST', '/admission/projects/waiting/locations/us-central1/clusters/prod', {})).status).toBe(400)
  expect(await decisions(emulator)).toHaveLength(1)
})

test('a reset drops what waits', async () => {
  const emulator = await start()
  for (const image of ['a', 'b']) await decide(emulator, image)
  await emulator.http('POST', '/_emulator/reset')
  expect(await decisions(emulator)).toEqual([])
  await decide(emulator, 'c')
  expect((await decisions(emulator)).map(({ id }: any) => id)).toEqual(['1'])
})

test('more decisions than may wait are all kept, in their order', async () => {
  const emulator = await start()
  const images = Array.from({ length: 1100 }, (_, index) => `image-${index}`)
  for (const image of images) await decide(emulator, image)
  const newest = await decisions(emulator, '?limit=1000')
  const oldest = await decisions(emulator, `?limit=1000&before=${newest.at(-1).id}`)
  expect([...newest, ...oldest].map(({ images }: any) => images[0].image).reverse()).toEqual(images)
})

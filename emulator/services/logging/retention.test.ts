import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AppOptions } from '../../app.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'
const DAY = 86_400_000

async function start(options: Partial<AppOptions> = {}) {
  const emulator = await startTestEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

const write = (emulator: TestEmulator, log: string, ...texts: string[]) =>
  emulator.call('logging.v2', `${LOGGING}/WriteLogEntries`, {
    logName: `projects/retention/logs/${log}`,
    resource: { type: 'global' },
    entries: texts.map((textPayload) => ({ textPayload })),
  })

async function read(emulator: TestEmulator): Promise<string[]> {
  const { entries = [] } = await emulator.call('logging.v2', `${LOGGING}/ListLogEntries`, {
    resourceNames: ['projects/retention'],
    pageSize: 1000,
  })
  return entries.map(({ textPayload }: { textPayload: string }) => textPayload)
}

const decide = (emulator: TestEmulator, image: string) =>
  emulator.http('POST', '/admission/projects/retention/locations/us-central1/clusters/prod', {
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    spec: { containers: [{ image }] },
  })

async function decisions(emulator: TestEmulator) {
  const { body } = await emulator.http('GET', '/_emulator/decisions')
  return { images: body.decisions.map(({ images }: any) => images[0].image), dropped: body.dropped }
}

test('entries stay 30 days, those of the activity audit log 400 days', async () => {
  const emulator = await start()
  await write(emulator, 'app', 'a')
  await write(emulator, 'cloudaudit.googleapis.com%2Fdata_access', 'b')
  await write(emulator, 'cloudaudit.googleapis.com%2Factivity', 'c')
  await decide(emulator, 'd')
  emulator.clock.advance(29 * DAY)
  expect(await read(emulator)).toEqual(['a', 'b', 'c', undefined])
  emulator.clock.advance(2 * DAY)
  expect(await read(emulator)).toEqual(['c', undefined])
  emulator.clock.advance(368 * DAY)
  expect(await decisions(emulator)).toEqual({ images: ['d'], dropped: 0 })
  emulator.clock.advance(2 * DAY)
  expect(await decisions(emulator)).toEqual({ images: [], dropped: 0 })
  expect(await emulator.call('logging.v2', `${LOGGING}/ListLogs`, { parent: 'projects/retention' })).toEqual({})
})

test('with a bound only the newest entries are kept, and what was dropped is counted and said', async () => {
  const warnings: [object, string][] = []
  const log = { debug() {}, info() {}, warn: (...line: [object, string]) => void warnings.push(line), error: console.error }
  const emulator = await start({ maxLogEntries: 3, log })
  for (const image of ['a', 'b', 'c']) await decide(emulator, image)
  expect(await decisions(emulator)).toEqual({ images: ['c', 'b', 'a'], dropped: 0 })
  expect(warnings).toEqual([])
  await decide(emulator, 'd')
  await write(emulator, 'app', 'one', 'two')
  expect(await decisions(emulator)).toEqual({ images: ['d'], dropped: 3 })
  expect(await read(emulator)).toEqual([undefined, 'one', 'two'])
  expect(warnings).toEqual([[{ maxLogEntries: 3 }, 'from now on the oldest log entries are dropped']])
})

test('what is deleted, or is a duplicate, makes room: nothing is dropped before the bound is reached', async () => {
  const emulator = await start({ maxLogEntries: 3 })
  await decide(emulator, 'a')
  await write(emulator, 'app', 'one', 'two')
  await emulator.call('logging.v2', `${LOGGING}/DeleteLog`, { logName: 'projects/retention/logs/app' })
  const entry = { insertId: 'same', timestamp: '2026-01-02T03:00:00Z', resource: { type: 'global' }, textPayload: 'three' }
  for (const _ of [1, 2, 3])
    await emulator.call('logging.v2', `${LOGGING}/WriteLogEntries`, {
      entries: [{ ...entry, logName: 'projects/retention/logs/app' }],
    })
  await decide(emulator, 'b')
  expect(await decisions(emulator)).toEqual({ images: ['b', 'a'], dropped: 0 })
  expect((await read(emulator)).sort()).toEqual(['three', undefined, undefined])
  await decide(emulator, 'c')
  expect(await decisions(emulator)).toEqual({ images: ['c', 'b'], dropped: 1 })
})

test('what is too old goes with the thousandth write, before anything is dropped for the bound', async () => {
  const emulator = await start({ maxLogEntries: 999 })
  await write(emulator, 'app', ...Array<string>(999).fill('old'))
  emulator.clock.advance(31 * DAY)
  await decide(emulator, 'new')
  expect(await decisions(emulator)).toEqual({ images: ['new'], dropped: 0 })
})

test('a reset begins to count anew', async () => {
  const emulator = await start({ maxLogEntries: 2 })
  for (const image of ['a', 'b', 'c']) await decide(emulator, image)
  await emulator.http('POST', '/_emulator/reset')
  expect(await decisions(emulator)).toEqual({ images: [], dropped: 0 })
  for (const image of ['d', 'e']) await decide(emulator, image)
  expect(await decisions(emulator)).toEqual({ images: ['e', 'd'], dropped: 0 })
})

test('0 is no bound, and entries in a folder have none unless it is given', async () => {
  const data = mkdtempSync(join(tmpdir(), 'logging-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startTestEmulator({ data, maxLogEntries: 0 })
  for (const image of ['a', 'b', 'c']) await decide(first, image)
  first.close()
  const second = await startTestEmulator({ data })
  expect(await decisions(second)).toEqual({ images: ['c', 'b', 'a'], dropped: 0 })
  second.close()
  const third = await start({ data, maxLogEntries: 2 })
  await decide(third, 'd')
  expect(await decisions(third)).toEqual({ images: ['d', 'c'], dropped: 2 })
})

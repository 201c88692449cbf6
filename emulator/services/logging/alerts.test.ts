// A sink with a webhook is the alert that a test can see.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { AppOptions } from '../../app.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'
const CONFIG = 'google.logging.v2.ConfigServiceV2'
/** Entries of these tests; that a sink is made is an audit entry itself. */
const TEXT = 'textPayload:*'
const BLOCKED = 'log_id("cloudaudit.googleapis.com/activity") protoPayload.response.status="Failure"'

interface Call {
  headers: IncomingHttpHeaders
  entry: any
}

/** A webhook that keeps what it is sent; `arrived` waits for so many calls. */
async function webhook(answer = (response: ServerResponse) => void response.end()) {
  const calls: Call[] = []
  let wake = () => {}
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    calls.push({ headers: request.headers, entry: JSON.parse(text) })
    answer(response)
    wake()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  async function arrived(count: number): Promise<Call[]> {
    while (calls.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return calls
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?team=a`, calls, arrived }
}

async function start(options: Partial<AppOptions> = {}) {
  const emulator = await startTestEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

const sink = (emulator: TestEmulator, url: string, filter: string, more: object = {}) =>
  emulator.call('logging.v2', `${CONFIG}/CreateSink`, {
    parent: 'projects/alerts',
    sink: { name: 'alerts', destination: `emulator.webhook/${url}`, filter, ...more },
  })

const write = (emulator: TestEmulator, ...entries: object[]) =>
  emulator.call('logging.v2', `${LOGGING}/WriteLogEntries`, {
    logName: 'projects/alerts/logs/app',
    resource: { type: 'global' },
    entries,
  })

const decide = (emulator: TestEmulator, image: string) =>
  emulator.http('POST', '/admission/projects/alerts/locations/us-central1/clusters/prod', {
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    spec: { containers: [{ image }] },
  })

const setMode = async (emulator: TestEmulator, enforcementMode: string) =>
  emulator.call('binaryauthorization.v1', 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy', {
    policy: { name: 'projects/alerts/policy', defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode } },
  })

const imageOf = ({ entry }: Call) => entry.protoPayload.request.spec.containers[0].image

test('a burst of violations calls a webhook once for each, and dry run does not', async () => {
  const emulator = await start()
  const { url, calls, arrived } = await webhook()
  await sink(emulator, url, BLOCKED)
  await setMode(emulator, 'DRYRUN_AUDIT_LOG_ONLY')
  await decide(emulator, 'let-in')
  await setMode(emulator, 'ENFORCED_BLOCK_AND_AUDIT_LOG')
  const images = Array.from({ length: 50 }, (_, index) => `image-${index}`)
  await Promise.all(images.map((image) => decide(emulator, image)))
  await arrived(images.length)
  await write(emulator, { textPayload: 'the last' })
  expect(calls.map(imageOf).sort()).toEqual(images.sort())
  const { entries } = await emulator.call('logging.v2', `${LOGGING}/ListLogEntries`, {
    resourceNames: ['projects/alerts'],
    filter: BLOCKED,
    pageSize: 1000,
  })
  const byId = (a: any, b: any) => (a.insertId < b.insertId ? -1 : 1)
  expect(calls.map(({ entry }) => entry.insertId).sort()).toEqual(entries.map(({ insertId }: any) => insertId).sort())
  expect(calls.map(({ entry }) => entry).sort(byId)[0].protoPayload.response).toEqual(entries.sort(byId)[0].protoPayload.response)
  expect(calls[0]!.headers).toMatchObject({
    'content-type': 'application/json',
    'x-emulator-sink': 'projects/alerts/sinks/alerts',
  })
})

test('dry run calls a webhook whose filter says so', async () => {
  const emulator = await start()
  const { url, arrived } = await webhook()
  await sink(emulator, url, 'labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"')
  await setMode(emulator, 'DRYRUN_AUDIT_LOG_ONLY')
  await decide(emulator, 'let-in')
  expect((await arrived(1)).map(imageOf)).toEqual(['let-in'])
})

test('with --data entries are delivered as well', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const data = mkdtempSync(`${tmpdir()}/alerts-`)
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const emulator = await start({ data })
  const { url, arrived } = await webhook()
  await sink(emulator, url, BLOCKED)
  await setMode(emulator, 'ENFORCED_BLOCK_AND_AUDIT_LOG')
  await decide(emulator, 'a')
  expect((await arrived(1)).map(imageOf)).toEqual(['a'])
})

test('what is excluded, written again, of another project or not written at all is not delivered', async () => {
  const emulator = await start()
  const { url, calls, arrived } = await webhook()
  await sink(emulator, url, TEXT, {
    exclusions: [
      { name: 'noise', filter: 'textPayload:noise' },
      { name: 'off', filter: 'textPayload:*', disabled: true },
    ],
  })
  const same = { insertId: 'same', timestamp: '2026-01-02T03:00:00Z' }
  await write(emulator, { ...same, textPayload: 'first' }, { ...same, textPayload: 'again' }, { textPayload: 'noise' })
  await write(emulator, { logName: 'projects/another/logs/app', textPayload: 'elsewhere' })
  await expect(
    write(emulator, { textPayload: 'one of two' }, { severity: 'INFO', resource: {} }, { logName: 'x' }),
  ).rejects.toThrow()
  await write(emulator, { textPayload: 'last' })
  expect((await arrived(2)).map(({ entry }) => entry.textPayload).sort()).toEqual(['first', 'last'])
  expect(calls).toHaveLength(2)
})

test('of a request that succeeds in part the entries that are written are delivered', async () => {
  const emulator = await start()
  const { url, arrived } = await webhook()
  await sink(emulator, url, TEXT)
  const request = {
    partialSuccess: true,
    resource: { type: 'global' },
    entries: [{ logName: 'projects/alerts/logs/app', textPayload: 'good' }, { logName: 'x' }],
  }
  await expect(emulator.call('logging.v2', `${LOGGING}/WriteLogEntries`, request)).rejects.toThrow()
  expect((await arrived(1)).map(({ entry }) => entry.textPayload)).toEqual(['good'])
})

test('a sink that is disabled or deleted is not called', async () => {
  const emulator = await start()
  const { url, calls, arrived } = await webhook()
  await sink(emulator, url, TEXT, { name: 'off', disabled: true })
  await sink(emulator, url, TEXT, { name: 'gone' })
  await emulator.call('logging.v2', `${CONFIG}/DeleteSink`, { sinkName: 'projects/alerts/sinks/gone' })
  await write(emulator, { textPayload: 'unheard' })
  await sink(emulator, url, TEXT, { name: 'on' })
  await write(emulator, { textPayload: 'heard' })
  await arrived(1)
  expect(calls.map(({ entry }) => entry.textPayload)).toEqual(['heard'])
})

test('a webhook that refuses, or is not there, is logged and keeps nothing from being written', async () => {
  const warnings: any[] = []
  const log = { debug() {}, info() {}, warn: (...line: unknown[]) => void warnings.push(line), error: console.error }
  const emulator = await start({ log })
  const refusing = await webhook((response) => void response.writeHead(503).end())
  await sink(emulator, refusing.url, TEXT, { name: 'refusing' })
  await sink(emulator, 'http://127.0.0.1:1/', TEXT, { name: 'absent' })
  await write(emulator, { textPayload: 'kept' })
  await refusing.arrived(1)
  await expect.poll(() => warnings.length).toBe(2)
  expect(warnings).toContainEqual([{ url: refusing.url, status: 503 }, 'a webhook has refused a log entry'])
  expect(warnings).toContainEqual([{ url: 'http://127.0.0.1:1/', err: expect.any(Error) }, 'a log entry was not delivered'])
  const { entries } = await emulator.call('logging.v2', `${LOGGING}/ListLogEntries`, {
    resourceNames: ['projects/alerts'],
    filter: TEXT,
  })
  expect(entries).toHaveLength(1)
  expect(refusing.calls).toHaveLength(1)
})

test('a redirection is not followed', async () => {
  const emulator = await start()
  const target = await webhook()
  const redirecting = await webhook((response) => void response.writeHead(307, { location: target.url }).end())
  await sink(emulator, redirecting.url, 'textPayload=once', { name: 'redirecting' })
  await sink(emulator, target.url, 'textPayload=twice', { name: 'target' })
  await write(emulator, { textPayload: 'once' })
  await redirecting.arrived(1)
  await write(emulator, { textPayload: 'twice' })
  expect((await target.arrived(1)).map(({ entry }) => entry.textPayload)).toEqual(['twice'])
})

test('a host beside loopback is allowed by the configuration alone, and asked for again at each delivery', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const data = mkdtempSync(`${tmpdir()}/alerts-`)
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startTestEmulator({ data, webhookHosts: ['Hooks.example'] })
  await sink(first, 'https://hooks.example/x', TEXT)
  await first.close()
  const warnings: any[] = []
  const log = { debug() {}, info() {}, warn: (...line: unknown[]) => void warnings.push(line), error: console.error }
  const second = await start({ data, log })
  await expect(sink(second, 'https://hooks.example/x', TEXT, { name: 'b' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await write(second, { textPayload: 'a' })
  await expect
    .poll(() => warnings)
    .toEqual([[{ url: 'https://hooks.example/x' }, 'a log entry was not delivered: the host is not allowed']])
})

// How the program starts and ends: its first line, a taken port, a data folder, SIGTERM, reset.
import { afterEach, expect, test } from 'vitest'
import { newProject } from './attestations.ts'
import { run, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'

const running: Emulator[] = []
const start = async (...flags: string[]) => {
  const emulator = await startEmulator(...flags)
  running.push(emulator)
  return emulator
}
/** SIGTERM ends it with exit code 0. */
const stop = async (emulator: Emulator) => {
  running.splice(running.indexOf(emulator), 1)
  expect(await emulator.stop()).toBe(0)
}
afterEach(async () => {
  for (const emulator of [...running]) await stop(emulator)
})

test('it is ready as soon as it has said its URL', async () => {
  const emulator = await start('--no-seed')
  expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  for (const path of ['/_emulator/healthz', '/_emulator/readyz']) expect((await emulator.http('GET', path)).status).toBe(200)
})

test('a port that is taken is one line on stderr and exit code 1', async () => {
  const { url } = await start('--no-seed')
  const port = new URL(url).port
  const env = { ...process.env, BINAUTHZ_EMULATOR_PORT: port, BINAUTHZ_EMULATOR_LOG_LEVEL: 'warn' }
  const { code, stdout, stderr } = await run(process.execPath, [ENTRY, 'start', '--no-seed'], { cwd: ROOT, env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr.trim().split('\n')).toEqual([
    `binauthz-emulator: Port ${port} is in use: stop what listens there, or choose another with --port (0 takes a free one).`,
  ])
})

test('a wrong setting is one line on stderr and exit code 1', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [ENTRY, 'start', '--port', 'nine'], { cwd: ROOT })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe('binauthz-emulator: --port must be a number from 0 to 65535, not "nine".\n')
})

test('with a data folder everything is there after a restart; without one nothing is', async () => {
  const note = `/v1/projects/${newProject()}/notes`
  for (const [flags, status] of [
    [['--data', temporaryFolder()], 200],
    [[], 404],
  ] as const) {
    const first = await start('--no-seed', ...flags)
    await first.call('POST', `${note}?noteId=kept`, { attestation: { hint: { humanReadableName: 'kept' } } })
    await stop(first)
    const second = await start('--no-seed', ...flags)
    expect((await second.http('GET', `${note}/kept`)).status).toBe(status)
  }
})

test('reset brings the seed back, and takes everything else away', async () => {
  const emulator = await start()
  const seeded = await emulator.call('GET', '/v1/projects/my-app-prod/attestors')
  const policy = await emulator.call('GET', '/v1/projects/my-app-prod/policy')
  await emulator.call('DELETE', `/v1/${seeded.attestors[0].name}`)
  await emulator.call('POST', '/v1/projects/my-app-prod/notes?noteId=mine', {
    attestation: { hint: { humanReadableName: 'mine' } },
  })
  await emulator.call('POST', '/_emulator/reset')
  expect(await emulator.call('GET', '/v1/projects/my-app-prod/attestors')).toEqual(seeded)
  expect(await emulator.call('GET', '/v1/projects/my-app-prod/policy')).toEqual(policy)
  expect((await emulator.http('GET', '/v1/projects/my-app-prod/notes/mine')).status).toBe(404)
})

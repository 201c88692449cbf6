// Data of an older schema: the newest commit whose migrations are others is built and run, and this emulator goes on with what it wrote.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Acknowledged, acknowledgedIn, losses, startWriter } from './acknowledged.ts'
import { run, succeed, temporaryFolder } from './commands.ts'
import { ROOT, startEmulator } from './emulator.ts'

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 27, stdio: ['ignore', 'pipe', 'ignore'] })

const isMigration = (file: string) => /\/migrations\/[^/]+\.sql$/.test(file)

const migrationsOf = (commit: string) =>
  git('ls-tree', '-r', '--name-only', commit, '--', 'emulator').split('\n').filter(isMigration)

/** The newest commit with other migrations; the one before HEAD where all have these; undefined where history does not reach so far. */
function previousSchema(): string | undefined {
  try {
    const here = globSync('emulator/**/migrations/*.sql', { cwd: ROOT }).sort().join()
    const commits = git('log', '-n', '200', '--format=%H').trim().split('\n')
    return commits.find((commit) => migrationsOf(commit).sort().join() !== here) ?? commits[1]
  } catch {
    return undefined // no git, or no repository
  }
}

/** A folder with what the commit's program is made of, built; undefined where it cannot be built with the modules that are here. */
async function build(commit: string): Promise<string | undefined> {
  const folder = temporaryFolder()
  const archive = join(temporaryFolder(), 'commit.tar')
  git('archive', '--output', archive, commit)
  await succeed('tar', ['xf', archive, '-C', folder])
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const { code } = await run(process.execPath, ['build/bundle.ts'], { cwd: folder })
  return code === 0 ? folder : undefined
}

const commit = previousSchema()
const older = commit && (await build(commit))
if (!older)
  process.stderr.write(
    `${commit ? `commit ${commit} cannot be built here` : 'git has no older commit here'}: sdk-tests/schema.test.ts is skipped\n`,
  )

const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill()
})

/** What the demo seed has made, and what no writer makes. */
const SEEDED = [
  'policy',
  'attestors',
  'notes',
  'occurrences',
  'locations/europe-west2/keyRings',
  'locations/europe-west2/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1/publicKey',
  'services?filter=state:ENABLED',
].map((path) => `/v1/projects/my-app-prod/${path}`)

/** Has the value all that the other has? What came later may have more fields. */
function includes(value: any, wanted: any): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted
  return typeof value === 'object' && value !== null && Object.keys(wanted).every((key) => includes(value[key], wanted[key]))
}

const data = temporaryFolder()
const acknowledged: Acknowledged[] = []

beforeAll(async () => {
  if (!older) return
  const child = spawn(
    process.execPath,
    ['bin/binauthz-emulator.js', 'start', '--port', '0', '--log-level', 'warn', '--data', data],
    {
      cwd: older,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.push(child)
  const ended = once(child, 'close')
  const [url] = await Promise.race([once(createInterface(child.stdout!), 'line'), ended])
  expect(url).toMatch(/^http:/)
  const file = join(temporaryFolder(), 'acknowledged')
  const writer = startWriter(url, file, 'older')
  const silent = once(writer, 'close')
  while (acknowledgedIn(file).length < 500 && writer.exitCode === null) await sleep(20)
  for (const get of SEEDED) acknowledged.push({ get, content: await (await fetch(url + get)).json() })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(await silent).toEqual([0, null])
  acknowledged.push(...acknowledgedIn(file))
})

test.skipIf(!older)('what the emulator of an older schema has written is all there, and this one goes on with it', async () => {
  expect(acknowledged.length).toBeGreaterThan(500)
  // decisions came before the logs that keep them now, and these begin empty
  const hadLogs = migrationsOf(commit!).some((file) => file.includes('/logging/'))
  const wanted = acknowledged.filter(({ decision }) => !decision || hadLogs)
  const emulator = await startEmulator('--data', data)
  expect(await losses(emulator, wanted, includes)).toEqual([])

  const file = join(temporaryFolder(), 'acknowledged')
  const writer = startWriter(emulator.url, file, 'newer')
  const silent = once(writer, 'close')
  while (acknowledgedIn(file).length < 500 && writer.exitCode === null) await sleep(20)
  expect(await emulator.stop()).toBe(0)
  expect(await silent).toEqual([0, null])

  const again = await startEmulator('--data', data)
  expect(await losses(again, wanted, includes)).toEqual([])
  expect(await losses(again, acknowledgedIn(file))).toEqual([])
  expect(await again.stop()).toBe(0)
})

test.skipIf(!older)('a migration stays as it was committed: data that has it already would not get the change', () => {
  for (const file of migrationsOf(commit!))
    expect(readFileSync(join(ROOT, file), 'utf8'), file).toBe(git('show', `${commit}:${file}`))
})

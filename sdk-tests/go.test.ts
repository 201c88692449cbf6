// Google's client libraries for Go (https://cloud.google.com/go/docs/reference): each test of go/, in each of the ways in which they get to
// the emulator. The tests are compiled before, with the environment of the machine: taken over, Go would find no modules.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { userEnvironment, WAYS, type Way } from './ways.ts'

const FOLDER = join(ROOT, 'sdk-tests/go')

/** A Go that is too old for go.mod does not say its version: it says so, as it is not to fetch another one. */
const local = { cwd: FOLDER, env: { ...process.env, GOTOOLCHAIN: 'local' } }
const found = (await run('go', ['list', '-m'], local).catch(() => ({ code: 1 }))).code === 0
if (!found)
  process.stderr.write(
    "go, as new as sdk-tests/go/go.mod asks for, is not on the PATH: the suite of Google's Go SDK is skipped\n",
  )

const binary = join(temporaryFolder(), 'sdk.test')

/** The names of the tests in the compiled program. */
async function compile(): Promise<string[]> {
  await succeed('go', ['test', '-c', '-o', binary, '.'], local)
  return (await succeed(binary, ['-test.list', '^Test'])).stdout.trim().split('\n')
}

const NAMES = found ? await compile() : []

/** `TestTheIAMPolicyOfANote` → `the IAM policy of a note`. */
const sentence = (name: string) =>
  name
    .slice('Test'.length)
    .replace(/[A-Z][a-z]+(?:\d\w*)?|[A-Z]+\d*(?![a-z])/g, (word) => ` ${/^[A-Z]{2,}/.test(word) ? word : word.toLowerCase()}`)
    .trim()

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const environments = new Map<Way, Promise<NodeJS.ProcessEnv>>()

function environmentFor(way: Way) {
  const environment = environments.get(way) ?? way.environment(emulator, 'go')
  environments.set(way, environment)
  return environment
}

const CASES = WAYS.flatMap((way) =>
  NAMES.filter((name) => way.hasCredentials || !name.includes('Credentials')).map(
    (name) => [way.title, sentence(name), way, name] as const,
  ),
)

test.skipIf(!found)('the tests of every way are found', () => {
  expect(CASES.length).toBeGreaterThan(WAYS.length * 20)
})

test.each(CASES)('%s: %s', async (_way, _title, way, name) => {
  const { stdout } = await succeed(binary, ['-test.v', '-test.run', `^${name}$`], { env: await environmentFor(way) })
  expect(stdout).toContain(`--- PASS: ${name}`)
})

test.skipIf(!found)('exec takes over a program whose clients are unmodified', async () => {
  const name = NAMES.find((name) => name.startsWith('TestAnImageThatIsSignedAsByTheSignerOfKritis'))
  const args = ['exec', '--client', 'go', '--url', emulator.url, '--', binary, '-test.v', '-test.run', `^${name}$`]
  const { stdout } = await succeed(process.execPath, [join(ROOT, ENTRY), ...args], { env: userEnvironment() })
  expect(stdout).toContain(`--- PASS: ${name}`)
})

// Google's client libraries for Python (https://cloud.google.com/python/docs/reference): each scenario of python/scenarios, in each of the
// ways in which they get to the emulator.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { succeed } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { FOLDER, hasPython, virtualEnvironment } from './python/install.ts'
import { userEnvironment, WAYS, type Way } from './ways.ts'

const MAIN = join(FOLDER, 'main.py')

const found = await hasPython()
if (!found)
  process.stderr.write("python3 (3.10 or later, with venv) is not on the PATH: the suite of Google's Python SDK is skipped\n")

interface Scenario {
  name: string
  title: string
}

const python = found ? await virtualEnvironment() : ''
const SCENARIOS: Scenario[] = found
  ? (await succeed(python, ['-B', MAIN, '--list'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  for (const interpreter of interpreters.values()) await (await interpreter).end()
  expect(await emulator.stop()).toBe(0)
})

/** An interpreter that runs one scenario after the other: to load the libraries takes longer than most of them do. */
async function startInterpreter(way: Way) {
  const env = await way.environment(emulator, 'python')
  const child = spawn(python, ['-B', MAIN], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const exit = once(child, 'close')
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    /** Rejects with Python's traceback. */
    async run(name: string) {
      child.stdin.write(`${name}\n`)
      for (;;) {
        const { value, done } = await answers.next()
        if (done) throw new Error(`Python has ended:\n${log}`)
        const answer: { name: string; error: string | null } = JSON.parse(value)
        if (answer.name !== name) continue // of one that had run out of time
        if (answer.error !== null) throw new Error(answer.error)
        return
      }
    },
    async end() {
      child.stdin.end()
      await exit
    },
  }
}

const interpreters = new Map<Way, ReturnType<typeof startInterpreter>>()

function interpreterFor(way: Way) {
  const interpreter = interpreters.get(way) ?? startInterpreter(way)
  interpreters.set(way, interpreter)
  return interpreter
}

const CASES = WAYS.flatMap((way) =>
  SCENARIOS.filter(({ name }) => way.hasCredentials || !name.startsWith('credentials.')).map(
    ({ name, title }) => [way.title, title, way, name] as const,
  ),
)

test.skipIf(!found)('the scenarios of every way are found', () => {
  expect(CASES.length).toBeGreaterThan(WAYS.length * 20)
})

test.each(CASES)('%s: %s', async (_way, _title, way, name) => {
  await (await interpreterFor(way)).run(name)
})

test.skipIf(!found)('exec takes over a program whose clients are unmodified', async () => {
  const args = ['exec', '--client', 'python', '--url', emulator.url, '--', python, '-B', MAIN]
  const input = 'pipeline.admission\ncredentials.application_default\n'
  const { stdout } = await succeed(process.execPath, [join(ROOT, ENTRY), ...args], { input, env: userEnvironment() })
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error),
  ).toEqual([null, null])
})

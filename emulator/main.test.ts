import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { commandLine, refusal } from './testing/command-line.ts'

const BIN = fileURLToPath(new URL('../bin/binauthz-emulator.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'main-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { run, start } = commandLine(folder)

const getJson = async (url: string) => (await fetch(url)).json() as Promise<any>

test('the first line on stdout is the URL alone, logs are on stderr, and SIGTERM ends it with exit code 0', async () => {
  const { url, end, output } = await start(['start', '--port', '0'])
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await getJson(`${url}/_emulator/readyz`)).toEqual({ status: 'READY' })
  expect(await end('SIGTERM')).toBe(0)
  const { stdout, stderr } = await output
  expect(stdout).toBe('')
  expect(JSON.parse(stderr)).toMatchObject({ level: 'info', message: 'ready', data: 'in memory', seed: 'demo' })
})

test('start is what happens without a command, and settings come from the environment too', async () => {
  const { url, end, output } = await start(['--log-level', 'silent'], {
    BINAUTHZ_EMULATOR_PORT: '0',
    BINAUTHZ_EMULATOR_HOST: '::1',
    BINAUTHZ_EMULATOR_PROJECT: 'team-blue',
    BINAUTHZ_EMULATOR_LOG_LEVEL: 'debug',
  })
  expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  expect((await getJson(`${url}/v1/projects/team-blue/attestors`)).attestors).toHaveLength(1)
  expect(await end('SIGINT')).toBe(0)
  expect(await output).toEqual({ stdout: '', stderr: '' })
})

test('a port that is taken is one line and exit code 1', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  expect(await run(['--no-seed', '--port', String(port)])).toEqual(
    refusal(`Port ${port} is in use: stop what listens there, or choose another with --port (0 takes a free one).`),
  )
})

test('an address that is not of this machine is one line and exit code 1', async () => {
  expect(await run(['--no-seed', '--port', '0', '--host', '192.0.2.1'])).toEqual(
    refusal(
      /^binauthz-emulator: Cannot listen on 192\.0\.2\.1:0 \(.*EADDRNOTAVAIL.*\): choose others with --host and --port\.\n$/,
    ),
  )
})

test.each([
  [['--prot', '0'], "Unknown option '--prot': see binauthz-emulator --help."],
  [['stop'], 'There is no command "stop": see binauthz-emulator --help.'],
  [['--port', 'http'], '--port must be a number from 0 to 65535, not "http".'],
  [['start', '--shell', 'sh'], "start has no option '--shell': see binauthz-emulator --help."],
  [['env', '--no-seed'], "env has no option '--no-seed': see binauthz-emulator --help."],
  [['exec', '--unset', '--', 'true'], "exec has no option '--unset': see binauthz-emulator --help."],
  [['env', '--', 'true'], "env takes no command after '--': see binauthz-emulator --help."],
  [['exec', 'gcloud'], "exec needs '--' before its command: see binauthz-emulator --help."],
  [['exec', '--'], 'exec needs a command after "--": see binauthz-emulator --help.'],
  [['env', '--shell', 'fish'], '--shell must be one of sh, powershell, json, not "fish".'],
  [['exec', '--mode', 'tls', '--', 'true'], '--mode must be one of direct, proxy, takeover, not "tls".'],
])('a wrong command line is one line and exit code 1: %j', async (args, sentence) => {
  expect(await run(args)).toEqual(refusal(sentence))
})

test('--help names every flag and environment variable, --version the version of the package', async () => {
  const { version } = (await import('../package.json', { with: { type: 'json' } })).default
  expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  const { status, stdout, stderr } = await run(['start', '--help'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const settings = [
    'HOST',
    'PORT',
    'DATA',
    'SEED',
    'NO_SEED',
    'PROJECT',
    'STRICT_PROJECTS',
    'MAX_LOG_ENTRIES',
    'LOG_LEVEL',
    'LENIENT',
  ]
  for (const name of [...settings, 'CERT', 'KEY', 'SAN', 'ENDPOINTS_FILE', 'URL', 'CLIENT', 'MODE', 'FORCE', 'SHELL']) {
    const flag = `--${name.toLowerCase().replaceAll('_', '-')}`
    expect(stdout.split('\n')).toContainEqual(expect.stringMatching(`^  ${flag} .* BINAUTHZ_EMULATOR_${name}$`))
  }
})

test('a mistake in the seed is one line and exit code 1, and nothing listens', async () => {
  const seed = join(folder, 'seed.yaml')
  writeFileSync(seed, 'projects:\n  my-app-prod:\n    polcy: {}\n')
  expect(await run(['--port', '0', '--seed', seed])).toEqual(
    refusal(/^binauthz-emulator: .*seed\.yaml:3: projects\.my-app-prod\.polcy: unknown key "polcy"; known here: .*\.\n$/),
  )
})

test('a folder that another emulator uses, that has newer data or can hold none is one line and exit code 1', async () => {
  const data = join(folder, 'in-use')
  const args = ['--no-seed', '--port', '0', '--data', data]
  const { end } = await start(args)
  expect(await run(args)).toEqual(
    refusal(`The data in ${data} is in use by another emulator. Stop it, or give another folder with --data.`),
  )
  await end('SIGTERM')

  const db = new Database(join(data, 'emulator.sqlite'))
  db.prepare("INSERT INTO migrations VALUES ('kms', '999-later.sql')").run()
  db.close()
  expect(await run(args)).toEqual(
    refusal(
      'The data was written by a newer version of binauthz-emulator (it has kms/999-later.sql): update, or give another folder with --data.',
    ),
  )

  writeFileSync(join(data, 'emulator.sqlite'), 'not a database, but long enough to be read as one'.repeat(100))
  const sentence = (path: string) =>
    new RegExp(`^binauthz-emulator: The data in ${path} cannot be opened \\(.*\\): give another folder .*\\n$`)
  expect(await run(args)).toEqual(refusal(sentence(data)))
  const file = join(folder, 'seed.yaml')
  writeFileSync(file, '')
  expect(await run(['--no-seed', '--port', '0', '--data', file])).toEqual(refusal(sentence(file)))
})

test('what was acknowledged before a kill -9 is there after the next start', async () => {
  const args = ['--no-seed', '--port', '0', '--data', join(folder, 'killed')]
  const { url, end } = await start(args)
  const parent = 'v1/projects/my-app-prod/locations/global/keyRings'
  const acknowledged: string[] = []
  async function write(worker: number) {
    for (let i = 0; ; i++) {
      const answer = await fetch(`${url}/${parent}?keyRingId=ring-${worker}-${i}`, { method: 'POST', body: '{}' })
      acknowledged.push(((await answer.json()) as { name: string }).name)
    }
  }
  const writers = Promise.allSettled([0, 1, 2, 3].map(write))
  await expect.poll(() => acknowledged.length).toBeGreaterThan(200)
  expect(await end('SIGKILL')).toBe(null)
  await writers
  const again = await start(args)
  const stored = new Set<string>()
  for (let pageToken = ''; ; ) {
    const page = await getJson(`${again.url}/${parent}?pageSize=1000&pageToken=${encodeURIComponent(pageToken)}`)
    for (const { name } of page.keyRings) stored.add(name)
    if (!page.nextPageToken) break
    pageToken = page.nextPageToken
  }
  expect(acknowledged.filter((name) => !stored.has(name))).toEqual([])
  await again.end('SIGTERM')
  expect(JSON.parse((await again.output).stderr)).toMatchObject({ message: 'ready', seedAtReset: 'none' })
})

test('an older Node is refused in one line before anything is loaded', () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${older}`, BIN], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(
    /^binauthz-emulator needs Node 22 or newer, this is v.*: run it by npm start in its folder, or update Node\.\n$/,
  )
})

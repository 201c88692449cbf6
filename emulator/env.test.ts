import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { environmentOf, gcloudFolder, setEnvironment, unsetEnvironment, type Wiring } from './env.ts'
import { commandLine, refusal } from './testing/command-line.ts'
import { startTestEmulator, type TestEmulator } from './testing/emulator.ts'

const folder = mkdtempSync(join(tmpdir(), 'env-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { run } = commandLine(folder)

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const wiring: Wiring = { url: 'http://127.0.0.1:9080', project: 'my-app-prod', mode: 'proxy', folder: '/tmp/gcloud' }

/** The environment that a shell has after each of the scripts. Only what is exported counts, as for gcloud. */
function environmentAfter(shell: string, env: NodeJS.ProcessEnv, ...scripts: string[]): Record<string, string> {
  const print = `${JSON.stringify(process.execPath)} -p 'JSON.stringify(process.env)'`
  const output = execFileSync(shell, ['-euc', [...scripts, print].join('\n')], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { _, PWD, OLDPWD, SHLVL, ...variables } = JSON.parse(output)
  return variables
}

const routes: Record<string, { hosts: string[] }> = JSON.parse(
  readFileSync(new URL('./gen/routes.json', import.meta.url), 'utf8'),
)

test('in proxy mode every emulated API keeps its host name, and the emulator is the proxy', () => {
  const variables = environmentOf({ ...wiring, url: 'http://emulator:8000' }, {})
  for (const [api, { hosts }] of Object.entries(routes))
    expect(variables[`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.split('.')[0]!.toUpperCase()}`]).toBe(`http://${hosts[0]}/`)
  expect(variables).toMatchObject({
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: 'http://run.googleapis.com/',
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: 'emulator',
    CLOUDSDK_PROXY_PORT: '8000',
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: 'my-app-prod',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CONFIG: '/tmp/gcloud',
    BINAUTHZ_EMULATOR_URL: 'http://emulator:8000',
    NO_PROXY: 'emulator,127.0.0.1,localhost',
    no_proxy: 'emulator,127.0.0.1,localhost',
  })
  expect(environmentOf({ ...wiring, url: 'http://[::1]:8000' }, {})).toMatchObject({
    CLOUDSDK_PROXY_ADDRESS: '[::1]',
    NO_PROXY: '::1,127.0.0.1,localhost',
  })
  expect(environmentOf({ ...wiring, url: 'http://emulator' }, {}).CLOUDSDK_PROXY_PORT).toBe('80')
})

test('in direct mode every API is at the emulator, and a proxy is not used', () => {
  const variables = environmentOf({ ...wiring, mode: 'direct' }, { CLOUDSDK_PROXY_TYPE: 'http' })
  const overrides = Object.entries(variables).filter(([name]) => name.startsWith('CLOUDSDK_API_ENDPOINT_OVERRIDES_'))
  expect(overrides.length).toBeGreaterThan(20)
  for (const [, value] of overrides) expect(value).toBe('http://127.0.0.1:9080/')
  expect(variables).toMatchObject({ CLOUDSDK_PROXY_TYPE: undefined, CLOUDSDK_PROXY_ADDRESS: undefined })
})

test('what would send gcloud elsewhere, give it an identity or stop it is not set; what is harmless stays', () => {
  const inherited = Object.fromEntries(
    [
      ...['CLOUDSDK_AUTH_ACCESS_TOKEN', 'CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE', 'CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT'],
      ...['CLOUDSDK_PROXY_USERNAME', 'CLOUDSDK_PROXY_RDNS', 'CLOUDSDK_API_ENDPOINT_OVERRIDES_DNS', 'CLOUDSDK_CORE_ACCOUNT'],
      ...['CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE', 'CLOUDSDK_ACTIVE_CONFIG_NAME', 'CLOUDSDK_CORE_UNIVERSE_DOMAIN'],
      ...['CLOUDSDK_BILLING_QUOTA_PROJECT', 'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE'],
    ].map((name) => [name, 'x']),
  )
  const harmless = [
    'CLOUDSDK_COMPUTE_REGION',
    'CLOUDSDK_CORE_VERBOSITY',
    'CLOUDSDK_PYTHON',
    'SSL_CERT_FILE',
    'REQUESTS_CA_BUNDLE',
  ]
  const variables = environmentOf(wiring, { ...inherited, ...Object.fromEntries(harmless.map((name) => [name, 'x'])) })
  for (const name of Object.keys(inherited)) expect([name, name in variables, variables[name]]).toEqual([name, true, undefined])
  for (const name of harmless) expect(variables).not.toHaveProperty(name)
})

test('NO_PROXY keeps what is in it', () => {
  const { NO_PROXY, no_proxy } = environmentOf(wiring, { NO_PROXY: 'a.example, b.example', no_proxy: 'b.example c.example' })
  expect(NO_PROXY).toBe('a.example,b.example,c.example,127.0.0.1,localhost')
  expect(no_proxy).toBe(NO_PROXY)
})

const odd = `it's "a" $HOME \`id\` \\ \n; echo oops`

test.each(['sh', 'bash'])(
  '%s has the variables after eval, whatever characters are in them, and loses them after --unset',
  (shell) => {
    const before = { PATH: process.env.PATH!, CLOUDSDK_CORE_PROJECT: odd, CLOUDSDK_AUTH_ACCESS_TOKEN: `${odd}2`, KEPT: odd }
    const set = setEnvironment({ ...wiring, project: odd, folder: odd }, 'sh', before)
    const inside = environmentAfter(shell, before, set)
    expect(inside).toMatchObject({ CLOUDSDK_CORE_PROJECT: odd, CLOUDSDK_CONFIG: odd, KEPT: odd, CLOUDSDK_PROXY_PORT: '9080' })
    expect(inside).not.toHaveProperty('CLOUDSDK_AUTH_ACCESS_TOKEN')
    expect(environmentAfter(shell, before, set, unsetEnvironment('sh', inside))).toEqual(before)
  },
)

test('evaluated twice, for two emulators, it is still the first state that --unset brings back', () => {
  const before = { PATH: process.env.PATH!, CLOUDSDK_CORE_PROJECT: 'mine', CLOUDSDK_PROXY_TYPE: 'socks5' }
  const first = environmentAfter('sh', before, setEnvironment({ ...wiring, mode: 'direct' }, 'sh', before))
  const second = environmentAfter('sh', first, setEnvironment({ ...wiring, url: 'http://other:1' }, 'sh', first))
  expect(first).not.toHaveProperty('CLOUDSDK_PROXY_TYPE')
  expect(second).toMatchObject({ CLOUDSDK_PROXY_TYPE: 'http', BINAUTHZ_EMULATOR_URL: 'http://other:1' })
  expect(environmentAfter('sh', second, unsetEnvironment('sh', second))).toEqual(before)
})

test('no value that was set before is printed', () => {
  const before = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'hunter2', CLOUDSDK_CORE_PROJECT: 'hunter2' }
  for (const shell of ['sh', 'powershell', 'json'] as const)
    expect(setEnvironment(wiring, shell, before)).not.toContain('hunter2')
})

test('the name of a variable is never a command', () => {
  const before = { 'CLOUDSDK_AUTH_X;touch oops': '1', BINAUTHZ_EMULATOR_ENV: 'PATH;id $(id)' }
  expect(setEnvironment(wiring, 'sh', before)).not.toMatch(/oops|\$\(id\)/)
  expect(unsetEnvironment('sh', before)).toMatch(/^# Nothing to take back/)
})

test('PowerShell gets its own statements, with its own quotes', () => {
  const before = { CLOUDSDK_CORE_PROJECT: 'mine', CLOUDSDK_AUTH_ACCESS_TOKEN: 'token' }
  const lines = setEnvironment({ ...wiring, project: "it's ‘$x’" }, 'powershell', before).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      '$env:BINAUTHZ_EMULATOR_BEFORE_CLOUDSDK_CORE_PROJECT = $env:CLOUDSDK_CORE_PROJECT',
      "$env:CLOUDSDK_CORE_PROJECT = 'it''s ‘‘$x’’'",
      'Remove-Item Env:CLOUDSDK_AUTH_ACCESS_TOKEN -ErrorAction SilentlyContinue',
    ]),
  )
  const inside = {
    BINAUTHZ_EMULATOR_ENV: 'CLOUDSDK_CORE_PROJECT CLOUDSDK_CONFIG',
    BINAUTHZ_EMULATOR_BEFORE_CLOUDSDK_CORE_PROJECT: 'mine',
  }
  expect(unsetEnvironment('powershell', inside).trim().split('\n')).toEqual([
    '$env:CLOUDSDK_CORE_PROJECT = $env:BINAUTHZ_EMULATOR_BEFORE_CLOUDSDK_CORE_PROJECT',
    'Remove-Item Env:CLOUDSDK_CONFIG -ErrorAction SilentlyContinue',
    'Remove-Item Env:BINAUTHZ_EMULATOR_BEFORE_CLOUDSDK_CORE_PROJECT -ErrorAction SilentlyContinue',
    'Remove-Item Env:BINAUTHZ_EMULATOR_ENV -ErrorAction SilentlyContinue',
  ])
})

test('as JSON it is one object, with null for what must not be set', () => {
  const json = JSON.parse(setEnvironment(wiring, 'json', { CLOUDSDK_AUTH_ACCESS_TOKEN: 'token' }))
  expect(json).toMatchObject({ CLOUDSDK_AUTH_ACCESS_TOKEN: null, CLOUDSDK_PROXY_PORT: '9080' })
  const inside = { BINAUTHZ_EMULATOR_ENV: 'A B', BINAUTHZ_EMULATOR_BEFORE_A: '1' }
  expect(JSON.parse(unsetEnvironment('json', inside))).toEqual({
    ...{ A: '1', B: null, BINAUTHZ_EMULATOR_BEFORE_A: null, BINAUTHZ_EMULATOR_ENV: null },
  })
  expect(JSON.parse(unsetEnvironment('json', {}))).toEqual({})
})

test("gcloud's folder is in the user's cache", () => {
  expect(gcloudFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/binauthz-emulator/gcloud')
  expect(gcloudFolder({})).toMatch(/\/\.cache\/binauthz-emulator\/gcloud$/)
})

/** The URL that `env` has chosen. */
async function chosen(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await run(['env', '--shell', 'json', ...args], env)
  return stderr || JSON.parse(stdout).BINAUTHZ_EMULATOR_URL
}

async function listening<T extends Server>(server: T): Promise<number> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A port where nothing listens. */
async function freePort(): Promise<number> {
  const server = createTcpServer()
  const port = await listening(server)
  server.close()
  await once(server, 'close')
  return port
}

const imitation: RequestListener = (_, response) => void response.end('{"status": "READY"}')
const fileFor = (name: string, endpoints: object) => {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify({ pid: process.pid, project: 'of-the-file', caFile: null, ...endpoints }))
  onTestFinished(() => rmSync(file))
  return file
}

test('which emulator: --url, then --endpoints-file, then the address that is given, then the file of the user', async () => {
  const [given, ofUser] = [await listening(createServer(imitation)), await listening(createServer(imitation))]
  const file = fileFor('given.json', { url: `http://127.0.0.1:${given}` })
  fileFor(`binauthz-emulator-${process.getuid!()}.json`, { url: `http://127.0.0.1:${ofUser}` })
  const { port } = new URL(emulator.url)
  const nowhere = { BINAUTHZ_EMULATOR_URL: `http://127.0.0.1:${await freePort()}` }
  expect(
    await Promise.all([
      chosen([`--url=${emulator.url}/`, `--endpoints-file=${file}`], nowhere),
      chosen(['--endpoints-file', file, '--port', port]),
      chosen(['--port', port]),
      chosen([], { BINAUTHZ_EMULATOR_PORT: port, BINAUTHZ_EMULATOR_HOST: '0.0.0.0' }),
      chosen([]),
    ]),
  ).toEqual([emulator.url, `http://127.0.0.1:${given}`, emulator.url, emulator.url, `http://127.0.0.1:${ofUser}`])
  const { stdout } = await run(['env', '--shell=json', '--endpoints-file', file])
  expect(JSON.parse(stdout).CLOUDSDK_CORE_PROJECT).toBe('of-the-file')
})

test('a file of the user that tells of an emulator which does not answer any more is passed over', async () => {
  fileFor(`binauthz-emulator-${process.getuid!()}.json`, { url: `http://127.0.0.1:${await freePort()}` })
  const { stderr } = await run(['env', '--shell=json'])
  expect(stderr).toMatch(/^(binauthz-emulator: No emulator answers at http:\/\/127\.0\.0\.1:9080: .*\n)?$/)
})

test('where nothing listens, or something else, it is one line and exit code 1', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const none = (advice: string) => refusal(`No emulator answers at ${url}: ${advice}, or name another with --url.`)
  expect(await run(['env', '--port', String(port)])).toEqual(none('start one'))
  expect(await run(['env', '--url', url])).toEqual(none('start one there'))
  const file = fileFor('dead.json', { url })
  expect(await run(['env', '--endpoints-file', file])).toEqual(none(`it is the one that ${file} names`))
  const ended = fileFor('ended.json', { url: emulator.url, pid: 999_999_999 })
  expect(await run(['env', '--endpoints-file', ended])).toEqual(
    refusal(`No running emulator has written ${ended}: start one with this --endpoints-file, or name another with --url.`),
  )

  const others = [
    createServer((_, response) => void response.end('<html>')),
    createServer((_, response) => void response.writeHead(404).end('{"status": "NOT READY"}')),
    createTcpServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n')),
  ]
  for (const other of others) {
    const url = `http://127.0.0.1:${await listening(other)}`
    expect(await run(['env', '--url', url])).toEqual(
      refusal(`What answers at ${url} is no binauthz-emulator: name one with --url.`),
    )
  }
})

test('--unset needs no emulator', async () => {
  const env = { BINAUTHZ_EMULATOR_ENV: 'CLOUDSDK_CONFIG', BINAUTHZ_EMULATOR_URL: 'http://127.0.0.1:1' }
  expect(await run(['env', '--unset'], env)).toEqual({
    status: 0,
    stdout: 'unset CLOUDSDK_CONFIG\nunset BINAUTHZ_EMULATOR_ENV\n',
    stderr: '',
  })
})

test('what env prints is evaluated by a shell as it stands, and nothing in it is run', async () => {
  const project = `p'; touch ${join(folder, 'oops')}; '`
  const { status, stdout } = await run(['env', '--url', emulator.url, '--project', project])
  expect(status).toBe(0)
  expect(stdout).toMatch(new RegExp(`^# gcloud asks the emulator at ${emulator.url}\\.`))
  expect(environmentAfter('sh', { PATH: process.env.PATH }, stdout).CLOUDSDK_CORE_PROJECT).toBe(project)
  expect(existsSync(join(folder, 'oops'))).toBe(false)
})

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CLIENTS, MODES } from './config-settings.ts'
import { environmentOf, refuseCredentials, setEnvironment, unsetEnvironment } from './env.ts'
import { choose, type Wiring } from './env-clients.ts'
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

type Choice = Parameters<typeof choose>[0]

const wiringFor = (choice: Choice, url = 'http://127.0.0.1:9080'): Wiring => ({
  ...choose(choice),
  ...{
    url,
    project: 'my-app-prod',
    gcloudFolder: '/tmp/gcloud',
    caFile: '/tmp/ca.pem',
    keyFile: '/tmp/binauthz-emulator-key-1.json',
  },
})
const wiring = wiringFor({ client: ['gcloud'] })

/** The environment that a shell has after each of the scripts. Only what is exported counts, as for gcloud. */
function environmentAfter(shell: string, env: NodeJS.ProcessEnv, ...scripts: string[]): Record<string, string> {
  const output = execFileSync(shell, ['-euc', [...scripts, 'env -0'].join('\n')], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = output.split('\0').filter(Boolean)
  const all = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  const { _, PWD, OLDPWD, SHLVL, ...variables } = all
  return variables
}

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
    const set = setEnvironment({ ...wiring, project: odd, gcloudFolder: odd }, 'sh', before)
    const inside = environmentAfter(shell, before, set)
    expect(inside).toMatchObject({ CLOUDSDK_CORE_PROJECT: odd, CLOUDSDK_CONFIG: odd, KEPT: odd, CLOUDSDK_PROXY_PORT: '9080' })
    expect(inside).not.toHaveProperty('CLOUDSDK_AUTH_ACCESS_TOKEN')
    expect(environmentAfter(shell, before, set, unsetEnvironment('sh', inside))).toEqual(before)
  },
)

test('evaluated twice, for two emulators, it is still the first state that --unset brings back', () => {
  const before = { PATH: process.env.PATH!, CLOUDSDK_CORE_PROJECT: 'mine', CLOUDSDK_PROXY_TYPE: 'socks5' }
  const first = environmentAfter('sh', before, setEnvironment(wiringFor({ client: ['gcloud'], mode: 'direct' }), 'sh', before))
  const second = environmentAfter('sh', first, setEnvironment({ ...wiring, url: 'http://other:1' }, 'sh', first))
  expect(first).not.toHaveProperty('CLOUDSDK_PROXY_TYPE')
  expect(second).toMatchObject({ CLOUDSDK_PROXY_TYPE: 'http', BINAUTHZ_EMULATOR_URL: 'http://other:1' })
  expect(environmentAfter('sh', second, unsetEnvironment('sh', second))).toEqual(before)
})

test.each(['/real/key.json', 'C:\\real\\key.json'])('real credentials stop it, by name and never by value: %s', (value) => {
  const inherited = { GOOGLE_APPLICATION_CREDENTIALS: value, CLOUDSDK_AUTH_ACCESS_TOKEN: 'hunter2', GOOGLE_API_KEY: '' }
  expect(() => refuseCredentials(inherited, false)).toThrow(
    /^There are real credentials in the environment \(GOOGLE_APPLICATION_CREDENTIALS, CLOUDSDK_AUTH_ACCESS_TOKEN\): unset them, or set them aside with --force\.$/,
  )
  expect(() => refuseCredentials(inherited, true)).not.toThrow()
})

test('credentials that this program has given are no real ones', () => {
  for (const client of ['node', 'terraform', 'all'] as const) {
    const inside = environmentOf(wiringFor({ client: client === 'all' ? client : [client] }), {})
    expect(() => refuseCredentials(inside, false), client).not.toThrow()
  }
})

test.each([
  ...['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CREDENTIALS', 'GOOGLE_BACKEND_CREDENTIALS', 'GOOGLE_CLOUD_KEYFILE_JSON'],
  ...['GCLOUD_KEYFILE_JSON', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_API_KEY', 'CLOUDSDK_AUTH_ACCESS_TOKEN'],
  ...['CLOUDSDK_AUTH_ACCESS_TOKEN_FILE', 'CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE'],
])('%s is set aside for every client, unless the client has its own, and brought back by --unset', (name) => {
  const before = { PATH: process.env.PATH!, [name]: odd }
  expect(() => refuseCredentials(before, false)).toThrow(name)
  for (const client of CLIENTS) {
    const set = setEnvironment(wiringFor({ client: [client] }), 'sh', before)
    const inside = environmentAfter('sh', before, set)
    expect(() => refuseCredentials(inside, false), client).not.toThrow()
    expect(environmentAfter('sh', inside, setEnvironment(wiringFor({ client: [client] }), 'sh', inside)), client).toEqual(inside)
    expect(environmentAfter('sh', inside, unsetEnvironment('sh', inside)), client).toEqual(before)
  }
})

test('real credentials that come after env has been evaluated stop it too, and are kept where they are set aside', () => {
  const start = { PATH: process.env.PATH! }
  const inside = environmentAfter('sh', start, setEnvironment(wiringFor({ client: ['go'] }), 'sh', start))
  const mixed = { ...inside, GOOGLE_APPLICATION_CREDENTIALS: '/real.json' }
  expect(() => refuseCredentials(mixed, false)).toThrow('GOOGLE_APPLICATION_CREDENTIALS')
  const again = environmentAfter('sh', mixed, setEnvironment(wiringFor({ client: ['go'] }), 'sh', mixed))
  expect(again.GOOGLE_APPLICATION_CREDENTIALS).toBe('/tmp/binauthz-emulator-key-1.json')
  const after = environmentAfter('sh', again, unsetEnvironment('sh', again))
  expect(after).toEqual({ ...start, GOOGLE_APPLICATION_CREDENTIALS: '/real.json' })
})

test('evaluated for other clients, it takes back what it did for the first ones', () => {
  const before = {
    PATH: process.env.PATH!,
    SSL_CERT_FILE: '/yours.pem',
    ALL_PROXY: 'socks5://yours',
    NO_PROXY: '.googleapis.com,a.example',
  }
  const first = environmentAfter(
    'sh',
    before,
    setEnvironment(wiringFor({ client: ['go', 'gcloud'], mode: 'takeover' }), 'sh', before),
  )
  expect(first).toMatchObject({ SSL_CERT_FILE: '/tmp/ca.pem', NO_PROXY: 'a.example,127.0.0.1,localhost' })
  expect(first).not.toHaveProperty('ALL_PROXY')
  const second = environmentAfter('sh', first, setEnvironment(wiringFor({ client: ['terraform'] }), 'sh', first))
  const fresh = environmentAfter('sh', before, setEnvironment(wiringFor({ client: ['terraform'] }), 'sh', before))
  const names = (value?: string) => value?.split(' ').sort()
  expect({ ...second, BINAUTHZ_EMULATOR_ENV: names(second.BINAUTHZ_EMULATOR_ENV) }).toEqual({
    ...{ ...fresh, BINAUTHZ_EMULATOR_ENV: names(fresh.BINAUTHZ_EMULATOR_ENV) },
  })
  expect(second).toMatchObject({ SSL_CERT_FILE: '/yours.pem', NO_PROXY: '.googleapis.com,a.example,127.0.0.1,localhost' })
  expect(environmentAfter('sh', second, unsetEnvironment('sh', second))).toEqual(before)
  const laidOver = Object.entries({ ...first, ...environmentOf(wiringFor({ client: ['terraform'] }), first) })
  const ofProcess = laidOver.filter(([name, value]) => value !== undefined && !name.startsWith('BINAUTHZ_EMULATOR_'))
  expect(Object.fromEntries(ofProcess)).toEqual(
    Object.fromEntries(Object.entries(fresh).filter(([name]) => !name.startsWith('BINAUTHZ_EMULATOR_'))),
  )
})

test.each(['sh', 'bash'])('%s comes back to what it had from every client in every mode', (shell) => {
  const names = [
    'SSL_CERT_FILE',
    'https_proxy',
    'HTTPS_PROXY',
    'grpc_proxy',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_KMS_CUSTOM_ENDPOINT',
  ]
  const before = { PATH: process.env.PATH!, ...Object.fromEntries(names.map((name) => [name, odd])) }
  for (const mode of [undefined, ...MODES]) {
    const set = setEnvironment(wiringFor({ client: 'all', mode }), 'sh', before)
    const inside = environmentAfter(shell, before, set)
    const expected = environmentOf(wiringFor({ client: 'all', mode }), before)
    for (const [name, value] of Object.entries(expected)) expect([name, inside[name]]).toEqual([name, value])
    expect(environmentAfter(shell, before, set, unsetEnvironment('sh', inside))).toEqual(before)
  }
})

test.each([
  ['*', ''],
  ['.googleapis.com', ''],
  ['*.googleapis.com,cloudkms.googleapis.com:443', ''],
  ['COM,pkg.dev,eu.gcr.io', ''],
  [
    'oogleapis.com,gcr.io.example,10.0.0.0/8,::1,metadata.google.internal',
    'oogleapis.com,gcr.io.example,10.0.0.0/8,::1,metadata.google.internal,',
  ],
])('taken over, NO_PROXY %s does not keep a client from the emulator', (NO_PROXY, kept) => {
  const variables = environmentOf(wiringFor({ client: ['node'] }), { NO_PROXY })
  expect(variables.NO_PROXY).toBe(`${kept}127.0.0.1,localhost`)
  expect(environmentOf(wiringFor({ client: ['node'], mode: 'direct' }), { NO_PROXY }).NO_PROXY).toBe(
    `${NO_PROXY},127.0.0.1,localhost`,
  )
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
  expect(stdout).toMatch(new RegExp(`^# For gcloud \\(proxy\\): the emulator at ${emulator.url}\\.`))
  expect(environmentAfter('sh', { PATH: process.env.PATH }, stdout).CLOUDSDK_CORE_PROJECT).toBe(project)
  expect(existsSync(join(folder, 'oops'))).toBe(false)
})

test('env stops at real credentials, unless it is to set them aside', async () => {
  const real = { GOOGLE_APPLICATION_CREDENTIALS: '/real.json', GOOGLE_CREDENTIALS: 'hunter2' }
  const args = ['env', '--url', emulator.url, '--client', 'terraform']
  expect(await run(args, real)).toEqual(
    refusal(
      'There are real credentials in the environment (GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_CREDENTIALS): unset them, or set them aside with --force.',
    ),
  )
  const { status, stdout } = await run([...args, '--force'], real)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^unset GOOGLE_CREDENTIALS$/m)
  expect(stdout).not.toMatch(/hunter2|\/real\.json/)
})

test('env fetches the CA and makes a key where a client needs them, beside the folder of gcloud', async () => {
  const cache = join(folder, 'cache')
  const variables = async (...args: string[]) =>
    JSON.parse((await run(['env', '--shell=json', '--url', emulator.url, ...args], { XDG_CACHE_HOME: cache })).stdout)
  const gcloudOnly = await variables()
  expect(gcloudOnly.CLOUDSDK_CONFIG).toBe(join(cache, 'binauthz-emulator', 'gcloud'))
  expect(readdirSync(join(cache, 'binauthz-emulator')).map((name) => join(cache, 'binauthz-emulator', name))).toEqual([
    gcloudOnly.CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE,
  ])
  const taken = await variables('--client', 'node,python')
  expect(readFileSync(taken.NODE_EXTRA_CA_CERTS, 'utf8')).toBe((await emulator.http('GET', '/_emulator/ca.pem')).body)
  const key = JSON.parse(readFileSync(taken.GOOGLE_APPLICATION_CREDENTIALS, 'utf8'))
  expect(key).toMatchObject({ project_id: 'my-app-prod', token_uri: 'https://oauth2.googleapis.com/token' })
  for (const file of [taken.NODE_EXTRA_CA_CERTS, taken.GOOGLE_APPLICATION_CREDENTIALS]) {
    expect(file.startsWith(join(cache, 'binauthz-emulator'))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
})

test('a client has not every mode', async () => {
  expect(await run(['env', '--url', emulator.url, '--client', 'gcloud,python', '--mode', 'proxy'])).toEqual(
    refusal('python has no mode proxy: it has takeover and direct.'),
  )
})

import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Emulator, EmulatorOptions, EnvironmentOptions } from '../bin/library.cjs'
import { startEmulator } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'library-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function start(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

async function request({ url }: Emulator, method: string, path: string, body?: object) {
  const response = await fetch(`${url}/v1/projects/my-app-prod/${path}`, { method, body: body && JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as any }
}

const note = { attestation: { hint: { humanReadableName: 'Built' } } }
const noteSeed = (name: string) => ({ projects: { 'my-app-prod': { notes: { [name]: note } } } })

async function notes(emulator: Emulator): Promise<string[]> {
  const { body } = await request(emulator, 'GET', 'notes')
  return (body.notes ?? []).map(({ name }: { name: string }) => name.split('/').at(-1))
}

/** Does anybody listen there? */
const answers = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

test('without options it is on a free port of 127.0.0.1, in memory, with the demo, ready and silent', async () => {
  const write = vi.spyOn(process.stderr, 'write')
  onTestFinished(() => void write.mockRestore())
  const emulator = await start()
  expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const { body } = await request(emulator, 'GET', 'attestors')
  expect(body.attestors).toHaveLength(1)
  expect(write).not.toHaveBeenCalled()
})

test('two emulators side by side have nothing in common', async () => {
  const [first, second] = await Promise.all([start({ seed: noteSeed('first') }), start({ seed: noteSeed('second') })])
  await request(first, 'POST', 'notes?noteId=added', note)
  expect([await notes(first), await notes(second)]).toEqual([expect.arrayContaining(['first', 'added']), ['second']])
  await second.reset()
  expect(await notes(first)).toHaveLength(2)
  await second.close()
  expect(await notes(first)).toHaveLength(2)
})

test('a key of one emulator is none of the other, and RSA signatures go on when the other is closed', async () => {
  const [first, second] = await Promise.all([start({ seed: false }), start({ seed: false })])
  const key = 'locations/global/keyRings/ring/cryptoKeys/key'
  const template = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'RSA_SIGN_PKCS1_2048_SHA256' } }
  const publicKeys = []
  for (const emulator of [first, second]) {
    await request(emulator, 'POST', 'locations/global/keyRings?keyRingId=ring')
    await request(emulator, 'POST', 'locations/global/keyRings/ring/cryptoKeys?cryptoKeyId=key', template)
    publicKeys.push((await request(emulator, 'GET', `${key}/cryptoKeyVersions/1/publicKey`)).body.pem)
  }
  expect(publicKeys[0]).not.toBe(publicKeys[1])
  const sign = (emulator: Emulator) =>
    request(emulator, 'POST', `${key}/cryptoKeyVersions/1:asymmetricSign`, { data: Buffer.from('data').toString('base64') })
  const verifies = (pem: string, { body }: any) =>
    verify('sha256', Buffer.from('data'), createPublicKey(pem), Buffer.from(body.signature, 'base64'))
  const [mine, other] = await Promise.all([sign(first), sign(second)])
  expect([verifies(publicKeys[0], mine), verifies(publicKeys[1], other), verifies(publicKeys[0], other)]).toEqual([
    ...[true, true, false],
  ])
  await second.close()
  expect(verifies(publicKeys[0], await sign(first))).toBe(true)
})

test('a seed is a path, YAML, an object, or nothing', async () => {
  const file = join(folder, 'seed.yaml')
  writeFileSync(file, JSON.stringify(noteSeed('of-a-file')))
  const yaml = 'projects:\n  $' + '{project}:\n    notes: {of-yaml: {attestation: {hint: {humanReadableName: Built}}}}\n'
  expect(await notes(await start({ seed: file }))).toEqual(['of-a-file'])
  expect(await notes(await start({ seed: yaml }))).toEqual(['of-yaml'])
  expect(await notes(await start({ seed: noteSeed('of-an-object') }))).toEqual(['of-an-object'])
  expect(await notes(await start({ seed: false }))).toEqual([])
})

test('a mistake in a seed, in an option or in the port is an Error that says so', async () => {
  const seed = { projects: { 'my-app-prod': { polcy: {} } } }
  await expect(startEmulator({ seed })).rejects.toThrow(/^seed:4: projects\.my-app-prod\.polcy: unknown key "polcy"/)
  await expect(startEmulator({ seed: '/nowhere.yaml' })).rejects.toThrow(/^The seed file cannot be read/)
  await expect(startEmulator({ sead: false } as EmulatorOptions)).rejects.toThrow(
    /^startEmulator has no option "sead"; it has port,/,
  )
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await expect(startEmulator({ port, data: join(folder, 'unused') })).rejects.toThrow(`Port ${port} is in use`)
  // and what it had opened is closed again
  await (await startEmulator({ data: join(folder, 'unused') })).close()
})

test('reset goes back to the seed, whatever happened since', async () => {
  const emulator = await start({ seed: noteSeed('seeded') })
  await request(emulator, 'DELETE', 'notes/seeded')
  await request(emulator, 'POST', 'notes?noteId=added', note)
  await emulator.reset()
  expect(await notes(emulator)).toEqual(['seeded'])
})

test('close frees the port, ends requests that are under way, and may be called twice', async () => {
  const emulator = await startEmulator({ seed: false })
  const port = Number(new URL(emulator.url).port)
  const waiting = connect(port, '127.0.0.1')
  const tunnel = connect(port, '127.0.0.1')
  const gone = Promise.all([waiting, tunnel].map((socket) => new Promise((resolve) => socket.on('close', resolve).resume())))
  waiting.on('error', () => {}).write('POST /v1/projects/p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{')
  tunnel.on('error', () => {}).write('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')
  expect((await request(emulator, 'GET', 'policy')).status).toBe(200)
  await Promise.all([emulator.close(), emulator.close()])
  await gone
  expect(await answers(emulator.url)).toBe(false)
  const again = await start({ seed: false, port })
  expect(again.url).toBe(emulator.url)
})

test('await using closes it', async () => {
  let url: string
  {
    await using emulator = await startEmulator({ seed: false })
    url = emulator.url
    expect(await answers(url)).toBe(true)
  }
  expect(await answers(url)).toBe(false)
})

test('data is kept in a folder that its owner alone can read, and the umask of the process stays', async () => {
  const data = join(folder, 'data')
  const script = `umask`
  const before = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
  const first = await startEmulator({ data, seed: noteSeed('kept') })
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(before)
  await expect(startEmulator({ data })).rejects.toThrow(/is in use by another emulator/)
  await first.close()
  expect(await notes(await start({ data, seed: false }))).toEqual(['kept'])
  expect(statSync(data).mode & 0o777).toBe(0o700)
  for (const file of readdirSync(data)) expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600])
})

test('its time is that of now, which a test can turn; it never goes back', async () => {
  let millis = Date.parse('2026-01-02T03:04:05Z')
  const emulator = await start({ seed: false, now: () => millis })
  const createTime = async (noteId: string) => (await request(emulator, 'POST', `notes?noteId=${noteId}`, note)).body.createTime
  expect(await createTime('a')).toMatch(/^2026-01-02T03:04:05/)
  millis += 3_600_000
  expect(await createTime('b')).toMatch(/^2026-01-02T04:04:05/)
  millis -= 7_200_000
  expect(await createTime('c')).toMatch(/^2026-01-02T04:04:05/)
})

test('env is for processes: gcloud asks this emulator, for this project, with a folder that goes with it', async () => {
  const emulator = await startEmulator({ seed: false, project: 'team-blue' })
  vi.stubEnv('CLOUDSDK_AUTH_ACCESS_TOKEN', 'of-the-user')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { env } = emulator
  expect(env).toMatchObject({
    BINAUTHZ_EMULATOR_URL: emulator.url,
    CLOUDSDK_CORE_PROJECT: 'team-blue',
    CLOUDSDK_PROXY_PORT: new URL(emulator.url).port,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: 'http://cloudkms.googleapis.com/',
  })
  expect(emulator.env.CLOUDSDK_CONFIG).toBe(env.CLOUDSDK_CONFIG)
  const seen = spawnSync('sh', ['-c', 'touch "$CLOUDSDK_CONFIG/file"; echo "$CLOUDSDK_AUTH_ACCESS_TOKEN"'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  expect(seen.stdout).toBe('\n')
  expect(existsSync(join(env.CLOUDSDK_CONFIG!, 'file'))).toBe(true)
  await emulator.close()
  expect(existsSync(env.CLOUDSDK_CONFIG!)).toBe(false)
})

test('environment is the same for other clients; its files go with the emulator', async () => {
  const emulator = await startEmulator({ seed: false, project: 'team-blue' })
  onTestFinished(() => emulator.close())
  vi.stubEnv('GOOGLE_CREDENTIALS', 'of-the-user')
  onTestFinished(() => void vi.unstubAllEnvs())
  const env = await emulator.environment({ client: ['node', 'terraform'], mode: 'takeover' })
  expect(env).toMatchObject({
    HTTPS_PROXY: emulator.url,
    GOOGLE_CLOUD_PROJECT: 'team-blue',
    GOOGLE_CREDENTIALS: undefined,
    SSL_CERT_FILE: env.NODE_EXTRA_CA_CERTS,
  })
  expect(readFileSync(env.SSL_CERT_FILE!, 'utf8')).toBe(await (await fetch(`${emulator.url}/_emulator/ca.pem`)).text())
  expect(existsSync(env.GOOGLE_APPLICATION_CREDENTIALS!)).toBe(true)
  const { CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: caFile, ...gcloud } = await emulator.environment()
  expect(emulator.env).toEqual({ ...gcloud, CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: undefined }) // no file is written for a getter
  expect(readFileSync(caFile!, 'utf8')).toBe(readFileSync(env.SSL_CERT_FILE!, 'utf8'))
  expect(await emulator.environment({ client: 'all' })).toMatchObject({ CLOUDSDK_PROXY_TYPE: 'http' })
  await emulator.close()
  expect(existsSync(env.SSL_CERT_FILE!)).toBe(false)
})

test('a client or a mode that there is not is an Error that says so', async () => {
  const emulator = await start({ seed: false })
  const environment = (options: object) => emulator.environment(options as EnvironmentOptions)
  await expect(environment({ client: 'java' })).rejects.toThrow(/^--client must be of gcloud, .*, or all, not "java"\.$/)
  await expect(environment({ client: 'node', mode: 'proxy' })).rejects.toThrow(
    'node has no mode proxy: it has takeover and direct.',
  )
  await expect(environment({ mode: 'tls' })).rejects.toThrow('--mode must be one of direct, proxy, takeover, not "tls".')
  await expect(environment({ clients: 'node' })).rejects.toThrow('environment has no option "clients"; it has client, mode.')
})

test('a process that has closed its emulators ends by itself, also after RSA signatures', () => {
  const script = `
    import { startEmulator } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const emulators = await Promise.all([startEmulator(), startEmulator({ seed: false })])
    const post = (path, body) =>
      fetch(emulators[1].url + '/v1/projects/my-app-prod/' + path, { method: 'POST', body: JSON.stringify(body) })
    await post('locations/global/keyRings?keyRingId=r', {})
    const template = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'RSA_SIGN_PSS_2048_SHA256' } }
    await post('locations/global/keyRings/r/cryptoKeys?cryptoKeyId=k', template)
    const signed = await post('locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1:asymmetricSign', { data: 'AAAA' })
    console.log(signed.status)
    for (const emulator of emulators) await emulator.close()
  `
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '200\n', stderr: '' })
})

test('the options that are declared are the ones that it has', () => {
  const declared = /interface EmulatorOptions \{(.*?)\n\}/s.exec(
    readFileSync(new URL('../bin/library.d.cts', import.meta.url), 'utf8'),
  )![1]!
  const names = [...declared.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name)
  const all: Required<EmulatorOptions> = {
    ...{ port: 0, host: '', data: '', seed: false, project: '', strictProjects: false, now: () => 0, logLevel: 'silent' },
  }
  expect(names).toEqual(Object.keys(all))
})

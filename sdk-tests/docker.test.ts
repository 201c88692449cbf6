// The image as docker-compose.yml runs it, and the guide for it. Needs a Docker engine that can build: it pulls the base image, npm ci its packages.
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from './admission.ts'
import {
  attestorName,
  createAttestation,
  newDigest,
  newProject,
  projectRequiring,
  REPOSITORY,
  signaturePayload,
} from './attestations.ts'
import { isInstalled, run, succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ROOT, startEmulator } from './emulator.ts'
import { createKmsKey } from './kms-keys.ts'
import { blocks, DOCUMENTED_URL, section } from './markdown.ts'

const answers = async (...args: string[]) => (await run('docker', args)).code === 0
const found = isInstalled('docker') && (await answers('version')) && (await answers('compose', 'version'))
if (!found) process.stderr.write('no Docker engine with Compose runs here: sdk-tests/docker.test.ts is skipped\n')

const guide = (heading: string, language: string) => blocks(section('docs/docker.md', heading), language)

describe.skipIf(!found)('the image', () => {
  const project = `binauthz-test-${randomBytes(4).toString('hex')}`
  const folder = temporaryFolder()
  let env: NodeJS.ProcessEnv
  let url: string

  const compose = (args: string[], ...overrides: string[]) => {
    const files = ['docker-compose.yml', ...overrides].flatMap((file) => ['-f', file])
    return succeed('docker', ['compose', ...files, ...args], { cwd: ROOT, env })
  }
  const insideOf = async (...command: string[]) => (await compose(['exec', '-T', 'emulator', ...command])).stdout
  const http = (method: string, path: string, body?: object) => fetch(url + path, { method, body: body && JSON.stringify(body) })
  const shell = async (line: string) =>
    (await succeed('bash', ['-c', line.replaceAll(DOCUMENTED_URL, url)], { cwd: ROOT, env })).stdout
  function override(text: string): string {
    const file = join(folder, `${randomBytes(4).toString('hex')}.yml`)
    writeFileSync(file, text)
    chmodSync(file, 0o644) // the container's user is another one
    return file
  }

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const own = Object.entries(process.env).filter(([name]) => !/^(BINAUTHZ_EMULATOR|COMPOSE)_/.test(name))
    env = {
      ...Object.fromEntries(own),
      BINAUTHZ_EMULATOR_PORT: String(port),
      COMPOSE_DISABLE_ENV_FILE: 'true',
      COMPOSE_FILE: 'docker-compose.yml',
      COMPOSE_PROJECT_NAME: project,
    }
    await compose(['build'])
    try {
      for (const line of guide('Start', 'sh')[0]!.trim().split('\n')) await shell(line)
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${(await compose(['logs'])).stdout}`)
    }
  }, 900_000)
  afterAll(() => compose(['down', '-v', '--rmi', 'local', '--remove-orphans']))

  test("has the README's first success", async () => {
    const [allowed, denied, why] = blocks(section('README.md', 'First success'), 'sh').join('').trim().split('\n')
    expect(JSON.parse(await shell(allowed!)).response).toMatchObject({ allowed: true })
    expect(JSON.parse(await shell(denied!)).response).toMatchObject({ allowed: false })
    expect(JSON.parse(await shell(why!)).decisions).toMatchObject([{ verdict: 'DENIED' }])
  })

  test('is reached from this machine alone', async () => {
    const { stdout } = await compose(['port', 'emulator', '9080'])
    expect(`http://${stdout.trim()}`).toBe(url)
  })

  test('runs node as process 1, which is not root and has no privileges', async () => {
    expect((await insideOf('cat', '/proc/1/cmdline')).split('\0')).toEqual(['node', '/app/bin/binauthz-emulator.js', 'start', ''])
    const status = await insideOf('cat', '/proc/1/status')
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]
    expect({ uid: field('Uid'), gid: field('Gid') }).toEqual({ uid: '1000\t1000\t1000\t1000', gid: '1000\t1000\t1000\t1000' })
    expect(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => BigInt(`0x${field(name)}`))).toEqual(
      Array(5).fill(0n),
    )
    expect(field('NoNewPrivs')).toBe('1')
  })

  test('has a read-only root file system, and data that its user alone can read', async () => {
    const mounts = (await insideOf('cat', '/proc/1/mounts')).split('\n').map((line) => line.split(' '))
    expect(mounts.find(([, path]) => path === '/')?.[3]).toMatch(/^ro,/)
    expect(await insideOf('stat', '-c', '%a %u', '/data', '/data/emulator.sqlite')).toBe('700 1000\n600 1000\n')
  })

  test('holds what the package has, which brings its modules along, with the addon of its platform, in less than 15 MB', async () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const packed = new Set<string>(files.map((path: string) => path.split('/')[0]))
    const listed = await insideOf('ls', '/app')
    expect(listed.trim().split('\n').sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...packed].sort())
    expect(await insideOf('find', '/app', '-name', 'node_modules')).toBe('')
    const addons = await insideOf('find', '/app', '-path', '*/prebuilds/*')
    expect(addons.trim().split('\n')).toEqual([expect.stringMatching(/\/linux-(x64|arm64)\.node$/)])
    expect(Number.parseInt(await insideOf('du', '-sk', '/app'), 10)).toBeLessThan(15_000)
  })

  test('keeps what was written over a restart, until a reset', async () => {
    const notes = '/v1/projects/my-app-prod/notes'
    const note = { attestation: { hint: { humanReadableName: 'kept' } } }
    expect((await http('POST', `${notes}?noteId=kept`, note)).status).toBe(200)
    const before = await (await http('GET', `${notes}/kept`)).json()
    await compose(['restart'])
    await compose(['up', '--wait'])
    expect(await (await http('GET', `${notes}/kept`)).json()).toEqual(before)
    await shell(/`(curl .*reset)`/.exec(section('docs/docker.md', 'Data'))![1]!)
    expect((await http('GET', `${notes}/kept`)).status).toBe(404)
  })

  test('refuses the data of an emulator that runs', async () => {
    const args = ['run', '--rm', '-v', `${project}_data:/data`, '-e', 'BINAUTHZ_EMULATOR_DATA=/data', `${project}-emulator`]
    expect(await run('docker', args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'binauthz-emulator: The data in /data is in use by another emulator. Stop it, or give another folder with --data.\n',
    })
  })

  test('another service of the compose file reaches it by its name', async () => {
    const [tests] = guide('In CI', 'yaml')
    const { stdout } = await compose(['run', '--rm', '-T', 'tests'], override(tests!))
    expect(JSON.parse(stdout)).toEqual(await (await http('GET', '/v1/projects/my-app-prod/attestors')).json())
  })

  test('a seed file that is mounted is what a new store begins with', async () => {
    const file = override('projects: {my-app-prod: {notes: {mine: {attestation: {hint: {humanReadableName: Mine}}}}}}\n')
    const seeded = override(guide('A seed of yours', 'yaml')[0]!.replace('./seed.yaml', file))
    await compose(['down', '-v'], seeded)
    await compose(['up', '--wait'], seeded)
    const { notes } = (await (await http('GET', '/v1/projects/my-app-prod/notes')).json()) as any
    expect(notes).toMatchObject([{ name: 'projects/my-app-prod/notes/mine' }])
  })

  test('a seed with a mistake is a start that fails and says why', async () => {
    const seeded = override(guide('A seed of yours', 'yaml')[0]!.replace('./seed.yaml', override('projects: 7\n')))
    await compose(['down', '-v'], seeded)
    await expect(compose(['up', '--wait'], seeded)).rejects.toThrow(/ended with 1/)
    expect((await compose(['logs', '--no-log-prefix'], seeded)).stdout).toContain('binauthz-emulator: /seed.yaml:1: ')
    await compose(['down', '-v'], seeded)
  })

  test('SIGTERM ends it, with exit code 0', async () => {
    await compose(['up', '--wait'])
    const id = (await compose(['ps', '-q', 'emulator'])).stdout.trim()
    await compose(['stop'])
    const { stdout } = await succeed('docker', [
      'inspect',
      '-f',
      '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}',
      id,
    ])
    expect(stdout.trim()).toBe('exited 0 false')
  })
})

test('a key id made from the address that other containers use counts as that of the KMS key, and one of another host does not', async () => {
  const emulator = await startEmulator('--no-seed')
  const container = addressedAs(emulator, 'emulator:9080')
  const { version, publicKey } = await createKmsKey(container, newProject(), 'EC_SIGN_P256_SHA256')
  expect(publicKey.id).toBe(`//emulator:9080/v1/${version}`)
  const trusted = { ...publicKey, id: `//cloudkms.googleapis.com/v1/${version}` }
  const project = await projectRequiring(container, { trusted: [trusted] })
  async function attested(publicKeyId: string): Promise<string> {
    const digest = newDigest()
    const payload = signaturePayload(REPOSITORY, digest)
    const { signature } = await container.call('POST', `/v1/${version}:asymmetricSign`, { data: payload.toString('base64') })
    const signed = { publicKeyId, signature: Buffer.from(signature, 'base64') }
    await createAttestation(container, project, 'trusted', `${REPOSITORY}@${digest}`, payload, signed)
    return `${REPOSITORY}@${digest}`
  }
  const image = await attested(publicKey.id)
  expect((await admit(container, project, pod(image))).response).toEqual(ALLOWED)
  expect((await admit(emulator, project, pod(image))).response).toEqual(ALLOWED)
  const elsewhere = await attested(`//elsewhere:9080/v1/${version}`)
  const { response } = await admit(container, project, pod(elsewhere))
  expect(response).toEqual(deniedByAttestors(elsewhere, [attestorName(project, 'trusted')]))
  expect(await emulator.stop()).toBe(0)
})

/** The emulator as a client has it that knows it under another authority. */
function addressedAs(emulator: Emulator, authority: string): Emulator {
  const http: Emulator['http'] = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { host: authority, 'content-type': 'application/json' }
      const sent = request(emulator.url + path, { method, headers }, async (answer) => {
        resolve({ status: answer.statusCode!, body: JSON.parse(Buffer.concat(await answer.toArray()).toString()) })
      })
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
  async function call(method: string, path: string, body?: unknown) {
    const answer = await http(method, path, body)
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  return { ...emulator, url: `http://${authority}`, http, call }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    }),
  )
}

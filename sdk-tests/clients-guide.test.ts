// docs/clients.md as it stands: every block of it is run, with only the port and `npx binauthz-emulator` replaced. A block that names a file
// in its first line is written there, one of the shell is run where the files are, and one without a language is what was printed before it.
import { verify } from 'node:crypto'
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { NO_VALID_ATTESTATION } from './admission.ts'
import { type CommandResult, isInstalled, run, succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { installSdks } from './node/install.ts'
import { FOLDER, hasPython, virtualEnvironment } from './python/install.ts'

const RING = 'projects/my-app-prod/locations/europe-west2/keyRings/prod-binauthz-ring'
const VERSION = `${RING}/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1`
const ATTESTOR = 'projects/my-app-prod/attestors/vulnerability-scan-attestor'

/** A block of the shell: how it ends, what it prints, and what else is to be seen of it. */
interface Expected {
  code?: number
  says?: string[]
  check?(result: CommandResult, folder: string): void | Promise<void>
}

interface Section {
  /** Why it cannot be run on this machine. */
  missing?: string | false
  prepare?(folder: string): void | Promise<void>
  blocks: Expected[]
}

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const tools = temporaryFolder()

const local = { cwd: join(ROOT, 'sdk-tests/go'), env: { ...process.env, GOTOOLCHAIN: 'local' } }
const hasGo = (await run('go', ['list', '-m'], local).catch(() => ({ code: 1 }))).code === 0
const goCache = hasGo ? (await succeed('go', ['env', 'GOCACHE'])).stdout.trim() : ''

/** Is a program there that Go can build? It is built where it is not. */
async function hasGoProgram(name: string, source: string): Promise<boolean> {
  if (isInstalled(name)) return true
  return hasGo && (await run('go', ['install', source], { env: { ...process.env, GOBIN: tools } })).code === 0
}

const pythonIsThere = await hasPython()
const hasGcloud = isInstalled('gcloud')

const venv = join(FOLDER, '.venv')

async function installNode(folder: string) {
  await installSdks()
  symlinkSync(join(ROOT, 'sdk-tests/node/node_modules'), join(folder, 'node_modules'))
}

function moduleOfGo(folder: string) {
  for (const file of ['go.mod', 'go.sum']) copyFileSync(join(ROOT, 'sdk-tests/go', file), join(folder, file))
}

async function expectSigned(signature: Buffer) {
  const { pem } = await emulator.call('GET', `/v1/${VERSION}/publicKey`)
  expect(verify('sha256', Buffer.from('what is signed'), pem, signature)).toBe(true)
}

const signed: Expected = { check: ({ stdout }) => expectSigned(Buffer.from(stdout.trim(), 'hex')) }

const prints = (...lines: string[]): Expected => ({
  check: ({ stdout }) => expect(stdout.trim().split('\n')).toEqual(lines),
})

/** Endpoints of products that the emulator has not refuse at once, so that Terraform does not ask Google. */
async function expectEndpoints({ stdout }: CommandResult) {
  const endpoints = [...stdout.matchAll(/^GOOGLE_\w+_CUSTOM_ENDPOINT=(.*)$/gm)].map(([, endpoint]) => endpoint!)
  expect(endpoints.length).toBeGreaterThan(10)
  for (const endpoint of endpoints) {
    expect(endpoint.startsWith(`${emulator.url}/`)).toBe(true)
    const answer = await fetch(`${endpoint}nothing`)
    expect(await answer.json()).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } })
  }
}

/** What an API server does with its configuration. */
async function expectWebhook(_: CommandResult, folder: string) {
  const [{ clientConfig }] = parse(readFileSync(join(folder, 'webhook-with-ca.yaml'), 'utf8')).webhooks
  const ca = Buffer.from(clientConfig.caBundle, 'base64')
  const post = (pod: string) =>
    new Promise<any>((resolve, reject) => {
      const sent = request(clientConfig.url, { method: 'POST', ca, agent: false }, async (answer) =>
        resolve(JSON.parse(Buffer.concat(await answer.toArray()).toString())),
      )
      sent.on('error', reject).end(readFileSync(join(ROOT, pod)))
    })
  expect((await post('seed/attested-pod.json')).response).toEqual({ uid: 'attested-pod', allowed: true })
  expect((await post('seed/unattested-pod.json')).response.allowed).toBe(false)
}

const notEmulated = 'binauthz-emulator does not emulate \\"europe-west2-docker.pkg.dev\\", and as a proxy it forwards nothing.'

const SECTIONS: Record<string, Section> = {
  '': { blocks: [{ check: ({ stdout }) => expect(stdout).toBe(`HTTPS_PROXY=${emulator.url}\n`) }] },
  gcloud: {
    missing: !hasGcloud && 'gcloud is not on the PATH',
    blocks: [
      {
        says: ['vulnerability-scan-attestor', 'globalPolicyEvaluationMode: ENABLE', ATTESTOR],
        check: (_, folder) => expectSigned(readFileSync(join(folder, 'text.sig'))),
      },
    ],
  },
  Node: { prepare: installNode, blocks: [signed, prints(RING, RING, RING, ATTESTOR)] },
  Python: {
    missing: !pythonIsThere && 'python3 (3.10 or later, with venv) is not on the PATH',
    prepare: async () => void (await virtualEnvironment()),
    blocks: [signed, prints(RING, RING, RING)],
  },
  Go: {
    missing: !hasGo && 'go, as new as sdk-tests/go/go.mod asks for, is not on the PATH',
    prepare: moduleOfGo,
    blocks: [signed, prints(RING, RING, RING)],
  },
  Terraform: {
    blocks: [
      {
        says: [
          RING,
          'projects/my-app-prod/policy',
          'projects/my-app-prod/notes/vulnerability-scan',
          'projects/my-app-prod/locations/europe-west2/repositories/images',
          '/services/cloudkms.googleapis.com',
        ],
        check: expectEndpoints,
      },
    ],
  },
  Kubernetes: {
    missing: !isInstalled('kubectl') && 'kubectl is not on the PATH',
    blocks: [{ check: expectWebhook }, { says: ['"allowed": false', NO_VALID_ATTESTATION] }],
  },
  'docker, crane, skopeo': {
    missing:
      !(await hasGoProgram('crane', 'github.com/google/go-containerregistry/cmd/crane@v0.20.6')) && 'crane is not on the PATH',
    blocks: [
      {
        code: 1,
        check: ({ stdout, stderr }) => {
          expect(stdout).toContain(notEmulated)
          expect(stderr).toContain(notEmulated)
        },
      },
    ],
  },
  grpcurl: {
    missing:
      !(await hasGoProgram('grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4')) && 'grpcurl is not on the PATH',
    blocks: [
      { says: ['grafeas.v1beta1.GrafeasV1Beta1\n', `"name": "${ATTESTOR}"`, '"SERVING"', 'message AsymmetricSignRequest {'] },
    ],
  },
  'The signer of kritis': {
    missing: !(isInstalled('signer') && hasGcloud) && 'the signer of kritis, or gcloud, is not on the PATH',
    prepare: (folder) => writeFileSync(join(folder, 'signer'), '#!/bin/sh\nexec signer "$@"\n', { mode: 0o755 }),
    blocks: [{ says: ['kind: ATTESTATION', `publicKeyId: //cloudkms.googleapis.com/v1/${VERSION}`] }],
  },
  'curl, and any program': {
    blocks: [
      { check: ({ stdout }) => expectTimes(stdout, ATTESTOR, 2) },
      { check: ({ stdout }) => expectTimes(stdout, ATTESTOR, 2) },
      { code: 56 }, // that of curl for a tunnel which is refused
    ],
  },
  Credentials: {
    missing: !pythonIsThere && 'python3 (3.10 or later, with venv) is not on the PATH',
    prepare: async () => void (await virtualEnvironment()),
    blocks: [prints('my-app-prod', 'emulator@my-app-prod.iam.gserviceaccount.com')],
  },
  TLS: { blocks: [{ check: ({ stdout }) => expectTimes(stdout, '"READY"', 2) }] },
}

const expectTimes = (text: string, part: string, times: number) => expect(text.split(part)).toHaveLength(times + 1)

/** [heading, text] of the guide; what stands before the first heading has ''. */
const PARTS = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
  .split(/^## /m)
  .map((part, i): [string, string] => (i === 0 ? ['', part] : [part.slice(0, part.indexOf('\n')), part]))

/** That of a user without credentials or settings, whose emulator is the suite's. */
function environment(): NodeJS.ProcessEnv {
  const folder = temporaryFolder()
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GOOGLE|GCE|GCLOUD|CLOUDSDK|BINAUTHZ_EMULATOR)_|_proxy$/i.test(name) || name === 'CLOUDSDK_PYTHON',
  )
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(process.execPath), tools, join(venv, 'bin'), process.env.PATH].join(delimiter),
    XDG_CACHE_HOME: folder,
    GOCACHE: goCache || folder,
    CLOUDSDK_CONFIG: join(folder, 'gcloud'),
    DOCKER_CONFIG: join(folder, 'docker'),
    KUBECONFIG: join(folder, 'kubeconfig'),
    NO_PROXY: '127.0.0.1,localhost',
    BINAUTHZ_EMULATOR_URL: emulator.url,
  }
}

test('the guide has the sections that are run, and no other', () => {
  expect(PARTS.map(([heading]) => heading)).toEqual(Object.keys(SECTIONS))
})

for (const [heading, text] of PARTS) {
  const section = SECTIONS[heading]
  const title = `"${heading || 'the environment'}" of docs/clients.md`
  if (section?.missing) process.stderr.write(`${section.missing}: ${title} is skipped\n`)
  test.skipIf(section?.missing)(`${title} does what it says`, () => runSection(text, section!), 600_000)
}

async function runSection(text: string, { prepare, blocks }: Section) {
  const folder = temporaryFolder()
  symlinkSync(join(ROOT, 'seed'), join(folder, 'seed'))
  await prepare?.(folder)
  const env = environment()
  const expectations = blocks.values()
  let unused: string[] = []
  let printed = ''
  for (const [, language, block] of text.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    const lines = block!
      .replaceAll('npx binauthz-emulator', `"${process.execPath}" "${join(ROOT, ENTRY)}"`)
      .replaceAll('9080', new URL(emulator.url).port)
    if (language === '') {
      expect(printed).toContain(lines.trim())
    } else if (language !== 'sh') {
      const name = /^(?:#|\/\/) ([\w.-]+)\n/.exec(lines)![1]!
      writeFileSync(join(folder, name), lines)
      unused.push(name)
    } else {
      const { value: expected } = expectations.next()
      if (!expected) throw new Error(`Nothing is expected of this block:\n${block}`)
      const result = await run('bash', ['-c', `set -euo pipefail\n${lines}`], { cwd: folder, env })
      expect(result.code, block + result.stdout + result.stderr).toBe(expected.code ?? 0)
      for (const part of expected.says ?? []) expect(result.stdout).toContain(part)
      await expected.check?.(result, folder)
      printed = result.stdout
      unused = unused.filter((name) => !lines.includes(name))
    }
  }
  expect(unused, 'files that no command names').toEqual([])
  expect([...expectations], 'blocks that are not there').toEqual([])
}

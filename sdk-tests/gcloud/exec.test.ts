// gcloud inside `exec`: Google's own host names, over plain HTTP as to a proxy or over TLS with no endpoint set at all, and so the real ids of
// KMS keys. And the guide for pipelines, as it stands.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import { newDigest } from '../attestations.ts'
import { type CommandResult, isInstalled, run, temporaryFolder } from '../commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from '../emulator.ts'
import { blocks, DOCUMENTED_URL, section } from '../markdown.ts'
import { hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const IMAGES = `europe-west2-docker.pkg.dev/${PROJECT}/images/app`
const ATTESTOR = `projects/${PROJECT}/attestors/scanned`
const VERSION = `projects/${PROJECT}/locations/europe-west2/keyRings/ring/cryptoKeys/signer/cryptoKeyVersions/1`
const KEY_VERSION = ['location=europe-west2', 'keyring=ring', 'key=signer'].map((part) => `--keyversion-${part}`)

const folder = temporaryFolder()
const binauthzEmulator = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(ROOT, ENTRY))}`

/** Runs a script of bash where the user has settings of gcloud that would lead it elsewhere. */
function bash(script: string, env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BINAUTHZ_EMULATOR_'))
  return run('bash', ['-c', `set -euo pipefail\n${script}`], {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      ...{ HOME: folder, TMPDIR: folder, CLOUDSDK_CORE_PROJECT: 'not-this-project', CLOUDSDK_AUTH_ACCESS_TOKEN: 'of-the-user' },
      ...{
        CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: '/nowhere/ca.pem',
        CLOUDSDK_PROXY_TYPE: 'socks5',
        HTTPS_PROXY: 'http://127.0.0.1:1',
        BINAUTHZ_EMULATOR_FORCE: 'true', // or the token would be refused
      },
      ...env,
    },
  })
}

let emulator: Emulator

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** gcloud inside `exec`, for the emulator of the suite. Resolves with its stdout. */
const gcloudBy =
  (mode: string) =>
  async (...args: string[]): Promise<string> => {
    const script = `${binauthzEmulator} exec --mode ${mode} -- gcloud ${args.map(quoted).join(' ')}`
    const { code, stdout, stderr } = await bash(script, { BINAUTHZ_EMULATOR_URL: emulator.url })
    if (code !== 0) throw new Error(`gcloud ${args.join(' ')} ended with ${code}:\n${stderr}`)
    return stdout
  }

describe.skipIf(!hasGcloud('sdk-tests/gcloud/exec.test.ts')).each(['proxy', 'takeover'])(
  'gcloud inside exec, mode %s',
  (mode) => {
    const gcloud = gcloudBy(mode)
    beforeAll(async () => {
      emulator = await startEmulator('--no-seed')
    })
    afterAll(async () => {
      expect(await emulator.stop()).toBe(0)
    })

    test('a key of Cloud KMS has its real id, and what it signs is admitted', async () => {
      await gcloud('services', 'enable', 'cloudkms.googleapis.com', 'binaryauthorization.googleapis.com')
      await gcloud('kms', 'keyrings', 'create', 'ring', '--location=europe-west2')
      const purpose = ['--purpose=asymmetric-signing', '--default-algorithm=ec-sign-p256-sha256']
      await gcloud('kms', 'keys', 'create', 'signer', '--keyring=ring', '--location=europe-west2', ...purpose)
      await emulator.call('POST', `/v1/projects/${PROJECT}/notes?noteId=scanned`, {
        attestation: { hint: { humanReadableName: 'Scanned' } },
      })
      const note = ['--attestation-authority-note=scanned', `--attestation-authority-note-project=${PROJECT}`]
      await gcloud('container', 'binauthz', 'attestors', 'create', 'scanned', ...note)
      const add = ['attestors', 'public-keys', 'add', '--attestor=scanned', ...KEY_VERSION, '--keyversion=1', '--format=json']
      const key = JSON.parse(await gcloud('container', 'binauthz', ...add))
      expect(key.id).toBe(`//cloudkms.googleapis.com/v1/${VERSION}`)

      const policy = join(folder, 'policy.yaml')
      const rule = { evaluationMode: 'REQUIRE_ATTESTATION', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
      writeFileSync(policy, JSON.stringify({ defaultAdmissionRule: { ...rule, requireAttestationsBy: [ATTESTOR] } }))
      await gcloud('container', 'binauthz', 'policy', 'import', policy)

      const image = `${IMAGES}@${newDigest()}`
      expect((await admit(emulator, PROJECT, pod(image))).response).toEqual(deniedByAttestors(image, [ATTESTOR]))
      const sign = ['beta', 'container', 'binauthz', 'attestations', 'sign-and-create', `--artifact-url=${image}`, '--validate']
      await gcloud(...sign, '--attestor=scanned', ...KEY_VERSION, '--keyversion=1')
      expect((await admit(emulator, PROJECT, pod(image))).response).toEqual(ALLOWED)

      const list = ['container', 'binauthz', 'attestations', 'list', '--attestor=scanned', '--format=json']
      const [attestation] = JSON.parse(await gcloud(...list))
      expect(attestation.attestation.signatures).toEqual([{ publicKeyId: key.id, signature: expect.any(String) }])
      const other = `${IMAGES}@${newDigest()}`
      expect((await admit(emulator, PROJECT, pod(other))).response).toEqual(deniedByAttestors(other, [ATTESTOR]))
    })

    test('what is not emulated is refused at once and by name', async () => {
      await expect(gcloud('pubsub', 'topics', 'list')).rejects.toThrow(
        'binauthz-emulator does not emulate "pubsub.googleapis.com", and as a proxy it forwards nothing.',
      )
    })

    test('in direct mode gcloud works too, and key ids have the address of the emulator', async () => {
      const script = `${binauthzEmulator} exec --mode direct -- gcloud kms keys versions describe 1 --key=signer --keyring=ring \
      --location=europe-west2 --format='value(state)' --log-http`
      const { code, stdout, stderr } = await bash(script, { BINAUTHZ_EMULATOR_URL: emulator.url })
      expect(code, stderr).toBe(0)
      expect(stdout).toBe('ENABLED\n')
      expect(stderr).toContain(`uri: ${emulator.url}/v1/${VERSION}`)
      expect(stderr).not.toMatch(/authorization/i)
    })

    test('a shell that has evaluated env asks the emulator, until it evaluates env --unset', async () => {
      const [lines] = blocks(section('docs/pipeline.md', 'env'), 'sh')
      const script = lines!.replaceAll('npx binauthz-emulator', binauthzEmulator).replaceAll(DOCUMENTED_URL, emulator.url)
      const { code, stdout, stderr } = await bash(
        `${script}\necho "$CLOUDSDK_CORE_PROJECT $CLOUDSDK_AUTH_ACCESS_TOKEN"; env | grep -c OVERRIDES || true`,
      )
      expect(code, stderr).toBe(0)
      expect(stdout).toContain(`name: projects/${PROJECT}/policy`)
      expect(stdout).toMatch(/not-this-project of-the-user\n0\n$/)
      expect(stderr).toBe('')
    })
  },
)

describe.skipIf(!hasGcloud('the guide for pipelines') || !isInstalled('jq'))('the guide for pipelines', () => {
  const guide = (heading: string) =>
    blocks(section('docs/pipeline.md', heading), 'sh').map((block) => block.replaceAll('npx binauthz-emulator', binauthzEmulator))
  const [oneCommand, notAttested] = guide('exec')
  const image = /^IMAGE=.*\n/.exec(oneCommand!)![0]

  beforeAll(() => {
    for (const script of blocks(section('docs/pipeline.md', 'The commands'), 'sh'))
      writeFileSync(join(folder, /^# (\w+\.sh)/m.exec(script)![1]!), script, { mode: 0o755 })
  })

  test('one command attests an image and passes the gate', async () => {
    const { code, stdout, stderr } = await bash(oneCommand!)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^true$/m)
  })

  test('the gate stops an image that was not attested, in the words of GKE', async () => {
    const { code, stdout } = await bash(image + notAttested)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^"Image .* denied by attestor .*: No attestations found that were valid .*"\nfalse\n$/)
  })

  test('several steps share an emulator in the background', async () => {
    const [steps] = guide('GitHub Actions')
    const { code, stdout, stderr } = await bash(`${image}${steps}while [ -e emulator.json ]; do sleep 0.1; done`)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^true$/m)
  })

  test('the emulator of a compose file is one of --url', async () => {
    const withSeed = await startEmulator()
    const lines = guide('Compose')
      .join('')
      .replace(/^docker compose .*\n/gm, '')
      .replaceAll(DOCUMENTED_URL, withSeed.url)
    const { code, stdout, stderr } = await bash(image + lines)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^true$/m)
    const { occurrences } = await withSeed.call('GET', `/v1/projects/${PROJECT}/occurrences`)
    expect(occurrences).toHaveLength(2) // that of the demo, and this one
    expect(await withSeed.stop()).toBe(0)
  })

  test('the job of GitHub Actions runs the same command', () => {
    const [yaml] = blocks(section('docs/pipeline.md', 'GitHub Actions'), 'yaml')
    const command = blocks(section('docs/pipeline.md', 'exec'), 'sh')[0]!.split('\n')[1]!
    expect(yaml).toContain(`- run: ${command}\n`)
    expect(yaml).toContain(image.slice('IMAGE='.length).trim())
  })
})

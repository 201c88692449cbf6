// `binauthz-emulator explain` and `decisions` as a user has them: the program, and an emulator that runs.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit, pod } from './admission.ts'
import {
  attestorName,
  createAttestation,
  newDigest,
  projectRequiring,
  REPOSITORY,
  requireAttestors,
  signaturePayload,
  updatePolicy,
} from './attestations.ts'
import { run } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { newSigner } from './signers.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(() => emulator.stop())

const cli = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, [ENTRY, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, BINAUTHZ_EMULATOR_URL: emulator.url, ...env },
  })

const version = (number: number) =>
  `//cloudkms.googleapis.com/v1/projects/p-keys/locations/global/keyRings/ring/cryptoKeys/signer/cryptoKeyVersions/${number}`

/** A project whose attestor `scan` trusts version 1 of a key. */
async function newProjectWithScan(policy: object = {}) {
  const signer = newSigner(version(1))
  const project = await projectRequiring(emulator, { scan: [signer.publicKey] }, policy)
  const attest = async (digest: string, by = signer) => {
    const payload = signaturePayload(REPOSITORY, digest)
    return createAttestation(emulator, project, 'scan', `https://${REPOSITORY}@${digest}`, payload, await by.sign(payload))
  }
  return { project, attestor: attestorName(project, 'scan'), attest }
}

test('an attested image is explained step by step, with exit code 0', async () => {
  const { project, attestor, attest } = await newProjectWithScan({ globalPolicyEvaluationMode: 'ENABLE' })
  const image = `${REPOSITORY}@${newDigest()}`
  const { name } = await attest(image.split('@')[1]!)
  const { code, stdout, stderr } = await cli(['explain', image, '--project', project, '--cluster', 'europe-west2.prod'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n')).toEqual([
    `· In project ${project}, cluster europe-west2.prod, namespace default, service account default`,
    `✓ ${image} is allowed`,
    '  · system policy: no pattern matches',
    '  · allow-list: no pattern matches',
    '  ✓ defaultAdmissionRule (REQUIRE_ATTESTATION, ENFORCED_BLOCK_AND_AUDIT_LOG): ALLOWED ← decided',
    `    ✓ attestor ${attestor}: SATISFIED`,
    `      · note projects/${project}/notes/scan`,
    `      · key ${version(1)}`,
    `      ✓ occurrence ${name} under https://${image}: VERIFIED`,
    `        ✓ signature by ${version(1)}: VERIFIED over the payload`,
    '',
  ])
})

test('a denial has the text of the webhook, the key that is missing and what would make it pass, with exit code 2', async () => {
  const { project, attestor, attest } = await newProjectWithScan()
  const image = `${REPOSITORY}@${newDigest()}`
  await attest(image.split('@')[1]!, newSigner(version(2)))
  const { code, stdout } = await cli(['explain', image, `--project=${project}`, '--cluster=europe-west2.prod'])
  expect(code).toBe(2)
  const { response } = await admit(emulator, project, pod(image))
  expect(stdout).toContain(`  ✗ ${response.status.message}\n`)
  expect(stdout).toContain(
    `→ Signed by key ${version(2)}, which attestor ${attestor} does not list: of the key signer it lists version 1; did you sign with version 2?\n`,
  )
  expect(stdout).toContain(
    '? Google publishes nothing on: `globalPolicyEvaluationMode` left out (choice global-policy-mode-unset)\n',
  )
})

test('--json is the answer of the emulator, and leaves no decision behind', async () => {
  const { project } = await newProjectWithScan()
  const args = [
    'explain',
    'nginx',
    'busybox:1',
    '--json',
    '--project',
    project,
    '--namespace',
    'team',
    '--service-account',
    'builder',
  ]
  const { code, stdout } = await cli(args)
  const answer = JSON.parse(stdout)
  expect(code).toBe(2)
  expect(answer).toMatchObject({ verdict: 'DENIED', project, namespace: 'team', serviceAccount: 'builder' })
  expect(answer.images.map(({ image, steps }: any) => [image, steps.at(-1).code, steps.at(-1).hints[0]])).toEqual([
    ['nginx', 'IMAGE_NOT_BY_DIGEST', 'The image has neither a tag nor a digest: deploy nginx@sha256:<digest>.'],
    ['busybox:1', 'IMAGE_NOT_BY_DIGEST', 'The image has a tag but no digest: deploy busybox@sha256:<digest>.'],
  ])
  const { stdout: none } = await cli(['decisions', '--project', project])
  expect(none).toBe('· No decision\n')
})

test('decisions --would-deny lists what dry run and break-glass let in, in groups', async () => {
  const { project, attestor } = await newProjectWithScan()
  const image = `${REPOSITORY}@${newDigest()}`
  const dryRun = { ...requireAttestors(attestor), enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' }
  await updatePolicy(emulator, project, { defaultAdmissionRule: dryRun })
  for (const name of ['web-1', 'web-2']) await admit(emulator, project, pod(image, { name, namespace: 'shop' }))
  const explained = await cli(['explain', image, '--project', project])
  expect(explained).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('would be denied; its rule is a dry run, which lets it in'),
  })
  await updatePolicy(emulator, project, { defaultAdmissionRule: requireAttestors(attestor) })
  await admit(emulator, project, pod('nginx:1', { labels: { 'image-policy.k8s.io/break-glass': 'true' } }))
  await admit(emulator, project, pod('blocked:1'))

  const { code, stdout } = await cli(['decisions', '--would-deny', '--since=1h', '--project', project])
  expect(code).toBe(0)
  const lines = stdout.split('\n')
  expect(lines[0]).toBe('· Enforcement would block since 1h, the most frequent first:')
  expect(lines.filter((line) => line.startsWith('✗'))).toEqual([`✗ 2 × ${image}`, '✗ 1 × nginx:1'])
  expect(stdout).toContain('cluster europe-west2.prod; Pods shop/web-1, shop/web-2\n')
  expect(stdout).not.toContain('blocked')
  const command = lines.find((line) => line.includes('binauthz-emulator explain'))!.split('binauthz-emulator ')[1]!
  expect(await cli(command.split(' '))).toMatchObject({ code: 2, stdout: expect.stringContaining('NO_ATTESTATION') })

  const { wouldDeny } = JSON.parse((await cli(['decisions', '--would-deny', '--json', '--project', project])).stdout)
  expect(wouldDeny).toMatchObject([
    { image, count: 2, dryRun: 2, codes: ['ATTESTOR_NOT_SATISFIED', 'NO_ATTESTATION'], namespaces: ['shop'] },
    { image: 'nginx:1', count: 1, breakGlass: 1 },
  ])
  const verdicts = (await cli(['decisions', '--since', '1h', '--project', project])).stdout.match(/Z [A-Z_]+/g)
  expect(verdicts).toEqual(['Z DENIED', 'Z BREAK_GLASS', 'Z DRY_RUN', 'Z DRY_RUN'])
})

test('a refusal, and an emulator that does not run, are one line on stderr and exit code 1', async () => {
  const refusal = (sentence: string) => ({ code: 1, stdout: '', stderr: `binauthz-emulator: ${sentence}\n` })
  expect(await cli(['explain', 'nginx', '--cluster', 'prod'])).toMatchObject(
    refusal('cluster must be LOCATION.NAME, such as us-central1.prod, not "prod".'),
  )
  expect(await cli(['decisions', '--since', 'noon'])).toMatchObject(
    refusal('since must be a time such as 2026-01-31T12:00:00Z or a duration such as 90s, 15m, 1h or 7d, not "noon".'),
  )
  const nowhere = 'http://127.0.0.1:9'
  expect(await cli(['explain', 'nginx'], { BINAUTHZ_EMULATOR_URL: nowhere })).toMatchObject(
    refusal(`No emulator answers at ${nowhere}: start one there, or name another with --url.`),
  )
})

const hasScript = (await run('script', ['--version']).catch(() => ({ code: 1 }))).code === 0

test.skipIf(!hasScript)('it is coloured on a terminal alone, and not where NO_COLOR is set', async () => {
  const command = `${process.execPath} ${ENTRY} explain nginx --project=never-used`
  const onTerminal = (env: NodeJS.ProcessEnv) =>
    run('script', ['-qec', command, '/dev/null'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, BINAUTHZ_EMULATOR_URL: emulator.url, ...env },
    })
  expect((await onTerminal({})).stdout).toContain('\x1b[1;32m✓ nginx is allowed\x1b[0m')
  const plain = (await onTerminal({ NO_COLOR: '1' })).stdout
  expect(plain).toContain('✓ nginx is allowed')
  expect(plain).not.toContain('\x1b[')
  expect((await cli(['explain', 'nginx', '--project=never-used'])).stdout).not.toContain('\x1b[')
})

// Separation of duties where IAM is enforced: who builds may sign and attest, who deploys may deploy, who audits may read logs, and nobody
// may do what another one does. By gcloud, and by Google's client libraries for Node and Python with a key file of each service account. The
// roles are those of seed/separation-of-duties.yaml (https://cloud.google.com/binary-authorization/docs/organizational-and-iam-roles).
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newDigest, REPOSITORY, signaturePayload } from './attestations.ts'
import { type CommandResult, run, succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { createGcloud, hasGcloud } from './gcloud/gcloud.ts'
import { installSdks } from './node/install.ts'
import { FOLDER, hasPython, virtualEnvironment } from './python/install.ts'
import { userEnvironment } from './ways.ts'

const PROJECT = 'my-app-prod'
const LOCATION = `projects/${PROJECT}/locations/europe-west2`
const VERSION = `${LOCATION}/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1`
const account = (id: string) => `serviceAccount:${id}@${PROJECT}.iam.gserviceaccount.com`
const [CI, DEPLOYER, AUDITOR] = [account('ci-builder'), account('deployer'), account('auditor')]

const STEPS = ['sign', 'attest', 'deploy', 'readLogs', 'changePolicy'] as const
type Step = (typeof STEPS)[number]

/** What became of each step: the message of Google's API that refused it, null where it succeeded. */
type Seen = Record<Step, string | null>

const REFUSALS: Record<Step, string> = {
  sign: `Permission 'cloudkms.cryptoKeyVersions.useToSign' denied on resource '${VERSION}' (or it may not exist).`,
  attest: `permission "containeranalysis.occurrences.create" denied for project "${PROJECT}", entity ID ""`,
  deploy: `Permission 'run.services.create' denied on resource '${LOCATION}' (or resource may not exist).`,
  readLogs: 'Permission denied for all log views',
  changePolicy: "Permission 'binaryauthorization.policy.update' denied",
}

/** gcloud asks whether the service is there before it deploys. */
const GCLOUD_REFUSALS = {
  ...REFUSALS,
  deploy: `Permission 'run.services.get' denied on resource '${LOCATION}/services/by-gcloud' (or resource may not exist).`,
}

const only = (may: Step[], refusals = REFUSALS) =>
  Object.fromEntries(STEPS.map((step) => [step, may.includes(step) ? null : refusals[step]]))

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--iam', 'enforce', '--seed', 'seed/separation-of-duties.yaml')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const exec = (member: string, client: string, ...command: string[]) => {
  const args = [join(ROOT, ENTRY), 'exec', '--url', emulator.url, '--client', client, '--as', member, '--', ...command]
  return run(process.execPath, args, { cwd: folder, env: userEnvironment() })
}
const folder = temporaryFolder()

async function stepsOf(member: string, client: string, ...program: string[]): Promise<Seen> {
  const { code, stdout, stderr } = await exec(member, client, ...program)
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** Each duty in turn, on one image: the auditor finds in the log what the deployer has done. */
async function expectSeparation(stepsAs: (member: string) => Promise<Seen>, refusals = REFUSALS) {
  expect(await stepsAs(CI)).toEqual(only(['sign', 'attest'], refusals))
  expect(await stepsAs(DEPLOYER)).toEqual(only(['deploy'], refusals))
  expect(await stepsAs(AUDITOR)).toEqual(only(['readLogs'], refusals))
}

const newImage = () => `${REPOSITORY.replace('my-repo/my-image', 'images/app')}@${newDigest()}`

/** The message in what gcloud says of a refusal, without what it adds of its own. */
function messageOf({ code, stderr }: CommandResult): string | null {
  if (code === 0) return null
  const begin = String.raw`PERMISSION_DENIED|\[\w+\] does not have permission to access projects instance \[[\w-]+\] \(or it may not exist\)`
  const [, said] =
    new RegExp(String.raw`^ERROR: \(gcloud[\w.-]+\) (?:${begin}): (.*) This command is authenticated`, 'm').exec(stderr) ?? []
  if (said === undefined) throw new Error(stderr)
  return said.replace(/(?<!exist\))\.$/, '') // it ends with a full stop whatever the API says
}

describe.skipIf(!hasGcloud('sdk-tests/separation-of-duties.test.ts'))('by gcloud', () => {
  test('who signs cannot deploy, who deploys cannot sign, who audits reads logs only', async () => {
    const { file } = createGcloud(emulator.url, PROJECT)
    const image = newImage()
    const [repository, digest] = image.split('@') as [string, string]
    const payload = file('payload.json', signaturePayload(repository, digest))
    const signature = file('signature', 'none')
    const policy = file(
      'policy.yaml',
      'defaultAdmissionRule: {evaluationMode: ALWAYS_ALLOW, enforcementMode: DRYRUN_AUDIT_LOG_ONLY}\n',
    )
    const key = ['--location=europe-west2', '--keyring=prod-binauthz-ring', '--key=attestor-signing-key', '--version=1']
    const commands: Record<Step, string[]> = {
      sign: [
        'kms',
        'asymmetric-sign',
        ...key,
        `--input-file=${payload}`,
        `--signature-file=${signature}`,
        '--digest-algorithm=sha256',
      ],
      attest: [
        ...['container', 'binauthz', 'attestations', 'create', `--artifact-url=${image}`, `--signature-file=${signature}`],
        ...[`--note=projects/${PROJECT}/notes/built-by-ci`, `--public-key-id=//cloudkms.googleapis.com/v1/${VERSION}`],
        `--payload-file=${payload}`,
      ],
      deploy: [
        ...['run', 'deploy', 'by-gcloud', `--image=${image}`, '--region=europe-west2', '--binary-authorization=default'],
        `--service-account=runtime@${PROJECT}.iam.gserviceaccount.com`,
      ],
      readLogs: ['logging', 'read', 'log_id("cloudaudit.googleapis.com/activity")'],
      changePolicy: ['container', 'binauthz', 'policy', 'import', policy],
    }
    await expectSeparation(async (member) => {
      const seen: Partial<Seen> = {}
      for (const step of STEPS) seen[step] = messageOf(await exec(member, 'gcloud', 'gcloud', ...commands[step]))
      return seen as Seen
    }, GCLOUD_REFUSALS)
  })

  test('sign-and-create asks for the attestor first', async () => {
    const create = (member: string) =>
      exec(
        ...([member, 'gcloud', 'gcloud', 'beta', 'container', 'binauthz', 'attestations', 'sign-and-create'] as const),
        ...[`--artifact-url=${newImage()}`, '--attestor=built-by-ci', '--keyversion-location=europe-west2', '--keyversion=1'],
        ...['--keyversion-keyring=prod-binauthz-ring', '--keyversion-key=attestor-signing-key'],
      )
    expect(messageOf(await create(CI))).toBeNull()
    expect(messageOf(await create(DEPLOYER))).toBe("Permission 'binaryauthorization.attestors.get' denied")
  })
})

test('by Node: who signs cannot deploy, who deploys cannot sign, who audits reads logs only', async () => {
  await installSdks()
  const image = newImage()
  const program = join(ROOT, 'sdk-tests/node/duties.ts')
  await expectSeparation((member) => stepsOf(member, 'node', process.execPath, program, PROJECT, image))
})

const found = await hasPython()
if (!found)
  process.stderr.write('python3 (3.10 or later, with venv) is not on the PATH: its part of the separation of duties is skipped\n')

test.skipIf(!found)('by Python: who signs cannot deploy, who deploys cannot sign, who audits reads logs only', async () => {
  const python = await virtualEnvironment()
  const image = newImage()
  await expectSeparation((member) => stepsOf(member, 'python', python, '-B', join(FOLDER, 'duties.py'), PROJECT, image))
})

test('what was refused is listed with who lacked what, and is in the audit log where it would have been a write', async () => {
  const { mode, denials } = await emulator.call('GET', '/_emulator/iam/denials')
  expect(mode).toBe('enforce')
  const lacking = (member: string) =>
    new Set(denials.filter(({ principal }: any) => principal === member).map(({ permission }: any) => permission))
  expect(lacking(CI)).toContain('run.services.create')
  expect(lacking(DEPLOYER)).toContain('cloudkms.cryptoKeyVersions.useToSign')
  expect(lacking(AUDITOR)).toContain('containeranalysis.occurrences.create')
  const { stdout } = await succeed('curl', [
    ...['-sS', '-H', `authorization: Bearer emulator:${AUDITOR}`, `${emulator.url}/v2/entries:list`, '--data-binary'],
    JSON.stringify({ resourceNames: [`projects/${PROJECT}`], filter: 'severity=ERROR protoPayload.methodName:"UpdatePolicy"' }),
  ])
  const refused = JSON.parse(stdout).entries.map(({ protoPayload }: any) => [
    protoPayload.authenticationInfo.principalEmail,
    protoPayload.status.message,
  ])
  for (const member of [CI, DEPLOYER, AUDITOR])
    expect(refused).toContainEqual([member.replace('serviceAccount:', ''), REFUSALS.changePolicy])
})

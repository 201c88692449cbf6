// docs/iam.md as it stands: its commands are run one after the other, with only the port and `npx binauthz-emulator` replaced.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { run, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { hasGcloud } from './gcloud/gcloud.ts'
import { blocks, section } from './markdown.ts'
import { userEnvironment } from './ways.ts'

const GUIDE = 'docs/iam.md'
const DEPLOYER = 'deployer@my-app-prod.iam.gserviceaccount.com'

describe.skipIf(!hasGcloud('sdk-tests/iam-guide.test.ts'))('the guide for IAM', () => {
  let emulator: Emulator
  const folder = temporaryFolder()

  beforeAll(async () => {
    const [start] = blocks(section(GUIDE, 'An example'), '')
    const flags = /^npm start -- (.*)$/m.exec(start!)![1]!.split(' ')
    emulator = await startEmulator(...flags)
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  /** Commands in one shell. */
  async function script(...commands: string[]) {
    const text = ['set -euo pipefail', ...commands]
      .join('\n')
      .replaceAll('npx binauthz-emulator', `"${process.execPath}" "${join(ROOT, ENTRY)}"`)
      .replaceAll('http://127.0.0.1:9080', emulator.url)
    const env = { ...userEnvironment(), BINAUTHZ_EMULATOR_URL: emulator.url }
    const result = await run('bash', ['-c', text], { cwd: folder, env })
    expect(result.code, result.stderr).toBe(0)
    return result
  }
  const shell = (heading: string) => script(...blocks(section(GUIDE, heading), 'sh'))

  test('everybody does his own duty, and is refused another one\u2019s in these words', async () => {
    const { stdout, stderr } = await shell('An example')
    expect(stdout.trim()).toBe(DEPLOYER)
    expect(stderr).toContain('has been deployed and is serving')
    const [, refusals] = blocks(section(GUIDE, 'An example'), '')
    const expected = refusals!.trim().split('\n')
    expect(
      [...stderr.matchAll(/^ERROR: .*?(Permission '.*?) ?\.? This command is authenticated/gm)].map(([, said]) =>
        said!.replace(/\.$/, ''),
      ),
    ).toEqual(expected)
  })

  test('what was refused is listed', async () => {
    const { stdout } = await shell('What was refused')
    const { mode, denials } = JSON.parse(stdout)
    expect(mode).toBe('enforce')
    expect(denials[0]).toMatchObject({
      principal: 'serviceAccount:auditor@my-app-prod.iam.gserviceaccount.com',
      permission: 'binaryauthorization.policy.get',
      refused: true,
    })
  })

  test('a service agent of another project is granted its role', async () => {
    const { stdout } = await shell('Attestors of another project')
    expect(parse(stdout).bindings.at(-1)).toEqual({
      role: 'roles/binaryauthorization.attestorsVerifier',
      members: [expect.stringMatching(/^serviceAccount:service-\d{12}@gcp-sa-binaryauthorization\.iam\.gserviceaccount\.com$/)],
    })
  })

  test('signatures are in the audit log from the moment at which the project asks for them', async () => {
    const environment = 'eval "$(npx binauthz-emulator env --as user:owner@example.com)"'
    const sign =
      'gcloud kms asymmetric-sign --location europe-west2 --keyring prod-binauthz-ring --key attestor-signing-key --version 1 ' +
      '--digest-algorithm sha256 --input-file policy.yaml --signature-file signature'
    const commands = blocks(section(GUIDE, 'Audit logs'), 'sh')
    expect(commands).toHaveLength(3)
    const [ask, find, sink] = commands as [string, string, string]
    const { stdout } = await script(environment, ask, sign, find, sink)
    expect(stdout.trim().split('\n').at(-1)).toBe('owner@example.com')
    expect(parse(readFileSync(join(folder, 'policy.yaml'), 'utf8')).auditConfigs).toHaveLength(2)
    const { filter } = JSON.parse((await script(environment, 'gcloud logging sinks describe refused --format json')).stdout)
    expect(filter).toContain('protoPayload.status.code=7')
  })
})

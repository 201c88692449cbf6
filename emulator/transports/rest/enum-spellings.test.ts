import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { StartError } from '../../core/database.ts'
import { silent, startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const folder = mkdtempSync(join(tmpdir(), 'spellings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DRYRUN = 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_DRYRUN'
const ENFORCED = 'ENFORCED_BLOCK_AND_AUDIT_LOG'

const seedOf = (evaluationMode: string) => {
  const file = join(folder, `${evaluationMode}.yaml`)
  writeFileSync(
    file,
    `projects:\n  spelt-1:\n    policy:\n      defaultAdmissionRule:\n        evaluationMode: ${evaluationMode}\n        enforcementMode: ${ENFORCED}\n`,
  )
  return file
}

const put = (emulator: TestEmulator, evaluationMode: string, enforcementMode = ENFORCED, version = 'v1') =>
  emulator.http('PUT', `/${version}/projects/spelt-1/policy`, { defaultAdmissionRule: { evaluationMode, enforcementMode } })

async function start(options: Parameters<typeof startTestEmulator>[0] = {}) {
  const emulator = await startTestEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

// the first: leniency is for the whole process
test.each([
  ['v1', 'ALLOW_ALL', ENFORCED, 'the value is ALWAYS_ALLOW; --lenient takes it for that'],
  ['v1beta1', 'DENY_ALL', ENFORCED, 'the value is ALWAYS_DENY; --lenient takes it for that'],
  ['v1alpha2', DRYRUN, ENFORCED, 'a dry run is no evaluationMode but the enforcementMode DRYRUN_AUDIT_LOG_ONLY'],
  ['v1', 'ALWAYS_ALLOW', DRYRUN, 'the value is DRYRUN_AUDIT_LOG_ONLY; --lenient takes it for that'],
])(
  '%s refuses %s with %s in the words of Google, and tells the right spelling',
  async (version, evaluation, enforcement, hint) => {
    const emulator = await start()
    const [mode, value] = enforcement === ENFORCED ? ['evaluation', evaluation] : ['enforcement', enforcement]
    const type = `AdmissionRule.${mode === 'evaluation' ? 'EvaluationMode' : 'EnforcementMode'}`
    const { status, body } = await put(emulator, evaluation, enforcement, version)
    expect(status).toBe(400)
    expect(body.error.message).toBe(
      // v1alpha2 has the policy of v1beta1
      `Invalid value at 'policy.default_admission_rule.${mode}_mode' (type.googleapis.com/google.cloud.binaryauthorization.${version.replace('alpha2', 'beta1')}.${type}), "${value}" (binauthz-emulator: ${hint})`,
    )
  },
)

test('a spelling that nobody is known to use is refused without a hint', async () => {
  const { body } = await put(await start(), 'ALLOW_SOME')
  expect(body.error.message).toMatch(/EvaluationMode\), "ALLOW_SOME"$/)
})

test('a seed with one does not start, and is told so', async () => {
  const refused = startTestEmulator({ seed: seedOf('ALLOW_ALL') })
  await expect(refused).rejects.toThrow(StartError)
  await expect(refused).rejects.toThrow(/yaml:5: .*"ALLOW_ALL" \(binauthz-emulator: the value is ALWAYS_ALLOW; --lenient/)
})

test('--lenient takes them for what they mean in REST and seed, and logs each; what means nothing here is refused', async () => {
  const warnings: object[] = []
  const log = { ...silent, warn: (fields: object) => void warnings.push(fields) }
  const emulator = await start({ lenient: true, log, seed: seedOf('DENY_ALL') })
  const modes = async () => {
    const { evaluationMode, enforcementMode } = (await emulator.http('GET', '/v1/projects/spelt-1/policy')).body
      .defaultAdmissionRule
    return [evaluationMode, enforcementMode]
  }
  expect(await modes()).toEqual(['ALWAYS_DENY', ENFORCED])
  expect((await put(emulator, 'ALLOW_ALL', DRYRUN, 'v1beta1')).status).toBe(200)
  expect(await modes()).toEqual(['ALWAYS_ALLOW', 'DRYRUN_AUDIT_LOG_ONLY'])
  const at = 'policy.default_admission_rule'
  expect(warnings).toEqual([
    { field: `${at}.evaluation_mode`, value: 'DENY_ALL', takenFor: 'ALWAYS_DENY' },
    { field: `${at}.evaluation_mode`, value: 'ALLOW_ALL', takenFor: 'ALWAYS_ALLOW' },
    { field: `${at}.enforcement_mode`, value: DRYRUN, takenFor: 'DRYRUN_AUDIT_LOG_ONLY' },
  ])
  expect((await put(emulator, DRYRUN)).body.error.message).toMatch(/a dry run is no evaluationMode/)
  expect((await put(emulator, 'ALLOW_SOME')).status).toBe(400)
  expect(await modes()).toEqual(['ALWAYS_ALLOW', 'DRYRUN_AUDIT_LOG_ONLY'])
})

test('one emulator of a process can be lenient and another not', async () => {
  const [lenient, strict] = [await start({ lenient: true }), await start()]
  expect((await put(lenient, 'ALLOW_ALL')).status).toBe(200)
  expect((await put(strict, 'ALLOW_ALL')).status).toBe(400)
})

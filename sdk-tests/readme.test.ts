// The README's first success, line by line as it stands there, in a shell.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deniedByAttestors } from './admission.ts'
import { succeed } from './commands.ts'
import { type Emulator, ROOT, startEmulator } from './emulator.ts'
import { blocks, DOCUMENTED_URL, section } from './markdown.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const firstSuccess = section('README.md', 'First success')

test('the three lines show an allowed image, a denied one, and why', async () => {
  const lines = blocks(firstSuccess, 'sh').join('').trim().split('\n')
  expect(lines).toHaveLength(3)
  const answers: any[] = []
  for (const line of lines) {
    const { stdout } = await succeed('bash', ['-c', line.replaceAll(DOCUMENTED_URL, emulator.url)], { cwd: ROOT })
    answers.push(JSON.parse(stdout))
  }
  const [allowed, denied, { decisions }] = answers
  expect(allowed.response.allowed).toBe(true)
  const [decision] = decisions
  const [{ image, steps }] = decision.images
  const attestor = 'projects/my-app-prod/attestors/vulnerability-scan-attestor'
  expect(denied.response).toEqual({ uid: decision.uid, ...deniedByAttestors(image, [attestor]) })
  expect(decision).toMatchObject({ verdict: 'DENIED', project: 'my-app-prod', cluster: 'europe-west2.prod' })
  expect(steps.map(({ step, result }: any) => [step, result])).toEqual([
    ['SYSTEM_POLICY', 'NOT_MATCHED'],
    ['ADMISSION_WHITELIST', 'NOT_MATCHED'],
    ['ADMISSION_RULE', 'DENIED'],
  ])
  expect(steps.at(-1)).toMatchObject({ code: 'ATTESTOR_NOT_SATISFIED', attestors: [{ attestor, code: 'NO_ATTESTATION' }] })

  // what the README quotes, where … stands for the rest of a digest
  const [quoted] = blocks(firstSuccess, '').map((block) => block.trim().replace(/\s+/g, ' '))
  const pattern = quoted!
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[0-9a-f]+')
  expect(denied.response.status.message).toMatch(new RegExp(`^${pattern}$`))
})

// The evaluator and a second, naive one agree on random policies, attestations and requests. PROPERTY_CASES says on how many.
import { expect, test } from 'vitest'
import { agree } from '../../testing/agreement.ts'
import { inProcess } from '../../testing/in-process.ts'

const CASES = Number(process.env.PROPERTY_CASES ?? 5000)
const SEED = Number(process.env.PROPERTY_SEED ?? 6)

/** What must not be missing among the outcomes: an agreement on nothing would prove nothing. */
const OUTCOMES = [
  ...['ALLOWED', 'DENIED', 'DRY_RUN', 'BREAK_GLASS', 'NOT_JUDGED'],
  ...['SYSTEM_POLICY allows', 'ADMISSION_WHITELIST allows', 'ADMISSION_RULE allows', 'ADMISSION_RULE denies', 'attested'],
  'No attestations found that were valid and signed by a key trusted by the attestor',
  'Expected digest with sha256 scheme, but got tag or malformed digest',
  'The attestor does not exist',
]

test(`${CASES} random cases: both evaluators say the same`, { timeout: 60_000 + CASES * 20 }, async () => {
  const emulator = await inProcess({ maxLogEntries: 100 })
  try {
    const { outcomes, disagreement } = await agree(emulator, SEED, CASES)
    expect(disagreement).toBeUndefined()
    for (const outcome of OUTCOMES) expect(outcomes[outcome] ?? 0, outcome).toBeGreaterThan(CASES / 2000)
  } finally {
    await emulator.close()
  }
})

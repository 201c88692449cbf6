// Requests of the right form whose values hardly anybody sends. They may be taken or refused, but neither they nor what they leave behind may
// be an error of the emulator's own. SEED repeats a run that failed, RUNS makes more of them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EveryMethod, isGoogleError, startEveryMethod } from '../../testing/every-method.ts'
import type { HttpMessage } from '../../testing/good-requests.ts'
import { strangeRequests } from '../../testing/malformed-requests.ts'
import { SEEDS, seeded } from '../../testing/random.ts'

let emulator: EveryMethod
beforeAll(async () => {
  emulator = await startEveryMethod()
}, 60_000)
afterAll(() => emulator.close())

test.each(SEEDS)(
  'strange values of seed %i are no internal error, and what they leave behind can be read',
  { timeout: 120_000 },
  async (seed) => {
    const random = seeded(seed)
    const { good, missing, send, reset, readAll, errors } = emulator
    const outcomes = { taken: 0, refused: 0 }
    const complaints: string[] = []

    async function ask({ method, path, body = '' }: HttpMessage) {
      const answer = await send({ method, path, body }).catch((error) => ({ status: 0, type: '', text: String(error) }))
      const taken = answer.status === 200
      outcomes[taken ? 'taken' : 'refused']++
      const isRefused = answer.status >= 400 && answer.status < 500 && isGoogleError(answer)
      if (!taken && !isRefused) complaints.push(`${method} ${path} ${body.slice(0, 2000)}\n  ${answer.status} ${answer.text}`)
    }

    for (const one of good) {
      if (missing.has(one)) continue
      for (const message of strangeRequests(one, random)) await ask(message)
      if (one.httpMethod === 'GET') continue
      for (const [path, { status, text }] of Object.entries(await readAll(one.api)))
        if (status >= 500) complaints.push(`after ${one.httpMethod} ${one.path}: GET ${path}\n  ${status} ${text}`)
      await reset()
    }
    expect(complaints, `SEED=${seed}`).toEqual([])
    expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(500)
    expect(errors).toEqual([])
  },
)

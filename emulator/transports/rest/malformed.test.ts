// Malformed requests of every row of the route table, made by chance. SEED repeats a run that failed, RUNS makes more of them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EveryMethod, isGoogleError, type RawAnswer, startEveryMethod } from '../../testing/every-method.ts'
import type { GoodRequest } from '../../testing/good-requests.ts'
import { type MalformedRequest, malformedRequests, type Refusal, wrongMethods } from '../../testing/malformed-requests.ts'
import { SEEDS, seeded } from '../../testing/random.ts'

let emulator: EveryMethod
beforeAll(async () => {
  emulator = await startEveryMethod()
}, 60_000)
afterAll(() => emulator.close())

/** Whose words a refusal must be: whoever notices the mistake first. */
const REFUSALS: Record<Refusal, (one: GoodRequest, status: string, message: string) => boolean> = {
  form: (_, status, message) => status === 'INVALID_ARGUMENT' && /^Invalid (JSON payload received|value at)/.test(message),
  transport: (_, status) => status === 'INVALID_ARGUMENT',
  router: (_, status, message) => status === 'NOT_FOUND' && /was not found on this server/.test(message),
  operation: (one, status) => !emulator.accepted.has(one) || ['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(status),
}

function problem(one: GoodRequest, refusal: Refusal, answer: RawAnswer): string | undefined {
  if (answer.status < 400 || answer.status > 499) return 'is no 4xx'
  if (!isGoogleError(answer)) return 'is no error of Google'
  const { status, message } = JSON.parse(answer.text).error
  return REFUSALS[refusal](one, status, message) ? undefined : `is not refused by the ${refusal}`
}

const cut = (text: string) => (text.length > 300 ? `${text.slice(0, 150)}…${text.slice(-150)}` : text)

async function complaint(one: GoodRequest, { what, method, path, body = '', refusal }: MalformedRequest): Promise<string[]> {
  const answer = await emulator.send({ method, path, body }).catch((error) => ({ status: 0, type: '', text: String(error) }))
  const why = problem(one, refusal, answer)
  return why ? [`${what} ${why}: ${method} ${cut(path)} ${cut(String(body))}\n  ${answer.status} ${cut(answer.text)}`] : []
}

test('most of the requests that are made malformed are good ones', () => {
  const { good, accepted, missing } = emulator
  expect(accepted.size / (good.length - missing.size)).toBeGreaterThan(0.8)
})

test.each(SEEDS)(
  'malformed requests of seed %i are refused by every method, and change nothing',
  { timeout: 120_000 },
  async (seed) => {
    const random = seeded(seed)
    const { good, send, readAll, errors } = emulator
    const before = await readAll()
    const complaints: string[] = []
    for (const one of good) {
      const malformed = [...malformedRequests(one, random), ...wrongMethods(one, good)]
      complaints.push(...(await Promise.all(malformed.map((each) => complaint(one, each)))).flat())
      expect((await send({ method: 'GET', path: '/v1/projects/my-app-prod/attestors' })).status, one.rpc).toBe(200)
    }
    expect(complaints, `SEED=${seed}`).toEqual([])
    expect(await readAll()).toEqual(before)
    expect(errors).toEqual([])
  },
)

test('64 MiB are refused by a method of each API, and by the webhook', { timeout: 120_000 }, async () => {
  const { good, send, readAll } = emulator
  const before = await readAll()
  const body = Buffer.alloc(64 * 1024 * 1024, 'x').fill('{"a":"', 0, 6)
  // one of each: a body is read before its method is looked at, and all of them would take minutes
  const paths = new Map(good.filter(({ httpMethod }) => httpMethod === 'POST').map(({ api, path }) => [api, path]))
  for (const path of [...paths.values(), '/admission/projects/my-app-prod/locations/europe-west2/clusters/prod']) {
    const answer = await send({ method: 'POST', path, body })
    expect({ ...JSON.parse(answer.text).error, path }).toEqual({
      code: 400,
      message: 'Request payload size exceeds the limit: 10485760 bytes.',
      status: 'INVALID_ARGUMENT',
      path,
    })
  }
  expect(await readAll()).toEqual(before)
})

// Decisions of the admission webhook, beside a bare server that parses and answers the same reviews.
import { ADMISSION, attest, makePolicy, reviewOf } from './content.ts'
import { type LoadResult, load, postRequest } from './load.ts'
import { residentMegabytes, type Server, startBareServer, startEmulator } from './servers.ts'
import { show, speed } from './show.ts'

const IMAGES = 1000

/** Requests of Pods `from` to `to`, of `images` images each. */
const reviews = (from: number, to: number, images = 1) =>
  Array.from({ length: to - from }, (_, offset) => postRequest(ADMISSION, reviewOf(from + offset, images)))

/** Sends `count` reviews, beginning anew where there are fewer. All must be allowed. */
const decide = (url: string, requests: Buffer[], count = requests.length, inFlight = 32) =>
  load(url, { count, inFlight, request: (index) => requests[index % requests.length]!, expected: '"allowed": true' })

/** Decisions about Pods of one image that two attestors attested, and the memory that they take. */
export async function decisions(quick: boolean) {
  const count = quick ? 5_000 : 20_000
  const toFillTheLog = quick ? 60_000 : 200_000
  const requests = reviews(0, IMAGES)
  const bare = await startBareServer()
  await decide(bare.url, requests, count)
  const possible = await decide(bare.url, requests, count)
  await bare.stop()
  const server = await startEmulator('--no-seed')
  const idle = residentMegabytes(server.pid)
  await makePolicy(server.url)
  await attest(server.url, 0, IMAGES)
  const cold = await decide(server.url, requests)
  await decide(server.url, requests, count)
  const remembered = await decide(server.url, requests, count)
  const rate = ({ perSecond }: LoadResult) => `${perSecond.toFixed(0)}/s`
  show(
    'decisions, signatures remembered ÷ bare node:http',
    remembered.perSecond / possible.perSecond,
    '≥ 0.5',
    `${rate(remembered)} ÷ ${rate(possible)}`,
  )
  show('decisions, signatures verified ÷ bare node:http', cold.perSecond / possible.perSecond, '', rate(cold))
  show('idle memory, MB', idle, '≤ 100', '')
  // the bound of the log is reached on the way; from then on memory must not grow
  await decide(server.url, requests, toFillTheLog / 2)
  const half = residentMegabytes(server.pid)
  await decide(server.url, requests, toFillTheLog / 2)
  const full = residentMegabytes(server.pid)
  show(
    `memory after ${toFillTheLog} decisions ÷ after half of them`,
    full / half,
    '≈ 1',
    `${full.toFixed(0)} MB ÷ ${half.toFixed(0)} MB`,
  )
  await memoryAtTheBound(server, requests, quick ? 100_000 : 1_000_000)
  await server.stop()
}

/** For a server whose log is full. Memory goes up and down with the garbage: the highest of ten looks at each half is compared. */
async function memoryAtTheBound({ url, pid }: Server, requests: Buffer[], count: number) {
  const { dropped } = (await (await fetch(`${url}/_emulator/decisions?limit=1`)).json()) as { dropped: number }
  if (!(dropped > 0)) throw new Error('the bound of the log is not reached yet')
  const looks: number[] = []
  for (let look = 0; look < 20; look++) {
    await decide(url, requests, count / 20)
    looks.push(residentMegabytes(pid))
  }
  const [first, second] = [Math.max(...looks.slice(0, 10)), Math.max(...looks.slice(10))]
  show(
    `memory, log full: ${count} decisions, 2nd half ÷ 1st`,
    second / first,
    '≈ 1',
    `highest ${second.toFixed(0)} MB ÷ ${first.toFixed(0)} MB`,
  )
}

/** Images that the Pods of one row have together: a multiple of each of the sizes, and fewer in all rows than evaluation remembers. */
const IMAGES_OF_A_ROW = 2400
const SIZES = [1, 5, 20]

/** Decisions by the size of a Pod and the number of attestors: each signature seen for the first time, then remembered. */
export async function pods(quick: boolean) {
  const count = quick ? 2_000 : 10_000
  for (const attestors of [1, 3]) {
    const [bare, emulator] = await Promise.all([startBareServer(), startEmulator('--no-seed')])
    await makePolicy(emulator.url, attestors)
    const end = SIZES.length * IMAGES_OF_A_ROW
    await attest(emulator.url, 0, end + IMAGES, { attestors })
    // what is seen for the first time are the signatures, not the code that verifies them
    await decide(emulator.url, reviews(end, end + IMAGES))
    for (const [row, images] of SIZES.entries()) {
      const begin = (row * IMAGES_OF_A_ROW) / images
      const requests = reviews(begin, begin + IMAGES_OF_A_ROW / images, images)
      await decide(bare.url, requests, count)
      const cold = await decide(emulator.url, requests)
      await decide(emulator.url, requests, count)
      const { ratio, possible, remembered } = await compared(bare, emulator, requests, count)
      const name = `Pod of ${images} image${images === 1 ? '' : 's'} × ${attestors} attestor${attestors === 1 ? '' : 's'}`
      show(`${name}, verified ÷ bare node:http`, cold.perSecond / possible.perSecond, '', speed(cold))
      const detail = `${speed(remembered)} ÷ ${speed(possible)}`
      show(`${name}, remembered ÷ bare node:http`, ratio, images === 5 ? '≥ 0.35' : '', detail)
    }
    await Promise.all([bare.stop(), emulator.stop()])
  }
}

/** Of three rounds, in which both servers have the same machine, the one of the middle ratio. */
async function compared(bare: Server, emulator: Server, requests: Buffer[], count: number) {
  const rounds: { ratio: number; possible: LoadResult; remembered: LoadResult }[] = []
  for (let round = 0; round < 3; round++) {
    const possible = await decide(bare.url, requests, count)
    const remembered = await decide(emulator.url, requests, count)
    rounds.push({ ratio: remembered.perSecond / possible.perSecond, possible, remembered })
  }
  return rounds.sort((a, b) => a.ratio - b.ratio)[1]!
}

/** A decision in a store of `rows` occurrences beside one in a small store. */
export async function size(rows: number) {
  const server = await startEmulator('--no-seed')
  await makePolicy(server.url)
  await attest(server.url, 0, IMAGES / 2) // by two attestors each
  const requests = reviews(0, IMAGES / 2)
  await decide(server.url, requests, 5_000, 1)
  const small = await decide(server.url, requests, 5_000, 1)
  await attest(server.url, IMAGES, IMAGES + rows / 2, { signed: false })
  await decide(server.url, requests, 5_000, 1)
  const large = await decide(server.url, requests, 5_000, 1)
  show(
    `p50 of a decision at ${rows} occurrences ÷ at ${IMAGES}`,
    large.p50 / small.p50,
    '≤ 1.5',
    `${large.p50.toFixed(2)} ms ÷ ${small.p50.toFixed(2)} ms`,
  )
  await server.stop()
}

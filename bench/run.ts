// `npm run bench`: ratios measured in one run, on one machine, so that they mean something on any other.
//   npm run bench -- --quick      fewer repetitions and rows
import { ADMISSION, attest, makePolicy, reviewOf } from './content.ts'
import { load, postRequest } from './load.ts'
import { cpuOfEmptyNode, cpuSeconds, residentMegabytes, startBareServer, startEmulator } from './servers.ts'
import { show } from './show.ts'
import { transports } from './transports.ts'

const quick = process.argv.includes('--quick')
const IMAGES = 1000
const REQUESTS = quick ? 5_000 : 20_000
const ROWS = quick ? 100_000 : 1_000_000
const DECISIONS = quick ? 60_000 : 200_000

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

const requests = Array.from({ length: IMAGES }, (_, index) => postRequest(ADMISSION, reviewOf(index)))
const decide = (url: string, count: number, inFlight = 32, pick = (index: number) => index % IMAGES) =>
  load(url, { count, inFlight, request: (index) => requests[pick(index)]!, expected: '"allowed": true' })

async function startUp() {
  const [empty, emulator]: [number[], number[]] = [[], []]
  for (let round = 0; round < (quick ? 5 : 15); round++) {
    empty.push(await cpuOfEmptyNode())
    const server = await startEmulator()
    await fetch(`${server.url}/_emulator/readyz`)
    emulator.push(cpuSeconds(server.pid))
    await server.stop()
  }
  const [unit, start] = [median(empty), median(emulator)]
  show(
    'start to readyz with the demo seed ÷ node -e 0 (CPU)',
    start / unit,
    '≤ 5',
    `${(start * 1000).toFixed(0)} ms ÷ ${(unit * 1000).toFixed(0)} ms`,
  )
}

async function decisions() {
  const bare = await startBareServer()
  await decide(bare.url, REQUESTS)
  const possible = await decide(bare.url, REQUESTS)
  await bare.stop()
  const server = await startEmulator('--no-seed')
  const idle = residentMegabytes(server.pid)
  await makePolicy(server.url)
  await attest(server.url, 0, IMAGES)
  const cold = await decide(server.url, IMAGES)
  await decide(server.url, REQUESTS)
  const remembered = await decide(server.url, REQUESTS)
  const rate = ({ perSecond }: { perSecond: number }) => `${perSecond.toFixed(0)}/s`
  show(
    'decisions, signatures remembered ÷ bare node:http',
    remembered.perSecond / possible.perSecond,
    '≥ 0.5',
    `${rate(remembered)} ÷ ${rate(possible)}`,
  )
  show('decisions, signatures verified ÷ bare node:http', cold.perSecond / possible.perSecond, '', rate(cold))
  show('idle memory, MB', idle, '≤ 100', '')
  // the bound of the log is reached on the way; from then on memory must not grow
  await decide(server.url, DECISIONS / 2)
  const half = residentMegabytes(server.pid)
  await decide(server.url, DECISIONS / 2)
  const full = residentMegabytes(server.pid)
  show(
    `memory after ${DECISIONS} decisions ÷ after half of them`,
    full / half,
    '≈ 1',
    `${full.toFixed(0)} MB ÷ ${half.toFixed(0)} MB`,
  )
  await server.stop()
}

async function size() {
  const server = await startEmulator('--no-seed')
  await makePolicy(server.url)
  await attest(server.url, 0, IMAGES / 2) // by two attestors each
  const pick = (index: number) => index % (IMAGES / 2)
  await decide(server.url, 5_000, 1, pick)
  const small = await decide(server.url, 5_000, 1, pick)
  await attest(server.url, IMAGES, IMAGES + ROWS / 2, { signed: false })
  await decide(server.url, 5_000, 1, pick)
  const large = await decide(server.url, 5_000, 1, pick)
  show(
    `p50 of a decision at ${ROWS} occurrences ÷ at ${IMAGES}`,
    large.p50 / small.p50,
    '≤ 1.5',
    `${large.p50.toFixed(2)} ms ÷ ${small.p50.toFixed(2)} ms`,
  )
  await server.stop()
}

console.log(`${'measure'.padEnd(58)} ${'ratio'.padStart(7)}   goal`)
await startUp()
await decisions()
await transports(quick ? 3_000 : 10_000)
await size()

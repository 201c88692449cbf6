// `npm run bench`: ratios measured in one run, on one machine, so that they mean something on any other.
//   npm run bench -- --quick      fewer repetitions and rows
import { decisions, pods, size } from './decisions.ts'
import { deployments } from './deployments.ts'
import { cpuOfEmptyNode, cpuSeconds, startEmulator } from './servers.ts'
import { show, showHeading } from './show.ts'
import { transports } from './transports.ts'

const quick = process.argv.includes('--quick')

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

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

showHeading()
await startUp()
await decisions(quick)
await pods(quick)
await deployments(quick ? 1_000 : 5_000)
await transports(quick ? 3_000 : 10_000)
await size(quick ? 100_000 : 1_000_000)

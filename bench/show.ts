// What a measurement prints.
import type { LoadResult } from './load.ts'

const line = (what: string, value: string, goal: string, detail: string) =>
  console.log(`${what.padEnd(60)} ${value.padStart(7)}   ${goal.padEnd(8)} ${detail}`)

export const showHeading = () => line('measure', 'ratio', 'goal', '')

/** One line of the report. */
export const show = (what: string, value: number, goal: string, detail: string) =>
  line(what, value.toFixed(value < 0.1 ? 3 : 2), goal, detail)

export const speed = ({ perSecond, p50, p99 }: LoadResult) =>
  `${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} ms`

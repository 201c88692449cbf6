/** One line of the report. */
export function show(what: string, value: number, goal: string, detail: string) {
  console.log(`${what.padEnd(58)} ${value.toFixed(2).padStart(7)}   ${goal.padEnd(8)} ${detail}`)
}

// A bound on how much of one kind of work is under way at a time.

/** Runs what it is given, at most `limit` at a time; the rest waits in the order in which it came. A failure frees its place too. */
export function atMost(limit: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async function run<T>(work: () => Promise<T>): Promise<T> {
    // a place is handed on, never free in between: nobody can overtake who waits
    if (running === limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

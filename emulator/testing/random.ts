// Chance that can be repeated: a test prints its seed where it fails.

export interface Random {
  /** An integer from 0 to below `limit`. */
  below(limit: number): number
  pick<T>(from: readonly T[]): T
}

/** A seeded generator (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: <T>(from: readonly T[]): T => from[below(from.length)] as T }
}

const { SEED = '4', RUNS = '1' } = process.env

/** The seeds of a suite that is made by chance: SEED repeats a run that failed, RUNS makes more of them. */
export const SEEDS = Array.from({ length: Number(RUNS) }, (_, run) => Number(SEED) + run)

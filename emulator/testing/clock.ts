import type { Clock } from '../core/clock.ts'

export interface TestClock extends Clock {
  /** Turns the clock on, by milliseconds. */
  advance(millis: number): void
}

/** A clock that stands still between readings but for one microsecond, and that a test turns on. */
export function testClock(start = '2026-01-02T03:04:05Z'): TestClock {
  let nanos = BigInt(Date.parse(start)) * 1_000_000n
  return {
    nanos: () => (nanos += 1000n),
    advance(millis) {
      nanos += BigInt(millis) * 1_000_000n
    },
  }
}

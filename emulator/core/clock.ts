// Time comes from here and nowhere else, so that a test can turn the clock.

/** Nanoseconds since the epoch; every reading of one clock is later than the one before. */
export interface Clock {
  nanos(): bigint
}

export function systemClock(): Clock {
  let last = 0n
  let offset = wallNanos() - process.hrtime.bigint()
  return {
    nanos() {
      // the wall clock has milliseconds only; it is followed where it was set, or the machine slept
      const wall = wallNanos()
      const drift = wall - (process.hrtime.bigint() + offset)
      if (drift > MAX_DRIFT || drift < -MAX_DRIFT) offset = wall - process.hrtime.bigint()
      const reading = process.hrtime.bigint() + offset
      last = reading > last ? reading : last + 1n
      return last
    },
  }
}

const MAX_DRIFT = 20_000_000n

const wallNanos = () => BigInt(Date.now()) * 1_000_000n

/** RFC 3339 with the digits that the API writes: Cloud KMS 9, nearly all others 6. */
export function formatTimestamp(nanos: bigint, digits: 6 | 9): string {
  const second = Math.floor(Number(nanos / 1_000_000n) / 1000)
  if (second !== formatted.second) formatted = { second, text: new Date(second * 1000).toISOString().slice(0, 19) }
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, '0').slice(0, digits)
  return `${formatted.text}.${fraction}Z`
}

/** The second that was formatted last: most times are of the same as the one before, and a Date costs more than all else here. */
let formatted = { second: Number.NaN, text: '' }

/** The inverse of formatTimestamp, for any RFC 3339 time in UTC or with an offset. */
export function parseTimestamp(text: string): bigint {
  const [, date, fraction = '', zone] = /^([^.Zz+]+?)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? []
  const millis = Date.parse(`${date}${zone?.toUpperCase()}`)
  if (Number.isNaN(millis)) throw new RangeError(`not a timestamp: ${text}`)
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Nanoseconds of a ProtoJSON Duration, `"3.5s"`; protobuf has no seconds of more than 12 digits. */
export function parseDuration(text: string): bigint {
  const [, sign, seconds, fraction = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text) ?? []
  if (seconds === undefined) throw new RangeError(`not a duration: ${text}`)
  const nanos = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return sign ? -nanos : nanos
}

import { expect, test } from 'vitest'
import { formatTimestamp, parseDuration, parseTimestamp, systemClock } from './clock.ts'

test('every reading of the system clock is later than the one before', () => {
  const clock = systemClock()
  const readings = Array.from({ length: 10_000 }, () => clock.nanos())
  expect(readings.every((reading, index) => index === 0 || reading > readings[index - 1]!)).toBe(true)
})

test('the system clock tells the time of day', () => {
  const difference = Number(systemClock().nanos() / 1_000_000n) - Date.now()
  expect(Math.abs(difference)).toBeLessThan(60_000)
})

test('times are written with 6 digits, or with 9 as Cloud KMS does', () => {
  const nanos = 1_767_323_045_000_001_234n
  expect(formatTimestamp(nanos, 6)).toBe('2026-01-02T03:04:05.000001Z')
  expect(formatTimestamp(nanos, 9)).toBe('2026-01-02T03:04:05.000001234Z')
})

test('times are read with any number of digits, in UTC or with an offset', () => {
  expect(parseTimestamp('2026-01-02T03:04:05Z')).toBe(1_767_323_045_000_000_000n)
  expect(parseTimestamp('2026-01-02T03:04:05.5Z')).toBe(1_767_323_045_500_000_000n)
  expect(parseTimestamp('2026-01-02T03:04:05.000001234Z')).toBe(1_767_323_045_000_001_234n)
  expect(parseTimestamp('2026-01-02T05:04:05.25+02:00')).toBe(1_767_323_045_250_000_000n)
})

test('what is written is read back the same', () => {
  const nanos = 1_767_323_045_123_456_789n
  expect(parseTimestamp(formatTimestamp(nanos, 9))).toBe(nanos)
})

test.each(['', 'yesterday', '2026-01-02T03:04:05', '2026-13-02T03:04:05Z', '2026-01-02T03:04:05.1234567890Z'])(
  '%j is no timestamp',
  (text) => {
    expect(() => parseTimestamp(text)).toThrow(RangeError)
  },
)

test('durations are seconds with up to nine decimals', () => {
  expect(parseDuration('2592000s')).toBe(2_592_000_000_000_000n)
  expect(parseDuration('3.5s')).toBe(3_500_000_000n)
  expect(parseDuration('-0.000000001s')).toBe(-1n)
  for (const text of ['', '5', '5m', 's', '1.s', '0.1234567890s', '1000000000000s'])
    expect(() => parseDuration(text)).toThrow(RangeError)
})

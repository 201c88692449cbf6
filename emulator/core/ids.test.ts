import { expect, test } from 'vitest'
import { orderedUuid, randomIds } from './ids.ts'

test('ordered UUIDs are of version 7, and sort by their times', () => {
  const at = (millis: number) => orderedUuid(randomIds, BigInt(millis) * 1_000_000n)
  expect(at(Date.parse('2022-02-22T19:22:22Z'))).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const ids = [0, 1, 15, 16, 4095, 1e12, 1e12 + 1].map(at)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set([at(1), at(1)]).size).toBe(2)
})

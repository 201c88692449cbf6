import { expect, test } from 'vitest'
import { atMost } from './at-most.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('no more than the limit is under way, and the rest begins in the order in which it came', async () => {
  const run = atMost(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const results = Array.from({ length: 5 }, (_, index) =>
    run(() => {
      begun.push(index)
      return new Promise<number>((resolve) => ends.push(() => resolve(index)))
    }),
  )
  await settled()
  expect(begun).toEqual([0, 1])
  ends[1]!()
  await settled()
  expect(begun).toEqual([0, 1, 2])
  ends[0]!()
  ends[2]!()
  await settled()
  expect(begun).toEqual([0, 1, 2, 3, 4])
  for (const end of ends) end()
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4])
})

test('what comes while a place is being handed on waits behind the others', async () => {
  const run = atMost(1)
  const order: string[] = []
  const step = (name: string) => run(async () => void order.push(name))
  const first = step('first').then(() => step('late'))
  await Promise.all([first, step('second'), step('third')])
  expect(order).toEqual(['first', 'second', 'third', 'late'])
})

test('a failure is passed on, and frees its place', async () => {
  const run = atMost(1)
  const failed = run(() => Promise.reject(new Error('no')))
  const next = run(async () => 'next')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('next')
  await expect(
    run(() => {
      throw new Error('at once')
    }),
  ).rejects.toThrow('at once')
  expect(await run(async () => 'last')).toBe('last')
})

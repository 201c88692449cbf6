import { expect, test } from 'vitest'
import { knownAuthorities } from './authorities.ts'
import { openDatabase } from './core/database.ts'

const open = () => openDatabase(undefined, [{ name: 'core', migrations: new URL('./core/migrations/', import.meta.url) }])

test('a name is known once it was used, and stays known with the data', () => {
  const db = open()
  const known = knownAuthorities(db)
  expect(known.has('emulator:9080')).toBe(false)
  known.add('emulator:9080')
  expect(known.has('emulator:9080')).toBe(true)
  expect(knownAuthorities(db).has('emulator:9080')).toBe(true)
  expect(knownAuthorities(db).has('emulator:9081')).toBe(false)
})

test('what is no host is not kept, and the newest names stay', () => {
  const known = knownAuthorities(open())
  for (const authority of ['', 'a b', 'a/b', '-a', `${'a'.repeat(300)}`, 'a:port']) {
    known.add(authority)
    expect(known.has(authority)).toBe(false)
  }
  for (let index = 0; index < 100; index++) known.add(`host-${index}`)
  expect([0, 35, 36, 99].map((index) => known.has(`host-${index}`))).toEqual([false, false, true, true])
})

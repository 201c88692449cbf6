import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { admittedSince } from './store.ts'

const migration = (file: string) => readFileSync(new URL(`./migrations/${file}`, import.meta.url), 'utf8')

test('decisions of an older version, which began with their time, are found by their verdict too', () => {
  const db = new Database(':memory:')
  db.exec(migration('001-init.sql'))
  const insert = db.prepare("INSERT INTO logging_entries VALUES (?, 1, ?, 'i', '{}', ?)")
  for (const [index, verdict] of ['ALLOWED', 'DRY_RUN', 'DENIED', 'BREAK_GLASS'].entries())
    insert.run(index, `2026-01-0${index + 1}T00:00:00.000000000Z`, JSON.stringify({ time: 't', verdict, message: 'm' }))
  insert.run(9, '2026-01-09T00:00:00.000000000Z', null)
  db.exec(migration('002-admitted.sql'))
  const found = (since: string) => [...admittedSince(db, since, 1)].flat().map((text) => JSON.parse(text))
  expect(found('')).toEqual([
    { verdict: 'DRY_RUN', time: 't', message: 'm' },
    { verdict: 'BREAK_GLASS', time: 't', message: 'm' },
  ])
  expect(found('2026-01-03')).toMatchObject([{ verdict: 'BREAK_GLASS' }])
})

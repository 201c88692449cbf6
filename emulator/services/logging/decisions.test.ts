import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { admittedSince, entriesFrom, streamsOf } from './store.ts'

const migration = (file: string) => readFileSync(new URL(`./migrations/${file}`, import.meta.url), 'utf8')

test('decisions of an older version, which began with their time, are found by their verdict too', () => {
  const db = new Database(':memory:')
  db.exec(migration('001-init.sql'))
  db.exec("INSERT INTO logging_logs VALUES (1, 'projects/p/logs/activity')")
  const insert = db.prepare("INSERT INTO logging_entries VALUES (?, 1, ?, 'i', '{}', ?)")
  for (const [index, verdict] of ['ALLOWED', 'DRY_RUN', 'DENIED', 'BREAK_GLASS'].entries())
    insert.run(index, `2026-01-0${index + 1}T00:00:00.000000000Z`, JSON.stringify({ time: 't', verdict, message: 'm' }))
  insert.run(9, '2026-01-09T00:00:00.000000000Z', null)
  for (const file of ['002-admitted.sql', '003-streams.sql']) db.exec(migration(file))
  const found = (since: string) => [...admittedSince(db, since, 1)].flat().map((text) => JSON.parse(text))
  expect(found('')).toEqual([
    { verdict: 'DRY_RUN', time: 't', message: 'm' },
    { verdict: 'BREAK_GLASS', time: 't', message: 'm' },
  ])
  expect(found('2026-01-03')).toMatchObject([{ verdict: 'BREAK_GLASS' }])
})

test('entries of an older version are divided by the types of their resources', () => {
  const db = new Database(':memory:')
  db.exec(migration('001-init.sql'))
  db.exec("INSERT INTO logging_logs VALUES (1, 'projects/p/logs/b'), (2, 'projects/p/logs/a'), (3, 'projects/p/logs/empty')")
  const insert = db.prepare("INSERT INTO logging_entries VALUES (?, ?, 't', ?, ?, NULL)")
  const rows: [log: number, insertId: string, type: string][] = [
    [1, 'x', 'global'],
    [2, 'x', 'global'],
    [2, 'y', 'k8s_cluster'],
    [1, 'y', 'global'],
  ]
  for (const [index, [log, insertId, type]] of rows.entries())
    insert.run(index, log, insertId, JSON.stringify({ resource: { type }, textPayload: `${log}${insertId}` }))
  for (const file of ['002-admitted.sql', '003-streams.sql']) db.exec(migration(file))
  const found = streamsOf(db, 'p').map(({ id, logName, resourceType }) => ({
    logName,
    resourceType,
    texts: entriesFrom(db, id, { timestamp: '', insertId: '' }, '~', 9, false).map(({ body }) => JSON.parse(body).textPayload),
  }))
  expect(found).toEqual([
    { logName: 'projects/p/logs/a', resourceType: 'global', texts: ['2x'] },
    { logName: 'projects/p/logs/a', resourceType: 'k8s_cluster', texts: ['2y'] },
    { logName: 'projects/p/logs/b', resourceType: 'global', texts: ['1x', '1y'] },
  ])
})

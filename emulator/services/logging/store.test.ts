// What reading costs: by an index, and never all of a large log at once.
import { expect, onTestFinished, test } from 'vitest'
import { type Database, openDatabase } from '../../core/database.ts'
import { entriesFrom, entriesNamed, insertEntries, READS, streamsOf } from './store.ts'

function open(): Database {
  const db = openDatabase(undefined, [
    { name: 'core', migrations: new URL('../../core/migrations/', import.meta.url) },
    { name: 'logging', migrations: new URL('./migrations/', import.meta.url) },
  ])
  onTestFinished(() => void db.close())
  return db
}

const entry = (index: number, logName = 'projects/p/logs/a', insertId = `id-${index}`) => ({
  logName,
  resourceType: index % 2 === 0 ? 'global' : 'k8s_cluster',
  timestamp: `2026-01-02T00:00:00.${String(index).padStart(9, '0')}Z`,
  insertId,
  body: '{}',
})

test.each([
  ['ascending', /^SEARCH logging_entries USING INDEX sqlite_autoindex_logging_entries_1 \(stream_id=\? AND .*timestamp.*\)$/],
  ['descending', /^SEARCH logging_entries USING INDEX sqlite_autoindex_logging_entries_1 \(stream_id=\? AND .*timestamp.*\)$/],
  ['named', /^SEARCH logging_entries USING INDEX logging_entries_insert_id \(insert_id=\?\)$/],
  ['oddlyNamed', /^SCAN logging_entries USING INDEX logging_entries_other_insert_id$/],
] as const)('entries are read by an index and not sorted: %s', (name, plan) => {
  const db = open()
  const parameters = { stream: 1, timestamp: '', insertId: '', end: '~', limit: 1 }
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${READS[name]}`).all(parameters) as { detail: string }[]
  expect(steps.map(({ detail }) => detail)).toEqual([expect.stringMatching(plan)])
})

test('a stream is a log and a type of resource', () => {
  const db = open()
  insertEntries(db, [entry(0), entry(1), entry(2), entry(4, 'projects/p/logs/b'), entry(6, 'projects/q/logs/b')])
  const streams = streamsOf(db, 'p')
  expect(streams.map(({ logName, resourceType }) => `${logName} ${resourceType}`)).toEqual([
    'projects/p/logs/a global',
    'projects/p/logs/a k8s_cluster',
    'projects/p/logs/b global',
  ])
  const ids = (stream: number, descending: boolean) =>
    entriesFrom(db, stream, { timestamp: descending ? '~' : '', insertId: '' }, descending ? '' : '~', 9, descending).map(
      ({ insertId }) => insertId,
    )
  expect(ids(streams[0]!.id, false)).toEqual(['id-0', 'id-2'])
  expect(ids(streams[0]!.id, true)).toEqual(['id-2', 'id-0'])
})

test('what is there already is not inserted, nor counted', () => {
  const db = open()
  const { entries, lastId, inserted } = insertEntries(db, [entry(0), entry(0), entry(1)])
  expect({ entries, lastId, inserted: inserted.map(({ insertId }) => insertId) }).toEqual({
    entries: 2,
    lastId: 3,
    inserted: ['id-0', 'id-1'],
  })
})

test('an insertId finds its entries in any case, beside those with ids beyond ASCII; too many are not looked up', () => {
  const db = open()
  const names = ['AB', 'ab', 'aB', 'abc', 'ａｂ', '\u212a']
  insertEntries(
    db,
    names.map((name, index) => entry(index, 'projects/p/logs/a', name)),
  )
  const found = (limit: number) => entriesNamed(db, 'ab', limit)?.map(({ insertId }) => insertId)
  expect(found(3)?.sort()).toEqual(['AB', 'aB', 'ab', '\u212a', 'ａｂ'].sort())
  expect(found(2)).toBeUndefined()
})

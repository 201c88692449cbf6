import { expect, test } from 'vitest'
import { openDatabase, replaceContent } from './database.ts'
import { admissionGeneration } from './generation.ts'

/** A store with a table whose changes renew the generation, as the services have them. */
function open() {
  const db = openDatabase(undefined, [{ name: 'core', migrations: new URL('./migrations/', import.meta.url) }])
  db.exec('CREATE TABLE notes (name TEXT PRIMARY KEY) STRICT')
  for (const event of ['INSERT', 'UPDATE', 'DELETE'])
    db.exec(
      `CREATE TRIGGER notes_${event} AFTER ${event} ON notes BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END`,
    )
  return db
}

test('the generation is another after each change, and the same while nothing changes', () => {
  const db = open()
  const insert = db.prepare("INSERT INTO notes VALUES ('a')") // before anybody has asked
  const seen = [admissionGeneration(db)]
  for (const change of [
    () => insert.run(),
    () => db.exec("UPDATE notes SET name = 'b'"),
    () => db.exec("INSERT OR REPLACE INTO notes VALUES ('b')"),
    () => db.exec('DELETE FROM notes'),
  ]) {
    change()
    expect(admissionGeneration(db)).toBe(admissionGeneration(db))
    seen.push(admissionGeneration(db))
  }
  expect(new Set(seen).size).toBe(5)
  db.exec('CREATE TABLE others (name TEXT); INSERT INTO others VALUES (1)')
  expect(admissionGeneration(db)).toBe(seen.at(-1))
})

test.each([true, false])('a change is seen within its transaction, and is gone with it; asked for before: %s', (before) => {
  const db = open()
  const stored = () => db.prepare("SELECT hex(value) FROM generations WHERE name = 'admission'").pluck().get()
  const first = before ? admissionGeneration(db) : stored()
  const within: string[] = []
  const work = () => {
    within.push(admissionGeneration(db))
    db.exec("INSERT INTO notes VALUES ('a')")
    within.push(admissionGeneration(db), admissionGeneration(db))
    throw new Error('rolled back')
  }
  expect(() => db.transaction(work)()).toThrow('rolled back')
  expect(within[0]).toBe(first)
  expect(within[1]).not.toBe(first)
  expect(within[2]).toBe(within[1])
  expect(admissionGeneration(db)).toBe(first)
  db.exec("INSERT INTO notes VALUES ('a')")
  expect([first, within[1]]).not.toContain(admissionGeneration(db))
  expect(admissionGeneration(db)).toBe(stored())
})

test('a store whose content is replaced has the generation of what replaces it', () => {
  const [db, other] = [open(), open()]
  const before = admissionGeneration(db)
  replaceContent(db, other)
  expect(admissionGeneration(db)).toBe(admissionGeneration(other))
  expect(admissionGeneration(db)).not.toBe(before)
})

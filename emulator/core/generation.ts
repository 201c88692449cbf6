// What state of the store is this? See migrations/002-generations.sql.
import type { Database, Statement } from 'better-sqlite3'

interface Known {
  /** By name; empty from any change until they are read again. */
  values: Map<string, string>
  read: Statement<[string], string>
}

const READ = 'SELECT hex(value) FROM generations WHERE name = ?'

const known = new WeakMap<Database, Known>()

/** Hex text that changes with every change of what admission decisions depend on: policies, attestors, notes, occurrences, clusters and IAM
 * policies. */
export const admissionGeneration = (db: Database): string => generation(db, 'admission')

/** Hex text that changes with every change of what triggers of a migration renew it for. */
export function generation(db: Database, name: string): string {
  // what is made or read in a transaction may be rolled back with it, so nothing of it is kept
  const found = known.get(db) ?? (db.inTransaction ? undefined : watch(db))
  if (!found) return db.prepare<[string], string>(READ).pluck().get(name)!
  const value = found.values.get(name)
  if (value !== undefined) return value
  const fresh = found.read.get(name)!
  if (!db.inTransaction) found.values.set(name, fresh)
  return fresh
}

/** SQLite itself says when a value changes, by triggers of this connection alone. */
function watch(db: Database): Known {
  const state: Known = { values: new Map(), read: db.prepare<[string], string>(READ).pluck() }
  db.function('generation_changed', () => {
    state.values.clear()
    return null
  })
  for (const event of ['INSERT', 'UPDATE', 'DELETE'])
    db.exec(`CREATE TEMP TRIGGER generations_${event} AFTER ${event} ON main.generations BEGIN SELECT generation_changed(); END`)
  known.set(db, state)
  return state
}

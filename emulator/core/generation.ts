// What state of the store is this? See migrations/002-generations.sql.
import type { Database, Statement } from 'better-sqlite3'

interface Known {
  /** Undefined from any change until it is read again. */
  value?: string
  read: Statement<[], string>
}

const READ = "SELECT hex(value) FROM generations WHERE name = 'admission'"

const known = new WeakMap<Database, Known>()

/** Hex text that changes with every change of what admission decisions depend on: policies, attestors, notes and occurrences. */
export function admissionGeneration(db: Database): string {
  // what is made or read in a transaction may be rolled back with it, so nothing of it is kept
  const found = known.get(db) ?? (db.inTransaction ? undefined : watch(db))
  if (!found) return db.prepare<[], string>(READ).pluck().get()!
  if (found.value !== undefined) return found.value
  const value = found.read.get()!
  if (!db.inTransaction) found.value = value
  return value
}

/** SQLite itself says when the value changes, by triggers of this connection alone. */
function watch(db: Database): Known {
  const state: Known = { read: db.prepare<[], string>(READ).pluck() }
  db.function('generation_changed', () => {
    state.value = undefined
    return null
  })
  for (const event of ['INSERT', 'UPDATE', 'DELETE'])
    db.exec(`CREATE TEMP TRIGGER generations_${event} AFTER ${event} ON main.generations BEGIN SELECT generation_changed(); END`)
  known.set(db, state)
  return state
}

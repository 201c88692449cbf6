// What state of the store is this? See migrations/002-generations.sql.
import type { Database, Statement } from 'better-sqlite3'

const statements = new WeakMap<Database, Statement>()

/** Hex text that changes with every change of what admission decisions depend on: policies, attestors, notes and occurrences. */
export function admissionGeneration(db: Database): string {
  let statement = statements.get(db)
  if (!statement) {
    statement = db.prepare("SELECT hex(value) FROM generations WHERE name = 'admission'").pluck()
    statements.set(db, statement)
  }
  return statement.get() as string
}

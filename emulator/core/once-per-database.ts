import type { Database } from 'better-sqlite3'

/** What `make` makes of a database, made once for each: above all its prepared statements, which cost more to prepare than to run. */
export function oncePerDatabase<T>(make: (db: Database) => T): (db: Database) => T {
  const made = new WeakMap<Database, T>()
  return (db) => {
    const known = made.get(db) ?? make(db)
    made.set(db, known)
    return known
  }
}

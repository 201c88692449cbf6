// The one SQLite database. `:memory:` by default; a folder keeps it, readable by its owner alone.
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'

export type { Database } from 'better-sqlite3'

export interface MigrationSource {
  name: string
  migrations?: URL
}

/** What stops a start and needs no stack: the message says what to do. */
export class StartError extends Error {}

/** Opens (and with `folder`, creates) the database and brings its schema up to date. Throws StartError for data that it cannot use. */
export function openDatabase(folder: string | undefined, sources: MigrationSource[]): Database.Database {
  let db: Database.Database | undefined
  try {
    const file = folder ? join(folder, 'emulator.sqlite') : ':memory:'
    if (folder) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      closeSync(openSync(file, 'a', 0o600)) // key material is in it; SQLite gives its other files the same mode
    }
    db = new Database(file, { timeout: 1000 })
    db.pragma('temp_store = memory') // a read-only root file system may have no folder for temporary files
    if (!folder) db.pragma('page_size = 8192') // rows of a table in memory are found sooner on larger pages
    db.pragma('locking_mode = EXCLUSIVE') // one emulator a folder
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL') // a killed process loses nothing; only a power cut could
    migrate(db, sources)
    return db
  } catch (error) {
    db?.close()
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'SQLITE_BUSY')
      throw new StartError(`The data in ${folder} is in use by another emulator. Stop it, or give another folder with --data.`)
    if (folder && /^(E[A-Z]+|SQLITE_(CANTOPEN|CORRUPT|IOERR|NOTADB|PERM|READONLY)(_\w+)?)$/.test(code))
      throw new StartError(`The data in ${folder} cannot be opened (${message}): give another folder with --data.`)
    throw error
  }
}

/** Applies the migrations that the database does not have yet, each in its own transaction; refuses data of a newer version. */
export function migrate(db: Database.Database, sources: MigrationSource[]) {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (service TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (service, file)) STRICT')
  const applied = new Set(
    db
      .prepare('SELECT service, file FROM migrations')
      .raw()
      .all()
      .map((row) => (row as string[]).join('/')),
  )
  const known = new Set<string>()
  const pending: { service: string; file: string; sql: string }[] = []
  for (const { name, migrations } of sources) {
    if (!migrations) continue
    const folder = fileURLToPath(migrations)
    for (const file of readdirSync(folder).sort()) {
      known.add(`${name}/${file}`)
      if (!applied.has(`${name}/${file}`)) pending.push({ service: name, file, sql: readFileSync(join(folder, file), 'utf8') })
    }
  }
  const newer = [...applied].find((file) => !known.has(file))
  if (newer)
    throw new StartError(
      `The data was written by a newer version of binauthz-emulator (it has ${newer}): update, or give another folder with --data.`,
    )
  const apply = db.transaction(({ service, file, sql }: (typeof pending)[number]) => {
    db.exec(sql)
    db.prepare('INSERT INTO migrations VALUES (?, ?)').run(service, file)
  })
  for (const migration of pending) apply.immediate(migration)
}

/** Tables that hold data, in the order in which they were made. */
export const dataTables = (db: Database.Database): string[] =>
  db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations' ORDER BY rowid",
    )
    .pluck()
    .all() as string[]

/** Runs `work` wholly or not at all, also where no transaction is under way. */
export const atomically = <T>(db: Database.Database, work: () => T): T => db.transaction(work)()

const waiting = new WeakMap<Database.Database, Set<() => void>>()

/** Has `write` carried out before the next transaction of the dispatcher begins, so that no operation sees the store without it. That is for
 * databases in memory, where nothing would outlive the process anyway: many small writes are cheaper as one. Not within a transaction,
 * which could be rolled back. */
export function writeLater(db: Database.Database, write: () => void) {
  waiting.set(db, (waiting.get(db) ?? new Set()).add(write))
}

/** Carries out what waits. To be called before a transaction. */
export function writeWaiting(db: Database.Database) {
  const writes = waiting.get(db)
  if (!writes) return
  for (const write of writes) {
    write()
    writes.delete(write)
  }
}

/** All of a database, as bytes. */
export function copyOf(db: Database.Database): Buffer {
  writeWaiting(db)
  return db.serialize()
}

/** A database in memory that is such a copy, to be read: it cannot grow far. */
export const openCopy = (copy: Buffer): Database.Database => new Database(copy)

/** Makes the content of `db` that of `source` (the same schema), in one transaction. */
export function replaceContent(db: Database.Database, source: Database.Database) {
  for (const each of [db, source]) writeWaiting(each)
  db.transaction(() => {
    for (const table of dataTables(db)) {
      db.prepare(`DELETE FROM "${table}"`).run()
      const columns = (db.pragma(`table_xinfo("${table}")`) as { name: string; hidden: number }[]).filter(
        ({ hidden }) => hidden === 0,
      )
      const names = columns.map(({ name }) => `"${name}"`).join(', ')
      const insert = db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`)
      for (const row of source.prepare(`SELECT ${names} FROM "${table}"`).raw().iterate()) insert.run(...(row as unknown[]))
    }
  })()
}

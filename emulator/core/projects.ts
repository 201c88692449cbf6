// Projects have an id and a number, and requests may use either. Any valid id works without being created first,
// unless the emulator was started with --strict-projects.
import { createHash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import { oncePerDatabase } from './once-per-database.ts'
import { errorInfo, invalidArgument, permissionDenied } from './status.ts'

const PROJECT_ID = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/

const statements = oncePerDatabase((db) => ({
  numberOf: db.prepare<[string], string>('SELECT number FROM projects WHERE id = ?').pluck(),
  idOf: db.prepare<[string], string>('SELECT id FROM projects WHERE number = ?').pluck(),
  createdOf: db.prepare<[string], number>('SELECT created FROM projects WHERE id = ?').pluck(),
  insert: db.prepare('INSERT INTO projects (id, number) VALUES (?, ?) ON CONFLICT (number) DO NOTHING'),
  create: db.prepare('UPDATE projects SET created = 1 WHERE id = ?'),
}))

/** The project's number, 12 digits; the same for the same id in every emulator. A number that stands for no project is its own. */
export function projectNumber(db: Database, id: string): string {
  if (/^\d+$/.test(id)) return id
  const { numberOf, insert } = statements(db)
  const known = numberOf.get(id)
  if (known) return known
  for (let attempt = 0; ; attempt++) {
    const hash = createHash('sha256').update(`${id}/${attempt}`).digest().readBigUInt64BE()
    const number = String(100_000_000_000n + (hash % 900_000_000_000n))
    if (insert.run(id, number).changes === 1) return number
  }
}

/** The id for an id or a number. A number that stands for no project stays as it is. */
export const projectId = (db: Database, reference: string): string =>
  /^\d+$/.test(reference) ? (statements(db).idOf.get(reference) ?? reference) : reference

/** Makes the project exist where projects must be created first. */
export function createProject(db: Database, id: string) {
  projectNumber(db, id)
  statements(db).create.run(id)
}

/** `projects/<id or number>/…` → `projects/<id>/…`, refused where the project cannot exist. */
export function canonicalProject(db: Database, name: string, strict: boolean): string {
  const [, reference, rest = ''] = /^projects\/([^/]+)(\/.*)?$/s.exec(name) ?? []
  if (reference === undefined || reference === '-') return name
  const id = projectId(db, reference)
  if (!/^\d+$/.test(id) && !PROJECT_ID.test(id)) throw invalidArgument(`Invalid project ID "${id}" in "${name}".`)
  if (strict && statements(db).createdOf.get(id) !== 1)
    throw permissionDenied(`Permission denied on resource project ${id}.`, [
      errorInfo('CONSUMER_INVALID', 'googleapis.com', { consumer: `projects/${id}` }),
    ])
  return `projects/${id}${rest}`
}

// SQL of the default account.
import type { Database } from '../../core/database.ts'

/** The first by name of the projects that the seed has made. */
export const firstProject = (db: Database) =>
  db.prepare<[], string>('SELECT id FROM projects WHERE created = 1 ORDER BY id LIMIT 1').pluck().get()

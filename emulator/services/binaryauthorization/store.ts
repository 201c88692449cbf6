// SQL of the decisions.
import type { Database, Statement } from 'better-sqlite3'

interface DecisionRow {
  id: string
  body: string
}

interface DecisionStore {
  /** The id of the new row. */
  insert(project: string, body: string): string
  /** The newest `limit` rows older than `before`, newest first. */
  list(project: string | undefined, before: number, limit: number): DecisionRow[]
}

/** Older decisions go when there are more than this. */
const KEPT = 50_000

const stores = new WeakMap<Database, DecisionStore>()

export function decisionStore(db: Database): DecisionStore {
  const known = stores.get(db)
  if (known) return known
  const insert = db.prepare('INSERT INTO binauthz_decisions (project, body) VALUES (?, ?)')
  const drop = db.prepare('DELETE FROM binauthz_decisions WHERE id <= ?')
  const all: Statement = db.prepare('SELECT id, body FROM binauthz_decisions WHERE id < ? ORDER BY id DESC LIMIT ?')
  const ofProject = db.prepare('SELECT id, body FROM binauthz_decisions WHERE project = ? AND id < ? ORDER BY id DESC LIMIT ?')
  const store: DecisionStore = {
    insert(project, body) {
      const id = Number(insert.run(project, body).lastInsertRowid)
      drop.run(id - KEPT)
      return String(id)
    },
    list(project, before, limit) {
      const rows = project === undefined ? all.all(before, limit) : ofProject.all(project, before, limit)
      return (rows as { id: number; body: string }[]).map(({ id, body }) => ({ id: String(id), body }))
    },
  }
  stores.set(db, store)
  return store
}

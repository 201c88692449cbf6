// The tables of Cloud Run: collections, and what is looked up in them by other columns than the parent.
import { type Collection, collection } from '../../core/collection.ts'
import { oncePerDatabase } from '../../core/once-per-database.ts'
import type { Context } from '../../core/service.ts'
import type { StoredExecution, StoredJob, StoredRevision, StoredService } from './shapes.ts'

export const services = (ctx: Context): Collection<StoredService> => collection(ctx.db, 'run_services')
export const revisions = (ctx: Context): Collection<StoredRevision> => collection(ctx.db, 'run_revisions')
export const jobs = (ctx: Context): Collection<StoredJob> => collection(ctx.db, 'run_jobs')
export const executions = (ctx: Context): Collection<StoredExecution> => collection(ctx.db, 'run_executions')

/** Tables whose documents are listed across parents too, with the condition for what holds them. The names of services and jobs are their
 * positions; "0" comes after "/". */
const WIDER = {
  run_services: `name > @holder || '/locations/' AND name < @holder || '/locations0'`,
  run_jobs: `name > @holder || '/locations/' AND name < @holder || '/locations0'`,
  run_revisions: 'location = @holder',
  run_executions: 'location = @holder',
}
const OWNERS = ['run_services', 'run_jobs']
/** Tables of which a parent keeps so many documents at most. */
const CHILDREN = ['run_revisions', 'run_executions'] as const

export type Table = keyof typeof WIDER
type Children = (typeof CHILDREN)[number]

const PART = 500
/** After a nanosecond of the year 2286. */
const LAST_NANOS = 10_000_000_000_000_000_000n

const byTable = <T extends string, S>(tables: readonly T[], make: (table: T) => S) =>
  Object.fromEntries(tables.map((table) => [table, make(table)])) as Record<T, S>

const order = (table: Table) => (OWNERS.includes(table) ? 'name' : 'position')

interface Row {
  position: string
  body: string
}

const statements = oncePerDatabase((db) => ({
  wider: byTable(Object.keys(WIDER) as Table[], (table) =>
    db.prepare<{ holder: string; after: string }, Row>(
      `SELECT position, body FROM ${table} WHERE ${WIDER[table]} AND ${order(table)} > @after ORDER BY ${order(table)} LIMIT ${PART}`,
    ),
  ),
  deleteOf: byTable(CHILDREN, (table) => db.prepare<[string]>(`DELETE FROM ${table} WHERE parent = ?`)),
  beyond: byTable(CHILDREN, (table) =>
    db.prepare<[string, number], { name: string }>(
      `SELECT name FROM ${table} WHERE parent = ? ORDER BY position LIMIT 100 OFFSET ?`,
    ),
  ),
  operationsBeyond: db.prepare<[string, number]>(
    `DELETE FROM operations WHERE instr(substr(body, 1, 500), 'googleapis.com/google.cloud.run.') > 0
     AND name IN (SELECT name FROM operations WHERE parent = ? ORDER BY position DESC LIMIT -1 OFFSET ?)`,
  ),
}))

/** Position in a list that has the newest first. */
export const newestFirst = (name: string, ctx: Context) => `${LAST_NANOS - ctx.nanos()} ${name}`

/** Documents of a project (services, jobs) or of a location (revisions, executions), whatever is between, from behind `after` on. */
export function* documentsOf<T>(ctx: Context, table: Table, holder: string, after = '') {
  for (let from = after; ; ) {
    const rows = statements(ctx.db).wider[table].all({ holder, after: from })
    for (const { position, body } of rows) yield { position, document: JSON.parse(body) as T }
    if (rows.length < PART) return
    from = rows.at(-1)!.position
  }
}

export const deleteChildren = (ctx: Context, table: Children, parent: string) => statements(ctx.db).deleteOf[table].run(parent)

/** Names of children behind the newest `count`, at most a hundred. */
export const namesBeyond = (ctx: Context, table: Children, parent: string, count: number) =>
  statements(ctx.db)
    .beyond[table].all(parent, count)
    .map(({ name }) => name)

/** Drops Cloud Run's operations of a location that are not among its newest `count`. */
export const dropOperations = (ctx: Context, parent: string, count: number) =>
  statements(ctx.db).operationsBeyond.run(parent, count)

// Documents in SQLite: a table with the columns name, parent, position and body (ProtoJSON), and what the API lists of it.
import type { Database, Statement } from 'better-sqlite3'
import { camelCase } from './field-mask.ts'
import { type Filter, type FilterOptions, matches, parseFilter } from './filter.ts'
import { oncePerDatabase } from './once-per-database.ts'
import { pageToken, readPageToken } from './page-token.ts'
import { invalidArgument } from './status.ts'

export interface Collection<T> {
  get(name: string): T | undefined
  /** False where the name is taken. `position` orders the lists; the name itself unless given. */
  insert(name: string, parent: string, document: T, position?: string): boolean
  update(name: string, document: T): void
  delete(name: string): boolean
  count(parent: string): number
  /** All below `parent`, from behind `after` on, in the order of their positions. */
  iterate(parent: string, after?: string): IterableIterator<{ position: string; document: T }>
}

interface Statements {
  get: Statement
  insert: Statement
  update: Statement
  delete: Statement
  count: Statement
  list: Statement
}

const tablesOf = oncePerDatabase(() => new Map<string, Statements>())

function statements(db: Database, table: string): Statements {
  const tables = tablesOf(db)
  let found = tables.get(table)
  if (!found) {
    found = {
      get: db.prepare(`SELECT body FROM ${table} WHERE name = ?`).pluck(),
      insert: db.prepare(`INSERT INTO ${table} (name, parent, position, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`),
      update: db.prepare(`UPDATE ${table} SET body = ? WHERE name = ?`),
      delete: db.prepare(`DELETE FROM ${table} WHERE name = ?`),
      count: db.prepare(`SELECT count(*) FROM ${table} WHERE parent = ?`).pluck(),
      // in steps, because an open cursor would block writes of the same request
      list: db.prepare(`SELECT position, body FROM ${table} WHERE parent = ? AND position > ? ORDER BY position LIMIT 500`),
    }
    tables.set(table, found)
  }
  return found
}

export function collection<T>(db: Database, table: string): Collection<T> {
  const sql = statements(db, table)
  const read = (body: unknown) => (body === undefined ? undefined : (JSON.parse(body as string) as T))
  return {
    get: (name) => read(sql.get.get(name)),
    insert: (name, parent, document, position = name) =>
      sql.insert.run(name, parent, position, JSON.stringify(document)).changes === 1,
    update: (name, document) => void sql.update.run(JSON.stringify(document), name),
    delete: (name) => sql.delete.run(name).changes === 1,
    count: (parent) => sql.count.get(parent) as number,
    *iterate(parent, after = '') {
      for (let from = after; ; ) {
        const rows = sql.list.all(parent, from) as { position: string; body: string }[]
        for (const { position, body } of rows) yield { position, document: JSON.parse(body) as T }
        if (rows.length < 500) return
        from = rows.at(-1)!.position
      }
    },
  }
}

export interface ListRequest {
  pageSize?: number
  pageToken?: string
  filter?: string
  orderBy?: string
}

export interface PageLimits {
  default: number
  max: number
}

export interface Page<T> {
  items: T[]
  nextPageToken?: string
}

/** One page of `source`. `view` derives what the API shows (and filters) of a stored document. */
export function page<T, V = T>(
  source: (after: string) => Iterable<{ position: string; document: T }>,
  request: ListRequest,
  limits: PageLimits,
  {
    parent,
    view = (document) => document as unknown as V,
    filterOptions,
  }: { parent: string; view?: (document: T) => V; filterOptions?: FilterOptions },
): Page<V> {
  const { pageSize = 0, filter = '', orderBy = '' } = request
  if (pageSize < 0) throw invalidArgument('page_size must not be negative.')
  const size = Math.min(pageSize || limits.default, limits.max)
  const bound = [parent, filter, orderBy]
  const after = request.pageToken ? readPageToken(request.pageToken, bound) : ''
  const parsed: Filter | undefined = filter ? parseFilter(filter, filterOptions as FilterOptions) : undefined
  const rows = orderBy ? ordered(source, view, orderBy, after) : source(after)
  const items: V[] = []
  let last = ''
  for (const { position, document } of rows) {
    const shown = orderBy ? (document as unknown as V) : view(document)
    if (parsed && !matches(parsed, shown, filterOptions)) continue
    if (items.length === size) return { items, nextPageToken: pageToken(last, bound) }
    items.push(shown)
    last = position
  }
  return { items }
}

/** All rows sorted by `order_by` (https://google.aip.dev/132#ordering): `field [desc], …`; the position is then the rank. */
function* ordered<T, V>(
  source: (after: string) => Iterable<{ document: T }>,
  view: (document: T) => V,
  orderBy: string,
  after: string,
) {
  const terms = orderBy.split(',').map((term) => {
    const [, field, direction] = /^\s*([\w.]+)(?:\s+(asc|desc))?\s*$/i.exec(term) ?? []
    if (!field) throw invalidArgument(`Invalid order_by: "${orderBy}".`)
    const path = camelCase(field).split('.')
    return { path, sign: direction?.toLowerCase() === 'desc' ? -1 : 1 }
  })
  const value = (row: unknown, path: string[]) => String(path.reduce<any>((part, key) => part?.[key], row) ?? '')
  const rows = [...source('')].map(({ document }) => view(document))
  rows.sort((a, b) => {
    for (const { path, sign } of terms) {
      const [left, right] = [value(a, path), value(b, path)]
      if (left !== right) return left < right ? -sign : sign
    }
    return 0
  })
  for (const [rank, document] of rows.entries()) {
    const position = String(rank).padStart(12, '0')
    if (position > after) yield { position, document: document as unknown as T }
  }
}

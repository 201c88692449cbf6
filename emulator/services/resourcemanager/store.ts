import { oncePerDatabase } from '../../core/once-per-database.ts'
import type { Context } from '../../core/service.ts'

const statements = oncePerDatabase((db) => ({
  after: db.prepare<[string], string>('SELECT id FROM projects WHERE id > ? ORDER BY id LIMIT 500').pluck(),
}))

/** The ids of all projects that any request has named, from behind `after` on. */
export function* projectIds(ctx: Context, after: string): IterableIterator<string> {
  for (let from = after; ; ) {
    const ids = statements(ctx.db).after.all(from)
    yield* ids
    if (ids.length < 500) return
    from = ids.at(-1)!
  }
}

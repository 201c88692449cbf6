import { oncePerDatabase } from '../../core/once-per-database.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'

const statements = oncePerDatabase((db) => ({
  // the position of a custom constraint is its id
  byId: db.prepare<[string], string>('SELECT body FROM orgpolicy_custom_constraints WHERE position = ? ORDER BY parent').pluck(),
}))

/** The custom constraints of this id (`custom.onlyOurImages`) in all organizations, in the order of their names. */
export const customConstraintsOfId = (ctx: Context, id: string): components['schemas']['CustomConstraint'][] =>
  statements(ctx.db)
    .byId.all(id)
    .map((body) => JSON.parse(body))

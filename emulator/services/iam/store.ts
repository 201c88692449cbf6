import { oncePerDatabase } from '../../core/once-per-database.ts'
import type { Context } from '../../core/service.ts'

const statements = oncePerDatabase((db) => ({
  email: db.prepare<[string], string>(`SELECT name FROM iam_service_accounts WHERE json_extract(body, '$.uniqueId') = ?`).pluck(),
}))

/** The e-mail address of the service account with this unique id. */
export const emailOfUniqueId = (ctx: Context, uniqueId: string): string | undefined => statements(ctx.db).email.get(uniqueId)

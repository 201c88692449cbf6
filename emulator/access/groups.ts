// Groups, which Google keeps in Cloud Identity: here the seed says who is in them.
import { oncePerDatabase } from '../core/once-per-database.ts'
import type { Context } from '../core/service.ts'
import { invalidArgument } from '../core/status.ts'

const statements = oncePerDatabase((db) => ({
  add: db.prepare<[string, string]>('INSERT INTO iam_groups VALUES (?, ?) ON CONFLICT DO NOTHING'),
  of: db.prepare<[string], string>('SELECT email FROM iam_groups WHERE member = ?').pluck(),
}))

const MEMBER = /^(user|serviceAccount|group):[^@\s]+@[^@\s]+$/

/** Makes a group, or adds members to one. `email` is without `group:`, members are as in a binding. */
export function addGroup({ email, members }: { email: string; members: string[] }, ctx: Context) {
  if (!/^[^@\s:]+@[^@\s]+$/.test(email))
    throw invalidArgument(`A group is named by its address, such as team@example.com, not "${email}".`)
  for (const member of members) {
    if (!MEMBER.test(member)) throw invalidArgument(`The member ${member} of a group must be like user:alice@example.com.`)
    statements(ctx.db).add.run(email.toLowerCase(), member.toLowerCase())
  }
}

/** Addresses of the groups that a member is in, also by way of other groups. */
export function groupsOf(ctx: Context, member: string): string[] {
  const found = new Set<string>()
  const queue = [member.toLowerCase()]
  for (const one of queue)
    for (const email of statements(ctx.db).of.all(one))
      if (!found.has(email)) {
        found.add(email)
        queue.push(`group:${email}`)
      }
  return [...found]
}

// Who is meant by a member of a binding (https://cloud.google.com/iam/docs/principal-identifiers).

const emailOf = (member: string) => member.replace(/^[^:]+:/, '').toLowerCase()

/** Is the caller (`user:alice@example.com`; undefined where it does not say who it is) meant by `member`? `groupsOf` gives the groups that
 * somebody is in. */
export function isMeant(member: string, caller: string | undefined, groupsOf: (caller: string) => string[]): boolean {
  if (member === 'allUsers') return true
  if (caller === undefined) return false
  if (member === 'allAuthenticatedUsers') return true
  const [kind, name = ''] = [member.split(':')[0]!, emailOf(member)]
  if (kind === 'domain') return emailOf(caller).endsWith(`@${name}`)
  if (kind === 'group') return groupsOf(caller).includes(name)
  // emails are the same in upper and lower case, all else is not
  return (
    kind === caller.split(':')[0] && (['user', 'serviceAccount'].includes(kind) ? name === emailOf(caller) : member === caller)
  )
}

// Names of logs and of what holds them. Organizations, folders, billing accounts and log views do not exist here: refused by name.
import { namePattern } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument, unimplemented } from '../../core/status.ts'

const PROJECT = namePattern('projects/{project}')
const LOG = namePattern('projects/{project}/logs/{log}')

/** Ids are URL-encoded, which of the characters allowed changes the slash alone. */
const LOG_ID = /^(?:[A-Za-z0-9_.-]|%2F)+$/i
const MAX_LOG_ID = 511

const NOT_EMULATED = /^(?:(?:organizations|folders|billingAccounts)\/|projects\/[^/]+\/locations\/)/

/** What is to be read: the id of the project that `name` is. */
export function projectOf(name: string, field: string, ctx: Context): string {
  if (NOT_EMULATED.test(name)) throw unimplemented(`Resource name "${name}" in ${field}`)
  const { project } = PROJECT.parse(ctx.canonicalName(name), field)
  return project
}

/** The name of a log as entries carry it: with the project's id, and `%2F` in capitals. */
export function logNameOf(given: string, ctx: Context): { logName: string; project: string } {
  const name = given.replace(/^\//, '')
  if (NOT_EMULATED.test(name)) throw unimplemented(`Log name "${name}"`)
  const { project, log } = LOG.parse(ctx.canonicalName(name), 'log_name')
  // first, because the expression would run out of stack on a long text
  if (log.replace(/%2F/gi, '/').length > MAX_LOG_ID)
    throw invalidArgument(`Invalid log_name "${given.slice(0, 80)}…": a log ID must have less than 512 characters.`)
  if (!LOG_ID.test(log))
    throw invalidArgument(
      `Invalid log_name "${given}": a log ID has letters, digits, "_", "-", "." and "/" only, and its slashes are written %2F.`,
    )
  return { logName: LOG.format({ project, log: log.replace(/%2f/g, '%2F') }), project }
}

// Entries that sinks send to webhooks, once each and as they are written.
import type { Database } from '../../core/database.ts'
import { generation } from '../../core/generation.ts'
import type { Context } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import { parseQuery, type Query } from './query/query.ts'
import { type Webhook, webhooksOf } from './sinks.ts'
import type { NewEntry } from './store.ts'

const MAX_QUERIES = 200

const queries = new Map<string, Query>()

/** Parsed once, since a filter is asked of every entry that is written. */
function queryOf(filter: string): Query {
  const query = queries.get(filter) ?? parseQuery(filter)
  if (queries.size >= MAX_QUERIES) queries.clear()
  queries.set(filter, query)
  return query
}

function isFound(filter: string, entry: NewEntry, parsed: () => object): boolean {
  const query = queryOf(filter)
  return query.canMatch(entry) && query.mayMatch(entry.body) && query.matches(parsed())
}

/** A filter that cannot be evaluated on an entry does not keep it from being written. */
function isWanted({ sink, filter, exclusions }: Webhook, entry: NewEntry, parsed: () => object, ctx: Context): boolean {
  try {
    return isFound(filter, entry, parsed) && !exclusions.some((exclusion) => isFound(exclusion, entry, parsed))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    ctx.log.warn({ sink, err: error }, 'a log entry was not delivered')
    return false
  }
}

const projectOfLog = (logName: string) => logName.split('/')[1]!

interface Known {
  /** Of the sinks. */
  generation: string
  byProject: Map<string, Webhook[]>
}

const known = new WeakMap<Database, Known>()

/** Read again only where a sink has changed. */
function currentWebhooks(ctx: Context): Map<string, Webhook[]> {
  const current = generation(ctx.db, 'sinks')
  let found = known.get(ctx.db)
  if (found?.generation !== current) {
    found = { generation: current, byProject: new Map() }
    known.set(ctx.db, found)
  }
  return found.byProject
}

/** Has the webhooks of their projects called for entries, after what writes them is committed. */
export function alert(ctx: Context, entries: NewEntry[]) {
  const webhooks = currentWebhooks(ctx)
  for (const entry of entries) {
    const project = projectOfLog(entry.logName)
    const all = webhooks.get(project) ?? webhooksOf(project, ctx)
    webhooks.set(project, all)
    let document: object | undefined
    const parsed = () => {
      document ??= JSON.parse(entry.body) as object
      return document
    }
    for (const webhook of all) {
      if (!isWanted(webhook, entry, parsed, ctx)) continue
      const headers = { 'content-type': 'application/json', 'x-emulator-sink': webhook.sink }
      ctx.deliver({ url: webhook.url, headers, body: entry.body })
    }
  }
}

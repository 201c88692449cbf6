// The one way into the logs, for entries of clients and for the emulator's own audit entries.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/logging.v2.ts'
import { expireEntries, sortable } from './retention.ts'
import { decisionsBefore, dropOldest, droppedEntries, insertEntry, type NewEntry } from './store.ts'

type LogEntry = components['schemas']['LogEntry']

/** Entries that are too old are looked for once in so many writes. */
const EXPIRE_EVERY = 1000

/** Keeps an entry, unless its log has one with the same timestamp and insertId; beyond `ctx.maxLogEntries` the oldest arrival goes. */
export function append(ctx: Context, entry: NewEntry) {
  const counts = insertEntry(ctx.db, entry)
  if (!counts) return
  const expired = counts.id % EXPIRE_EVERY === 0 ? expireEntries(ctx) : 0
  const { maxLogEntries } = ctx
  const excess = counts.entries - expired - maxLogEntries
  if (maxLogEntries === 0 || excess <= 0) return
  if (counts.dropped === 0) ctx.log.warn({ maxLogEntries }, 'from now on the oldest log entries are dropped')
  dropOldest(ctx.db, excess)
}

/** Keeps an audit entry, which is complete and of now, with a `decision` (JSON) beside it that only listDecisions shows. */
export function appendLogEntry(ctx: Context, entry: LogEntry, decision: string) {
  const { logName = '', timestamp = '', insertId = '' } = entry
  append(ctx, { logName, timestamp: sortable(timestamp), insertId, body: JSON.stringify(entry), decision })
}

/** Decisions as they were appended, newest first, each with the id of its entry. `before` is such an id, `logName` one log. */
export function listDecisions(ctx: Context, before: number, limit: number, logName?: string): { id: string; decision: string }[] {
  expireEntries(ctx)
  return decisionsBefore(ctx.db, before, limit, logName).map(({ id, decision }) => ({ id: String(id), decision }))
}

/** How many entries the bound has dropped, since the store was made or reset. */
export const droppedLogEntries = (ctx: Context): number => droppedEntries(ctx.db)

// The one way into the logs, for entries of clients and for the emulator's own audit entries.
import { atomically, type Database, writeLater, writeWaiting } from '../../core/database.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/logging.v2.ts'
import { alert } from './alerts.ts'
import { expireEntries, sortable } from './retention.ts'
import { dropOldest, droppedEntries, insertEntries, type NewEntry } from './store.ts'

type LogEntry = components['schemas']['LogEntry']

/** Entries that are too old are looked for once in so many writes. */
const EXPIRE_EVERY = 1000

/** Keeps entries, but for those of which the log has one with the same timestamp and insertId; returns those that it kept. Beyond
 * `ctx.maxLogEntries` the oldest arrivals go. */
function keep(ctx: Context, newEntries: NewEntry[]): NewEntry[] {
  const { lastId, entries, dropped, inserted } = insertEntries(ctx.db, newEntries)
  const expired = lastId % EXPIRE_EVERY < newEntries.length ? expireEntries(ctx) : 0
  const { maxLogEntries } = ctx
  const excess = entries - expired - maxLogEntries
  if (maxLogEntries > 0 && excess > 0) {
    if (dropped === 0) ctx.log.warn({ maxLogEntries }, 'from now on the oldest log entries are dropped')
    dropOldest(ctx.db, excess)
  }
  return inserted
}

/** Keeps entries, and has the webhooks called that want them. */
export const append = (ctx: Context, newEntries: NewEntry[]) => alert(ctx, keep(ctx, newEntries))

interface Waiting {
  /** Of the entry that came last. */
  ctx: Context
  entries: NewEntry[]
}

/** In memory so many entries wait at most, to be written together. */
const MAX_WAITING = 500

const waiting = new WeakMap<Database, Waiting>()

/** Keeps an entry before anything can read the logs. */
function appendLater(ctx: Context, entry: NewEntry) {
  const { db } = ctx
  const found = waiting.get(db)
  if (!found) {
    const fresh = { ctx, entries: [entry] }
    waiting.set(db, fresh)
    return writeLater(db, () => {
      atomically(db, () => keep(fresh.ctx, fresh.entries))
      waiting.delete(db)
    })
  }
  found.ctx = ctx
  if (found.entries.push(entry) >= MAX_WAITING) writeWaiting(db)
}

/** Keeps an audit entry, which is complete and of now; a `decision` (JSON) stands beside it, and only listDecisions shows that. */
export function appendLogEntry(ctx: Context, entry: LogEntry, decision?: string) {
  const { logName = '', timestamp = '', insertId = '', resource } = entry
  const resourceType = resource?.type ?? ''
  const newEntry = { logName, resourceType, timestamp: sortable(timestamp), insertId, body: JSON.stringify(entry), decision }
  if (ctx.db.memory && !ctx.db.inTransaction) {
    appendLater(ctx, newEntry)
    alert(ctx, [newEntry])
  } else atomically(ctx.db, () => append(ctx, [newEntry]))
}

/** How many entries the bound has dropped, since the store was made or reset. */
export const droppedLogEntries = (ctx: Context): number => droppedEntries(ctx.db)

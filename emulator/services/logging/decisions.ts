// Decisions by time: those since a moment, and those that were let in whatever their evaluation said.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatTimestamp } from '../../core/clock.ts'
import { atomically, writeWaiting } from '../../core/database.ts'
import type { Context } from '../../core/service.ts'
import { expireEntries } from './retention.ts'
import { admittedSince, decisionsBefore } from './store.ts'

/** Rows that are read at a time; other requests get their turn in between. */
const PART = 500

const sortable = (nanos: bigint) => formatTimestamp(nanos, 9)

/** Decisions as they were appended, newest first, each with the id of its entry. `before` is such an id, `logName` one log, `since` a time
 * (nanoseconds since the epoch). */
export function listDecisions(ctx: Context, before: number, limit: number, logName?: string, since?: bigint) {
  expireEntries(ctx)
  const from = since === undefined ? undefined : sortable(since)
  return decisionsBefore(ctx.db, before, limit, logName, from).map(({ id, decision }) => ({ id: String(id), decision }))
}

/** Decisions of dry run and break-glass as they were appended, oldest first, from the time `since` on; not within a transaction. */
export async function* admittedDecisions(ctx: Context, since: bigint, logName?: string): AsyncGenerator<string> {
  writeWaiting(ctx.db)
  atomically(ctx.db, () => expireEntries(ctx))
  for (const part of admittedSince(ctx.db, sortable(since), PART, logName)) {
    yield* part
    await nextTurn()
  }
}

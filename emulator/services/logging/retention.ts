// How long entries stay (https://cloud.google.com/logging/quotas#logs_retention_periods): those of bucket _Required 400 days, all
// others, in _Default, 30. An age needs no timer: what is too old goes when entries are written or read.
import { formatTimestamp } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import { allStreams, deleteEntries } from './store.ts'

const DAY = 86_400_000_000_000n
const DEFAULT_DAYS = 30n
const REQUIRED_DAYS = 400n

/** Entries of these audit logs go to the bucket _Required, from which nobody can delete. */
export const isRequired = (logName: string) =>
  /\/logs\/cloudaudit\.googleapis\.com%2F(?:activity|system_event|access_transparency)$/.test(logName)

/** A timestamp of ProtoJSON, in UTC with 0, 3, 6 or 9 digits, in the form that sorts: with nine. */
export const sortable = (timestamp: string) => `${timestamp.slice(0, 19)}.${timestamp.slice(20, -1).padEnd(9, '0')}Z`

const oldest = (logName: string, ctx: Context) =>
  formatTimestamp(ctx.nanos() - (isRequired(logName) ? REQUIRED_DAYS : DEFAULT_DAYS) * DAY, 9)

/** Would an entry of this time be kept? Cloud Logging accepts one that is older than the retention, or more than a day in the future,
 * and never shows it. */
export const isKept = (logName: string, timestamp: string, ctx: Context) =>
  timestamp >= oldest(logName, ctx) && timestamp <= formatTimestamp(ctx.nanos() + DAY, 9)

/** Deletes what is older than the retention of its log; returns how many entries that were. */
export const expireEntries = (ctx: Context): number =>
  allStreams(ctx.db).reduce((count, { id, logName }) => count + deleteEntries(ctx.db, id, oldest(logName, ctx)), 0)

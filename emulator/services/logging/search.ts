// Going through the entries of several logs in one order, from any place in it.
import { formatTimestamp } from '../../core/clock.ts'
import type { Comparison } from '../../core/filter.ts'
import { instant } from '../../core/filter-values.ts'
import type { Context } from '../../core/service.ts'
import { entriesFrom, type Log, type Place, type StoredEntry } from './store.ts'

/** Entries are in the order of their timestamps, then of their insertIds, then of the names of their logs. */
export interface Position extends Place {
  logName: string
}

export type FoundEntry = StoredEntry & Position

export interface Search {
  /** Timestamps, both inclusive. */
  from: string
  to: string
  descending: boolean
  /** The entry behind which to begin. */
  after?: Position
}

const CHUNK = 200

/** How a comparison of `logName` can be judged by the name alone. Wildcards are not among the comparisons. */
const NAMED: Partial<Record<Comparison['operator'], (name: string, value: string) => boolean>> = {
  '=': (name, value) => name === value,
  ':': (name, value) => name.includes(value),
}

/** Can entries of this log fulfil `demands`, which every match must? */
export const isWanted = ({ name }: Log, demands: Comparison[]) =>
  demands.every(
    ({ field, operator, value }) => field !== 'logName' || (NAMED[operator]?.(name.toLowerCase(), value.toLowerCase()) ?? true),
  )

/** The times between which all matches lie. */
export function timesOf(demands: Comparison[]): { from: string; to: string } {
  const times = { from: '', to: '~' }
  for (const { field, operator, value } of demands) {
    const nanos = field === 'timestamp' ? instant(value) : undefined
    if (nanos === undefined) continue
    const time = formatTimestamp(nanos, 9)
    if (!/^\d/.test(time)) continue // before the year 0 or after 9999
    if (['=', '>', '>='].includes(operator) && time > times.from) times.from = time
    if (['=', '<', '<='].includes(operator) && time < times.to) times.to = time
  }
  return times
}

export const isSamePlace = (a: Place, b: Place) => a.timestamp === b.timestamp && a.insertId === b.insertId

/** Reads in steps: an open cursor would block writes of the same request. */
function* entriesOfLog(ctx: Context, log: Log, { from, to, descending, after }: Search): Generator<FoundEntry> {
  let place: Place = after ?? { timestamp: descending ? `${to}~` : from, insertId: '' }
  let isPast = after !== undefined && log.name <= after.logName
  for (;;) {
    const rows = entriesFrom(ctx.db, log.id, place, descending ? from : to, CHUNK, descending)
    for (const row of rows) if (!isPast || !isSamePlace(row, place)) yield { ...row, logName: log.name }
    if (rows.length < CHUNK) return
    place = rows.at(-1)!
    isPast = true
  }
}

function comesBefore(a: Position, b: Position, descending: boolean): boolean {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp !== descending
  if (a.insertId !== b.insertId) return a.insertId < b.insertId !== descending
  return a.logName < b.logName
}

/** All entries of the logs in the order of the search. */
export function* entriesOf(ctx: Context, logs: Log[], search: Search): Generator<FoundEntry> {
  const heads = logs.flatMap((log) => {
    const entries = entriesOfLog(ctx, log, search)
    const { value } = entries.next()
    return value ? [{ entries, entry: value as FoundEntry }] : []
  })
  while (heads.length > 0) {
    let first = heads[0]!
    for (const head of heads) if (comesBefore(head.entry, first.entry, search.descending)) first = head
    yield first.entry
    const { value } = first.entries.next()
    if (value) first.entry = value
    else heads.splice(heads.indexOf(first), 1)
  }
}

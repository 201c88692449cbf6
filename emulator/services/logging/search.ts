// Going through the entries of several streams in one order, from any place in it.
import type { Context } from '../../core/service.ts'
import { entriesFrom, entriesNamed, type Place, type StoredEntry, type Stream } from './store.ts'

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

export const isSamePlace = (a: Place, b: Place) => a.timestamp === b.timestamp && a.insertId === b.insertId

/** Reads in steps: an open cursor would block writes of the same request. */
function* entriesOfStream(ctx: Context, stream: Stream, { from, to, descending, after }: Search): Generator<FoundEntry> {
  let place: Place = after ?? { timestamp: descending ? `${to}~` : from, insertId: '' }
  let isPast = after !== undefined && stream.logName <= after.logName
  for (;;) {
    const rows = entriesFrom(ctx.db, stream.id, place, descending ? from : to, CHUNK, descending)
    for (const row of rows) if (!isPast || !isSamePlace(row, place)) yield { ...row, logName: stream.logName }
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

/** All entries of the streams in the order of the search. */
export function* entriesOf(ctx: Context, streams: Stream[], search: Search): Generator<FoundEntry> {
  const heads = streams.flatMap((stream) => {
    const entries = entriesOfStream(ctx, stream, search)
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

/** What is found by its name is sorted here: so many at most. */
const MAX_NAMED = 1000

/** The entries of the streams that may have an insertId, in the order of the search; undefined where an index is of no use. */
export function entriesWithId(ctx: Context, streams: Stream[], insertId: string, search: Search): FoundEntry[] | undefined {
  if (/[^ -~]/.test(insertId)) return undefined // other characters may be other forms of ASCII's
  const names = new Map(streams.map(({ id, logName }) => [id, logName]))
  const { from, to, descending, after } = search
  return entriesNamed(ctx.db, insertId, MAX_NAMED)
    ?.flatMap(({ streamId, ...entry }) => (names.has(streamId) ? [{ ...entry, logName: names.get(streamId)! }] : []))
    .filter((entry) => entry.timestamp >= from && entry.timestamp <= to && (!after || comesBefore(after, entry, descending)))
    .sort((a, b) => (comesBefore(a, b, descending) ? -1 : 1))
}

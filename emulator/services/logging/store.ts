// SQL of the logs.
import type { Database } from '../../core/database.ts'
import { oncePerDatabase } from '../../core/once-per-database.ts'

export interface NewEntry {
  logName: string
  resourceType: string
  /** RFC 3339 in UTC with nine digits. */
  timestamp: string
  insertId: string
  /** The LogEntry as JSON. */
  body: string
  decision?: string
}

/** A place in the order of a log. */
export interface Place {
  timestamp: string
  insertId: string
}

export interface StoredEntry extends Place {
  body: string
}

/** The entries of one log and one type of resource. */
export interface Stream {
  id: number
  logName: string
  resourceType: string
}

/** The id given last, how many entries there are, and how many the bound has dropped. */
export interface Counts {
  lastId: number
  entries: number
  dropped: number
}

const ENTRY = 'SELECT timestamp, insert_id AS insertId, body FROM logging_entries WHERE stream_id = @stream'
const DECISION = 'SELECT id, decision FROM logging_entries WHERE decision IS NOT NULL AND id < @before'
/** As the index of migration 002 has it. */
const ADMITTED = `(decision GLOB '{"verdict":"DRY_RUN"*' OR decision GLOB '{"verdict":"BREAK_GLASS"*')`

const STREAM = 'SELECT id, log_name AS logName, resource_type AS resourceType FROM logging_streams'
const NAMED = 'SELECT stream_id AS streamId, timestamp, insert_id AS insertId, body FROM logging_entries'

/** In SQL, so that tests can ask for the plan of each. */
export const READS = {
  ascending: `${ENTRY} AND (timestamp, insert_id) >= (@timestamp, @insertId) AND timestamp <= @end
    ORDER BY timestamp, insert_id LIMIT @limit`,
  descending: `${ENTRY} AND (timestamp, insert_id) <= (@timestamp, @insertId) AND timestamp >= @end
    ORDER BY timestamp DESC, insert_id DESC LIMIT @limit`,
  named: `${NAMED} WHERE insert_id = @insertId COLLATE NOCASE LIMIT @limit`,
  oddlyNamed: `${NAMED} WHERE insert_id GLOB '*[^ -~]*' LIMIT @limit`,
}

type Range = Place & { stream: number; end: string; limit: number }

const statements = oncePerDatabase((db) => ({
  streamId: db
    .prepare<[string, string], number>('SELECT id FROM logging_streams WHERE log_name = ? AND resource_type = ?')
    .pluck(),
  streamIds: db.prepare<[string], number>('SELECT id FROM logging_streams WHERE log_name = ?').pluck(),
  addStream: db
    .prepare<[string, string], number>('INSERT INTO logging_streams (log_name, resource_type) VALUES (?, ?) RETURNING id')
    .pluck(),
  allStreams: db.prepare<[], Stream>(STREAM),
  streamsOf: db.prepare<{ from: string; to: string }, Stream>(
    `${STREAM} WHERE log_name > @from AND log_name < @to
     AND EXISTS (SELECT 1 FROM logging_entries WHERE stream_id = logging_streams.id) ORDER BY log_name, id`,
  ),
  counts: db.prepare<[], Counts>('SELECT last_id AS lastId, entries, dropped FROM logging_counts'),
  count: db.prepare<Counts>('UPDATE logging_counts SET last_id = @lastId, entries = @entries, dropped = @dropped'),
  gone: db.prepare<{ count: number; dropped: number }>(
    'UPDATE logging_counts SET entries = entries - @count, dropped = dropped + @dropped',
  ),
  dropped: db.prepare<[], number>('SELECT dropped FROM logging_counts').pluck(),
  insert: db.prepare(
    'INSERT INTO logging_entries (id, stream_id, timestamp, insert_id, body, decision) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  dropOldest: db.prepare<[number]>(
    'DELETE FROM logging_entries WHERE id <= (SELECT id FROM logging_entries ORDER BY id LIMIT 1 OFFSET ?)',
  ),
  deleteOf: db.prepare<[number, string]>('DELETE FROM logging_entries WHERE stream_id = ? AND timestamp < ?'),
  ascending: db.prepare<Range, StoredEntry>(READS.ascending),
  descending: db.prepare<Range, StoredEntry>(READS.descending),
  named: db.prepare<{ insertId: string; limit: number }, NamedRow>(READS.named),
  oddlyNamed: db.prepare<{ limit: number }, NamedRow>(READS.oddlyNamed),
  decisions: db.prepare<{ before: number; limit: number }, DecisionRow>(`${DECISION} ORDER BY id DESC LIMIT @limit`),
  decisionsOf: db.prepare<{ stream: number; before: number; limit: number; since: string }, TimedDecisionRow>(
    `SELECT id, timestamp, insert_id AS insertId, decision FROM logging_entries WHERE decision IS NOT NULL AND id < @before
     AND stream_id = @stream AND timestamp >= @since ORDER BY timestamp DESC, insert_id DESC LIMIT @limit`,
  ),
  // stream by stream, because times are sorted in each of them alone
  decisionsSince: db.prepare<{ before: number; limit: number; since: string }, DecisionRow>(
    `SELECT entry.id, decision FROM logging_streams CROSS JOIN logging_entries entry
     ON stream_id = logging_streams.id AND timestamp >= @since WHERE decision IS NOT NULL AND entry.id < @before
     ORDER BY entry.id DESC LIMIT @limit`,
  ),
  admitted: db.prepare<{ timestamp: string; id: number; limit: number }, AdmittedRow>(
    `SELECT id, stream_id AS stream, timestamp, decision FROM logging_entries INDEXED BY logging_entries_admitted
     WHERE ${ADMITTED} AND (timestamp, id) > (@timestamp, @id) ORDER BY timestamp, id LIMIT @limit`,
  ),
}))

interface DecisionRow {
  id: number
  decision: string
}

interface TimedDecisionRow extends DecisionRow, Place {}

interface NamedRow extends StoredEntry {
  streamId: number
}

interface AdmittedRow extends DecisionRow {
  stream: number
  timestamp: string
}

/** Inserts the entries but for those of which the stream has one with the same timestamp and insertId; returns
 * those, and the counts after that. */
export function insertEntries(db: Database, entries: NewEntry[]): Counts & { inserted: NewEntry[] } {
  const sql = statements(db)
  const counts = sql.counts.get()!
  const streams = new Map<string, number>()
  const inserted: NewEntry[] = []
  for (const entry of entries) {
    const { logName, resourceType, timestamp, insertId, body, decision } = entry
    const key = `${logName} ${resourceType}`
    const stream = streams.get(key) ?? sql.streamId.get(logName, resourceType) ?? sql.addStream.get(logName, resourceType)!
    streams.set(key, stream)
    counts.lastId++
    const { changes } = sql.insert.run(counts.lastId, stream, timestamp, insertId, body, decision ?? null)
    if (changes === 0) continue
    counts.entries++
    inserted.push(entry)
  }
  sql.count.run(counts)
  return { ...counts, inserted }
}

/** Drops the `count` oldest arrivals, and counts them as dropped. */
export function dropOldest(db: Database, count: number) {
  const sql = statements(db)
  const { changes } = sql.dropOldest.run(count - 1)
  sql.gone.run({ count: changes, dropped: changes })
}

/** How many entries were dropped. */
export const droppedEntries = (db: Database): number => statements(db).dropped.get()!

/** Deletes a stream's entries before a time, all without one; returns how many. */
export function deleteEntries(db: Database, stream: number, before = '~'): number {
  const sql = statements(db)
  const { changes } = sql.deleteOf.run(stream, before)
  if (changes > 0) sql.gone.run({ count: changes, dropped: 0 })
  return changes
}

export const allStreams = (db: Database): Stream[] => statements(db).allStreams.all()

/** Streams of a project that have entries, by the names of their logs. */
export const streamsOf = (db: Database, project: string): Stream[] =>
  statements(db).streamsOf.all({ from: `projects/${project}/logs/`, to: `projects/${project}/logs0` }) // "0" comes after "/"

/** At most `limit` entries of a stream from `place` on, up to the time `end` inclusive, in the order asked for. */
export const entriesFrom = (db: Database, stream: number, place: Place, end: string, limit: number, descending: boolean) =>
  statements(db)[descending ? 'descending' : 'ascending'].all({ ...place, stream, end, limit })

/** Entries with this insertId, in any case of its letters, and those whose ids have characters beyond ASCII; undefined for more than `limit`
 * of either. */
export function entriesNamed(db: Database, insertId: string, limit: number): NamedRow[] | undefined {
  const sql = statements(db)
  const found = [sql.named.all({ insertId, limit: limit + 1 }), sql.oddlyNamed.all({ limit: limit + 1 })]
  return found.some((rows) => rows.length > limit) ? undefined : found.flat()
}

/** At most `limit` decisions with an id below `before`, newest first: of all projects, or those in one log; from the time `since` on. */
export function decisionsBefore(db: Database, before: number, limit: number, logName?: string, since?: string): DecisionRow[] {
  const sql = statements(db)
  if (logName === undefined)
    return since === undefined ? sql.decisions.all({ before, limit }) : sql.decisionsSince.all({ before, limit, since })
  const streams = sql.streamIds.all(logName).map((stream) => sql.decisionsOf.all({ stream, before, limit, since: since ?? '' }))
  if (streams.length === 1) return streams[0]!
  return streams.flat().sort(newestFirst).slice(0, limit)
}

const keyOf = ({ timestamp, insertId }: Place) => `${timestamp} ${insertId}`
const newestFirst = (a: Place, b: Place) => (keyOf(a) < keyOf(b) ? 1 : -1)

/** Decisions of the verdicts DRY_RUN and BREAK_GLASS from the time `since` on, oldest first, in parts of at most `limit`: of all projects,
 * or those in one log. Between two parts anything may happen to the store. */
export function* admittedSince(db: Database, since: string, limit: number, logName?: string): Generator<string[]> {
  const sql = statements(db)
  const streams = logName === undefined ? undefined : new Set(sql.streamIds.all(logName))
  if (streams?.size === 0) return
  for (let [timestamp, id] = [since, -1]; ; ) {
    const rows = sql.admitted.all({ timestamp, id, limit })
    yield rows.filter(({ stream }) => streams === undefined || streams.has(stream)).map(({ decision }) => decision)
    if (rows.length < limit) return
    const last = rows.at(-1)!
    timestamp = last.timestamp
    id = last.id
  }
}

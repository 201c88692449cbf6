// SQL of the logs.
import type { Database } from '../../core/database.ts'
import { oncePerDatabase } from '../../core/once-per-database.ts'

export interface NewEntry {
  logName: string
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

export interface Log {
  id: number
  name: string
}

/** The id given last, how many entries there are, and how many the bound has dropped. */
export interface Counts {
  lastId: number
  entries: number
  dropped: number
}

const ENTRY = 'SELECT timestamp, insert_id AS insertId, body FROM logging_entries WHERE log_id = @log'
const DECISION = 'SELECT id, decision FROM logging_entries WHERE decision IS NOT NULL AND id < @before'
/** As the index of migration 002 has it. */
const ADMITTED = `(decision GLOB '{"verdict":"DRY_RUN"*' OR decision GLOB '{"verdict":"BREAK_GLASS"*')`

const statements = oncePerDatabase((db) => ({
  logId: db.prepare<[string], number>('SELECT id FROM logging_logs WHERE name = ?').pluck(),
  addLog: db.prepare<[string], number>('INSERT INTO logging_logs (name) VALUES (?) RETURNING id').pluck(),
  allLogs: db.prepare<[], Log>('SELECT id, name FROM logging_logs'),
  logsOf: db.prepare<{ from: string; to: string }, Log>(
    `SELECT id, name FROM logging_logs WHERE name > @from AND name < @to
     AND EXISTS (SELECT 1 FROM logging_entries WHERE log_id = logging_logs.id) ORDER BY name`,
  ),
  counts: db.prepare<[], Counts>('SELECT last_id AS lastId, entries, dropped FROM logging_counts'),
  count: db.prepare<Counts>('UPDATE logging_counts SET last_id = @lastId, entries = @entries, dropped = @dropped'),
  gone: db.prepare<{ count: number; dropped: number }>(
    'UPDATE logging_counts SET entries = entries - @count, dropped = dropped + @dropped',
  ),
  dropped: db.prepare<[], number>('SELECT dropped FROM logging_counts').pluck(),
  insert: db.prepare(
    'INSERT INTO logging_entries (id, log_id, timestamp, insert_id, body, decision) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  dropOldest: db.prepare<[number]>(
    'DELETE FROM logging_entries WHERE id <= (SELECT id FROM logging_entries ORDER BY id LIMIT 1 OFFSET ?)',
  ),
  deleteOf: db.prepare<[number, string]>('DELETE FROM logging_entries WHERE log_id = ? AND timestamp < ?'),
  ascending: db.prepare<Place & { log: number; end: string; limit: number }, StoredEntry>(
    `${ENTRY} AND (timestamp, insert_id) >= (@timestamp, @insertId) AND timestamp <= @end ORDER BY timestamp, insert_id LIMIT @limit`,
  ),
  descending: db.prepare<Place & { log: number; end: string; limit: number }, StoredEntry>(
    `${ENTRY} AND (timestamp, insert_id) <= (@timestamp, @insertId) AND timestamp >= @end
     ORDER BY timestamp DESC, insert_id DESC LIMIT @limit`,
  ),
  decisions: db.prepare<{ before: number; limit: number }, DecisionRow>(`${DECISION} ORDER BY id DESC LIMIT @limit`),
  decisionsOf: db.prepare<{ log: number; before: number; limit: number; since: string }, DecisionRow>(
    `${DECISION} AND log_id = @log AND timestamp >= @since ORDER BY timestamp DESC, insert_id DESC LIMIT @limit`,
  ),
  // log by log, because times are sorted in each of them alone
  decisionsSince: db.prepare<{ before: number; limit: number; since: string }, DecisionRow>(
    `SELECT entry.id, decision FROM logging_logs CROSS JOIN logging_entries entry
     ON log_id = logging_logs.id AND timestamp >= @since WHERE decision IS NOT NULL AND entry.id < @before
     ORDER BY entry.id DESC LIMIT @limit`,
  ),
  admitted: db.prepare<{ timestamp: string; id: number; limit: number }, AdmittedRow>(
    `SELECT id, log_id AS log, timestamp, decision FROM logging_entries INDEXED BY logging_entries_admitted
     WHERE ${ADMITTED} AND (timestamp, id) > (@timestamp, @id) ORDER BY timestamp, id LIMIT @limit`,
  ),
}))

interface DecisionRow {
  id: number
  decision: string
}

interface AdmittedRow extends DecisionRow {
  log: number
  timestamp: string
}

/** Inserts the entries but for those of which the log has one with the same timestamp and insertId; returns the counts after that. */
export function insertEntries(db: Database, entries: NewEntry[]): Counts {
  const sql = statements(db)
  const counts = sql.counts.get()!
  const logs = new Map<string, number>()
  for (const { logName, timestamp, insertId, body, decision } of entries) {
    const log = logs.get(logName) ?? sql.logId.get(logName) ?? sql.addLog.get(logName)!
    logs.set(logName, log)
    counts.lastId++
    counts.entries += sql.insert.run(counts.lastId, log, timestamp, insertId, body, decision ?? null).changes
  }
  sql.count.run(counts)
  return counts
}

/** Drops the `count` oldest arrivals, and counts them as dropped. */
export function dropOldest(db: Database, count: number) {
  const sql = statements(db)
  const { changes } = sql.dropOldest.run(count - 1)
  sql.gone.run({ count: changes, dropped: changes })
}

/** How many entries were dropped. */
export const droppedEntries = (db: Database): number => statements(db).dropped.get()!

/** Deletes a log's entries before a time, all without one; returns how many. */
export function deleteEntries(db: Database, log: number, before = '~'): number {
  const sql = statements(db)
  const { changes } = sql.deleteOf.run(log, before)
  if (changes > 0) sql.gone.run({ count: changes, dropped: 0 })
  return changes
}

export const allLogs = (db: Database): Log[] => statements(db).allLogs.all()

/** Logs of a project that have entries, by name. */
export const logsOf = (db: Database, project: string): Log[] =>
  statements(db).logsOf.all({ from: `projects/${project}/logs/`, to: `projects/${project}/logs0` }) // "0" comes after "/"

/** At most `limit` entries of a log from `place` on, up to the time `end` inclusive, in the order asked for. */
export const entriesFrom = (db: Database, log: number, place: Place, end: string, limit: number, descending: boolean) =>
  statements(db)[descending ? 'descending' : 'ascending'].all({ ...place, log, end, limit })

/** At most `limit` decisions with an id below `before`, newest first: of all projects, or those in one log; from the time `since` on. */
export function decisionsBefore(db: Database, before: number, limit: number, logName?: string, since?: string): DecisionRow[] {
  const sql = statements(db)
  if (logName === undefined)
    return since === undefined ? sql.decisions.all({ before, limit }) : sql.decisionsSince.all({ before, limit, since })
  const log = sql.logId.get(logName)
  return log === undefined ? [] : sql.decisionsOf.all({ log, before, limit, since: since ?? '' })
}

/** Decisions of the verdicts DRY_RUN and BREAK_GLASS from the time `since` on, oldest first, in parts of at most `limit`: of all projects,
 * or those in one log. Between two parts anything may happen to the store. */
export function* admittedSince(db: Database, since: string, limit: number, logName?: string): Generator<string[]> {
  const sql = statements(db)
  const log = logName === undefined ? undefined : sql.logId.get(logName)
  if (logName !== undefined && log === undefined) return
  for (let [timestamp, id] = [since, -1]; ; ) {
    const rows = sql.admitted.all({ timestamp, id, limit })
    yield rows.filter((row) => log === undefined || row.log === log).map(({ decision }) => decision)
    if (rows.length < limit) return
    const last = rows.at(-1)!
    timestamp = last.timestamp
    id = last.id
  }
}

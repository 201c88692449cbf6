// Writing entries (https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/write).
import { atomically, writeWaiting } from '../../core/database.ts'
import { type Context, io } from '../../core/service.ts'
import { CODES, invalidArgument, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { append } from './append.ts'
import { logNameOf } from './names.ts'
import { SEVERITIES } from './query/fields.ts'
import { isKept, sortable } from './retention.ts'
import type { NewEntry } from './store.ts'

type Schemas = components['schemas']
type Request = Schemas['WriteLogEntriesRequest']
type LogEntry = Schemas['LogEntry']

const MAX_BYTES = 256 * 1024

/** Ids that sort in the order of the list, for entries that bring none. */
const newInsertId = (ctx: Context, index: number) =>
  `${ctx.nanos().toString(36)}${index.toString(36).padStart(5, '0')}${ctx.ids.bytes(4).toString('hex')}`

/** The entry with the defaults of the request, as it is kept; INVALID_ARGUMENT where it cannot be. */
function completeEntry(request: Request, given: LogEntry, index: number, ctx: Context): NewEntry {
  const { logName, project } = logNameOf(given.logName || request.logName || '', ctx)
  const { type, labels } = given.resource ?? request.resource ?? {}
  if (!type) throw invalidArgument(`Log entries must have a resource with a type: entries[${index}] has none.`)
  if (given.severity && !Object.hasOwn(SEVERITIES, given.severity))
    throw invalidArgument(`The severity ${given.severity} of entries[${index}] is none of ${Object.keys(SEVERITIES).join(', ')}.`)
  const timestamp = given.timestamp || ctx.timestamp(9)
  const insertId = given.insertId || newInsertId(ctx, index)
  const entry: LogEntry = {
    ...given,
    logName,
    // every type that is in use here has this label
    resource: { type, labels: { project_id: project, ...labels } },
    timestamp,
    receiveTimestamp: ctx.timestamp(9),
    insertId,
    ...((request.labels || given.labels) && { labels: { ...request.labels, ...given.labels } }),
  }
  const body = JSON.stringify(entry)
  const bytes = Buffer.byteLength(body)
  if (bytes > MAX_BYTES)
    throw invalidArgument(`Log entry with size ${(bytes / 1024).toFixed(1)}K exceeds maximum size of ${MAX_BYTES / 1024}.0K`)
  return { logName, resourceType: type, timestamp: sortable(timestamp), insertId, body }
}

function appendAll(entries: NewEntry[], ctx: Context) {
  append(
    ctx,
    entries.filter(({ logName, timestamp }) => isKept(logName, timestamp, ctx)),
  )
}

/** Of a request with `partialSuccess` the good entries are written and an error is the answer, which no transaction can do that is
 * rolled back by an error: so it happens before it. */
async function prepareWrite(request: Request, ctx: Context): Promise<NewEntry[]> {
  const { entries = [], partialSuccess = false, dryRun = false } = request
  if (entries.length === 0) throw invalidArgument('entries must not be empty.')
  const complete: NewEntry[] = []
  const errors = new Map<number, StatusError>()
  for (const [index, entry] of entries.entries()) {
    try {
      complete.push(completeEntry(request, entry, index, ctx))
    } catch (error) {
      if (!(error instanceof StatusError) || !partialSuccess) throw error
      errors.set(index, error)
    }
  }
  const [first] = errors.values()
  if (!first) return dryRun ? [] : complete
  if (complete.length === 0) throw first
  if (!dryRun) {
    writeWaiting(ctx.db)
    atomically(ctx.db, () => appendAll(complete, ctx))
  }
  throw new StatusError(first.code, first.message, [
    {
      '@type': 'type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors',
      logEntryErrors: Object.fromEntries(
        [...errors].map(([index, { code, message }]) => [index, { code: CODES[code].number, message }]),
      ),
    },
  ])
}

export const writeLogEntries = io(
  prepareWrite,
  (_request: Request, ctx: Context, entries): Schemas['WriteLogEntriesResponse'] => {
    appendAll(entries, ctx)
    return {}
  },
)

// Reading entries (https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list).
import { pageToken, readPageToken } from '../../core/page-token.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { projectOf } from './names.ts'
import { parseQuery } from './query/query.ts'
import { expireEntries } from './retention.ts'
import { entriesOf, entriesWithId, isSamePlace, type Position } from './search.ts'
import { streamsOf } from './store.ts'

type Schemas = components['schemas']
type LogEntry = Schemas['LogEntry']

const LIMITS = { default: 50, max: 1000, resourceNames: 100, filter: 20_000 }

/** One request looks at no more entries: it answers with what it found so far, and a token with which to search on. */
const MAX_SEARCHED = 50_000
/** Steps of regular expressions, beyond which it looks at no more either: about a second. */
const MAX_STEPS = 20_000_000

const ORDER = /^(?:timestamp(?: asc| (?<desc>desc))?)?$/

function checkRequest({ resourceNames = [], filter = '', orderBy = '', pageSize = 0 }: Schemas['ListLogEntriesRequest']) {
  if (resourceNames.length === 0) throw invalidArgument('resource_names must not be empty.')
  if (resourceNames.length > LIMITS.resourceNames)
    throw invalidArgument(`resource_names has ${resourceNames.length} elements; at most ${LIMITS.resourceNames} are allowed.`)
  if (filter.length > LIMITS.filter)
    throw invalidArgument(`filter has ${filter.length} characters; at most ${LIMITS.filter} are allowed.`)
  if (pageSize < 0 || pageSize > LIMITS.max) throw invalidArgument(`page_size must be from 0 to ${LIMITS.max}, not ${pageSize}.`)
  const order = ORDER.exec(orderBy.trim())
  if (!order) throw invalidArgument(`order_by must be "timestamp asc" or "timestamp desc", not "${orderBy}".`)
  return { descending: order.groups!.desc !== undefined, size: pageSize || LIMITS.default }
}

const projectOfLog = (logName: string) => logName.split('/')[1]

/** In one project the same timestamp and insertId make the same entry, also in two logs. */
const isDuplicate = (entry: Position, last: Position | undefined) =>
  last !== undefined && isSamePlace(entry, last) && projectOfLog(entry.logName) === projectOfLog(last.logName)

const DATA_ACCESS = /\/logs\/cloudaudit\.googleapis\.com%2F(data_access|access_transparency)$/

/** Without those that a caller may not read although he may read logs (https://cloud.google.com/logging/docs/access-control). */
function readableStreams(project: string, ctx: Context) {
  const streams = streamsOf(ctx.db, project)
  const mayReadAll = ctx.holds('logging.privateLogEntries.list', `projects/${project}`)
  return mayReadAll ? streams : streams.filter(({ logName }) => !DATA_ACCESS.test(logName))
}

export function listLogEntries(request: Schemas['ListLogEntriesRequest'], ctx: Context): Schemas['ListLogEntriesResponse'] {
  const { descending, size } = checkRequest(request)
  const { resourceNames = [], filter: text = '', pageToken: token } = request
  const projects = [...new Set(resourceNames.map((name) => projectOf(name, 'resource_names', ctx)))].sort()
  const bound = [projects, text, descending]
  const after: Position | undefined = token ? JSON.parse(readPageToken(token, bound)) : undefined
  const query = parseQuery(text)
  expireEntries(ctx)
  const streams = projects.flatMap((project) => readableStreams(project, ctx)).filter(query.canMatch)
  const search = { ...query.times, descending, after }
  const named = query.insertId === undefined ? undefined : entriesWithId(ctx, streams, query.insertId, search)
  const entries: LogEntry[] = []
  const work = { steps: 0 }
  let last = after
  let searched = 0
  for (const { body, ...position } of named ?? entriesOf(ctx, streams, search)) {
    const entry: LogEntry | undefined = !isDuplicate(position, last) && query.mayMatch(body) ? JSON.parse(body) : undefined
    const isMatch = entry !== undefined && query.matches(entry, work)
    if ((isMatch && entries.length === size) || searched === MAX_SEARCHED || work.steps > MAX_STEPS)
      return { entries, nextPageToken: pageToken(JSON.stringify(last), bound) }
    if (isMatch) entries.push(entry)
    last = position
    searched++
  }
  return { entries }
}

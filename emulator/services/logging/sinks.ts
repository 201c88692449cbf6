// Sinks (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks). Each project has two of its own, which nobody changes.
import { collection, page } from '../../core/collection.ts'
import { applyMask, checkMask, maskPaths } from '../../core/field-mask.ts'
import { namePattern } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { checkDestination, isUniqueWriter, webhookOf, writerIdentity } from './destinations.ts'
import { projectOf } from './names.ts'
import { parseQuery, type Query } from './query/query.ts'

type Schemas = components['schemas']
type LogSink = Schemas['LogSink']

const NAME = namePattern('projects/{project}/sinks/{sink}')
const ID = /^[A-Za-z0-9][\w.-]{0,99}$/
const MAX = { filter: 20_000, description: 8000, exclusions: 50 }

const sinksOf = (ctx: Context) => collection<LogSink>(ctx.db, 'logging_sinks')

const REQUIRED_LOGS = ['activity', 'system_event', 'access_transparency'].flatMap((log) => [
  `LOG_ID("cloudaudit.googleapis.com/${log}")`,
  `LOG_ID("externalaudit.googleapis.com/${log}")`,
])

/** The sinks that fill the buckets _Default and _Required. */
function builtIn(project: string): LogSink[] {
  const bucket = (name: string) => `logging.googleapis.com/projects/${project}/locations/global/buckets/${name}`
  return [
    { name: '_Default', destination: bucket('_Default'), filter: REQUIRED_LOGS.map((log) => `NOT ${log}`).join(' AND ') },
    { name: '_Required', destination: bucket('_Required'), filter: REQUIRED_LOGS.join(' OR ') },
  ]
}

const isBuiltIn = (id: string) => id === '_Default' || id === '_Required'

/** INVALID_ARGUMENT for a filter that a sink or a metric cannot have. */
export function checkFilter(filter = ''): Query {
  if (filter.length > MAX.filter)
    throw invalidArgument(`filter has ${filter.length} characters; at most ${MAX.filter} are allowed.`)
  return parseQuery(filter)
}

export function checkDescription(description = '') {
  if (description.length > MAX.description)
    throw invalidArgument(`description has ${description.length} characters; at most ${MAX.description} are allowed.`)
}

function checkId(id: string, what: string) {
  if (!ID.test(id))
    throw invalidArgument(
      `The ${what} identifier "${id}" must have 1 to 100 letters, digits, "_", "-" and ".", of which the first is a letter or a digit.`,
    )
}

function checkExclusions({ exclusions = [] }: LogSink) {
  if (exclusions.length > MAX.exclusions) throw invalidArgument(`A sink has at most ${MAX.exclusions} exclusions.`)
  for (const [index, { name = '', filter = '', description }] of exclusions.entries()) {
    checkId(name, 'exclusion')
    if (exclusions.findIndex((other) => other.name === name) !== index)
      throw invalidArgument(`Two exclusions have the name "${name}".`)
    if (filter.trim() === '') throw invalidArgument(`The exclusion "${name}" must have a filter.`)
    checkFilter(filter)
    checkDescription(description)
  }
}

/** The sink as it is stored: checked, with what the API sets. `before` is what it replaces. */
function completed(sink: LogSink, project: string, isUnique: boolean, ctx: Context, before?: LogSink): LogSink {
  checkFilter(sink.filter)
  checkDescription(sink.description)
  checkExclusions(sink)
  checkDestination(sink.destination ?? '', project, isUnique, ctx)
  const now = ctx.timestamp()
  const exclusions = sink.exclusions?.map((exclusion) => {
    const { createTime: _, updateTime: __, ...given } = exclusion
    const { createTime, updateTime, ...known } = before?.exclusions?.find(({ name }) => name === exclusion.name) ?? {}
    const isSame = createTime !== undefined && JSON.stringify(given) === JSON.stringify(known)
    return { ...given, createTime: createTime ?? now, updateTime: isSame ? updateTime : now }
  })
  return {
    ...sink,
    exclusions,
    writerIdentity: writerIdentity(sink.destination!, project, isUnique, ctx),
    createTime: before?.createTime ?? now,
    updateTime: now,
  }
}

export function createSink(request: Schemas['CreateSinkRequest'], ctx: Context): LogSink {
  const { parent = '', sink = {}, uniqueWriterIdentity = false } = request
  const project = projectOf(parent, 'parent', ctx)
  const id = sink.name ?? ''
  if (isBuiltIn(id)) throw alreadyExists(`Sink ${id} already exists`)
  checkId(id, 'sink')
  const complete = completed(sink, project, uniqueWriterIdentity, ctx)
  if (!sinksOf(ctx).insert(NAME.format({ project, sink: id }), parent, complete, id))
    throw alreadyExists(`Sink ${id} already exists`)
  return complete
}

function found(name: string, ctx: Context): { sink: LogSink; project: string; id: string } {
  const { project, sink: id } = NAME.parse(name, 'sink_name')
  const sink = isBuiltIn(id) ? builtIn(project).find((each) => each.name === id) : sinksOf(ctx).get(name)
  if (!sink) throw notFound(`Sink ${id} does not exist`)
  return { sink, project, id }
}

export const getSink = ({ sinkName = '' }: Schemas['GetSinkRequest'], ctx: Context): LogSink => found(sinkName, ctx).sink

export function listSinks(request: Schemas['ListSinksRequest'], ctx: Context): Schemas['ListSinksResponse'] {
  const { parent = '', pageSize = 0 } = request
  const project = projectOf(parent, 'parent', ctx)
  const own = builtIn(project).map((sink) => ({ position: sink.name!, document: sink }))
  const all = [...own, ...sinksOf(ctx).iterate(parent)].sort((a, b) => (a.position < b.position ? -1 : 1))
  const { items, nextPageToken } = page(
    (after) => all.filter(({ position }) => position > after),
    { ...request, pageSize: Math.max(pageSize, 0) }, // the API ignores sizes below 1
    { default: 100, max: 1000 },
    { parent },
  )
  return { sinks: items, nextPageToken }
}

/** An empty mask means these, as the API says. */
const LEGACY_MASK = ['destination', 'filter', 'includeChildren']
const CHANGEABLE = ['destination', 'filter', 'description', 'disabled', 'exclusions', 'includeChildren']

export function updateSink(request: Schemas['UpdateSinkRequest'], ctx: Context): LogSink {
  const { sinkName = '', sink: given = {}, uniqueWriterIdentity = false, updateMask } = request
  const { sink: before, project, id } = found(sinkName, ctx)
  if (isBuiltIn(id)) throw unimplemented(`A change of the sink ${id}`)
  if (given.name && given.name !== id) throw invalidArgument(`The name of the sink is "${given.name}" and not "${id}".`)
  const paths = maskPaths(updateMask)
  checkMask(paths, CHANGEABLE, (path) => `update_mask has "${path}", which cannot be updated.`)
  const wasUnique = isUniqueWriter(before.writerIdentity)
  if (wasUnique && !uniqueWriterIdentity) throw invalidArgument('unique_writer_identity cannot be changed from true to false.')
  const changed = applyMask(before, given, paths.length > 0 ? paths : LEGACY_MASK)
  const complete = completed(changed, project, uniqueWriterIdentity, ctx, before)
  sinksOf(ctx).update(sinkName, complete)
  return complete
}

export function deleteSink({ sinkName = '' }: Schemas['DeleteSinkRequest'], ctx: Context): Record<string, never> {
  const { id } = found(sinkName, ctx)
  if (isBuiltIn(id)) throw unimplemented(`Deletion of the sink ${id}`)
  sinksOf(ctx).delete(sinkName)
  return {}
}

export interface Webhook {
  sink: string
  url: string
  filter: string
  /** Filters of entries that are not sent. */
  exclusions: string[]
}

/** The webhooks to which the sinks of a project send entries. */
export function webhooksOf(project: string, ctx: Context): Webhook[] {
  const webhooks: Webhook[] = []
  for (const { document } of sinksOf(ctx).iterate(`projects/${project}`)) {
    const { name: sink = '', destination, disabled, filter = '', exclusions = [] } = document
    const url = webhookOf(destination)
    if (url === undefined || disabled) continue
    const active = exclusions.filter((each) => !each.disabled).map((each) => each.filter ?? '')
    webhooks.push({ sink: NAME.format({ project, sink }), url, filter, exclusions: active })
  }
  return webhooks
}

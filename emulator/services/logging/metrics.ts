// Log-based metrics (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics). They are kept and checked; what they count
// goes to Cloud Monitoring in production, and nowhere here.
import { collection, page } from '../../core/collection.ts'
import { namePattern } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { projectOf } from './names.ts'
import { fieldOf } from './query/fields.ts'
import { readable } from './query/functions.ts'
import { parseCall } from './query/parser.ts'
import { checkDescription, checkFilter } from './sinks.ts'

type Schemas = components['schemas']
type LogMetric = Schemas['LogMetric']
type MetricDescriptor = NonNullable<LogMetric['metricDescriptor']>

const NAME = namePattern('projects/{project}/metrics/{metric}')
const ID = /^[A-Za-z0-9_\-.,+!*'()%][A-Za-z0-9_\-.,+!*'()%/]{0,99}$/

const metricsOf = (ctx: Context) => collection<LogMetric>(ctx.db, 'logging_metrics')

/** The slashes of an identifier are written %2F in a name. */
const encoded = (id: string) => id.replaceAll('/', '%2F')
const decoded = (segment: string) => segment.replace(/%2F/gi, '/')

function checkExtractor(text: string, field: string) {
  try {
    const call = parseCall(text)
    const [from] = call.args
    if (call.name !== 'extract') return void readable(call)
    if (call.args.length !== 1 || from?.type !== 'member') throw new Error('EXTRACT takes one field.')
    fieldOf(from)
  } catch (error) {
    throw invalidArgument(
      `${field} "${text}" must be EXTRACT(field) or REGEXP_EXTRACT(field, "regex"): ${(error as Error).message}`,
    )
  }
}

/** The descriptor with what the API sets of it, and its defaults. */
function descriptorOf({ name = '', description, metricDescriptor = {} }: LogMetric, project: string): MetricDescriptor {
  const type = `logging.googleapis.com/user/${name}`
  return {
    ...metricDescriptor,
    name: `projects/${project}/metricDescriptors/${type}`,
    type,
    metricKind: metricDescriptor.metricKind ?? 'DELTA',
    valueType: metricDescriptor.valueType ?? 'INT64',
    unit: metricDescriptor.unit || '1',
    ...(description && { description }),
  }
}

function checkDescriptor({ metricKind, valueType, labels = [] }: MetricDescriptor, metric: LogMetric) {
  const { valueExtractor, labelExtractors = {}, bucketOptions } = metric
  if (metricKind !== 'DELTA') throw invalidArgument(`The metric kind of a log-based metric must be DELTA, not ${metricKind}.`)
  if (valueType !== 'INT64' && valueType !== 'DISTRIBUTION')
    throw invalidArgument(`The value type of a log-based metric must be INT64 or DISTRIBUTION, not ${valueType}.`)
  const isDistribution = valueType === 'DISTRIBUTION'
  if (isDistribution !== Boolean(valueExtractor))
    throw invalidArgument(
      `value_extractor is ${isDistribution ? 'required for' : 'only for'} metrics of value type DISTRIBUTION.`,
    )
  if (bucketOptions && !isDistribution) throw invalidArgument('bucket_options is only for metrics of value type DISTRIBUTION.')
  const keys = labels.map(({ key = '' }) => key)
  const odd = [...keys, ...Object.keys(labelExtractors)].find(
    (key) => !keys.includes(key) || !Object.hasOwn(labelExtractors, key),
  )
  if (odd !== undefined)
    throw invalidArgument(`The label "${odd}" must be in both metric_descriptor.labels and label_extractors.`)
}

/** The metric as it is stored: checked, with what the API sets. `before` is what it replaces. */
function completed(metric: LogMetric, project: string, ctx: Context, before?: LogMetric): LogMetric {
  if (!ID.test(metric.name ?? ''))
    throw invalidArgument(
      `The metric identifier "${metric.name ?? ''}" must have 1 to 100 letters, digits and characters of _-.,+!*',()%/, and not begin with "/".`,
    )
  if (!metric.filter?.trim()) throw invalidArgument('A log-based metric must have a filter.')
  checkFilter(metric.filter)
  checkDescription(metric.description)
  const metricDescriptor = descriptorOf(metric, project)
  checkDescriptor(metricDescriptor, metric)
  if (metric.valueExtractor) checkExtractor(metric.valueExtractor, 'value_extractor')
  for (const [key, text] of Object.entries(metric.labelExtractors ?? {})) checkExtractor(text, `label_extractors["${key}"]`)
  for (const key of ['metricKind', 'valueType'] as const)
    if (before && before.metricDescriptor?.[key] !== metricDescriptor[key])
      throw invalidArgument(`The ${key} of a log-based metric cannot be changed.`)
  const now = ctx.timestamp(9)
  return { ...metric, metricDescriptor, createTime: before?.createTime ?? now, updateTime: now }
}

export function createLogMetric({ parent = '', metric = {} }: Schemas['CreateLogMetricRequest'], ctx: Context): LogMetric {
  const project = projectOf(parent, 'parent', ctx)
  const complete = completed(metric, project, ctx)
  const id = complete.name!
  if (!metricsOf(ctx).insert(NAME.format({ project, metric: encoded(id) }), parent, complete, id))
    throw alreadyExists(`Metric ${id} already exists`)
  return complete
}

/** The name as it is stored, and its parts. */
function named(given: string) {
  const { project, metric } = NAME.parse(given, 'metric_name')
  const id = decoded(metric)
  return { project, id, name: NAME.format({ project, metric: encoded(id) }) }
}

function found(given: string, ctx: Context): LogMetric {
  const { id, name } = named(given)
  const metric = metricsOf(ctx).get(name)
  if (!metric) throw notFound(`Metric ${id} does not exist`)
  return metric
}

export const getLogMetric = ({ metricName = '' }: Schemas['GetLogMetricRequest'], ctx: Context): LogMetric =>
  found(metricName, ctx)

export function listLogMetrics(request: Schemas['ListLogMetricsRequest'], ctx: Context): Schemas['ListLogMetricsResponse'] {
  const { parent = '', pageSize = 0 } = request
  projectOf(parent, 'parent', ctx)
  const { items, nextPageToken } = page(
    (after) => metricsOf(ctx).iterate(parent, after),
    { ...request, pageSize: Math.max(pageSize, 0) }, // the API ignores sizes below 1
    { default: 100, max: 1000 },
    { parent },
  )
  return { metrics: items, nextPageToken }
}

/** Replaces a metric as a whole, or makes it. */
export function updateLogMetric({ metricName = '', metric = {} }: Schemas['UpdateLogMetricRequest'], ctx: Context): LogMetric {
  const { project, id, name } = named(metricName)
  if (metric.name && metric.name !== id) throw invalidArgument(`The name of the metric is "${metric.name}" and not "${id}".`)
  const before = metricsOf(ctx).get(name)
  const complete = completed({ ...metric, name: id }, project, ctx, before)
  if (before) metricsOf(ctx).update(name, complete)
  else metricsOf(ctx).insert(name, `projects/${project}`, complete, id)
  return complete
}

export function deleteLogMetric({ metricName = '' }: Schemas['DeleteLogMetricRequest'], ctx: Context): Record<string, never> {
  found(metricName, ctx)
  metricsOf(ctx).delete(named(metricName).name)
  return {}
}

// Cloud Logging v2 (https://cloud.google.com/logging/docs/reference/v2/rest).
import { type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/logging.v2.ts'
import { listLogEntries } from './list-entries.ts'
import { deleteLog, listLogs } from './logs.ts'
import { createLogMetric, deleteLogMetric, getLogMetric, listLogMetrics, updateLogMetric } from './metrics.ts'
import { createSink, deleteSink, getSink, listSinks, updateSink } from './sinks.ts'
import { writeLogEntries } from './write-entries.ts'

export { appendLogEntry, droppedLogEntries } from './append.ts'
export { admittedDecisions, listDecisions } from './decisions.ts'

/** Fields of a resource, some of which are output alone and come back in updates. */
const of = (resource: string, ...fields: string[]) => fields.map((field) => `${resource}.${field}`)

const SINK = of(
  'sink',
  ...['name', 'destination', 'filter', 'description', 'disabled', 'exclusions', 'writerIdentity', 'createTime', 'updateTime'],
)
const METRIC = of(
  'metric',
  ...['name', 'description', 'filter', 'disabled', 'metricDescriptor', 'valueExtractor', 'labelExtractors', 'bucketOptions'],
  ...['createTime', 'updateTime'],
)

const v2 = {
  'google.logging.v2.LoggingServiceV2': {
    ListLogEntries: rpc(listLogEntries, 'resourceNames', 'filter', 'orderBy', 'pageSize', 'pageToken'),
    WriteLogEntries: rpc(writeLogEntries, 'logName', 'resource', 'labels', 'entries', 'partialSuccess', 'dryRun'),
    ListLogs: rpc(listLogs, 'parent', 'resourceNames', 'pageSize', 'pageToken'),
    DeleteLog: rpc(deleteLog, 'logName'),
  },
  'google.logging.v2.ConfigServiceV2': {
    ListSinks: rpc(listSinks, 'parent', 'pageSize', 'pageToken'),
    GetSink: rpc(getSink, 'sinkName'),
    CreateSink: rpc(createSink, 'parent', 'uniqueWriterIdentity', ...SINK),
    UpdateSink: rpc(updateSink, 'sinkName', 'uniqueWriterIdentity', 'updateMask', ...SINK),
    DeleteSink: rpc(deleteSink, 'sinkName'),
  },
  'google.logging.v2.MetricsServiceV2': {
    ListLogMetrics: rpc(listLogMetrics, 'parent', 'pageSize', 'pageToken'),
    GetLogMetric: rpc(getLogMetric, 'metricName'),
    CreateLogMetric: rpc(createLogMetric, 'parent', ...METRIC),
    UpdateLogMetric: rpc(updateLogMetric, 'metricName', ...METRIC),
    DeleteLogMetric: rpc(deleteLogMetric, 'metricName'),
  },
} satisfies RpcsOf<Rpcs>

export const logging: Service = {
  name: 'logging',
  apis: { 'logging.v2': v2 },
  migrations: new URL('./migrations/', import.meta.url),
}

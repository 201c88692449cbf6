// Cloud Logging v2 (https://cloud.google.com/logging/docs/reference/v2/rest).
import { type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/logging.v2.ts'
import { listLogEntries } from './list-entries.ts'
import { deleteLog, listLogs } from './logs.ts'
import { writeLogEntries } from './write-entries.ts'

export { appendLogEntry, droppedLogEntries } from './append.ts'
export { admittedDecisions, listDecisions } from './decisions.ts'

const v2 = {
  'google.logging.v2.LoggingServiceV2': {
    ListLogEntries: rpc(listLogEntries, 'resourceNames', 'filter', 'orderBy', 'pageSize', 'pageToken'),
    WriteLogEntries: rpc(writeLogEntries, 'logName', 'resource', 'labels', 'entries', 'partialSuccess', 'dryRun'),
    ListLogs: rpc(listLogs, 'parent', 'resourceNames', 'pageSize', 'pageToken'),
    DeleteLog: rpc(deleteLog, 'logName'),
  },
} satisfies RpcsOf<Rpcs>

export const logging: Service = {
  name: 'logging',
  apis: { 'logging.v2': v2 },
  migrations: new URL('./migrations/', import.meta.url),
}

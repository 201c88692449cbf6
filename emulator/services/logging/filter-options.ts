// What Cloud Logging adds to the filter language (https://cloud.google.com/logging/docs/view/logging-query-language).
import type { FilterOptions } from '../../core/filter.ts'
import type { components } from '../../gen/logging.v2.ts'

type LogEntry = components['schemas']['LogEntry']

/** In ascending order, as `severity>=ERROR` needs them. */
export const SEVERITIES: string[] = [
  ...['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'],
]

export const FILTER_OPTIONS: FilterOptions<LogEntry> = {
  caseInsensitive: true,
  has: 'substring',
  enums: { severity: SEVERITIES },
  // ProtoJSON leaves these defaults out
  fields: { severity: ({ severity = 'DEFAULT' }) => severity, traceSampled: ({ traceSampled = false }) => traceSampled },
  known: [
    ...['logName', 'resource', 'protoPayload', 'textPayload', 'jsonPayload', 'timestamp', 'receiveTimestamp', 'insertId'],
    ...['httpRequest', 'labels', 'operation', 'trace', 'spanId', 'sourceLocation', 'split'],
  ],
}

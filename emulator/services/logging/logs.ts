// Logs (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.logs): one is there while it has entries.
import { page } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition, notFound } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { logNameOf, projectOf } from './names.ts'
import { expireEntries, isRequired } from './retention.ts'
import { deleteEntries, streamsOf } from './store.ts'

type Schemas = components['schemas']

export function listLogs(request: Schemas['ListLogsRequest'], ctx: Context): Schemas['ListLogsResponse'] {
  const { parent = '', resourceNames = [], pageSize = 0 } = request
  const projects = new Set([
    projectOf(parent, 'parent', ctx),
    ...resourceNames.map((name) => projectOf(name, 'resource_names', ctx)),
  ])
  expireEntries(ctx)
  const names = [...new Set([...projects].flatMap((project) => streamsOf(ctx.db, project).map(({ logName }) => logName)))].sort()
  const { items, nextPageToken } = page(
    (after) => names.filter((name) => name > after).map((name) => ({ position: name, document: name })),
    { ...request, pageSize: Math.max(pageSize, 0) }, // the API ignores sizes below 1
    { default: 50, max: 1000 },
    { parent: [...projects].sort().join() },
  )
  return { logNames: items, nextPageToken }
}

/** Deletes the entries of a log; what is written to it later makes it appear again. */
export function deleteLog({ logName: given = '' }: Schemas['DeleteLogRequest'], ctx: Context): Record<string, never> {
  const { logName, project } = logNameOf(given, ctx)
  const streams = streamsOf(ctx.db, project).filter((stream) => stream.logName === logName)
  if (streams.length === 0) throw notFound(`Log ${logName} does not exist.`)
  if (isRequired(logName)) throw failedPrecondition(`Log ${logName} is in the bucket _Required, whose entries cannot be deleted.`)
  for (const { id } of streams) deleteEntries(ctx.db, id)
  return {}
}

// Where sinks send entries (https://cloud.google.com/logging/docs/export/configure_export_v2). Google's own destinations are stored and
// nothing is sent to them. A webhook is the emulator's own: `emulator.webhook/http://127.0.0.1:8080/alerts`.
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'

const WEBHOOK = 'emulator.webhook/'

/** With the project that each is in, where its form tells. */
const DESTINATIONS = [
  /^storage\.googleapis\.com\/[a-z0-9][a-z0-9._-]{1,220}$/,
  /^bigquery\.googleapis\.com\/projects\/(?<project>[^/]+)\/datasets\/\w{1,1024}$/,
  /^pubsub\.googleapis\.com\/projects\/(?<project>[^/]+)\/topics\/[A-Za-z][\w.~+%-]{2,254}$/,
  /^logging\.googleapis\.com\/projects\/(?<bucketProject>[^/]+)\/locations\/[a-z0-9-]+\/buckets\/[\w.-]{1,100}$/,
  /^logging\.googleapis\.com\/projects\/(?<bucketProject>[^/]+)$/,
]

const SHARED_WRITER = 'serviceAccount:cloud-logs@system.gserviceaccount.com'

/** The URL of a webhook; undefined for any other destination. */
export const webhookOf = (destination = ''): string | undefined =>
  destination.startsWith(WEBHOOK) ? destination.slice(WEBHOOK.length) : undefined

function checkWebhook(text: string, ctx: Context) {
  if (!URL.canParse(text)) throw invalidArgument(`The destination of the sink is no URL: "${text}".`)
  if (!ctx.mayDeliverTo(new URL(text)))
    throw invalidArgument(
      `The emulator sends log entries to loopback and to hosts of --webhook-hosts alone, by http or https, not to "${text}".`,
    )
}

/** INVALID_ARGUMENT for what is no destination, or one to which the sink may not write. */
export function checkDestination(destination: string, project: string, isUnique: boolean, ctx: Context) {
  if (!destination) throw invalidArgument('A sink must have a destination.')
  const webhook = webhookOf(destination)
  if (webhook !== undefined) return checkWebhook(webhook, ctx)
  const groups = DESTINATIONS.map((form) => form.exec(destination)).find((found) => found !== null)
  if (!groups)
    throw invalidArgument(
      `The destination "${destination}" is none of storage.googleapis.com/BUCKET, bigquery.googleapis.com/projects/PROJECT/datasets/DATASET, ` +
        'pubsub.googleapis.com/projects/PROJECT/topics/TOPIC, logging.googleapis.com/projects/PROJECT/locations/LOCATION/buckets/BUCKET, ' +
        'logging.googleapis.com/projects/PROJECT, and the emulator’s emulator.webhook/URL.',
    )
  const other = groups.groups?.project ?? groups.groups?.bucketProject
  if (other && !isUnique && !isSameProject(other, project, ctx))
    throw invalidArgument(
      "The destination project must be the same as the sink's project. Use uniqueWriterIdentity=true to allow cross project exports.",
    )
}

const isSameProject = (other: string, project: string, ctx: Context) =>
  other === project || other === projectNumber(ctx.db, project)

/** The account that would write to the destination: of the project, or the one that all shared; none for a bucket of the same project. */
export function writerIdentity(destination: string, project: string, isUnique: boolean, ctx: Context): string | undefined {
  const bucketProject = DESTINATIONS.map((form) => form.exec(destination)?.groups?.bucketProject).find(Boolean)
  if (bucketProject && isSameProject(bucketProject, project, ctx)) return undefined
  if (!isUnique) return SHARED_WRITER
  return `serviceAccount:service-${projectNumber(ctx.db, project)}@gcp-sa-logging.iam.gserviceaccount.com`
}

export const isUniqueWriter = (identity: string | undefined) => identity !== undefined && identity !== SHARED_WRITER

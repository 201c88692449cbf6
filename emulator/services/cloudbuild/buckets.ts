// Buckets of Cloud Storage (https://cloud.google.com/storage/docs/json_api/v1/buckets), as far as `gcloud builds submit` asks for them.
import { collection, page } from '../../core/collection.ts'
import { isObject } from '../../core/json.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'

export interface Bucket {
  kind: 'storage#bucket'
  id: string
  name: string
  projectNumber: string
  location: string
  storageClass: string
  timeCreated: string
  updated: string
}

const LIST_LIMITS = { default: 1000, max: 1000 }
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/

const buckets = (ctx: Context) => collection<Bucket>(ctx.db, 'cloudbuild_buckets')

/** The bucket, or NOT_FOUND in the words of Cloud Storage. */
export function existingBucket(name: string, ctx: Context): Bucket {
  const bucket = buckets(ctx).get(name)
  if (!bucket) throw notFound('The specified bucket does not exist.')
  return bucket
}

function insertBucket({ query, json }: HttpRequest, ctx: Context): HttpResponse {
  const parent = projectOf(query, ctx)
  const body = json()
  const { name, location, storageClass } = isObject(body) ? body : {}
  if (typeof name !== 'string' || !BUCKET.test(name)) throw invalidArgument(`Invalid bucket name: '${String(name ?? '')}'`)
  const bucket: Bucket = {
    kind: 'storage#bucket',
    id: name,
    name,
    projectNumber: projectNumber(ctx.db, parent.split('/')[1]!),
    location: String(location ?? 'US').toUpperCase(),
    storageClass: String(storageClass ?? 'STANDARD'),
    timeCreated: ctx.timestamp(),
    updated: ctx.timestamp(),
  }
  if (!buckets(ctx).insert(name, parent, bucket))
    throw alreadyExists('The requested bucket name is not available. Please select a different name and try again.')
  return { status: 200, body: bucket }
}

function listBuckets({ query }: HttpRequest, ctx: Context): HttpResponse {
  const parent = projectOf(query, ctx)
  const prefix = query.get('prefix') ?? ''
  const wanted = function* (after: string) {
    for (const row of buckets(ctx).iterate(parent, after)) if (row.document.name.startsWith(prefix)) yield row
  }
  const maxResults = query.get('maxResults') ?? '0'
  if (!/^\d{1,9}$/.test(maxResults)) throw invalidArgument(`Invalid value for maxResults: "${maxResults}".`)
  const request = { pageSize: Number(maxResults), pageToken: query.get('pageToken') ?? undefined }
  const { items, nextPageToken } = page(wanted, request, LIST_LIMITS, { parent: `${parent} ${prefix}` })
  return { status: 200, body: { kind: 'storage#buckets', ...(nextPageToken && { nextPageToken }), items } }
}

function projectOf(query: URLSearchParams, ctx: Context): string {
  const project = query.get('project')
  if (!project) throw invalidArgument('Required parameter: project')
  return ctx.canonicalName(`projects/${project}`)
}

export const bucketRoutes: Route[] = [
  { method: 'GET', path: '/storage/v1/b', run: listBuckets },
  { method: 'POST', path: '/storage/v1/b', run: insertBucket },
  {
    method: 'GET',
    path: '/storage/v1/b/{bucket}',
    run: ({ params }: HttpRequest, ctx: Context) => ({ status: 200, body: existingBucket(params.bucket!, ctx) }),
  },
]

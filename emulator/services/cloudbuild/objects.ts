// Objects of Cloud Storage (https://cloud.google.com/storage/docs/json_api/v1/objects): what is uploaded is hashed and
// forgotten, since no step of a build is run that would read it.
import { createHash } from 'node:crypto'
import { collection } from '../../core/collection.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import { crc32c } from '../kms/index.ts'
import { existingBucket } from './buckets.ts'
import { parseMultipart } from './multipart.ts'

export interface StoredObject {
  kind: 'storage#object'
  id: string
  name: string
  bucket: string
  /** Microseconds since the epoch. */
  generation: string
  metageneration: string
  contentType: string
  size: string
  md5Hash: string
  crc32c: string
  timeCreated: string
  updated: string
}

const objects = (ctx: Context) => collection<StoredObject>(ctx.db, 'cloudbuild_objects')

/** The newest generation of an object. */
export const findObject = (bucket: string, name: string, ctx: Context): StoredObject | undefined =>
  objects(ctx).get(`${bucket}/${name}`)

function insertObject(
  bucket: string,
  name: string | undefined,
  contentType: string,
  content: Buffer,
  ctx: Context,
): StoredObject {
  existingBucket(bucket, ctx)
  if (!name) throw invalidArgument('Required parameter: name')
  const generation = String(ctx.nanos() / 1000n)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32c(content))
  const object: StoredObject = {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    name,
    bucket,
    generation,
    metageneration: '1',
    contentType,
    size: String(content.length),
    md5Hash: createHash('md5').update(content).digest('base64'),
    crc32c: checksum.toString('base64'),
    timeCreated: ctx.timestamp(),
    updated: ctx.timestamp(),
  }
  const key = `${bucket}/${name}`
  if (!objects(ctx).insert(key, bucket, object)) objects(ctx).update(key, object)
  return object
}

const header = ({ headers }: HttpRequest, name: string) => headers[name]?.toString()

/** Three ways to upload (https://cloud.google.com/storage/docs/uploads-downloads#uploads); the third is a session, of one part here. */
const UPLOADS: Record<string, (request: HttpRequest, ctx: Context) => HttpResponse> = {
  media(request, ctx) {
    const { params, query, body } = request
    const type = header(request, 'content-type') ?? 'application/octet-stream'
    return { status: 200, body: insertObject(params.bucket!, query.get('name') ?? undefined, type, body, ctx) }
  },
  multipart(request, ctx) {
    const { params, query, body } = request
    const [metadata, content] = parseMultipart(header(request, 'content-type') ?? '', body)
    const { name, contentType = content.type } = metadataOf(metadata.body)
    return { status: 200, body: insertObject(params.bucket!, query.get('name') ?? name, contentType, content.body, ctx) }
  },
  resumable(request, ctx) {
    const { params, query, body } = request
    existingBucket(params.bucket!, ctx)
    const metadata = metadataOf(body)
    const name = query.get('name') ?? metadata.name
    if (!name) throw invalidArgument('Required parameter: name')
    const contentType = header(request, 'x-upload-content-type') ?? metadata.contentType ?? 'application/octet-stream'
    const session = Buffer.from(JSON.stringify({ name, contentType })).toString('base64url')
    const host = header(request, 'host')
    const path = `/upload/storage/v1/b/${encodeURIComponent(params.bucket!)}/o?uploadType=resumable&upload_id=${session}`
    return {
      status: 200,
      headers: { 'content-type': 'text/plain', location: `http://${host}${path}`, 'x-guploader-uploadid': session },
      body: '',
    }
  },
}

function metadataOf(json: Buffer): { name?: string; contentType?: string } {
  const { name, contentType } = json.length > 0 ? readObject(json) : {}
  return { ...(typeof name === 'string' && { name }), ...(typeof contentType === 'string' && { contentType }) }
}

function readObject(json: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(json.toString())
    if (isObject(value)) return value
  } catch {} // said below
  throw invalidArgument('The metadata of an object must be a JSON object.')
}

function upload(request: HttpRequest, ctx: Context): HttpResponse {
  const kind = request.query.get('uploadType') ?? ''
  if (!Object.hasOwn(UPLOADS, kind)) throw invalidArgument(`Invalid value for uploadType: "${kind}".`)
  return UPLOADS[kind]!(request, ctx)
}

/** The content of a session, which must be whole. */
function uploadContent(request: HttpRequest, ctx: Context): HttpResponse {
  const { params, query, body } = request
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(request, 'content-range') ?? `bytes 0-${body.length - 1}/${body.length}`)
  if (range?.[1] !== '0' || Number(range[2]) + 1 !== Number(range[3])) throw unimplemented('An upload in several parts')
  const { name, type } = sessionOf(query.get('upload_id') ?? '')
  return { status: 200, body: insertObject(params.bucket!, name, type, body, ctx) }
}

function sessionOf(uploadId: string): { name: string; type: string } {
  const { name, contentType } = metadataOf(Buffer.from(uploadId || 'e30', 'base64url'))
  if (!name || !contentType) throw notFound('The upload session does not exist.')
  return { name, type: contentType }
}

function getObject({ params, query }: HttpRequest, ctx: Context): HttpResponse {
  const { bucket = '', object = '' } = params
  existingBucket(bucket, ctx)
  const stored = findObject(bucket, object, ctx)
  const generation = query.get('generation')
  if (!stored || (generation && generation !== stored.generation)) throw notFound(`No such object: ${bucket}/${object}`)
  if (query.get('alt') === 'media') throw unimplemented('Reading the content of an object')
  return { status: 200, body: stored }
}

const uploadPaths = ['/upload/storage/v1/b/{bucket}/o', '/resumable/upload/storage/v1/b/{bucket}/o']

export const objectRoutes: Route[] = [
  ...uploadPaths.flatMap((path) => [
    { method: 'POST', path, run: upload },
    { method: 'PUT', path, run: uploadContent },
  ]),
  { method: 'GET', path: '/storage/v1/b/{bucket}/o/{object}', run: getObject },
]

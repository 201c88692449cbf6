// How an image comes to a repository without a push: `POST /_emulator/images`, and `images` in a seed (openapi/emulator.yaml).
import { formatTimestamp } from '../../core/clock.ts'
import { instant } from '../../core/filter-values.ts'
import type { Context, HttpRequest, HttpResponse } from '../../core/service.ts'
import { badRequest, invalidArgument, notFound, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { shownDockerImage } from './docker-images.ts'
import { INDEX_MEDIA_TYPE, isIndex, type ManifestDescriptor, readManifests } from './image-manifests.ts'
import { IMAGE, packageId, REPOSITORY } from './names.ts'
import { touchPackage } from './packages.ts'
import { dockerRepository } from './repositories.ts'
import { setTag, TAG_ID } from './tags.ts'
import { versions } from './versions.ts'

export interface ImageRegistration {
  /** `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE`, without tag and digest; IMAGE may have slashes. */
  image: string
  /** `sha256:<64 hex>` */
  digest: string
  tags?: string[]
  imageSizeBytes?: string
  /** That of a single image unless given; that of an index where there are `manifests`. */
  mediaType?: string
  /** The images of an index, one for each platform. */
  manifests?: ManifestDescriptor[]
  /** RFC 3339; now unless given. */
  uploadTime?: string
  buildTime?: string
}

const MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'

/** Registers an image, or adds tags to one that is registered; a tag that another digest has moves. INVALID_ARGUMENT names the field,
 * NOT_FOUND the repository that does not exist. */
export function registerImage(registration: unknown, ctx: Context): components['schemas']['DockerImage'] {
  const { image, digest, tags = [], manifests, ...given } = read(registration)
  const fields = { ...given, ...(manifests && { mediaType: indexType(given.mediaType), imageManifests: manifests }) }
  const { location, domain, project, repository, path } = IMAGE.exec(image)!.groups as Record<string, string>
  const name = REPOSITORY.format({
    project: domain ? `${domain}:${project}` : project!,
    location: location!,
    repository: repository!,
  })
  existingRepository(name, ctx)
  const packageName = `${name}/packages/${packageId(path!)}`
  const version = `${packageName}/versions/${digest}`
  const current = versions(ctx).get(version)
  const { uploadTime = ctx.timestamp() } = fields
  if (current) versions(ctx).update(version, { ...current, ...fields, updateTime: ctx.timestamp() })
  else
    versions(ctx).insert(version, packageName, {
      name: version,
      mediaType: MEDIA_TYPE,
      uploadTime,
      updateTime: uploadTime,
      ...fields,
    })
  touchPackage(packageName, ctx.timestamp(), ctx)
  for (const tag of tags) setTag(`${packageName}/tags/${tag}`, version, ctx)
  return shownDockerImage(versions(ctx).get(version)!, ctx)
}

function indexType(mediaType = INDEX_MEDIA_TYPE): string {
  if (!isIndex(mediaType)) throw refuse('mediaType', 'must be that of an index, because there are manifests.')
  return mediaType
}

function existingRepository(name: string, ctx: Context) {
  try {
    dockerRepository(name, ctx)
  } catch (error) {
    if (error instanceof StatusError && error.code === 'NOT_FOUND') throw notFound(`The repository ${name} does not exist.`)
    throw error
  }
}

/** Each field as it is kept, or undefined for what it cannot be. */
const READ: Record<keyof ImageRegistration, { read(value: unknown): unknown; is: string }> = {
  image: {
    read: matching(IMAGE),
    is: 'LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE, in lower case, without tag and digest',
  },
  digest: { read: matching(/^sha256:[0-9a-f]{64}$/), is: 'sha256: and 64 lower-case hex digits' },
  tags: {
    read: (value) => (Array.isArray(value) && value.every(matching(TAG_ID)) ? value : undefined),
    is: 'a list of tags, each at most 128 letters, digits and _ . -',
  },
  imageSizeBytes: {
    read: (value) => matching(/^\d{1,15}$/)(typeof value === 'number' ? String(value) : value),
    is: 'a number of bytes',
  },
  mediaType: { read: matching(/^[\w.+-]+\/[\w.+-]+$/), is: 'a media type' },
  manifests: {
    read: readManifests,
    is: 'the manifests of an index: up to 100, each with its digest and platform {os, architecture}',
  },
  uploadTime: { read: timestamp, is: 'a time as in RFC 3339' },
  buildTime: { read: timestamp, is: 'a time as in RFC 3339' },
}

function matching(pattern: RegExp) {
  return (value: unknown) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

function timestamp(value: unknown) {
  const nanos = typeof value === 'string' ? instant(value) : undefined
  return nanos !== undefined && nanos >= 0n ? formatTimestamp(nanos, 6) : undefined
}

const refuse = (field: string, why: string) => badRequest(`Invalid value at '${field}': ${why}`, [{ field, description: why }])

type Read = Omit<ImageRegistration, 'manifests'> & { manifests?: ReturnType<typeof readManifests> }

function read(registration: unknown): Read {
  if (typeof registration !== 'object' || registration === null || Array.isArray(registration))
    throw invalidArgument('An image is registered by a JSON object with its image and digest.')
  for (const field of ['image', 'digest']) if (!Object.hasOwn(registration, field)) throw refuse(field, `${field} is missing.`)
  const entries = Object.entries(registration).map(([field, value]) => {
    if (!Object.hasOwn(READ, field)) throw unknownField(field)
    const { read, is } = READ[field as keyof ImageRegistration]
    const found = read(value)
    if (found === undefined) throw refuse(field, `must be ${is}.`)
    return [field, found]
  })
  return Object.fromEntries(entries)
}

function unknownField(name: string) {
  const description = `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}: Cannot find field.`
  return badRequest(description, [{ field: '', description }])
}

/** `POST /_emulator/images` */
export const postImage = (request: HttpRequest, ctx: Context): HttpResponse => ({
  status: 200,
  body: registerImage(request.json(), ctx),
})

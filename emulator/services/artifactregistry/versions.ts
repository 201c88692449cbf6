// Versions (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.versions): one image,
// by its digest. A docker image is another view of the same document.
import { collection, page } from '../../core/collection.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition, invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { filterOptions, LIST_LIMITS, orderBy } from './lists.ts'
import { canonicalName, packageOf, repositoryOf, VERSION } from './names.ts'
import { getPackage } from './packages.ts'
import { checkTagsCanChange, dockerRepository, EMPTY, entityNotFound, operation } from './repositories.ts'
import { tagsOfVersion } from './store.ts'

type Schemas = components['schemas']
type Version = Schemas['Version']

/** `name` is that of the version. */
export type StoredImage = Pick<
  Schemas['DockerImage'],
  'name' | 'imageSizeBytes' | 'uploadTime' | 'mediaType' | 'buildTime' | 'updateTime' | 'imageManifests'
>

const MAX_RELATED_TAGS = 100
const VIEWS = ['VERSION_VIEW_UNSPECIFIED', 'BASIC', 'FULL']

export const versions = (ctx: Context) => collection<StoredImage>(ctx.db, 'ar_versions')
const tags = (ctx: Context) => collection(ctx.db, 'ar_tags')

/** The version as it is stored, or NOT_FOUND. */
export function storedVersion(name: string, ctx: Context): StoredImage {
  VERSION.parse(name)
  dockerRepository(repositoryOf(name), ctx)
  const version = versions(ctx).get(name)
  if (!version) throw entityNotFound()
  return version
}

/** `…/packages/a%2Fapp/versions/sha256:…` → `…/dockerImages/a%2Fapp@sha256:…` */
export const dockerImageName = (version: string) =>
  `${repositoryOf(version)}/dockerImages/${idOf(packageOf(version))}@${idOf(version)}`

/** BASIC, which no view means, is all but the tags. */
function shown({ name = '', uploadTime, updateTime, ...image }: StoredImage, view: string, ctx: Context): Version {
  if (!VIEWS.includes(view)) throw invalidArgument(`Invalid view ${view}.`)
  const relatedTags = () => tagsOfVersion(ctx.db, name).slice(0, MAX_RELATED_TAGS)
  return {
    name,
    createTime: uploadTime,
    updateTime,
    ...(view === 'FULL' && { relatedTags: relatedTags().map((tag) => ({ name: tag, version: name })) }),
    metadata: { name: dockerImageName(name), ...image },
  }
}

export function getVersion({ name, view = 'BASIC' }: Schemas['GetVersionRequest'], ctx: Context): Version {
  return shown(storedVersion(canonicalName(name), ctx), view, ctx)
}

export function listVersions(request: Schemas['ListVersionsRequest'], ctx: Context): Schemas['ListVersionsResponse'] {
  const parent = getPackage({ name: request.parent }, ctx).name!
  const { items, nextPageToken } = page(
    (after) => versions(ctx).iterate(parent, after),
    { ...request, orderBy: orderBy(request.orderBy, 'name', 'createTime', 'updateTime') },
    LIST_LIMITS,
    {
      parent,
      view: (stored) => shown(stored, request.view ?? 'BASIC', ctx),
      filterOptions: filterOptions('name', 'annotations'),
    },
  )
  return { versions: items, nextPageToken }
}

/** FAILED_PRECONDITION for one that is tagged, unless `force` deletes its tags with it. */
export function deleteVersion({ name, force = false }: Schemas['DeleteVersionRequest'], ctx: Context): LongrunningOperation {
  const version = storedVersion(canonicalName(name), ctx).name!
  const tagged = tagsOfVersion(ctx.db, version)
  if (tagged.length > 0) {
    if (!force)
      throw failedPrecondition(`${version} is tagged (${tagged.map(idOf).join(', ')}): delete its tags first, or set force.`)
    checkTagsCanChange(repositoryOf(version), ctx)
  }
  for (const tag of tagged) tags(ctx).delete(tag)
  versions(ctx).delete(version)
  return operation(repositoryOf(version), EMPTY, ctx)
}

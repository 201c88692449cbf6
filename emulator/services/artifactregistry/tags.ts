// Tags (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.tags).
import { collection, page } from '../../core/collection.ts'
import { checkMask, maskPaths } from '../../core/field-mask.ts'
import { canonicalProject } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { filterOptions, LIST_LIMITS } from './lists.ts'
import { canonicalName, packageOf, repositoryOf, TAG } from './names.ts'
import { getPackage, touchPackage } from './packages.ts'
import { checkTagsCanChange, dockerRepository, entityNotFound } from './repositories.ts'
import { storedVersion, versions } from './versions.ts'

type Schemas = components['schemas']
type Tag = Schemas['Tag']

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
export const TAG_ID = /^\w[\w.-]{0,127}$/

const tags = (ctx: Context) => collection<Tag>(ctx.db, 'ar_tags')

/** The tag, or NOT_FOUND. */
export function getTag(request: Schemas['GetTagRequest'], ctx: Context): Tag {
  const name = canonicalName(request.name)
  TAG.parse(name)
  dockerRepository(repositoryOf(name), ctx)
  const tag = tags(ctx).get(name)
  if (!tag) throw entityNotFound()
  return tag
}

export function listTags(request: Schemas['ListTagsRequest'], ctx: Context): Schemas['ListTagsResponse'] {
  const parent = getPackage({ name: request.parent }, ctx).name!
  const { items, nextPageToken } = page((after) => tags(ctx).iterate(parent, after), request, LIST_LIMITS, {
    parent,
    filterOptions: filterOptions('name', 'version'),
  })
  return { tags: items, nextPageToken }
}

export function createTag({ parent, tagId = '', tag = {} }: Schemas['CreateTagRequest'], ctx: Context): Tag {
  const packageName = getPackage({ name: parent }, ctx).name!
  if (!TAG_ID.test(tagId))
    throw invalidArgument(`Invalid tag_id "${tagId}": it must have at most 128 letters, digits and _ . -, the first no . or -.`)
  const name = `${packageName}/tags/${tagId}`
  const version = versionOf(name, tag, ctx)
  if (tags(ctx).get(name)) throw alreadyExists('the tag already exists')
  return setTagNow(name, version, ctx)
}

/** Moves the tag to another version of its package. */
export function updateTag({ tag = {}, updateMask }: Schemas['UpdateTagRequest'], ctx: Context): Tag {
  const { name } = getTag({ name: tag.name }, ctx)
  checkMask(maskPaths(updateMask), ['version', '*'], (path) => `The field "${path}" of a tag cannot be updated.`)
  return setTagNow(name!, versionOf(name!, tag, ctx), ctx)
}

export function deleteTag(request: Schemas['DeleteTagRequest'], ctx: Context): Record<string, never> {
  const name = getTag(request, ctx).name!
  checkTagsCanChange(repositoryOf(name), ctx)
  tags(ctx).delete(name)
  return {}
}

/** The version that a request wants the tag to point to. */
function versionOf(name: string, { version }: Tag, ctx: Context): string {
  if (!version) throw invalidArgument('tag.version is required.')
  const wanted = canonicalProject(ctx.db, canonicalName(version), false)
  if (packageOf(wanted) !== packageOf(name))
    throw invalidArgument(`tag.version "${version}" is not a version of ${packageOf(name)}.`)
  return storedVersion(wanted, ctx).name!
}

/** Points a tag to a version of its package, wherever it pointed before; FAILED_PRECONDITION where it would move and tags are immutable. */
export function setTag(name: string, version: string, ctx: Context): Tag {
  const tag = { name, version }
  if (tags(ctx).insert(name, packageOf(name), tag) || tags(ctx).get(name)!.version === version) return tag
  checkTagsCanChange(repositoryOf(name), ctx)
  tags(ctx).update(name, tag)
  return tag
}

/** The same, and the version that gains the tag counts as updated. */
function setTagNow(name: string, version: string, ctx: Context): Tag {
  const tag = setTag(name, version, ctx)
  versions(ctx).update(version, { ...storedVersion(version, ctx), updateTime: ctx.timestamp() })
  touchPackage(packageOf(name), ctx.timestamp(), ctx)
  return tag
}

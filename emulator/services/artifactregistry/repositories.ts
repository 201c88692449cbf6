// Repositories (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories).
// Any format can be created; images, the artifacts of DOCKER, are the only artifacts here.
import { collection, page } from '../../core/collection.ts'
import { applyMask, checkMask, maskPaths } from '../../core/field-mask.ts'
import type { Context } from '../../core/service.ts'
import {
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  permissionDenied,
  unimplemented,
} from '../../core/status.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { isLocation } from '../../mixins/locations.ts'
import { type LongrunningOperation, startedOperation } from '../../mixins/operations.ts'
import { filterOptions, LIST_LIMITS, orderBy } from './lists.ts'
import { LOCATION, REPOSITORY } from './names.ts'
import { checkedRepository, checkUpstreams, MUTABLE_FIELDS, OUTPUT_ONLY_FIELDS, type Repository } from './repository-fields.ts'
import { deleteRepositoryContent, sizeOfRepository } from './store.ts'

type Schemas = components['schemas']

const REPOSITORY_ID = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const TYPE = 'type.googleapis.com/google.devtools.artifactregistry.v1'

const repositories = (ctx: Context) => collection<Repository>(ctx.db, 'ar_repositories')

/** The words of the API for whatever is not there. */
export const entityNotFound = () => notFound('Requested entity was not found.')

/** A long-running operation of the API: not done in the answer that starts it, done at the next request. */
export function operation(parent: string, response: { '@type': string }, ctx: Context): LongrunningOperation {
  const { project, location } = REPOSITORY.parse(parent)
  const metadata = { '@type': `${TYPE}.OperationMetadata` }
  return startedOperation(ctx, LOCATION.format({ project, location }), ctx.ids.uuid(), { metadata, response })
}

export const EMPTY = { '@type': 'type.googleapis.com/google.protobuf.Empty' }

function checkRepositoryId(id: string | undefined): string {
  if (/^(?:(?:asia|eu|us)\.)?gcr\.io$/.test(id ?? '')) throw unimplemented(`Repository ${id}, to which gcr.io is redirected,`)
  if (!id || !REPOSITORY_ID.test(id))
    throw invalidArgument(
      `Invalid repository_id "${id ?? ''}": it must have at most 63 lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen.`,
    )
  return id
}

/** The parts of `projects/P/locations/L`, which must be a location that there is. */
function checkParent(parent: string | undefined) {
  const { project, location } = LOCATION.parse(parent, 'parent')
  if (!isLocation(location)) throw permissionDenied(`Location ${location} is not found or access is unauthorized.`)
  return { project, location }
}

export function createRepository(
  { parent, repositoryId, repository = {} }: Schemas['CreateRepositoryRequest'],
  ctx: Context,
): LongrunningOperation {
  const { project, location } = checkParent(parent)
  const name = REPOSITORY.format({ project, location, repository: checkRepositoryId(repositoryId) })
  const checked = checkedRepository(withoutOutput(repository))
  checkUpstreams(checked, ctx, repositories(ctx).get)
  const stored = { ...checked, name, createTime: ctx.timestamp(), updateTime: ctx.timestamp() }
  if (!repositories(ctx).insert(name, parent!, stored)) throw alreadyExists('the repository already exists')
  return operation(name, { '@type': `${TYPE}.Repository`, ...checked, name } as { '@type': string }, ctx)
}

const withoutOutput = (repository: Repository): Repository =>
  Object.fromEntries(Object.entries(repository).filter(([field]) => !OUTPUT_ONLY_FIELDS.includes(field)))

/** The repository as it is stored, or NOT_FOUND. */
export function storedRepository(name: string, ctx: Context): Repository {
  REPOSITORY.parse(name)
  const repository = repositories(ctx).get(name)
  if (!repository) throw entityNotFound()
  return repository
}

/** The repository where it is one that holds images; otherwise what is in it is refused by name. */
export function dockerRepository(name: string, ctx: Context): Repository {
  const repository = storedRepository(name, ctx)
  const { format, mode } = repository
  if (format !== 'DOCKER') throw unimplemented(`The content of ${name}, a repository of the format ${format},`)
  if (mode === 'VIRTUAL_REPOSITORY') throw unimplemented(`The content of ${name}, a virtual repository,`)
  return repository
}

/** FAILED_PRECONDITION in a repository that "prevents all tags from being modified, moved or deleted". */
export function checkTagsCanChange(name: string, ctx: Context) {
  if (storedRepository(name, ctx).dockerConfig?.immutableTags)
    throw failedPrecondition(`The tags of ${name} are immutable: none can be moved or deleted.`)
}

/** `sizeBytes` is what its images say of themselves: they are registered without layers, so none are shared. */
function shown(stored: Repository, ctx: Context): Repository {
  return { ...stored, sizeBytes: String(sizeOfRepository(ctx.db, stored.name!)) }
}

export function getRepository({ name = '' }: Schemas['GetRepositoryRequest'], ctx: Context): Repository {
  return shown(storedRepository(name, ctx), ctx)
}

export function listRepositories(request: Schemas['ListRepositoriesRequest'], ctx: Context): Schemas['ListRepositoriesResponse'] {
  const { parent = '' } = request
  checkParent(parent)
  const { items, nextPageToken } = page(
    (after) => repositories(ctx).iterate(parent, after),
    { ...request, orderBy: orderBy(request.orderBy, 'name', 'createTime', 'updateTime') },
    LIST_LIMITS,
    { parent, view: (stored) => shown(stored, ctx), filterOptions: filterOptions('name') },
  )
  return { repositories: items, nextPageToken }
}

/** Changes the fields of the mask (`*`: all that can change), or without one those that are sent. */
export function updateRepository({ repository = {}, updateMask }: Schemas['UpdateRepositoryRequest'], ctx: Context): Repository {
  const current = storedRepository(repository.name ?? '', ctx)
  const paths = changedPaths(current, repository, maskPaths(updateMask))
  checkMask(paths, [...MUTABLE_FIELDS], (path) => `The field "${path}" of a repository cannot be updated.`)
  const updated = { ...checkedRepository(applyMask(current, repository, paths)), updateTime: ctx.timestamp() }
  if (paths.some((path) => path.startsWith('virtualRepositoryConfig'))) checkUpstreams(updated, ctx, repositories(ctx).get)
  repositories(ctx).update(updated.name!, updated)
  return updated
}

function changedPaths(current: Repository, sent: Repository, mask: string[]): string[] {
  if (mask.includes('*')) return [...MUTABLE_FIELDS]
  if (mask.length > 0) return mask
  const isChanged = (field: string) =>
    JSON.stringify(sent[field as keyof Repository]) !== JSON.stringify(current[field as keyof Repository])
  return Object.keys(withoutOutput(sent)).filter(isChanged)
}

/** With all that is in it. Virtual repositories keep it among their upstreams, as in production. */
export function deleteRepository({ name = '' }: Schemas['DeleteRepositoryRequest'], ctx: Context): LongrunningOperation {
  storedRepository(name, ctx)
  deleteRepositoryContent(ctx.db, name)
  repositories(ctx).delete(name)
  deleteIamPolicy(ctx, name)
  return operation(name, EMPTY, ctx)
}

// Packages (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages): the images of a
// repository by their names, whatever their digests. One comes with its first version, and stays when its last one is deleted.
import { collection, page } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { filterOptions, LIST_LIMITS, orderBy } from './lists.ts'
import { canonicalName, PACKAGE, repositoryOf } from './names.ts'
import { checkTagsCanChange, dockerRepository, EMPTY, entityNotFound, operation } from './repositories.ts'
import { deletePackageContent, hasTags } from './store.ts'

type Schemas = components['schemas']
type Package = Schemas['Package']

const packages = (ctx: Context) => collection<Package>(ctx.db, 'ar_packages')

/** The package, or NOT_FOUND. */
export function getPackage(request: Schemas['GetPackageRequest'], ctx: Context): Package {
  const name = canonicalName(request.name)
  PACKAGE.parse(name)
  dockerRepository(repositoryOf(name), ctx)
  const found = packages(ctx).get(name)
  if (!found) throw entityNotFound()
  return found
}

/** Marks the package as changed at `updateTime`, and makes it where there is none. */
export function touchPackage(name: string, updateTime: string, ctx: Context) {
  const found = packages(ctx).get(name)
  if (found) packages(ctx).update(name, { ...found, updateTime })
  else packages(ctx).insert(name, repositoryOf(name), { name, createTime: updateTime, updateTime })
}

export function listPackages(request: Schemas['ListPackagesRequest'], ctx: Context): Schemas['ListPackagesResponse'] {
  const { parent = '' } = request
  dockerRepository(parent, ctx)
  const { items, nextPageToken } = page(
    (after) => packages(ctx).iterate(parent, after),
    { ...request, orderBy: orderBy(request.orderBy, 'name', 'createTime', 'updateTime') },
    LIST_LIMITS,
    { parent, filterOptions: filterOptions('name', 'annotations') },
  )
  return { packages: items, nextPageToken }
}

/** With all its versions and tags; FAILED_PRECONDITION where it has tags and they are immutable. */
export function deletePackage(request: Schemas['DeletePackageRequest'], ctx: Context): LongrunningOperation {
  const name = getPackage(request, ctx).name!
  if (hasTags(ctx.db, name)) checkTagsCanChange(repositoryOf(name), ctx)
  deletePackageContent(ctx.db, name)
  packages(ctx).delete(name)
  return operation(repositoryOf(name), EMPTY, ctx)
}

// Docker images (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages): the versions of
// all packages of a repository, each with its tags.
import { page } from '../../core/collection.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { LIST_LIMITS, orderBy } from './lists.ts'
import { canonicalName, DOCKER_IMAGE, imagePath, packageOf, registryUri, repositoryOf } from './names.ts'
import { dockerRepository, entityNotFound } from './repositories.ts'
import { tagsOfVersion, versionsOfRepository } from './store.ts'
import { dockerImageName, type StoredImage, storedVersion } from './versions.ts'

type Schemas = components['schemas']
type DockerImage = Schemas['DockerImage']

export function shownDockerImage({ name: version = '', ...image }: StoredImage, ctx: Context): DockerImage {
  const path = imagePath(idOf(packageOf(version)))
  return {
    name: dockerImageName(version),
    uri: `${registryUri(repositoryOf(version))}/${path}@${idOf(version)}`,
    tags: tagsOfVersion(ctx.db, version).map(idOf),
    ...image,
  }
}

/** By its digest: `…/dockerImages/a%2Fapp@sha256:…`. NOT_FOUND where there is none. */
export function getDockerImage(request: Schemas['GetDockerImageRequest'], ctx: Context): DockerImage {
  const name = canonicalName(request.name)
  const { dockerImage } = DOCKER_IMAGE.parse(name)
  dockerRepository(repositoryOf(name), ctx)
  const [, packageId, digest] = /^(.+)@([^@]+)$/.exec(dockerImage) ?? []
  if (!packageId) throw entityNotFound()
  return shownDockerImage(storedVersion(`${repositoryOf(name)}/packages/${packageId}/versions/${digest}`, ctx), ctx)
}

export function listDockerImages(request: Schemas['ListDockerImagesRequest'], ctx: Context): Schemas['ListDockerImagesResponse'] {
  const { parent = '' } = request
  dockerRepository(parent, ctx)
  const { items, nextPageToken } = page(
    (after) => versionsOfRepository<StoredImage>(ctx.db, parent, after),
    { ...request, orderBy: orderBy(request.orderBy, 'name', 'uploadTime', 'updateTime', 'buildTime') },
    LIST_LIMITS,
    { parent, view: (stored) => shownDockerImage(stored, ctx) },
  )
  return { dockerImages: items, nextPageToken }
}

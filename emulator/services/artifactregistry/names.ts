// Resource names. An image `a/b/app` of a repository is its package `a%2Fb%2Fapp`: one segment, the slashes escaped.
import { namePattern } from '../../core/names.ts'

export const LOCATION = namePattern('projects/{project}/locations/{location}')
export const REPOSITORY = namePattern('projects/{project}/locations/{location}/repositories/{repository}')
export const DOCKER_IMAGE = namePattern(
  'projects/{project}/locations/{location}/repositories/{repository}/dockerImages/{dockerImage}',
)
export const PACKAGE = namePattern('projects/{project}/locations/{location}/repositories/{repository}/packages/{package}')
export const VERSION = namePattern(
  'projects/{project}/locations/{location}/repositories/{repository}/packages/{package}/versions/{version}',
)
export const TAG = namePattern('projects/{project}/locations/{location}/repositories/{repository}/packages/{package}/tags/{tag}')
export const PROJECT_SETTINGS = namePattern('projects/{project}/projectSettings')

/** Names are stored with `%2F`; a client may write `%2f`. */
export const canonicalName = (name = '') => name.replaceAll('%2f', '%2F')

/** `a/b/app` → `a%2Fb%2Fapp`, and back. */
export const packageId = (path: string) => path.replaceAll('/', '%2F')
export const imagePath = (packageId: string) => packageId.replaceAll('%2F', '/')

/** `…/repositories/R/packages/P/versions/V` → `…/repositories/R` */
export const repositoryOf = (name: string) => name.split('/').slice(0, 6).join('/')
/** `…/packages/P/versions/V` → `…/packages/P` */
export const packageOf = (name: string) => name.split('/').slice(0, 8).join('/')

/** Where a Docker client finds the repository: `europe-west2-docker.pkg.dev/P/R`. */
export function registryUri(repository: string): string {
  const { project, location, repository: id } = REPOSITORY.parse(repository)
  return `${location}-docker.pkg.dev/${project.replace(':', '/')}/${id}`
}

/** `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE`, without tag and digest. */
export const IMAGE =
  /^(?<location>[a-z0-9-]+)-docker\.pkg\.dev\/(?:(?<domain>[a-z0-9-]+\.[a-z0-9.-]+)\/)?(?<project>[a-z0-9-]+)\/(?<repository>[a-z0-9-]+)\/(?<path>[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*)$/

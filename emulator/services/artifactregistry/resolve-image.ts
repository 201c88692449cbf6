// What a reference to an image means here and now: the digest of what runs on linux/amd64, as Cloud Run resolves it when it makes a revision.
import { collection } from '../../core/collection.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { isIndex } from './image-manifests.ts'
import { IMAGE, packageId, REPOSITORY } from './names.ts'
import { versions } from './versions.ts'

export interface ResolvedImage {
  /** Without tag and digest. */
  name: string
  /** `sha256:<64 hex>` of what runs; missing where there is a problem. */
  digest?: string
  /** A tag that no registry here has, or an index without an image for linux/amd64 (as far as is known). */
  problem?: 'NOT_FOUND' | 'NO_PLATFORM'
  /** Media type of that index. */
  mediaType?: string
}

/** `[host[:port]/]path[:tag][@digest]`; a tag beside a digest does not count, and no tag is `latest`. */
function parts(reference: string) {
  const [tagged = '', digest] = reference.split('@')
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1)
  return colon < 0
    ? { name: tagged, tag: 'latest', digest }
    : { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), digest }
}

/** The package of an image in Artifact Registry; undefined for an image of any other registry. */
function packageOfImage(name: string): string | undefined {
  const { location, domain, project, repository, path } = (IMAGE.exec(name)?.groups ?? {}) as Record<string, string>
  if (!path) return undefined
  const id = domain ? `${domain}:${project}` : project!
  return `${REPOSITORY.format({ project: id, location: location!, repository: repository! })}/packages/${packageId(path)}`
}

/** A digest is taken as it is, whether or not a registry here has it, unless it is that of an index here. */
export function resolveImage(reference: string, ctx: Context): ResolvedImage {
  const { name, tag, digest } = parts(reference)
  const packageName = packageOfImage(name)
  const tagged = (): string | undefined => {
    const version = packageName && collection<{ version: string }>(ctx.db, 'ar_tags').get(`${packageName}/tags/${tag}`)?.version
    return version && idOf(version)
  }
  const found = digest ?? tagged()
  if (!found) return { name, problem: 'NOT_FOUND' }
  const { mediaType, imageManifests } = (packageName && versions(ctx).get(`${packageName}/versions/${found}`)) || {}
  if (!imageManifests && !isIndex(mediaType)) return { name, digest: found }
  const child = imageManifests?.find(({ os, architecture }) => os === 'linux' && architecture === 'amd64')
  return child ? { name, digest: child.digest } : { name, problem: 'NO_PLATFORM', mediaType }
}

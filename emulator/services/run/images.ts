// What runs of the images that a template names. A tag is resolved when a revision or execution is made, and never again.
import type { Context } from '../../core/service.ts'
import { resolveImage } from '../artifactregistry/index.ts'
import type { Failure } from './conditions.ts'
import type { Container, ResolvedImages } from './shapes.ts'

export interface FoundImages {
  images: ResolvedImages
  /** Why they cannot run, as far as is known: an index without an image for linux/amd64. */
  failure?: Failure
}

/** Images of all containers, sidecars too. */
export function findImages(containers: Container[], ctx: Context): FoundImages {
  const images: ResolvedImages = {}
  for (const { image = '' } of containers) {
    const { name, digest, problem, mediaType } = resolveImage(image, ctx)
    if (digest) images[image] = `${name}@${digest}`
    if (problem === 'NO_PLATFORM') {
      const message = `Cloud Run does not support image '${image}': Container manifest type '${mediaType}' must support amd64/linux.`
      return { images, failure: { reason: 'REVISION_FAILED', message } }
    }
  }
  return { images }
}

/** Of a tag that no registry here has nothing can be told: as long as no policy governs, it is taken to be there. */
export function missingImage(containers: Container[], images: ResolvedImages): Failure | undefined {
  const missing = containers.find(({ image = '' }) => !Object.hasOwn(images, image))
  return missing && { reason: 'CONTAINER_MISSING', message: `Image '${missing.image}' not found.` }
}

/** Images as they are judged, each once: by digest where there is one. */
export const judgedImages = (containers: Container[], images: ResolvedImages): string[] => [
  ...new Set(containers.map(({ image = '' }) => (Object.hasOwn(images, image) ? images[image]! : image))),
]

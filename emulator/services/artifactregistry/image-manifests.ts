// The images of an index (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md), one for each platform.
import { isObject } from '../../core/json.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'

type ImageManifest = components['schemas']['ImageManifest']

/** An entry of `manifests` in an index. */
export interface ManifestDescriptor {
  digest: string
  platform: { os: string; architecture: string; variant?: string }
  mediaType?: string
}

export const INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json'

export const isIndex = (mediaType = '') =>
  [INDEX_MEDIA_TYPE, 'application/vnd.docker.distribution.manifest.list.v2+json'].includes(mediaType)

const FIELDS: Record<string, (value: unknown) => boolean> = {
  digest: (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  platform: isPlatform,
  mediaType: (value) => typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(value),
  size: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
}
const PLATFORM_FIELDS = ['os', 'architecture', 'variant']

function isPlatform(value: unknown): boolean {
  if (!isObject(value) || !Object.hasOwn(value, 'os') || !Object.hasOwn(value, 'architecture')) return false
  return Object.entries(value).every(
    ([key, part]) => PLATFORM_FIELDS.includes(key) && typeof part === 'string' && /^[a-z0-9_.-]{1,64}$/.test(part),
  )
}

const isDescriptor = (value: unknown): boolean =>
  isObject(value) &&
  Object.hasOwn(value, 'digest') &&
  Object.hasOwn(value, 'platform') &&
  Object.entries(value).every(([key, part]) => Object.hasOwn(FIELDS, key) && FIELDS[key]!(part))

/** `manifests` of an index as Artifact Registry shows them, or undefined for anything else. */
export function readManifests(value: unknown): ImageManifest[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > 100 || !value.every(isDescriptor)) return undefined
  return (value as ManifestDescriptor[]).map(({ digest, platform, mediaType }) => ({
    architecture: platform.architecture,
    os: platform.os,
    digest,
    mediaType: mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
    ...(platform.variant && { variant: platform.variant }),
  }))
}

// What an explanation looks up beside the decision, as a client of the other services would: notes, attestations of other images, tags.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import { getDockerImage, getTag } from '../artifactregistry/index.ts'
import { getNote, listNoteOccurrences } from '../containeranalysis/index.ts'

/** An image reference as it stands in a Pod, taken apart. */
export interface Reference {
  /** Registry and path. */
  repository: string
  tag?: string
  /** What stands behind the @, whatever it is. */
  digest?: string
}

export function referenceOf(image: string): Reference {
  const [, repository = '', tag, digest] = /^([^@]*?)(?::([^:/@]*))?(?:@(.*))?$/s.exec(image) ?? []
  return { repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
}

/** What `read` gives; undefined where it refuses. */
function found<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

/** The kind of a note; undefined where there is none. */
export const kindOfNote = (name: string, ctx: Context): string | undefined => found(() => getNote({ name }, ctx))?.kind

export interface AttestedImage {
  /** As the occurrence has it. */
  resourceUri: string
  digest: string
}

/** So many occurrences of a note are looked through, the oldest first. */
const PAGES = { size: 1000, max: 10 }

/** Images of the repository that a note has attestations for, each digest once, the newest first. Whether they verify is not asked. */
export async function attestedImages(note: string, repository: string, ctx: Context): Promise<AttestedImage[]> {
  const images = new Map<string, AttestedImage>()
  let pageToken: string | undefined
  for (let page = 0; page < PAGES.max; page++) {
    const answer = found(() => listNoteOccurrences({ name: note, pageSize: PAGES.size, pageToken }, ctx))
    for (const { kind, resourceUri = '' } of answer?.items ?? []) {
      const reference = referenceOf(resourceUri.replace(/^https?:\/\//, ''))
      if (kind !== 'ATTESTATION' || reference.repository !== repository || !reference.digest) continue
      images.delete(reference.digest)
      images.set(reference.digest, { resourceUri, digest: reference.digest })
    }
    pageToken = answer?.nextPageToken
    if (!pageToken) break
    await nextTurn()
  }
  return [...images.values()].reverse()
}

/** `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE` → the name of its repository, and its package id. */
function registryNames(repository: string): { parent: string; packageId: string } | undefined {
  const [, location, project, id, image] = /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\/(.+)$/.exec(repository) ?? []
  if (!image) return undefined
  return {
    parent: `projects/${project}/locations/${location}/repositories/${id}`,
    packageId: image.replaceAll('/', '%2F'),
  }
}

/** The digest that a tag points to in Artifact Registry; undefined where it does not know. */
export function digestOfTag({ repository, tag }: Reference, ctx: Context): string | undefined {
  const names = registryNames(repository)
  if (!names || !tag) return undefined
  const target = found(() => getTag({ name: `${names.parent}/packages/${names.packageId}/tags/${tag}` }, ctx))
  return /\/versions\/(sha256:[0-9a-f]{64})$/.exec(target?.version ?? '')?.[1]
}

/** The tags that point to a digest in Artifact Registry. */
export function tagsOfDigest(repository: string, digest: string, ctx: Context): string[] {
  const names = registryNames(repository)
  if (!names) return []
  const name = `${names.parent}/dockerImages/${names.packageId}@${digest}`
  return found(() => getDockerImage({ name }, ctx))?.tags ?? []
}

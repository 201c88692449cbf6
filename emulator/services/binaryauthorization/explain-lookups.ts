// What an explanation looks up beside the decision, as a client of the other services would: notes, attestations of other images, tags.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context, Operation, Service } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import { artifactregistry } from '../artifactregistry/index.ts'
import { containeranalysis } from '../containeranalysis/index.ts'

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

const call =
  ({ apis }: Service, api: string, service: string) =>
  (method: string, request: object, ctx: Context): any => {
    try {
      return (apis[api]![service]![method]!.run as Operation)(request, ctx)
    } catch (error) {
      if (error instanceof StatusError) return undefined
      throw error
    }
  }

const grafeas = call(containeranalysis, 'containeranalysis.v1', 'grafeas.v1.Grafeas')
const registry = call(artifactregistry, 'artifactregistry.v1', 'google.devtools.artifactregistry.v1.ArtifactRegistry')

/** The kind of a note; undefined where there is none. */
export const kindOfNote = (name: string, ctx: Context): string | undefined => grafeas('GetNote', { name }, ctx)?.kind

export interface AttestedImage {
  /** As the occurrence has it. */
  resourceUri: string
  digest: string
}

/** So many occurrences of a note are looked through, the oldest first. */
const PAGES = { size: 1000, max: 10 }

/** Images of the repository that a note has attestations for, each digest once, the newest first. Whether they verify is not asked. */
export async function attestedImages(note: string, repository: string, ctx: Context): Promise<AttestedImage[]> {
  const found = new Map<string, AttestedImage>()
  let pageToken: string | undefined
  for (let page = 0; page < PAGES.max; page++) {
    const answer = grafeas('ListNoteOccurrences', { name: note, pageSize: PAGES.size, pageToken }, ctx)
    for (const { kind, resourceUri = '' } of answer?.occurrences ?? []) {
      const reference = referenceOf(resourceUri.replace(/^https?:\/\//, ''))
      if (kind !== 'ATTESTATION' || reference.repository !== repository || !reference.digest) continue
      found.delete(reference.digest)
      found.set(reference.digest, { resourceUri, digest: reference.digest })
    }
    pageToken = answer?.nextPageToken
    if (!pageToken) break
    await nextTurn()
  }
  return [...found.values()].reverse()
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
  const found = registry('GetTag', { name: `${names.parent}/packages/${names.packageId}/tags/${tag}` }, ctx)
  return /\/versions\/(sha256:[0-9a-f]{64})$/.exec(found?.version ?? '')?.[1]
}

/** The tags that point to a digest in Artifact Registry. */
export function tagsOfDigest(repository: string, digest: string, ctx: Context): string[] {
  const names = registryNames(repository)
  if (!names) return []
  return registry('GetDockerImage', { name: `${names.parent}/dockerImages/${names.packageId}@${digest}` }, ctx)?.tags ?? []
}

// Which digest an image of `images:` gets where nothing is built: the one that was posted with the build, else the one that the registry has
// for the tag, else one that is made from what the build is.
import { createHash } from 'node:crypto'
import { collection } from '../../core/collection.ts'
import { atomically } from '../../core/database.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument, StatusError } from '../../core/status.ts'
import { getTag, registerImage } from '../artifactregistry/index.ts'
import type { Build } from './build-fields.ts'

export interface PushedImage {
  /** As `images` has it. An image without a tag is pushed as `latest`, and has that name too. */
  names: string[]
  /** Without its tag. */
  image: string
  tag: string
  /** `sha256:<64 hex>` */
  digest: string
}

/** Thrown where an image cannot be pushed, which fails the build. */
export class PushFailed extends Error {}

const madeDigests = (ctx: Context) => collection<object>(ctx.db, 'cloudbuild_made_digests')

/** The digests of all images of a build whose substitutions are in their places, each in the registry where its repository is one here.
 * `posted` is `results.images` of the request; INVALID_ARGUMENT where that names another image or no digest. */
export function pushImages(build: Build, posted: { name?: string; digest?: string }[], ctx: Context): PushedImage[] {
  const wanted = (build.images ?? []).map((name) => {
    const [, image = '', tag] = /^(.+?)(?::([^/:]+))?$/.exec(name) ?? []
    return { names: tag ? [name] : [name, `${name}:latest`], image, tag: tag ?? 'latest' }
  })
  for (const { name, digest = '' } of posted) {
    if (!wanted.some(({ names }) => names.includes(name ?? '')))
      throw invalidArgument(`results.images names "${name ?? ''}", which is not among the images of the build.`)
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      throw invalidArgument(`results.images has the digest "${digest}", which is not sha256: and 64 lower-case hex digits.`)
  }
  return wanted.map((each) => pushImage(each, build, posted.find(({ name }) => each.names.includes(name ?? ''))?.digest, ctx))
}

function pushImage(wanted: Omit<PushedImage, 'digest'>, build: Build, posted: string | undefined, ctx: Context): PushedImage {
  const { image, tag } = wanted
  const digest = posted ?? digestInRegistry(image, tag, ctx) ?? madeDigest(image, build, ctx)
  if (!artifactRegistryPackage(image)) return { ...wanted, digest }
  try {
    atomically(ctx.db, () => registerImage({ image, digest, tags: [tag] }, ctx))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const isElsewhere = posted !== undefined && error.code === 'NOT_FOUND'
    if (!isElsewhere) throw new PushFailed(`could not push image "${wanted.names[0]}": ${error.message}`)
  }
  return { ...wanted, digest }
}

/** `projects/P/locations/L/repositories/R/packages/I` of an image in Artifact Registry; undefined for one in another registry. */
export function artifactRegistryPackage(image: string): string | undefined {
  const [, location, domain, project, repository, path] =
    /^([a-z0-9-]+)-docker\.pkg\.dev\/(?:([a-z0-9-]+\.[a-z0-9.-]+)\/)?([a-z0-9-]+)\/([a-z0-9-]+)\/(.+)$/.exec(image) ?? []
  if (!path) return undefined
  const owner = domain ? `${domain}:${project}` : project
  return `projects/${owner}/locations/${location}/repositories/${repository}/packages/${path.replaceAll('/', '%2F')}`
}

/** Not one that was made here for an earlier build: that was of another source. */
function digestInRegistry(image: string, tag: string, ctx: Context): string | undefined {
  const packageName = artifactRegistryPackage(image)
  if (!packageName) return undefined
  try {
    const digest = idOf(getTag({ name: `${packageName}/tags/${tag}` }, ctx).version ?? '')
    return madeDigests(ctx).get(digest) ? undefined : digest
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

function madeDigest(image: string, { source, steps }: Build, ctx: Context): string {
  const hash = createHash('sha256').update(JSON.stringify([source ?? null, steps, image]))
  const digest = `sha256:${hash.digest('hex')}`
  madeDigests(ctx).insert(digest, image, {})
  return digest
}

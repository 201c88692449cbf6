// What Cloud Build says of an image that it has built (https://cloud.google.com/build/docs/securing-builds/generate-validate-build-provenance):
// its own provenance, and SLSA's in the versions 0.1 and 1. Form and key order are those of the service's own documents.
import type { components } from '../../gen/containeranalysis.v1.ts'
import type { Build } from './build-fields.ts'
import type { PushedImage } from './pushed-images.ts'
import type { BuiltIns } from './substitutions.ts'

type Schemas = components['schemas']

export const BUILDER = 'https://cloudbuild.googleapis.com/GoogleHostedWorker'
const VERSION = 'v0.3'
export const BUILDER_VERSION = `GoogleHostedWorker@${VERSION}`

export interface FinishedBuild {
  /** The build as the API shows it once it is finished. */
  build: Build
  builtIns: BuiltIns
  images: PushedImage[]
  /** E-mail address of who has asked for it. */
  creator: string
}

const subjectsOf = (images: PushedImage[]) =>
  images.flatMap(({ names, digest }) =>
    names.map((name) => ({ name: `https://${name}`, digest: { sha256: digest.replace('sha256:', '') } })),
  )

/** `gs://bucket/object#generation` with the hash of the archive, `git+https://…` with the commit; undefined without source. */
function sourceOf({
  sourceProvenance = {},
}: Build): { uri: string; digest?: Record<string, string>; commit?: string } | undefined {
  const {
    resolvedStorageSource: archive,
    resolvedRepoSource: repository,
    resolvedGitSource: git,
    fileHashes = {},
  } = sourceProvenance
  if (archive) {
    const uri = `gs://${archive.bucket}/${archive.object}#${archive.generation}`
    const md5 = fileHashes[uri]?.fileHash?.find(({ type }) => type === 'MD5')?.value
    return { uri, ...(md5 && { digest: { md5: Buffer.from(md5, 'base64').toString('hex') } }) }
  }
  if (git) return { uri: `git+${git.url}`, commit: git.revision }
  if (repository)
    return {
      uri: `git+https://source.developers.google.com/p/${repository.projectId}/r/${repository.repoName}`,
      commit: repository.commitSha,
    }
  return undefined
}

/** Steps whose image is named by digest; which image another name meant is not known here, since none is pulled. */
const buildersOf = ({ steps = [] }: Build) =>
  [...new Set(steps.map(({ name = '' }) => name))].flatMap((name) => {
    const sha256 = /@sha256:([0-9a-f]{64})$/.exec(name)?.[1]
    return sha256 ? [{ uri: name, digest: { sha256 } }] : []
  })

/** The provenance of Container Analysis' own form. */
export function buildProvenance({ build, images, creator }: FinishedBuild): Schemas['BuildProvenance'] {
  const { id, projectId, steps = [], createTime, startTime, finishTime, logsBucket, sourceProvenance = {}, options } = build
  const archive = sourceProvenance.resolvedStorageSource
  const git = sourceProvenance.resolvedGitSource
  const uri = archive && sourceOf(build)?.uri
  return {
    id,
    projectId,
    commands: steps.map(({ name, env, args, dir, id, waitFor }) => ({ name, env, args, dir, id, waitFor })),
    builtArtifacts: images.map(({ names, image, digest }) => ({ checksum: digest, id: `${image}@${digest}`, names })),
    createTime,
    startTime,
    endTime: finishTime,
    creator,
    logsUri: logsBucket,
    sourceProvenance: {
      ...(uri && {
        artifactStorageSourceUri: uri,
        fileHashes: sourceProvenance.fileHashes as Record<string, Schemas['FileHashes']>,
      }),
      ...(git && { context: { git: { url: git.url, revisionId: git.revision } } }),
    },
    ...(options?.requestedVerifyOption && { buildOptions: { VerifyOption: options.requestedVerifyOption } }),
    builderVersion: BUILDER_VERSION,
  }
}

export function slsaProvenanceV01({ build, images }: FinishedBuild): Schemas['InTotoStatement'] {
  const { id, name, options, sourceProvenance, steps, substitutions, startTime, finishTime } = build
  const { commit, ...source } = sourceOf(build) ?? {}
  const material = { ...source, ...(commit && { digest: { sha1: commit } }) }
  const argument = {
    '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.Build',
    id,
    name,
    options,
    sourceProvenance,
    steps,
    substitutions,
  }
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: subjectsOf(images),
    predicateType: 'https://slsa.dev/provenance/v0.1',
    slsaProvenance: {
      builder: { id: `${BUILDER}@${VERSION}` },
      recipe: { type: 'https://cloudbuild.googleapis.com/CloudBuildSteps@v0.1', definedInMaterial: '-1', arguments: argument },
      metadata: { buildInvocationId: id, buildStartedOn: startTime, buildFinishedOn: finishTime },
      ...('uri' in material && { materials: [material] }),
    },
  }
}

export function slsaProvenanceV1({ build, builtIns, images }: FinishedBuild): Schemas['InTotoSlsaProvenanceV1'] {
  const { id, projectId, substitutions = {}, startTime, finishTime } = build
  const { PROJECT_ID: _, ...system } = builtIns
  const { commit, ...source } = sourceOf(build) ?? {}
  const isUser = ([key]: [string, string]) => key.startsWith('_')
  const asked = Object.entries(substitutions)
  const archive = 'uri' in source ? [{ ...source, ...(commit && { digest: { gitCommit: commit } }) }] : []
  const dependencies = [...archive, ...buildersOf(build)]
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjectsOf(images),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://cloud.google.com/build/gcb-buildtypes/google-worker/v1',
        externalParameters: { substitutions: Object.fromEntries(asked.filter(isUser)) },
        internalParameters: {
          systemSubstitutions: { ...Object.fromEntries(asked.filter((entry) => !isUser(entry))), ...system },
        },
        ...(dependencies.length > 0 && { resolvedDependencies: dependencies }),
      },
      runDetails: {
        builder: { id: BUILDER },
        metadata: {
          invocationId: `https://cloudbuild.googleapis.com/v1/projects/${projectId}/locations/${builtIns.LOCATION}/builds/${id}`,
          startedOn: startTime,
          finishedOn: finishTime,
        },
        byproducts: [{}],
      },
    },
  }
}

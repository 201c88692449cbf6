// What of a build in a request counts, and what only the service says.
import type { FilterOptions } from '../../core/filter.ts'
import type { components } from '../../gen/cloudbuild.v1.ts'

export type Schemas = components['schemas']
export type Build = Schemas['Build']
export type BuildStep = Schemas['BuildStep']

/** Fields that make a build. Nothing is run, so most are kept as they are. */
export const BUILD_FIELDS = [
  'source',
  'steps',
  'timeout',
  'queueTtl',
  'images',
  'artifacts.images',
  'logsBucket',
  'options',
  'substitutions',
  'tags',
  'secrets',
  'availableSecrets',
  'serviceAccount',
  'gitConfig',
] as const

/** Output only, and ignored where clients send them back; but `results.images` says what the digests of a build posted by hand are. */
export const OUTPUT_ONLY_FIELDS = [
  'name',
  'id',
  'projectId',
  'status',
  'statusDetail',
  'results',
  'createTime',
  'startTime',
  'finishTime',
  'sourceProvenance',
  'buildTriggerId',
  'logUrl',
  'timing',
  'approval',
  'warnings',
  'failureInfo',
]

/** All that a filter may name: every field of a build, and the two that the console and gcloud call otherwise. */
export const FILTER_OPTIONS = {
  known: [...OUTPUT_ONLY_FIELDS, ...BUILD_FIELDS.map((field) => field.split('.')[0]!)],
  fields: {
    buildId: ({ id }: Build) => id,
    triggerId: ({ buildTriggerId }: Build) => buildTriggerId,
  },
} satisfies FilterOptions<Build> as FilterOptions

/** The steps as they were asked for, without what a run says of them. */
export const askedSteps = (steps: BuildStep[] = []): BuildStep[] =>
  steps.map(({ status, timing, pullTiming, exitCode, ...step }) => step)

/** The build as it was asked for; `images` and `artifacts.images` are one field with two names. */
export function askedBuild(sent: Build): Build {
  const { source, timeout, queueTtl, logsBucket, options, substitutions, tags, secrets, availableSecrets, serviceAccount } = sent
  const images = sent.images ?? sent.artifacts?.images
  const { gitConfig } = sent
  const steps = askedSteps(sent.steps)
  const asked = { source, steps, timeout, queueTtl, images, logsBucket, options, substitutions, tags, secrets, availableSecrets }
  return { ...asked, serviceAccount, gitConfig }
}

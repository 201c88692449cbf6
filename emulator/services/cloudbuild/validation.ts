// What makes a build invalid. The words are those of the service, of which a part is public (github.com/GoogleCloudPlatform/cloud-build-local,
// validate/validate.go), and of its newer answers.
import { parseDuration } from '../../core/clock.ts'
import { invalidArgument } from '../../core/status.ts'
import type { Build, BuildStep } from './build-fields.ts'

const MAX_STEPS = 300
const MAX_ARGS = 100
const MAX_ARG = 10_000
const MAX_IMAGES = 100
const MAX_TAGS = 64
const MAX_TIMEOUT_NANOS = 24n * 3600n * 1_000_000_000n

const invalidBuild = (why: string) => invalidArgument(`invalid build: ${why}`)

/** Checks a build as it is sent. */
export function checkBuild({ steps = [], timeout, images = [], artifacts, tags = [], ...build }: Build) {
  if (timeout !== undefined) {
    const nanos = parseDuration(timeout)
    if (nanos < 0n) throw invalidBuild('invalid timeout: timeout must be >=0')
    if (nanos > MAX_TIMEOUT_NANOS) throw invalidBuild('timeout exceeds the timeout limit of 24h0m0s')
  }
  if (images.length > 0 && artifacts?.images && JSON.stringify(images) !== JSON.stringify(artifacts.images))
    throw invalidBuild('invalid .artifacts field: cannot specify different .images and .artifacts.images')
  if ((artifacts?.images ?? images).length > MAX_IMAGES)
    throw invalidBuild(`invalid .artifacts field: cannot specify more than ${MAX_IMAGES} images to build`)
  const problem = stepsProblem(steps)
  if (problem) throw invalidBuild(`invalid .steps field: ${problem}`)
  if (tags.length > MAX_TAGS) throw invalidBuild(`number of tags ${tags.length} exceeded (max: ${MAX_TAGS})`)
  checkLogging(build)
}

function stepsProblem(steps: BuildStep[]): string | undefined {
  if (steps.length === 0) return 'no build steps are specified'
  if (steps.length > MAX_STEPS) return `cannot specify more than ${MAX_STEPS} build steps`
  const known = new Set(['-'])
  for (const [index, step] of steps.entries()) {
    const problem = stepProblem(step, index, known)
    if (problem) return problem
    if (step.id) known.add(step.id)
  }
  return undefined
}

/** `known`: the ids of the steps before it. */
function stepProblem({ name, args = [], env = [], waitFor = [], id, ...step }: BuildStep, index: number, known: Set<string>) {
  const which = `build step #${index}${id ? ` - "${id}"` : ''}`
  if (!name) return `build step ${index} must specify name`
  if (args.length > MAX_ARGS) return `build step ${index} too many args (max: ${MAX_ARGS})`
  const long = args.findIndex((arg) => Buffer.byteLength(arg) > MAX_ARG)
  if (long >= 0) return `build step ${index} arg ${long} too long (max: ${MAX_ARG})`
  if (step.script && step.entrypoint) return `build step ${index} both script and entrypoint provided`
  if (step.script && args.length > 0) return `build step ${index} both script and args provided`
  const missing = waitFor.find((other) => !known.has(other))
  if (missing !== undefined) return `${which} depends on "${missing}", which has not been defined`
  if (id === '-') return `${which}: the ID cannot be "-" which is reserved as a dependency for build steps that should run first`
  if (id && known.has(id)) return `${which}: the ID is not unique`
  const wrong = env.find((entry) => !entry.includes('='))
  return wrong === undefined
    ? undefined
    : `build step #${index} - "${id ?? ''}": the Env entry "${wrong}" must be of the form "KEY=VALUE"`
}

function checkLogging({ serviceAccount, logsBucket, options: { logging, defaultLogsBucketBehavior } = {} }: Build) {
  const isSomewhere =
    logsBucket !== undefined ||
    defaultLogsBucketBehavior === 'REGIONAL_USER_OWNED_BUCKET' ||
    ['CLOUD_LOGGING_ONLY', 'STACKDRIVER_ONLY', 'NONE'].includes(logging ?? '')
  if (serviceAccount && !isSomewhere)
    throw invalidArgument(
      "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE logging options",
    )
}

/** https://github.com/distribution/reference: a domain or none, a path in lower case, a tag, a digest. */
const REFERENCE =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?<tag>:\w[\w.-]{0,127})?(?<digest>@sha256:[0-9a-f]{64})?$/
const BUILD_TAG = /^\w[\w.-]{0,127}$/

/** Checks a build whose substitutions are in their places. */
export function checkSubstitutedBuild({ steps = [], images = [], tags = [] }: Build) {
  for (const { name = '' } of steps)
    if (!REFERENCE.test(name)) throw invalidBuild(`invalid build step name "${name}": could not parse reference: ${name}`)
  for (const image of images) {
    const found = REFERENCE.exec(image)
    if (!found || found.groups?.digest) throw invalidBuild(`invalid image name "${image}": could not parse reference: ${image}`)
  }
  for (const tag of tags)
    if (!BUILD_TAG.test(tag))
      throw invalidBuild(`invalid build tag "${tag}": must match format "^(${BUILD_TAG.source.slice(1, -1)})$"`)
}

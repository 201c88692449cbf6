// CreateBuild (https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds/create). No step is run: a build succeeds
// unless one of its images cannot be pushed.
import { formatTimestamp } from '../../core/clock.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { computeAccount } from '../../core/service-accounts.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { type Attested, attest } from './attest.ts'
import { askedBuild, type Build, type Schemas } from './build-fields.ts'
import { buildOperation, builds, listPosition, queuedBuild, type StoredBuild } from './build-state.ts'
import { LOCATION, parentOfRequest, shownBuildName } from './names.ts'
import { artifactRegistryPackage, type PushedImage, PushFailed, pushImages } from './pushed-images.ts'
import { sourceProvenance } from './source-provenance.ts'
import { type BuiltIns, checkSubstitutions, substituted } from './substitutions.ts'
import { checkBuild, checkSubstitutedBuild } from './validation.ts'

const DEFAULTS = { timeout: '3600s', queueTtl: '3600s' }

export function createBuild(request: Schemas['CreateBuildRequest'], ctx: Context): LongrunningOperation {
  return startBuild(parentOfRequest(request, ctx), request.build ?? {}, ctx)
}

/** Carries out a build in `projects/P/locations/L`, with all that it leaves, and answers the operation that shows it as queued. */
export function startBuild(parent: string, sent: Build, ctx: Context): LongrunningOperation {
  checkSubstitutions(sent.substitutions)
  checkBuild(sent)
  const id = ctx.ids.uuid()
  const name = `${parent}/builds/${id}`
  const begun = begin(parent, name, id, sent, ctx)
  const finishNanos = ctx.nanos() + ctx.operationDelay
  const { build, occurrences } = finish(
    begun,
    sent.results?.images ?? [],
    answeredTime(formatTimestamp(finishNanos + 999n, 6)),
    ctx,
  )
  const asked: Build = { ...askedBuild(sent), ...(sent.results?.images && { results: { images: sent.results.images } }) }
  const stored: StoredBuild = { name, asked, finished: build, finishNanos: String(finishNanos), occurrences }
  builds(ctx).insert(name, parent, stored, listPosition(ctx, id))
  return buildOperation(stored, queuedBuild(stored))
}

interface Begun {
  build: Build
  builtIns: BuiltIns
}

/** The build with everything in its place that is known before it runs. */
function begin(parent: string, name: string, id: string, sent: Build, ctx: Context): Begun {
  const { project, location } = LOCATION.parse(parent)
  const number = projectNumber(ctx.db, project)
  const { serviceAccount = `projects/${project}/serviceAccounts/${computeAccount(ctx.db, project)}` } = sent
  const account = serviceAccount.replace(/\$\{PROJECT_ID\}|\$PROJECT_ID/g, project)
  const builtIns: BuiltIns = {
    PROJECT_ID: project,
    PROJECT_NUMBER: number,
    LOCATION: location,
    BUILD_ID: id,
    SERVICE_ACCOUNT: account,
    SERVICE_ACCOUNT_EMAIL: account.slice(account.lastIndexOf('/') + 1),
  }
  const asked = substituted(askedBuild(sent), builtIns)
  const tags = [...new Set(asked.tags?.filter(Boolean))]
  checkSubstitutedBuild({ ...asked, tags })
  const logging = asked.options?.logging ?? 'LEGACY'
  const hasBucket = ['LEGACY', 'GCS_ONLY', 'LOGGING_UNSPECIFIED'].includes(logging)
  const where = location === 'global' ? '' : `;region=${location}`
  const build: Build = {
    ...DEFAULTS,
    logsBucket: hasBucket ? `gs://${number}.cloudbuild-logs.googleusercontent.com` : undefined,
    ...defined(asked),
    name: shownBuildName(name, ctx),
    id,
    projectId: project,
    createTime: answeredTime(ctx.timestamp(9)),
    startTime: answeredTime(ctx.timestamp(9)),
    sourceProvenance: sourceProvenance(asked.source, ctx),
    options: { ...asked.options, logging, pool: asked.options?.pool ?? {} },
    logUrl: `https://console.cloud.google.com/cloud-build/builds${where}/${id}?project=${number}`,
    serviceAccount: account,
    ...(tags.length > 0 && { tags }),
    ...(asked.images && { artifacts: { images: asked.images } }),
  }
  return { build, builtIns }
}

/** With as many digits as the API answers, so that what is signed is what is shown: none, or 3, 6 or 9. */
const answeredTime = (time: string) => time.replace(/(?:\.(?:000)+|(?:000)+)Z$/, 'Z')

const defined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined)) as Partial<T>

function finish({ build, builtIns }: Begun, posted: Schemas['BuiltImage'][], finishTime: string, ctx: Context) {
  const span = { startTime: build.startTime, endTime: finishTime }
  const steps = build.steps?.map((step) => ({ ...step, status: 'SUCCESS' as const, timing: span, pullTiming: span }))
  const ended: Build = { ...build, steps, finishTime }
  let images: PushedImage[]
  try {
    images = pushImages(build, posted, ctx)
  } catch (error) {
    if (!(error instanceof PushFailed)) throw error
    const failureInfo = { type: 'PUSH_FAILED' as const, detail: error.message }
    return { build: { ...ended, status: 'FAILURE' as const, statusDetail: error.message, failureInfo }, occurrences: [] }
  }
  const succeeded: Build = {
    ...ended,
    status: 'SUCCESS',
    results: {
      buildStepImages: steps?.map(() => ''),
      buildStepOutputs: steps?.map(() => ''),
      ...(images.length > 0 && { images: images.flatMap((image) => builtImages(image, span)) }),
    },
    timing: { BUILD: span, ...(build.source && { FETCHSOURCE: span }), ...(images.length > 0 && { PUSH: span }) },
  }
  if (images.length === 0) return { build: succeeded, occurrences: [] }
  const creator = ctx.caller.principal?.replace(/^[a-zA-Z]+:/, '') ?? builtIns.SERVICE_ACCOUNT_EMAIL
  const { occurrences, warnings }: Attested = attest({ build: succeeded, builtIns, images, creator }, ctx)
  return { build: { ...succeeded, ...(warnings.length > 0 && { warnings }) }, occurrences }
}

const builtImages = ({ names, image, digest }: PushedImage, pushTiming: Schemas['TimeSpan']): Schemas['BuiltImage'][] =>
  names.map((name) => ({ name, digest, pushTiming, artifactRegistryPackage: artifactRegistryPackage(image) }))

// What a build looks like at the time of a request: it is made as a whole when it is created, and shown as under way until its time is over.
import { formatTimestamp } from '../../core/clock.ts'
import { collection } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { askedSteps, type Build } from './build-fields.ts'
import { operationName, shownBuildName } from './names.ts'

export interface StoredBuild {
  /** With the id of the project. */
  name: string
  /** As the request had it. */
  asked: Build
  /** As it is once it is finished; `name` is that of the API. */
  finished: Build
  /** Nanoseconds since the epoch, as text. */
  finishNanos: string
  /** The same, where it was cancelled before. */
  cancelNanos?: string
  /** Names of the occurrences that say that it has built its images. */
  occurrences: string[]
}

const TYPE = 'type.googleapis.com/google.devtools.cloudbuild.v1'
const LAST = 2n ** 63n

export const builds = (ctx: Context) => collection<StoredBuild>(ctx.db, 'cloudbuild_builds')

/** Lists begin with the newest. */
export const listPosition = (ctx: Context, id: string) => `${String(LAST - ctx.nanos()).padStart(19, '0')} ${id}`

/** The stored build, or NOT_FOUND. */
export function storedBuild(name: string, ctx: Context): StoredBuild {
  const stored = builds(ctx).get(name)
  if (!stored) throw notFound('Requested entity was not found.')
  return stored
}

export const isUnderWay = ({ finishNanos, cancelNanos }: StoredBuild, ctx: Context): boolean =>
  cancelNanos === undefined && ctx.nanos() < BigInt(finishNanos)

/** A build that has begun, without what only its end says. */
function begun({ finished }: StoredBuild): Build {
  const { finishTime, results, timing, warnings, failureInfo, statusDetail, steps, ...build } = finished
  return { ...build, status: 'WORKING', steps: askedSteps(steps) }
}

/** The build as the answer shows it that has created it. */
export function queuedBuild(stored: StoredBuild): Build {
  const { startTime, sourceProvenance, ...build } = begun(stored)
  return { ...build, status: 'QUEUED' }
}

export function shownBuild(stored: StoredBuild, ctx: Context): Build {
  if (stored.cancelNanos !== undefined)
    return { ...begun(stored), status: 'CANCELLED', finishTime: formatTimestamp(BigInt(stored.cancelNanos), 6) }
  return isUnderWay(stored, ctx) ? begun(stored) : stored.finished
}

/** The operation of a build, with `build` in its metadata. */
export function buildOperation(stored: StoredBuild, build: Build): LongrunningOperation {
  const metadata = { '@type': `${TYPE}.BuildOperationMetadata`, build }
  const operation = { name: operationName(stored.name), metadata }
  if (build.status === 'SUCCESS') return { ...operation, done: true, response: { '@type': `${TYPE}.Build`, ...build } }
  if (build.status === 'CANCELLED') return { ...operation, done: true, error: { code: 1, message: 'Build cancelled' } }
  if (build.status === 'FAILURE')
    return { ...operation, done: true, error: { code: 2, message: 'Build failed; check build logs for details' } }
  return operation
}

export const nameOf = (stored: StoredBuild, ctx: Context) => shownBuildName(stored.name, ctx)

// Builds (https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds): get, list, cancel, retry, and their operations.
import { page } from '../../core/collection.ts'
import { parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition, notFound, StatusError } from '../../core/status.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { deleteOccurrence } from '../containeranalysis/index.ts'
import { type Build, FILTER_OPTIONS, type Schemas } from './build-fields.ts'
import { buildOperation, builds, isUnderWay, type StoredBuild, shownBuild, storedBuild } from './build-state.ts'
import { startBuild } from './create-build.ts'
import { buildNameOfOperation, buildNameOfRequest, parentOfRequest } from './names.ts'

const LIST_LIMITS = { default: 50, max: 1000 }

export const getBuild = (request: Schemas['GetBuildRequest'], ctx: Context): Build =>
  shownBuild(storedBuild(buildNameOfRequest(request, ctx), ctx), ctx)

export function listBuilds(request: Schemas['ListBuildsRequest'], ctx: Context): Schemas['ListBuildsResponse'] {
  const parent = parentOfRequest(request, ctx)
  const { items, nextPageToken } = page<StoredBuild, Build>((after) => builds(ctx).iterate(parent, after), request, LIST_LIMITS, {
    parent,
    view: (stored) => shownBuild(stored, ctx),
    filterOptions: FILTER_OPTIONS,
  })
  return { builds: items, nextPageToken }
}

/** FAILED_PRECONDITION for a build that is over. What it has said of its images is taken back: an image of a cancelled build is not built. */
export function cancelBuild(request: Schemas['CancelBuildRequest'], ctx: Context): Build {
  const stored = storedBuild(buildNameOfRequest(request, ctx), ctx)
  if (!isUnderWay(stored, ctx))
    throw failedPrecondition(`Cannot cancel build ${stored.finished.id} in the state ${shownBuild(stored, ctx).status}.`)
  return shownBuild(cancel(stored, ctx), ctx)
}

function cancel(stored: StoredBuild, ctx: Context): StoredBuild {
  for (const name of stored.occurrences) deleteIfThere(name, ctx)
  const cancelled = { ...stored, cancelNanos: String(ctx.nanos()), occurrences: [] }
  builds(ctx).update(stored.name, cancelled)
  return cancelled
}

function deleteIfThere(name: string, ctx: Context) {
  try {
    deleteOccurrence({ name }, ctx)
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 'NOT_FOUND')) throw error
  }
}

/** The same build once more, with an id and times of its own. */
export function retryBuild(request: Schemas['RetryBuildRequest'], ctx: Context): LongrunningOperation {
  const { name, asked } = storedBuild(buildNameOfRequest(request, ctx), ctx)
  return startBuild(parentOf(name), asked, ctx)
}

function buildOfOperation({ name = '' }: { name?: string }, ctx: Context): StoredBuild {
  const buildName = buildNameOfOperation(name, ctx)
  const stored = buildName && builds(ctx).get(buildName)
  if (!stored) throw notFound(`Operation ${name} not found.`)
  return stored
}

export function getOperation(request: { name?: string }, ctx: Context): LongrunningOperation {
  const stored = buildOfOperation(request, ctx)
  return buildOperation(stored, shownBuild(stored, ctx))
}

/** Cancels the build; one that is over stays as it is, and that is no error. */
export function cancelOperation(request: { name?: string }, ctx: Context): Record<string, never> {
  const stored = buildOfOperation(request, ctx)
  if (isUnderWay(stored, ctx)) cancel(stored, ctx)
  return {}
}

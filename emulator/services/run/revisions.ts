// Revisions (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services.revisions): a service makes one of each template
// that it is given. They do not change, but for their conditions.
import { checkEtag } from '../../core/etag.ts'
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition } from '../../core/status.ts'
import { condition, type Failure, keptIfSame, succeeded } from './conditions.ts'
import { callerOf, deletionTimes, etagAt, logUri, randomSuffix, resourceNotFound } from './metadata.ts'
import { REVISION, SERVICE } from './names.ts'
import type { Desired } from './service-fields.ts'
import type { Condition, Knative, ResolvedImages, StoredRevision, StoredService } from './shapes.ts'
import { documentsOf, namesBeyond, newestFirst, revisions, services } from './store.ts'
import { reachable } from './traffic.ts'

/** Google keeps so many of a service; older ones go by themselves. */
const MAX_REVISIONS = 1000

/** The revision, or NOT_FOUND. */
export function getRevision(name: string, ctx: Context): StoredRevision {
  REVISION.parse(name)
  const revision = revisions(ctx).get(name)
  if (!revision) throw resourceNotFound('revision', name)
  return revision
}

/** Revisions of a service, or of all services of a location (`…/services/-`), the newest first. */
export const revisionsFrom = (ctx: Context, service: string, after = '') =>
  idOf(service) === '-'
    ? documentsOf<StoredRevision>(ctx, 'run_revisions', parentOf(service), after)
    : revisions(ctx).iterate(service, after)

/** Is it ready, and can requests reach it? Of one that is not ready nothing else is said. */
function conditionsOf(failure: Failure | undefined, isServing: boolean, time: string): Condition[] {
  const ready = condition('Ready', failure, time)
  if (failure) return [ready, condition('ContainerReady', failure, time)]
  const retired = { severity: 'INFO', revisionReason: 'RETIRED' } as const
  const active = isServing
    ? succeeded('Active', time)
    : { type: 'Active', state: 'CONDITION_FAILED' as const, message: 'Revision retired.', lastTransitionTime: time, ...retired }
  return [ready, active, ...['ContainerHealthy', 'ContainerReady', 'ResourcesAvailable'].map((type) => succeeded(type, time))]
}

export interface Made {
  service: string
  desired: Desired
  knative: Knative
  configurationGeneration: number
  images: ResolvedImages
}

/** A name that the service does not have yet: `S-00001-abc`. */
export function newRevisionName({ service, desired, configurationGeneration }: Omit<Made, 'images'>, ctx: Context): string {
  if (desired.template?.revision) return `${service}/revisions/${idOf(desired.template.revision)}`
  for (let length = 3; ; length++) {
    const number = String(configurationGeneration).padStart(5, '0')
    const name = `${service}/revisions/${idOf(service)}-${number}-${randomSuffix(length, ctx)}`
    if (!revisions(ctx).get(name)) return name
  }
}

export function insertRevision(name: string, made: Made, failure: Failure | undefined, isServing: boolean, ctx: Context) {
  const { service, desired, knative, configurationGeneration, images } = made
  const { revision: _, labels, annotations, healthCheckDisabled: __, ...template } = desired.template!
  const { project, location, service: id } = SERVICE.parse(service)
  const time = ctx.timestamp()
  const stored: StoredRevision = {
    name,
    uid: ctx.ids.uuid(),
    generation: '1',
    labels,
    annotations,
    createTime: time,
    updateTime: time,
    launchStage: desired.launchStage,
    service: id,
    ...template,
    conditions: conditionsOf(failure, isServing, time),
    observedGeneration: '1',
    logUri: logUri(project, { revision_name: idOf(name), location }, ctx),
    creator: callerOf(project, ctx),
    etag: etagAt(name, '1', ctx),
    internal: {
      knative: { annotations: knative.templateAnnotations, labels: knative.templateLabels },
      configurationGeneration,
      images,
    },
  }
  revisions(ctx).insert(name, service, stored, newestFirst(name, ctx))
}

/** Writes the conditions of a revision, where they change. */
export function updateConditions(revision: StoredRevision, failure: Failure | undefined, isServing: boolean, ctx: Context) {
  const wanted = conditionsOf(failure, isServing, ctx.timestamp())
  const conditions = wanted.map((each) => keptIfSame(each, revision.conditions))
  const isSame =
    conditions.length === revision.conditions?.length && conditions.every((each) => revision.conditions!.includes(each))
  if (isSame) return
  const changed = { ...revision, conditions, updateTime: ctx.timestamp(), etag: etagAt(revision.name!, '1', ctx) }
  revisions(ctx).update(revision.name!, changed)
}

/** Deletes revisions beyond those that Google keeps, the oldest first. */
export function dropOldRevisions(
  { name = '', latestReadyRevision, latestCreatedRevision, internal }: StoredService,
  ctx: Context,
) {
  if (internal.configurationGeneration <= MAX_REVISIONS) return
  const kept = reachable(internal.serving)
    .add(latestReadyRevision ?? '')
    .add(latestCreatedRevision ?? '')
  for (const old of namesBeyond(ctx, 'run_revisions', name, MAX_REVISIONS)) if (!kept.has(old)) revisions(ctx).delete(old)
}

/** As it was, with the time of deletion. FAILED_PRECONDITION for what serves, and for the latest. */
export function deleteRevision(
  { name = '', etag, validateOnly }: { name?: string; etag?: string; validateOnly?: boolean },
  ctx: Context,
): StoredRevision {
  const revision = getRevision(name, ctx)
  checkEtag(etag, revision.etag, `The etag of revision ${name} is not the current one.`)
  const service = services(ctx).get(parentOf(name))
  const refuse = (why: string) => failedPrecondition(`Revision "${idOf(name)}" cannot be directly deleted because it is ${why}.`)
  if (service && reachable(service.internal.serving).has(name)) throw refuse('actively serving')
  if (service?.latestCreatedRevision === name) throw refuse('the latest created revision')
  if (!validateOnly) revisions(ctx).delete(name)
  return { ...revision, ...deletionTimes(ctx) }
}

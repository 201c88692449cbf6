// Writing a service: a revision of its template, who of the revisions is ready, and where the traffic goes from now on. What is not ready gets
// no traffic: all goes on as it was.
import { admissionGeneration } from '../../core/generation.ts'
import { idOf } from '../../core/names.ts'
import { type Context, io, Stale } from '../../core/service.ts'
import { recordJudgement } from './audit-entry.ts'
import { condition, conditionOf, type Failure, failureOf, keptIfSame } from './conditions.ts'
import { type Judgement, judge } from './judge.ts'
import { etagAt, writtenNow } from './metadata.ts'
import { statusNow } from './reconciling.ts'
import { dropOldRevisions, insertRevision, newRevisionName, updateConditions } from './revisions.ts'
import { isOptedIn } from './service-fields.ts'
import { isBroken, NEW, type Plan, plan, type ServiceWrite } from './service-plan.ts'
import type { StoredService, TrafficTargetStatus } from './shapes.ts'
import { revisions, services } from './store.ts'
import { isLatest, reachable, resolvedTargets, shownStatuses } from './traffic.ts'
import { uriOf } from './uris.ts'

interface Judged {
  generation: string
  /** What was asked, as JSON: whatever else is to be asked at the time of the answer makes it stale. */
  key: string
  judgements: Map<string, Judgement>
}

const keyOf = ({ questions }: Plan) => JSON.stringify([...questions])

async function prepare(write: ServiceWrite, ctx: Context): Promise<Judged> {
  const generation = admissionGeneration(ctx.db)
  const planned = plan(write, ctx)
  const judgements = new Map<string, Judgement>()
  if (!write.validateOnly) for (const [name, question] of planned.questions) judgements.set(name, await judge(question, ctx))
  return { generation, key: keyOf(planned), judgements }
}

function commit(write: ServiceWrite, ctx: Context, { generation, key, judgements }: Judged): StoredService {
  const planned = plan(write, ctx)
  if (write.validateOnly) return draft(write.name, planned, ctx)
  if (keyOf(planned) !== key) throw new Stale()
  if (planned.questions.size > 0 && admissionGeneration(ctx.db) !== generation) throw new Stale()
  return apply(write.name, planned, judgements, ctx)
}

/** Creates or replaces a service, and answers it as it is then, ready or not. A revision that Binary Authorization denies is listed and not
 * ready; the ones that serve go on. */
export const writeService = io(prepare, commit)

/** The service without its status. */
function draft(name: string, { current, desired, knative, made }: Plan, ctx: Context): StoredService {
  const written = writtenNow(name, current, ctx)
  return {
    ...written,
    ...desired,
    etag: etagAt(name, written.generation, ctx),
    internal: {
      knative,
      configurationGeneration: (current?.internal.configurationGeneration ?? 0) + (made ? 1 : 0),
      serving: current?.internal.serving ?? [],
      ...(ctx.operationDelay > 0n && current && { before: statusNow(current, ctx) }),
    },
  }
}

function apply(name: string, planned: Plan, judgements: Map<string, Judgement>, ctx: Context): StoredService {
  const { current, desired, knative, made, gaining } = planned
  const service = draft(name, planned, ctx)
  const { configurationGeneration } = service.internal
  const madeName = made && newRevisionName({ service: name, desired, knative, configurationGeneration }, ctx)
  const latest = madeName ?? current!.latestCreatedRevision!
  const failures = failuresOf(planned, judgements, latest)
  const routes = routesOf(service, planned, failures, latest)
  writeStatus(service, current, failures.get(latest), routes, latest, ctx)
  const isServing = reachable(service.internal.serving)
  if (made)
    insertRevision(
      latest,
      { service: name, desired, knative, configurationGeneration, images: made.images },
      failures.get(latest)?.own,
      isServing.has(latest),
      ctx,
    )
  for (const revision of gaining)
    updateConditions(revision, failures.get(revision.name!)?.own, isServing.has(revision.name!), ctx)
  retire(current, isServing, ctx)
  if (current) services(ctx).update(name, service)
  else services(ctx).insert(name, name.split('/').slice(0, 4).join('/'), service)
  for (const [revision, judgement] of judgements)
    recordJudgement(ctx, revision === NEW ? latest : revision, judgement, desired.binaryAuthorization!)
  dropOldRevisions(service, ctx)
  return service
}

/** Why a revision is not ready, in the words of the revision and in those of its service. */
interface RevisionFailure {
  own: Failure
  ofService: Failure
}

function failuresOf({ current, desired, made, gaining }: Plan, judgements: Map<string, Judgement>, latest: string) {
  const failures = new Map<string, RevisionFailure>()
  const add = (revision: string, own: Failure | undefined) =>
    own && failures.set(revision, { own, ofService: ofService(own, idOf(revision)) })
  if (made) add(latest, made.failure ?? judgements.get(made.name ?? NEW)?.failure)
  for (const { name = '', conditions } of gaining) {
    const judgement = judgements.get(name)
    const before = failureOf(conditionOf(conditions, 'Ready'))
    // what a policy has said does not count any more where none governs
    const kept = isOptedIn(desired.binaryAuthorization) || isBroken(before) ? before : undefined
    add(name, judgement ? judgement.failure : kept)
  }
  const known = failureOf(conditionOf(current?.conditions, 'ConfigurationsReady'))
  if (!made && known && !gaining.some(({ name }) => name === latest)) failures.set(latest, { own: known, ofService: known })
  return failures
}

function ofService({ reason, message }: Failure, revision: string): Failure {
  if (reason === 'CONTAINER_MISSING') return { reason, message }
  if (reason === 'CONTAINER_IMAGE_UNAUTHORIZED')
    return { reason, message: `Revision ${revision} uses an unauthorized container image. ${message}` }
  return { reason, message: `Revision '${revision}' is not ready and cannot serve traffic. ${message}` }
}

interface Routes {
  serving: TrafficTargetStatus[]
  failure?: Failure
}

/** Traffic changes as a whole, when every revision that it asks for is there and ready. */
function routesOf(
  { name = '', internal }: StoredService,
  { desired, missing }: Plan,
  failures: Map<string, RevisionFailure>,
  latest: string,
): Routes {
  if (missing !== undefined) {
    const message = `Revision '${idOf(missing)}' does not exist or is deleted. Update all traffic to route to currently available revisions.`
    return { serving: internal.serving, failure: { reason: 'UNKNOWN', message } }
  }
  const targets = resolvedTargets(desired.traffic!, name, latest)
  const wanted = reachable(targets)
  const named = targets.find((target) => !isLatest(target) && wanted.has(target.revision!) && failures.has(target.revision!))
  if (named) return { serving: internal.serving, failure: failures.get(named.revision!)!.ofService }
  if (!failures.has(latest) || !targets.some((target) => isLatest(target) && wanted.has(target.revision!)))
    return { serving: targets }
  // the latest revision that is ready goes on; a service that has none serves nothing
  const isServed = internal.serving.length > 0
  return { serving: internal.serving, ...(!isServed && { failure: failures.get(latest)!.ofService }) }
}

function writeStatus(
  service: StoredService,
  current: StoredService | undefined,
  configuration: RevisionFailure | undefined,
  { serving, failure }: Routes,
  latest: string,
  ctx: Context,
) {
  const time = ctx.timestamp()
  const terminal = configuration?.ofService ?? failure
  const { etag, internal } = service
  delete service.etag
  Object.assign(service, {
    observedGeneration: terminal ? current?.observedGeneration : service.generation,
    terminalCondition: condition('Ready', terminal, time),
    conditions: [
      condition('RoutesReady', failure, time),
      keptIfSame(condition('ConfigurationsReady', configuration?.ofService, time), current?.conditions),
    ],
    latestReadyRevision: configuration ? current?.latestReadyRevision : latest,
    latestCreatedRevision: latest,
    ...(serving.length > 0 && { trafficStatuses: shownStatuses(serving) }),
    uri: uriOf(service.name!),
    etag,
    internal: { ...internal, serving },
  } satisfies Partial<StoredService>)
}

/** Revisions to which no requests go any more are retired. */
function retire(current: StoredService | undefined, isServing: Set<string>, ctx: Context) {
  for (const name of reachable(current?.internal.serving ?? [])) {
    const revision = isServing.has(name) ? undefined : revisions(ctx).get(name)
    if (revision) updateConditions(revision, failureOf(conditionOf(revision.conditions, 'Ready')), false, ctx)
  }
}

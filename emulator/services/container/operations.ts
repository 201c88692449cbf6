// Operations on clusters (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.operations). They are GKE's
// own, not those of google.longrunning. What they do is done when they are made; the answer that makes one shows it under way, and so do
// later ones until `operationDelay` has passed.
import { formatTimestamp } from '../../core/clock.ts'
import { collection } from '../../core/collection.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { failedPrecondition, notFound } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { LOCATION, linkOf, type Naming, OPERATION, spoken, targetOf, type Version } from './names.ts'

type Schemas = components['schemas']
export type OperationType = NonNullable<Schemas['Operation']['operationType']>

export interface StoredOperation {
  /** `projects/P/locations/L/operations/O` */
  name: string
  type: OperationType
  /** Name of the cluster or node pool. */
  target: string
  /** Nanoseconds since the epoch. */
  startNanos: string
  doneNanos: string
}

const operations = (ctx: Context) => collection<StoredOperation>(ctx.db, 'container_operations')

/** Keeps an operation on a cluster or node pool. */
export function startOperation(ctx: Context, type: OperationType, target: string): StoredOperation {
  const [, project, , location] = target.split('/') as [string, string, string, string]
  const operation = `operation-${ctx.nanos() / 1_000_000n}-${ctx.ids.uuid()}`
  const stored = {
    name: OPERATION.format({ project, location, operation }),
    type,
    target,
    startNanos: String(ctx.nanos()),
    doneNanos: String(ctx.nanos() + ctx.operationDelay),
  }
  operations(ctx).insert(stored.name, `projects/${project}`, stored, `${ctx.timestamp(9)} ${operation}`)
  return stored
}

/** As the answer shows it that starts it. */
export function startedOperation(stored: StoredOperation, version: Version, ctx: Context): Schemas['Operation'] {
  const { project, location, operation } = OPERATION.parse(stored.name)
  const byNumber = (name: string) => name.replace(project, projectNumber(ctx.db, project))
  return {
    name: operation,
    zone: location,
    operationType: stored.type,
    status: 'RUNNING',
    selfLink: linkOf(version, byNumber(stored.name)),
    targetLink: linkOf(version, byNumber(stored.target)),
    startTime: formatTimestamp(BigInt(stored.startNanos), 9),
  }
}

/** As every later answer shows it. */
function shownOperation(stored: StoredOperation, version: Version, ctx: Context): Schemas['Operation'] {
  const started = startedOperation(stored, version, ctx)
  const [start, done] = [BigInt(stored.startNanos), BigInt(stored.doneNanos)]
  const isDone = ctx.nanos() >= done
  const progress = stored.type === 'CREATE_CLUSTER' && {
    progress: { metrics: stagesAfter(isDone ? 1 : Number(ctx.nanos() - start) / Number(done - start)) },
  }
  return { ...started, ...progress, ...(isDone && { status: 'DONE' as const, endTime: formatTimestamp(done, 9) }) }
}

/** Stages of a new cluster: steps of each that GKE counts, and how many it has counted at the end. */
const STAGES: [name: string, total: number, atEnd: number][] = [
  ['CLUSTER_CONFIGURING', 8, 8],
  ['CLUSTER_DEPLOYING', 12, 12],
  ['CLUSTER_HEALTHCHECKING', 2, 1],
]

/** Stage after stage, when this part of the time has passed. */
function stagesAfter(part: number) {
  let steps = Math.floor(part * STAGES.reduce((sum, [, , atEnd]) => sum + atEnd, 0))
  return STAGES.flatMap(([name, total, atEnd]) => {
    const taken = Math.min(steps, atEnd)
    steps -= taken
    return [
      { name, intValue: String(taken) },
      { name: `${name}_TOTAL`, intValue: String(total) },
    ]
  })
}

function findOperation(request: Naming, ctx: Context): StoredOperation {
  const name = OPERATION.format(targetOf(OPERATION, request, ctx))
  const stored = operations(ctx).get(name)
  if (!stored) throw notFound(`Not found: ${spoken(name)}.`)
  return stored
}

export const getOperation = (request: Naming, ctx: Context, version: Version) =>
  shownOperation(findOperation(request, ctx), version, ctx)

/** In the order in which they were made. */
export function listOperations(request: Naming, ctx: Context, version: Version): Schemas['ListOperationsResponse'] {
  const { project, location } = targetOf(LOCATION, request, ctx, { key: 'parent', anywhere: true })
  const found: Schemas['Operation'][] = []
  for (const { document } of operations(ctx).iterate(`projects/${project}`))
    if (location === '-' || OPERATION.parse(document.name).location === location)
      found.push(shownOperation(document, version, ctx))
  return { operations: found }
}

/** What is done cannot be undone by cancelling, and of what is under way GKE can only cancel upgrades of nodes. */
export function cancelOperation(request: Naming, ctx: Context): Record<string, never> {
  const { name, type, doneNanos } = findOperation(request, ctx)
  if (ctx.nanos() < BigInt(doneNanos))
    throw failedPrecondition(`Operation ${OPERATION.parse(name).operation} of the type ${type} cannot be cancelled.`)
  return {}
}

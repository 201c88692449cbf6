// Clusters (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1beta1/projects.locations.clusters), in the shape of v1beta1.
// Nothing runs in them: a cluster is what was asked for, what GKE would fill in, and a state that follows from the clock.
import { collection } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, failedPrecondition, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { checkBinaryAuthorization } from './binary-authorization.ts'
import { type Cluster, isClusterName, newCluster } from './cluster-defaults.ts'
import { CLUSTER, LOCATION, linkOf, type Naming, OPERATION, spoken, targetOf, type Version } from './names.ts'
import { invalidName } from './node-pool-defaults.ts'
import { type OperationType, type StoredOperation, startOperation } from './operations.ts'

type Schemas = components['schemas']

export interface StoredCluster {
  /** Without what is derived: selfLink, status, and what follows from the node pools. */
  cluster: Cluster
  /** The operation that was made last, and what the cluster is while it is under way. */
  latest: {
    operation: string
    doneNanos: string
    status: 'PROVISIONING' | 'RECONCILING' | 'STOPPING'
    /** Id of a node pool that is being made. */
    nodePool?: string
  }
  /** It is gone as soon as the operation is done. */
  deleted?: true
}

const clusters = (ctx: Context) => collection<StoredCluster>(ctx.db, 'container_clusters')

const isBusy = ({ latest }: StoredCluster, ctx: Context) => ctx.nanos() < BigInt(latest.doneNanos)

const isGone = (stored: StoredCluster, ctx: Context) => stored.deleted === true && !isBusy(stored, ctx)

/** The cluster of that name as it is stored, or GKE's NOT_FOUND. */
export function storedCluster(name: string, ctx: Context): StoredCluster {
  const stored = clusters(ctx).get(name)
  if (!stored || isGone(stored, ctx)) throw notFound(`Not found: ${spoken(name)}.`)
  return stored
}

export const nameOf = (request: Naming, ctx: Context, key: 'name' | 'parent' = 'name') =>
  CLUSTER.format(targetOf(CLUSTER, request, ctx, { key }))

export function shownCluster(stored: StoredCluster, version: Version, ctx: Context): Cluster {
  const { cluster, latest } = stored
  const name = clusterName(stored)
  const status = isBusy(stored, ctx) ? latest.status : 'RUNNING'
  const isMade = (id: string | undefined) => status === 'RECONCILING' && latest.nodePool === id
  const nodePools = (cluster.nodePools ?? []).map((pool) => ({
    ...pool,
    selfLink: linkOf(version, `${name}/nodePools/${pool.name}`),
    status: status === 'RECONCILING' ? (isMade(pool.name) ? ('PROVISIONING' as const) : ('RUNNING' as const)) : status,
  }))
  const [first] = nodePools
  return {
    ...cluster,
    selfLink: linkOf(version, name),
    status,
    nodePools,
    nodeConfig: first?.config,
    currentNodeVersion: first?.version ?? cluster.currentMasterVersion,
    currentNodeCount: nodePools.reduce(
      (sum, { initialNodeCount = 0, locations = [] }) => sum + initialNodeCount * locations.length,
      0,
    ),
  }
}

/** The project stands in the name of the operation, which is the only one that a cluster always has. */
const clusterName = ({ cluster, latest }: StoredCluster) => {
  const { project, location } = OPERATION.parse(latest.operation)
  return CLUSTER.format({ project, location, cluster: cluster.name! })
}

export const getCluster = (request: Naming, ctx: Context, version: Version) =>
  shownCluster(storedCluster(nameOf(request, ctx), ctx), version, ctx)

/** Sorted by name. */
export function listClusters(request: Naming, ctx: Context, version: Version): Cluster[] {
  const { project, location } = targetOf(LOCATION, request, ctx, { key: 'parent', anywhere: true })
  const found: Cluster[] = []
  for (const { document } of clusters(ctx).iterate(`projects/${project}`))
    if ((location === '-' || document.cluster.location === location) && !isGone(document, ctx))
      found.push(shownCluster(document, version, ctx))
  return found
}

export function createCluster({ cluster: sent, ...request }: Schemas['CreateClusterRequest'], ctx: Context): StoredOperation {
  const { project, location } = targetOf(LOCATION, request, ctx, { key: 'parent' })
  if (!sent) throw invalidArgument('Must provide a cluster.')
  const { name: id = '', binaryAuthorization } = sent
  if (!isClusterName(id)) throw invalidName('cluster.name', id)
  if (binaryAuthorization) checkBinaryAuthorization(binaryAuthorization, 'cluster.binary_authorization')
  const name = CLUSTER.format({ project, location, cluster: id })
  const existing = clusters(ctx).get(name)
  if (existing && !isGone(existing, ctx)) throw alreadyExists(`Already exists: ${spoken(name)}.`)
  const cluster = newCluster(sent, project, location, ctx)
  if (existing) clusters(ctx).delete(name)
  const operation = startOperation(ctx, 'CREATE_CLUSTER', name)
  clusters(ctx).insert(name, `projects/${project}`, { cluster, latest: latestOf(operation, 'PROVISIONING') })
  return operation
}

const latestOf = (
  { name: operation, doneNanos }: StoredOperation,
  status: StoredCluster['latest']['status'],
  nodePool?: string,
) => ({
  operation,
  doneNanos,
  status,
  ...(nodePool && { nodePool }),
})

/** GKE carries out one operation on a cluster at a time. */
function checkIdle(stored: StoredCluster, ctx: Context) {
  if (isBusy(stored, ctx))
    throw failedPrecondition(`Cluster is running incompatible operation ${OPERATION.parse(stored.latest.operation).operation}.`)
}

/** Makes an operation that changes a cluster. `nodePool`: the id of the node pool that it is about. */
export function changeCluster(
  name: string,
  type: OperationType,
  ctx: Context,
  change: (cluster: Cluster) => Cluster,
  nodePool?: string,
): StoredOperation {
  const stored = storedCluster(name, ctx)
  checkIdle(stored, ctx)
  const changed = change(stored.cluster)
  const operation = startOperation(ctx, type, nodePool ? `${name}/nodePools/${nodePool}` : name)
  const latest = latestOf(operation, 'RECONCILING', type === 'CREATE_NODE_POOL' ? nodePool : undefined)
  clusters(ctx).update(name, { cluster: { ...changed, etag: ctx.ids.uuid() }, latest })
  return operation
}

export function deleteCluster(request: Naming, ctx: Context): StoredOperation {
  const name = nameOf(request, ctx)
  const stored = storedCluster(name, ctx)
  checkIdle(stored, ctx)
  forgetGone(name.split('/').slice(0, 2).join('/'), ctx)
  const operation = startOperation(ctx, 'DELETE_CLUSTER', name)
  if (ctx.operationDelay === 0n) clusters(ctx).delete(name)
  else clusters(ctx).update(name, { cluster: stored.cluster, latest: latestOf(operation, 'STOPPING'), deleted: true })
  return operation
}

/** Those that were shown as STOPPING, and have stopped. */
function forgetGone(parent: string, ctx: Context) {
  for (const { position, document } of clusters(ctx).iterate(parent)) if (isGone(document, ctx)) clusters(ctx).delete(position)
}

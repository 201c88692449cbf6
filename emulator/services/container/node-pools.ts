// Node pools (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1beta1/projects.locations.clusters.nodePools). They are part of
// the document of their cluster.
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import type { Cluster } from './cluster-defaults.ts'
import { changeCluster, nameOf, shownCluster, storedCluster } from './clusters.ts'
import { CLUSTER, type Naming, NODE_POOL, spoken, targetOf, type Version } from './names.ts'
import { type NodePool, newNodePool, poolClusterOf, poolNotFound } from './node-pool-defaults.ts'
import type { OperationType, StoredOperation } from './operations.ts'

type Schemas = components['schemas']

const poolsOf = (request: Naming, key: 'name' | 'parent', ctx: Context, version: Version, cluster = nameOf(request, ctx, key)) =>
  shownCluster(storedCluster(cluster, ctx), version, ctx).nodePools ?? []

export const listNodePools = (request: Naming, ctx: Context, version: Version): NodePool[] =>
  poolsOf(request, 'parent', ctx, version)

/** The cluster and the id of the node pool that a request names. */
function poolTarget(request: Naming, ctx: Context) {
  const { nodePool, ...cluster } = targetOf(NODE_POOL, request, ctx)
  return { cluster: CLUSTER.format(cluster), nodePool }
}

export function getNodePool(request: Naming, ctx: Context, version: Version): NodePool {
  const { cluster, nodePool } = poolTarget(request, ctx)
  const found = poolsOf(request, 'name', ctx, version, cluster).find(({ name }) => name === nodePool)
  if (!found) throw poolNotFound(cluster, nodePool)
  return found
}

export function createNodePool({ nodePool: sent, ...request }: Schemas['CreateNodePoolRequest'], ctx: Context): StoredOperation {
  const target = nameOf(request, ctx, 'parent')
  if (!sent) throw invalidArgument('Must provide a node pool.')
  const create = (cluster: Cluster): Cluster => {
    checkNotAutopilot(cluster)
    const { nodePools = [] } = cluster
    const pool = newNodePool(sent, poolClusterOf(cluster), ctx)
    if (nodePools.some(({ name }) => name === pool.name))
      throw alreadyExists(`Already exists: ${spoken(target)}/nodePools/${pool.name}.`)
    return { ...cluster, nodePools: [...nodePools, pool] }
  }
  return changeCluster(target, 'CREATE_NODE_POOL', ctx, create, sent.name)
}

export function deleteNodePool(request: Naming, ctx: Context): StoredOperation {
  const { cluster: target, nodePool: id } = poolTarget(request, ctx)
  const remove = (cluster: Cluster): Cluster => {
    checkNotAutopilot(cluster)
    const nodePools = cluster.nodePools?.filter(({ name }) => name !== id) ?? []
    if (nodePools.length === cluster.nodePools?.length) throw poolNotFound(target, id)
    return { ...cluster, nodePools }
  }
  return changeCluster(target, 'DELETE_NODE_POOL', ctx, remove, id)
}

function checkNotAutopilot({ autopilot }: Cluster) {
  if (autopilot?.enabled) throw invalidArgument('Autopilot clusters do not support mutating node pools.')
}

/** A method that changes one thing of a node pool: `change` gives the pool with the new value. */
export function changeNodePool(type: OperationType, change: (pool: NodePool, request: any) => NodePool) {
  return (request: Naming, ctx: Context): StoredOperation => {
    const { cluster: target, nodePool: id } = poolTarget(request, ctx)
    const apply = (cluster: Cluster): Cluster => {
      checkNotAutopilot(cluster)
      if (!cluster.nodePools?.some(({ name }) => name === id)) throw poolNotFound(target, id)
      const etag = ctx.ids.uuid()
      return {
        ...cluster,
        nodePools: cluster.nodePools.map((pool) => (pool.name === id ? { ...change(pool, request), etag } : pool)),
      }
    }
    return changeCluster(target, type, ctx, apply, id)
  }
}

// Kubernetes Engine v1, v1beta1 and v1alpha1 (https://cloud.google.com/kubernetes-engine/docs/reference/rest).
import { type Context, type Rpc, rpc, type Service } from '../../core/service.ts'
import { SETTERS, setterOf, UPDATE_FIELDS, updateCluster } from './cluster-update.ts'
import { createCluster, deleteCluster, getCluster, listClusters } from './clusters.ts'
import { namingFields, type Version } from './names.ts'
import { checkNodeCount } from './node-pool-defaults.ts'
import { changeNodePool, createNodePool, deleteNodePool, getNodePool, listNodePools } from './node-pools.ts'
import { cancelOperation, getOperation, listOperations, type StoredOperation, startedOperation } from './operations.ts'
import { getServerConfig } from './server-config.ts'
import { clusterIn, NEWER_IN_UPDATE, nodePoolIn } from './versions.ts'

export { clusterEnforcement, type Enforcement } from './binary-authorization.ts'

const ofLocation = namingFields('parent')
const inCluster = namingFields('parent', 'clusterId')
const ofCluster = namingFields('name', 'clusterId')
const ofNodePool = namingFields('name', 'clusterId', 'nodePoolId')
const ofOperation = namingFields('name', 'operationId')

/** The methods of one version. What is stored is the same for all. */
function clusterManager(version: Version): Record<string, Rpc> {
  const starting = (start: (request: any, ctx: Context) => StoredOperation, ...fields: string[]) =>
    rpc((request: any, ctx: Context) => startedOperation(start(request, ctx), version, ctx), ...fields)
  const reading = <T>(
    read: (request: any, ctx: Context, version: Version) => T,
    answer: (found: T) => unknown,
    ...fields: string[]
  ) => rpc((request: any, ctx: Context) => answer(read(request, ctx, version)), ...fields)
  const same = <T>(found: T) => found
  const updates = UPDATE_FIELDS.filter((field) => version !== 'v1' || !NEWER_IN_UPDATE.includes(field))
  return {
    CreateCluster: starting(createCluster, ...ofLocation, 'cluster'),
    GetCluster: reading(getCluster, (cluster) => clusterIn(version, cluster), ...ofCluster),
    ListClusters: reading(
      listClusters,
      (clusters) => ({ clusters: clusters.map((one) => clusterIn(version, one)) }),
      ...ofLocation,
    ),
    UpdateCluster: starting(updateCluster, ...ofCluster, ...updates.map((field) => `update.${field}`)),
    DeleteCluster: starting(deleteCluster, ...ofCluster),
    ...Object.fromEntries(
      Object.entries(SETTERS).map(([method, setter]) => [method, starting(setterOf(setter), ...ofCluster, ...setter.fields)]),
    ),
    CreateNodePool: starting(createNodePool, ...inCluster, 'nodePool'),
    GetNodePool: reading(getNodePool, (pool) => nodePoolIn(version, pool), ...ofNodePool),
    ListNodePools: reading(listNodePools, (pools) => ({ nodePools: pools.map((one) => nodePoolIn(version, one)) }), ...inCluster),
    DeleteNodePool: starting(deleteNodePool, ...ofNodePool),
    SetNodePoolAutoscaling: starting(
      changeNodePool('UPDATE_CLUSTER', (pool, { autoscaling }) => ({ ...pool, autoscaling })),
      ...ofNodePool,
      'autoscaling',
    ),
    SetNodePoolManagement: starting(
      changeNodePool('SET_NODE_POOL_MANAGEMENT', (pool, { management }) => ({ ...pool, management })),
      ...ofNodePool,
      'management',
    ),
    SetNodePoolSize: starting(
      changeNodePool('SET_NODE_POOL_SIZE', (pool, { nodeCount = 0 }) => ({
        ...pool,
        initialNodeCount: checkNodeCount('node_count', nodeCount),
      })),
      ...ofNodePool,
      'nodeCount',
    ),
    GetServerConfig: reading(getServerConfig, same, ...namingFields('name')),
    GetOperation: reading(getOperation, same, ...ofOperation),
    ListOperations: reading(listOperations, same, ...ofLocation),
    CancelOperation: rpc(cancelOperation, ...ofOperation),
  }
}

const VERSIONS: Version[] = ['v1', 'v1beta1', 'v1alpha1']

export const container: Service = {
  name: 'container',
  apis: Object.fromEntries(
    VERSIONS.map((version) => [
      `container.${version}`,
      { [`google.container.${version}.ClusterManager`]: clusterManager(version) },
    ]),
  ),
  migrations: new URL('./migrations/', import.meta.url),
}

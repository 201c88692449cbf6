// google_cloud_run_v2_service and _job as Terraform's google provider sends them
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_v2_service).
import { operation, unlessNotFound } from './provider.ts'
import { idOf, parentOf, type Resource } from './resource.ts'

const CONTAINER = ['image', 'args', 'command', 'env', 'workingDir', 'volumeMounts', 'dependsOn']
const CONTAINER_FILLED = ['name', 'ports', 'resources', 'startupProbe', 'livenessProbe']

const product = 'cloudRunV2'

/** What services and jobs have in common: each request but the read is an operation. */
function resourceOf(collection: string, parts: Pick<Resource, 'type' | 'fields' | 'filled' | 'needed'>): Resource {
  return {
    ...parts,
    shared: ['labels', 'annotations'],
    async create(provider, name, configuration) {
      const query = { [`${collection.slice(0, -1)}Id`]: idOf(name) }
      const first = await provider.send(product, 'POST', `${parentOf(name)}/${collection}`, query, configuration)
      await operation(provider, product, first)
      return name
    },
    read: (provider, id) => unlessNotFound(provider.send(product, 'GET', id)),
    // the whole resource, without a mask
    update: async (provider, id, planned) => operation(provider, product, await provider.send(product, 'PATCH', id, {}, planned)),
    async destroy(provider, { id }) {
      const first = await unlessNotFound(provider.send(product, 'DELETE', id))
      if (first) await operation(provider, product, first)
    },
  }
}

export const service = resourceOf('services', {
  type: 'google_cloud_run_v2_service',
  fields: [
    ...['description', 'client', 'clientVersion', 'binaryAuthorization', 'customAudiences', 'defaultUriDisabled'],
    ...[
      'revision',
      'labels',
      'annotations',
      'vpcAccess',
      'volumes',
      'executionEnvironment',
      'encryptionKey',
      'sessionAffinity',
    ].map((field) => `template.${field}`),
    'template.containers.length',
    ...CONTAINER.map((field) => `template.containers.0.${field}`),
  ],
  filled: [
    ...['ingress', 'launchStage', 'traffic', 'scaling'],
    ...['scaling', 'timeout', 'serviceAccount', 'maxInstanceRequestConcurrency'].map((field) => `template.${field}`),
    ...CONTAINER_FILLED.map((field) => `template.containers.0.${field}`),
  ],
  needed: [
    ...['name', 'uid', 'generation', 'observedGeneration', 'createTime', 'updateTime', 'creator', 'lastModifier', 'etag'],
    ...['terminalCondition.type', 'terminalCondition.state', 'conditions.0.type', 'latestReadyRevision', 'latestCreatedRevision'],
    ...['trafficStatuses.0.type', 'trafficStatuses.0.percent', 'uri'],
  ],
})

export const job = resourceOf('jobs', {
  type: 'google_cloud_run_v2_job',
  fields: [
    ...['client', 'clientVersion', 'binaryAuthorization'],
    ...['labels', 'annotations'].map((field) => `template.${field}`),
    ...['volumes', 'encryptionKey', 'vpcAccess'].map((field) => `template.template.${field}`),
    'template.template.containers.length',
    ...CONTAINER.map((field) => `template.template.containers.0.${field}`),
  ],
  filled: [
    ...['launchStage', 'template.parallelism', 'template.taskCount'],
    ...['timeout', 'serviceAccount', 'executionEnvironment', 'maxRetries'].map((field) => `template.template.${field}`),
    ...['name', 'ports', 'resources'].map((field) => `template.template.containers.0.${field}`),
  ],
  needed: [
    ...['name', 'uid', 'generation', 'observedGeneration', 'createTime', 'updateTime', 'creator', 'lastModifier', 'etag'],
    ...['terminalCondition.type', 'terminalCondition.state'],
  ],
})

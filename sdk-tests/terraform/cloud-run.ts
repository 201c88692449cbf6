// google_cloud_run_service as Terraform's google provider sends it: the Knative API, polled until the service is ready
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_service).
import { ApiError, type Provider, poll, unlessNotFound } from './provider.ts'
import { type Fields, idOf, type Resource } from './resource.ts'

const NAME = /^projects\/(?<project>[^/]+)\/locations\/(?<location>[^/]+)(?:\/services\/(?<service>[^/]+))?$/

/** A request about `projects/P/locations/L/services/S`, as IAM has it, or about all services: to `namespaces/P/services/S` of the location.
 * Of a conflict the provider makes no error: it waits, up to twenty minutes, for another answer. */
async function send(provider: Provider, method: string, name: string, body?: object): Promise<Fields> {
  const { project, location, service } = NAME.exec(name)!.groups!
  const path = `apis/serving.knative.dev/v1/namespaces/${project}/services${service ? `/${service}` : ''}`
  try {
    return await provider.send('cloudRun', method, path, {}, body, location)
  } catch (error) {
    if (error instanceof ApiError && error.status === 409)
      throw new Error(`The provider would try again and again: ${method} ${path} was answered 409 ${error.body}`)
    throw error
  }
}

const CONTAINER = ['image', 'args', 'command', 'env', 'livenessProbe', 'volumeMounts', 'workingDir']
const CONTAINER_FILLED = ['name', 'ports', 'resources', 'startupProbe']

export const service: Resource = {
  type: 'google_cloud_run_service',
  fields: [
    'spec.template.spec.volumes',
    'spec.template.spec.nodeSelector',
    'spec.template.spec.containers.length',
    ...CONTAINER.map((field) => `spec.template.spec.containers.0.${field}`),
  ],
  filled: [
    ...['namespace', 'generation', 'resourceVersion', 'selfLink', 'uid'].map((field) => `metadata.${field}`),
    'spec.traffic',
    'spec.template.metadata',
    ...['containerConcurrency', 'timeoutSeconds', 'serviceAccountName'].map((field) => `spec.template.spec.${field}`),
    ...CONTAINER_FILLED.map((field) => `spec.template.spec.containers.0.${field}`),
  ],
  shared: ['metadata.labels', 'metadata.annotations'],
  needed: [
    ...['name', 'namespace', 'generation', 'resourceVersion', 'selfLink', 'uid'].map((field) => `metadata.${field}`),
    ...['observedGeneration', 'url', 'conditions.0.type', 'conditions.0.status'].map((field) => `status.${field}`),
    ...['latestCreatedRevisionName', 'latestReadyRevisionName', 'traffic.0.percent'].map((field) => `status.${field}`),
  ],
  async create(provider, name, configuration) {
    await ready(provider, name, await send(provider, 'POST', name.replace(/\/services\/[^/]+$/, ''), bodyOf(name, configuration)))
    return name
  },
  read: (provider, id) => unlessNotFound(send(provider, 'GET', id)),
  update: async (provider, id, planned) => ready(provider, id, await send(provider, 'PUT', id, bodyOf(id, planned))),
  destroy: (provider, { id }) => unlessNotFound(send(provider, 'DELETE', id)),
}

const bodyOf = (name: string, { metadata, ...rest }: Fields) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  ...rest,
  metadata: { ...metadata, name: idOf(name) },
})

/** Waits for the generation that was written. Rejects with the message of a service that is not ready. */
async function ready(provider: Provider, name: string, { metadata }: Fields) {
  // a string would crash the provider
  if (typeof metadata.generation !== 'number') throw new Error(`The generation is no number: ${JSON.stringify(metadata)}`)
  const conditionOf = ({ status = {} }: Fields) =>
    status.observedGeneration >= metadata.generation ? status.conditions?.find((one: any) => one.type === 'Ready') : undefined
  const next = () => send(provider, 'GET', name)
  const done = await poll(await next(), (answer) => ['True', 'False'].includes(conditionOf(answer)?.status), next)
  const { status, message } = conditionOf(done)
  if (status === 'False') throw new Error(`resource is in failed state "Ready:False", message: ${message}`)
}

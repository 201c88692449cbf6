import { expect, test } from 'vitest'
import type { Message } from './annotation-forms.ts'
import { type Kind, ROWS } from './annotation-rows.ts'
import { readAnnotations, readLabels, shownAnnotations } from './annotations.ts'

const PATH = 'metadata.annotations'
const containers = () => [
  { name: 'a', ports: [{}], resources: { cpuIdle: true } },
  { name: 'b', resources: { cpuIdle: true } },
]

function read(kind: Kind, annotations: Record<string, string>) {
  const message: Message = { containers: containers() }
  return { message, ...readAnnotations(annotations, kind, PATH, message) }
}

const RUN = 'run.googleapis.com'

test.each<[Kind, string, string, string, unknown]>([
  ['Service', `${RUN}/description`, 'A service', 'description', 'A service'],
  ['Service', `${RUN}/client-name`, 'gcloud', 'client', 'gcloud'],
  ['Service', `${RUN}/client-version`, '528.0.0', 'clientVersion', '528.0.0'],
  ['Service', `${RUN}/ingress`, 'internal', 'ingress', 'INGRESS_TRAFFIC_INTERNAL_ONLY'],
  ['Service', `${RUN}/ingress`, 'all', 'ingress', 'INGRESS_TRAFFIC_ALL'],
  ['Service', `${RUN}/launch-stage`, 'BETA', 'launchStage', 'BETA'],
  ['Service', `${RUN}/binary-authorization`, 'default', 'binaryAuthorization', { useDefault: true }],
  [
    'Job',
    `${RUN}/binary-authorization`,
    'projects/p/platforms/cloudRun/x',
    'binaryAuthorization.policy',
    'projects/p/platforms/cloudRun/x',
  ],
  ['Service', `${RUN}/binary-authorization-breakglass`, 'now', 'binaryAuthorization.breakglassJustification', 'now'],
  ['Service', `${RUN}/minScale`, '2', 'scaling.minInstanceCount', 2],
  ['Service', `${RUN}/maxScale`, '20', 'scaling.maxInstanceCount', 20],
  ['Service', `${RUN}/scalingMode`, 'manual', 'scaling.scalingMode', 'MANUAL'],
  ['Service', `${RUN}/manualInstanceCount`, '0', 'scaling.manualInstanceCount', 0],
  ['Service', `${RUN}/invoker-iam-disabled`, 'true', 'invokerIamDisabled', true],
  ['Service', `${RUN}/default-url-disabled`, 'true', 'defaultUriDisabled', true],
  ['Service', `${RUN}/iap-enabled`, 'true', 'iapEnabled', true],
  ['Service', `${RUN}/custom-audiences`, '["a","b"]', 'customAudiences', ['a', 'b']],
  ['Revision', 'autoscaling.knative.dev/minScale', '1', 'scaling.minInstanceCount', 1],
  ['Revision', 'autoscaling.knative.dev/maxScale', '3', 'scaling.maxInstanceCount', 3],
  ['Revision', `${RUN}/cpu-throttling`, 'false', 'containers.0.resources.cpuIdle', undefined],
  ['Revision', `${RUN}/startup-cpu-boost`, 'true', 'containers.0.resources.startupCpuBoost', true],
  ['Revision', `${RUN}/execution-environment`, 'gen2', 'executionEnvironment', 'EXECUTION_ENVIRONMENT_GEN2'],
  [
    'Revision',
    `${RUN}/vpc-access-connector`,
    'projects/p/locations/l/connectors/c',
    'vpcAccess.connector',
    'projects/p/locations/l/connectors/c',
  ],
  ['Execution', `${RUN}/vpc-access-egress`, 'private-ranges-only', 'vpcAccess.egress', 'PRIVATE_RANGES_ONLY'],
  [
    'Revision',
    `${RUN}/network-interfaces`,
    '[{"network":"n","tags":["t"]}]',
    'vpcAccess.networkInterfaces',
    [{ network: 'n', tags: ['t'] }],
  ],
  ['Revision', `${RUN}/sessionAffinity`, 'true', 'sessionAffinity', true],
  ['Revision', `${RUN}/health-check-disabled`, 'true', 'healthCheckDisabled', true],
  ['Revision', `${RUN}/encryption-key`, 'projects/p/…/k', 'encryptionKey', 'projects/p/…/k'],
  ['Revision', `${RUN}/post-key-revocation-action-type`, 'shut-down', 'encryptionKeyRevocationAction', 'SHUTDOWN'],
  ['Revision', `${RUN}/encryption-key-shutdown-hours`, '12', 'encryptionKeyShutdownDuration', '43200s'],
  ['Revision', `${RUN}/mesh`, 'projects/p/locations/global/meshes/m', 'serviceMesh.mesh', 'projects/p/locations/global/meshes/m'],
  ['Revision', `${RUN}/gpu-zonal-redundancy-disabled`, 'true', 'gpuZonalRedundancyDisabled', true],
  ['Revision', `${RUN}/container-dependencies`, '{"a":["b"]}', 'containers.0.dependsOn', ['b']],
  ['Revision', `${RUN}/base-images`, '{"b":"google/go"}', 'containers.1.baseImageUri', 'google/go'],
  [
    'Execution',
    `${RUN}/cloudsql-instances`,
    'p:l:i,p:l:j',
    'volumes',
    [{ name: 'cloudsql', cloudSqlInstance: { instances: ['p:l:i', 'p:l:j'] } }],
  ],
])('%s: %s "%s" is %s, and is shown so', (kind, key, text, path, value) => {
  const { message, annotations, kept } = read(kind, { [key]: text })
  expect(path.split('.').reduce<any>((at, name) => at?.[name], message)).toEqual(value)
  expect({ annotations, kept }).toEqual({ annotations: {}, kept: {} })
  expect(shownAnnotations(message, kind)).toEqual({ [key]: text })
})

test('every annotation with a field is in that table, or is shown under no other key', () => {
  for (const kind of Object.keys(ROWS) as Kind[]) {
    const keys = ROWS[kind].map(({ key }) => key)
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
    for (const { key, path } of ROWS[kind] as { key: string; path?: string }[])
      if (path) expect(ROWS[kind].filter((row: { path?: string }) => row.path === path).map((row) => row.key)).toEqual([key])
  }
})

test('a value that says the same in another way is shown as it was sent', () => {
  const sent = {
    'autoscaling.knative.dev/minScale': '0',
    [`${RUN}/cpu-throttling`]: 'True',
    [`${RUN}/vpc-access-egress`]: 'all',
    [`${RUN}/network-interfaces`]: '[ {"network": "default"} ]',
    [`${RUN}/sessionAffinity`]: 'false',
  }
  const { message, kept } = read('Revision', sent)
  expect(kept).toEqual(sent)
  expect(shownAnnotations(message, 'Revision', {}, kept)).toEqual(sent)
})

test('what v2 has changed since is shown as it is now', () => {
  const { message, kept } = read('Revision', { [`${RUN}/cpu-throttling`]: 'True', [`${RUN}/vpc-access-egress`]: 'all' })
  message.vpcAccess = { egress: 'PRIVATE_RANGES_ONLY' }
  message.containers[0].resources = {}
  expect(shownAnnotations(message, 'Revision', {}, kept)).toEqual({
    [`${RUN}/cpu-throttling`]: 'false',
    [`${RUN}/vpc-access-egress`]: 'private-ranges-only',
  })
  const optedIn = read('Service', { [`${RUN}/binary-authorization`]: 'default' })
  const { binaryAuthorization: _, ...without } = optedIn.message
  expect(shownAnnotations(without, 'Service', {}, { [`${RUN}/binary-authorization`]: 'default' })).toEqual({})
})

test("annotations of the system that have no field are kept, the users' own are those of v2, and none is lost", () => {
  const sent = { [`${RUN}/new-thing`]: 'x', 'client.knative.dev/user-image': 'app', team: 'a', __proto__x: 'y' }
  const { message, annotations, kept } = read('Service', sent)
  expect(kept).toEqual({ [`${RUN}/new-thing`]: 'x' })
  expect(annotations).toEqual({ 'client.knative.dev/user-image': 'app', team: 'a', __proto__x: 'y' })
  expect(shownAnnotations(message, 'Service', annotations, kept)).toEqual(sent)
})

test('what the server writes is not taken from a client', () => {
  const keys = [
    'serving.knative.dev/creator',
    `${RUN}/lastModifier`,
    `${RUN}/operation-id`,
    `${RUN}/urls`,
    `${RUN}/ingress-status`,
  ]
  const { annotations, kept } = read('Service', Object.fromEntries(keys.map((key) => [key, 'x'])))
  expect({ annotations, kept }).toEqual({ annotations: {}, kept: {} })
  const labels = { 'cloud.googleapis.com/location': 'moon', [`${RUN}/lastUpdatedTime`]: 'x', 'serving.knative.dev/service': 'x' }
  expect(readLabels({ ...labels, tier: 'web', [`${RUN}/new-thing`]: 'y' })).toEqual({
    labels: { tier: 'web' },
    kept: { [`${RUN}/new-thing`]: 'y' },
  })
})

test('clients name themselves on templates too', () => {
  expect(read('Revision', { [`${RUN}/client-name`]: 'gcloud' }).kept).toEqual({ [`${RUN}/client-name`]: 'gcloud' })
})

test.each<[Kind, string, string, string]>([
  [
    'Revision',
    `${RUN}/binary-authorization`,
    'default',
    "is not supported on resources of kind 'Revision'. Supported kinds are: Service, Job",
  ],
  [
    'Execution',
    `${RUN}/binary-authorization-breakglass`,
    'x',
    "is not supported on resources of kind 'Execution'. Supported kinds are: Service, Job",
  ],
  [
    'Service',
    'autoscaling.knative.dev/maxScale',
    '1',
    "is not supported on resources of kind 'Service'. Supported kinds are: Revision",
  ],
  [
    'Service',
    `${RUN}/vpc-access-connector`,
    'c',
    "is not supported on resources of kind 'Service'. Supported kinds are: Revision, Execution",
  ],
  ['Service', `${RUN}/binary-authorization`, '', 'must be "default" or the name of a policy'],
  ['Service', `${RUN}/ingress`, 'everyone', 'must be one of all, internal, internal-and-cloud-load-balancing, none'],
  ['Service', `${RUN}/ingress`, 'constructor', 'must be one of'],
  ['Service', `${RUN}/minScale`, '-1', 'must be a number that is not negative'],
  ['Service', `${RUN}/iap-enabled`, 'yes', 'must be true or false'],
  ['Service', `${RUN}/custom-audiences`, 'a,b', 'must be a list of strings as JSON'],
  ['Revision', `${RUN}/cpu-throttling`, '1', 'must be true or false'],
  ['Revision', `${RUN}/startup-cpu-boost`, '1', 'must be true or false'],
  ['Revision', `${RUN}/network-interfaces`, '[{"network":1}]', 'must be a list of {"network", "subnetwork", "tags"} as JSON'],
  ['Revision', `${RUN}/container-dependencies`, '{"c":["a"]}', 'names the container "c", which there is not'],
  ['Revision', `${RUN}/container-dependencies`, '["a"]', 'must be an object by the names of containers, as JSON'],
  ['Revision', `${RUN}/encryption-key-shutdown-hours`, '1.5', 'must be a number of hours'],
])('%s: %s "%s" is refused by its name', (kind, key, text, why) => {
  expect(() => read(kind, { [key]: text })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`${PATH}[${key}]: `) }),
  )
  expect(() => read(kind, { [key]: text })).toThrow(why)
})

test('a service of several regions is refused: it would be made in one of them', () => {
  expect(() => read('Service', { [`${RUN}/regions`]: 'europe-west1,us-east1' })).toThrow(
    expect.objectContaining({ code: 'UNIMPLEMENTED', message: expect.stringContaining(`Annotation ${RUN}/regions`) }),
  )
})

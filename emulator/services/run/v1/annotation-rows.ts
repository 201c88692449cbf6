// What v1 says by annotation and v2 by a field, row by row (https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta#annotations).
import { isObject } from '../../../core/json.ts'
import { count, flag, json, type Row, text, words } from './annotation-forms.ts'
import { CLOUD_SQL, dependencies, ingressContainer, mappedByContainer } from './container-annotations.ts'

const RUN = 'run.googleapis.com'

/** With words of the API for a policy: `default`, or the name of one. An empty one could be taken for none, so it is refused. */
const binaryAuthorization: Row = {
  key: `${RUN}/binary-authorization`,
  path: 'binaryAuthorization.policy',
  get({ binaryAuthorization: { useDefault, policy } = {} as any }) {
    return useDefault ? 'default' : policy || undefined
  },
  set(message, value) {
    if (!value) return 'must be "default" or the name of a policy'
    const { breakglassJustification } = message.binaryAuthorization ?? {}
    message.binaryAuthorization = {
      ...(value === 'default' ? { useDefault: true } : { policy: value }),
      ...(breakglassJustification && { breakglassJustification }),
    }
    return undefined
  },
}

const description = text(`${RUN}/description`, 'description')
const client = [text(`${RUN}/client-name`, 'client'), text(`${RUN}/client-version`, 'clientVersion')]
const launchStage = words(`${RUN}/launch-stage`, 'launchStage', { ALPHA: 'ALPHA', BETA: 'BETA', GA: 'GA' }, 'GA')
const breakglass = text(`${RUN}/binary-authorization-breakglass`, 'binaryAuthorization.breakglassJustification')

export const INGRESS = words(`${RUN}/ingress`, 'ingress', {
  all: 'INGRESS_TRAFFIC_ALL',
  internal: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'internal-and-cloud-load-balancing': 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  none: 'INGRESS_TRAFFIC_NONE',
})

const CPU_THROTTLING: Row = {
  key: `${RUN}/cpu-throttling`,
  get(message) {
    const { resources } = ingressContainer(message)
    return resources && !resources.cpuIdle ? 'false' : undefined
  },
  set(message, value) {
    if (!/^(true|false)$/i.test(value)) return 'must be true or false'
    for (const container of message.containers ?? [])
      container.resources = { ...container.resources, cpuIdle: value.toLowerCase() === 'true' || undefined }
    return undefined
  },
}

const STARTUP_CPU_BOOST: Row = {
  key: `${RUN}/startup-cpu-boost`,
  get: (message) => (ingressContainer(message).resources?.startupCpuBoost ? 'true' : undefined),
  set(message, value) {
    if (!/^(true|false)$/i.test(value)) return 'must be true or false'
    const container = ingressContainer(message)
    container.resources = { ...container.resources, startupCpuBoost: value.toLowerCase() === 'true' || undefined }
    return undefined
  },
}

const SHUTDOWN_HOURS: Row = {
  key: `${RUN}/encryption-key-shutdown-hours`,
  get({ encryptionKeyShutdownDuration: duration }) {
    return duration ? String(Math.ceil(Number.parseFloat(duration) / 3600)) : undefined
  },
  set(message, value) {
    if (!/^\d{1,6}$/.test(value)) return 'must be a number of hours'
    message.encryptionKeyShutdownDuration = `${Number(value) * 3600}s`
    return undefined
  },
}

const isStrings = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string')

const isInterface = (value: unknown) =>
  isObject(value) &&
  Object.entries(value).every(([key, one]) =>
    key === 'tags' ? isStrings(one) : ['network', 'subnetwork'].includes(key) && typeof one === 'string',
  )

/** Of what a revision and a task both have. */
const task = [
  words(`${RUN}/execution-environment`, 'executionEnvironment', {
    gen1: 'EXECUTION_ENVIRONMENT_GEN1',
    gen2: 'EXECUTION_ENVIRONMENT_GEN2',
  }),
  text(`${RUN}/vpc-access-connector`, 'vpcAccess.connector'),
  words(`${RUN}/vpc-access-egress`, 'vpcAccess.egress', {
    'all-traffic': 'ALL_TRAFFIC',
    all: 'ALL_TRAFFIC',
    'private-ranges-only': 'PRIVATE_RANGES_ONLY',
  }),
  json(
    `${RUN}/network-interfaces`,
    'vpcAccess.networkInterfaces',
    'a list of {"network", "subnetwork", "tags"}',
    (value) => Array.isArray(value) && value.every(isInterface),
  ),
  text(`${RUN}/encryption-key`, 'encryptionKey'),
  flag(`${RUN}/gpu-zonal-redundancy-disabled`, 'gpuZonalRedundancyDisabled'),
  CLOUD_SQL,
  dependencies(`${RUN}/container-dependencies`),
  mappedByContainer(`${RUN}/base-images`, 'baseImageUri'),
]

export const ROWS = {
  Service: [
    description,
    ...client,
    INGRESS,
    launchStage,
    binaryAuthorization,
    breakglass,
    count(`${RUN}/minScale`, 'scaling.minInstanceCount'),
    count(`${RUN}/maxScale`, 'scaling.maxInstanceCount'),
    words(`${RUN}/scalingMode`, 'scaling.scalingMode', { automatic: 'AUTOMATIC', manual: 'MANUAL' }),
    count(`${RUN}/manualInstanceCount`, 'scaling.manualInstanceCount', 'kept where it is 0'),
    flag(`${RUN}/invoker-iam-disabled`, 'invokerIamDisabled'),
    flag(`${RUN}/default-url-disabled`, 'defaultUriDisabled'),
    flag(`${RUN}/iap-enabled`, 'iapEnabled'),
    json(`${RUN}/custom-audiences`, 'customAudiences', 'a list of strings', isStrings),
  ],
  Job: [...client, launchStage, binaryAuthorization, breakglass],
  Revision: [
    count('autoscaling.knative.dev/minScale', 'scaling.minInstanceCount'),
    count('autoscaling.knative.dev/maxScale', 'scaling.maxInstanceCount'),
    ...task,
    CPU_THROTTLING,
    STARTUP_CPU_BOOST,
    flag(`${RUN}/sessionAffinity`, 'sessionAffinity'),
    flag(`${RUN}/health-check-disabled`, 'healthCheckDisabled'),
    text(`${RUN}/mesh`, 'serviceMesh.mesh'),
    words(`${RUN}/post-key-revocation-action-type`, 'encryptionKeyRevocationAction', {
      'prevent-new': 'PREVENT_NEW',
      'shut-down': 'SHUTDOWN',
    }),
    SHUTDOWN_HOURS,
  ],
  Execution: task,
} satisfies Record<string, Row[]>

/** The kinds of object that have annotations of their own. */
export type Kind = keyof typeof ROWS

/** Annotations that are no field of v2, by kind: kept and given back, as they were sent. Clients name themselves on templates too. */
export const KEPT: Record<string, Kind[]> = {
  [`${RUN}/client-name`]: ['Revision', 'Execution'],
  [`${RUN}/client-version`]: ['Revision', 'Execution'],
}

/** What the server writes and clients send back. */
export const OUTPUT_ONLY = [
  'serving.knative.dev/creator',
  'serving.knative.dev/lastModifier',
  ...['creator', 'lastModifier', 'operation-id', 'urls', 'ingress-status'].map((name) => `${RUN}/${name}`),
]

/** What would change more than this emulator has. */
export const UNSUPPORTED = [`${RUN}/regions`]

// The fields of a service that a caller can set, checked and with their defaults
// (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#Service).
import type { Context } from '../../core/service.ts'
import { SERVICE } from './names.ts'
import type { BinaryAuthorization, Service } from './shapes.ts'
import { checkedRevisionTemplate, checkScaling } from './templates.ts'
import { checkedTraffic } from './traffic.ts'
import { below, checkEnum, checkMetadata, type Refuse } from './violations.ts'

/** What can be set, in the order of the message. */
export const MUTABLE_FIELDS = [
  'description',
  'labels',
  'annotations',
  'client',
  'clientVersion',
  'ingress',
  'launchStage',
  'binaryAuthorization',
  'template',
  'traffic',
  'scaling',
  'invokerIamDisabled',
  'defaultUriDisabled',
  'iapEnabled',
  'customAudiences',
] as const satisfies (keyof Service)[]

/** What clients echo, and what counts for nothing. */
export const OUTPUT_ONLY_FIELDS = [
  ...['name', 'uid', 'generation', 'createTime', 'updateTime', 'deleteTime', 'expireTime', 'creator', 'lastModifier'],
  ...['urls', 'observedGeneration', 'terminalCondition', 'conditions', 'latestReadyRevision', 'latestCreatedRevision'],
  ...['trafficStatuses', 'uri', 'satisfiesPzs', 'threatDetectionEnabled', 'reconciling'],
] as const

export type Desired = Pick<Service, (typeof MUTABLE_FIELDS)[number]>

const INGRESS = [
  'INGRESS_TRAFFIC_UNSPECIFIED',
  'INGRESS_TRAFFIC_ALL',
  'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  'INGRESS_TRAFFIC_NONE',
] as const
const LAUNCH_STAGES = ['LAUNCH_STAGE_UNSPECIFIED', 'ALPHA', 'BETA', 'GA'] as const
const SCALING_MODES = ['SCALING_MODE_UNSPECIFIED', 'AUTOMATIC', 'MANUAL'] as const
const MAX_DESCRIPTION = 512
const POLICY = /^projects\/[^/]+\/platforms\/cloudRun\/(?:policies\/)?[A-Za-z0-9_-]+$/

/** What a service is to be; fields that are missing get their defaults, whatever they were before. */
export function desiredService(given: Service, name: string, refuse: Refuse, ctx: Context): Desired {
  const names = SERVICE.parse(name)
  checkMetadata(given, refuse)
  if ((given.description ?? '').length > MAX_DESCRIPTION)
    throw refuse('description', `must have ${MAX_DESCRIPTION} characters at most.`)
  checkEnum(given.ingress, INGRESS, 'ingress', refuse)
  checkEnum(given.scaling?.scalingMode, SCALING_MODES, 'scaling.scalingMode', refuse)
  checkScaling(given.scaling, below(refuse, 'scaling'))
  checkBinaryAuthorization(given.binaryAuthorization, refuse)
  const desired: Desired = {}
  for (const field of MUTABLE_FIELDS) if (given[field] !== undefined) (desired as Record<string, unknown>)[field] = given[field]
  return {
    ...desired,
    ingress: set(given.ingress, 'INGRESS_TRAFFIC_UNSPECIFIED') ?? 'INGRESS_TRAFFIC_ALL',
    launchStage: checkedLaunchStage(given.launchStage, refuse),
    template: checkedRevisionTemplate(given.template, names, refuse, ctx),
    traffic: checkedTraffic(given.traffic, name, refuse),
  }
}

const set = <T extends string>(value: T | undefined, unspecified: T) => (value === unspecified ? undefined : value)

export function checkedLaunchStage(stage: Service['launchStage'], refuse: Refuse): Service['launchStage'] {
  checkEnum(stage, LAUNCH_STAGES, 'launchStage', refuse)
  return set(stage, 'LAUNCH_STAGE_UNSPECIFIED') ?? 'GA'
}

export function checkBinaryAuthorization(settings: BinaryAuthorization | undefined, refuse: Refuse) {
  const { policy, breakglassJustification } = settings ?? {}
  if (policy && !POLICY.test(policy))
    throw refuse('binaryAuthorization.policy', 'must be of the form projects/{project}/platforms/cloudRun/{policy-name}.')
  if (breakglassJustification && !isOptedIn(settings))
    throw refuse('binaryAuthorization.breakglassJustification', 'must be empty where Binary Authorization is not enabled.')
}

/** Without it no policy governs the service or job. */
export const isOptedIn = (settings: BinaryAuthorization | undefined): boolean =>
  settings?.useDefault === true || Boolean(settings?.policy)

// A service, v1 ⇄ v2 (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services#Service). Its configuration and its route are
// parts of it, seen by themselves.
import { createHash } from 'node:crypto'
import { idOf } from '../../../core/names.ts'
import type { Context } from '../../../core/service.ts'
import type { components as V1 } from '../../../gen/run.v1.ts'
import { conditionOf } from '../conditions.ts'
import type {
  Condition as Condition2,
  Knative,
  Service as Service2,
  StoredService,
  TrafficTarget,
  TrafficTargetStatus,
} from '../shapes.ts'
import { INGRESS } from './annotation-rows.ts'
import { readAnnotations, readLabels, type StringMap, shownAnnotations, violation } from './annotations.ts'
import { conditionsToV1 } from './conditions.ts'
import { defined, refuse, unlessEmpty } from './fields.ts'
import { authors, objectOf } from './metadata.ts'
import { revisionTemplateFromV1, revisionTemplateToV1 } from './templates.ts'

type Schemas1 = V1['schemas']

const LATEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST'
const REVISION = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'

export function serviceFromV1({ metadata = {}, spec = {} }: Schemas1['Service']): { service: Service2; knative: Knative } {
  const made = spec.template && revisionTemplateFromV1(spec.template)
  const service: Service2 = defined({ template: made?.template, traffic: unlessEmpty(spec.traffic?.map(targetFromV1)) })
  const { annotations, kept } = readAnnotations(metadata.annotations ?? {}, 'Service', 'metadata.annotations', service)
  const { labels, kept: keptLabels } = readLabels(metadata.labels ?? {})
  return {
    service: defined({ ...service, annotations: unlessEmpty(annotations), labels: unlessEmpty(labels) }),
    knative: defined({ annotations: unlessEmpty(kept), labels: unlessEmpty(keptLabels), ...made?.kept }),
  }
}

/** `url` is output only. */
function targetFromV1(target: Schemas1['TrafficTarget'], index: number): TrafficTarget {
  const { latestRevision, revisionName, percent, tag, url: _, ...rest } = target
  refuse(rest, `spec.traffic[${index}]`)
  if (latestRevision && revisionName)
    throw violation(`spec.traffic[${index}].revisionName`, 'must be empty where latestRevision is true')
  return defined({ type: revisionName ? REVISION : LATEST, revision: revisionName, percent, tag })
}

const targetToV1 = ({ type, revision = '', percent, tag }: TrafficTarget): Schemas1['TrafficTarget'] =>
  defined({
    latestRevision: type === LATEST || undefined,
    revisionName: type === LATEST ? undefined : idOf(revision),
    percent,
    tag,
  })

/** What is served: the name of the revision also where that is the latest. */
const servedToV1 = (target: TrafficTargetStatus): Schemas1['TrafficTarget'] =>
  defined({
    ...targetToV1(target),
    revisionName: target.revision ? idOf(target.revision) : undefined,
    url: target.uri,
  })

/** That of the configuration comes first, whose message gcloud shows. */
const byType = (conditions: Condition2[] = []) => conditions.toSorted((a, b) => (a.type! < b.type! ? -1 : 1))

const name = (revision: string | undefined) => (revision ? idOf(revision) : undefined)

function annotationsOf(service: StoredService): StringMap {
  const { uri, urls = uri ? [uri] : [], internal } = service
  const ingress = INGRESS.get(service)
  return {
    ...shownAnnotations(service, 'Service', service.annotations, internal.knative.annotations),
    ...authors(service, 'serving.knative.dev'),
    ...(ingress && { 'run.googleapis.com/ingress-status': ingress }),
    ...(urls.length > 0 && { 'run.googleapis.com/urls': JSON.stringify(urls) }),
  }
}

export function serviceToV1(service: StoredService, ctx: Context) {
  const { template, traffic = [], conditions, terminalCondition, uri, internal } = service
  const { knative, serving } = internal
  const object = objectOf('Service', service, ctx, {
    annotations: annotationsOf(service),
    labels: { ...service.labels, ...knative.labels },
  })
  const status: Schemas1['ServiceStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: conditionsToV1(byType(conditions), terminalCondition),
    latestCreatedRevisionName: name(service.latestCreatedRevision),
    latestReadyRevisionName: name(service.latestReadyRevision),
    traffic: unlessEmpty(serving.map(servedToV1)),
    url: uri,
    address: uri ? { url: uri } : undefined,
  })
  return {
    ...object,
    spec: { template: revisionTemplateToV1(template, knative), traffic: traffic.map(targetToV1) },
    status,
  } satisfies Schemas1['Service']
}

/** Configuration and route of a service have identities of their own. */
export function uidOfPart({ uid = '' }: { uid?: string }, part: 'Configuration' | 'Route'): string {
  const hex = createHash('sha256').update(`${part} ${uid}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

function partOf(kind: 'Configuration' | 'Route', service: StoredService, ctx: Context, generation = service.generation) {
  const { uid } = service
  const id = idOf(service.name!)
  const owner = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    name: id,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  const { internal } = service
  return objectOf(kind, { ...service, generation, uid: uidOfPart(service, kind) }, ctx, {
    annotations: annotationsOf(service),
    labels: { ...service.labels, ...internal.knative.labels, 'serving.knative.dev/service': id },
    ownerReferences: [defined(owner)],
  })
}

/** The condition of the service that is this part's own, under the name that it has there. */
function readyOf(service: StoredService, type: string) {
  const condition = conditionOf(service.conditions, type)
  return conditionsToV1(condition ? [{ ...condition, type: 'Ready' }] : [])
}

export function configurationToV1(service: StoredService, ctx: Context) {
  const { internal, template } = service
  const object = partOf('Configuration', service, ctx, String(internal.configurationGeneration))
  const status: Schemas1['ConfigurationStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: readyOf(service, 'ConfigurationsReady'),
    latestCreatedRevisionName: name(service.latestCreatedRevision),
    latestReadyRevisionName: name(service.latestReadyRevision),
  })
  const spec = { template: revisionTemplateToV1(template, internal.knative) }
  return { ...object, spec, status } satisfies Schemas1['Configuration']
}

export function routeToV1(service: StoredService, ctx: Context) {
  const { internal, traffic = [], uri } = service
  const object = partOf('Route', service, ctx)
  const status: Schemas1['RouteStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: readyOf(service, 'RoutesReady'),
    traffic: unlessEmpty(internal.serving.map(servedToV1)),
    url: uri,
    address: uri ? { url: uri } : undefined,
  })
  return { ...object, spec: { traffic: traffic.map(targetToV1) }, status } satisfies Schemas1['Route']
}

// What is stored of Cloud Run: the messages of v2, the newest version, each with one object beside it that v2 never shows. v1 (Knative) is a
// view of the same documents.
import type { components } from '../../gen/run.v2.ts'

type Schemas = components['schemas']
export type Service = Schemas['Service']
export type Revision = Schemas['Revision']
export type Job = Schemas['Job']
export type Execution = Schemas['Execution']
export type Task = Schemas['Task']
export type Condition = Schemas['Condition']
export type Container = Schemas['Container']
export type TrafficTarget = Schemas['TrafficTarget']
export type TrafficTargetStatus = Schemas['TrafficTargetStatus']
export type BinaryAuthorization = Schemas['BinaryAuthorization']

/** What v1 has and v2 has no field for: system annotations and labels. v2 neither shows nor changes it. */
export interface Knative {
  annotations?: Record<string, string>
  labels?: Record<string, string>
  /** Those of the template of a service or job: a change of them is a change of the template, and makes a new revision. A revision or an
   * execution has them as its own annotations and labels. */
  templateAnnotations?: Record<string, string>
  templateLabels?: Record<string, string>
}

/** Images as the containers name them, each with what runs: `name@sha256:…`, the platform's own where the name is that of an index. One
 * that cannot be resolved is not among them. */
export type ResolvedImages = Record<string, string>

export interface StoredService extends Service {
  internal: {
    knative: Knative
    /** How many revisions the template has made; the number in their names. */
    configurationGeneration: number
    /** Where requests go now. `revision` is the full name in each, also where the type is LATEST; `uri` is that of the tag. */
    serving: TrafficTargetStatus[]
    /** Of a service whose writes are watched (`operationDelay`): its status before the last one, nothing where that has made it. */
    before?: ServiceStatus
  }
}

/** What a service says of itself, beside what it is to be. */
export type ServiceStatus = Pick<
  Service,
  | 'observedGeneration'
  | 'terminalCondition'
  | 'conditions'
  | 'latestReadyRevision'
  | 'latestCreatedRevision'
  | 'trafficStatuses'
  | 'uri'
>

export interface StoredRevision extends Revision {
  internal: { knative: Knative; configurationGeneration: number; images: ResolvedImages }
}

export interface StoredJob extends Job {
  internal: { knative: Knative }
}

export interface StoredExecution extends Execution {
  internal: { knative: Knative; images: ResolvedImages }
}

/** Tasks are not stored: they follow from their execution. */
export type StoredTask = Task

/** A stored document as v2 shows it. */
export function withoutInternal<T extends { internal: unknown }>({ internal: _, ...shown }: T): Omit<T, 'internal'> {
  return shown
}

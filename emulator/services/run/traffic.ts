// Where requests go: what is asked for, and where that leads (https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration).
import { idOf } from '../../core/names.ts'
import type { StoredService, TrafficTarget, TrafficTargetStatus } from './shapes.ts'
import { revisionId } from './templates.ts'
import { MAX_TAG_AND_SERVICE, uriOf } from './uris.ts'
import { below, type Refuse } from './violations.ts'

const LATEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST'
const REVISION = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'

const DEFAULT: TrafficTarget[] = [{ type: LATEST, percent: 100 }]

/** The targets, all of the traffic to the latest revision unless others are given. `service` is the full name of the service. */
export function checkedTraffic(traffic: TrafficTarget[] = [], service: string, refuse: Refuse): TrafficTarget[] {
  if (traffic.length === 0) return DEFAULT
  for (const [index, target] of traffic.entries()) checkTarget(target, service, below(refuse, `traffic[${index}]`))
  const sum = traffic.reduce((total, { percent = 0 }) => total + percent, 0)
  if (sum !== 100) throw refuse('traffic', `the percents of all targets must add up to 100, not ${sum}.`)
  const tags = traffic.map(({ tag }) => tag).filter(Boolean)
  if (new Set(tags).size < tags.length) throw refuse('traffic', 'a tag must not be used twice.')
  return traffic
}

function checkTarget({ type, revision = '', percent = 0, tag = '' }: TrafficTarget, service: string, refuse: Refuse) {
  if (type !== LATEST && type !== REVISION) throw refuse('type', `must be ${LATEST} or ${REVISION}.`)
  if (type === LATEST && revision) throw refuse('revision', `must be empty for the type ${LATEST}.`)
  if (type === REVISION && !revision) throw refuse('revision', `should be set for the type ${REVISION}.`)
  if (revision && !revisionId(revision, service)) throw refuse('revision', `"${revision}" is not a revision of ${service}.`)
  if (percent < 0 || percent > 100) throw refuse('percent', 'must be between 0 and 100.')
  if (!tag) return
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(tag))
    throw refuse('tag', 'must be lowercase letters, digits and hyphens, and begin with a letter.')
  if (tag.length + idOf(service).length > MAX_TAG_AND_SERVICE)
    throw refuse('tag', `the tag and the name of the service must have ${MAX_TAG_AND_SERVICE} characters at most, together.`)
}

/** Each target with the full name of its revision; `latest` is what LATEST means. */
export const resolvedTargets = (targets: TrafficTarget[], service: string, latest: string): TrafficTargetStatus[] =>
  targets.map(({ type, revision = '', percent, tag }) => ({
    type,
    revision: type === LATEST ? latest : `${service}/revisions/${revisionId(revision, service)}`,
    percent,
    tag,
    ...(tag && { uri: uriOf(service, tag) }),
  }))

/** As v2 shows it: the short names of revisions, and none where the latest is meant. */
export const shownStatuses = (serving: TrafficTargetStatus[]): TrafficTargetStatus[] =>
  serving.map(({ type, revision = '', percent, tag, uri }) => ({
    type,
    revision: type === LATEST ? undefined : idOf(revision),
    percent: percent || undefined,
    tag: tag || undefined,
    uri,
  }))

export const isLatest = ({ type }: TrafficTarget) => type === LATEST

/** Can requests reach its revision? A tag has an address of its own. */
const isReachable = ({ percent = 0, tag }: TrafficTargetStatus) => percent > 0 || Boolean(tag)

/** Revisions, by their full names, that gain something by `targets`: a share of the traffic where they have none now, or an address where they
 * have neither. */
export function newlyServed(targets: TrafficTargetStatus[], { serving }: Pick<StoredService['internal'], 'serving'>): string[] {
  const shared = new Set(serving.filter(({ percent = 0 }) => percent > 0).map(({ revision }) => revision))
  const reachable = new Set(serving.filter(isReachable).map(({ revision }) => revision))
  const gains = targets.filter((target) =>
    (target.percent ?? 0) > 0 ? !shared.has(target.revision) : isReachable(target) && !reachable.has(target.revision),
  )
  return [...new Set(gains.map(({ revision = '' }) => revision))]
}

/** Revisions, by their full names, that requests can reach. */
export const reachable = (serving: TrafficTargetStatus[]): Set<string> =>
  new Set(serving.filter(isReachable).map(({ revision = '' }) => revision))

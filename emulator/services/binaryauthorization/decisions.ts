// Every admission decision is an audit entry of Cloud Logging, with its tree beside it: GET /_emulator/decisions reads that.
import { parseTimestamp } from '../../core/clock.ts'
import { orderedUuid } from '../../core/ids.ts'
import { projectId } from '../../core/projects.ts'
import { type Context, type HttpRequest, type HttpResponse, io, type Route } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { appendLogEntry, droppedLogEntries, listDecisions as listLogged } from '../logging/index.ts'
import { type WouldDeny, wouldDeny } from './decisions-would-deny.ts'
import type { Deployment, Evaluation, ImageEvaluation } from './evaluation-tree.ts'

export interface Decision extends Omit<Deployment, 'images'>, Evaluation {
  id: string
  time: string
  /** The audit entry: `gcloud logging read 'insertId="…"'`. */
  insertId: string
  /** What asked: `AdmissionReview`, `ImageReview`, `CloudRun`. */
  source: string
  /** Name of the revision or execution that Cloud Run has asked about. */
  resource?: string
  /** uid of the review, name of the Pod and its operation, as far as the source tells. */
  uid?: string
  pod?: string
  operation?: string
  /** ALLOWED and DENIED say what was answered; DRY_RUN and BREAK_GLASS let in what they name, whatever the evaluation says. */
  verdict: 'ALLOWED' | 'DENIED' | 'DRY_RUN' | 'BREAK_GLASS'
  /** What was answered; each image has its own, which dry run and break-glass do not touch. */
  allowed: boolean
  /** Images that the Pod mounts as volumes: nothing tells that production judges them. */
  imageVolumesNotJudged?: string[]
  /** The message of a denial, or what it would have been. */
  message?: string
}

export type Judged = Omit<Decision, 'id' | 'time' | 'insertId'>

type LogEntry = components['schemas']['LogEntry']

const PARAMETERS = ['project', 'limit', 'before', 'since', 'wouldDeny']
const LIMITS = { default: 100, max: 1000 }

/** Audit logs that are always written: GKE's decisions are Admin Activity, Cloud Run's are System Events. */
type AuditLog = 'activity' | 'system_event'
const AUDIT_LOGS: AuditLog[] = ['activity', 'system_event']

const auditLog = (project: string, log: AuditLog) => `projects/${project}/logs/cloudaudit.googleapis.com%2F${log}`

/** Keeps a decision and its audit entry; log, time and insertId of the entry are set here. */
export function recordDecision(ctx: Context, { verdict, ...decision }: Judged, auditEntry: LogEntry, log: AuditLog = 'activity') {
  const time = ctx.timestamp()
  const insertId = orderedUuid(ctx.ids, ctx.nanos())
  const logName = auditLog(decision.project, log)
  // one review, one id: the log knows it as the operation too
  const operation = { ...auditEntry.operation, id: insertId }
  const entry = { ...auditEntry, insertId, operation, logName, timestamp: time, receiveTimestamp: time }
  // the index of what was admitted against its evaluation looks at the beginning
  const head = JSON.stringify({ verdict, time, insertId, ...decision, images: undefined }).slice(0, -1)
  appendLogEntry(ctx, entry, `${head},"images":[${decision.images.map(textOf).join()}]}`)
}

/** The tree of an image as JSON. Evaluation remembers the objects of images that it allowed, and most decisions are about those. */
function textOf(image: ImageEvaluation): string {
  const text = texts.get(image) ?? JSON.stringify(image)
  texts.set(image, text)
  return text
}

const texts = new WeakMap<ImageEvaluation, string>()

interface Wanted {
  /** The logs of one project's decisions; undefined for all. */
  logNames?: string[]
  limit: number
  before: number
  /** Nanoseconds since the epoch. */
  since?: bigint
  wouldDeny: boolean
}

function wantedBy({ query }: HttpRequest, ctx: Context): Wanted {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise)
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalidArgument(`${name} must be a positive number, not "${query.get(name)}".`)
    return value
  }
  for (const name of query.keys())
    if (!PARAMETERS.includes(name)) throw invalidArgument(`There is no parameter "${name}": there are ${PARAMETERS.join(', ')}.`)
  const since = query.get('since')
  const only = query.get('wouldDeny') ?? 'false'
  if (!['true', 'false'].includes(only)) throw invalidArgument(`wouldDeny must be true or false, not "${only}".`)
  if (only === 'true' && query.has('before')) throw invalidArgument('before is for single decisions: wouldDeny=true groups them.')
  const project = query.get('project')
  return {
    ...(project !== null && { logNames: AUDIT_LOGS.map((log) => auditLog(projectId(ctx.db, project), log)) }),
    limit: Math.min(number('limit', LIMITS.default), LIMITS.max),
    before: number('before', Number.MAX_SAFE_INTEGER),
    ...(since !== null && { since: momentOf(since, ctx) }),
    wouldDeny: only === 'true',
  }
}

const UNITS: Record<string, bigint> = { s: 1n, m: 60n, h: 3600n, d: 86_400n }

/** A time (RFC 3339), or how long ago: `90s`, `15m`, `1h`, `7d`. */
function momentOf(since: string, ctx: Context): bigint {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(since) ?? []
  if (count) {
    const moment = ctx.nanos() - BigInt(count) * UNITS[unit!]! * 1_000_000_000n
    return moment > 0n ? moment : 0n
  }
  try {
    if (!/^\d{4}-\d\d-\d\d[Tt]/.test(since)) throw new RangeError()
    return parseTimestamp(since)
  } catch {
    throw invalidArgument(
      `since must be a time such as 2026-01-31T12:00:00Z or a duration such as 90s, 15m, 1h or 7d, not "${since}".`,
    )
  }
}

/** Newest first; `?project=`, `?limit=`, `?before=<id>` for older ones, `?since=`. `dropped` counts log entries that are gone for the bound.
 * `?wouldDeny=true` answers what was let in and enforcement would block instead, in groups. */
const listDecisions = io(
  async (request: HttpRequest, ctx: Context) => {
    const wanted = wantedBy(request, ctx)
    return {
      wanted,
      groups: wanted.wouldDeny ? await wouldDeny(ctx, wanted.since ?? 0n, wanted.limit, wanted.logNames) : undefined,
    }
  },
  (_request, ctx, { wanted, groups }: { wanted: Wanted; groups?: WouldDeny }): HttpResponse => {
    const dropped = droppedLogEntries(ctx)
    if (groups) return { status: 200, body: { ...groups, dropped } }
    const { since, before, limit, logNames = [undefined] } = wanted
    const decisions = logNames
      .flatMap((logName) => listLogged(ctx, before, limit, logName, since))
      .sort((a, b) => Number(b.id) - Number(a.id))
      .slice(0, limit)
      .map(({ id, decision }) => ({ id, ...JSON.parse(decision) }))
    return { status: 200, body: { decisions, dropped } }
  },
)

export const decisionRoutes: Route[] = [{ method: 'GET', path: '/_emulator/decisions', run: listDecisions }]

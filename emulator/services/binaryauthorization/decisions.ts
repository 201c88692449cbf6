// Every admission decision is an audit entry of Cloud Logging, with its tree beside it: GET /_emulator/decisions reads that.
import { projectId } from '../../core/projects.ts'
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/logging.v2.ts'
import { appendLogEntry, droppedLogEntries, listDecisions as listLogged } from '../logging/index.ts'
import type { Deployment, Evaluation, ImageEvaluation } from './evaluation-tree.ts'

export interface Decision extends Omit<Deployment, 'images'>, Evaluation {
  id: string
  time: string
  /** The audit entry: `gcloud logging read 'insertId="…"'`. */
  insertId: string
  /** What asked: `AdmissionReview`, `ImageReview`. */
  source: string
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

const PARAMETERS = ['project', 'limit', 'before']
const LIMITS = { default: 100, max: 1000 }

/** Admin Activity: audit entries of a project that are always written. */
const activityLog = (project: string) => `projects/${project}/logs/cloudaudit.googleapis.com%2Factivity`

/** Keeps a decision and its audit entry; log, time and insertId of the entry are set here. */
export function recordDecision(ctx: Context, decision: Judged, auditEntry: LogEntry) {
  const time = ctx.timestamp()
  const insertId = ctx.ids.uuid()
  const logName = activityLog(decision.project)
  // one review, one id: the log knows it as the operation too
  const operation = { ...auditEntry.operation, id: insertId }
  const entry = { ...auditEntry, insertId, operation, logName, timestamp: time, receiveTimestamp: time }
  const head = JSON.stringify({ time, insertId, ...decision, images: undefined }).slice(0, -1)
  appendLogEntry(ctx, entry, `${head},"images":[${decision.images.map(textOf).join()}]}`)
}

/** The tree of an image as JSON. Evaluation remembers the objects of images that it allowed, and most decisions are about those. */
function textOf(image: ImageEvaluation): string {
  const text = texts.get(image) ?? JSON.stringify(image)
  texts.set(image, text)
  return text
}

const texts = new WeakMap<ImageEvaluation, string>()

/** Newest first; `?project=`, `?limit=`, and `?before=<id>` for older ones. `dropped` counts log entries that are gone for the bound. */
function listDecisions({ query }: HttpRequest, ctx: Context): HttpResponse {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise)
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalidArgument(`${name} must be a positive number, not "${query.get(name)}".`)
    return value
  }
  for (const name of query.keys())
    if (!PARAMETERS.includes(name)) throw invalidArgument(`There is no parameter "${name}": there are ${PARAMETERS.join(', ')}.`)
  const limit = Math.min(number('limit', LIMITS.default), LIMITS.max)
  const asked = query.get('project')
  const project = asked === null ? null : projectId(ctx.db, asked)
  const logged = listLogged(
    ctx,
    number('before', Number.MAX_SAFE_INTEGER),
    limit,
    project === null ? undefined : activityLog(project),
  )
  const decisions = logged.map(({ id, decision }) => ({ id, ...JSON.parse(decision) }))
  return { status: 200, body: { decisions, dropped: droppedLogEntries(ctx) } }
}

export const decisionRoutes: Route[] = [{ method: 'GET', path: '/_emulator/decisions', run: listDecisions }]

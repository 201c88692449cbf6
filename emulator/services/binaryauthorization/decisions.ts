// Every admission decision is kept with its tree, to be asked at GET /_emulator/decisions.
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { Deployment, Evaluation } from './evaluation-tree.ts'
import { decisionStore } from './store.ts'

export interface Decision extends Omit<Deployment, 'images'>, Evaluation {
  id: string
  time: string
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
  /** The message of a denial, or what it would have been. */
  message?: string
}

const LIMITS = { default: 100, max: 1000 }

/** Keeps a decision and returns it with its id and time. */
export function recordDecision(ctx: Context, decision: Omit<Decision, 'id' | 'time'>): Decision {
  const dated = { time: ctx.timestamp(), ...decision }
  return { id: decisionStore(ctx.db).insert(decision.project, JSON.stringify(dated)), ...dated }
}

/** Newest first; `?project=`, `?limit=`, and `?before=<id>` for older ones. */
function listDecisions({ query }: HttpRequest, ctx: Context): HttpResponse {
  const number = (name: string, otherwise: number) => {
    const value = Number(query.get(name) ?? otherwise)
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalidArgument(`${name} must be a positive number, not "${query.get(name)}".`)
    return value
  }
  const limit = Math.min(number('limit', LIMITS.default), LIMITS.max)
  const rows = decisionStore(ctx.db).list(query.get('project') ?? undefined, number('before', Number.MAX_SAFE_INTEGER), limit)
  return { status: 200, body: { decisions: rows.map(({ id, body }) => ({ id, ...JSON.parse(body) })) } }
}

export const decisionRoutes: Route[] = [{ method: 'GET', path: '/_emulator/decisions', run: listDecisions }]

// The admission webhooks of a cluster: AdmissionReview and ImageReview at one URL, told apart by their kind.
import { admissionGeneration } from '../../core/generation.ts'
import { type Context, type HttpRequest, type HttpResponse, io, type Service, Stale } from '../../core/service.ts'
import { CODES, invalidArgument, notFound, StatusError } from '../../core/status.ts'
import { answerReview, reviewPod } from './admission-review.ts'
import { answerImages, reviewImages } from './image-review.ts'

/** Answers a review, with its decision as the only write. */
type Answer = (ctx: Context) => HttpResponse

const KINDS: Record<string, (body: any, params: Record<string, string>, ctx: Context) => Promise<Answer>> = {
  AdmissionReview: async (body, params, ctx) => {
    const answer = await reviewPod(body, params, ctx)
    return (ctx) => answerReview(ctx, answer)
  },
  ImageReview: async (body, params, ctx) => {
    const answer = await reviewImages(body, params, ctx)
    return (ctx) => answerImages(ctx, answer)
  },
}

const LOCATION = /^(global|[a-z]{1,32}-[a-z]{1,32}\d{1,3}(-[a-z0-9]{1,8})?)$/
const CLUSTER = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** A mistyped project, location or cluster would have another policy or another rule, and perhaps one that allows everything. */
function checkedParams({ project, location, cluster }: Record<string, string>, ctx: Context): Record<string, string> {
  const id = ctx.canonicalName(`projects/${project}`).slice('projects/'.length)
  if (/^(-|\d+|.*\/.*)$/.test(id)) throw notFound(`There is no project "${id}".`)
  if (!LOCATION.test(location!))
    throw invalidArgument(`"${location}" is no location of a cluster: it must be a region, a zone or global.`)
  if (!CLUSTER.test(cluster!)) throw invalidArgument(`"${cluster}" is no name of a cluster.`)
  return { project: id, location: location!, cluster: cluster! }
}

async function review(request: HttpRequest, ctx: Context): Promise<Answer> {
  try {
    const body: any = request.json()
    const kind = typeof body?.kind === 'string' && Object.hasOwn(KINDS, body.kind) ? KINDS[body.kind] : undefined
    if (!kind) throw invalidArgument('The body is neither an AdmissionReview nor an ImageReview.')
    const params = checkedParams(request.params, ctx)
    const generation = admissionGeneration(ctx.db)
    const answer = await kind(body, params, ctx)
    return (ctx) => {
      // an answer that comes after a change of policy or attestors must know of it
      if (admissionGeneration(ctx.db) !== generation) throw new Stale()
      return answer(ctx)
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return () => failure(error)
  }
}

/** Kubernetes knows no google.rpc.Status: its own says the same. */
function failure({ code, message }: StatusError): HttpResponse {
  const { http } = CODES[code]
  return {
    status: http,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'BadRequest', code: http },
  }
}

export const admission: Service = {
  name: 'admission',
  apis: {},
  routes: [
    {
      method: 'POST',
      path: '/admission/projects/{project}/locations/{location}/clusters/{cluster}',
      run: { ...io(review, (_request: HttpRequest, ctx: Context, answer: Answer) => answer(ctx)), isSingleWrite: true },
    },
  ],
}

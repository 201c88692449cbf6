// The admission webhooks of a cluster: AdmissionReview and ImageReview at one URL, told apart by their kind.
import { projectId } from '../../core/projects.ts'
import { type Context, type HttpRequest, type HttpResponse, io, type Service } from '../../core/service.ts'
import { CODES, invalidArgument, StatusError } from '../../core/status.ts'
import { answerReview, reviewPod } from './admission-review.ts'
import { answerImages, reviewImages } from './image-review.ts'

/** Answers a review inside the transaction. */
type Answer = (ctx: Context) => HttpResponse

const KINDS: Record<string, (body: any, params: Record<string, string>, ctx: Context) => Promise<Answer>> = {
  AdmissionReview: async (body, params, ctx) => {
    const answer = await reviewPod(body, params, ctx)
    return (ctx) => answerReview(ctx, answer)
  },
  ImageReview: async (body, params, ctx) => {
    const judged = await reviewImages(body, params, ctx)
    return (ctx) => answerImages(ctx, judged)
  },
}

async function review(request: HttpRequest, ctx: Context): Promise<Answer> {
  try {
    const body: any = request.json()
    const kind = Object.hasOwn(KINDS, body?.kind) ? KINDS[body.kind] : undefined
    if (!kind) throw invalidArgument('The body is neither an AdmissionReview nor an ImageReview.')
    return await kind(body, { ...request.params, project: projectId(ctx.db, request.params.project!) }, ctx)
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
      run: io(review, (_request: HttpRequest, ctx: Context, answer: Answer) => answer(ctx)),
    },
  ],
}

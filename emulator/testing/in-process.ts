// An emulator without a port, for what asks it very often: the same operations under the same dispatcher.
import { type AppOptions, createApp } from '../app.ts'
import type { Context, HttpRequest, HttpResponse } from '../core/service.ts'
import { admission } from '../services/admission/index.ts'
import { type Deployment, type Evaluation, evaluate } from '../services/binaryauthorization/index.ts'
import { testClock } from './clock.ts'

export interface InProcess {
  /** Calls `package.Service/Method` of an API; rejects with a StatusError. */
  call(api: string, method: string, request: object): Promise<any>
  /** What the admission webhook of a cluster (`location.clusterId`) answers to a review. */
  review(project: string, cluster: string, body: object): Promise<any>
  /** What the evaluator alone says. */
  evaluate(deployment: Deployment): Promise<Evaluation>
  close(): Promise<void>
}

const quiet = { debug() {}, info() {}, warn() {}, error: (fields: object) => console.error(fields) }

export async function inProcess(options: Partial<AppOptions> = {}): Promise<InProcess> {
  const app = await createApp({ seed: false, clock: testClock(), log: quiet, ...options })
  const webhook = admission.routes![0]!.run
  const evaluation = { prepare: evaluate, commit: (_deployment: Deployment, _ctx: Context, found: Evaluation) => found }
  return {
    call: (api, method, request) => app.dispatcher.call(api, method, structuredClone(request)),
    async review(project, cluster, body) {
      const [location = '', clusterId = ''] = cluster.split('.')
      const request: HttpRequest = {
        method: 'POST',
        params: { project, location, cluster: clusterId },
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.alloc(0),
        json: () => body,
      }
      const answer = await app.dispatcher.run<HttpRequest, HttpResponse>(webhook, request)
      return answer.body
    },
    evaluate: (deployment) => app.dispatcher.run(evaluation, deployment),
    close: app.close,
  }
}

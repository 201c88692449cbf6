// An emulator in which every method has something to work on, for tests that send all of them something.
import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { AppOptions } from '../app.ts'
import { CODES } from '../core/status.ts'
import { startTestEmulator } from './emulator.ts'
import { type GoodRequest, goodRequests, type HttpMessage, httpMessage } from './good-requests.ts'

export interface RawAnswer {
  status: number
  type: string
  text: string
}

export interface EveryMethod {
  /** `host:port` */
  address: string
  /** One for each row of the route table. */
  good: GoodRequest[]
  /** Rows whose good request is answered 200. */
  accepted: Set<GoodRequest>
  /** Rows whose method the emulator does not have. */
  missing: Set<GoodRequest>
  /** What was logged as an error. */
  errors: object[]
  /** Sends a request as it is. What has no answer within 20 seconds hangs: the promise is rejected. */
  send(message: HttpMessage): Promise<RawAnswer>
  /** Brings the store back to what the good requests were made for. */
  reset(): Promise<void>
  /** After a request that was refused, which changes nothing but takes ids: the next has those that it would have after a reset. */
  rewind(): void
  /** What all good GET requests answer, by their path; of one API where that is asked for. */
  readAll(api?: string): Promise<Record<string, RawAnswer>>
  close(): void
}

const REGION = '/v1/projects/my-app-prod/locations/europe-west2'
const containers = [{ image: 'europe-docker.pkg.dev/cloudrun/container/hello' }]

/** What the demo lacks. What has its id from the client is `some-id`. */
const MORE: [path: string, body: object][] = [
  [`${REGION}/notes?noteId=scan`, { attestation: { hint: { humanReadableName: 'Scan' } } }],
  [`${REGION}/occurrences`, { noteName: `${REGION}/notes/scan`.slice(4), resourceUri: 'https://example.com/a', attestation: {} }],
  [`${REGION}/clusters`, { cluster: { name: 'some-id', nodePools: [{ name: 'some-id', initialNodeCount: 1 }] } }],
  [`${REGION.replace('v1', 'v2')}/services?serviceId=some-id`, { template: { containers } }],
  [`${REGION.replace('v1', 'v2')}/jobs?jobId=some-id`, { template: { template: { containers } } }],
  [`${REGION.replace('v1', 'v2')}/jobs/some-id:run`, {}],
  [`${REGION}/builds`, { steps: [{ name: 'gcr.io/cloud-builders/docker' }] }],
  ['/v1/projects/my-app-prod/serviceAccounts', { accountId: 'some-id' }],
  ['/v1/projects/my-app-prod/roles', { roleId: 'some_id', role: { title: 'Some' } }],
  ['/v2/projects/my-app-prod/sinks', { name: 'some-id', destination: 'storage.googleapis.com/logs' }],
  ['/v2/projects/my-app-prod/metrics', { name: 'some-id', filter: 'severity=ERROR' }],
  ['/v2/projects/my-app-prod/policies', { name: 'projects/my-app-prod/policies/run.allowedIngress', spec: { reset: true } }],
  [
    '/v2/organizations/123/customConstraints',
    {
      name: 'organizations/123/customConstraints/custom.someId',
      resourceTypes: ['container.googleapis.com/Cluster'],
      methodTypes: ['CREATE'],
      condition: 'resource.name == "x"',
      actionType: 'DENY',
    },
  ],
]

export async function startEveryMethod(options: Partial<AppOptions> = {}): Promise<EveryMethod> {
  const errors: object[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
  let ids = 0
  const uuid = () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`
  const bytes = (length: number) => createHash('shake256', { outputLength: length }).update(String(ids++)).digest()
  const emulator = await startTestEmulator({ seed: undefined, log, ids: { uuid, bytes }, ...options })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })

  // fetch would send no body with a GET
  const send = ({ method, path, body }: HttpMessage) =>
    new Promise<RawAnswer>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body ?? '') }
      const outgoing = request(emulator.url, { method, path, headers, agent, timeout: 20_000 })
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
      outgoing.on('error', reject)
      outgoing.on('response', (response) => {
        const { statusCode: status = 0, headers } = response
        buffer(response).then((content) => resolve({ status, type: headers['content-type'] ?? '', text: `${content}` }), reject)
      })
      outgoing.end(body)
    })

  async function reset() {
    await send({ method: 'POST', path: '/_emulator/reset' })
    ids = 1000 // the same ones after each reset, and none of the seed
    for (const [path, body] of MORE) {
      const { status, text } = await send({ method: 'POST', path, body: JSON.stringify(body) })
      if (status !== 200) throw new Error(`POST ${path}: ${text}`)
    }
  }

  await reset()
  const firstId = ids
  const rewind = () => {
    ids = firstId
  }
  const good = await goodRequests(async (path) => {
    const { status, text } = await send({ method: 'GET', path })
    return status === 200 ? JSON.parse(text) : undefined
  })
  const [accepted, missing] = [new Set<GoodRequest>(), new Set<GoodRequest>()]
  for (const one of good) {
    const { status, text } = await send(httpMessage(one, one.request))
    if (status === 200) accepted.add(one)
    if (status === 400 && JSON.parse(text).error.status === 'UNIMPLEMENTED') missing.add(one)
    if (one.httpMethod !== 'GET' && status === 200) await reset()
  }

  async function readAll(api?: string) {
    const answers: Record<string, RawAnswer> = {}
    for (const one of good)
      if (one.httpMethod === 'GET' && (!api || one.api === api)) answers[one.path] = await send(httpMessage(one, {}))
    return answers
  }

  function close() {
    agent.destroy()
    emulator.close()
  }

  return { address: new URL(emulator.url).host, good, accepted, missing, errors, send, reset, rewind, readAll, close }
}

/** Is it an error in Google's form: JSON, `{error: {code, message, status}}`, with the code of the HTTP status? */
export function isGoogleError({ status, type, text }: RawAnswer): boolean {
  if (!type.startsWith('application/json')) return false
  const { code, message, status: name } = JSON.parse(text).error ?? {}
  return code === status && typeof message === 'string' && message !== '' && CODES[name as keyof typeof CODES]?.http === status
}

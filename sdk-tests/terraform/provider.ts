// How Terraform's google provider sends requests, as its resources see it: from the endpoints of its environment
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference). The provider itself cannot be
// installed without the network; what it sends for each resource is in the files beside this one.
import { succeed } from '../commands.ts'
import { type Emulator, ENTRY, ROOT } from '../emulator.ts'
import { userEnvironment } from '../ways.ts'

/** Product → the variable of its endpoint. */
const ENDPOINTS = {
  binaryAuthorization: 'GOOGLE_BINARY_AUTHORIZATION_CUSTOM_ENDPOINT',
  containerAnalysis: 'GOOGLE_CONTAINER_ANALYSIS_CUSTOM_ENDPOINT',
  kms: 'GOOGLE_KMS_CUSTOM_ENDPOINT',
  artifactRegistry: 'GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT',
  cloudRun: 'GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT',
  cloudRunV2: 'GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT',
  container: 'GOOGLE_CONTAINER_CUSTOM_ENDPOINT',
  serviceUsage: 'GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT',
} as const

export type Product = keyof typeof ENDPOINTS
export type Query = Record<string, string>

/** An error that an API has answered; `message` is that of the API, `body` the whole answer. */
export class ApiError extends Error {
  readonly status: number
  readonly body: string
  constructor(status: number, body: string) {
    super(JSON.parse(body).error.message)
    this.status = status
    this.body = body
  }
}

export interface Provider {
  /** The default of resources that name no project. */
  project: string
  /** What was sent, as `GET projects/…?…`, seen from the endpoint of the product, without what every request has. */
  requests: string[]
  /** A request of the generated resources: the path is appended to the endpoint, in which `{{location}}` is that of the resource. Rejects
   * with an ApiError. */
  send(product: Product, method: string, path: string, query?: Query, body?: object, location?: string): Promise<any>
  /** A request of the clients of google-api-go (KMS IAM and destroy, GKE, Service Usage), which take the version off the endpoint and
   * put it in front of the path themselves. */
  client(product: Product, method: string, path: string, query?: Query, body?: object): Promise<any>
}

const USER_AGENT = 'Terraform/1.11.4 (+https://www.terraform.io) Terraform-Plugin-SDK/2.36.0 terraform-provider-google/6.30.0'

/** Of these the provider makes no error: it waits, up to twenty minutes, for another answer. */
const RETRIED = [429, 500, 502, 503]

/** The environment that `env --client terraform` prints. */
export async function terraformEnvironment(emulator: Emulator): Promise<Record<string, string>> {
  const args = ['env', '--client', 'terraform', '--shell', 'json', '--url', emulator.url]
  const { stdout } = await succeed(process.execPath, [ENTRY, ...args], { cwd: ROOT, env: userEnvironment() })
  return JSON.parse(stdout)
}

/** A provider that is configured by its environment alone, but for the project where one is given. Throws where it would refuse an
 * endpoint. */
export function configure(env: Record<string, string>, project = env.GOOGLE_PROJECT!): Provider {
  const requests: string[] = []

  function endpoint(product: Product): string {
    const value = env[ENDPOINTS[product]]
    if (!value || !/^https?:\/\/.*\/[^/]+\/$/.test(value)) throw new Error(`${ENDPOINTS[product]} is no endpoint: ${value}`)
    return value
  }

  async function request(base: string, method: string, path: string, query: Query, body: object | undefined, headers: object) {
    const shown = new URLSearchParams(query).toString()
    requests.push(`${method} ${path}${shown && `?${shown}`}`)
    const parameters = new URLSearchParams({ ...query, alt: 'json' })
    parameters.sort()
    const response = await fetch(`${base}${path}?${parameters}`, {
      method,
      body: body && `${JSON.stringify(body)}\n`,
      headers: { authorization: `Bearer ${env.GOOGLE_OAUTH_ACCESS_TOKEN}`, 'user-agent': USER_AGENT, ...headers },
    })
    return answerOf(response, `${method} ${path}`)
  }

  return {
    project,
    requests,
    // Content-Type is there without a body, too
    send: (product, method, path, query = {}, body, location = '') =>
      request(endpoint(product).replaceAll('{{location}}', location), method, path, query, body, {
        'content-type': 'application/json',
      }),
    client(product, method, path, query = {}, body) {
      const base = endpoint(product).replace(/[^/]+\/$/, '')
      return request(base, method, `v1/${path}`, { ...query, prettyPrint: 'false' }, body, {
        'user-agent': `google-api-go-client/0.5 ${USER_AGENT}`,
        'x-goog-api-client': 'gl-go/1.23.0 gdcl/0.231.0',
        ...(body && { 'content-type': 'application/json' }),
      })
    },
  }
}

/** Every answer but 204 must be a JSON object. */
async function answerOf(response: Response, request: string) {
  const text = await response.text()
  if (RETRIED.includes(response.status) || (response.status === 409 && text.includes('operationInProgress')))
    throw new Error(`The provider would try again and again: ${request} was answered ${response.status} ${text}`)
  if (response.status === 204) return {}
  if (!response.ok) throw new ApiError(response.status, text)
  const body = JSON.parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Error(`${request} answered no object: ${text}`)
  return body
}

/** What is not there: undefined to a read, and to a delete a success. */
export async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** Waits for what is not done yet; the provider asks every ten seconds. */
export async function poll<T>(first: T, isDone: (answer: T) => boolean, next: () => Promise<T>): Promise<T> {
  let answer = first
  for (let polls = 0; !isDone(answer); polls++) {
    if (polls > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await next()
  }
  return answer
}

/** Waits for a long-running operation, without a request where the first answer is done. Rejects with the operation's error. */
export async function operation(provider: Provider, product: Product, first: any): Promise<any> {
  const done = await poll(
    first,
    (answer) => answer.done === true,
    async () => (await unlessNotFound(provider.send(product, 'GET', first.name))) ?? {},
  )
  if (done.error) throw new Error(`Error code ${done.error.code}, message: ${done.error.message}`)
  return done.response
}

// A running emulator for tests, and a client that calls RPCs over a transport of choice: the same suite runs over each.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe } from 'vitest'
import { type AppOptions, createApp } from '../app.ts'
import { camelCase } from '../core/field-mask.ts'
import { CallError } from './call-error.ts'
import { type TestClock, testClock } from './clock.ts'
import { grpcClient } from './grpc-client.ts'

export { CallError }

/** What `call` of a TestEmulator goes over. */
export type Transport = 'REST' | 'gRPC'

export const silent = { debug() {}, info() {}, warn() {}, error: (fields: object) => console.error(fields) }

export interface HttpAnswer {
  status: number
  headers: Headers
  /** Parsed JSON, or the text where it is none. */
  body: any
}

export interface TestEmulator {
  url: string
  clock: TestClock
  /** Calls `package.Service/Method` of an API; rejects with a CallError for an error status. */
  call(api: string, method: string, request: object): Promise<any>
  /** A plain HTTP request. An object as `body` goes out as JSON. */
  http(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<HttpAnswer>
  close(): Promise<void>
}

/** Starts an emulator on a free port, without a seed unless one is given, with a clock that the test turns. */
export async function startTestEmulator(options: Partial<AppOptions> = {}, transport: Transport = 'REST'): Promise<TestEmulator> {
  const clock = testClock()
  const app = await createApp({ seed: false, clock, log: silent, ...options })
  await new Promise<void>((resolve) => app.server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

  async function http(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(url + path, { method, body: text, headers: { 'content-type': 'application/json', ...headers } })
    const answer = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : answer }
  }

  async function callRest(api: string, method: string, request: object) {
    const { httpMethod, path, body } = restRequest(api, method, request)
    const answer = await http(httpMethod, path, body)
    if (answer.status === 200) return answer.body
    throw new CallError(answer.body.error.status, answer.body.error.message, answer.body.error.details)
  }

  const grpc = grpcClient(new URL(url).host)
  async function close() {
    grpc.close()
    await app.close()
  }
  return { url, clock, http, call: transport === 'gRPC' ? grpc.call : callRest, close }
}

const table = JSON.parse(readFileSync(new URL('../gen/routes.json', import.meta.url), 'utf8'))

/** The HTTP request that Google's REST clients send for an RPC: path, then body, then the rest as query. */
function restRequest(api: string, method: string, request: any) {
  for (const [httpMethod, template, rpc, body] of table[api].routes) {
    if (rpc !== method) continue
    const rest = structuredClone(request)
    let fits = true
    const path = template.replace(/\{([^=}]+)(?:=([^}]+))?\}/g, (_: string, field: string, pattern = '*') => {
      const keys = camelCase(field).split('.')
      const holder = keys.slice(0, -1).reduce((at, key) => at?.[key], rest)
      const value = String(holder?.[keys.at(-1)!] ?? '')
      fits &&= new RegExp(`^${pattern.replaceAll('**', '.+').replaceAll(/(?<!\.)\*/g, '[^/]+')}$`).test(value)
      if (keys.length === 1) delete rest[keys[0]!]
      return value.split('/').map(encodeURIComponent).join('/')
    })
    if (!fits) continue
    if (body === '*') return { httpMethod, path, body: rest }
    const bodyField = camelCase(body)
    const content = body ? (rest[bodyField] ?? {}) : undefined
    delete rest[bodyField]
    const query = new URLSearchParams(queryOf(rest)).toString()
    return { httpMethod, path: query ? `${path}?${query}` : path, body: content }
  }
  throw new CallError('INVALID_ARGUMENT', `no REST binding of ${method} fits ${JSON.stringify(request)}`)
}

const queryOf = (value: object, prefix = ''): [string, string][] =>
  Object.entries(value).flatMap(([key, child]): [string, string][] => {
    if (Array.isArray(child)) return child.map((item) => [prefix + key, String(item)])
    return typeof child === 'object' && child !== null ? queryOf(child, `${prefix + key}.`) : [[prefix + key, String(child)]]
  })

/** Runs a suite once for each transport; each gets an emulator of its own. */
export function describeTransports(
  name: string,
  suite: (emulator: () => TestEmulator) => void,
  options: Partial<AppOptions> = {},
) {
  for (const transport of TRANSPORTS)
    describe(`${name} over ${transport}`, () => {
      let emulator: TestEmulator
      beforeAll(async () => {
        emulator = await startTestEmulator(options, transport)
      })
      afterAll(() => emulator.close())
      suite(() => emulator)
    })
}

const TRANSPORTS: Transport[] = ['REST', 'gRPC']

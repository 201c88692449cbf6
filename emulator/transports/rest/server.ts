// REST over HTTP/1.1: finds the target, reads the request, renders answer and errors as Google's front end does.
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { setImmediate as atEndOfTurn } from 'node:timers'
import type { Dispatcher } from '../../core/dispatch.ts'
import type { Caller, HttpResponse, Logger, Route } from '../../core/service.ts'
import { CODES, errorBody, invalidArgument, notFound, StatusError, unimplemented } from '../../core/status.ts'
import { callerOf, type PrincipalOf } from '../caller.ts'
import { parseJson, parseRequest, readBody } from './body.ts'
import { checkBrowser } from './browser.ts'
import { errorBodyWithList } from './error-list.ts'
import { type Hosts, hostName, readTarget, regionOf, servedHost, type Target } from './proxy.ts'
import { isRpc, type Match } from './router.ts'

export interface RestOptions extends Hosts {
  dispatcher: Dispatcher
  log: Logger
  principalOf: PrincipalOf
  /** Are misspelt enum values taken for what they mean? */
  lenient?: boolean
}

const HEADERS: OutgoingHttpHeaders = {
  'content-type': 'application/json; charset=UTF-8',
  server: 'ESF',
  vary: ['Origin', 'X-Origin', 'Referer'] as unknown as string, // three lines, as Google sends them
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'x-xss-protection': '0',
}

/** Names and values in turn, which node:http writes as they come. */
const linesOf = (headers: OutgoingHttpHeaders): string[] =>
  Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((text) => [name, String(text)]))

const LINES = linesOf(HEADERS)

export function createRestServer(options: RestOptions): Server {
  const server = createServer((request, response) => {
    respond(options, request, response).catch((error) => {
      internalError(error, request, options.log) // an answer that cannot be rendered must not end the process
      response.destroy()
    })
  })
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const tooLong = code === 'HPE_HEADER_OVERFLOW' && 'The request line and the headers are longer than 16384 bytes.'
    const body = JSON.stringify(errorBody(invalidArgument(tooLong || 'The request is not valid HTTP/1.1.')))
    if (socket.writable)
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
  })
  return server
}

async function respond(options: RestOptions, request: IncomingMessage, response: ServerResponse) {
  const { log } = options
  let pretty = true
  let answer: HttpResponse
  let text: string
  try {
    const target = readTarget(request)
    pretty = !/^(false|0)$/i.test(target.query.get('prettyPrint') ?? target.query.get('$prettyPrint') ?? '')
    answer = await answerOf(options, request, target)
    text = render(answer, pretty)
  } catch (error) {
    if (response.destroyed) return
    const status = error instanceof StatusError ? error : internalError(error, request, log)
    answer = { status: CODES[status.code].http, body: errorBody(status) }
    text = render(answer, pretty)
  }
  const length = Buffer.byteLength(text)
  const lines = answer.headers ? linesOf({ ...HEADERS, ...answer.headers }) : LINES
  response.writeHead(answer.status, [...lines, 'content-length', String(length)])
  // text of ASCII alone has the same bytes in latin1, which is written without a look at each
  const encoding = length === text.length ? 'latin1' : 'utf8'
  // answers that go out together wake a waiting client once, and each wake-up costs more than the rest of a write
  atEndOfTurn(() => response.end(request.method === 'HEAD' ? undefined : text, encoding))
  log.debug({ method: request.method, url: request.url, host: request.headers.host, status: answer.status }, 'request')
}

const render = ({ body }: HttpResponse, pretty: boolean) =>
  typeof body === 'string' ? body : `${JSON.stringify(body, null, pretty ? 2 : 0)}\n`

/** A bug of ours: it is logged whole, and the client learns nothing of it. */
function internalError(error: unknown, request: IncomingMessage, log: Logger) {
  log.error({ err: error, method: request.method, url: request.url }, 'internal error')
  return new StatusError('INTERNAL', 'Internal error encountered.')
}

async function answerOf(options: RestOptions, request: IncomingMessage, target: Target): Promise<HttpResponse> {
  const { router } = options
  const { host, path, region } = servedTarget(options, request, target)
  checkBrowser(request, target)
  const override = request.headers['x-http-method-override']
  const method = (typeof override === 'string' && request.method === 'POST' ? override : request.method!).toUpperCase()
  const body = await readBody(request)
  checkEncoding(request.url!)
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) throw invalidArgument(`The path ${path} has a control character, which no name has.`)
  const match = router.find(method === 'HEAD' ? 'GET' : method, host, path)
  if (!match)
    throw notFound(
      `The requested URL ${path} was not found on this server: no method of ${router.googleHost(host) ?? 'the emulated APIs'} has it for ${method}.`,
    )
  const { headers } = request
  const caller = callerOf((name) => headers[name]?.toString(), options.principalOf, region)
  if (!isRpc(match.target)) return runRoute(options, match.target, match.variables, request, target, body, caller)
  try {
    return await callRpc(options, { ...match, target: match.target }, request, target, method, body, caller)
  } catch (error) {
    const isList = match.target.errorList && target.query.has('alt') && error instanceof StatusError
    if (!isList) throw error
    return { status: CODES[error.code].http, body: errorBodyWithList(error) }
  }
}

async function callRpc(
  options: RestOptions,
  { target: rpcTarget, variables }: RpcMatch,
  request: IncomingMessage,
  { query }: Target,
  method: string,
  body: Buffer,
  caller: Caller,
): Promise<HttpResponse> {
  const isForm = method !== request.method && request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  if (isForm) checkEncoding(body.toString())
  if (isForm) for (const [name, value] of new URLSearchParams(body.toString())) query.append(name, value)
  const { api, method: rpc } = rpcTarget
  const alt = query.get('$alt') ?? query.get('alt') ?? 'json'
  if (!/^json(;|$)/i.test(alt)) throw unimplemented(`Parameter alt=${alt}`)
  const fields = query.get('$fields') ?? query.get('fields') ?? request.headers['x-goog-fieldmask']?.toString()
  // before the call, so that a mask that is refused has changed nothing
  const partial = fields ? (await import('./partial-response.ts')).partialResponse(api, rpc, fields) : undefined
  protojson ??= await import('./protojson.ts')
  const { readRequest, writeResponse } = protojson
  const json = isForm ? undefined : parseRequest(body)
  const message = readRequest({ ...rpcTarget, variables, query, json }, options.lenient ? options.log : undefined)
  const result = await options.dispatcher.call(api, rpc, message, caller)
  const answer = writeResponse(api, rpc, result, /;enum-encoding=int/i.test(alt))
  return { status: 200, body: partial ? partial(answer) : answer }
}

type RpcMatch = Match & { target: Extract<Match['target'], { api: string }> }

/** Loads with the first RPC; an import, even of what is loaded, costs a fifth of a request. */
let protojson: typeof import('./protojson.ts') | undefined

/** The host is the name of the Google API's that the request is for, or one of the emulator's own; the path is what that API sees. */
function servedTarget(options: RestOptions, { socket }: IncomingMessage, { authority, path, isProxied }: Target) {
  const host = servedHost(options, authority, isProxied ? socket : undefined)
  const region = regionOf(authority)
  return host ? { host, path, region } : (options.router.withPrefix(path) ?? { host: hostName(authority), path, region })
}

/** Refuses what a lenient decoder would read as other text. */
function checkEncoding(text: string) {
  try {
    decodeURIComponent(text)
  } catch {
    throw invalidArgument(`${text} is not valid percent-encoding.`)
  }
}

function runRoute(
  options: RestOptions,
  route: Route,
  params: Record<string, string>,
  request: IncomingMessage,
  { path, query }: Target,
  body: Buffer,
  caller: Caller,
) {
  if (path.startsWith('/_emulator/')) parseJson(body) // refused where it is no JSON, even if nothing is read from it
  return options.dispatcher.run(
    route.run,
    { method: request.method!, params, query, headers: request.headers, body, json: () => parseJson(body) },
    caller,
  )
}

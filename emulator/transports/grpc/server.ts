// gRPC: every RPC of the route table as a generic handler over the descriptors, without stubs. Connections come from the port.
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js'
import type { Dispatcher } from '../../core/dispatch.ts'
import type { Logger } from '../../core/service.ts'
import { CODES, StatusError, unimplemented } from '../../core/status.ts'
import { callerOf, type PrincipalOf } from '../caller.ts'
import { type Connection, type Hosts, servedHost } from '../rest/proxy.ts'
import type { RouteTable } from '../rest/router.ts'
import { addHealth } from './health.ts'
import { readMessage, trailersOf, writeMessage } from './messages.ts'
import { createMethods, type Methods } from './methods.ts'
import { addReflection } from './reflection.ts'

export interface GrpcOptions extends Hosts {
  table: RouteTable
  dispatcher: Dispatcher
  log: Logger
  principalOf: PrincipalOf
}

export interface GrpcServer {
  /** Serves a connection that begins with the HTTP/2 preface. Through a tunnel, which a client has opened by CONNECT, it reaches Google's APIs
   * and the emulator itself, and no other authority. */
  serve(connection: Connection, isTunnel: boolean): void
  close(): void
}

type Call = ServerUnaryCall<Buffer, Buffer>

/** As over REST (rest/body.ts). */
const MAX_MESSAGE = 10 * 1024 * 1024

/** Calls that last as long as their client likes. None is served: they are refused without waiting for an end that does not come. */
const STREAMS = new Set(['google.logging.v2.LoggingServiceV2/TailLogEntries'])

const asBytes = (bytes: Buffer) => bytes

export function createGrpcServer(options: GrpcOptions): GrpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  })
  const serving: Serving = { ...options, methods: createMethods(options.table), tunnels: new Map() }
  const { names } = serving.methods
  for (const method of names)
    if (STREAMS.has(method)) server.register(`/${method}`, refuse(serving, method), asBytes, asBytes, 'bidi')
    else server.register(`/${method}`, unary(serving, method), asBytes, asBytes, 'unary')
  addHealth(server, [...new Set(names.map((name) => name.split('/')[0]!))])
  addReflection(server, Object.keys(options.table), (api) => [
    ...new Set(options.table[api]!.routes.map(([, , method]) => method!.split('/')[0]!)),
  ])
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    serve(connection, isTunnel) {
      if (isTunnel) rememberTunnel(serving, connection)
      connections.injectConnection(connection)
    },
    close: () => server.forceShutdown(),
  }
}

interface Serving extends GrpcOptions {
  methods: Methods
  /** By their client's `address:port`, which is all that a call knows of its connection. */
  tunnels: Map<string, Connection>
}

function rememberTunnel({ tunnels }: Serving, connection: Connection) {
  const peer = `${connection.remoteAddress}:${connection.remotePort}`
  tunnels.set(peer, connection)
  connection.on('close', () => tunnels.delete(peer))
}

const refuse = (serving: Serving, method: string) => (call: ServerDuplexStream<Buffer, Buffer>) => {
  try {
    const host = hostOf(serving, call)
    throw lacking(method, serving.methods.apiOf(method, host, () => ({})) ?? host)
  } catch (error) {
    call.emit('error', errorOf(error, method, serving.log))
  }
}

/** The Google API's whose name the client says. */
const hostOf = (serving: Serving, call: Pick<Call, 'getHost' | 'getPeer'>) =>
  servedHost(serving, call.getHost().toLowerCase(), serving.tunnels.get(call.getPeer()))

/** Nothing there has the method: no service of the API, or no API of the host. */
const lacking = (method: string, where: string | undefined) => unimplemented(`Method ${method.replace('/', '.')} (${where})`)

function unary(serving: Serving, method: string) {
  return async (call: Call, callback: sendUnaryData<Buffer>) => {
    const { answer, error } = await outcomeOf(serving, method, call)
    callback(error ?? null, answer)
    const code = call.cancelled ? CODES.CANCELLED.number : (error?.code ?? 0)
    serving.log.debug({ method, host: call.getHost(), code }, 'request')
  }
}

async function outcomeOf(serving: Serving, method: string, call: Call) {
  try {
    return { answer: await answerOf(serving, method, call) }
  } catch (error) {
    if (call.cancelled) return {} // nobody is there to read it, and after a close there is no store either
    return { error: errorOf(error, method, serving.log) }
  }
}

/** Of what no operation throws on purpose, a bug of ours, the client learns nothing; the log has it whole. */
function errorOf(thrown: unknown, method: string, log: Logger) {
  if (thrown instanceof StatusError) {
    try {
      const { details, statusDetails } = trailersOf(thrown)
      const metadata = new Metadata()
      if (statusDetails) metadata.set('grpc-status-details-bin', statusDetails)
      return { code: CODES[thrown.code].number, details, metadata }
    } catch (error) {
      log.error({ err: error, method }, 'details that cannot be written')
    }
  } else log.error({ err: thrown, method }, 'internal error')
  return { code: CODES.INTERNAL.number, details: 'Internal error encountered.' }
}

async function answerOf(serving: Serving, method: string, call: Call): Promise<Buffer> {
  const { dispatcher, methods } = serving
  const { request, metadata } = call
  const host = hostOf(serving, call)
  let message: Record<string, unknown> | undefined
  const read = (from: string) => (message ??= readMessage(from, method, request)) // a shared service is the same in each API
  const api = methods.apiOf(method, host, read)
  if (!api) throw lacking(method, host)
  const mask = metadata.get('x-goog-fieldmask').join()
  // before the call, so that a mask that is refused has changed nothing
  const partial = mask ? (await import('../rest/partial-response.ts')).partialResponse(api, method, mask) : undefined
  methods.checkNames(api, method, read(api))
  const caller = callerOf((name) => metadata.get(name)[0]?.toString(), serving.principalOf)
  const answer = await dispatcher.call(api, method, read(api), caller)
  return writeMessage(api, method, partial ? partial(answer) : answer)
}

// gRPC: every RPC of the route table as a generic handler over the descriptors, without stubs. Connections come from the port.
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import type { Dispatcher } from '../../core/dispatch.ts'
import type { Logger } from '../../core/service.ts'
import { CODES, StatusError, unimplemented } from '../../core/status.ts'
import { hostName, isGoogleHost, notServed } from '../rest/proxy.ts'
import type { Router, RouteTable } from '../rest/router.ts'
import { addHealth } from './health.ts'
import { readMessage, statusMessage, writeMessage } from './messages.ts'
import { createMethods, type Methods } from './methods.ts'
import { addReflection } from './reflection.ts'

export interface GrpcOptions {
  table: RouteTable
  router: Router
  dispatcher: Dispatcher
  log: Logger
  /** Called with the `:authority` of every call that names no Google API. */
  onAuthority(authority: string): void
}

export interface GrpcServer {
  /** Serves a connection that begins with the HTTP/2 preface. */
  serve(connection: import('node:stream').Duplex): void
  close(): void
}

type Call = ServerUnaryCall<Buffer, Buffer>

/** As over REST (rest/body.ts). */
const MAX_MESSAGE = 10 * 1024 * 1024

const asBytes = (bytes: Buffer) => bytes

export function createGrpcServer(options: GrpcOptions): GrpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  })
  const methods = createMethods(options.table)
  for (const method of methods.names) server.register(`/${method}`, unary(options, methods, method), asBytes, asBytes, 'unary')
  const services = [...new Set(methods.names.map((name) => name.split('/')[0]!))]
  addHealth(server, services)
  addReflection(server, Object.keys(options.table), (api) => [
    ...new Set(options.table[api]!.routes.map(([, , method]) => method!.split('/')[0]!)),
  ])
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    serve: (connection) => connections.injectConnection(connection),
    close: () => server.forceShutdown(),
  }
}

function unary(options: GrpcOptions, methods: Methods, method: string) {
  return async (call: Call, callback: sendUnaryData<Buffer>) => {
    const { answer, error } = await outcomeOf(options, methods, method, call)
    callback(error ?? null, answer)
    options.log.debug({ method, host: call.getHost(), code: error?.code ?? 0 }, 'request')
  }
}

async function outcomeOf(options: GrpcOptions, methods: Methods, method: string, call: Call) {
  try {
    return { answer: await answerOf(options, methods, method, call) }
  } catch (error) {
    return { error: errorOf(error, method, options.log) }
  }
}

/** Of what no operation throws on purpose, a bug of ours, the client learns nothing; the log has it whole. */
function errorOf(thrown: unknown, method: string, log: Logger) {
  if (thrown instanceof StatusError) {
    try {
      return { code: CODES[thrown.code].number, details: thrown.message, metadata: metadataOf(thrown) }
    } catch (error) {
      log.error({ err: error, method }, 'details that cannot be written')
    }
  } else log.error({ err: thrown, method }, 'internal error')
  return { code: CODES.INTERNAL.number, details: 'Internal error encountered.' }
}

async function answerOf(
  { router, dispatcher, onAuthority }: GrpcOptions,
  methods: Methods,
  method: string,
  call: Call,
): Promise<Buffer> {
  const { request, metadata } = call
  const authority = call.getHost().toLowerCase()
  const host = router.googleHost(hostName(authority))
  if (!host && isGoogleHost(hostName(authority))) throw notServed(authority)
  if (!host) onAuthority(authority)
  const api = methods.apiOf(method, host ?? '', (candidate) => readMessage(candidate, method, request))
  if (!api) throw unimplemented(`Method ${method.replace('/', '.')} (${host})`)
  const [mask] = metadata.get('x-goog-fieldmask')
  // before the call, so that a mask that is refused has changed nothing
  const partial = mask ? (await import('../rest/partial-response.ts')).partialResponse(api, method, String(mask)) : undefined
  const answer = await dispatcher.call(api, method, readMessage(api, method, request))
  return writeMessage(api, method, partial ? partial(answer) : answer)
}

/** Clients look for details in `grpc-status-details-bin`; without any there is nothing to say beyond code and message. */
function metadataOf(status: StatusError): Metadata {
  const metadata = new Metadata()
  if (status.details.length > 0) metadata.set('grpc-status-details-bin', statusMessage(status))
  return metadata
}

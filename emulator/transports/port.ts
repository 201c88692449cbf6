// One port for every protocol: the first bytes of a connection tell which. TLS (0x16) is taken off here, and told apart again by ALPN or by
// the bytes within; the preface of HTTP/2 with prior knowledge (RFC 9113, section 3.4) is for gRPC; all else is for HTTP/1.1.
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import type { TLSSocket, Server as TlsServer } from 'node:tls'
import type { Logger } from '../core/service.ts'
import type { GrpcServer } from './grpc/server.ts'
import { enterTunnel, type Hosts, refuseTunnel } from './rest/proxy.ts'
import type { Identity } from './tls/identity.ts'

export interface PortOptions extends Omit<Hosts, 'onAuthority'> {
  http: HttpServer
  /** Asked for at the first gRPC connection. */
  grpc(): Promise<GrpcServer>
  /** Asked for at the first TLS connection. */
  identity(): Promise<Identity>
  log: Logger
  /** Milliseconds that a client has for the bytes that tell its protocol, and again for its TLS handshake; 10,000 unless given. */
  patience?: number
}

export interface Port {
  server: Server
  /** Ends all connections at once, and resolves when the port is free. */
  close(): Promise<void>
}

const PATIENCE = 10_000

const TLS_HANDSHAKE = 0x16
const HTTP2 = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function createPort(options: PortOptions): Port {
  const { http, log, patience = PATIENCE } = options
  const sockets = new Set<Socket>()
  let grpc: Promise<GrpcServer> | undefined
  const tls = new Map<boolean, Promise<TlsServer>>()

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    letGo(socket)
    tell(socket, false, serveTls)
  })
  http.emit('listening') // it never listens itself, and without this it would not time out slow requests
  http.on('connect', (request, socket, head) =>
    openTunnel(options, request, socket as Socket, head, () => tell(socket as Socket, true, serveTls)),
  )

  /** Once for each socket, through however many tunnels it then leads. */
  function letGo(socket: Socket) {
    const destroy = () => socket.destroy()
    socket.on('error', destroy) // a client that has gone away
    socket.once('finish', () => socket.setTimeout(patience, destroy)) // one that does not end its side when we have ended ours
  }

  /** Reads until the protocol is certain, puts the bytes back and hands the connection over. */
  function tell(socket: Socket, isTunnel: boolean, onTls: typeof serveTls) {
    let seen = Buffer.alloc(0)
    const giveUp = () => socket.destroy()
    const look = () => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      seen = Buffer.concat([seen, chunk])
      if (seen.length < HTTP2.length && HTTP2.subarray(0, seen.length).equals(seen)) return
      socket.off('readable', look).off('end', giveUp).setTimeout(0, giveUp) // which takes it off
      socket.unshift(seen)
      if (seen[0] === TLS_HANDSHAKE) onTls(socket, isTunnel)
      else if (seen.subarray(0, HTTP2.length).equals(HTTP2)) serveGrpc(socket, isTunnel)
      else serveHttp(socket, isTunnel)
    }
    socket.on('end', giveUp)
    socket.setTimeout(patience, giveUp)
    socket.on('readable', look)
  }

  function serveHttp(socket: Socket, isTunnel: boolean) {
    if (isTunnel) enterTunnel(socket)
    http.emit('connection', socket)
  }

  function serveGrpc(socket: Socket, isTunnel: boolean) {
    socket.allowHalfOpen = false
    if ('alpnProtocol' in socket) socket.alpnProtocol = 'h2' // node:http2 refuses TLS where nothing was agreed upon
    grpc ??= options.grpc()
    handOver(socket, grpc, ({ serve }) => serve(socket, isTunnel))
  }

  function serveTls(socket: Socket, isTunnel: boolean) {
    socket.allowHalfOpen = false
    const terminating = tls.get(isTunnel) ?? terminateTls(isTunnel)
    tls.set(isTunnel, terminating)
    terminating.catch(() => tls.delete(isTunnel)) // so that the next client tries again
    handOver(socket, terminating, (terminator) => terminator.emit('connection', socket))
  }

  function handOver<T>(socket: Socket, to: Promise<T>, use: (to: T) => void) {
    to.then(
      // in a later turn, because node:http2 loses the error of what it writes in the turn of a TLS handshake, and then keeps a connection
      // that its client has reset
      (ready) => setImmediate(() => socket.destroyed || use(ready)),
      (error) => {
        log.error({ err: error }, 'a connection cannot be served')
        socket.destroy()
      },
    )
  }

  async function terminateTls(isTunnel: boolean): Promise<TlsServer> {
    const [{ createServer }, { serverOptions }] = await Promise.all([import('node:tls'), import('./tls/server-options.ts')])
    const terminator = createServer({
      ...serverOptions(await options.identity()),
      handshakeTimeout: patience,
      ALPNCallback: ({ protocols }) => PROTOCOLS.find((protocol) => protocols.includes(protocol)),
    })
    terminator.on('secureConnection', (socket: TLSSocket) => {
      letGo(socket)
      if (socket.alpnProtocol === 'h2') serveGrpc(socket, isTunnel)
      else if (socket.alpnProtocol) serveHttp(socket, isTunnel)
      else tell(socket, isTunnel, serveHttp)
    })
    terminator.on('tlsClientError', (error, socket) => {
      log.debug({ err: error }, 'TLS handshake failed')
      socket.destroy()
    })
    return terminator
  }

  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        http.close()
        for (const socket of sockets) socket.destroy()
        grpc?.then(
          (running) => running.close(),
          () => {},
        )
      }),
  }
}

/** In the order in which they are chosen. REST is served over HTTP/1.1, and clients of gRPC offer nothing but h2. */
const PROTOCOLS = ['http/1.1', 'http/1.0', 'h2']

/** CONNECT (RFC 9110, section 9.3.6): what comes through the tunnel is for us, whatever host it names. */
function openTunnel(options: PortOptions, request: IncomingMessage, socket: Socket, head: Buffer, serve: () => void) {
  const refusal = refuseTunnel(request, options)
  if (refusal) {
    socket.on('finish', () => socket.destroy())
    socket.resume()
    socket.end(refusal)
    return
  }
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  serve()
}

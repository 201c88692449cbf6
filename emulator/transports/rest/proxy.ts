// The emulator as the HTTP proxy of its clients (RFC 9112, section 3.2.2): a client that is pointed here by its proxy setting asks for
// Google's own host names, so that `gcloud run --region` finds its regional host and key ids are the real ones. By CONNECT the same over TLS. Nothing is
// forwarded.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { LOOPBACK } from '../../core/loopback.ts'
import { errorBody, permissionDenied } from '../../core/status.ts'
import type { Router } from './router.ts'

export interface Target {
  /** Host and port in lower case, as the request line names them where it is in absolute form, else as the Host header does. */
  authority: string
  path: string
  query: URLSearchParams
  /** Is the request line in absolute form, as clients write it to a proxy, or has it come through a tunnel? */
  isProxied: boolean
}

/** Takes the request line apart by hand: `new URL` refuses hosts such as `europe-west2-127.0.0.1`. */
export function readTarget({ url = '/', headers, socket }: IncomingMessage): Target {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?@]*@)?([^/?]*)(.*)$/i.exec(url)
  const [, authority, rest] = absolute ?? [undefined, headers.host ?? '', url]
  const [path = '', ...query] = rest!.split('?')
  return {
    authority: authority!.toLowerCase(),
    path: path || '/',
    query: new URLSearchParams(query.join('?')),
    isProxied: absolute !== null || tunnels.has(socket),
  }
}

/** `europe-west2-run.googleapis.com` → `run.googleapis.com`: gcloud puts the region before whatever host an API has. */
export const withoutRegion = (authority: string) => authority.replace(REGION, '')

const REGION = /^([a-z]+-[a-z]+\d+)-/

/** The region that stands before a host. */
export const regionOf = (authority: string): string | undefined => REGION.exec(authority)?.[1]

export const hostName = (authority: string) => authority.replace(/:\d*$/, '')

type IsKnown = (authority: string) => boolean

/** What says which hosts are served. */
export interface Hosts {
  router: Router
  /** Called with the authority of every request that names no Google API, unless it came as to a proxy. */
  onAuthority(authority: string): void
  /** Has onAuthority been called with it? */
  isKnownAuthority: IsKnown
}

/** A TCP connection, or TLS over one. */
export type Connection = IncomingMessage['socket']

/** Is this authority the emulator itself? */
const isOwn = (authority: string, socket: Connection, isKnown: IsKnown) =>
  [authority, withoutRegion(authority)].some((own) => isOwnAddress(own, socket) || isKnown(own))

/** Is this authority the very socket that the request came in by? */
function isOwnAddress(authority: string, { localAddress = '', localPort }: Connection): boolean {
  const host = hostName(authority)
  if (Number(/:(\d+)$/.exec(authority)?.[1] ?? 80) !== localPort) return false
  const address = localAddress.replace(/^::ffff:/, '')
  return LOOPBACK.test(host) || host === (address.includes(':') ? `[${address}]` : address)
}

/** Hosts of Google's APIs, emulated or not. */
export const isGoogleHost = (host: string) => /(^|\.)googleapis\.com$/.test(host)

/** The name of the Google API's host that a request is for; undefined for one to the emulator itself. `proxiedBy` is the connection of a request
 * that came as to a proxy. Throws for any host that is neither. */
export function servedHost({ router, onAuthority, isKnownAuthority }: Hosts, authority: string, proxiedBy?: Connection) {
  const host = hostName(authority)
  const google = router.googleHost(host)
  if (google) return google
  if (isGoogleHost(host)) throw notServed(authority)
  if (!proxiedBy) onAuthority(authority)
  else if (!isOwn(authority, proxiedBy, isKnownAuthority)) throw notServed(authority)
  return undefined
}

/** What a request to another host is answered. */
export const notServed = (authority: string) =>
  permissionDenied(`binauthz-emulator does not emulate "${hostName(authority)}", and as a proxy it forwards nothing.`)

/** Names of container registries of Google. */
const REGISTRY = /(^|\.)(pkg\.dev|gcr\.io)$/

/** Sockets at which a tunnel ends that a client has opened by CONNECT. */
const tunnels = new WeakSet<Duplex>()

/** From here on, requests from this socket have come as to a proxy. */
export const enterTunnel = (socket: Duplex) => tunnels.add(socket)

/** The answer to a CONNECT that is not served, whole; undefined for one that is. Clients show of such an answer the line of its status alone,
 * so the sentence stands there too. */
export function refuseTunnel({ url = '', socket }: IncomingMessage, { router, isKnownAuthority }: Omit<Hosts, 'onAuthority'>) {
  const authority = url.toLowerCase()
  const host = hostName(authority)
  const isServed = router.googleHost(host) !== undefined || isGoogleHost(host) || REGISTRY.test(host)
  if (isServed || isOwn(authority, socket, isKnownAuthority)) return undefined
  const refusal = notServed(authority)
  const body = `${JSON.stringify(errorBody(refusal), null, 2)}\n`
  return (
    `HTTP/1.1 403 ${refusal.message}\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `connection: close\r\n\r\n${body}`
  )
}

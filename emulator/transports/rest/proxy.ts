// The emulator as the HTTP proxy of its clients (RFC 9112, section 3.2.2): a client that is pointed here by its proxy setting asks for
// Google's own host names, so that `gcloud run --region` finds its regional host and key ids are the real ones. Nothing is forwarded.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { errorBody, permissionDenied } from '../../core/status.ts'

export interface Target {
  /** Host and port in lower case, as the request line names them where it is in absolute form, else as the Host header does. */
  authority: string
  path: string
  query: URLSearchParams
  /** Is the request line in absolute form, as clients write it to a proxy? */
  isProxied: boolean
}

/** Takes the request line apart by hand: `new URL` refuses hosts such as `europe-west2-127.0.0.1`. */
export function readTarget({ url = '/', headers }: IncomingMessage): Target {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?@]*@)?([^/?]*)(.*)$/i.exec(url)
  const [, authority, rest] = absolute ?? [undefined, headers.host ?? '', url]
  const [path = '', ...query] = rest!.split('?')
  return {
    authority: authority!.toLowerCase(),
    path: path || '/',
    query: new URLSearchParams(query.join('?')),
    isProxied: absolute !== null,
  }
}

/** `europe-west2-run.googleapis.com` → `run.googleapis.com`: gcloud puts the region before whatever host an API has. */
export const withoutRegion = (authority: string) => authority.replace(/^[a-z]+-[a-z]+\d+-/, '')

export const hostName = (authority: string) => authority.replace(/:\d*$/, '')

/** Host names of this machine, without a port. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Is this authority the very socket that the request came in by? */
export function isOwnAddress(authority: string, { localAddress = '', localPort }: IncomingMessage['socket']): boolean {
  const host = hostName(authority)
  if (Number(/:(\d+)$/.exec(authority)?.[1] ?? 80) !== localPort) return false
  const address = localAddress.replace(/^::ffff:/, '')
  return LOOPBACK.test(host) || host === (address.includes(':') ? `[${address}]` : address)
}

/** What a request to another host is answered. */
export const notServed = (authority: string) =>
  permissionDenied(`binauthz-emulator does not emulate "${hostName(authority)}", and as a proxy it forwards nothing.`)

/** Answers a CONNECT. Clients show of such an answer the line of its status alone, so the sentence stands there too. */
export function refuseConnect({ url = '' }: IncomingMessage, socket: Duplex) {
  const refusal = permissionDenied(
    `binauthz-emulator speaks no TLS, and as a proxy it forwards nothing: reach "${hostName(url)}" by http:// if it is emulated.`,
  )
  const body = `${JSON.stringify(errorBody(refusal), null, 2)}\n`
  socket.on('error', () => {}) // a client that has gone away
  socket.on('finish', () => socket.destroy())
  socket.resume()
  socket.end(
    `HTTP/1.1 403 ${refusal.message}\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}

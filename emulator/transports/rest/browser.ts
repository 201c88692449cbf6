// Pages of any site can make a browser on this machine send requests here: simple ones at once, and all of them where the name of the
// site leads to 127.0.0.1 (DNS rebinding). What they may not do is decided here; of what they may ask for they cannot read the answer,
// since no answer has CORS headers. Programs send neither Origin (https://fetch.spec.whatwg.org/#origin-header) nor Sec-Fetch-Site
// (https://w3c.github.io/webappsec-fetch-metadata/), and browsers leave out the latter for http:// but of this machine.
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { LOOPBACK } from '../../core/loopback.ts'
import { permissionDenied } from '../../core/status.ts'
import { hostName, type Target } from './proxy.ts'

const READING = ['GET', 'HEAD', 'OPTIONS']

/** Names that nobody can point here from the Internet: without a dot, as in a compose network; of domains that public DNS does not
 * have, such as host.docker.internal; Google's own. */
const NOT_FOR_SALE = /^[^.]*$|\.(?:internal|local|localhost|googleapis\.com)$/

function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, '')
  return isIP(name.replace(/^\[|\]$/g, '')) === 0 && !NOT_FOR_SALE.test(name)
}

/** Throws PERMISSION_DENIED for a request of a browser that comes from another page than the emulator's own, at localhost, where it
 * would change something or is to /_emulator/; there also for one to a public name, which a browser may send without Origin. */
export function checkBrowser({ method = '', headers }: IncomingMessage, { authority, path }: Target) {
  const isAdmin = path.startsWith('/_emulator/')
  if (!isAdmin && READING.includes(method)) return
  const { origin, 'sec-fetch-site': site } = headers
  const host = hostName(authority)
  const isOwnPage =
    LOOPBACK.test(host) &&
    [undefined, `http://${authority}`, `https://${authority}`].includes(origin) &&
    [undefined, 'none', 'same-origin'].includes(site?.toString())
  if ((origin !== undefined || site !== undefined) && !isOwnPage)
    throw permissionDenied(
      'A browser may send this request only from a page of the emulator itself, at localhost: send it from a program, without an Origin header.',
    )
  if (isAdmin && isPublicName(host))
    throw permissionDenied(
      `/_emulator/ is not served under the public name "${host}": use localhost, an IP address or a name without dots.`,
    )
}

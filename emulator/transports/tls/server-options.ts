// The identity as node:tls and node:http2 take it.
import { isIP } from 'node:net'
import { createSecureContext, type TlsOptions } from 'node:tls'
import type { Identity } from './identity.ts'

/** TLS 1.2 and 1.3; who names a host is shown the certificate without addresses (see Identity). */
export function serverOptions({ certPem, certPemWithoutAddresses, keyPem }: Identity): TlsOptions {
  const minVersion = 'TLSv1.2'
  const byName = createSecureContext({ cert: certPemWithoutAddresses, key: keyPem, minVersion })
  return {
    cert: certPem,
    key: keyPem,
    minVersion,
    SNICallback: (host, done) => (isIP(host) ? done(null) : done(null, byName)), // an address is no server name, but some send it
  }
}

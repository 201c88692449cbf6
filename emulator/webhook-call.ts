// Asks an emulator as an API server does that knows it under another name: over TLS, with the CA as the only one that is trusted.
import { request } from 'node:https'
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { StartError } from './core/database.ts'

export interface Call {
  /** Where the emulator is reached from here: `http://host:port`. */
  emulator: string
  /** Its name or address for the API server; of an IPv6 address with brackets. */
  host: string
  /** Of the webhook. */
  path: string
  /** PEM. */
  ca: string
}

/** A review that nobody judges, and that leaves no decision behind. */
const REVIEW = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'binauthz-emulator-webhook', kind: { group: '', version: 'v1', kind: 'Namespace' }, operation: 'CREATE' },
}

/** Rejects with StartError, one sentence, where its certificate is not for `host` or not of `ca`, or where the webhook refuses
 * the path. */
export async function askAsCluster(call: Call): Promise<void> {
  const { emulator } = call
  const { status, answer } = await post(call)
  if (status === 200 && answer?.response?.uid === REVIEW.request.uid) return
  throw new StartError(answer?.message ?? `The webhook of the emulator at ${emulator} answers status ${status}.`)
}

function post({ emulator, host, path, ca }: Call): Promise<{ status: number | undefined; answer: any }> {
  const { hostname, port } = new URL(emulator)
  const name = host.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        method: 'POST',
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port || 80,
        path,
        agent: false,
        ca,
        allowPartialTrustChain: true, // as Go has it: whatever is in the bundle is trusted, be it no root
        servername: isIP(name) ? '' : name, // an address is no server name
        checkServerIdentity: (_connected, certificate) => checkServerIdentity(name, certificate),
        headers: { 'content-type': 'application/json' },
        timeout: 10_000,
      },
      async (response) => {
        const text = Buffer.concat(await response.toArray()).toString()
        resolve({ status: response.statusCode, answer: parsed(text) })
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', (error: NodeJS.ErrnoException) => reject(new StartError(refusal(emulator, name, error))))
    sent.end(JSON.stringify(REVIEW))
  })
}

const refusal = (emulator: string, name: string, { code, message }: NodeJS.ErrnoException) =>
  code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? `The certificate of the emulator at ${emulator} is not for ${name}, so no cluster would trust it there: ` +
      `start it with --san ${name} --host 0.0.0.0 (or with a --cert that is), or give another --address.`
    : `The emulator at ${emulator} cannot be asked over TLS as ${name}: ${message}.`

function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

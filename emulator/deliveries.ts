// What log sinks send to webhooks of the user: to loopback and to hosts that the configuration names, and to nobody else.
import { atMost } from './core/at-most.ts'
import { LOOPBACK } from './core/loopback.ts'
import type { Delivery, Logger } from './core/service.ts'

/** So many are under way at a time; the others wait in the order in which they came. */
const MAX_UNDER_WAY = 8
const TIMEOUT_MS = 10_000

export interface Deliveries {
  mayDeliverTo(url: URL): boolean
  /** Sends it once. What fails is logged; nobody waits for it. */
  deliver(delivery: Delivery): void
  /** Gives up what is under way or waits. */
  close(): void
}

export function createDeliveries(hosts: readonly string[], log: Logger): Deliveries {
  const closed = new AbortController()
  const inTurn = atMost(MAX_UNDER_WAY)
  const allowed = new Set(hosts.map((host) => host.toLowerCase()))

  const mayDeliverTo = ({ protocol, hostname, username, password }: URL) =>
    /^https?:$/.test(protocol) && username === '' && password === '' && (LOOPBACK.test(hostname) || allowed.has(hostname))

  async function post({ url, headers, body }: Delivery) {
    if (closed.signal.aborted) return
    if (!mayDeliverTo(new URL(url))) return log.warn({ url }, 'a log entry was not delivered: the host is not allowed')
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual', // it could lead anywhere
        signal: AbortSignal.any([closed.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      await response.body?.cancel()
      if (!response.ok) log.warn({ url, status: response.status }, 'a webhook has refused a log entry')
    } catch (err) {
      if (!closed.signal.aborted) log.warn({ url, err }, 'a log entry was not delivered')
    }
  }

  return { mayDeliverTo, deliver: (delivery) => void inTurn(() => post(delivery)), close: () => closed.abort() }
}

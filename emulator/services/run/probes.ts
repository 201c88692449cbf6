// Probes of a container (https://cloud.google.com/run/docs/configuring/healthchecks). Nothing probes: there is nothing that runs.
import type { components } from '../../gen/run.v2.ts'
import type { Refuse } from './violations.ts'

type Probe = components['schemas']['Probe']

/** Seconds that a startup probe may take; others have an hour. */
const MAX_SECONDS = { startupProbe: 240, livenessProbe: 3600, readinessProbe: 3600 }

/** The probe with its defaults; `port` is that of the container. */
export function checkedProbe(probe: Probe, kind: keyof typeof MAX_SECONDS, port: number | undefined, refuse: Refuse): Probe {
  const actions = [probe.httpGet, probe.tcpSocket, probe.grpc].filter(Boolean)
  if (actions.length !== 1) throw refuse('', 'exactly one of httpGet, tcpSocket, or grpc must be specified.')
  const { timeoutSeconds = 1, periodSeconds = 10, failureThreshold = 3, initialDelaySeconds = 0 } = probe
  const max = MAX_SECONDS[kind]
  const bounds = {
    timeoutSeconds: [timeoutSeconds, 1],
    periodSeconds: [periodSeconds, 1],
    initialDelaySeconds: [initialDelaySeconds, 0],
  }
  for (const [field, [value, min]] of Object.entries(bounds))
    if (value! < min! || value! > max) throw refuse(field, `must be between ${min} and ${max}.`)
  if (failureThreshold < 1) throw refuse('failureThreshold', 'must be at least 1.')
  if (timeoutSeconds > periodSeconds) throw refuse('timeoutSeconds', 'must not be greater than period_seconds.')
  return {
    ...(initialDelaySeconds > 0 && { initialDelaySeconds }),
    timeoutSeconds,
    periodSeconds,
    failureThreshold,
    ...(probe.httpGet && { httpGet: { path: '/', port: portOf(probe.httpGet, port, refuse), ...probe.httpGet } }),
    ...(probe.tcpSocket && { tcpSocket: { port: portOf(probe.tcpSocket, port, refuse) } }),
    ...(probe.grpc && { grpc: { port: portOf(probe.grpc, port, refuse), ...probe.grpc } }),
  }
}

function portOf({ port: given }: { port?: number }, ofContainer: number | undefined, refuse: Refuse): number {
  const port = given || ofContainer
  if (port === undefined) throw refuse('port', 'is required for a container without a port.')
  if (port < 1 || port > 65_535) throw refuse('port', 'must be between 1 and 65535.')
  return port
}

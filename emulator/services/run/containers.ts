// Containers of a template: what they must have, and what Cloud Run fills in
// (https://cloud.google.com/run/docs/reference/rest/v2/Container). Nothing runs here: what only a running container would notice is kept.

import { unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/run.v2.ts'
import { checkedProbe } from './probes.ts'
import type { Container } from './shapes.ts'
import { below, type Refuse } from './violations.ts'

type Schemas = components['schemas']

/** Ports, probes and `cpuIdle` are for what serves requests. */
export type Kind = 'service' | 'job'

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const IMAGE = /^(?:[A-Za-z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/
const MAX_IMAGE = 1024
const MAX_ENV = 32_768
const RESERVED = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION']
const LIMITS = ['memory', 'cpu', 'nvidia.com/gpu']
const QUANTITY = /^\d{1,12}(?:\.\d{1,9})?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/

/** With these the image would be another than the one that is named, and judged. */
const NOT_EMULATED = ['sourceCode', 'baseImageUri'] as const

/** The containers of a service or job, checked and with their defaults. `refuse` is told paths below the template. */
export function checkedContainers(containers: Container[] = [], kind: Kind, refuse: Refuse): Container[] {
  if (containers.length === 0) throw refuse('containers', 'should contain at least one container.')
  const names = containers.map(({ name }) => name).filter(Boolean)
  if (new Set(names).size < names.length) throw refuse('containers', 'container names must be unique.')
  const ingress = kind === 'service' ? ingressIndex(containers, refuse) : -1
  return containers.map((container, index) => {
    const at = below(refuse, `containers[${index}]`)
    check(container, names, at)
    return withDefaults(container, kind, index === ingress, at)
  })
}

/** The one container to which requests go: the only one, or the only one with a port. */
function ingressIndex(containers: Container[], refuse: Refuse): number {
  if (containers.length === 1) return 0
  const [first, ...others] = containers.flatMap(({ ports = [] }, index) => (ports.length > 0 ? [index] : []))
  if (first === undefined || others.length > 0)
    throw refuse('containers', 'revision template should contain exactly one container with an exposed port.')
  return first
}

function check(container: Container, names: (string | undefined)[], refuse: Refuse) {
  for (const field of NOT_EMULATED) if (container[field]) throw unimplemented(`Field ${field} of a container`)
  const { name = '', image = '', env = [], ports = [], dependsOn = [], resources } = container
  if (name !== '' && !DNS_LABEL.test(name)) throw refuse('name', 'must be a DNS label (RFC 1123).')
  if (image === '') throw refuse('image', 'should not be empty.')
  if (image.length > MAX_IMAGE || !IMAGE.test(image))
    throw refuse('image', 'must be a container image path in the form [hostname/]repo-path[:tag and/or @digest].')
  checkEnv(env, refuse)
  checkPorts(ports, refuse)
  for (const other of dependsOn)
    if (other === name || !names.includes(other)) throw refuse('dependsOn', `"${other}" is not the name of another container.`)
  for (const [key, value] of Object.entries(resources?.limits ?? {})) {
    if (!LIMITS.includes(key)) throw refuse(`resources.limits[${key}]`, `only ${LIMITS.join(', ')} are supported.`)
    if (!QUANTITY.test(value)) throw refuse(`resources.limits[${key}]`, `"${value}" is not a quantity.`)
  }
}

function checkEnv(env: Schemas['EnvVar'][], refuse: Refuse) {
  const reserved = env.map(({ name = '' }) => name).filter((name) => RESERVED.includes(name))
  if (reserved.length > 0)
    throw refuse(
      'env',
      `The following reserved env names were provided: ${reserved.join(', ')}. These values are automatically set by the system.`,
    )
  for (const [index, { name = '', value = '', valueSource }] of env.entries()) {
    if (name === '' || name.length > MAX_ENV || /[=\0]/.test(name))
      throw refuse(`env[${index}].name`, 'is not the name of a variable.')
    if (Buffer.byteLength(value) > MAX_ENV) throw refuse(`env[${index}].value`, `must have ${MAX_ENV} bytes at most.`)
    if (valueSource && !valueSource.secretKeyRef?.secret)
      throw refuse(`env[${index}].valueSource.secretKeyRef.secret`, 'should not be empty.')
  }
}

function checkPorts(ports: Schemas['ContainerPort'][], refuse: Refuse) {
  if (ports.length > 1) throw refuse('ports', 'should contain 0 or 1 port (field: ports)')
  for (const { name = 'http1', containerPort = 8080 } of ports) {
    if (!['http1', 'h2c'].includes(name)) throw refuse('ports[0].name', 'must be "http1" or "h2c".')
    if (containerPort < 1 || containerPort > 65_535) throw refuse('ports[0].containerPort', 'must be between 1 and 65535.')
  }
}

const DEFAULT_LIMITS = { memory: '512Mi', cpu: '1000m' }

function withDefaults(container: Container, kind: Kind, isIngress: boolean, refuse: Refuse): Container {
  const { buildInfo: _, resources, ports, startupProbe, livenessProbe, readinessProbe, ...kept } = container
  const limits = { ...DEFAULT_LIMITS, ...resources?.limits }
  const shown: Container = {
    ...kept,
    resources: resources ? { ...resources, limits } : { limits, ...(kind === 'service' && { cpuIdle: true }) },
  }
  const port = isIngress || ports?.length ? (ports?.[0]?.containerPort ?? 8080) : undefined
  if (port !== undefined) shown.ports = [{ name: ports?.[0]?.name || 'http1', containerPort: port }]
  const probes = { startupProbe, livenessProbe, readinessProbe }
  for (const [name, probe] of Object.entries(probes) as [keyof typeof probes, Schemas['Probe'] | undefined][])
    if (probe) shown[name] = checkedProbe(probe, name, port, below(refuse, name))
  if (isIngress && !startupProbe)
    shown.startupProbe = { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port } }
  return shown
}

/** CPUs of all containers together: `1000m` is one. */
export const cpus = (containers: Container[]): number =>
  containers.reduce((sum, { resources }) => {
    const cpu = resources?.limits?.cpu ?? '1'
    return sum + (cpu.endsWith('m') ? Number.parseFloat(cpu) / 1000 : Number.parseFloat(cpu))
  }, 0)

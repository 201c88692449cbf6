// Containers, v1 ⇄ v2 (https://cloud.google.com/run/docs/reference/rest/v1/Container).
import type { components as V1 } from '../../../gen/run.v1.ts'
import type { components as V2 } from '../../../gen/run.v2.ts'
import { violation } from './annotations.ts'
import { defined, refuse } from './fields.ts'
import type { SecretAliases } from './secret-aliases.ts'

type Container1 = V1['schemas']['Container']
type Container2 = V2['schemas']['Container']
type Probe1 = V1['schemas']['Probe']
type Probe2 = V2['schemas']['Probe']
type EnvVar1 = V1['schemas']['EnvVar']
type EnvVar2 = V2['schemas']['EnvVar']

export function containerFromV1(container: Container1, path: string, secrets: SecretAliases): Container2 {
  const { args, command, env, image, name, workingDir, ports, resources, volumeMounts, ...others } = container
  const { livenessProbe, readinessProbe, startupProbe, ...rest } = others
  refuse(rest, path)
  const { limits, ...otherResources } = resources ?? {}
  refuse(otherResources, `${path}.resources`)
  const probe = (sent: Probe1 | undefined, field: string) => sent && probeFromV1(sent, `${path}.${field}`)
  return defined({
    name,
    image,
    command,
    args,
    env: env?.map((one, index) => envVarFromV1(one, `${path}.env[${index}]`, secrets)),
    resources: limits && { limits },
    ports: ports?.map(({ containerPort, name, protocol = 'TCP' }, index) => {
      if (protocol !== 'TCP') throw violation(`${path}.ports[${index}].protocol`, 'must be TCP')
      return defined({ name, containerPort })
    }),
    volumeMounts: volumeMounts?.map(({ name, mountPath, subPath, ...rest }, index) => {
      refuse(rest, `${path}.volumeMounts[${index}]`)
      return defined({ name, mountPath, subPath })
    }),
    workingDir,
    livenessProbe: probe(livenessProbe, 'livenessProbe'),
    readinessProbe: probe(readinessProbe, 'readinessProbe'),
    startupProbe: probe(startupProbe, 'startupProbe'),
  })
}

export function envVarFromV1({ name, value, valueFrom }: EnvVar1, path: string, secrets: SecretAliases): EnvVar2 {
  if (!valueFrom) return defined({ name, value })
  const { secretKeyRef, ...rest } = valueFrom
  refuse(rest, `${path}.valueFrom`)
  const { name: secret, key: version, ...others } = secretKeyRef ?? {}
  refuse(others, `${path}.valueFrom.secretKeyRef`)
  return defined({ name, valueSource: { secretKeyRef: defined({ secret: secret && secrets.secretOf(secret), version }) } })
}

function probeFromV1(probe: Probe1, path: string): Probe2 {
  const { failureThreshold, initialDelaySeconds, periodSeconds, timeoutSeconds, grpc, ...others } = probe
  const { httpGet, tcpSocket, successThreshold = 1, ...rest } = others
  refuse(rest, path)
  if (successThreshold !== 1) throw violation(`${path}.successThreshold`, 'must be 1')
  const { path: httpPath, port, httpHeaders, scheme = 'HTTP', ...otherHttp } = httpGet ?? {}
  refuse(otherHttp, `${path}.httpGet`)
  if (scheme !== 'HTTP') throw violation(`${path}.httpGet.scheme`, 'must be HTTP')
  const { port: tcpPort, ...otherTcp } = tcpSocket ?? {}
  refuse(otherTcp, `${path}.tcpSocket`)
  return defined({
    failureThreshold,
    initialDelaySeconds,
    periodSeconds,
    timeoutSeconds,
    grpc,
    httpGet: httpGet && defined({ path: httpPath, port, httpHeaders }),
    tcpSocket: tcpSocket && defined({ port: tcpPort }),
  })
}

/** `hidden`: the names of volumes that v1 has as annotations, and whose mounts it does not show. */
export function containerToV1(container: Container2, secrets: SecretAliases, hidden: string[]): Container1 {
  const { name, image, command, args, env, ports, resources, workingDir, volumeMounts, ...probes } = container
  const { livenessProbe, readinessProbe, startupProbe } = probes
  const mounts = volumeMounts?.filter((mount) => !hidden.includes(mount.name ?? ''))
  return defined({
    name,
    image,
    command,
    args,
    env: env?.map((one) => envVarToV1(one, secrets)),
    ports,
    resources: resources?.limits && { limits: resources.limits },
    volumeMounts: mounts?.length ? mounts : undefined,
    workingDir,
    livenessProbe,
    readinessProbe,
    startupProbe,
  })
}

function envVarToV1({ name, value, valueSource }: EnvVar2, secrets: SecretAliases): EnvVar1 {
  const { secret, version } = valueSource?.secretKeyRef ?? {}
  if (!valueSource) return defined({ name, value })
  return defined({
    name,
    valueFrom: { secretKeyRef: defined({ name: secret && secrets.aliasOf(secret), key: version }) },
  })
}

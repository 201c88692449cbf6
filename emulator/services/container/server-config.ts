// Versions of Kubernetes (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations/getServerConfig). There are no
// nodes and no control plane, so a version is a label here: those below are offered, and any other that has the form of one is taken.
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/container.v1beta1.ts'
import { LOCATION, type Naming, targetOf } from './names.ts'

type Schemas = components['schemas']
type Channel = NonNullable<Schemas['ReleaseChannel']['channel']>

/** The newest first, which is the default of its channel. */
const CHANNELS: [channel: Channel, versions: string[]][] = [
  ['RAPID', ['1.31.1-gke.1846000', '1.30.5-gke.1355000']],
  ['REGULAR', ['1.30.5-gke.1014001', '1.29.9-gke.1177000']],
  ['STABLE', ['1.29.9-gke.1177000', '1.28.14-gke.1175000']],
  ['EXTENDED', ['1.30.5-gke.1014001', '1.29.9-gke.1177000', '1.28.14-gke.1175000', '1.27.16-gke.1478000']],
]

const NO_CHANNEL = 'REGULAR'

const newestFirst = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })

const VERSIONS = [...new Set(CHANNELS.flatMap(([, versions]) => versions))].sort(newestFirst)

const defaultOf = (wanted: string) => CHANNELS.find(([channel]) => channel === wanted)?.[1][0]

export function getServerConfig(request: Naming, ctx: Context): Schemas['ServerConfig'] {
  targetOf(LOCATION, request, ctx)
  return {
    defaultClusterVersion: defaultOf(NO_CHANNEL),
    defaultImageType: 'COS_CONTAINERD',
    validImageTypes: ['COS_CONTAINERD', 'UBUNTU_CONTAINERD', 'WINDOWS_LTSC_CONTAINERD'],
    validMasterVersions: VERSIONS,
    validNodeVersions: VERSIONS,
    channels: CHANNELS.map(([channel, validVersions]) => ({ channel, defaultVersion: validVersions[0], validVersions })),
  }
}

/** The version that is meant by a version or an alias: `latest`, `1.30`, `1.30.5`, and the channel's default by nothing or `-`. */
export function resolveVersion(wanted: string | undefined, channel: string = NO_CHANNEL): string {
  if (!wanted || wanted === '-') return defaultOf(channel) ?? defaultOf(NO_CHANNEL)!
  if (wanted === 'latest') return VERSIONS[0]!
  if (/^\d+\.\d+\.\d+-gke\.\d+$/.test(wanted)) return wanted
  if (!/^\d+\.\d+(\.\d+)?$/.test(wanted)) throw invalidArgument(`Master version "${wanted}" is unsupported.`)
  const offered = VERSIONS.find((version) => version.startsWith(`${wanted}.`) || version.startsWith(`${wanted}-`))
  return offered ?? `${wanted}${wanted.split('.').length === 2 ? '.0' : ''}-gke.1000000`
}

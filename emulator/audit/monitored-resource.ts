// The monitored resource of an audit entry (https://cloud.google.com/monitoring/api/resources): its own type where the service has one,
// else `audited_resource`.
import type { components } from '../gen/logging.v2.ts'

type MonitoredResource = components['schemas']['google.api.MonitoredResource']

/** Name pattern → type and labels; the labels are those of the name's segments. The first that fits counts. */
const ROWS: [host: RegExp, name: RegExp, type: string][] = [
  [
    /^cloudkms\./,
    /^projects\/[^/]+\/locations\/(?<location>[^/]+)\/keyRings\/(?<key_ring_id>[^/]+)\/cryptoKeys\/(?<crypto_key_id>[^/]+)\/cryptoKeyVersions\/(?<crypto_key_version_id>[^/]+)/,
    'cloudkms_cryptokeyversion',
  ],
  [
    /^cloudkms\./,
    /^projects\/[^/]+\/locations\/(?<location>[^/]+)\/keyRings\/(?<key_ring_id>[^/]+)\/cryptoKeys\/(?<crypto_key_id>[^/]+)/,
    'cloudkms_cryptokey',
  ],
  [/^cloudkms\./, /^projects\/[^/]+\/locations\/(?<location>[^/]+)\/keyRings\/(?<key_ring_id>[^/]+)/, 'cloudkms_keyring'],
  [/^container\./, /^projects\/[^/]+\/(?:locations|zones)\/(?<location>[^/]+)\/clusters\/(?<cluster_name>[^/]+)/, 'gke_cluster'],
  [
    /^run\./,
    /^projects\/[^/]+\/locations\/(?<location>[^/]+)\/services\/(?<service_name>[^/]+)(?:\/revisions\/(?<revision_name>[^/]+))?/,
    'cloud_run_revision',
  ],
  [/^run\./, /^projects\/[^/]+\/locations\/(?<location>[^/]+)\/jobs\/(?<job_name>[^/]+)/, 'cloud_run_job'],
  [/^iam\./, /^projects\/[^/]+\/serviceAccounts\/(?<email_id>[^/]+)/, 'service_account'],
  [/^cloudresourcemanager\./, /^projects\//, 'project'],
]

/** Of an entry about the resource `name` of the API at `serviceName` (`cloudkms.googleapis.com`). */
export function monitoredResource(serviceName: string, method: string, name: string, project: string): MonitoredResource {
  for (const [host, pattern, type] of ROWS) {
    const match = host.test(serviceName) && pattern.exec(name)
    if (!match) continue
    const labels = Object.entries(match.groups ?? {}).filter((label): label is [string, string] => label[1] !== undefined)
    return { type, labels: { ...Object.fromEntries(labels), project_id: project } }
  }
  return { type: 'audited_resource', labels: { method, project_id: project, service: serviceName } }
}

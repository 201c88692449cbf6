// What gcloud reads of the environment to ask an emulator.
// Its properties: https://cloud.google.com/sdk/gcloud/reference/config, each is CLOUDSDK_<section>_<property> too.
import { readFileSync } from 'node:fs'
import { MEMBER_TOKEN, type Mode } from './config-settings.ts'
import type { Choices, Group, Row, Variables, Wiring } from './env-clients.ts'

/** APIs that pipelines meet and that the emulator may not have: what it has not it refuses at once by name, while Google's own endpoint would
 * be asked over TLS, for half a minute, or reached. */
const OTHER_APIS = [
  ...['artifactregistry', 'cloudbilling', 'cloudbuild', 'clouddeploy', 'cloudresourcemanager', 'compute', 'container', 'gkehub'],
  ...['iam', 'iamcredentials', 'logging', 'ondemandscanning', 'orgpolicy', 'pubsub', 'run', 'secretmanager', 'servicemanagement'],
  ...['storage'],
]

function apis(): string[] {
  const table: Record<string, unknown> = JSON.parse(readFileSync(new URL('./gen/routes.json', import.meta.url), 'utf8'))
  const served = Object.keys(table).map((api) => api.split('.')[0]!)
  return [...new Set([...served, ...OTHER_APIS])].sort()
}

const cloudsdkProxy = (url: URL | undefined): Variables => ({
  CLOUDSDK_PROXY_TYPE: url && 'http',
  CLOUDSDK_PROXY_ADDRESS: url?.hostname,
  CLOUDSDK_PROXY_PORT: url && (url.port || '80'),
})

const overrides = (endpoint: (api: string) => string): Variables =>
  Object.fromEntries(apis().map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`, endpoint(api)]))

const PLAIN_HTTP: Group = {
  why:
    'a CA file that is missing would stop gcloud, and plain HTTP needs none; SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE ' +
    'stay as they are, for other programs',
  variables: { CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: undefined },
}

const ownCa = (caFile: string | undefined): Group => ({
  why: "gcloud trusts the emulator's CA",
  variables: { CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: caFile },
})

const GCLOUD_MODES: Record<Mode, (wiring: Wiring) => Group[]> = {
  proxy: ({ url, caFile }) => [
    {
      why: "Google's own host names over plain HTTP, so that key ids are the real ones; a host that is not emulated is refused",
      variables: overrides((api) => `http://${api}.googleapis.com/`),
    },
    {
      why: 'the emulator as the proxy that answers for these hosts; it forwards nothing',
      variables: cloudsdkProxy(new URL(url)),
    },
    // the log of a build is asked for over TLS, whatever the endpoints are, and so through the proxy too
    caFile ? ownCa(caFile) : PLAIN_HTTP,
  ],
  direct: ({ url }) => [
    {
      why: 'every API at the emulator, also those that it refuses, under a path of its own, since some have the same paths',
      // gcloud makes the ids of keys from that of KMS, and no client knows a path in them; with a path it leaves out the storage/v1 of Cloud
      // Storage, whose uploads never have it
      variables: overrides((api) => (['cloudkms', 'storage'].includes(api) ? `${url}/` : `${url}/${api}/`)),
    },
    { why: 'no proxy', variables: cloudsdkProxy(undefined) },
    PLAIN_HTTP,
  ],
  takeover: ({ url, caFile }) => [
    {
      why: "gcloud's own setting of a proxy, which it asks before HTTPS_PROXY; no endpoint is touched",
      variables: cloudsdkProxy(new URL(url)),
    },
    ownCa(caFile),
  ],
}

/** A bearer token that names the member; undefined where none is asked for. */
export const tokenOf = ({ principal }: Choices) => principal && `${MEMBER_TOKEN}${principal}`

export const gcloud: Row = {
  modes: ['proxy', 'direct', 'takeover'],
  groups: (wiring, mode) => [
    {
      why: 'gcloud with a configuration of its own, the account of --as or none, no questions',
      variables: {
        CLOUDSDK_CONFIG: wiring.gcloudFolder,
        CLOUDSDK_CORE_PROJECT: wiring.project,
        ...(wiring.principal
          ? { CLOUDSDK_AUTH_ACCESS_TOKEN: tokenOf(wiring), CLOUDSDK_CORE_ACCOUNT: wiring.principal.replace(/^\w+:/, '') }
          : { CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true' }),
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
        CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      },
    },
    ...GCLOUD_MODES[mode](wiring),
  ],
  misleading:
    /^CLOUDSDK_(AUTH|PROXY|CONTEXT_AWARE|API_ENDPOINT_OVERRIDES)_\w+$|^CLOUDSDK_(ACTIVE_CONFIG_NAME|BILLING_QUOTA_PROJECT|CORE_ACCOUNT|CORE_UNIVERSE_DOMAIN)$/,
}

// What each client reads of the environment to ask an emulator, each group of variables with its reason. Where it is documented:
// SDKs: https://cloud.google.com/docs/authentication/application-default-credentials, https://github.com/grpc/grpc/blob/master/doc/environment_variables.md
// Terraform: https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference
import { CLIENTS, type Client, type Mode, TOKEN } from './config-settings.ts'
import { StartError } from './core/database.ts'
import { gcloud, tokenOf } from './env-gcloud.ts'

export type Variables = Record<string, string | undefined>

/** Variables with one reason; undefined where one must not be set. A group without variables is a remark. */
export interface Group {
  why: string
  variables: Variables
}

/** A client, and how it is pointed at the emulator. `direct`: it has the emulator for its endpoint. `proxy`: the emulator is its proxy for
 * Google's own hosts, over plain HTTP. `takeover`: the same over TLS, so that nothing of the client's endpoints is touched. */
export interface Choice {
  client: Client
  mode: Mode
}

export interface Choices {
  choices: readonly Choice[]
  /** Clients that were asked for by "all" and have not the mode. */
  leftOut: readonly Client[]
  /** The member that they sign in as; the emulator's own account where none is named. */
  principal?: string | undefined
}

export interface Wiring extends Choices {
  /** Of the emulator, without a slash at its end. */
  url: string
  project: string
  /** gcloud's configuration folder. */
  gcloudFolder: string
  /** Of the emulator's CA; there where a client is taken over. */
  caFile?: string | undefined
  /** Of a service account that only the emulator knows; there where `needsKey`. */
  keyFile?: string | undefined
}

export interface Row {
  /** The first one is that of a client for which none is asked. */
  modes: readonly [Mode, ...Mode[]]
  groups(wiring: Wiring, mode: Mode): Group[]
  /** Names of inherited variables that would send the client elsewhere. */
  misleading?: RegExp
  /** Does it look for Application Default Credentials? */
  hasKey?: boolean
}

/** The same value for each of the names. */
const every = (names: string[], value: string | undefined): Variables => Object.fromEntries(names.map((name) => [name, value]))

const credentials = ({ keyFile, project }: Wiring): Group => ({
  why: 'a service account that only the emulator knows, and its project, so that Application Default Credentials need no network',
  variables: { GOOGLE_APPLICATION_CREDENTIALS: keyFile, GOOGLE_CLOUD_PROJECT: project },
})

/** A remark of what a program has to say for itself, with the address of the emulator. */
const inItsCode = ({ url }: Wiring, remark: (host: string, port: string) => string): Group => {
  const { hostname, port } = new URL(url)
  return { why: `${remark(hostname, port || '80')}; plain HTTP is no place for credentials, hence none`, variables: {} }
}

const SDK_MISLEADING =
  /^(GOOGLE_CLOUD_UNIVERSE_DOMAIN|GOOGLE_CLOUD_QUOTA_PROJECT|GOOGLE_API_(CERTIFICATE_CONFIG|USE_CLIENT_CERTIFICATE|USE_MTLS_ENDPOINT))$/

/** Product in the name of the variable → path at the emulator. The path ends in the API's version where Google's own endpoint does: the
 * provider strips it for some resources and appends to it for others. */
const TERRAFORM_ENDPOINTS: Record<string, string> = {
  BINARY_AUTHORIZATION: 'binaryauthorization/v1',
  CONTAINER_ANALYSIS: 'containeranalysis/v1',
  KMS: 'cloudkms/v1',
  ARTIFACT_REGISTRY: 'artifactregistry/v1',
  CLOUD_RUN: '{{location}}-run', // the provider puts the location of each resource in, as it does in Google's own endpoint
  CLOUD_RUN_V2: 'run/v2',
  CONTAINER: 'container/v1',
  SERVICE_USAGE: 'serviceusage/v1',
  RESOURCE_MANAGER: 'cloudresourcemanager/v1',
  RESOURCE_MANAGER_V3: 'cloudresourcemanager/v3',
  TAGS: 'cloudresourcemanager/v3',
  IAM_BETA: 'iam/v1',
  IAM_CREDENTIALS: 'iamcredentials/v1',
  ORG_POLICY: 'orgpolicy/v2',
  LOGGING: 'logging/v2',
}

const ROWS: Record<Client, Row> = {
  gcloud,
  node: {
    modes: ['takeover', 'direct'],
    groups: (wiring, mode) => [
      credentials(wiring),
      { why: 'Node asks this one first for the project', variables: { GCLOUD_PROJECT: wiring.project } },
      ...(mode === 'takeover'
        ? [
            {
              why: 'Node trusts the CA beside its own ones; gRPC trusts only this file, which wins over NODE_EXTRA_CA_CERTS',
              variables: every(['NODE_EXTRA_CA_CERTS', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'], wiring.caFile),
            },
            {
              why:
                "Node's own fetch and https follow HTTPS_PROXY too, from Node 24 on; no variable makes a client with fallback: true follow " +
                'it, which has an agent of its own: leave out fallback, or choose --mode direct',
              variables: { NODE_USE_ENV_PROXY: '1' },
            },
          ]
        : [
            inItsCode(
              wiring,
              (host, port) =>
                `Node has no variable for an endpoint: pass each client { apiEndpoint: '${host}', port: ${port}, sslCreds: ` +
                `grpc.credentials.createInsecure() }, or for REST { apiEndpoint: '${host}', port: ${port}, protocol: 'http', fallback: true }`,
            ),
          ]),
    ],
    misleading: SDK_MISLEADING,
    hasKey: true,
  },
  python: {
    modes: ['takeover', 'direct'],
    groups: (wiring, mode) => [
      credentials(wiring),
      mode === 'takeover'
        ? {
            why:
              "urllib and aiohttp, requests, httplib2 and gRPC each read a variable of their own, and trust the emulator's CA alone; " +
              'httplib2, which googleapiclient uses, follows a proxy only where PySocks is installed',
            variables: every(
              ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'HTTPLIB2_CA_CERTS', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'],
              wiring.caFile,
            ),
          }
        : inItsCode(
            wiring,
            (host, port) =>
              'Python has no variable for an endpoint: pass each client transport=<Service>GrpcTransport(channel=' +
              `grpc.insecure_channel('${host}:${port}')), or for REST transport=<Service>RestTransport(host='${host}:${port}', ` +
              "url_scheme='http', credentials=AnonymousCredentials())",
          ),
    ],
    misleading: SDK_MISLEADING,
    hasKey: true,
  },
  go: {
    modes: ['takeover', 'direct'],
    groups: (wiring, mode) => [
      credentials(wiring),
      mode === 'takeover'
        ? {
            why: "Go trusts the emulator's CA, and what SSL_CERT_DIR has; on macOS and Windows it asks the system instead: add the file there",
            variables: { SSL_CERT_FILE: wiring.caFile },
          }
        : inItsCode(
            wiring,
            (host, port) =>
              `Go has no variable for an endpoint: pass each client option.WithEndpoint("${host}:${port}"), ` +
              'option.WithoutAuthentication(), option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())), or ' +
              `for REST option.WithEndpoint("http://${host}:${port}"), option.WithoutAuthentication()`,
          ),
    ],
    misleading: SDK_MISLEADING,
    hasKey: true,
  },
  terraform: {
    modes: ['direct', 'takeover'],
    groups: (wiring, mode) => [
      {
        why: 'Terraform sends any token as it is, and asks nobody for another',
        variables: { GOOGLE_OAUTH_ACCESS_TOKEN: tokenOf(wiring) ?? TOKEN, GOOGLE_PROJECT: wiring.project },
      },
      mode === 'takeover'
        ? {
            why: "Terraform trusts the emulator's CA; run terraform init before, since the registry of providers is refused",
            variables: { SSL_CERT_FILE: wiring.caFile },
          }
        : {
            why: 'each product under a path of its own; products that are not here ask Google, which refuses the token',
            variables: Object.fromEntries(
              Object.entries(TERRAFORM_ENDPOINTS).map(([product, path]) => [
                `GOOGLE_${product}_CUSTOM_ENDPOINT`,
                `${wiring.url}/${path}/`,
              ]),
            ),
          },
    ],
    misleading:
      /^GOOGLE_(\w+_CUSTOM_ENDPOINT|(BACKEND_)?IMPERSONATE_SERVICE_ACCOUNT|BILLING_PROJECT|CLOUD_UNIVERSE_DOMAIN|API_(CERTIFICATE_CONFIG|USE_CLIENT_CERTIFICATE|USE_MTLS_ENDPOINT))$|^USER_PROJECT_OVERRIDE$/,
  },
  kubectl: {
    modes: ['direct'],
    groups: () => [
      {
        why: 'kubectl needs nothing for clusters of this machine, which NO_PROXY names: the emulator has no Kubernetes API',
        variables: {},
      },
    ],
  },
  docker: {
    modes: ['takeover'],
    groups: (wiring) => [
      credentials(wiring),
      {
        why: "crane, skopeo and the docker CLI trust the emulator's CA",
        variables: { SSL_CERT_FILE: wiring.caFile },
      },
      {
        why:
          'the docker daemon pulls and pushes in an environment of its own: give it the same HTTPS_PROXY, and put the CA into ' +
          '/etc/docker/certs.d/<registry>/ca.crt',
        variables: {},
      },
    ],
    misleading: SDK_MISLEADING,
    hasKey: true,
  },
}

interface Wanted {
  client: readonly Client[] | 'all'
  mode?: Mode | undefined
  as?: string | undefined
}

/** Who is pointed at the emulator and how. Throws StartError where a client that is named has not the mode. */
export function choose({ client, mode, as: principal }: Wanted): Choices {
  const has = (name: Client) => mode === undefined || ROWS[name].modes.includes(mode)
  const named = client === 'all' ? CLIENTS : client
  const without = named.filter((name) => !has(name))
  if (client !== 'all' && without[0])
    throw new StartError(`${without[0]} has no mode ${mode}: it has ${ROWS[without[0]].modes.join(' and ')}.`)
  const choices = {
    choices: named.filter(has).map((name) => ({ client: name, mode: mode ?? ROWS[name].modes[0] })),
    leftOut: without,
    ...(principal !== undefined && { principal }),
  }
  if (needsKey(choices) && principal?.startsWith('user:'))
    throw new StartError(
      `SDKs sign in by a key, which only a service account has: --as must be like serviceAccount:ci@…, not "${principal}".`,
    )
  return choices
}

export const isTakenOver = ({ choices }: Choices) => choices.some(({ mode }) => mode === 'takeover')

export const needsKey = ({ choices }: Choices) => choices.some(({ client }) => ROWS[client].hasKey)

/** The variables that these clients are to have, and remarks. A variable that several of them read is in the first group that has it. */
export function clientGroups(wiring: Wiring): Group[] {
  const seen = new Set<string>()
  return wiring.choices
    .flatMap(({ client, mode }) => ROWS[client].groups(wiring, mode))
    .map(({ why, variables }) => {
      const fresh = Object.entries(variables).filter(([name]) => !seen.has(name))
      for (const [name] of fresh) seen.add(name)
      return { why, variables: Object.fromEntries(fresh), isRemark: Object.keys(variables).length === 0 }
    })
    .filter(({ variables, isRemark }) => isRemark || Object.keys(variables).length > 0)
}

export const isMisleading = ({ choices }: Choices, name: string) =>
  choices.some(({ client }) => ROWS[client].misleading?.test(name))

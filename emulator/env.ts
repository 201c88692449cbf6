// What points gcloud at an emulator: environment variables, and how shells set and unset them.
// gcloud's properties: https://cloud.google.com/sdk/gcloud/reference/config, each is CLOUDSDK_<section>_<property> too.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Config } from './config.ts'

/** Variables with one reason; undefined where one must not be set. */
interface Group {
  why: string
  variables: Record<string, string | undefined>
}

export interface Wiring {
  /** Of the emulator, without a slash at its end. */
  url: string
  project: string
  /** `proxy`: gcloud asks the emulator as its HTTP proxy for Google's own hosts. `direct`: it asks it as each API's endpoint. */
  mode: Config['mode']
  /** gcloud's configuration folder. */
  folder: string
}

type Variables = Record<string, string | undefined>

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

/** Inherited settings that would send gcloud elsewhere, give it an identity or stop it. */
const MISLEADING =
  /^CLOUDSDK_(AUTH|PROXY|CONTEXT_AWARE|API_ENDPOINT_OVERRIDES)_\w+$|^CLOUDSDK_(ACTIVE_CONFIG_NAME|BILLING_QUOTA_PROJECT|CORE_ACCOUNT|CORE_UNIVERSE_DOMAIN)$/

function groups(wiring: Wiring, inherited: Variables): Group[] {
  const wanted = wantedGroups(wiring, inherited)
  const names = new Set(wanted.flatMap(({ variables }) => Object.keys(variables)))
  const misleading = Object.keys(inherited).filter((name) => MISLEADING.test(name) && !names.has(name))
  return [
    {
      why: 'what would send gcloud elsewhere, or give it an identity',
      variables: Object.fromEntries(misleading.map((name) => [name, undefined])),
    },
    ...wanted,
  ]
}

function wantedGroups({ url, project, mode, folder }: Wiring, inherited: Variables): Group[] {
  const { hostname, port } = new URL(url)
  const endpoint = (api: string) => (mode === 'proxy' ? `http://${api}.googleapis.com/` : `${url}/`)
  const proxied = mode === 'proxy'
  const noProxy = [inherited.NO_PROXY, inherited.no_proxy].flatMap((list) => list?.split(/[\s,]+/) ?? []).filter(Boolean)
  const direct = [...new Set([...noProxy, hostname.replace(/^\[|\]$/g, ''), '127.0.0.1', 'localhost'])].join(',')
  return [
    {
      why: 'the emulator, for programs that ask it themselves',
      variables: { BINAUTHZ_EMULATOR_URL: url },
    },
    {
      why: 'gcloud with a configuration of its own, no account, no questions',
      variables: {
        CLOUDSDK_CONFIG: folder,
        CLOUDSDK_CORE_PROJECT: project,
        CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
        CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      },
    },
    {
      why: proxied
        ? "Google's own host names over plain HTTP, so that key ids are the real ones; a host that is not emulated is refused"
        : 'every API at the emulator, also those that it refuses',
      variables: Object.fromEntries(apis().map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`, endpoint(api)])),
    },
    {
      why: proxied ? 'the emulator as the proxy that answers for these hosts; it forwards nothing' : 'no proxy',
      variables: {
        CLOUDSDK_PROXY_TYPE: proxied ? 'http' : undefined,
        CLOUDSDK_PROXY_ADDRESS: proxied ? hostname : undefined,
        CLOUDSDK_PROXY_PORT: proxied ? port || '80' : undefined,
      },
    },
    {
      why: 'other programs ask the emulator without a proxy that you may have',
      variables: { NO_PROXY: direct, no_proxy: direct },
    },
    {
      why:
        'a CA file that is missing would stop gcloud, and plain HTTP needs none; SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE ' +
        'stay as they are, for other programs',
      variables: { CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: undefined },
    },
  ]
}

/** The variables for a process, to be laid over `inherited`; undefined where one must not be set. */
export const environmentOf = (wiring: Wiring, inherited: Variables): Variables =>
  Object.assign({}, ...groups(wiring, inherited).map(({ variables }) => variables))

/** Where gcloud keeps its things between two uses of `env`. */
export const gcloudFolder = (inherited: Variables) =>
  join(inherited.XDG_CACHE_HOME || join(homedir(), '.cache'), 'binauthz-emulator', 'gcloud')

/** Names of the variables that `env` has changed in this shell, and the prefix of those that keep what was there before. */
const CHANGED = 'BINAUTHZ_EMULATOR_ENV'
const BEFORE = 'BINAUTHZ_EMULATOR_BEFORE_'

/** One statement of each kind, as a shell writes it. */
interface Shell {
  set(name: string, value: string): string
  copy(from: string, to: string): string
  unset(name: string): string
}

const SHELLS: Record<'sh' | 'powershell', Shell> = {
  sh: {
    set: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
    copy: (from, to) => `export ${to}="$${from}"`,
    unset: (name) => `unset ${name}`,
  },
  powershell: {
    // the typographic ones end a string too
    set: (name, value) => `$env:${name} = '${value.replace(/['\u2018-\u201b]/g, '$&$&')}'`,
    copy: (from, to) => `$env:${to} = $env:${from}`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
}

const changedNames = (inherited: Variables) => (inherited[CHANGED] ?? '').split(' ').filter((name) => /^\w+$/.test(name))

/** What a shell is to evaluate; as JSON an object of all variables, null where one must not be set. What was set before stays in variables
 * of its own, copied by the shell, so that no secret is printed. */
export function setEnvironment(wiring: Wiring, shell: Config['shell'], inherited: Variables): string {
  if (shell === 'json') return toJson(environmentOf(wiring, inherited))
  const { set, copy, unset } = SHELLS[shell]
  const changed = new Set(changedNames(inherited))
  const lines = [`# gcloud asks the emulator at ${wiring.url}. Take it back: binauthz-emulator env --unset`]
  for (const { why, variables } of groups(wiring, inherited)) {
    const statements = Object.entries(variables).flatMap(([name, value]) => {
      const isSet = inherited[name] !== undefined
      if (!isSet && value === undefined) return []
      const keep = isSet && !changed.has(name) ? [copy(name, BEFORE + name)] : []
      changed.add(name)
      return [...keep, value === undefined ? unset(name) : set(name, value)]
    })
    if (statements.length > 0) lines.push(`# ${why}`, ...statements)
  }
  return `${[...lines, set(CHANGED, [...changed].join(' '))].join('\n')}\n`
}

/** What takes back what `setEnvironment` did in the shell that has these variables. */
export function unsetEnvironment(shell: Config['shell'], inherited: Variables): string {
  const names = changedNames(inherited)
  const kept = names.map((name) => BEFORE + name).filter((name) => inherited[name] !== undefined)
  if (shell === 'json') {
    const gone = [...kept, ...(names.length > 0 ? [CHANGED] : [])].map((name) => [name, undefined])
    return toJson(Object.fromEntries([...names.map((name) => [name, inherited[BEFORE + name]]), ...gone]))
  }
  const { copy, unset } = SHELLS[shell]
  if (names.length === 0) return '# Nothing to take back: this shell does not have the environment of an emulator.\n'
  const back = names.map((name) => (inherited[BEFORE + name] === undefined ? unset(name) : copy(BEFORE + name, name)))
  return `${[...back, ...[...kept, CHANGED].map(unset)].join('\n')}\n`
}

const toJson = (variables: Variables) => `${JSON.stringify(variables, (_, value) => value ?? null, 2)}\n`

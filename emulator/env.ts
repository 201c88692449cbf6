// The environment that points clients at an emulator, as statements of a shell that set it and take it back.
import type { Config } from './config.ts'
import { MEMBER_TOKEN, TOKEN } from './config-settings.ts'
import { StartError } from './core/database.ts'
import { clientGroups, type Group, isMisleading, isTakenOver, type Variables, type Wiring } from './env-clients.ts'

/** Variables that give a client an identity at Google. */
const CREDENTIALS = [
  ...['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CREDENTIALS', 'GOOGLE_BACKEND_CREDENTIALS', 'GOOGLE_CLOUD_KEYFILE_JSON'],
  ...['GCLOUD_KEYFILE_JSON', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_API_KEY', 'CLOUDSDK_AUTH_ACCESS_TOKEN'],
  ...['CLOUDSDK_AUTH_ACCESS_TOKEN_FILE', 'CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE'],
]

/** How the name of a key file begins that this program has written: what GOOGLE_APPLICATION_CREDENTIALS says is then no real one. */
export const KEY_FILE = 'binauthz-emulator-key-'

const isReal = (name: string, value: string | undefined) =>
  CREDENTIALS.includes(name) &&
  !!value &&
  value !== TOKEN &&
  !value.startsWith(MEMBER_TOKEN) &&
  !value.split(/[/\\]/).at(-1)!.startsWith(KEY_FILE)

/** Throws StartError where there are real credentials: what is meant for the emulator must not be done at Google, nor they be sent to it. */
export function refuseCredentials(inherited: Variables, force: boolean) {
  const real = CREDENTIALS.filter((name) => isReal(name, inherited[name]))
  if (real.length > 0 && !force)
    throw new StartError(
      `There are real credentials in the environment (${real.join(', ')}): unset them, or set them aside with --force.`,
    )
}

/** The emulator answers for these names, and for those below them. */
const TAKEN_OVER = ['googleapis.com', 'pkg.dev', 'gcr.io', 'accounts.google.com']

/** Does an entry of NO_PROXY keep a client from the proxy for one of these names? */
function coversGoogle(entry: string): boolean {
  const name = entry
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\*?\.?/, '')
  return name === '' || TAKEN_OVER.some((host) => `.${host}`.endsWith(`.${name}`) || name.endsWith(`.${host}`))
}

function groups(wiring: Wiring, before: Variables): Group[] {
  const wanted = [
    { why: 'the emulator, for programs that ask it themselves', variables: { BINAUTHZ_EMULATOR_URL: wiring.url } },
    ...(isTakenOver(wiring) ? takeoverGroups(wiring) : []),
    ...clientGroups(wiring),
    noProxyGroup(wiring, before),
  ]
  const names = new Set(wanted.flatMap(({ variables }) => Object.keys(variables)))
  const unwanted = Object.keys(before).filter((name) => !names.has(name))
  const unset = (why: string, which: (name: string) => boolean) => {
    const variables = Object.fromEntries(unwanted.filter(which).map((name) => [name, undefined]))
    return Object.keys(variables).length > 0 ? [{ why, variables }] : []
  }
  const isCredential = (name: string) => isReal(name, before[name])
  return [
    ...unset('real credentials, which are not for an emulator', isCredential),
    ...unset(
      'what would send these clients elsewhere, or give them an identity',
      (name) => !isCredential(name) && isMisleading(wiring, name),
    ),
    ...wanted,
  ]
}

const takeoverGroups = ({ url, caFile }: Wiring): Group[] => [
  {
    why:
      'the emulator as the proxy for HTTPS: it answers for the hosts of Google and refuses every other one, so fetch packages and modules ' +
      'before; plain HTTP is left as it is',
    variables: { HTTPS_PROXY: url, https_proxy: url },
  },
  {
    why: 'what some client reads before these',
    variables: { grpc_proxy: undefined, no_grpc_proxy: undefined, ALL_PROXY: undefined, all_proxy: undefined },
  },
  { why: "curl trusts the emulator's CA, and so do scripts that use it beside a client", variables: { CURL_CA_BUNDLE: caFile } },
]

function noProxyGroup(wiring: Wiring, { NO_PROXY, no_proxy }: Variables): Group {
  const takenOver = isTakenOver(wiring)
  const yours = [NO_PROXY, no_proxy].flatMap((list) => list?.split(/[\s,]+/) ?? []).filter(Boolean)
  const host = new URL(wiring.url).hostname.replace(/^\[|\]$/g, '')
  const kept = yours.filter((entry) => !takenOver || !coversGoogle(entry))
  const direct = [...new Set([...kept, host, '127.0.0.1', 'localhost'])].join(',')
  return {
    why: takenOver
      ? 'this machine is asked without the proxy; what you have there of Google is left out, since it would not be asked through it'
      : 'other programs ask the emulator without a proxy that you may have',
    variables: { NO_PROXY: direct, no_proxy: direct },
  }
}

/** Names of the variables that `env` has changed in this shell, and the prefix of those that keep what was there before. */
const CHANGED = 'BINAUTHZ_EMULATOR_ENV'
const BEFORE = 'BINAUTHZ_EMULATOR_BEFORE_'

const changedNames = (inherited: Variables) => (inherited[CHANGED] ?? '').split(' ').filter((name) => /^\w+$/.test(name))

/** What is to change in an environment. It is made for what was there before `env` was evaluated in it, if it was. */
function changesOf(wiring: Wiring, inherited: Variables) {
  const changed = new Set(changedNames(inherited))
  const before = { ...inherited }
  for (const name of changed) {
    const kept = inherited[BEFORE + name]
    if (kept !== undefined) before[name] = kept
    else if (!isReal(name, inherited[name])) delete before[name]
  }
  const wanted = groups(wiring, before)
  const names = new Set(wanted.flatMap(({ variables }) => Object.keys(variables)))
  return { changed, wanted, stale: [...changed].filter((name) => !names.has(name)) }
}

/** The variables for a process, to be laid over `inherited`; undefined where one must not be set. */
export function environmentOf(wiring: Wiring, inherited: Variables): Variables {
  const { wanted, stale } = changesOf(wiring, inherited)
  const back = Object.fromEntries(stale.map((name) => [name, inherited[BEFORE + name]]))
  return Object.assign(back, ...wanted.map(({ variables }) => variables))
}

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

const remark = (text: string) => `# ${text.replace(/\s+/g, ' ')}`

/** What a shell is to evaluate; as JSON an object of all variables, null where one must not be set. What was set before stays in variables
 * of its own, copied by the shell, so that no secret is printed. Evaluated again, for other clients, it replaces what it did before. */
export function setEnvironment(wiring: Wiring, shell: Config['shell'], inherited: Variables): string {
  if (shell === 'json') return toJson(environmentOf(wiring, inherited))
  const { set, copy, unset } = SHELLS[shell]
  const { changed, wanted, stale } = changesOf(wiring, inherited)
  const clients = wiring.choices.map(({ client, mode }) => `${client} (${mode})`).join(', ')
  const lines = [remark(`For ${clients}: the emulator at ${wiring.url}. Take it back: binauthz-emulator env --unset`)]
  if (wiring.leftOut.length > 0)
    lines.push(remark(`Not for ${wiring.leftOut.join(', ')}, which cannot be pointed at it in this way`))
  const isKept = (name: string) => inherited[BEFORE + name] !== undefined
  const restore = (name: string) => (isKept(name) ? [copy(BEFORE + name, name), unset(BEFORE + name)] : [unset(name)])
  if (stale.length > 0) lines.push('# what was set for others, as it was before', ...stale.flatMap(restore))
  for (const name of stale) changed.delete(name)
  for (const { why, variables } of wanted) {
    const statements = Object.entries(variables).flatMap(([name, value]) => {
      const isSet = inherited[name] !== undefined
      if (!isSet && value === undefined) return []
      const keep = isSet && (!changed.has(name) || isReal(name, inherited[name])) ? [copy(name, BEFORE + name)] : []
      changed.add(name)
      return [...keep, value === undefined ? unset(name) : set(name, value)]
    })
    const isRemark = Object.keys(variables).length === 0
    if (isRemark || statements.length > 0) lines.push(remark(why), ...statements)
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

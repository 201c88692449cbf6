// Reads the settings of config-settings.ts from the command line and the environment. The only reader of process.env.
import { parseArgs } from 'node:util'
import {
  CLIENTS,
  type Client,
  type Command,
  EVERY,
  FORMATS,
  type Format,
  IAM_MODES,
  MODES,
  type Mode,
  ROWS,
  SETTINGS,
  type Setting,
  SHELLS,
  STARTING,
} from './config-settings.ts'
import { StartError } from './core/database.ts'
import { LOG_LEVELS } from './log.ts'

export interface Config {
  host: string
  port: number
  data: string | undefined
  /** Path of a seed file; undefined for the demo, false for none. */
  seed: string | false | undefined
  project: string
  strictProjects: boolean
  /** Take frequent misspellings of enum values for what they mean. */
  lenient: boolean
  /** Undefined where it is not given: what is kept then depends on where the data is. */
  maxLogEntries: number | undefined
  /** For how long operations are shown as under way, as `30s`. */
  operationDelay: string
  iam: (typeof IAM_MODES)[number]
  /** A member; undefined for the account that `env` gives to clients. */
  iamOwner: string | undefined
  /** The member that clients are pointed at the emulator as. */
  as: string | undefined
  logLevel: string
  /** Paths of a certificate and its key, both or neither. */
  cert: string | undefined
  key: string | undefined
  /** Further names of the certificate that the emulator makes. */
  sans: readonly string[]
  /** Hosts beside loopback to which log sinks may send entries. */
  webhookHosts: readonly string[]
  /** Where `start` writes its endpoints and the other commands find them; undefined for the place that every user has. */
  endpointsFile: string | undefined
  /** The emulator that a command is to use. */
  url: string | undefined
  /** Whom `env` and `exec` are for; all of them where it says all. */
  client: readonly Client[] | 'all'
  /** Undefined where each client is to have its own. */
  mode: Mode | undefined
  /** Set real credentials aside, rather than refuse to go on with them. */
  force: boolean
  shell: (typeof SHELLS)[number]
  unset: boolean
  /** Where and as what `explain` deploys: `location.name`, and those of a Pod. `webhook` is that of the cluster. */
  cluster: string | undefined
  namespace: string | undefined
  serviceAccount: string | undefined
  /** `decisions` lists what enforcement would block. */
  wouldDeny: boolean
  /** Since when `decisions` lists: a time or a duration. */
  since: string | undefined
  json: boolean
  /** Where an API server reaches the emulator, `host` or `host:port`; undefined for where `webhook` itself does. */
  address: string | undefined
  /** Let no Pod in while the emulator does not answer. */
  failClosed: boolean
  /** What `webhook` prints. */
  format: Format
  /** Does a flag or a variable say where it listens? */
  isAddressGiven: boolean
  /** Does one say the project? */
  isProjectGiven: boolean
  /** Does a flag say what an emulator holds, so that one which runs already will not do? */
  isDescribed: boolean
}

/** The command, its flags, its operands (of `explain`, the images), and what follows `--`; throws StartError with one sentence for what is no flag of the command, lacks its value
 * or follows no flag. */
export function parseCommandLine(line: string[]) {
  const end = line.includes('--') ? line.indexOf('--') : line.length
  const [args, rest] = [line.slice(0, end), line.slice(end + 1)]
  const options = Object.fromEntries(ROWS.map(({ flag, value }) => [flag, { type: value ? 'string' : 'boolean' } as const]))
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
    })
    const { help, version, ...flags } = values as Record<string, string | boolean>
    const isExplain = positionals[0] === 'explain'
    const operands = isExplain ? positionals.slice(1) : []
    const named = isExplain ? 'explain' : positionals.join(' ') || 'start'
    const command = version ? 'version' : help ? 'help' : named
    if (EVERY.includes(command as Command)) {
      const foreign = ROWS.find(({ flag, of = STARTING }) => flags[flag] !== undefined && !of.includes(command as Command))
      if (foreign) throw new Error(`${command} has no option '--${foreign.flag}'`)
    }
    if (positionals[0] === 'exec' && positionals.length > 1) throw new Error("exec needs '--' before its command")
    if (rest.length > 0 && command !== 'exec') throw new Error(`${command} takes no command after '--'`)
    if (command === 'explain' && operands.length === 0) throw new Error('explain needs an image')
    return { command, flags, operands, rest }
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\. |\n/) // the rest of it is about other flags
    throw new StartError(`${sentence}: see binauthz-emulator --help.`)
  }
}

/** What the process was started with. */
export const inherited: NodeJS.ProcessEnv = process.env

/** The configuration: a flag wins over its environment variable, that over the default. Throws StartError with one sentence for a wrong value. */
export function readConfig(flags: Record<string, string | boolean>, env: NodeJS.ProcessEnv = inherited): Config {
  const variable = ({ env: name }: Setting) => (name && env[name]) || undefined
  const origin = (setting: Setting) => (flags[setting.flag] === undefined ? setting.env : `--${setting.flag}`)
  const isGiven = (setting: Setting) => (flags[setting.flag] ?? variable(setting)) !== undefined

  function text(setting: Setting): string | undefined {
    const flag = flags[setting.flag]
    if (flag === '') throw new StartError(`--${setting.flag} needs a value: ${setting.help}.`)
    return (flag as string | undefined) ?? variable(setting) ?? setting.default
  }

  function isOn(setting: Setting): boolean {
    const value = String(flags[setting.flag] ?? variable(setting) ?? false)
    if (/^(1|true|yes|on)$/i.test(value)) return true
    if (/^(0|false|no|off)$/i.test(value)) return false
    throw new StartError(`${setting.env} must be true or false, not "${value}".`)
  }

  const list = (setting: Setting) =>
    text(setting)
      ?.split(',')
      .map((item) => item.trim()) ?? []

  function oneOf<T extends string>(setting: Setting, values: readonly T[]): T {
    const value = text(setting)!
    if (!values.includes(value as T))
      throw new StartError(`${origin(setting)} must be one of ${values.join(', ')}, not "${value}".`)
    return value as T
  }

  function member(setting: Setting): string | undefined {
    const value = text(setting)
    if (value !== undefined && !/^(user|serviceAccount):[^@\s]+@[\w.-]+$/.test(value))
      throw new StartError(`${origin(setting)} must be like user:alice@example.com, not "${value}".`)
    return value
  }

  const port = text(SETTINGS.port)!
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new StartError(`${origin(SETTINGS.port)} must be a number from 0 to 65535, not "${port}".`)
  const maxLogEntries = text(SETTINGS.maxLogEntries)
  if (maxLogEntries !== undefined && !/^\d{1,9}$/.test(maxLogEntries))
    throw new StartError(`${origin(SETTINGS.maxLogEntries)} must be a number from 0 up, not "${maxLogEntries}".`)
  const operationDelay = text(SETTINGS.operationDelay)!
  if (!/^\d{1,6}(\.\d{1,9})?s$/.test(operationDelay))
    throw new StartError(`${origin(SETTINGS.operationDelay)} must be a duration in seconds such as 30s, not "${operationDelay}".`)
  const url = text(SETTINGS.url)
  if (url !== undefined && !/^http:\/\/([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?\/?$/i.test(url))
    throw new StartError(`${origin(SETTINGS.url)} must be like http://127.0.0.1:9080, not "${url}".`)
  const address = text(SETTINGS.address)
  if (address !== undefined && !/^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(address))
    throw new StartError(`--address must be like host.docker.internal or 172.18.0.1:9080, not "${address}".`)
  const client = list(SETTINGS.client)
  const stranger = client.find((name) => name !== 'all' && !CLIENTS.includes(name as Client))
  if (stranger !== undefined)
    throw new StartError(`${origin(SETTINGS.client)} must be of ${CLIENTS.join(', ')}, or all, not "${stranger}".`)
  const isDescribed = ROWS.some(({ flag, of }) => of === undefined && flags[flag] !== undefined)
  if (isDescribed && flags.url)
    throw new StartError('--url names an emulator that runs, and other options describe a new one: give one or the other.')
  if (flags.seed && flags['no-seed']) throw new StartError('--seed and --no-seed exclude each other: give one of them.')
  return {
    host: text(SETTINGS.host)!,
    port: Number(port),
    data: text(SETTINGS.data),
    seed: !flags.seed && isOn(SETTINGS.noSeed) ? false : text(SETTINGS.seed),
    project: text(SETTINGS.project)!,
    strictProjects: isOn(SETTINGS.strictProjects),
    lenient: isOn(SETTINGS.lenient),
    maxLogEntries: maxLogEntries === undefined ? undefined : Number(maxLogEntries),
    operationDelay,
    iam: oneOf(SETTINGS.iam, IAM_MODES),
    iamOwner: member(SETTINGS.iamOwner),
    as: member(SETTINGS.as),
    logLevel: oneOf(SETTINGS.logLevel, LOG_LEVELS),
    cert: text(SETTINGS.cert),
    key: text(SETTINGS.key),
    sans: list(SETTINGS.san),
    webhookHosts: list(SETTINGS.webhookHosts),
    endpointsFile: text(SETTINGS.endpointsFile),
    url: isDescribed ? undefined : url?.replace(/\/$/, ''),
    client: client.includes('all') ? 'all' : [...new Set(client as Client[])],
    mode: text(SETTINGS.mode) === undefined ? undefined : oneOf(SETTINGS.mode, MODES),
    force: isOn(SETTINGS.force),
    shell: oneOf(SETTINGS.shell, SHELLS),
    unset: isOn(SETTINGS.unset),
    cluster: text(SETTINGS.cluster),
    namespace: text(SETTINGS.namespace),
    serviceAccount: text(SETTINGS.serviceAccount),
    wouldDeny: isOn(SETTINGS.wouldDeny),
    since: text(SETTINGS.since),
    json: isOn(SETTINGS.json),
    address,
    failClosed: isOn(SETTINGS.failClosed),
    format: oneOf(SETTINGS.format, FORMATS),
    isAddressGiven: isGiven(SETTINGS.host) || isGiven(SETTINGS.port),
    isProjectGiven: isGiven(SETTINGS.project),
    isDescribed,
  }
}

/** What --help prints. */
export function usage(): string {
  const rows = ROWS.map(({ flag, value, default: preset, help, env = '' }) => [
    `--${flag}${value ? ` <${value}>` : ''}`,
    `${help}${preset ? ` (${preset})` : ''}`,
    env,
  ])
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length))
  const lines = rows.map(([flag, help, env]) => `  ${flag!.padEnd(width(0))}  ${help!.padEnd(width(1))}  ${env}`.trimEnd())
  return `Usage: binauthz-emulator [start] [options]
       binauthz-emulator env [options]
       binauthz-emulator exec [options] -- COMMAND [ARGUMENT ...]
       binauthz-emulator explain [options] IMAGE [IMAGE ...]
       binauthz-emulator decisions [options]
       binauthz-emulator webhook [options]

A local emulator of Google Cloud's attestation and admission stack: Cloud KMS, Container Analysis, Binary Authorization, GKE admission.

start      serves until SIGTERM or Ctrl-C. The first line on stdout is its URL, logs go to stderr.
env        prints what points clients at an emulator that runs: eval "$(binauthz-emulator env)". env --unset takes it back.
exec       runs one command in that environment and ends with its exit code. Where no emulator runs, or where an option says what it is
           to hold, it starts one of its own on a free port, and ends it with the command.
explain    asks the emulator that runs whether images may be deployed now, and tells what decided, and what would make them pass. Its exit
           code is 2 where one is denied.
decisions  lists what the emulator that runs has decided, the newest first; with --would-deny what enforcement would block, in groups.
webhook    prints what makes the API server of kind, k3s or minikube ask the emulator that runs, for kubectl apply -f -; with --format
           imagepolicy and kubeconfig the two files of the older ImagePolicyWebhook.

With --mode direct a client has the emulator for its endpoint. With proxy it is gcloud's proxy for Google's own hosts, over plain HTTP;
with takeover that of any client, over HTTPS, which needs its CA and no change of an endpoint. Without --mode gcloud has proxy, terraform
and kubectl direct, and node, python, go and docker takeover. Where env and exec find real credentials they stop, unless --force is given.

Options, what they are without being given, and the environment variable of each:
${lines.join('\n')}
  ${'--version'.padEnd(width(0))}  print the version
  ${'--help'.padEnd(width(0))}  print this
`
}

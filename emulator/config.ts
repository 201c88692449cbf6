// Every setting of the emulator in one table: name, flag, environment variable, default, help. The only reader of process.env.
import { parseArgs } from 'node:util'
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
  logLevel: string
}

interface Setting {
  flag: string
  /** What stands for its value in the help; a switch has none. */
  value?: string
  env: string
  default?: string
  help: string
}

const SETTINGS = {
  host: { flag: 'host', value: 'address', env: 'BINAUTHZ_EMULATOR_HOST', default: '127.0.0.1', help: 'listen here' },
  port: { flag: 'port', value: 'port', env: 'BINAUTHZ_EMULATOR_PORT', default: '9080', help: '0 takes a free one' },
  data: {
    flag: 'data',
    value: 'folder',
    env: 'BINAUTHZ_EMULATOR_DATA',
    help: 'keep all data here; otherwise it is in memory and gone at the end',
  },
  seed: { flag: 'seed', value: 'file', env: 'BINAUTHZ_EMULATOR_SEED', help: 'what a new store begins with; otherwise the demo' },
  noSeed: { flag: 'no-seed', env: 'BINAUTHZ_EMULATOR_NO_SEED', help: 'begin with nothing' },
  project: {
    flag: 'project',
    value: 'id',
    env: 'BINAUTHZ_EMULATOR_PROJECT',
    default: 'my-app-prod',
    help: `project of the demo; what ${'$'}{project} is in a seed file`,
  },
  strictProjects: {
    flag: 'strict-projects',
    env: 'BINAUTHZ_EMULATOR_STRICT_PROJECTS',
    help: 'refuse projects that the seed does not name',
  },
  logLevel: {
    flag: 'log-level',
    value: 'level',
    env: 'BINAUTHZ_EMULATOR_LOG_LEVEL',
    default: 'info',
    help: LOG_LEVELS.join(', '),
  },
} satisfies Record<string, Setting>

const ROWS: Setting[] = Object.values(SETTINGS)

/** The command and its flags; throws StartError with one sentence for what is no flag, lacks its value or follows no flag. */
export function parseCommandLine(args: string[]) {
  const options = Object.fromEntries(ROWS.map(({ flag, value }) => [flag, { type: value ? 'string' : 'boolean' } as const]))
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
    })
    const { help, version, ...flags } = values as Record<string, string | boolean>
    return { command: version ? 'version' : help ? 'help' : positionals.join(' ') || 'start', flags }
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\. |\n/) // the rest of it is about other flags
    throw new StartError(`${sentence}: see binauthz-emulator --help.`)
  }
}

/** The configuration: a flag wins over its environment variable, that over the default. Throws StartError with one sentence for a wrong value. */
export function readConfig(flags: Record<string, string | boolean>, env: NodeJS.ProcessEnv = process.env): Config {
  const origin = ({ flag, env: name }: Setting) => (flags[flag] === undefined ? name : `--${flag}`)

  function text(setting: Setting): string | undefined {
    const flag = flags[setting.flag]
    if (flag === '') throw new StartError(`--${setting.flag} needs a value: ${setting.help}.`)
    return (flag as string | undefined) ?? (env[setting.env] || setting.default)
  }

  function isOn(setting: Setting): boolean {
    const value = String(flags[setting.flag] ?? (env[setting.env] || false))
    if (/^(1|true|yes|on)$/i.test(value)) return true
    if (/^(0|false|no|off)$/i.test(value)) return false
    throw new StartError(`${setting.env} must be true or false, not "${value}".`)
  }

  const port = text(SETTINGS.port)!
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new StartError(`${origin(SETTINGS.port)} must be a number from 0 to 65535, not "${port}".`)
  const logLevel = text(SETTINGS.logLevel)!
  if (!LOG_LEVELS.includes(logLevel))
    throw new StartError(`${origin(SETTINGS.logLevel)} must be one of ${LOG_LEVELS.join(', ')}, not "${logLevel}".`)
  if (flags.seed && flags['no-seed']) throw new StartError('--seed and --no-seed exclude each other: give one of them.')
  return {
    host: text(SETTINGS.host)!,
    port: Number(port),
    data: text(SETTINGS.data),
    seed: !flags.seed && isOn(SETTINGS.noSeed) ? false : text(SETTINGS.seed),
    project: text(SETTINGS.project)!,
    strictProjects: isOn(SETTINGS.strictProjects),
    logLevel,
  }
}

/** What --help prints. */
export function usage(): string {
  const rows = ROWS.map(({ flag, value, default: preset, help, env }) => [
    `--${flag}${value ? ` <${value}>` : ''}`,
    `${help}${preset ? ` (${preset})` : ''}`,
    env,
  ])
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length))
  const lines = rows.map(([flag, help, env]) => `  ${flag!.padEnd(width(0))}  ${help!.padEnd(width(1))}  ${env}`)
  return `Usage: binauthz-emulator [start] [options]

A local emulator of Google Cloud's attestation and admission stack: Cloud KMS, Container Analysis, Binary Authorization, GKE admission.
The first line on stdout is its URL, logs go to stderr. It ends at SIGTERM or Ctrl-C.

Options, what they are without being given, and the environment variable of each:
${lines.join('\n')}
  ${'--version'.padEnd(width(0))}  print the version
  ${'--help'.padEnd(width(0))}  print this
`
}

// Every setting of the emulator in one table: name, flag, environment variable, default, help. The only reader of process.env.

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
  name: keyof Config
  flag: string
  env: string
  default?: string
  help: string
}

export const SETTINGS: Setting[] = [
  { name: 'host', flag: '--host <address>', env: 'BINAUTHZ_EMULATOR_HOST', default: '127.0.0.1', help: 'address to listen on' },
  {
    name: 'port',
    flag: '--port <port>',
    env: 'BINAUTHZ_EMULATOR_PORT',
    default: '9080',
    help: 'port to listen on; 0 takes a free one',
  },
  {
    name: 'data',
    flag: '--data <folder>',
    env: 'BINAUTHZ_EMULATOR_DATA',
    help: 'folder that keeps all data; without it everything is in memory',
  },
  {
    name: 'seed',
    flag: '--seed <file>',
    env: 'BINAUTHZ_EMULATOR_SEED',
    help: 'what a new store begins with; the demo project unless given',
  },
  { name: 'seed', flag: '--no-seed', env: 'BINAUTHZ_EMULATOR_NO_SEED', help: 'begin with an empty store' },
  {
    name: 'project',
    flag: '--project <id>',
    env: 'BINAUTHZ_EMULATOR_PROJECT',
    default: 'my-app-prod',
    help: 'project of the demo seed (${project} in a seed file)',
  },
  {
    name: 'strictProjects',
    flag: '--strict-projects',
    env: 'BINAUTHZ_EMULATOR_STRICT_PROJECTS',
    help: 'refuse projects that the seed does not name',
  },
  {
    name: 'logLevel',
    flag: '--log-level <level>',
    env: 'BINAUTHZ_EMULATOR_LOG_LEVEL',
    default: 'info',
    help: 'debug, info, warn, error or silent',
  },
]

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

const isOn = (value: string | undefined) => value !== undefined && /^(1|true|yes|on)$/i.test(value)

/** The configuration: a flag wins over its environment variable, that over the default. Throws a sentence for a wrong value. */
export function readConfig(flags: Partial<Record<keyof Config, string | boolean>>, env: NodeJS.ProcessEnv = process.env): Config {
  const text = (name: keyof Config) => {
    const setting = SETTINGS.find((row) => row.name === name)!
    const flag = flags[name]
    return typeof flag === 'string' ? flag : env[setting.env] || setting.default
  }
  const port = Number(text('port'))
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new RangeError(`--port must be a number from 0 to 65535, not "${text('port')}".`)
  const logLevel = text('logLevel')!
  if (!LOG_LEVELS.includes(logLevel))
    throw new RangeError(`--log-level must be one of ${LOG_LEVELS.join(', ')}, not "${logLevel}".`)
  const noSeed = flags.seed === false || (flags.seed === undefined && isOn(env.BINAUTHZ_EMULATOR_NO_SEED))
  return {
    host: text('host')!,
    port,
    data: text('data'),
    seed: noSeed ? false : text('seed'),
    project: text('project')!,
    strictProjects: flags.strictProjects === true || isOn(env.BINAUTHZ_EMULATOR_STRICT_PROJECTS),
    logLevel,
  }
}

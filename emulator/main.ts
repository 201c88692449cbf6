// The command line: read the configuration, start, stop on SIGTERM; or point a shell, or one command, at an emulator.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, createApp } from './app.ts'
import { type Config, inherited, parseCommandLine, readConfig, usage } from './config.ts'
import { StartError } from './core/database.ts'
import { caFileOf, writeEndpoints } from './endpoints.ts'
import { refuseCredentials, setEnvironment, unsetEnvironment } from './env.ts'
import { choose } from './env-clients.ts'
import { cacheFolder, wiringOf } from './env-files.ts'
import { exec, type OwnEmulator } from './exec.ts'
import { listen, localUrlOf, urlOf } from './listen.ts'
import { createLogger } from './log.ts'
import { findEmulator, noEmulator } from './running.ts'

type CommandLine = ReturnType<typeof parseCommandLine>

const COMMANDS: Record<string, (line: CommandLine) => unknown> = {
  start: ({ flags }) => start(readConfig(flags)),
  env: ({ flags }) => printEnvironment(readConfig(flags)),
  exec: async ({ flags, rest }) => {
    const config = readConfig(flags)
    process.exit(await exec(rest, config, () => startForCommand(config, flags)))
  },
  explain: async ({ flags, operands }) => {
    const { explain } = await import('./explain.ts')
    process.exitCode = await explain(operands, readConfig(flags), terminal())
  },
  decisions: async ({ flags }) => {
    const { decisions } = await import('./explain.ts')
    await decisions(readConfig(flags), terminal())
  },
  webhook: async ({ flags }) => {
    const { webhook } = await import('./webhook.ts')
    process.stdout.write(await webhook(readConfig(flags)))
  },
  help: () => process.stdout.write(usage()),
  version: () =>
    process.stdout.write(`${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`),
}

const terminal = () => ({
  write: (text: string) => void process.stdout.write(text),
  isColoured: process.stdout.isTTY === true && !inherited.NO_COLOR,
})

async function start(config: Config) {
  let app: App | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      app?.close()
      process.exit(0)
    })
  const log = createLogger(config.logLevel)
  app = await createApp({ ...config, log })
  const { address, port } = await listen(app.server, config.host, config.port)
  const endpoints = { url: localUrlOf(address, port), pid: process.pid, project: config.project, caFile: caFileOf(config) }
  process.once('exit', writeEndpoints(config.endpointsFile, endpoints))
  process.stdout.write(`${urlOf(address, port)}\n`)
  const seed = config.seed === false ? 'none' : (config.seed ?? 'demo')
  log.info({ data: config.data ?? 'in memory', ...(app.isNew ? { seed } : { seedAtReset: seed }) }, 'ready')
}

/** The emulator of one command: it has the command's stderr, so it says there only what it must. */
async function startForCommand({ host, ...config }: Config, flags: CommandLine['flags']): Promise<OwnEmulator> {
  const log = createLogger(flags['log-level'] ? config.logLevel : 'warn')
  const { server, close } = await createApp({ ...config, log })
  const { address, port } = await listen(server, host, 0)
  return { url: localUrlOf(address, port), project: config.project, close }
}

async function printEnvironment(config: Config) {
  const { shell, unset, force } = config
  if (unset) return process.stdout.write(unsetEnvironment(shell, inherited))
  const choices = choose(config)
  refuseCredentials(inherited, force)
  const emulator = await findEmulator(config)
  if (!emulator) throw new StartError(noEmulator(config))
  const folder = cacheFolder(inherited)
  const wiring = await wiringOf(choices, emulator, folder, join(folder, 'gcloud'))
  return process.stdout.write(setEnvironment(wiring, shell, inherited))
}

/** One line that says what is wrong and what to do, and exit code 1. */
function fail(message: string): never {
  process.stderr.write(`binauthz-emulator: ${message}\n`)
  process.exit(1)
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // whoever read them may go away
try {
  const line = parseCommandLine(process.argv.slice(2))
  const run = Object.hasOwn(COMMANDS, line.command) && COMMANDS[line.command]
  if (!run) throw new StartError(`There is no command "${line.command}": see binauthz-emulator --help.`)
  await run(line)
} catch (error) {
  if (!(error instanceof StartError)) throw error
  fail(error.message)
}

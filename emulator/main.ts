// The command line: read the configuration, start, stop on SIGTERM.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type App, createApp } from './app.ts'
import { type Config, parseCommandLine, readConfig, usage } from './config.ts'
import { StartError } from './core/database.ts'
import { createLogger } from './log.ts'

const COMMANDS: Record<string, (flags: Record<string, string | boolean>) => unknown> = {
  start: (flags) => start(readConfig(flags)),
  help: () => process.stdout.write(usage()),
  version: () =>
    process.stdout.write(`${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`),
}

async function start(config: Config) {
  let app: App | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      app?.close()
      process.exit(0)
    })
  const log = createLogger(config.logLevel)
  app = await createApp({ ...config, log })
  const { server, isNew } = app
  server.once('error', (error: NodeJS.ErrnoException) => {
    const inUse =
      error.code === 'EADDRINUSE' &&
      `Port ${config.port} is in use: stop what listens there, or choose another with --port (0 takes a free one).`
    fail(inUse || `Cannot listen on ${config.host}:${config.port} (${error.message}): choose others with --host and --port.`)
  })
  server.listen(config.port, config.host, () => {
    const { address, family, port } = server.address() as AddressInfo
    process.stdout.write(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}\n`)
    const seed = config.seed === false ? 'none' : (config.seed ?? 'demo')
    log.info({ data: config.data ?? 'in memory', ...(isNew ? { seed } : { seedAtReset: seed }) }, 'ready')
  })
}

/** One line that says what is wrong and what to do, and exit code 1. */
function fail(message: string): never {
  process.stderr.write(`binauthz-emulator: ${message}\n`)
  process.exit(1)
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // whoever read them may go away
try {
  const { command, flags } = parseCommandLine(process.argv.slice(2))
  const run = Object.hasOwn(COMMANDS, command) && COMMANDS[command]
  if (!run) throw new StartError(`There is no command "${command}": see binauthz-emulator --help.`)
  await run(flags)
} catch (error) {
  if (!(error instanceof StartError)) throw error
  fail(error.message)
}

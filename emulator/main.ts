// The command line: read the configuration, start, stop on SIGTERM.
import type { AddressInfo } from 'node:net'
import { Command } from 'commander'
import { pino } from 'pino'
import { createApp } from './app.ts'
import { type Config, readConfig, SETTINGS } from './config.ts'
import { StartError } from './core/database.ts'

async function start(flags: Record<string, string | boolean>) {
  const config = readConfig(flags as Partial<Record<keyof Config, string | boolean>>)
  const log = pino({ level: config.logLevel, base: undefined }, pino.destination({ dest: 2, sync: true }))
  const app = await createApp({ ...config, log })
  app.server.once('error', (error: NodeJS.ErrnoException) => {
    const inUse =
      error.code === 'EADDRINUSE' &&
      `Port ${config.port} is in use: stop what listens there, or choose another with --port (0 takes a free one).`
    fail(inUse || `Cannot listen on ${config.host}:${config.port}: ${error.message}.`)
  })
  app.server.listen(config.port, config.host, () => {
    const { address, family, port } = app.server.address() as AddressInfo
    process.stdout.write(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}\n`)
    log.info({ data: config.data ?? 'in memory', seed: config.seed === false ? 'none' : (config.seed ?? 'demo') }, 'ready')
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      app.close()
      process.exit(0)
    })
}

/** One line that says what is wrong and what to do, and exit code 1. */
function fail(message: string): never {
  process.stderr.write(`binauthz-emulator: ${message}\n`)
  process.exit(1)
}

const program = new Command('binauthz-emulator').description(
  "A local emulator of Google Cloud's attestation and admission stack.",
)
const startCommand = program
  .command('start', { isDefault: true })
  .description('start the emulator; the first line on stdout is its URL')
for (const { flag, env, default: value, help } of SETTINGS)
  startCommand.option(flag, `${help} (${env}${value === undefined ? '' : `; default ${value}`})`)
startCommand.action((flags) => start(flags))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof StartError || error instanceof RangeError) fail(error.message)
  throw error
}

// The library: an emulator inside the process that tests with it (docs/testing.md). Nothing of it is shared between two emulators.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Emulator, EmulatorOptions, EnvironmentOptions } from '../bin/library.cjs'
import { type AppOptions, createApp } from './app.ts'
import { inherited, readConfig } from './config.ts'
import type { Clock } from './core/clock.ts'
import { environmentOf } from './env.ts'
import { choose } from './env-clients.ts'
import { wiringOf } from './env-files.ts'
import { listen, localUrlOf } from './listen.ts'
import { createLogger } from './log.ts'

const OPTIONS: Record<keyof EmulatorOptions, true> = {
  ...{ port: true, host: true, data: true, seed: true, project: true, strictProjects: true, now: true, logLevel: true },
}

/** See bin/library.d.cts. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name))
  if (unknown) throw new TypeError(`startEmulator has no option "${unknown}"; it has ${Object.keys(OPTIONS).join(', ')}.`)
  const { port = 0, host = '127.0.0.1', project = 'my-app-prod', now, logLevel = 'silent', seed, data, strictProjects } = options
  const log = createLogger(logLevel)
  const app = await createApp({ data, seed: seedOf(seed), project, strictProjects, clock: now && clockOf(now), log })
  const url = await listen(app.server, host, port).then(
    ({ address, port }) => localUrlOf(address, port),
    async (error) => {
      await app.close()
      throw error
    },
  )
  let folder: string | undefined
  const newFolder = () => {
    folder ??= mkdtempSync(join(tmpdir(), 'binauthz-emulator-'))
    return folder
  }

  async function close() {
    await app.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  }

  return {
    url,
    get env() {
      return environmentOf({ ...choose({ client: ['gcloud'] }), url, project, gcloudFolder: newFolder() }, inherited)
    },
    async environment(options = {}) {
      const choices = choose(readChoice(options))
      return environmentOf(await wiringOf(choices, { url, project }, newFolder()), inherited)
    },
    reset: app.reset,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** As the command line has them. */
function readChoice({ client = 'gcloud', mode, ...others }: EnvironmentOptions) {
  const [unknown] = Object.keys(others)
  if (unknown) throw new TypeError(`environment has no option "${unknown}"; it has client, mode.`)
  const flags = { client: [client].flat().join(','), ...(mode !== undefined && { mode }) }
  return readConfig(flags, {})
}

function seedOf(seed: EmulatorOptions['seed']): AppOptions['seed'] {
  if (typeof seed === 'string') return seed.includes('\n') ? { yaml: seed } : seed
  return typeof seed === 'object' ? { yaml: JSON.stringify(seed, null, 2) } : seed
}

/** The clock of the caller, in milliseconds, as one that is later at each reading. */
function clockOf(now: () => number): Clock {
  let last = 0n
  return {
    nanos() {
      const reading = BigInt(Math.trunc(now())) * 1_000_000n
      last = reading > last ? reading : last + 1000n
      return last
    },
  }
}

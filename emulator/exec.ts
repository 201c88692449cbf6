// Runs one command that sees the emulator: in the environment that `env` prints, with an emulator of its own where none runs.
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, inherited } from './config.ts'
import { StartError } from './core/database.ts'
import { environmentOf, refuseCredentials } from './env.ts'
import { choose } from './env-clients.ts'
import { wiringOf } from './env-files.ts'
import { findEmulator, type RunningEmulator } from './running.ts'

/** What a terminal or a supervisor ends a command with. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

/** What shells answer where a program is not there, and where it is no program. */
const NOT_STARTED: Record<string, number> = { ENOENT: 127, EACCES: 126 }

export interface OwnEmulator extends RunningEmulator {
  close(): void
}

/** Runs the command to its end. Resolves with its exit code, 128 and the signal's number where a signal ended it. `start` gives an emulator
 * on a free port. */
export async function exec([program, ...args]: string[], config: Config, start: () => Promise<OwnEmulator>): Promise<number> {
  if (program === undefined) throw new StartError('exec needs a command after "--": see binauthz-emulator --help.')
  const choices = choose(config)
  refuseCredentials(inherited, config.force)
  const running = config.isDescribed ? undefined : await findEmulator(config)
  const own = running ? undefined : await start()
  const folder = mkdtempSync(join(tmpdir(), 'binauthz-emulator-'))
  try {
    const wiring = await wiringOf(choices, (running ?? own)!, folder)
    return await run(program, args, { ...inherited, ...environmentOf(wiring, inherited) })
  } finally {
    rmSync(folder, { recursive: true, force: true })
    own?.close()
  }
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { spawn } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    // before the command is there, which may be sent a signal at once
    for (const signal of SIGNALS)
      process.on(signal, () => {
        // a terminal sends these two to the command itself
        if (!process.stdin.isTTY || !['SIGINT', 'SIGQUIT'].includes(signal)) child.kill(signal)
      })
    const child = spawn(program, args, { env, stdio: 'inherit' })
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = NOT_STARTED[error.code ?? '']
      if (code === undefined) return reject(error)
      process.stderr.write(`binauthz-emulator: "${program}" cannot be run (${error.code}).\n`)
      resolve(code)
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}

// Runs the programs that the suites use as a user would: gcloud, openssl, gpg, curl, python3. Never blocks, so that independent commands
// run side by side.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll } from 'vitest'

export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as it came, for what is no text. */
  bytes: Buffer
}

export interface CommandOptions {
  input?: string | Buffer
  env?: NodeJS.ProcessEnv
  cwd?: string
}

/** Runs a program to its end, whatever its exit code. Rejects only where it cannot be started. */
export function run(program: string, args: string[], { input, env, cwd }: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: env ?? process.env, cwd })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const bytes = Buffer.concat(out)
      resolve({ code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes })
    })
    child.stdin.on('error', () => {}) // a program that does not read its input closes it
    child.stdin.end(input)
  })
}

/** As `run`, and throws with what the program said where its exit code is not 0. */
export async function succeed(program: string, args: string[], options?: CommandOptions): Promise<CommandResult> {
  const result = await run(program, args, options)
  if (result.code !== 0)
    throw new Error(`${[program, ...args].join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`)
  return result
}

export const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

const folders: string[] = []
// registered before any hook of a suite, it runs behind them all
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder that goes when the suite ends. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'binauthz-')))
  folders.push(folder)
  return folder
}

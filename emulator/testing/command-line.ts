// The command line as a process of its own, in an environment that holds nothing of the test's but PATH.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

export const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface CommandLine {
  /** Runs it to its end. */
  run(args: string[], env?: Variables, input?: string): Promise<Outcome>
  /** Starts an emulator and waits for the first line on stdout. */
  start(args: string[], env?: Variables): Promise<Running>
  /** Starts it, whatever it is that runs then. */
  spawn(args: string[], env?: Variables): ChildProcess
}

type Variables = Record<string, string>

export interface Outcome {
  /** Exit code; null where a signal ended it. */
  status: number | null
  stdout: string
  stderr: string
}

export interface Running {
  url: string
  process: ChildProcess
  /** What came on stdout after the first line, and on stderr, when it has ended. */
  output: Promise<{ stdout: string; stderr: string }>
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** A refusal: one line on stderr, nothing on stdout, exit code 1. */
export const refusal = (sentence: string | RegExp): Outcome => ({
  status: 1,
  stdout: '',
  stderr: typeof sentence === 'string' ? `binauthz-emulator: ${sentence}\n` : expect.stringMatching(sentence),
})

/** `folder` is what it takes for the folder of temporary files, so that it neither sees nor disturbs an emulator of the user's. */
export function commandLine(folder: string): CommandLine {
  const spawnMain = (args: string[], env: Variables = {}) =>
    spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, TMPDIR: folder, HOME: folder, ...env } })

  async function run(args: string[], env?: Variables, input?: string): Promise<Outcome> {
    const child = spawnMain(args, env)
    child.stdin.on('error', () => {}).end(input)
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { status, stdout, stderr }
  }

  async function start(args: string[], env?: Variables): Promise<Running> {
    const child = spawnMain(args, env)
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines = createInterface({ input: child.stdout })
    const rest: string[] = []
    const closed = once(child, 'close')
    const stderr = text(child.stderr)
    const url = await new Promise<string>((resolve, reject) => {
      lines.once('line', (line) => {
        lines.on('line', (later) => rest.push(later))
        resolve(line)
      })
      lines.once('close', () => stderr.then((lines) => reject(new Error(`the emulator ended: ${lines}`))))
    })
    return {
      url,
      process: child,
      output: closed.then(async () => ({ stdout: rest.join('\n'), stderr: await stderr })),
      async end(signal) {
        child.kill(signal)
        const [code] = await closed
        return code
      },
    }
  }

  return { run, start, spawn: spawnMain }
}

// The built emulator as its user has it: a process of its own, reached over HTTP alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { succeed, temporaryFolder } from './commands.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The file that is run, seen from ROOT: the package's own, unless EMULATOR_ENTRY names another. */
export const ENTRY = process.env.EMULATOR_ENTRY ?? 'bin/binauthz-emulator.js'

export interface Answer {
  status: number
  body: any
}

export interface Emulator {
  /** Without a slash at its end. */
  url: string
  pid: number
  /** A JSON request, answered whatever its status. */
  http(method: string, path: string, body?: unknown): Promise<Answer>
  /** A JSON request that must succeed; resolves with the body. */
  call(method: string, path: string, body?: unknown): Promise<any>
  /** Ends it with SIGTERM and resolves with its exit code. Rejects where it has logged an error of its own. */
  stop(): Promise<number | null>
}

const running = new Set<ChildProcess>()
// what a suite that failed has left behind
afterAll(() => {
  for (const child of running) child.kill()
})

/** Starts an emulator on a free port. */
export async function startEmulator(...flags: string[]): Promise<Emulator> {
  if (!process.env.EMULATOR_ENTRY) await succeed(process.execPath, ['build/bundle.ts', '--if-stale'], { cwd: ROOT })
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BINAUTHZ_EMULATOR_')))
  // so that no shell of the user takes it for one of his
  env.BINAUTHZ_EMULATOR_ENDPOINTS_FILE = join(temporaryFolder(), 'endpoints.json')
  const child = spawn(process.execPath, [ENTRY, 'start', '--port', '0', '--log-level', 'warn', ...flags], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const exit = once(child, 'close')
  const url = await firstLine(child.stdout, exit, () => log)

  async function http(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  }

  async function call(method: string, path: string, body?: unknown) {
    const answer = await http(method, path, body)
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async function stop() {
    child.kill('SIGTERM')
    const [code] = await exit
    running.delete(child)
    if (/"level":"error"/.test(log)) throw new Error(`The emulator has logged errors:\n${log}`)
    return code
  }

  return { url, pid: child.pid!, http, call, stop }
}

/** The URL, which is the first line on stdout and stands there alone. */
async function firstLine(stdout: NodeJS.ReadableStream, exit: Promise<unknown>, log: () => string): Promise<string> {
  let text = ''
  const line = new Promise<string>((resolve) =>
    stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    }),
  )
  const first = await Promise.race([line, exit.then(() => undefined)])
  if (first === undefined) throw new Error(`The emulator ended instead of starting:\n${log()}`)
  if (!/^http:\/\/\S+$/.test(first)) throw new Error(`The first line on stdout is no URL: ${first}`)
  return first
}

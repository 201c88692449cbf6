/// <reference lib="esnext.disposable" />
// What `import { startEmulator } from 'binauthz-emulator'` and `require('binauthz-emulator')` give. docs/testing.md shows it in use.

export interface EmulatorOptions {
  /** The port to listen on; 0, which it is without, takes a free one. */
  port?: number
  /** The address to listen on, 127.0.0.1. */
  host?: string
  /** A folder that keeps the data; without it all is in memory. */
  data?: string
  /** What a new store begins with and what `reset` goes back to: the path of a seed file, its YAML (more than one line), or what that YAML
   * says as an object; false for nothing. Without it the demo. `${project}` stands for the option `project`. */
  seed?: string | object | false
  /** Project of the demo, and of the commands that run in `env`: my-app-prod. */
  project?: string
  /** Refuse projects that the seed does not name. */
  strictProjects?: boolean
  /** The time of the emulator, in milliseconds since the epoch, where it is not to be the machine's. It never goes back. */
  now?: () => number
  /** Writes logs to stderr, from this level on. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export type Client = 'gcloud' | 'node' | 'python' | 'go' | 'terraform' | 'kubectl' | 'docker'

export interface EnvironmentOptions {
  /** Who is to ask the emulator: gcloud, unless given. */
  client?: Client | 'all' | readonly Client[]
  /** How: the client has it for its endpoint, as a proxy for plain HTTP, or as one for HTTPS. Without it each client has the mode with which
   * it needs no change: gcloud `proxy`, terraform and kubectl `direct`, the others `takeover`. */
  mode?: 'direct' | 'proxy' | 'takeover'
}

export interface Emulator {
  /** `http://127.0.0.1:PORT`, without a slash at its end. It answers when `startEmulator` has resolved. */
  readonly url: string
  /** Variables for a process that is to use the emulator, gcloud above all: `spawn('gcloud', args, { env: { ...process.env, ...env } })`.
   * Undefined where a variable must not be set. */
  readonly env: Record<string, string | undefined>
  /** The same for other clients. Certificates and keys that they need are in files, which are gone when the emulator is closed. Rejects with
   * an Error for a client that has not the mode. Credentials of yours are undefined in it. */
  environment(options?: EnvironmentOptions): Promise<Record<string, string | undefined>>
  /** Goes back to the seed, in one step. */
  reset(): Promise<void>
  /** Ends it, with the requests that are under way. Resolves when the port is free. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts an emulator in this process. Several may run side by side and share nothing. Rejects with an Error whose message says what is
 * wrong with the options, the seed, the data or the port. */
export function startEmulator(options?: EmulatorOptions): Promise<Emulator>

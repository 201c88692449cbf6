// The endpoints file: where an emulator that runs can be reached. `start` writes it, `env` and `exec` read it.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { StartError } from './core/database.ts'

export interface Endpoints {
  url: string
  pid: number
  /** The project that a seed without one of its own is about. */
  project: string
  /** The CA that clients must trust, which is there from the first use of TLS on; null where it is in memory, or a certificate was given.
   * GET /_emulator/ca.pem has it in every case. */
  caFile: string | null
}

/** Where an emulator keeps the certificate of its CA. */
export const caFileOf = ({ data, cert }: { data: string | undefined; cert: string | undefined }) =>
  data === undefined || cert !== undefined ? null : join(resolve(data), 'tls', 'ca.pem')

/** One of each user's own. Where several emulators run, it tells of the one that was started last. */
const endpointsOfUser = () => join(tmpdir(), `binauthz-emulator-${process.getuid?.() ?? 'user'}.json`)

/** Writes the file, readable by its owner alone, and replaces one that is there at once. Returns what removes it, unless another emulator
 * has written it since. Throws StartError where the file that is asked for cannot be written; the user's own is done without. */
export function writeEndpoints(file: string | undefined, endpoints: Endpoints): () => void {
  const path = file ?? endpointsOfUser()
  const temporary = `${path}.${process.pid}`
  try {
    rmSync(temporary, { force: true }) // of a process with the same number that was killed
    writeFileSync(temporary, `${JSON.stringify(endpoints)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    if (file === undefined) return () => {}
    rmSync(temporary, { force: true })
    throw new StartError(
      `The endpoints file cannot be written (${(error as Error).message}): give another with --endpoints-file.`,
    )
  }
  return () => {
    if (readEndpoints(path)?.pid === process.pid) rmSync(path, { force: true })
  }
}

/** What the file says; undefined where there is none, where it is not this user's, or where the process that wrote it has ended. */
export function readEndpoints(file: string | undefined): Endpoints | undefined {
  const path = file ?? endpointsOfUser()
  try {
    // whoever could write it could send gcloud anywhere
    if (file === undefined && process.getuid && statSync(path).uid !== process.getuid()) return undefined
    const endpoints = JSON.parse(readFileSync(path, 'utf8')) as Endpoints
    return isRunning(endpoints.pid) ? endpoints : undefined
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

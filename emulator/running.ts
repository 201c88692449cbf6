// Finds the emulator that `env` and `exec` are for, and asks it whether it is ready.
import { get } from 'node:http'
import type { Config } from './config.ts'
import { StartError } from './core/database.ts'
import { readEndpoints } from './endpoints.ts'
import { localUrlOf } from './listen.ts'

export interface RunningEmulator {
  /** Without a slash at its end. */
  url: string
  project: string
}

/** The emulator at --url, else that of --endpoints-file, else the one at --host and --port where they are given, else that of the user's
 * endpoints file, else the one at port 9080. Undefined where none runs; throws StartError where --url or the file names one that does not
 * answer, or what answers is something else. */
export async function findEmulator(config: Config): Promise<RunningEmulator | undefined> {
  const { url, project, endpointsFile, isAddressGiven } = config
  if (url !== undefined) return mustAnswer({ url, project }, 'start one there')
  if (endpointsFile !== undefined) {
    const named = readEndpoints(endpointsFile)
    return named && mustAnswer(named, `it is the one that ${endpointsFile} names`)
  }
  const last = isAddressGiven ? undefined : readEndpoints(undefined)
  if (last && (await ask(last.url)) === 'READY') return last
  const address = addressOf(config)
  const answer = await ask(address)
  if (answer === 'SOMETHING_ELSE') throw new StartError(notAnEmulator(address))
  return answer === 'READY' ? { url: address, project } : undefined
}

/** What to say where `findEmulator` has found none. */
export const noEmulator = (config: Config) =>
  config.endpointsFile === undefined
    ? `No emulator answers at ${addressOf(config)}: start one, or name another with --url.`
    : `No running emulator has written ${config.endpointsFile}: start one with this --endpoints-file, or name another with --url.`

const notAnEmulator = (url: string) => `What answers at ${url} is no binauthz-emulator: name one with --url.`

const addressOf = ({ host, port }: Config) => localUrlOf(host, port)

async function mustAnswer({ url, project }: RunningEmulator, hint: string): Promise<RunningEmulator> {
  const answer = await ask(url)
  if (answer === 'SOMETHING_ELSE') throw new StartError(notAnEmulator(url))
  if (answer === 'NOTHING') throw new StartError(`No emulator answers at ${url}: ${hint}, or name another with --url.`)
  return { url, project }
}

/** The certificate of the emulator's CA, PEM. Throws StartError where it has none to give. */
export async function fetchCa(url: string): Promise<string> {
  const answer = await read(`${url}/_emulator/ca.pem`)
  if (answer.status === 200 && /^-----BEGIN CERTIFICATE-----$/m.test(answer.text)) return answer.text
  throw new StartError(`The emulator at ${url} gives no CA, without which its TLS cannot be trusted: choose another --mode.`)
}

/** Who answers at /_emulator/readyz? */
async function ask(url: string): Promise<'READY' | 'NOTHING' | 'SOMETHING_ELSE'> {
  const { status, text } = await read(`${url}/_emulator/readyz`)
  if (status === undefined) return 'NOTHING'
  return /"status":\s*"READY"/.test(text.slice(0, 1000)) ? 'READY' : 'SOMETHING_ELSE'
}

/** Much more than a certificate, or a word, needs. */
const MAX_LENGTH = 100_000

/** What is answered; status undefined where nobody does, 0 where it is no HTTP. */
function read(url: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text = (text + chunk).slice(0, MAX_LENGTH)
      })
      response.on('close', () => resolve({ status: response.statusCode, text }))
    })
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      resolve({ status: /^HPE_/.test(code) ? 0 : undefined, text: '' }),
    )
  })
}

// `binauthz-emulator explain` and `decisions`: ask an emulator that runs, as any HTTP client could, and print for people or programs.
import { request } from 'node:http'
import type { Config } from './config.ts'
import { StartError } from './core/database.ts'
import { coloured, decisionLines, printable, wouldDenyLines } from './explain-text.ts'
import { findEmulator, noEmulator, type RunningEmulator } from './running.ts'

export interface Terminal {
  write(text: string): void
  isColoured: boolean
}

/** Explains what admission would decide now; resolves with the exit code: 0, or 2 where it denies an image. Throws StartError where no
 * emulator runs, or where it refuses to answer. */
export async function explain(images: string[], config: Config, terminal: Terminal): Promise<number> {
  const emulator = await emulatorFor(config)
  const { cluster, namespace, serviceAccount } = config
  const project = config.isProjectGiven ? config.project : emulator.project
  const answer = await ask(emulator, 'POST', '/_emulator/decisions:explain', {
    images,
    project,
    cluster,
    namespace,
    serviceAccount,
  })
  print(answer, answer.explanation, config, terminal)
  return answer.verdict === 'DENIED' ? 2 : 0
}

/** Lists decisions of the project that is named, else of all. Throws StartError as `explain` does. */
export async function decisions(config: Config, terminal: Terminal) {
  const emulator = await emulatorFor(config)
  const { wouldDeny, since, project, isProjectGiven } = config
  const query = new URLSearchParams({
    ...(isProjectGiven && { project }),
    ...(since && { since }),
    ...(wouldDeny && { wouldDeny: 'true' }),
  })
  const answer = await ask(emulator, 'GET', `/_emulator/decisions?${query}`)
  print(answer, wouldDeny ? wouldDenyLines(answer, since) : decisionLines(answer, since), config, terminal)
}

function print(answer: object, lines: string[], { json }: Config, { write, isColoured }: Terminal) {
  if (json) write(`${JSON.stringify(answer, null, 2)}\n`)
  else for (const line of lines.map(printable)) write(`${isColoured ? coloured(line) : line}\n`)
}

async function emulatorFor(config: Config): Promise<RunningEmulator> {
  const emulator = await findEmulator(config)
  if (!emulator) throw new StartError(noEmulator(config))
  return emulator
}

/** The answer; StartError with the emulator's own words where it refuses. */
function ask({ url }: RunningEmulator, method: string, path: string, body?: object): Promise<any> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new StartError(`The emulator at ${url} gives no answer: ${why}.`))
    // no proxy of the environment's, which `env` may have set to the emulator itself
    const sent = request(url + path, { method, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', ({ message }) => fail(message))
      response.on('end', () => {
        let answer: any
        try {
          answer = JSON.parse(Buffer.concat(parts).toString())
        } catch {
          return fail(`it is no JSON, status ${response.statusCode}`)
        }
        if (response.statusCode === 200) resolve(answer)
        else reject(new StartError(answer.error?.message ?? `The emulator at ${url} answers status ${response.statusCode}.`))
      })
    })
    sent.on('error', ({ message }) => fail(message))
    sent.end(body && JSON.stringify(body))
  })
}

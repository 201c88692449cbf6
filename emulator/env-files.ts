// The files that variables name: the CA of an emulator, and the key of a service account that only the emulator knows.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { StartError } from './core/database.ts'
import { KEY_FILE } from './env.ts'
import { type Choices, isTakenOver, needsKey, type Variables, type Wiring } from './env-clients.ts'
import { fetchCa, type RunningEmulator } from './running.ts'
import { newPrivateKey, type ServiceAccount, serviceAccountKey } from './service-account.ts'

/** Where `env` keeps gcloud's configuration and its own files, from one use to the next. */
export const cacheFolder = (inherited: Variables) =>
  join(inherited.XDG_CACHE_HOME || join(homedir(), '.cache'), 'binauthz-emulator')

/** Who asks for a token where the key says so, as Google's own keys do. The emulator has this host too. */
const TOKEN_URI = 'https://oauth2.googleapis.com/token'

/** Writes the files that these clients need into a folder, and returns what points the clients at the emulator. The names of the files are
 * those of the emulator's address: a shell that has them goes on with a new emulator there. Throws StartError where the emulator gives no CA
 * to clients that are taken over, or the folder cannot be written. */
export async function wiringOf(
  choices: Choices,
  { url, project }: RunningEmulator,
  folder: string,
  gcloudFolder = folder,
): Promise<Wiring> {
  const takenOver = isTakenOver(choices)
  const ca = takenOver ? await fetchCa(url) : isProxied(choices) ? await fetchCa(url).catch(() => undefined) : undefined
  const address = new URL(url).host.replace(/[^\w.]+/g, '-')
  const wiring = { ...choices, url, project, gcloudFolder }
  const email = choices.principal?.replace(/^serviceAccount:/, '')
  const account = email === undefined ? '' : `-${email.replace(/[^\w.]+/g, '-')}`
  return {
    ...wiring,
    ...(ca && { caFile: writeFile(folder, `ca-${address}.pem`, ca) }),
    ...(needsKey(choices) && {
      keyFile: keyFileOf(folder, `${KEY_FILE}${address}-${takenOver ? 'takeover' : 'direct'}${account}.json`, {
        project,
        ...(email !== undefined && { email }),
        tokenUri: takenOver ? TOKEN_URI : `${url}/token`,
      }),
    }),
  }
}

/** These clients ask over plain HTTP, but for a little, without which they still work. */
const isProxied = ({ choices }: Choices) => choices.some(({ mode }) => mode === 'proxy')

/** One that is there is kept, so that programs which run go on with it. */
function keyFileOf(folder: string, name: string, wanted: ServiceAccount): string {
  try {
    const key = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    if (key.project_id === wanted.project && key.token_uri === wanted.tokenUri) return join(folder, name)
  } catch {} // there is none, or it is none
  const { privateKeyPem, privateKeyId } = newPrivateKey()
  return writeFile(folder, name, `${JSON.stringify(serviceAccountKey(wanted, privateKeyPem, privateKeyId), null, 2)}\n`)
}

/** Replaces the file in one step. Nobody else can read it. */
function writeFile(folder: string, name: string, content: string): string {
  const path = join(folder, name)
  const temporary = `${path}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(temporary, content, { mode: 0o600 })
    renameSync(temporary, path)
  } catch (error) {
    throw new StartError(`${path} cannot be written (${(error as Error).message}): give another folder with XDG_CACHE_HOME.`)
  }
  return path
}

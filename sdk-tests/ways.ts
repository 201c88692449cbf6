// The ways in which Google's client libraries for Python and Go get to the emulator: pointed at it in their code, or taken over by nothing
// but the environment that `env` prints. What both read of the environment in the first case:
//   SDK_TRANSPORT   grpc or rest
//   SDK_ENDPOINT    of the emulator, with its scheme; {api} in it stands for the name of an API. Without it a client is made without arguments
//   BINAUTHZ_EMULATOR_URL   where a cluster posts its reviews
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT } from './emulator.ts'

export type Language = 'python' | 'go' | 'node'

export interface Way {
  title: string
  /** Does the client look for Application Default Credentials? */
  hasCredentials: boolean
  environment(emulator: Emulator, language: Language): Promise<NodeJS.ProcessEnv>
}

const home = temporaryFolder()

/** That of a user without credentials, without a proxy and with a cache of his own. Which CAs the machine trusts is left as it is. */
export const userEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GOOGLE|GCE|GCLOUD|CLOUDSDK|BINAUTHZ_EMULATOR)_|_proxy$/i.test(name)),
  ),
  HOME: home,
  XDG_CACHE_HOME: join(home, 'cache'),
  NO_PROXY: '127.0.0.1,localhost',
})

async function trustingEnvironment(emulator: Emulator): Promise<NodeJS.ProcessEnv> {
  const ca = join(temporaryFolder(), 'ca.pem')
  writeFileSync(ca, (await emulator.http('GET', '/_emulator/ca.pem')).body)
  return { ...userEnvironment(), SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ca }
}

/** The environment of a program, as `env` prints it for its language. */
export async function printedEnvironment(
  emulator: Emulator,
  language: Language,
  mode: 'direct' | 'takeover',
): Promise<NodeJS.ProcessEnv> {
  const env = userEnvironment()
  const args = ['env', '--client', language, '--mode', mode, '--shell', 'json', '--url', emulator.url]
  const { stdout } = await succeed(process.execPath, [ENTRY, ...args], { cwd: ROOT, env })
  const changes: [string, string | null][] = Object.entries(JSON.parse(stdout))
  return { ...env, ...Object.fromEntries(changes.map(([name, value]) => [name, value ?? undefined])) }
}

/** Pointed at the emulator in code. BoringSSL, which gRPC for Python brings along, takes the certificate for a name only (`Identity` in
 * emulator/transports/tls/identity.ts says why), so that host is localhost where there is TLS. */
const pointed = (title: string, transport: 'grpc' | 'rest', scheme: 'http' | 'https', path = ''): Way => ({
  title,
  hasCredentials: false,
  async environment(emulator) {
    const url = scheme === 'http' ? emulator.url : `https://localhost:${new URL(emulator.url).port}`
    const env = scheme === 'http' ? userEnvironment() : await trustingEnvironment(emulator)
    return { ...env, SDK_TRANSPORT: transport, SDK_ENDPOINT: `${url}${path}`, BINAUTHZ_EMULATOR_URL: url }
  },
})

const unmodified = (title: string, transport: 'grpc' | 'rest'): Way => ({
  title,
  hasCredentials: true,
  environment: async (emulator, language) => ({
    ...(await printedEnvironment(emulator, language, 'takeover')),
    SDK_TRANSPORT: transport,
  }),
})

/** In place of the key file it is a machine of Google's that says who one is. */
const onMachine = (title: string, transport: 'grpc' | 'rest'): Way => ({
  title,
  hasCredentials: true,
  async environment(emulator, language) {
    const { GOOGLE_APPLICATION_CREDENTIALS, ...env } = await printedEnvironment(emulator, language, 'takeover')
    const { host } = new URL(emulator.url)
    return { ...env, SDK_TRANSPORT: transport, GCE_METADATA_HOST: host, GCE_METADATA_IP: host }
  },
})

export const WAYS: Way[] = [
  pointed('gRPC', 'grpc', 'http'),
  pointed('REST', 'rest', 'http'),
  pointed("REST under each API's prefix", 'rest', 'http', '/{api}'),
  pointed('gRPC over TLS', 'grpc', 'https'),
  pointed('REST over TLS', 'rest', 'https'),
  unmodified('gRPC, taken over', 'grpc'),
  unmodified('REST, taken over', 'rest'),
  onMachine('gRPC, taken over on a machine', 'grpc'),
  onMachine('REST, taken over on a machine', 'rest'),
]

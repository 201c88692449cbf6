// The real gcloud, with a configuration of its own. Directly: every API's endpoint is the emulator's URL. Or inside `exec`, which makes the
// emulator its proxy and leaves Google's host names.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandResult, isInstalled, run, temporaryFolder } from '../commands.ts'
import { ENTRY, ROOT } from '../emulator.ts'

const APIS = ['artifactregistry', 'binaryauthorization', 'cloudkms', 'containeranalysis', 'logging', 'serviceusage']

export interface Gcloud {
  /** Runs one command to its end, whatever its exit code. */
  run(...args: string[]): Promise<CommandResult>
  /** Runs one command that must succeed, and resolves with its stdout. */
  ok(...args: string[]): Promise<string>
  /** Writes a file that commands can name, and returns its path. */
  file(name: string, content: string | Buffer): string
}

/** False, and one line that says so, on a machine without gcloud. */
export function hasGcloud(suite: string): boolean {
  const found = isInstalled('gcloud')
  if (!found) process.stderr.write(`gcloud is not on the PATH: ${suite} is skipped\n`)
  return found
}

/** gcloud for one project of the emulator at `url`. Prompts are answered with their default. */
export function createGcloud(url: string, project: string, way: 'directly' | 'inside exec' = 'directly'): Gcloud {
  const folder = temporaryFolder()
  const overrides = APIS.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`, `${url}/`])
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CLOUDSDK_') || name === 'CLOUDSDK_PYTHON')
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries([...inherited, ...overrides]),
    HOME: folder,
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    CLOUDSDK_CONFIG: join(folder, 'config'),
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: project,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
  }
  const exec = [join(ROOT, ENTRY), 'exec', '--url', url, '--project', project, '--', 'gcloud']
  const gcloud = (...args: string[]) =>
    way === 'directly'
      ? run('gcloud', args, { env, cwd: folder })
      : run(process.execPath, [...exec, ...args], { env: { ...Object.fromEntries(inherited), HOME: folder }, cwd: folder })
  return {
    run: gcloud,
    async ok(...args) {
      const { code, stdout, stderr } = await gcloud(...args)
      if (code !== 0) throw new Error(`gcloud ${args.join(' ')} ended with ${code}:\n${stderr}`)
      return stdout
    },
    file(name, content) {
      const path = join(folder, name)
      writeFileSync(path, content)
      return path
    },
  }
}

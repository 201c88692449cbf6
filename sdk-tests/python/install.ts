// Google's client libraries for Python, in a virtual environment of the suites.
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run, succeed } from '../commands.ts'
import { ROOT } from '../emulator.ts'

export const FOLDER = join(ROOT, 'sdk-tests/python')

/** What the libraries need: Python 3.10, and what makes virtual environments, which Debian has in a package of its own. */
const NEEDED = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))'

export const hasPython = async () => (await run('python3', ['-c', NEEDED]).catch(() => ({ code: 1 }))).code === 0

/** The interpreter of an environment that has what requirements.txt names. It is kept until that file changes. */
export async function virtualEnvironment(): Promise<string> {
  const [folder, requirements] = [join(FOLDER, '.venv'), join(FOLDER, 'requirements.txt')]
  const [python, installed] = [join(folder, 'bin/python'), join(folder, 'requirements.txt')]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(requirements, 'utf8')) return python
  rmSync(folder, { recursive: true, force: true })
  await succeed('python3', ['-m', 'venv', folder])
  await succeed(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  copyFileSync(requirements, installed)
  return python
}

// Installs Google's client libraries for the suites, with exactly the versions of package-lock.json.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { succeed } from '../commands.ts'

const FOLDER = import.meta.dirname

/** Does nothing where they are installed already. Throws where they cannot be. */
export async function installSdks() {
  const written = (file: string) => statSync(join(FOLDER, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (written('node_modules/.package-lock.json') >= written('package-lock.json')) return
  await succeed('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER })
}

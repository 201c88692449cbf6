// Replays a seed file through the operations that clients use, so that nothing can be seeded which a client could not have made.

import type { Clock } from './core/clock.ts'
import { type Database, StartError } from './core/database.ts'
import type { Dispatcher } from './core/dispatch.ts'
import { camelCase } from './core/field-mask.ts'
import { canonicalProject, createProject } from './core/projects.ts'
import { type FieldViolation, StatusError } from './core/status.ts'
import type { SeedText } from './seed-file.ts'
import { type SeedCall, type SeedOperation, seedSteps } from './seed-steps.ts'
import { memberOf, type SeedValue, seedError } from './seed-value.ts'

export interface Replay {
  /** Path of the seed file, or what would stand in it; the demo without it. */
  file?: string | SeedText
  /** What `${project}` stands for in the file. */
  project: string
  dispatcher: Dispatcher
  db: Database
  /** Checks a request against the contract and answers it in canonical form. The demo does without it: a test holds that it would change
   * nothing there, and a start need not wait for the descriptors. */
  checkRequest(api: string, method: string, request: object): Promise<object>
}

/** Throws StartError, one sentence with file, line and path, for any mistake in the file and for whatever an operation refuses. */
export async function replaySeed({ file, project, dispatcher, db, checkRequest }: Replay): Promise<void> {
  try {
    canonicalProject(db, `projects/${project}`, false)
  } catch {
    throw new StartError(`--project must be a project ID (6 to 30 lower-case letters, digits and hyphens), not "${project}".`)
  }
  const { projects, steps } = seedSteps(await readSeed(file, project))
  for (const at of projects)
    await located(at, () => {
      const id = at.path.slice('projects.'.length)
      if (/^\d+$/.test(id)) throw seedError(at, 'a project here is named by its ID, not by its number.')
      canonicalProject(db, `projects/${id}`, false)
      createProject(db, id)
    })
  const call: SeedCall = (at, api, method, request, run) =>
    located(at, async () => {
      const checked = file === undefined ? request : await checkRequest(api, method, request)
      return run ? dispatcher.run(run, checked) : dispatcher.call(api, method, checked)
    })
  const operate: SeedOperation = (at, operation, request) => located(at, () => dispatcher.run(operation, request))
  for (const step of steps) await step.run(call, operate)
}

async function readSeed(file: Replay['file'], project: string): Promise<SeedValue> {
  if (file === undefined) return (await import('./demo-seed.ts')).demoSeed(project)
  const { readSeedFile, readSeedText } = await import('./seed-file.ts')
  return typeof file === 'string' ? readSeedFile(file, project) : readSeedText(file, project)
}

/** The clock of a replay: it begins an hour ago and goes on by 10 ms a reading. Keys are thus ready at the next call, whatever the
 * emulator's own clock does, and all that is seeded lies in the past. */
export function seedClock({ nanos }: Clock): Clock {
  let now = nanos() - 3_600_000_000_000n
  return { nanos: () => (now += 10_000_000n) }
}

async function located<T>(at: SeedValue, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const [violation] = error.details.flatMap((detail) => (detail.fieldViolations ?? []) as FieldViolation[])
    if (!violation) throw seedError(at, error.message)
    const { field = '', description } = violation
    const place = memberAt(at, field)
    const [, unknown] = /Unknown name "([^"]*)".*Cannot find field/.exec(description) ?? []
    const member = unknown !== undefined && memberOf(place, unknown)
    if (member) throw seedError(member, `unknown key "${unknown}".`)
    throw seedError(place, description.replace(/^Invalid JSON payload received\. /, ''))
  }
}

/** The member of a seed value that a request's field came from: `policy.cluster_admission_rules[0].value.evaluation_mode`. */
function memberAt(at: SeedValue, field: string): SeedValue {
  let found = at
  for (const name of field.match(/[^.[\]]+/g) ?? []) {
    const member = memberOf(found, name) ?? memberOf(found, camelCase(name))
    found = member ?? (/^\d+$/.test(name) ? found.members[Number(name)]?.[1] : undefined) ?? found
  }
  return found
}

// A seed as a tree that remembers where everything stands, so that a mistake can be named by file, line and path.
import { StartError } from './core/database.ts'

export interface SeedValue {
  file: string
  line: number
  /** `projects.my-app-prod.policy`; empty for the whole file. */
  path: string
  /** What YAML says there, as JavaScript. */
  value: unknown
  /** What a mapping has by key, a sequence by index ("0", "1" …), in the order of the file. */
  members: [key: string, SeedValue][]
}

/** One sentence that names the place; it stops the start. */
export const seedError = ({ file, line, path }: Pick<SeedValue, 'file' | 'line' | 'path'>, message: string) =>
  new StartError(`${file}:${line}: ${path && `${path}: `}${message.replace(/\s*\n\s*/g, ' ')}`)

export const memberOf = ({ members }: SeedValue, key: string): SeedValue | undefined =>
  members.find(([name]) => name === key)?.[1]

/** The members of a mapping that may have these keys and no others. Nothing at all is an empty mapping. */
export function fields<K extends string>(at: SeedValue, known: K[], required: K[] = []): Partial<Record<K, SeedValue>> {
  for (const [key, member] of entries(at))
    if (!known.includes(key as K)) throw seedError(member, `unknown key "${key}"; known here: ${known.join(', ')}.`)
  for (const key of required) if (!memberOf(at, key)) throw seedError(at, `${key} is missing.`)
  return Object.fromEntries(at.members) as Partial<Record<K, SeedValue>>
}

export function entries(at: SeedValue): [string, SeedValue][] {
  object(at)
  return at.members
}

export function object(at: SeedValue): Record<string, unknown> {
  const value = at.value ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) throw seedError(at, 'must be a mapping of keys to values.')
  return value as Record<string, unknown>
}

export function items(at: SeedValue): SeedValue[] {
  if (!Array.isArray(at.value)) throw seedError(at, 'must be a list.')
  return at.members.map(([, item]) => item)
}

export function text(at: SeedValue): string {
  if (typeof at.value !== 'string' || at.value === '') throw seedError(at, 'must be text.')
  return at.value
}

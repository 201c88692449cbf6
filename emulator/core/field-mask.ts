// Field masks (https://google.aip.dev/161) over ProtoJSON documents.
import { isObject } from './json.ts'
import { invalidArgument } from './status.ts'

export const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

type Document = Record<string, unknown>

// a path may name `__proto__` or `constructor`: nothing inherited is read or written
const own = (value: unknown, key: string) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined)
const set = (to: Document, key: string, value: unknown) =>
  Object.defineProperty(to, key, { value, writable: true, enumerable: true, configurable: true })

/** The paths of a mask, in camelCase. `[]` where it is missing or empty. */
export const maskPaths = (mask: string | undefined): string[] =>
  (mask ?? '')
    .split(',')
    .map((path) => camelCase(path.trim()))
    .filter(Boolean)

/** A copy of `target` in which each path has the value that it has in `source` (absent there: removed). */
export function applyMask<T extends object>(target: T, source: object, paths: string[]): T {
  const result = structuredClone(target) as Document
  for (const path of paths) {
    const parts = path.split('.')
    const last = parts.pop()!
    let to = result
    let from: unknown = source
    for (const part of parts) {
      from = own(from, part)
      if (!isObject(own(to, part))) set(to, part, {})
      to = own(to, part) as Document
    }
    const value = own(from, last)
    if (value === undefined) delete to[last]
    else set(to, last, structuredClone(value))
  }
  return result as T
}

/** Refuses paths that the API cannot change. `allowed` are paths; one covers all below it. */
export function checkMask(paths: string[], allowed: string[], describe: (path: string) => string) {
  for (const path of paths)
    if (!allowed.some((prefix) => path === prefix || path.startsWith(`${prefix}.`))) throw invalidArgument(describe(path))
}

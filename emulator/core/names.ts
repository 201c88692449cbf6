// Resource names (https://google.aip.dev/122): patterns such as `projects/{project}/notes/{note}`.
import { invalidArgument } from './status.ts'

type Variables<P extends string> = P extends `${string}{${infer V}}${infer Rest}` ? V | Variables<Rest> : never

export interface NamePattern<P extends string = string> {
  readonly pattern: P
  /** The variables of a name of this form; undefined for any other text. */
  match(name: string): Record<Variables<P>, string> | undefined
  /** The same, but any other text is INVALID_ARGUMENT, naming `field`, and so is `projects/-`, which stands for every project. */
  parse(name: string | undefined, field?: string): Record<Variables<P>, string>
  format(variables: Record<Variables<P>, string>): string
}

export function namePattern<P extends string>(pattern: P): NamePattern<P> {
  const expression = new RegExp(`^${pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '([^/]+)')}$`)
  const keys = Array.from(pattern.matchAll(/\{(\w+)\}/g), ([, key]) => key as Variables<P>)
  const match = (name: string) => {
    const found = expression.exec(name)
    if (!found) return undefined
    const variables = {} as Record<Variables<P>, string> // made here: a copy of the groups of a RegExp takes four times as long
    for (const [index, key] of keys.entries()) variables[key] = found[index + 1]!
    return variables
  }
  return {
    pattern,
    match,
    parse(name = '', field = 'name') {
      const variables = match(name)
      if (!variables)
        throw invalidArgument(`Invalid resource field value in the request: ${field} "${name}" is not of the form ${pattern}.`)
      if ((variables as Record<string, string>).project === '-')
        throw invalidArgument(`Invalid resource field value in the request: ${field} "${name}" must name one project.`)
      return variables
    },
    format: (variables) => pattern.replace(/\{(\w+)\}/g, (_, key: string) => (variables as Record<string, string>)[key] ?? ''),
  }
}

/** The name without its last collection and id: `projects/p/notes/n` → `projects/p`. */
export const parentOf = (name: string) => name.split('/').slice(0, -2).join('/')

/** The last segment of a name. */
export const idOf = (name: string) => name.slice(name.lastIndexOf('/') + 1)

/** Those of Cloud Run's v1 begin with `namespaces/`. */
export const isResourceName = (value: unknown): value is string =>
  typeof value === 'string' && /^(projects|namespaces)\/[^/]+/.test(value)

/** The resource that a request is about, where it names one: `name`, `parent` and the like, or the name of a resource in it. */
export function resourceNamed(request: Record<string, any>): string | undefined {
  const { name, resource, parent, attestor, logName } = request
  return [name, resource, parent, attestor, logName, ...Object.values(request).map((value) => value?.name)].find(isResourceName)
}

/** A name of Cloud Run's v1 has no location: it is the region of the host. */
export const locatedName = (name: string, region: string | undefined) =>
  name.replace(/^namespaces\/([^/]+)/, `projects/$1${region ? `/locations/${region}` : ''}`)

// Resource names (https://google.aip.dev/122): patterns such as `projects/{project}/notes/{note}`.
import { invalidArgument } from './status.ts'

type Variables<P extends string> = P extends `${string}{${infer V}}${infer Rest}` ? V | Variables<Rest> : never

export interface NamePattern<P extends string = string> {
  readonly pattern: P
  /** The variables of a name of this form; undefined for any other text. */
  match(name: string): Record<Variables<P>, string> | undefined
  /** The same, but any other text is INVALID_ARGUMENT, naming `field`. */
  parse(name: string | undefined, field?: string): Record<Variables<P>, string>
  format(variables: Record<Variables<P>, string>): string
}

export function namePattern<P extends string>(pattern: P): NamePattern<P> {
  const expression = new RegExp(`^${pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)
  const match = (name: string) => {
    const groups = expression.exec(name)?.groups
    return groups && ({ ...groups } as Record<Variables<P>, string>)
  }
  return {
    pattern,
    match,
    parse(name = '', field = 'name') {
      const variables = match(name)
      if (!variables)
        throw invalidArgument(`Invalid resource field value in the request: ${field} "${name}" is not of the form ${pattern}.`)
      return variables
    },
    format: (variables) => pattern.replace(/\{(\w+)\}/g, (_, key: string) => (variables as Record<string, string>)[key] ?? ''),
  }
}

/** The name without its last collection and id: `projects/p/notes/n` → `projects/p`. */
export const parentOf = (name: string) => name.split('/').slice(0, -2).join('/')

/** The last segment of a name. */
export const idOf = (name: string) => name.slice(name.lastIndexOf('/') + 1)

// gRPC names a method and no path, so what the path says over REST must come from elsewhere: which API is meant, where several have the
// same service (google.iam.v1.IAMPolicy, google.longrunning.Operations), follows from the host, then from the resource's name. And a name
// must have the form that the path would give it, since operations count on that.
import { camelCase } from '../../core/field-mask.ts'
import { invalidArgument } from '../../core/status.ts'
import type { RouteTable } from '../rest/router.ts'

type Request = Record<string, unknown>

/** A field of the request that the path of a binding holds: `name` in `/v1/{name=projects/*}/locations`, with the form of its values. */
interface Variable {
  field: string
  pattern: string
  form: RegExp
}

interface Candidate {
  api: string
  hosts: string[]
  /** The variables of each REST binding. */
  bindings: Variable[][]
}

export interface Methods {
  /** Every `package.Service/Method` that an API has. */
  names: string[]
  /** The API that a call is for; undefined where none of the host's has the method. `host` is a Google API's.
   * `request` is asked for only where host and method leave several. */
  apiOf(method: string, host: string | undefined, request: (api: string) => Request): string | undefined
  /** Refuses a request with names that no path of the method could hold. */
  checkNames(api: string, method: string, request: Request): void
}

export function createMethods(table: RouteTable): Methods {
  const methods = new Map<string, Candidate[]>()
  const known = new Set(Object.values(table).flatMap(({ hosts }) => hosts))
  for (const [api, { hosts, routes }] of Object.entries(table))
    for (const [, path, method] of routes) {
      const candidates = methods.get(method!) ?? []
      methods.set(method!, candidates)
      let candidate = candidates.find((one) => one.api === api)
      if (!candidate) {
        candidate = { api, hosts, bindings: [] }
        candidates.push(candidate)
      }
      candidate.bindings.push(variablesOf(path!))
    }

  return {
    names: [...methods.keys()],
    apiOf(method, host, request) {
      const all = methods.get(method) ?? []
      const candidates = host !== undefined && known.has(host) ? all.filter(({ hosts }) => hosts.includes(host)) : all
      if (candidates.length < 2) return candidates[0]?.api
      const message = request(candidates[0]!.api)
      return (candidates.find((candidate) => isNamed(candidate, message)) ?? candidates[0]!).api
    },
    checkNames(api, method, request) {
      const candidate = methods.get(method)!.find((one) => one.api === api)!
      if (isNamed(candidate, request)) return
      const { field } = candidate.bindings.flat().find((variable) => !fits(variable, request))!
      const patterns = candidate.bindings.flat().flatMap((one) => (one.field === field ? [one.pattern] : []))
      throw invalidArgument(
        `Invalid resource field value in the request: ${field} "${valueAt(field, request) ?? ''}" is not of the form ` +
          `${[...new Set(patterns)].join(' or ')}.`,
      )
    },
  }
}

const isNamed = ({ bindings }: Candidate, request: Request) =>
  bindings.some((variables) => variables.every((variable) => fits(variable, request)))

function fits({ field, form }: Variable, request: Request): boolean {
  const value = valueAt(field, request)
  return typeof value === 'string' && form.test(value)
}

/** The value at `policy.name`. */
const valueAt = (field: string, request: Request): unknown =>
  field.split('.').reduce((at: any, name) => at?.[camelCase(name)], request)

const variablesOf = (path: string): Variable[] =>
  [...path.matchAll(/\{([^=}]+)(?:=([^}]+))?\}/g)].map(([, field, pattern = '*']) => ({
    field: field!,
    pattern,
    form: formOf(pattern),
  }))

// control characters are refused in a path too
const ONE = '[^/\\0-\\x1f\\x7f]'
const SEGMENTS: Record<string, string> = { '*': `${ONE}+`, '**': `${ONE}+(?:/${ONE}*)*` }

const formOf = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split('/')
      .map((segment) => SEGMENTS[segment] ?? segment.replace(/\W/g, '\\$&'))
      .join('/')}$`,
  )

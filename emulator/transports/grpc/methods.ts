// gRPC names a method and no path, so what the path says over REST must come from elsewhere: which API is meant, where several have the
// same service (google.iam.v1.IAMPolicy, google.longrunning.Operations), follows from the host, then from the resource's name. And a name
// must have the form that the path would give it, since operations count on that.
import { camelCase } from '../../core/field-mask.ts'
import { invalidArgument } from '../../core/status.ts'
import { claimants, type RouteTable } from '../rest/router.ts'

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
  bindings: Binding[]
}

/** A way to call it over REST. */
interface Binding {
  path: string
  variables: Variable[]
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
  const claimantOf = claimants(table)
  for (const [api, { hosts, routes }] of Object.entries(table))
    for (const [, path, method] of routes) {
      const candidates = methods.get(method!) ?? []
      methods.set(method!, candidates)
      let candidate = candidates.find((one) => one.api === api)
      if (!candidate) {
        candidate = { api, hosts, bindings: [] }
        candidates.push(candidate)
      }
      candidate.bindings.push({ path: path!, variables: variablesOf(path!) })
    }

  return {
    names: [...methods.keys()],
    apiOf(method, host, request) {
      const all = methods.get(method) ?? []
      const candidates = host === undefined ? all : all.filter(({ hosts }) => hosts.includes(host))
      if (candidates.length < 2) return candidates[0]?.api
      const message = request(candidates[0]!.api)
      const claims = ({ api, bindings }: Candidate) =>
        bindings.some((binding) => fits(binding, message) && claimantOf(pathOf(binding, message)) === api)
      // a path without variables, `/v1/operations`, fits every request: it says less than one that has a place for the name
      const names = ({ bindings }: Candidate) =>
        bindings.some((binding) => binding.variables.length > 0 && fits(binding, message))
      return (
        (host === undefined && candidates.find(claims)) ||
        candidates.find(names) ||
        candidates.find(isNamed(message)) ||
        candidates[0]!
      ).api
    },
    checkNames(api, method, request) {
      const candidate = methods.get(method)!.find((one) => one.api === api)!
      if (isNamed(request)(candidate)) return
      const variables = candidate.bindings.flatMap((binding) => binding.variables)
      const { field } = variables.find((variable) => !isOfForm(variable, request))!
      const patterns = variables.flatMap((one) => (one.field === field ? [one.pattern] : []))
      throw invalidArgument(
        `Invalid resource field value in the request: ${field} "${valueAt(field, request) ?? ''}" is not of the form ` +
          `${[...new Set(patterns)].join(' or ')}.`,
      )
    },
  }
}

const isNamed =
  (request: Request) =>
  ({ bindings }: Candidate) =>
    bindings.some((binding) => fits(binding, request))

const fits = ({ variables }: Binding, request: Request) => variables.every((variable) => isOfForm(variable, request))

/** The path over REST of a request that fits. */
const pathOf = ({ path, variables }: Binding, request: Request) =>
  variables.reduce((filled, { field }) => filled.replace(/\{[^}]+\}/, () => valueAt(field, request) as string), path)

function isOfForm({ field, form }: Variable, request: Request): boolean {
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

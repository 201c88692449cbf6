// gRPC names a method and no path, so what the path says over REST must come from elsewhere: which API is meant, where several have the
// same service (google.iam.v1.IAMPolicy, google.longrunning.Operations), follows from the host, then from the resource's name.
import { matchTemplate, type PathTemplate, parseTemplate, splitPath } from '../rest/path-template.ts'
import type { RouteTable } from '../rest/router.ts'

/** One binding of a method: its template without `/v1/` in front tells the form of the resource's name. */
interface Binding {
  field: string
  form: PathTemplate
}

interface Candidate {
  api: string
  hosts: string[]
  bindings: Binding[]
}

export interface Methods {
  /** Every `package.Service/Method` that an API has. */
  names: string[]
  /** The API that a call is for; undefined where none of the host's has the method. `host` is a Google API's, or any other.
   * `request` is asked for only where host and method leave several. */
  apiOf(method: string, host: string, request: (api: string) => Record<string, unknown>): string | undefined
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
      const [, field, pattern] = /\{([^=}]+)=([^}]+)\}/.exec(path!) ?? []
      if (field && pattern) candidate.bindings.push({ field, form: parseTemplate(`/${pattern}`) })
    }

  return {
    names: [...methods.keys()],
    apiOf(method, host, request) {
      const all = methods.get(method) ?? []
      const candidates = known.has(host) ? all.filter(({ hosts }) => hosts.includes(host)) : all
      if (candidates.length < 2) return candidates[0]?.api
      const message = request(candidates[0]!.api) // shared services are the same everywhere
      const fits = ({ field, form }: Binding) => {
        const name = message[field]
        return typeof name === 'string' && hasForm(form, name)
      }
      return (candidates.find(({ bindings }) => bindings.some(fits)) ?? candidates[0]!).api
    },
  }
}

function hasForm(form: PathTemplate, name: string): boolean {
  try {
    return matchTemplate(form, splitPath(`/${name}`)) !== undefined
  } catch {
    return false // broken percent-encoding
  }
}

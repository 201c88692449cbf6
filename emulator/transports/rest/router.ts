// The route table: generated bindings of all RPCs, and the routes of the services. The Host header, then the path, decides.
import type { Route } from '../../core/service.ts'
import { matchTemplate, type PathTemplate, parseTemplate, splitPath } from './path-template.ts'
import { isGoogleHost, notServed, regionOf, withoutRegion } from './proxy.ts'

/** emulator/gen/routes.json: api id → hosts, `[HTTP method, template, "package.Service/Method", body]` rows, the regular expression of the
 * paths that are this API's where no host says whose they are, and no other's, and whether its errors have a list of errors. */
export type RouteTable = Record<string, { hosts: string[]; claims?: string; errorList?: boolean; routes: string[][] }>

interface RpcTarget {
  api: string
  method: string
  /** Request field that the body is: `*` for the whole request, empty for none. */
  body: string
  /** Have the API's errors a member `errors` (error-list.ts)? */
  errorList?: boolean
}

type Entry = { template: PathTemplate; api?: string; target: RpcTarget | Route }

export interface Match {
  target: RpcTarget | Route
  variables: Record<string, string>
}

export interface Router {
  /** The target of a request; undefined where nothing serves it. Throws URIError on broken percent-encoding. */
  find(method: string, host: string, path: string): Match | undefined
  /** The host name of the served Google API that `host` is, also where a region stands before it; undefined for any other host. */
  googleHost(host: string): string | undefined
  /** Takes the API out of a path where it stands in front, by its short name or its host: `/cloudkms/v1/…`, `/cloudkms.googleapis.com/v1/…`.
   * That keeps apart what has the same path in several APIs. Throws where it is an API that is not emulated. */
  withPrefix(path: string): { host: string; path: string; region: string | undefined } | undefined
}

/** The API that claims a path, where no host says whose it is. */
export function claimants(table: RouteTable): (path: string) => string | undefined {
  const all = Object.entries(table).flatMap(([api, { claims }]) => (claims ? [{ api, claims: new RegExp(claims) }] : []))
  return (path) => all.find(({ claims }) => claims.test(path))?.api
}

export const isRpc = (target: RpcTarget | Route): target is RpcTarget => 'api' in target

/** `hosts`: further names of Google under which the routes are served, without any RPC. */
export function createRouter(table: RouteTable, routes: Route[], hosts: string[] = []): Router {
  const index = new Map<string, Entry[]>()
  const apisOf = new Map<string, Set<string>>()
  const claimantOf = claimants(table)
  const claimed = (path: string) => {
    const claimant = claimantOf(path)
    return claimant ? new Set([claimant]) : undefined
  }

  function add(method: string, path: string, target: RpcTarget | Route, api?: string) {
    const template = parseTemplate(path)
    const count = template.segments.includes('**') ? '**' : template.segments.length
    const key = `${method} ${template.segments[0]} ${count} ${template.verb}`
    index.set(key, [...(index.get(key) ?? []), { template, target, api }])
  }

  for (const [api, { hosts, routes, errorList }] of Object.entries(table)) {
    for (const host of hosts) apisOf.set(host, (apisOf.get(host) ?? new Set()).add(api))
    for (const [httpMethod, path, method, body] of routes)
      add(httpMethod!, path!, { api, method: method!, body: body!, ...(errorList && { errorList }) }, api)
  }
  for (const route of routes) add(route.method, route.path, route)
  for (const host of hosts) apisOf.set(host, new Set())
  const prefixes = new Map([...apisOf.keys()].flatMap((host) => [host, host.split('.')[0]!].map((prefix) => [prefix, host])))
  const firstSegments = new Set([...index.keys()].map((key) => key.split(' ')[1]!))

  return {
    googleHost: (host) => [host, withoutRegion(host)].find((name) => apisOf.has(name)),
    withPrefix(path) {
      const [, prefix, rest] = /^\/([a-z][a-z0-9.-]*)(\/(?:v\d|apis\/).*)$/.exec(path) ?? []
      if (!prefix || firstSegments.has(prefix)) return undefined
      const host = prefixes.get(prefix) ?? prefixes.get(withoutRegion(prefix))
      if (!host && isGoogleHost(prefix)) throw notServed(prefix)
      return host ? { host, path: rest!, region: regionOf(prefix) } : undefined
    },
    find(method, host, path) {
      const apis = apisOf.get(host) ?? claimed(path)
      const segments = splitPath(path)
      const last = segments.at(-1) ?? ''
      const colon = last.lastIndexOf(':')
      // an id may have a colon too, so a verb that no binding has is part of the id
      const readings: [string[], string][] = [[segments, '']]
      if (colon > 0) readings.unshift([[...segments.slice(0, -1), last.slice(0, colon)], last.slice(colon + 1)])
      for (const [parts, verb] of readings)
        for (const count of [parts.length, '**'])
          for (const { template, api, target } of index.get(`${method} ${parts[0]} ${count} ${verb}`) ?? []) {
            if (apis && api && !apis.has(api)) continue
            const variables = matchTemplate(template, parts)
            if (variables) return { target, variables }
          }
      return undefined
    },
  }
}

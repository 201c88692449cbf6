// Names of v1: a namespace is a project, and its objects are in the region of the host, `europe-west2-run.googleapis.com`. Where the host
// names none, an object is looked for in all regions. `projects/P/locations/L/…` says it all.
import { collection } from '../../../core/collection.ts'
import { namePattern } from '../../../core/names.ts'
import type { Context } from '../../../core/service.ts'
import { invalidArgument, notFound } from '../../../core/status.ts'
import { isLocation, LOCATIONS } from '../../../mixins/locations.ts'
import { documentsOf, executions, jobs, revisions, services } from '../store.ts'
import type { ObjectKind } from './metadata.ts'

const NAMESPACE = namePattern('namespaces/{namespace}')
const LOCATION = namePattern('projects/{project}/locations/{location}')

/** Where something is made if neither host nor label names a region. */
export const DEFAULT_REGION = 'us-central1'

export interface Place {
  project: string
  /** Undefined for all of them. */
  location: string | undefined
}

const checkedLocation = (location: string) => {
  if (!isLocation(location)) throw notFound(`Location ${location} is not found or access is unauthorized.`)
  return location
}

/** Of `namespaces/P` or `projects/P/locations/L`, whose location may be `-`. */
export function placeOf(parent = '', ctx: Context): Place {
  const named = NAMESPACE.match(parent)
  if (!named) {
    const { project, location } = LOCATION.parse(parent, 'parent')
    return { project, location: location === '-' ? undefined : checkedLocation(location) }
  }
  const project = ctx.canonicalName(`projects/${named.namespace}`).slice('projects/'.length)
  if (project === '-') throw invalidArgument(`Invalid resource field value in the request: "${parent}" must name one project.`)
  const { region } = ctx.caller
  return { project, location: region && checkedLocation(region) }
}

/** The place and the last segment of a name. */
export function addressOf(name = '', ctx: Context): Place & { id: string } {
  const segments = name.split('/')
  return { ...placeOf(segments.slice(0, -2).join('/'), ctx), id: segments.at(-1)! }
}

const OWNERS = {
  Service: { get: (name: string, ctx: Context) => services(ctx).get(name) },
  Job: { get: (name: string, ctx: Context) => jobs(ctx).get(name) },
} as const

/** Full names of the services or jobs of one of these ids that there are at a place. */
function ownersOf(kind: keyof typeof OWNERS, { project, location }: Place, ids: string[], ctx: Context): string[] {
  const { get } = OWNERS[kind]
  const segment = kind === 'Service' ? 'services' : 'jobs'
  return (location ? [location] : LOCATIONS).flatMap((one) =>
    ids.map((id) => `projects/${project}/locations/${one}/${segment}/${id}`).filter((name) => get(name, ctx)),
  )
}

/** What a name can begin with that has its owner's in front: `a-b-c` → `a-b`, `a`. */
const prefixesOf = (id: string) => [...id.matchAll(/-/g)].map(({ index }) => id.slice(0, index)).reverse()

function namesOf(kind: ObjectKind, address: Place & { id: string }, ctx: Context): string[] {
  const { id } = address
  if (kind === 'Job') return ownersOf('Job', address, [id], ctx)
  if (kind === 'Revision')
    return ownersOf('Service', address, prefixesOf(id), ctx)
      .map((service) => `${service}/revisions/${id}`)
      .filter((name) => revisions(ctx).get(name))
  if (kind === 'Execution')
    return ownersOf('Job', address, prefixesOf(id), ctx)
      .map((job) => `${job}/executions/${id}`)
      .filter((name) => executions(ctx).get(name))
  return ownersOf('Service', address, [id], ctx)
}

export function missing(kind: ObjectKind, { project, location = '-', id }: Place & { id: string }) {
  return notFound(
    `Resource '${id}' of kind '${kind.toUpperCase()}' in region '${location}' in project '${project}' does not exist`,
  )
}

/** The full name in v2 of what a name of v1 stands for. Configurations and routes have the names of their services. NOT_FOUND where there is
 * none; INVALID_ARGUMENT where the region is open and several have it. */
export function fullName(kind: ObjectKind, name: string | undefined, ctx: Context): string {
  const address = addressOf(name, ctx)
  const [found, ...others] = namesOf(kind, address, ctx)
  if (!found) throw missing(kind, address)
  if (others.length === 0) return found
  const regions = [found, ...others].map((one) => one.split('/')[3]).join(', ')
  throw invalidArgument(
    `"${name}" is ambiguous: there is one in ${regions}. Name the region in the host, REGION-run.googleapis.com, or in front of the path, /REGION-run/….`,
  )
}

/** Documents of a place: those of its location, or of all locations one after the other. */
export function rowsOf<T>(table: 'run_services' | 'run_jobs' | 'run_revisions' | 'run_executions', place: Place, ctx: Context) {
  const { project, location } = place
  const isOwner = table === 'run_services' || table === 'run_jobs'
  return function* (after: string): Iterable<{ position: string; document: T }> {
    if (isOwner && location)
      return yield* collection<T>(ctx.db, table).iterate(`projects/${project}/locations/${location}`, after)
    if (isOwner) return yield* documentsOf<T>(ctx, table, `projects/${project}`, after)
    const locations = location ? [location] : locationsOf(table === 'run_revisions' ? 'run_services' : 'run_jobs', project, ctx)
    for (const one of locations)
      for (const { position, document } of documentsOf<T>(ctx, table, `projects/${project}/locations/${one}`)) {
        const placed = `${one} ${position}`
        if (placed > after) yield { position: placed, document }
      }
  }
}

function locationsOf(table: 'run_services' | 'run_jobs', project: string, ctx: Context): string[] {
  const found = new Set<string>()
  for (const { document } of documentsOf<{ name: string }>(ctx, table, `projects/${project}`))
    found.add(document.name.split('/')[3]!)
  return [...found].sort()
}

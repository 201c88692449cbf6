// Names of clusters, node pools and operations. A request has a name (`parent` for what is to be listed or made), or the deprecated fields
// project_id, zone, cluster_id, node_pool_id and operation_id (https://cloud.google.com/kubernetes-engine/docs/reference/rest).
import { camelCase } from '../../core/field-mask.ts'
import { type NamePattern, namePattern } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import { isLocation } from '../../mixins/locations.ts'

export const LOCATION = namePattern('projects/{project}/locations/{location}')
export const CLUSTER = namePattern('projects/{project}/locations/{location}/clusters/{cluster}')
export const NODE_POOL = namePattern('projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{nodePool}')
export const OPERATION = namePattern('projects/{project}/locations/{location}/operations/{operation}')

export type Version = 'v1' | 'v1beta1' | 'v1alpha1'

/** What a request names its target by: a name, or fields of its parts. */
export interface Naming {
  name?: string
  parent?: string
  projectId?: string
  zone?: string
  clusterId?: string
  nodePoolId?: string
  operationId?: string
}

/** Part of a name → the deprecated field for it. */
const FIELDS: Record<string, string> = {
  project: 'project_id',
  location: 'zone',
  cluster: 'cluster_id',
  nodePool: 'node_pool_id',
  operation: 'operation_id',
}

/** Fields of requests whose target is `name`, or `parent`, and goes down to the last of `ids`. */
export const namingFields = (name: 'name' | 'parent', ...ids: ('clusterId' | 'nodePoolId' | 'operationId')[]) => [
  name,
  'projectId',
  'zone',
  ...ids,
]

/** The parts of the target of a request, whose location is one that there is. Where both are given, they must agree.
 * `anywhere`: may the location be `-`, for all of them? */
export function targetOf<P extends string>(
  pattern: NamePattern<P>,
  request: Naming,
  ctx: Context,
  { key = 'name', anywhere = false }: { key?: 'name' | 'parent'; anywhere?: boolean } = {},
): ReturnType<NamePattern<P>['parse']> {
  const parts = partsOf(pattern, request, ctx)
  const target = pattern.parse(request[key] || nameOf(pattern, parts, key), key)
  for (const [part, value] of Object.entries(parts))
    if (value && value !== target[part as keyof typeof target])
      throw invalidArgument(`'${FIELDS[part]}' "${value}" is not the ${part} in '${key}' "${request[key]}".`)
  const { location } = target as { location: string }
  if (!(anywhere && location === '-') && !isRegion(location) && !isZone(location))
    throw invalidArgument(`Location "${location}" does not exist.`)
  return target
}

/** What the deprecated fields say, part by part; the project by its id. */
function partsOf({ pattern }: NamePattern, request: Naming, ctx: Context): Record<string, string> {
  const parts: Record<string, string> = {}
  for (const [, part = ''] of pattern.matchAll(/\{(\w+)\}/g))
    parts[part] = request[camelCase(FIELDS[part]!) as keyof Naming] ?? ''
  if (parts.project) parts.project = ctx.canonicalName(`projects/${parts.project}`).slice('projects/'.length)
  return parts
}

function nameOf(pattern: NamePattern, parts: Record<string, string>, key: string): string {
  const missing = Object.keys(parts).find((part) => !parts[part])
  if (missing) throw invalidArgument(`'${FIELDS[missing]}' or ${missing} in '${key}' must be specified.`)
  return pattern.format(parts as never)
}

const MULTI_REGION = /^[a-z]+\d?$/

const isRegion = (location: string) => isLocation(location) && !MULTI_REGION.test(location)

export const isZone = (location: string) => /-[a-z]$/.test(location) && isRegion(regionOf(location))

export const regionOf = (location: string) => location.replace(/-[a-z]$/, '')

/** Regions whose zones are not a, b and c. */
const LETTERS: Record<string, string> = { 'europe-west1': 'bcd', 'us-east1': 'bcd' }

/** Where the nodes of a cluster are that says nothing of it: in its zone, or in three zones of its region. */
export const defaultZones = (location: string): string[] =>
  isZone(location) ? [location] : Array.from(LETTERS[location] ?? 'abc', (letter) => `${location}-${letter}`)

/** A name as GKE writes it in links and messages, where a zone stands under `zones/`: `projects/P/zones/us-central1-a/clusters/C`. */
export const spoken = (name: string) => name.replace(/\/locations\/([^/]+-[a-z])(?=\/|$)/, '/zones/$1')

export const linkOf = (version: Version, name: string) => `https://container.googleapis.com/${version}/${spoken(name)}`

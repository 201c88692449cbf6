// What Terraform does with a resource of the provider: create, update and destroy it, read it after each, and plan. Configurations are
// written as the API has them, since the provider translates field by field.
import { isDeepStrictEqual } from 'node:util'
import type { Provider } from './provider.ts'

export type Fields = Record<string, any>

export interface Applied {
  id: string
  configuration: Fields
  /** What was read. */
  state: Fields
}

/** Paths are written `a.b`, `a.0.b`. */
export interface Resource {
  /** As a configuration calls it. */
  type: string
  /** What can be configured and is read: a difference is a change to come. */
  fields: string[]
  /** What the server may fill where it is not configured. It is sent back with an update. */
  filled?: string[]
  /** Maps of which only the configured keys are Terraform's, labels and annotations. What others have put there stays. */
  shared?: string[]
  /** What the provider, or whoever refers to the resource, cannot do without. */
  needed: string[]
  /** A configuration, or what was read, with what the provider takes for equal made equal. */
  same?(fields: Fields): Fields
  /** Resolves with the id. `name` is that of the resource, or of its parent where the server names the resource. */
  create(provider: Provider, name: string, configuration: Fields): Promise<string>
  /** Undefined where it is gone. */
  read(provider: Provider, id: string): Promise<Fields | undefined>
  /** `planned`: the configuration, with what the server has filled. */
  update?(provider: Provider, id: string, planned: Fields, state: Fields): Promise<unknown>
  destroy(provider: Provider, applied: Applied): Promise<unknown>
}

/** The label that the provider gives to whatever has labels. */
export const ATTRIBUTION = { 'goog-terraform-provisioned': 'true' }

export const idOf = (name: string) => name.split('/').at(-1)!
/** The name without collection and id. */
export const parentOf = (name: string) => name.split('/').slice(0, -2).join('/')

export const at = (fields: any, path: string): any => path.split('.').reduce((value, key) => value?.[key], fields)

/** Terraform does not tell what is not set from what is empty. */
function set(value: any): any {
  if (Array.isArray(value)) return value.length > 0 ? value.map(set) : undefined
  if (typeof value !== 'object' || value === null) return value || undefined
  const entries = Object.entries(value).flatMap(([key, child]) => (set(child) === undefined ? [] : [[key, set(child)]]))
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

const isEqual = (one: any, other: any) => isDeepStrictEqual(set(one), set(other))

/** What a plan shows: the fields in which the state is not as configured, each with what it is and what it is to become. */
export function plan(resource: Resource, configuration: Fields, state: Fields, before: Fields = {}): Fields {
  const { fields, filled = [], shared = [], same = (as) => as } = resource
  const [configured, read] = [same(configuration), same(state)]
  const differences: [string, any, any][] = [
    ...fields.map((path): [string, any, any] => [path, at(read, path), at(configured, path)]),
    ...filled
      .filter((path) => set(at(configured, path)) !== undefined)
      .map((path): [string, any, any] => [path, at(read, path), at(configured, path)]),
    ...shared.flatMap((path) =>
      Object.keys({ ...at(before, path), ...at(configured, path) }).map((key): [string, any, any] => [
        `${path}[${key}]`,
        at(read, path)?.[key],
        at(configured, path)?.[key],
      ]),
    ),
  ]
  return Object.fromEntries(
    differences.filter(([, from, to]) => !isEqual(from, to)).map(([path, from, to]) => [path, { from, to }]),
  )
}

/** The configuration with what comes from the state. */
function planned(
  { filled = [], shared = [] }: Resource,
  configuration: Fields,
  { state, configuration: before }: Applied,
): Fields {
  const fields = structuredClone(configuration)
  function put(path: string, value: any) {
    const keys = path.split('.')
    const last = keys.pop()!
    let holder: any = fields
    for (const key of keys) {
      // there may be less of a list than the path has
      if (Array.isArray(holder) && !holder[Number(key)]) return
      holder[key] ??= {}
      holder = holder[key]
    }
    if (value !== undefined) holder[last] = value
  }
  for (const path of filled) put(path, at(configuration, path) ?? at(state, path))
  for (const path of shared) {
    const removed = Object.keys(at(before, path) ?? {}).filter((key) => !(key in (at(configuration, path) ?? {})))
    const kept = Object.entries(at(state, path) ?? {}).filter(([key]) => !removed.includes(key))
    put(path, { ...Object.fromEntries(kept), ...at(configuration, path) })
  }
  return fields
}

/** Those of the paths that an update changes, for its mask. */
export const changed = (paths: string[], fields: Fields, state: Fields) =>
  paths.filter((path) => !isEqual(at(fields, path), at(state, path)))

async function refresh(provider: Provider, resource: Resource, id: string, configuration: Fields, before: Fields = {}) {
  const state = await resource.read(provider, id)
  if (!state) throw new Error(`${resource.type}: ${id} is gone as soon as it was applied`)
  const missing = resource.needed.filter((path) => at(state, path) === undefined)
  if (missing.length > 0) throw new Error(`${resource.type}: there is no ${missing.join(', ')} in ${JSON.stringify(state)}`)
  const changes = plan(resource, configuration, state, before)
  if (Object.keys(changes).length > 0)
    throw new Error(`${resource.type}: the plan for ${id} is not empty: ${JSON.stringify(changes)}`)
  return { id, configuration, state }
}

/** `terraform apply` of a new resource. Rejects where what is read then lacks something, or where the next plan is not empty. */
export async function create(provider: Provider, resource: Resource, name: string, configuration: Fields): Promise<Applied> {
  return refresh(provider, resource, await resource.create(provider, name, configuration), configuration)
}

/** `terraform apply` of a changed configuration; as `create`. */
export async function update(provider: Provider, resource: Resource, applied: Applied, configuration: Fields): Promise<Applied> {
  const { id, state, configuration: before } = applied
  if (Object.keys(plan(resource, configuration, state, before)).length === 0)
    throw new Error(`${resource.type}: the changed configuration of ${id} changes nothing`)
  await resource.update!(provider, id, planned(resource, configuration, applied), state)
  return refresh(provider, resource, id, configuration, before)
}

/** `terraform destroy` of one resource; resolves with what the API still has of it. */
export async function destroy(provider: Provider, resource: Resource, applied: Applied): Promise<Fields | undefined> {
  await resource.destroy(provider, applied)
  return resource.read(provider, applied.id)
}

// ObjectMeta of the resources of v2 (https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta).
import { createHash } from 'node:crypto'
import { idOf } from '../../../core/names.ts'
import { projectId, projectNumber } from '../../../core/projects.ts'
import type { Context } from '../../../core/service.ts'
import { aborted } from '../../../core/status.ts'
import type { components } from '../../../gen/run.v1.ts'
import { type StringMap, violation } from './annotations.ts'
import { defined } from './fields.ts'

export type ObjectMeta = components['schemas']['ObjectMeta']

/** Kinds of objects, each with its group and how it stands in URLs. */
export const KINDS = {
  Service: { group: 'serving.knative.dev', collection: 'services' },
  Revision: { group: 'serving.knative.dev', collection: 'revisions' },
  Configuration: { group: 'serving.knative.dev', collection: 'configurations' },
  Route: { group: 'serving.knative.dev', collection: 'routes' },
  Job: { group: 'run.googleapis.com', collection: 'jobs' },
  Execution: { group: 'run.googleapis.com', collection: 'executions' },
  Task: { group: 'run.googleapis.com', collection: 'tasks' },
} as const

export type ObjectKind = keyof typeof KINDS

export const apiVersionOf = (kind: ObjectKind) => `${KINDS[kind].group}/v1`

interface Resource {
  name?: string
  uid?: string
  generation?: string
  createTime?: string
  deleteTime?: string
  etag?: string
}

const partsOf = (name: string) => name.split('/') as [string, string, string, string, ...string[]]

/** The label that says where an object is, which its name in v1 does not. */
export const LOCATION_LABEL = 'cloud.googleapis.com/location'

/** `apiVersion`, `kind` and `metadata` of an object. */
export function objectOf(
  kind: ObjectKind,
  resource: Resource,
  ctx: Context,
  more: Pick<ObjectMeta, 'annotations' | 'labels'> & Partial<ObjectMeta>,
) {
  const { name = '', uid, generation = '1', createTime, deleteTime, etag } = resource
  const { group, collection } = KINDS[kind]
  const [, project, , location] = partsOf(name)
  const namespace = projectNumber(ctx.db, project)
  const metadata: ObjectMeta = defined({
    ...more,
    name: idOf(name),
    namespace,
    selfLink: `/apis/${group}/v1/namespaces/${namespace}/${collection}/${idOf(name)}`,
    uid,
    resourceVersion: resourceVersion(etag),
    generation: Number(generation),
    creationTimestamp: createTime,
    deletionTimestamp: deleteTime,
    labels: { ...more.labels, [LOCATION_LABEL]: location },
  })
  return { apiVersion: apiVersionOf(kind), kind, metadata }
}

/** Another etag, another version: eight bytes, which errors write as a number. */
export const resourceVersion = (etag = '') => versionBytes(etag).toString('base64url')

function versionBytes(etag: string): Buffer {
  const bytes = createHash('sha256').update(etag).digest().subarray(0, 8)
  bytes[0]! &= 0x7f
  return bytes
}

function versionNumber(version: string): string {
  const bytes = Buffer.from(version, 'base64url')
  return bytes.length === 8 ? String(bytes.readBigUInt64BE()) : version.slice(0, 100)
}

/** Refuses a write that was prepared on an older state; one without a version always passes. */
export function checkVersion({ resourceVersion: sent }: ObjectMeta, { name = '', etag }: Resource) {
  const current = resourceVersion(etag)
  if (sent && sent !== current)
    throw aborted(
      `Conflict for resource '${idOf(name)}': version '${versionNumber(sent)}' was specified but current version is '${versionNumber(current)}'.`,
    )
}

interface Sent {
  apiVersion?: string
  kind?: string
  metadata?: ObjectMeta
}

/** The metadata of what a client sends, which must be what it is sent as: of this kind, in this project and, where the path has one, of this name. */
export function checkedMetadata(
  { apiVersion, kind, metadata = {} }: Sent,
  as: ObjectKind,
  project: string,
  ctx: Context,
  id?: string,
): ObjectMeta {
  if (apiVersion && apiVersion !== apiVersionOf(as)) throw violation('apiVersion', `must be ${apiVersionOf(as)}`)
  if (kind && kind !== as) throw violation('kind', `must be ${as}`)
  const { name, namespace } = metadata
  if (namespace && projectId(ctx.db, namespace) !== project)
    throw violation('metadata.namespace', `"${namespace}" is not the project of the request, ${project}`)
  if (id && name && name !== id) throw violation('metadata.name', `"${name}" is not the name in the path, "${id}"`)
  return metadata
}

/** Who has made it and who has changed it last. */
export const authors = ({ creator, lastModifier }: { creator?: string; lastModifier?: string }, group: string): StringMap =>
  defined({ [`${group}/creator`]: creator, [`${group}/lastModifier`]: lastModifier }) as StringMap

/** What a DELETE answers. */
export function deletedStatus(kind: ObjectKind, { name = '', uid }: Resource): components['schemas']['Status'] {
  const { group, collection } = KINDS[kind]
  return { status: 'Success', details: defined({ name: idOf(name), group, kind: collection, uid }) }
}

// Key rings (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings). They cannot be deleted.
import { collection, page } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, invalidArgument, notFound } from '../../core/status.ts'
import type { components } from '../../gen/cloudkms.v1.ts'
import { isLocation } from '../../mixins/locations.ts'
import { KEY_RING, LOCATION } from './names.ts'

type Schemas = components['schemas']
type KeyRing = Schemas['KeyRing']

const RESOURCE_ID = /^[a-zA-Z0-9_-]{1,63}$/
export const LIST_LIMITS = { default: 100, max: 1000 }

const keyRings = (ctx: Context) => collection<KeyRing>(ctx.db, 'kms_key_rings')

/** Ids of key rings, keys and import jobs have one form. */
export function checkResourceId(id: string | undefined, field: string): string {
  if (!id || !RESOURCE_ID.test(id)) throw invalidArgument(`Invalid ${field} "${id ?? ''}": it must match [a-zA-Z0-9_-]{1,63}.`)
  return id
}

/** The parts of `projects/P/locations/L`, which must be a location that there is. */
function checkParent(parent: string | undefined) {
  const { project, location } = LOCATION.parse(parent, 'parent')
  if (!isLocation(location))
    throw notFound(
      `The request concerns location '${location}' but was sent to location 'global'. Either Cloud KMS is not available in '${location}' or the request was misrouted.`,
    )
  return { project, location }
}

export function createKeyRing({ parent, keyRingId }: Schemas['CreateKeyRingRequest'], ctx: Context): KeyRing {
  const { project, location } = checkParent(parent)
  const name = KEY_RING.format({ project, location, keyRing: checkResourceId(keyRingId, 'key_ring_id') })
  const keyRing: KeyRing = { name, createTime: ctx.timestamp(9) }
  if (!keyRings(ctx).insert(name, parent!, keyRing)) throw alreadyExists(`KeyRing ${name} already exists.`)
  return keyRing
}

/** The key ring, or Cloud KMS's NOT_FOUND. */
export function getKeyRing({ name = '' }: Schemas['GetKeyRingRequest'], ctx: Context): KeyRing {
  KEY_RING.parse(name)
  const keyRing = keyRings(ctx).get(name)
  if (!keyRing) throw notFound(`KeyRing ${name} not found.`)
  return keyRing
}

export function listKeyRings(request: Schemas['ListKeyRingsRequest'], ctx: Context): Schemas['ListKeyRingsResponse'] {
  const { parent = '' } = request
  checkParent(parent)
  const { items, nextPageToken } = page((after) => keyRings(ctx).iterate(parent, after), request, LIST_LIMITS, { parent })
  return { keyRings: items, nextPageToken, ...(!request.filter && { totalSize: keyRings(ctx).count(parent) }) }
}

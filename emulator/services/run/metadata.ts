// What every resource of Cloud Run carries: who made it, when, and what is said where it is not there.
import { formatTimestamp } from '../../core/clock.ts'
import { etagOf } from '../../core/etag.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { emulatorAccount } from '../../core/service-accounts.ts'
import { notFound, type StatusError } from '../../core/status.ts'
import { isLocation } from '../../mixins/locations.ts'

const DAY = 86_400_000_000_000n
/** How long a deleted resource is said to be kept. Here it is gone at once. */
const KEPT_DAYS = 30n

/** Pages of a list, unless another size is asked for. */
export const LIST_LIMITS = { default: 100, max: 1000 }

/** E-mail address of the caller; of an account of the project where the request says nothing. */
export function callerOf(project: string, { caller }: Context): string {
  const email = /^(?:user|serviceAccount):(.+)$/.exec(caller.principal ?? '')?.[1]
  return email ?? emulatorAccount(project)
}

/** Another etag for each state of a resource, and each time at which it had it. */
export const etagAt = (name: string, generation: string, ctx: Context) => etagOf([name, generation, ctx.timestamp(9)])

interface Written {
  uid?: string
  generation?: string
  createTime?: string
  creator?: string
}

/** What a service or job says of the write that makes or changes it. */
export function writtenNow(name: string, current: Written | undefined, ctx: Context) {
  const caller = callerOf(name.split('/')[1]!, ctx)
  const time = ctx.timestamp()
  return {
    name,
    uid: current?.uid ?? ctx.ids.uuid(),
    generation: nextGeneration(current),
    createTime: current?.createTime ?? time,
    updateTime: time,
    creator: current?.creator ?? caller,
    lastModifier: caller,
  }
}

const nextGeneration = (current: Written | undefined) => String(Number(current?.generation ?? 0) + 1)

/** A service or job as it was, with the time of its deletion. */
export function deletedNow<T extends Written>(resource: T, name: string, ctx: Context): T {
  const generation = nextGeneration(resource)
  return {
    ...resource,
    generation,
    updateTime: ctx.timestamp(),
    ...deletionTimes(ctx),
    lastModifier: callerOf(name.split('/')[1]!, ctx),
    etag: etagAt(name, generation, ctx),
  }
}

export const deletionTimes = (ctx: Context) => ({
  deleteTime: ctx.timestamp(),
  expireTime: formatTimestamp(ctx.nanos() + KEPT_DAYS * DAY, 6),
})

/** `service "projects/…" not found` */
export const resourceNotFound = (kind: string, name: string): StatusError => notFound(`${kind} "${name}" not found`)

/** NOT_FOUND unless it is a region, which resources of Cloud Run are in. */
export function checkRegion(location: string) {
  if (!isLocation(location) || !/^[a-z]+-[a-z]+\d+$/.test(location)) throw notFound(`Location ${location} is not found.`)
}

/** Where the logs of a resource can be seen: in Google's console, which knows nothing of this one. */
export function logUri(project: string, filter: Record<string, string>, ctx: Context): string {
  const query = Object.entries(filter).map(([key, value]) => `resource.labels.${key}="${value}"`)
  const number = projectNumber(ctx.db, project)
  return `https://console.cloud.google.com/logs/viewer?project=${number}&advancedFilter=${encodeURIComponent(query.join(' AND '))}`
}

/** The alphabet of Kubernetes' random suffixes, which has no vowels. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

export const randomSuffix = (length: number, ctx: Context) =>
  Array.from(ctx.ids.bytes(length), (byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]).join('')

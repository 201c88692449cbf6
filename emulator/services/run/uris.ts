// Host names of services: `S-<hash of the project>-<code of the region>.a.run.app`, with a tag `TAG---S-…`.
import { createHash } from 'node:crypto'
import { SERVICE } from './names.ts'

/** Codes of regions as they stand in the addresses of services; Google publishes no list. */
const REGION_CODES: Record<string, string> = {
  'asia-east1': 'de',
  'asia-east2': 'df',
  'asia-northeast1': 'an',
  'asia-northeast2': 'dt',
  'asia-northeast3': 'du',
  'asia-south1': 'el',
  'asia-south2': 'em',
  'asia-southeast1': 'as',
  'asia-southeast2': 'et',
  'australia-southeast1': 'ts',
  'australia-southeast2': 'km',
  'europe-central2': 'lm',
  'europe-north1': 'lz',
  'europe-southwest1': 'no',
  'europe-west1': 'ew',
  'europe-west2': 'nw',
  'europe-west3': 'ey',
  'europe-west4': 'ez',
  'europe-west6': 'oa',
  'europe-west8': 'oc',
  'europe-west9': 'od',
  'me-west1': 'zf',
  'northamerica-northeast1': 'nn',
  'northamerica-northeast2': 'pd',
  'southamerica-east1': 'rj',
  'southamerica-west1': 'tl',
  'us-central1': 'uc',
  'us-east1': 'ue',
  'us-east4': 'uk',
  'us-east5': 'ul',
  'us-south1': 'vp',
  'us-west1': 'uw',
  'us-west2': 'wl',
  'us-west3': 'wm',
  'us-west4': 'wn',
}

const letters = (text: string, count: number) =>
  BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .slice(0, count)

/** The address of a service, or that of one of its tags. The same for the same names in every emulator. */
export function uriOf(service: string, tag?: string): string {
  const { project, location, service: id } = SERVICE.parse(service)
  const region = REGION_CODES[location] ?? letters(location, 2)
  return `https://${tag ? `${tag}---` : ''}${id}-${letters(project, 10)}-${region}.a.run.app`
}

/** A label of a host name has 63 characters: so many are left for a tag and the name of its service. */
export const MAX_TAG_AND_SERVICE = 46

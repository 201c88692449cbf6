// The system policy, which Google maintains to exempt the images that GKE itself runs
// (https://cloud.google.com/binary-authorization/docs/key-concepts#google-maintained_system_images). Google publishes parts of
// it; this holds what is known and no more, since every pattern lets images in.
import type { Context } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { isLocation } from '../../mixins/locations.ts'
import { SYSTEM_POLICY } from './names.ts'

type Schemas = components['schemas']

const NAME_PATTERNS = [
  'gcr.io/google_containers/*',
  'gcr.io/google-containers/*',
  'k8s.gcr.io/**',
  'gke.gcr.io/**',
  'gcr.io/gke-release/*',
  'gcr.io/stackdriver-agents/*',
]

/** The system policy as it is in a location; here it is the same in all of them. What it does not exempt is left to the project's
 * policy: its own default rule decides nothing. */
export const systemPolicyOf = (location: string): Schemas['Policy'] => ({
  name: SYSTEM_POLICY.format({ location }),
  admissionWhitelistPatterns: NAME_PATTERNS.map((namePattern) => ({ namePattern })),
  defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
})

/** For `global` and the regions; zones and multi-regions have none. */
export function getSystemPolicy({ name }: Schemas['GetSystemPolicyRequest'], _ctx: Context): Schemas['Policy'] {
  const { location } = SYSTEM_POLICY.parse(name)
  const isRegion = isLocation(location) && /^[a-z]+-[a-z]+\d+$/.test(location)
  if (location !== 'global' && !isRegion)
    throw notFound(`Location ${location} has no system policy: it must be global or a region.`)
  return systemPolicyOf(location)
}

// A row of the decision table: a request under a policy, and what Binary Authorization answers. What is expected is written down
// in each row, in the words of the sources; nothing here is computed by what the table tests.
import { createHash } from 'node:crypto'
import type { components } from '../../../gen/binaryauthorization.v1.ts'

export type Policy = components['schemas']['Policy']
type AdmissionRule = components['schemas']['AdmissionRule']

/** A denied image: the rule as the texts name it, and `ALWAYS_DENY`, or each attestor that is not satisfied with its reason, or other words. */
export interface Denial {
  image: string
  rule: string
  why: 'ALWAYS_DENY' | Record<string, string> | { words: string }
}

export interface Expected {
  /** NOT_JUDGED: admitted without a decision. */
  verdict: 'ALLOWED' | 'DENIED' | 'DRY_RUN' | 'BREAK_GLASS' | 'NOT_JUDGED'
  /** Of ALLOWED: the step that let the last image in. */
  decidedBy?: 'SYSTEM_POLICY' | 'ADMISSION_WHITELIST' | 'ADMISSION_RULE'
  denials: Denial[]
  /** Audit labels under `imagepolicywebhook.image-policy.k8s.io/`. */
  labels: ('dry-run' | 'break-glass' | 'overridden-verification-result')[]
}

export interface Row {
  shows: string
  /** A line of the collected facts (`A3: …`), or the address of a page of Google's documentation. */
  source: string
  /** The question in decisions/0004-choices.md that the row rests on, where Google publishes no answer. */
  open?: string
  /** None: the project never wrote one. */
  policy?: Policy
  /** Images of the containers. */
  images: string[]
  initImages?: string[]
  ephemeralImages?: string[]
  /** `location.clusterId`, unless it is europe-west2.prod. */
  cluster?: string
  namespace?: string
  serviceAccount?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  operation?: 'UPDATE' | 'DELETE' | 'CONNECT'
  subResource?: string
  /** The kind of the object, unless it is a Pod. */
  kind?: { group: string; kind: string }
  expected: Expected
  /** What an ImageReview is answered, where that differs. */
  expectedOfImageReview?: Expected
  /** The message of the denial, or the reason of the ImageReview, to the letter: what users have recorded. */
  message?: string
  reason?: string
}

export const digest = (label: string) => `sha256:${createHash('sha256').update(label).digest('hex')}`

export const REPOSITORY = 'europe-west2-docker.pkg.dev/my-app-prod/images/app'

/** The image whose digest is that of the label; world.ts tells how it is attested. */
export const app = (label: string) => `${REPOSITORY}@${digest(label)}`

/** `built` → `projects/table-attestors/attestors/built`. */
export const attestor = (id: string) => (id.includes('/') ? id : `projects/table-attestors/attestors/${id}`)

const ENFORCED = 'ENFORCED_BLOCK_AND_AUDIT_LOG'
const DRY_RUN = 'DRYRUN_AUDIT_LOG_ONLY'

export const ALLOW: AdmissionRule = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: ENFORCED }
export const DENY: AdmissionRule = { evaluationMode: 'ALWAYS_DENY', enforcementMode: ENFORCED }
export const requires = (...ids: string[]): AdmissionRule => ({
  evaluationMode: 'REQUIRE_ATTESTATION',
  enforcementMode: ENFORCED,
  requireAttestationsBy: ids.map(attestor),
})
export const dryRun = (rule: AdmissionRule): AdmissionRule => ({ ...rule, enforcementMode: DRY_RUN })

/** A policy with this default rule, and with what else is given. */
export const policy = (defaultAdmissionRule: AdmissionRule, more: Policy = {}): Policy => ({
  globalPolicyEvaluationMode: 'DISABLE',
  defaultAdmissionRule,
  ...more,
})

/** A6: known reason strings. */
export const UNATTESTED = 'No attestations found that were valid and signed by a key trusted by the attestor'
export const NOT_BY_DIGEST = 'Expected digest with sha256 scheme, but got tag or malformed digest'

export const DEFAULT_RULE = 'default admission rule'

export const ALLOWED: Expected = { verdict: 'ALLOWED', decidedBy: 'ADMISSION_RULE', denials: [], labels: [] }
export const ON_THE_LIST: Expected = { ...ALLOWED, decidedBy: 'ADMISSION_WHITELIST' }
export const SYSTEM_IMAGE: Expected = { ...ALLOWED, decidedBy: 'SYSTEM_POLICY' }
export const NOT_JUDGED: Expected = { verdict: 'NOT_JUDGED', denials: [], labels: [] }
export const BREAK_GLASS: Expected = { verdict: 'BREAK_GLASS', denials: [], labels: ['break-glass'] }

export const denied = (...denials: Denial[]): Expected => ({ verdict: 'DENIED', denials, labels: [] })
export const dryRunOf = (...denials: Denial[]): Expected => ({
  verdict: 'DRY_RUN',
  denials,
  labels: ['dry-run', 'overridden-verification-result'],
})
export const breakGlassOf = (...denials: Denial[]): Expected => ({
  verdict: 'BREAK_GLASS',
  denials,
  labels: ['break-glass', 'overridden-verification-result'],
})

/** A rule that denies everything. */
export const always = (image: string, rule = DEFAULT_RULE): Denial => ({ image, rule, why: 'ALWAYS_DENY' })

/** Attestors that have not attested the image. */
export const unattested = (image: string, ids: string[], rule = DEFAULT_RULE): Denial => ({
  image,
  rule,
  why: Object.fromEntries(ids.map((id) => [attestor(id), UNATTESTED])),
})

/** Attestors that were not asked, because the image is not named by its digest. */
export const byTag = (image: string, ids: string[], rule = DEFAULT_RULE): Denial => ({
  image,
  rule,
  why: Object.fromEntries(ids.map((id) => [attestor(id), NOT_BY_DIGEST])),
})

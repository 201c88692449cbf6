// Every evaluation mode and enforcement mode, in every place where a rule of GKE can stand.

import type { Denial, Expected, Policy, Row } from './row.ts'
import {
  ALLOW,
  ALLOWED,
  always,
  app,
  byTag,
  DEFAULT_RULE,
  DENY,
  denied,
  dryRun,
  dryRunOf,
  policy,
  requires,
  unattested,
} from './row.ts'

const TAG = 'gcr.io/my-app-prod/app:v1'
const BAD = app('never attested')
const GOOD = app('built')

const OPEN = 'wording of a denial by a namespace or service account rule'

interface Place {
  name: string
  rule: string
  open?: string
  policyOf(rule: NonNullable<Policy['defaultAdmissionRule']>): Policy
  where?: Partial<Row>
}

/** The default rule says the opposite of the specific one, so that a row fails that takes the wrong one. */
const opposite = (rule: { evaluationMode?: string }) => (rule.evaluationMode === 'ALWAYS_DENY' ? ALLOW : DENY)

const PLACES: Place[] = [
  { name: 'default rule', rule: DEFAULT_RULE, policyOf: (rule) => policy(rule) },
  {
    name: 'rule of a cluster',
    rule: 'cluster admission rule for europe-west2.prod',
    policyOf: (rule) => policy(opposite(rule), { clusterAdmissionRules: { 'europe-west2.prod': rule } }),
  },
  {
    name: 'rule of a namespace',
    rule: 'namespace admission rule for team-1',
    open: OPEN,
    policyOf: (rule) => policy(opposite(rule), { kubernetesNamespaceAdmissionRules: { 'team-1': rule } }),
    where: { namespace: 'team-1' },
  },
  {
    name: 'rule of a service account',
    rule: 'service account admission rule for team-1:builder',
    open: OPEN,
    policyOf: (rule) => policy(opposite(rule), { kubernetesServiceAccountAdmissionRules: { 'team-1:builder': rule } }),
    where: { namespace: 'team-1', serviceAccount: 'builder' },
  },
]

/** Which rule it is that denies is a matter of the place. */
type In = (rule: string) => Expected

const allowed: In = () => ALLOWED
const denies =
  (denial: (rule: string) => Denial): In =>
  (rule) =>
    denied(denial(rule))
const wouldDeny =
  (denial: (rule: string) => Denial): In =>
  (rule) =>
    dryRunOf(denial(rule))

const ASK = requires('built')
const alwaysDenied = (image: string) => (rule: string) => always(image, rule)
const notByDigest = (rule: string) => byTag(TAG, ['built'], rule)
const notAttested = (rule: string) => unattested(BAD, ['built'], rule)

const ALLOW_SOURCE = 'A2: AdmissionRule: evaluationMode ALWAYS_ALLOW | REQUIRE_ATTESTATION | ALWAYS_DENY'
const DENY_SOURCE = 'A8: tail = `Denied by always_deny admission rule`'
const TAG_SOURCE = 'A8: Digest is mandatory for REQUIRE_ATTESTATION; tag is refused before any attestation lookup.'
const NONE_SOURCE = 'A6: No attestations found that were valid and signed by a key trusted by the attestor'
const DRY_SOURCE = 'A3: Dry-run mode turns a deny into allow + log'

const MODES: [shows: string, rule: NonNullable<Policy['defaultAdmissionRule']>, image: string, expected: In, source: string][] = [
  ['ALWAYS_ALLOW, a tag', ALLOW, TAG, allowed, ALLOW_SOURCE],
  ['ALWAYS_ALLOW, an attested digest', ALLOW, GOOD, allowed, ALLOW_SOURCE],
  ['ALWAYS_ALLOW, a digest without attestation', ALLOW, BAD, allowed, ALLOW_SOURCE],
  ['ALWAYS_DENY, a tag', DENY, TAG, denies(alwaysDenied(TAG)), DENY_SOURCE],
  ['ALWAYS_DENY, an attested digest', DENY, GOOD, denies(alwaysDenied(GOOD)), DENY_SOURCE],
  ['ALWAYS_DENY, a digest without attestation', DENY, BAD, denies(alwaysDenied(BAD)), DENY_SOURCE],
  ['REQUIRE_ATTESTATION, a tag', ASK, TAG, denies(notByDigest), TAG_SOURCE],
  ['REQUIRE_ATTESTATION, an attested digest', ASK, GOOD, allowed, 'A3: Attestors in one rule = AND'],
  ['REQUIRE_ATTESTATION, a digest without attestation', ASK, BAD, denies(notAttested), NONE_SOURCE],
  ['dry run of ALWAYS_ALLOW, a tag', dryRun(ALLOW), TAG, allowed, DRY_SOURCE],
  ['dry run of ALWAYS_DENY, a tag', dryRun(DENY), TAG, wouldDeny(alwaysDenied(TAG)), DRY_SOURCE],
  ['dry run of ALWAYS_DENY, an attested digest', dryRun(DENY), GOOD, wouldDeny(alwaysDenied(GOOD)), DRY_SOURCE],
  ['dry run of REQUIRE_ATTESTATION, a tag', dryRun(ASK), TAG, wouldDeny(notByDigest), DRY_SOURCE],
  ['dry run of REQUIRE_ATTESTATION, an attested digest', dryRun(ASK), GOOD, allowed, DRY_SOURCE],
  ['dry run of REQUIRE_ATTESTATION, a digest without attestation', dryRun(ASK), BAD, wouldDeny(notAttested), DRY_SOURCE],
]

/** An ImageReview names no service account: what it is answered is in rules.ts. */
export const MODE_ROWS: Row[] = PLACES.flatMap(({ name, rule: wording, open, policyOf, where }) =>
  MODES.map(([shows, rule, image, expectedIn, source]): Row => {
    const expected = expectedIn(wording)
    return {
      shows: `${name}: ${shows}`,
      source,
      ...(open && expected.denials.length > 0 && { open }),
      policy: policyOf(rule),
      images: [image],
      ...where,
      expected,
    }
  }),
)

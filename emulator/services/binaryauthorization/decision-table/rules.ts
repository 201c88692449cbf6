// Which rule applies: by cluster, namespace or service account, and to the letter.

import type { Expected, Policy, Row } from './row.ts'
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

const SPECIFIC = 'A3: If a specific rule applies the default rule is *not* considered.'
const KEYS = 'A2: Key formats: cluster `location.clusterId` (zone or region)'
const FLEET = 'A2: FLEET_MEMBERSHIP_LOCATION.FLEET_MEMBERSHIP_ID, e.g. `global.test-membership`'
const PLATFORMS =
  'A2: Which platforms honour which map: GKE: default + cluster + namespace + service account; Cloud Service Mesh: service identity'
const NONE = 'A2: No project policy => everything allowed.'
const WORDING = 'wording of a denial by a namespace or service account rule'
const NO_ACCOUNT = 'an ImageReview under a policy with rules for service accounts'

const IMAGE = 'nginx'
const CLUSTERS = policy(ALLOW, {
  clusterAdmissionRules: { 'us-central1.prod': DENY, 'us-central1-a.prod': DENY, 'global.fleet': DENY },
})
const byCluster = (key: string) => denied(always(IMAGE, `cluster admission rule for ${key}`))
const NAMESPACES = policy(ALLOW, { kubernetesNamespaceAdmissionRules: { 'team-1': DENY, default: DENY } })
const byNamespace = (key: string) => denied(always(IMAGE, `namespace admission rule for ${key}`))
const ACCOUNTS = policy(ALLOW, {
  kubernetesServiceAccountAdmissionRules: { 'team-1:builder': DENY, 'team-1:default': DENY, 'default:default': DENY },
})
const byAccount = (key: string) => denied(always(IMAGE, `service account admission rule for ${key}`))

const OF_CLUSTERS: [shows: string, cluster: string, expected: Expected, source: string][] = [
  ['a cluster of a region', 'us-central1.prod', byCluster('us-central1.prod'), KEYS],
  ['a cluster of a zone', 'us-central1-a.prod', byCluster('us-central1-a.prod'), KEYS],
  ['another zone of the region', 'us-central1-b.prod', ALLOWED, KEYS],
  ['another region', 'us-central2.prod', ALLOWED, KEYS],
  ['another cluster of the region', 'us-central1.test', ALLOWED, KEYS],
  ['a cluster whose name begins the same', 'us-central1.prod-2', ALLOWED, KEYS],
  ['a cluster whose name ends the same', 'us-central1.not-prod', ALLOWED, KEYS],
  ['a zonal cluster with the name of a member of a fleet', 'us-central1-a.fleet', ALLOWED, FLEET],
  ['a member of a fleet', 'global.fleet', byCluster('global.fleet'), FLEET],
]

const OF_NAMESPACES: [shows: string, namespace: string | undefined, expected: Expected][] = [
  ['a namespace with a rule', 'team-1', byNamespace('team-1')],
  ['the namespace default, with a rule', 'default', byNamespace('default')],
  ['no namespace, which is default', undefined, byNamespace('default')],
  ['a namespace whose name begins the same', 'team-10', ALLOWED],
  ['a namespace whose name is the beginning', 'team', ALLOWED],
  ['kube-system, without a rule', 'kube-system', ALLOWED],
  ['a namespace called as what every object has', 'constructor', ALLOWED],
]

const OF_ACCOUNTS: [shows: string, namespace: string | undefined, account: string | undefined, expected: Expected][] = [
  ['a service account with a rule', 'team-1', 'builder', byAccount('team-1:builder')],
  ['no service account, which is default', 'team-1', undefined, byAccount('team-1:default')],
  ['neither namespace nor service account', undefined, undefined, byAccount('default:default')],
  ['another service account of the namespace', 'team-1', 'deployer', ALLOWED],
  ['the service account of this name in another namespace', 'team-2', 'builder', ALLOWED],
  ['the default account of another namespace', 'team-2', undefined, ALLOWED],
  ['a service account whose name begins the same', 'team-1', 'builder-2', ALLOWED],
]

const row = (shows: string, source: string, under: Policy | undefined, expected: Expected, more: Partial<Row> = {}): Row => ({
  shows,
  source,
  policy: under,
  images: [IMAGE],
  expected,
  ...more,
})

const unknown = (image = IMAGE): Expected =>
  denied({
    image,
    rule: 'service account admission rules',
    why: { words: 'The policy has rules for service accounts, and the review does not name one' },
  })

const OTHER_WAY: [name: string, maps: Policy, where: Partial<Row>][] = [
  ['cluster', { clusterAdmissionRules: { 'europe-west2.prod': ALLOW } }, {}],
  ['namespace', { kubernetesNamespaceAdmissionRules: { 'team-1': ALLOW } }, { namespace: 'team-1' }],
  [
    'service account',
    { kubernetesServiceAccountAdmissionRules: { 'team-1:builder': ALLOW } },
    { namespace: 'team-1', serviceAccount: 'builder' },
  ],
]

const identities = (rule: typeof DENY, other: typeof DENY) =>
  policy(other, { istioServiceIdentityAdmissionRules: { 'spiffe://cluster.local/ns/team-1/sa/builder': rule } })
const MESH = { namespace: 'team-1', serviceAccount: 'builder', open: '`istioServiceIdentityAdmissionRules` at GKE admission' }

export const RULE_ROWS: Row[] = [
  row('without a policy a tag is allowed', NONE, undefined, ALLOWED),
  row('without a policy a digest is allowed', NONE, undefined, ALLOWED, { images: [app('never attested')] }),
  row(
    'without a policy a system image is exempt',
    'A2: GetPolicy then returns the default: globalPolicyEvaluationMode: ENABLE',
    undefined,
    { ...ALLOWED, decidedBy: 'SYSTEM_POLICY' },
    { images: ['k8s.gcr.io/pause:3.1'] },
  ),
  ...OF_CLUSTERS.map(([shows, cluster, expected, source]) => row(shows, source, CLUSTERS, expected, { cluster })),
  ...OF_NAMESPACES.map(([shows, namespace, expected]) =>
    row(shows, SPECIFIC, NAMESPACES, expected, { namespace, ...(expected !== ALLOWED && { open: WORDING }) }),
  ),
  ...OF_ACCOUNTS.map(([shows, namespace, serviceAccount, expected]) =>
    row(shows, SPECIFIC, ACCOUNTS, expected, { namespace, serviceAccount, ...(expected !== ALLOWED && { open: WORDING }) }),
  ),
  ...OTHER_WAY.map(([name, maps, where]) =>
    row(`the ${name} rule allows what the default rule denies`, SPECIFIC, policy(DENY, maps), ALLOWED, where),
  ),
  ...OTHER_WAY.slice(0, 2).map(([name, maps]) =>
    row(`the default rule denies where the ${name} rule is for others`, SPECIFIC, policy(DENY, maps), denied(always(IMAGE)), {
      namespace: 'team-2',
      cluster: 'europe-west1.prod',
    }),
  ),
  row(
    'a specific rule that asks for another attestor is alone',
    SPECIFIC,
    policy(requires('built'), { clusterAdmissionRules: { 'europe-west2.prod': requires('tested') } }),
    ALLOWED,
    { images: [app('tested')] },
  ),
  row(
    'what the default rule asks for does not help under a specific rule',
    SPECIFIC,
    policy(requires('built'), { clusterAdmissionRules: { 'europe-west2.prod': requires('tested') } }),
    denied(unattested(app('built'), ['tested'], 'cluster admission rule for europe-west2.prod')),
    { images: [app('built')] },
  ),
  row(
    'a dry run of a specific rule under a default rule that blocks',
    SPECIFIC,
    policy(DENY, { clusterAdmissionRules: { 'europe-west2.prod': dryRun(DENY) } }),
    dryRunOf(always(IMAGE, 'cluster admission rule for europe-west2.prod')),
  ),
  row(
    'a specific rule that blocks under a default rule of dry run',
    SPECIFIC,
    policy(dryRun(DENY), { clusterAdmissionRules: { 'europe-west2.prod': DENY } }),
    byCluster('europe-west2.prod'),
  ),
  row(
    'a specific rule by tag under a default rule that allows',
    SPECIFIC,
    policy(ALLOW, { clusterAdmissionRules: { 'europe-west2.prod': requires('built') } }),
    denied(byTag(IMAGE, ['built'], 'cluster admission rule for europe-west2.prod')),
  ),
  row('the rule of a mesh identity that denies is not looked at', PLATFORMS, identities(DENY, ALLOW), ALLOWED, MESH),
  row(
    'the rule of a mesh identity that allows is not looked at',
    PLATFORMS,
    identities(ALLOW, DENY),
    denied(always(IMAGE)),
    MESH,
  ),
  row(
    'a mesh identity without rule has the default rule',
    PLATFORMS,
    identities(ALLOW, DENY),
    denied(always(IMAGE, DEFAULT_RULE)),
    { namespace: 'team-2', serviceAccount: 'builder' },
  ),
  row(
    'an ImageReview cannot be told the rule of its service account',
    'A8: ImageReview: spec{containers[].image, annotations, namespace}',
    ACCOUNTS,
    byAccount('team-1:builder'),
    { namespace: 'team-1', serviceAccount: 'builder', open: NO_ACCOUNT, expectedOfImageReview: unknown() },
  ),
  row(
    'nor where the default rule allows',
    'A8: ImageReview: spec{containers[].image, annotations, namespace}',
    ACCOUNTS,
    ALLOWED,
    { namespace: 'team-3', open: NO_ACCOUNT, expectedOfImageReview: unknown() },
  ),
  row(
    'nor where the default rule is a dry run',
    'A8: ImageReview: spec{containers[].image, annotations, namespace}',
    policy(dryRun(DENY), { kubernetesServiceAccountAdmissionRules: { 'team-1:builder': DENY } }),
    dryRunOf(always(IMAGE)),
    { namespace: 'team-3', open: NO_ACCOUNT, expectedOfImageReview: unknown() },
  ),
]

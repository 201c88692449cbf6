// Images of the system policy, with globalPolicyEvaluationMode as it may stand in a policy.

import type { Expected, Policy, Row } from './row.ts'
import {
  ALLOW,
  ALLOWED,
  always,
  byTag,
  DENY,
  denied,
  digest,
  dryRun,
  dryRunOf,
  ON_THE_LIST,
  policy,
  requires,
  SYSTEM_IMAGE,
} from './row.ts'

const ENABLED = 'A3: System policy, only if globalPolicyEvaluationMode=ENABLE: match => allow.'
const BEFORE = 'A3: Evaluated before and in addition to the user policy, incl. whitelist.'
const DISABLED = 'A4: When DISABLE, GKE itself needs gcr.io/google-containers/*, k8s.gcr.io/**, gke.gcr.io/**'
const UNSET = 'A2: UNSPECIFIED globalPolicyEvaluationMode means **DISABLE** to the API'
const CONTENT =
  'H: exact content of the system policy (known: `gcr.io/google_containers/*`, `k8s.gcr.io/**` "and additional paths")'
const OPEN_CONTENT = 'content of the system policy'
const OPEN_UNSET = '`globalPolicyEvaluationMode` left out'

const enabled = (rule: Policy['defaultAdmissionRule'], more: Policy = {}): Policy => ({
  globalPolicyEvaluationMode: 'ENABLE',
  defaultAdmissionRule: rule,
  ...more,
})
const unset: Policy = { defaultAdmissionRule: DENY }
const PAUSE = 'k8s.gcr.io/pause:3.1'

/** With ENABLE, under a rule that denies everything. */
const IMAGES: [image: string, expected: Expected, source: string, open?: string][] = [
  ['k8s.gcr.io/pause:3.1', SYSTEM_IMAGE, ENABLED],
  ['k8s.gcr.io/a/b/c:1', SYSTEM_IMAGE, CONTENT],
  [`k8s.gcr.io/pause@${digest('pause')}`, SYSTEM_IMAGE, CONTENT],
  ['gcr.io/google_containers/pause:3.1', SYSTEM_IMAGE, CONTENT],
  ['gcr.io/google_containers/a/b', denied(always('gcr.io/google_containers/a/b')), CONTENT],
  ['gcr.io/google-containers/pause:3.1', SYSTEM_IMAGE, DISABLED, OPEN_CONTENT],
  ['gke.gcr.io/proxy-agent:1', SYSTEM_IMAGE, DISABLED, OPEN_CONTENT],
  ['gcr.io/gke-release/adapter:1', SYSTEM_IMAGE, DISABLED, OPEN_CONTENT],
  ['gcr.io/stackdriver-agents/agent:1', SYSTEM_IMAGE, DISABLED, OPEN_CONTENT],
  ['registry.k8s.io/pause:3.9', denied(always('registry.k8s.io/pause:3.9')), CONTENT, OPEN_CONTENT],
  ['gcr.io/google_containers-fake/pause', denied(always('gcr.io/google_containers-fake/pause')), ENABLED],
  ['k8s.gcr.io.evil.example/pause', denied(always('k8s.gcr.io.evil.example/pause')), ENABLED],
  ['evil.example/k8s.gcr.io/pause', denied(always('evil.example/k8s.gcr.io/pause')), ENABLED],
  ['K8S.gcr.io/pause', denied(always('K8S.gcr.io/pause')), ENABLED],
  ['pause', denied(always('pause')), ENABLED],
]

const row = (shows: string, source: string, under: Policy, image: string, expected: Expected, more: Partial<Row> = {}): Row => ({
  shows,
  source,
  policy: under,
  images: [image],
  expected,
  ...more,
})

const LIST = { admissionWhitelistPatterns: [{ namePattern: 'k8s.gcr.io/**' }, { namePattern: 'gcr.io/mine/*' }] }

export const SYSTEM_POLICY_ROWS: Row[] = [
  ...IMAGES.map(([image, expected, source, open]) =>
    row(`ENABLE: ${image}`, source, enabled(DENY), image, expected, open ? { open } : {}),
  ),
  row('ENABLE: a system image needs no attestation', ENABLED, enabled(requires('built')), PAUSE, SYSTEM_IMAGE),
  row('ENABLE: another tag does', ENABLED, enabled(requires('built')), 'nginx', denied(byTag('nginx', ['built']))),
  row('ENABLE: the system policy goes before the list', BEFORE, enabled(DENY, LIST), PAUSE, SYSTEM_IMAGE),
  row('ENABLE: the list counts beside the system policy', BEFORE, enabled(DENY, LIST), 'gcr.io/mine/app', ON_THE_LIST),
  row(
    'ENABLE: a cluster rule that denies does not reach a system image',
    BEFORE,
    enabled(DENY, { clusterAdmissionRules: { 'europe-west2.prod': DENY } }),
    PAUSE,
    SYSTEM_IMAGE,
  ),
  row('ENABLE: a system image is no dry run', BEFORE, enabled(dryRun(DENY)), PAUSE, SYSTEM_IMAGE),
  row('ENABLE: another image is left to the rule', BEFORE, enabled(ALLOW), 'nginx', ALLOWED),
  row('ENABLE: in a zone as in its region', ENABLED, enabled(DENY), PAUSE, SYSTEM_IMAGE, { cluster: 'us-central1-a.prod' }),
  row('ENABLE: for a member of a fleet', ENABLED, enabled(DENY), PAUSE, SYSTEM_IMAGE, { cluster: 'global.fleet' }),
  row('DISABLE: a system image is denied as any other', DISABLED, policy(DENY), PAUSE, denied(always(PAUSE))),
  row(
    'DISABLE: a system image by tag is not attested',
    DISABLED,
    policy(requires('built')),
    PAUSE,
    denied(byTag(PAUSE, ['built'])),
  ),
  row('DISABLE: a system image on the list passes by it', DISABLED, policy(DENY, LIST), PAUSE, ON_THE_LIST),
  row('DISABLE: the rule that allows lets it in', DISABLED, policy(ALLOW), PAUSE, ALLOWED),
  row('DISABLE: under dry run it would be denied', DISABLED, policy(dryRun(DENY)), PAUSE, dryRunOf(always(PAUSE))),
  row('left out: a system image is denied', UNSET, unset, PAUSE, denied(always(PAUSE)), { open: OPEN_UNSET }),
  row(
    'unspecified: a system image is denied',
    UNSET,
    { ...unset, globalPolicyEvaluationMode: 'GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED' },
    PAUSE,
    denied(always(PAUSE)),
    { open: OPEN_UNSET },
  ),
  row('left out: another image is denied', UNSET, unset, 'nginx', denied(always('nginx'))),
]

// Texts that users of GKE have recorded, to the letter but for names and digests.

import type { Row } from './row.ts'
import { ALLOW, always, app, byTag, DENY, denied, policy, REPOSITORY, requires, unattested } from './row.ts'

const CURRENT = 'A8: Current text [OBS several]: … denied the request: Image <img> denied by Binary Authorization <rule>. <tail>'
const LEGACY = 'A8: Legacy and GDC tail: `Denied by default admission rule. Overridden by evaluation mode`.'
const OLD =
  'A8: pre-1.18 it was the ImagePolicyWebhook plugin: `Denied by … rule…. Denied by Attestor. Image … denied by projects/…/attestors/…: …`'
const JOINED = 'A8: Several images: legacy text seen: joined by ". "'
const TAG_TOO = 'A6: messages show the string unmodified (skaffold renders images so)'
const ATTESTOR = 'projects/table-attestors/attestors/built'
const NONE = 'No attestations found that were valid and signed by a key trusted by the attestor'

const BAD = app('never attested')
const WORSE = app('nor this')
const CLUSTER = 'cluster admission rule for us-central1.prod-cluster'
const inCluster = (rule: typeof DENY) => policy(ALLOW, { clusterAdmissionRules: { 'us-central1.prod-cluster': rule } })
const cluster = 'us-central1.prod-cluster'
const TAGGED = `${REPOSITORY}:0b78553-dirty@${BAD.split('@')[1]}`

export const RECORDED_ROWS: Row[] = [
  {
    shows: 'the default rule denies everything',
    source: CURRENT,
    policy: policy(DENY),
    images: ['nginx'],
    expected: denied(always('nginx')),
    message: 'Image nginx denied by Binary Authorization default admission rule. Denied by always_deny admission rule',
    reason: 'Denied by default admission rule. Overridden by evaluation mode',
  },
  {
    shows: 'a cluster rule denies everything',
    source: LEGACY,
    policy: inCluster(DENY),
    cluster,
    images: ['nginx'],
    expected: denied(always('nginx', CLUSTER)),
    message: `Image nginx denied by Binary Authorization ${CLUSTER}. Denied by always_deny admission rule`,
    reason: `Denied by ${CLUSTER}. Overridden by evaluation mode`,
  },
  {
    shows: 'the default rule asks for an attestor',
    source: CURRENT,
    policy: policy(requires('built')),
    images: [BAD],
    expected: denied(unattested(BAD, ['built'])),
    message: `Image ${BAD} denied by Binary Authorization default admission rule. Image ${BAD} denied by attestor ${ATTESTOR}: ${NONE}`,
    reason: `Denied by default admission rule. Denied by Attestor. Image ${BAD} denied by ${ATTESTOR}: ${NONE}`,
  },
  {
    shows: 'a cluster rule asks for an attestor',
    source: OLD,
    policy: inCluster(requires('built')),
    cluster,
    images: [BAD],
    expected: denied(unattested(BAD, ['built'], CLUSTER)),
    message: `Image ${BAD} denied by Binary Authorization ${CLUSTER}. Image ${BAD} denied by attestor ${ATTESTOR}: ${NONE}`,
    reason: `Denied by ${CLUSTER}. Denied by Attestor. Image ${BAD} denied by ${ATTESTOR}: ${NONE}`,
  },
  {
    shows: 'a tag beside the digest stays in the text',
    source: TAG_TOO,
    policy: inCluster(requires('built')),
    cluster,
    images: [TAGGED],
    expected: denied(unattested(TAGGED, ['built'], CLUSTER)),
    message: `Image ${TAGGED} denied by Binary Authorization ${CLUSTER}. Image ${TAGGED} denied by attestor ${ATTESTOR}: ${NONE}`,
  },
  {
    shows: 'a tag',
    source: CURRENT,
    policy: policy(requires('built')),
    images: ['nginx'],
    expected: denied(byTag('nginx', ['built'])),
    message: `Image nginx denied by Binary Authorization default admission rule. Image nginx denied by attestor ${ATTESTOR}: Expected digest with sha256 scheme, but got tag or malformed digest`,
  },
  {
    shows: 'two images of an ImageReview',
    source: JOINED,
    policy: policy(requires('built')),
    images: [BAD, WORSE],
    expected: denied(unattested(BAD, ['built']), unattested(WORSE, ['built'])),
    reason: `Denied by default admission rule. Denied by Attestor. Image ${BAD} denied by ${ATTESTOR}: ${NONE}. Denied by default admission rule. Denied by Attestor. Image ${WORSE} denied by ${ATTESTOR}: ${NONE}`,
  },
  {
    shows: 'two attestors of an ImageReview',
    source: JOINED,
    policy: policy(requires('built', 'tested')),
    images: [BAD],
    expected: denied(unattested(BAD, ['built', 'tested'])),
    reason: `Denied by default admission rule. Denied by Attestor. Image ${BAD} denied by ${ATTESTOR}: ${NONE}. Image ${BAD} denied by projects/table-attestors/attestors/tested: ${NONE}`,
  },
]

// What of a Pod is judged, which requests are, and what dry run and break-glass make of a denial.

import type { Expected, Policy, Row } from './row.ts'
import {
  ALLOW,
  ALLOWED,
  always,
  app,
  BREAK_GLASS,
  breakGlassOf,
  byTag,
  DENY,
  denied,
  dryRun,
  dryRunOf,
  NOT_JUDGED,
  ON_THE_LIST,
  policy,
  requires,
  unattested,
} from './row.ts'

const EVERY = 'A3: Pod is admitted only if every image passes.'
const INIT = 'A8: kritis checks init+regular only; k8s ImagePolicyWebhook handles pods/ephemeralcontainers => evaluate all three'
const SENT = 'A8: A request is sent **whenever a Pod is created or updated**, including by controllers'
const KINDS = 'A8: Deployments/ReplicaSets themselves are accepted and then show `FailedCreate` events.'
const DRY = 'A3: Dry-run mode turns a deny into allow + log "as if break-glass had been specified".'
const LABEL = 'A8: Breakglass: recommended **Pod label** `image-policy.k8s.io/break-glass: "true"`'
const ANNOTATION = 'A8: legacy **annotation** `alpha.image-policy.k8s.io/break-glass: "true"` still works'
const LOGGED = 'A8: Must be on the Pod (template), logged whether or not the image would have passed.'
const NO_LABELS = 'A8: It carries **no labels**: break-glass there is only the annotation'
const SEVERAL = 'A8: Several images: one sentence group an image, joined by a blank'
const OBSERVED = 'https://cloud.google.com/binary-authorization/docs/viewing-audit-logs'
const SYSTEM = 'A8: kube-system: docs exempt by *image* (system policy), not by namespace'
const OPEN_SEVERAL = 'several images are denied'
const OPEN_VALUE = 'break-glass with another value than `"true"`'
const OPEN_DRY = 'break-glass under a dry-run rule'
const OPEN_UPDATE = 'a Pod update that changes no image'
const OPEN_SYSTEM = 'static and mirror Pods, kube-system'
const OPEN_SUB = 'subresources'

const GOOD = app('built')
const ALSO_GOOD = app('built and tested')
const BAD = app('never attested')
const WORSE = app('nor this')
const ASK = policy(requires('built'))
const bad = (...images: string[]) => images.map((image) => unattested(image, ['built']))

const row = (
  shows: string,
  source: string,
  under: Policy,
  images: string[],
  expected: Expected,
  more: Partial<Row> = {},
): Row => ({
  shows,
  source,
  policy: under,
  images,
  expected,
  ...more,
})

const LABELS = { labels: { 'image-policy.k8s.io/break-glass': 'true' } }
const ANNOTATIONS = { annotations: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }
const DEPLOYMENT = { group: 'apps', kind: 'Deployment' }

/** Under a rule that denies everything. */
const REQUESTS: [shows: string, request: Partial<Row>, judged: boolean, source: string, open?: string][] = [
  ['a Pod that is created', {}, true, SENT],
  ['a Pod that is updated', { operation: 'UPDATE' }, true, SENT, OPEN_UPDATE],
  ['a Pod that is deleted', { operation: 'DELETE' }, false, SENT],
  ['a connection to a Pod', { operation: 'CONNECT', subResource: 'exec' }, false, SENT],
  ['an ephemeral container', { operation: 'UPDATE', subResource: 'ephemeralcontainers' }, true, INIT, OPEN_SUB],
  ['a Pod that is resized', { operation: 'UPDATE', subResource: 'resize' }, true, SENT, OPEN_SUB],
  ['the status of a Pod', { operation: 'UPDATE', subResource: 'status' }, false, SENT, OPEN_SUB],
  ['the binding of a Pod', { subResource: 'binding' }, false, SENT, OPEN_SUB],
  ['the eviction of a Pod', { subResource: 'eviction' }, false, SENT, OPEN_SUB],
  ['a Deployment', { kind: DEPLOYMENT }, false, KINDS],
  ['a Deployment that is updated', { kind: DEPLOYMENT, operation: 'UPDATE' }, false, KINDS],
  ['a ReplicaSet', { kind: { group: 'apps', kind: 'ReplicaSet' } }, false, KINDS],
  ['a StatefulSet', { kind: { group: 'apps', kind: 'StatefulSet' } }, false, KINDS],
  ['a DaemonSet', { kind: { group: 'apps', kind: 'DaemonSet' } }, false, KINDS],
  ['a Job', { kind: { group: 'batch', kind: 'Job' } }, false, KINDS],
  ['a CronJob', { kind: { group: 'batch', kind: 'CronJob' } }, false, KINDS],
  ['a PodTemplate', { kind: { group: '', kind: 'PodTemplate' } }, false, KINDS],
  ['a Pod of kube-system', { namespace: 'kube-system' }, true, SYSTEM, OPEN_SYSTEM],
  ['a mirror Pod', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, true, SYSTEM, OPEN_SYSTEM],
  ['a label that another tool reads', { labels: { 'policy.sigstore.dev/exclude': 'true' } }, true, LABEL],
]

/** Under a rule that denies everything: none of these asks for break-glass. */
const IN_VAIN: [shows: string, pod: Partial<Row>, open?: string][] = [
  ['the label with "false"', { labels: { 'image-policy.k8s.io/break-glass': 'false' } }, OPEN_VALUE],
  ['the label with "True"', { labels: { 'image-policy.k8s.io/break-glass': 'True' } }, OPEN_VALUE],
  ['the label without value', { labels: { 'image-policy.k8s.io/break-glass': '' } }, OPEN_VALUE],
  ['the label as an annotation', { annotations: { 'image-policy.k8s.io/break-glass': 'true' } }],
  ['the annotation as a label', { labels: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }],
  ['the annotation with "yes"', { annotations: { 'alpha.image-policy.k8s.io/break-glass': 'yes' } }, OPEN_VALUE],
  ['the annotation of Kritis', { annotations: { 'kritis.grafeas.io/breakglass': 'true' } }],
]

export const POD_ROWS: Row[] = [
  row('two attested images', EVERY, ASK, [GOOD, ALSO_GOOD], ALLOWED),
  row('an attested image and another', EVERY, ASK, [GOOD, BAD], denied(...bad(BAD))),
  row('the other first', EVERY, ASK, [BAD, GOOD], denied(...bad(BAD))),
  row('the same image twice is told once', EVERY, ASK, [BAD, BAD], denied(...bad(BAD))),
  row('an attested image and a tag', EVERY, ASK, [GOOD, 'nginx'], denied(byTag('nginx', ['built']))),
  row('two images without attestation', SEVERAL, ASK, [BAD, WORSE], denied(...bad(BAD, WORSE)), { open: OPEN_SEVERAL }),
  row('a tag and an image without attestation', SEVERAL, ASK, ['nginx', BAD], denied(byTag('nginx', ['built']), ...bad(BAD)), {
    open: OPEN_SEVERAL,
  }),
  row(
    'two images under a rule that denies everything',
    SEVERAL,
    policy(DENY),
    ['nginx', GOOD],
    denied(always('nginx'), always(GOOD)),
    { open: OPEN_SEVERAL },
  ),
  row(
    'an image of the list and one without attestation',
    EVERY,
    policy(requires('built'), { admissionWhitelistPatterns: [{ namePattern: 'nginx' }] }),
    ['nginx', BAD],
    denied(...bad(BAD)),
  ),
  row(
    'an attested image and one of the list',
    EVERY,
    policy(requires('built'), { admissionWhitelistPatterns: [{ namePattern: 'nginx' }] }),
    [GOOD, 'nginx'],
    ON_THE_LIST,
  ),
  row('an init container without attestation', INIT, ASK, [GOOD], denied(...bad(BAD)), { initImages: [BAD] }),
  row('an attested init container', INIT, ASK, [GOOD], ALLOWED, { initImages: [ALSO_GOOD] }),
  row('an init container by tag', INIT, ASK, [GOOD], denied(byTag('nginx', ['built'])), { initImages: ['nginx'] }),
  row('an ephemeral container without attestation', INIT, ASK, [GOOD], denied(...bad(BAD)), { ephemeralImages: [BAD] }),
  row('an attested ephemeral container', INIT, ASK, [GOOD], ALLOWED, { ephemeralImages: [ALSO_GOOD] }),
  row('a bad image of each kind of container', INIT, ASK, [BAD], denied(...bad(WORSE, BAD), byTag('nginx', ['built'])), {
    initImages: [WORSE],
    ephemeralImages: ['nginx'],
    open: OPEN_SEVERAL,
  }),
  row('the same bad image in all of them is told once', INIT, ASK, [BAD], denied(...bad(BAD)), {
    initImages: [BAD],
    ephemeralImages: [BAD],
  }),
  ...REQUESTS.map(([shows, request, judged, source, open]) =>
    row(shows, source, policy(DENY), ['nginx'], judged ? denied(always('nginx')) : NOT_JUDGED, {
      ...request,
      ...(open && { open }),
    }),
  ),
  ...IN_VAIN.map(([shows, pod, open]) =>
    row(`no break-glass: ${shows}`, LABEL, policy(DENY), ['nginx'], denied(always('nginx')), { ...pod, ...(open && { open }) }),
  ),
  row('break-glass by the label', LABEL, policy(DENY), ['nginx'], breakGlassOf(always('nginx')), LABELS),
  row('break-glass by the annotation', ANNOTATION, policy(DENY), ['nginx'], breakGlassOf(always('nginx')), ANNOTATIONS),
  row('break-glass by both', LABEL, policy(DENY), ['nginx'], breakGlassOf(always('nginx')), { ...LABELS, ...ANNOTATIONS }),
  row('break-glass of an image without attestation', OBSERVED, ASK, [BAD], breakGlassOf(...bad(BAD)), LABELS),
  row('break-glass of a tag, by the annotation', NO_LABELS, ASK, ['nginx'], breakGlassOf(byTag('nginx', ['built'])), ANNOTATIONS),
  row(
    'break-glass of two bad images',
    OBSERVED,
    ASK,
    [BAD, 'nginx'],
    breakGlassOf(...bad(BAD), byTag('nginx', ['built'])),
    ANNOTATIONS,
  ),
  row('break-glass of an attested image is written down all the same', LOGGED, ASK, [GOOD], BREAK_GLASS, LABELS),
  row('break-glass where everything is allowed is written down too', LOGGED, policy(ALLOW), ['nginx'], BREAK_GLASS, ANNOTATIONS),
  row('break-glass of an update', LABEL, policy(DENY), ['nginx'], breakGlassOf(always('nginx')), {
    ...LABELS,
    operation: 'UPDATE',
  }),
  row('break-glass under dry run', DRY, policy(dryRun(DENY)), ['nginx'], breakGlassOf(always('nginx')), {
    ...LABELS,
    open: OPEN_DRY,
  }),
  row('break-glass under dry run, of an image that passes', DRY, policy(dryRun(requires('built'))), [GOOD], BREAK_GLASS, {
    ...ANNOTATIONS,
    open: OPEN_DRY,
  }),
  row(
    'dry run of two bad images',
    DRY,
    policy(dryRun(requires('built'))),
    [BAD, 'nginx'],
    dryRunOf(...bad(BAD), byTag('nginx', ['built'])),
  ),
  row('dry run of one bad image and a good one', DRY, policy(dryRun(requires('built'))), [GOOD, BAD], dryRunOf(...bad(BAD))),
  row('dry run of an init container', DRY, policy(dryRun(requires('built'))), [GOOD], dryRunOf(...bad(BAD)), {
    initImages: [BAD],
  }),
  row('dry run of an update', DRY, policy(dryRun(DENY)), ['nginx'], dryRunOf(always('nginx')), { operation: 'UPDATE' }),
  row('dry run of what is not judged', KINDS, policy(dryRun(DENY)), ['nginx'], NOT_JUDGED, { kind: DEPLOYMENT }),
]

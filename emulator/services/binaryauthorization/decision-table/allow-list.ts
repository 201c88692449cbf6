// admissionWhitelistPatterns: what a pattern matches, and what it beats.

import type { Expected, Row } from './row.ts'
import {
  ALLOW,
  ALLOWED,
  always,
  app,
  byTag,
  DENY,
  denied,
  digest,
  dryRun,
  ON_THE_LIST,
  policy,
  REPOSITORY,
  requires,
  unattested,
} from './row.ts'

const EXACT = 'A4: A pattern **without wildcard is an exact string**'
const ONE = 'A4: `*` does not cross `/`'
const TWO = 'A4: `**` crosses `/`, and is a raw prefix'
const OVER = 'A4: `*` and `**` match over tag and digest text too'
const LOCAL = 'A4: Local references with no registry are legal and matched literally.'
const WRITTEN = 'A4: No image-name normalisation before matching'
const GRAMMAR = 'https://cloud.google.com/binary-authorization/docs/policy-yaml-reference'

const D = digest('any')

/** Under a default rule that denies everything. */
const PATTERNS: [pattern: string, image: string, matches: boolean, source: string][] = [
  ['gcr.io/p/app', 'gcr.io/p/app', true, EXACT],
  ['gcr.io/p/app', 'gcr.io/p/app:1', false, EXACT],
  ['gcr.io/p/app', 'gcr.io/p/app:latest', false, EXACT],
  ['gcr.io/p/app', `gcr.io/p/app@${D}`, false, EXACT],
  ['gcr.io/p/app', 'gcr.io/p/app/sub', false, EXACT],
  ['gcr.io/p/app', 'gcr.io/p/ap', false, EXACT],
  ['gcr.io/p/app', 'gcr.io/p/apple', false, EXACT],
  ['gcr.io/p/app', 'GCR.IO/p/app', false, EXACT],
  ['gcr.io/p/app', 'xgcr.io/p/app', false, EXACT],
  ['gcr.io/p/app', 'evil.example/gcr.io/p/app', false, EXACT],
  ['gcr.io/p/app', 'gcrxio/p/app', false, EXACT],
  ['gcr.io/p/app:1', 'gcr.io/p/app:1', true, EXACT],
  ['gcr.io/p/app:1', 'gcr.io/p/app:12', false, EXACT],
  ['gcr.io/p/app:1', 'gcr.io/p/app', false, EXACT],
  ['gcr.io/p/app:1', `gcr.io/p/app:1@${D}`, false, EXACT],
  [`gcr.io/p/app@${D}`, `gcr.io/p/app@${D}`, true, EXACT],
  [`gcr.io/p/app@${D}`, `gcr.io/p/app:1@${D}`, false, EXACT],
  [`gcr.io/p/app@${D}`, `gcr.io/q/app@${D}`, false, EXACT],
  [`gcr.io/p/app@${D}`, `gcr.io/p/app@${digest('another')}`, false, EXACT],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx', true, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx:latest', true, ONE],
  ['gcr.io/p/nginx*', `gcr.io/p/nginx@${D}`, true, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx-images', true, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx-images/nginx', false, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx/', false, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/p/ngin', false, ONE],
  ['gcr.io/p/nginx*', 'gcr.io/q/nginx', false, ONE],
  ['gcr.io/p/*', 'gcr.io/p/app:1', true, ONE],
  ['gcr.io/p/*', 'gcr.io/p/team/app', false, ONE],
  ['gcr.io/p/*', 'gcr.io/pq/app', false, ONE],
  ['gcr.io/*', 'gcr.io/app', true, 'A4: `gcr.io/*` is legal.'],
  ['gcr.io/*', 'gcr.io/p/app', false, ONE],
  ['gcr.io/*', 'gcr.io.evil.example/app', false, ONE],
  ['gcr.io/**', 'gcr.io/p/team/app:1', true, TWO],
  ['gcr.io/**', `gcr.io/p/team/app@${D}`, true, TWO],
  ['gcr.io/**', 'gcr.io.evil.example/p/app', false, TWO],
  ['gcr.io/**', 'eu.gcr.io/p/app', false, TWO],
  ['gcr.io/my-project**', 'gcr.io/my-project/app', true, TWO],
  ['gcr.io/my-project**', 'gcr.io/my-project-exploit/app', true, TWO],
  ['gcr.io/my-project/**', 'gcr.io/my-project/a/b/c:1', true, TWO],
  ['gcr.io/my-project/**', 'gcr.io/my-project-exploit/app', false, TWO],
  ['gcr.io/my-project/**', 'gcr.io/my-project', false, TWO],
  ['gcr.io/p/hello:v1.*', 'gcr.io/p/hello:v1.2', true, OVER],
  ['gcr.io/p/hello:v1.*', 'gcr.io/p/hello:v11', false, OVER],
  ['gcr.io/p/hello:v1.*', 'gcr.io/p/hello:v1.', true, OVER],
  ['gcr.io/p/hello@sha256:*', `gcr.io/p/hello@${D}`, true, OVER],
  ['gcr.io/p/hello@sha256:*', 'gcr.io/p/hello:sha256', false, OVER],
  ['gcr.io/p/hello@*', `gcr.io/p/hello@${D}`, true, OVER],
  [
    'us-docker.pkg.dev/p/r/**',
    'us-docker.pkg.dev/p/r/a/b:1',
    true,
    'https://cloud.google.com/binary-authorization/docs/configuring-policy-cli',
  ],
  [
    'us-docker.pkg.dev/p/r/**',
    'us-docker.pkg.dev/p/r2/a',
    false,
    'https://cloud.google.com/binary-authorization/docs/configuring-policy-cli',
  ],
  [
    'us-docker.pkg.dev/p/r/**',
    'europe-docker.pkg.dev/p/r/a',
    false,
    'https://cloud.google.com/binary-authorization/docs/configuring-policy-cli',
  ],
  ['localhost:5000/app*', 'localhost:5000/app:1', true, GRAMMAR],
  ['localhost:5000/app*', 'localhost:50001/app', false, GRAMMAR],
  ['loc-ref', 'loc-ref', true, LOCAL],
  ['loc-ref', 'loc-ref:latest', false, LOCAL],
  ['nginx', 'nginx', true, LOCAL],
  ['nginx', 'docker.io/library/nginx', false, WRITTEN],
  ['nginx', 'library/nginx', false, WRITTEN],
  ['docker.io/library/nginx', 'nginx', false, WRITTEN],
  ['docker.io/library/*', 'nginx', false, WRITTEN],
  ['docker.io/library/*', 'docker.io/library/nginx', true, WRITTEN],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx', false, WRITTEN],
]

const list = (...patterns: string[]) => ({ admissionWhitelistPatterns: patterns.map((namePattern) => ({ namePattern })) })

const NGINX = 'gcr.io/my-app-prod/nginx:latest'
const LIST = list('gcr.io/my-app-prod/nginx*')
const BEATS =
  'A3: It beats ALWAYS_DENY too: pattern `gcr.io/P/nginx*`, cluster and default rule ALWAYS_DENY -> `pod/nginx created`'
const ONLY_WAY = 'A4: Whitelisting is the only way a **tag** image passes a REQUIRE_ATTESTATION rule.'
const ORDER = 'A3: admissionWhitelistPatterns: any match => allow.'

const row = (
  shows: string,
  source: string,
  under: Row['policy'],
  image: string,
  expected: Expected,
  more: Partial<Row> = {},
): Row => ({
  shows,
  source,
  policy: under,
  images: [image],
  expected,
  ...more,
})

export const ALLOW_LIST_ROWS: Row[] = [
  ...PATTERNS.map(([pattern, image, matches, source]) =>
    row(
      `pattern ${pattern}: ${image} is ${matches ? '' : 'not '}exempt`,
      source,
      policy(DENY, list(pattern)),
      image,
      matches ? ON_THE_LIST : denied(always(image)),
    ),
  ),
  row('the list goes before a default rule that denies', BEATS, policy(DENY, LIST), NGINX, ON_THE_LIST),
  row(
    'the list goes before a cluster rule that denies',
    BEATS,
    policy(DENY, { ...LIST, clusterAdmissionRules: { 'europe-west2.prod': DENY } }),
    NGINX,
    ON_THE_LIST,
  ),
  row(
    'the list goes before a namespace rule',
    BEATS,
    policy(DENY, { ...LIST, kubernetesNamespaceAdmissionRules: { 'team-1': DENY } }),
    NGINX,
    ON_THE_LIST,
    { namespace: 'team-1' },
  ),
  row(
    'the list goes before a service account rule',
    BEATS,
    policy(DENY, { ...LIST, kubernetesServiceAccountAdmissionRules: { 'default:default': DENY } }),
    NGINX,
    ON_THE_LIST,
  ),
  row(
    'a tag on the list passes a rule that asks for attestations',
    ONLY_WAY,
    policy(requires('built'), LIST),
    NGINX,
    ON_THE_LIST,
  ),
  row(
    'a tag that is not on the list does not',
    ONLY_WAY,
    policy(requires('built'), LIST),
    'gcr.io/my-app-prod/app:1',
    denied(byTag('gcr.io/my-app-prod/app:1', ['built'])),
  ),
  row(
    'a digest on the list needs no attestation',
    ORDER,
    policy(requires('built'), list(`${REPOSITORY}@*`)),
    app('never attested'),
    ON_THE_LIST,
  ),
  row(
    'a digest beside the list does',
    ORDER,
    policy(requires('built'), list(`${REPOSITORY}x@*`)),
    app('never attested'),
    denied(unattested(app('never attested'), ['built'])),
  ),
  row('an attested digest beside the list passes by its rule', ORDER, policy(requires('built'), LIST), app('built'), ALLOWED),
  row(
    'any pattern of several is enough',
    ORDER,
    policy(DENY, list('gcr.io/a/*', 'gcr.io/b/*', 'gcr.io/c/*')),
    'gcr.io/c/app',
    ON_THE_LIST,
  ),
  row(
    'none of several',
    ORDER,
    policy(DENY, list('gcr.io/a/*', 'gcr.io/b/*', 'gcr.io/c/*')),
    'gcr.io/d/app',
    denied(always('gcr.io/d/app')),
  ),
  row('the list is told from a rule that allows', ORDER, policy(ALLOW, LIST), NGINX, ON_THE_LIST),
  row('beside the list the rule that allows decides', ORDER, policy(ALLOW, LIST), 'gcr.io/other/app', ALLOWED),
  row('what is on the list is no dry run', ORDER, policy(dryRun(DENY), LIST), NGINX, ON_THE_LIST),
]

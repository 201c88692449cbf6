// What makes an attestation good: the digest of its payload, a signature over the stored bytes, a key of the attestor. One is enough.

import type { Expected, Row } from './row.ts'
import { ALLOWED, app, denied, digest, policy, REPOSITORY, requires, unattested } from './row.ts'

const DIGEST = 'A6: **Only the digest counts.**'
const URI = 'A6: Any form that ends in the digest matches.'
const OTHER_DIGEST = 'A6: An occurrence whose resourceUri has another digest than its payload admits neither'
const TYPE = 'A6: do not fail on type; surface it in diagnostics'
const STORED = 'A6: Verify over `serializedPayload` exactly as stored (never re-serialise).'
const READ = 'A6: `docker-manifest-digest` of the signed payload is compared with the deployed digest'
const NO_DOCUMENT = 'A6: Signature verified, but unexpected message was signed'
const ONE = 'A6: >=1 valid signature in an occurrence suffices.'
const SEVERAL = "A6: Look-up = attestor's note + digest"
const ID = 'A5: Signature.publicKeyId must equal a key id exactly (lookup hint, never trust'
const BYTES = 'B: AttestationOccurrence is opaque to Grafeas: bad signatures are stored happily; verification only at admission.'
const DER = 'C: ECDSA signature = ASN.1 DER.'
const PAE = 'A6: For enforcement no source was found: try raw, then PAE'
const PGP = 'A6: support both attached and detached PGP'

const YES = true
const NO = false

/** Label of an attestation in world.ts, does it count, by which line, and the choice that this rests on. */
const ATTESTED: [label: string, counts: boolean, source: string, open?: string][] = [
  ['uri without scheme', YES, 'A6: **resourceUri has no scheme when gcloud creates it**'],
  ['uri with a tag', YES, URI],
  ['uri of another repository', YES, DIGEST],
  ['uri with more behind the digest', NO, URI],
  ['uri with another digest', NO, OTHER_DIGEST],
  ['another uri', NO, OTHER_DIGEST],
  ['uri with a tag alone', NO, URI],
  ['uri with the digest in upper case', NO, URI],
  ['payload in one line', YES, STORED],
  ['payload with another type', YES, TYPE],
  ['payload of another repository', YES, DIGEST],
  ['payload with nothing but the digest', YES, DIGEST],
  ['payload with optional fields', YES, READ],
  ['payload of another digest', NO, OTHER_DIGEST],
  ['another payload', NO, OTHER_DIGEST],
  ['payload with the digest twice', NO, READ, '`serializedPayload` with a key twice, or no UTF-8'],
  ['payload without digest', NO, NO_DOCUMENT],
  ['payload whose digest is a list', NO, NO_DOCUMENT],
  ['payload that is no JSON', NO, NO_DOCUMENT],
  ['payload that is the digest alone', NO, NO_DOCUMENT],
  ['payload with text behind it', NO, NO_DOCUMENT],
  ['payload with the digest outside critical', NO, READ],
  ['payload in PAE', YES, PAE, 'PAE (DSSE) under enforcement'],
  ['signed by a stranger under the id of the key', NO, ID],
  ['signed by a stranger', NO, ID],
  ['signed by a key of another attestor', NO, 'A3: keys inside one attestor = OR'],
  ['signed under an unknown id', NO, ID],
  ['signed under no id', NO, ID],
  ['signed other text', NO, STORED],
  ['signed without the last newline', NO, 'F3: Signing different bytes than stored (whitespace, missing newline, PAE vs raw)'],
  ['signature in base64 twice', NO, BYTES],
  ['signature truncated', NO, BYTES],
  ['signature with a bit flipped', NO, BYTES],
  ['signature empty', NO, BYTES],
  ['signature as r and s', NO, DER],
  ['no signature', NO, BYTES],
  ['bad signature before the good one', YES, ONE],
  ['bad signature behind the good one', YES, ONE],
  ['bad signatures alone', NO, ONE],
  ['a bad attestation and a good one', YES, SEVERAL],
  ['a good attestation and a bad one', YES, SEVERAL],
]

const PGP_ATTESTED: [label: string, counts: boolean, source: string][] = [
  ['PGP, detached', YES, PGP],
  ['PGP, attached', YES, PGP],
  ['PGP, over another digest', NO, OTHER_DIGEST],
  ['PGP, over other text', NO, STORED],
  [
    'PGP, under an unknown id',
    NO,
    'A6: No key found for attestation with key id (cause: signature key id not equal to fingerprint)',
  ],
  ['PKIX signature for a PGP key', NO, ID],
]

const JWT = 'A6: `jwts[].compactJwt`: self-contained, verifier should ignore serializedPayload for these'
const HEADER = 'A6: kritis reference header rules: typ=JWT, no crit, alg must match key; kid == key id'
const OPEN_JWT = '`jwts` of an attestation'

const JWT_ATTESTED: typeof ATTESTED = [
  ['JWT', YES, JWT, OPEN_JWT],
  ['JWT with a key of its own in the header', YES, HEADER, OPEN_JWT],
  ['JWT by a stranger under the id of the key', NO, HEADER],
  ['JWT under an unknown id', NO, HEADER],
  ['JWT without kid', NO, HEADER],
  ['JWT of another typ', NO, HEADER],
  ['JWT with crit', NO, HEADER],
  ['JWT with the alg none', NO, HEADER],
  ['JWT with the alg of a MAC', NO, HEADER],
  ['JWT with the alg of another key', NO, HEADER],
  ['JWT with a signature in DER', NO, HEADER],
  ['JWT of another digest', NO, OTHER_DIGEST],
]

const JWT_OF_SEVERAL_KEYS: typeof ATTESTED = [
  ['JWT by the PSS key', YES, HEADER, OPEN_JWT],
  ['JWT by the RSA key', YES, HEADER, OPEN_JWT],
  ['JWT by the P-384 key', YES, HEADER, OPEN_JWT],
]

const BUILT = digest('built')
const SIGNED = policy(requires('built'))
const DOCS = 'https://cloud.google.com/binary-authorization/docs/making-attestations'
const TAG_TOO = 'A6: **`repo:tag@sha256:…` is accepted** under REQUIRE_ATTESTATION: the tag is dropped for the look-up'
const MALFORMED = 'A6: Expected digest with sha256 scheme, but got tag or malformed digest'
const BY_TAG = 'A8: Digest is mandatory for REQUIRE_ATTESTATION'

/** Names under which the attested digest is deployed. */
const NAMES: [image: string, expected: 'ALLOWED' | 'NOT_BY_DIGEST', source: string][] = [
  [`gcr.io/elsewhere/copy@${BUILT}`, 'ALLOWED', DOCS],
  [`us-docker.pkg.dev/my-app-prod/images/app@${BUILT}`, 'ALLOWED', DOCS],
  [`localhost:5000/app@${BUILT}`, 'ALLOWED', DIGEST],
  [`app@${BUILT}`, 'ALLOWED', DIGEST],
  [`${REPOSITORY}:v1@${BUILT}`, 'ALLOWED', TAG_TOO],
  [`localhost:5000/app:v1@${BUILT}`, 'ALLOWED', TAG_TOO],
  [REPOSITORY, 'NOT_BY_DIGEST', BY_TAG],
  [`${REPOSITORY}:v1`, 'NOT_BY_DIGEST', BY_TAG],
  [`${REPOSITORY}:latest`, 'NOT_BY_DIGEST', BY_TAG],
  ['nginx', 'NOT_BY_DIGEST', BY_TAG],
  [`${REPOSITORY}:${BUILT.slice(7)}`, 'NOT_BY_DIGEST', BY_TAG],
  [`${REPOSITORY}@sha256:${BUILT.slice(7).toUpperCase()}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@SHA256:${BUILT.slice(7)}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@${BUILT.slice(0, -1)}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@${BUILT}0`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@sha512:${BUILT.slice(7)}${BUILT.slice(7)}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@${BUILT}@${BUILT}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@`, 'NOT_BY_DIGEST', MALFORMED],
  [`@${BUILT}`, 'NOT_BY_DIGEST', MALFORMED],
  [`${REPOSITORY}@${BUILT} `, 'NOT_BY_DIGEST', MALFORMED],
  [BUILT, 'NOT_BY_DIGEST', MALFORMED],
]

const byName = (image: string, expected: 'ALLOWED' | 'NOT_BY_DIGEST'): Expected =>
  expected === 'ALLOWED'
    ? ALLOWED
    : denied({
        image,
        rule: 'default admission rule',
        why: {
          'projects/table-attestors/attestors/built': 'Expected digest with sha256 scheme, but got tag or malformed digest',
        },
      })

const rowsFor = (id: string, rows: [label: string, counts: boolean, source: string, open?: string][]) =>
  rows.map(
    ([label, counts, source, open]): Row => ({
      shows: `${label}: ${counts ? 'attested' : 'not attested'}`,
      source,
      ...(open && { open }),
      policy: policy(requires(id)),
      images: [app(label)],
      expected: counts ? ALLOWED : denied(unattested(app(label), [id])),
    }),
  )

export const ATTESTATION_ROWS: Row[] = [
  ...rowsFor('built', ATTESTED),
  ...rowsFor('pgp', PGP_ATTESTED),
  ...rowsFor('built', JWT_ATTESTED),
  ...rowsFor('several-keys', JWT_OF_SEVERAL_KEYS),
  ...NAMES.map(
    ([image, expected, source]): Row => ({
      shows: `deployed as "${image.replace(BUILT.slice(7), '…')}": ${expected}`,
      source,
      policy: SIGNED,
      images: [image],
      expected: byName(image, expected),
    }),
  ),
]

// What there is in all rows of the table: keys, attestors, their notes, and attestations by the label of the digest that they are of.
import { digest, REPOSITORY } from './row.ts'

/** Names of keys, with the algorithm of Binary Authorization that each is for. */
export const KEYS = {
  builder: 'ECDSA_P256_SHA256',
  tester: 'ECDSA_P256_SHA256',
  scanner: 'RSA_PSS_2048_SHA256',
  successor: 'RSA_SIGN_PKCS1_2048_SHA256',
  p384: 'EC_SIGN_P384_SHA384',
  p521: 'ECDSA_P521_SHA512',
  stranger: 'ECDSA_P256_SHA256',
} as const

export type KeyName = keyof typeof KEYS | 'pgp'

export interface WorldAttestor {
  /** Below `projects/table-attestors/attestors/` unless it is a whole name. */
  id: string
  /** Whole name of the note. */
  note: string
  /** Keys, each with an id of its own where one is given. */
  keys: (KeyName | [key: KeyName, id: string])[]
}

const note = (id: string) => `projects/table-attestors/notes/${id}`
export const KMS_KEY = '//cloudkms.googleapis.com/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'

export const ATTESTORS: WorldAttestor[] = [
  { id: 'built', note: note('built'), keys: ['builder'] },
  { id: 'tested', note: note('tested'), keys: ['tester'] },
  { id: 'scanned', note: note('scanned'), keys: ['scanner'] },
  { id: 'several-keys', note: note('several-keys'), keys: ['builder', 'successor', 'p384', 'p521', 'scanner'] },
  { id: 'same-note-other-key', note: note('built'), keys: ['tester'] },
  { id: 'keyless', note: note('keyless'), keys: [] },
  { id: 'without-note', note: note('never-created'), keys: ['builder'] },
  { id: 'note-deleted', note: note('deleted'), keys: ['builder'] },
  { id: 'note-made-again', note: note('made-again'), keys: ['builder'] },
  { id: 'note-of-another-kind', note: note('of-another-kind'), keys: ['builder'] },
  { id: 'attestor-deleted', note: note('built'), keys: ['builder'] },
  { id: 'key-replaced', note: note('key-replaced'), keys: ['builder'] },
  { id: 'keys-removed', note: note('keys-removed'), keys: ['builder'] },
  { id: 'key-added', note: note('key-added'), keys: ['builder'] },
  {
    id: 'named-keys',
    note: note('named-keys'),
    keys: [
      ['builder', 'https://example.com/keys/1'],
      ['tester', KMS_KEY],
    ],
  },
  { id: 'projects/table-elsewhere/attestors/foreign', note: 'projects/table-notes/notes/foreign', keys: ['builder'] },
  { id: 'pgp', note: note('pgp'), keys: ['pgp'] },
]

/** Done after all policies are written. */
export const AFTERWARDS = {
  deletedAttestors: ['attestor-deleted'],
  deletedNotes: [note('deleted'), note('made-again'), note('of-another-kind')],
  notesMadeAgain: [
    { name: note('made-again'), note: { attestation: { hint: { humanReadableName: 'again' } } } },
    { name: note('of-another-kind'), note: { build: { builderVersion: '1' } } },
  ],
  keys: { 'key-replaced': ['tester'], 'keys-removed': [], 'key-added': ['builder', 'tester'] } as Record<string, KeyName[]>,
  /** Digests whose attestations are deleted again. */
  deletedAttestations: ['attested, and the attestation deleted'],
}

export interface WorldAttestation {
  /** Label of the digest in which the resourceUri ends. */
  of: string
  note: string
  key: KeyName
  /** Unless it is the key's own id. */
  publicKeyId?: string
  /** `{digest}` stands for the digest. Unless given, the payload is what gcloud writes. */
  payload?: string
  /** Label of the digest that the payload names, where it is another. */
  payloadOf?: string
  /** What is signed, where it is not the payload: its PAE, or other text. */
  signed?: 'PAE' | { text: string }
  /** What becomes of the signature. */
  signature?: 'BASE64_TWICE' | 'TRUNCATED' | 'BIT_FLIPPED' | 'EMPTY' | 'P1363' | 'ATTACHED'
  /** `{digest}` stands for the digest. */
  resourceUri?: string
  project?: string
  /** Further signatures of the same occurrence, before and behind this one. */
  before?: KeyName[]
  behind?: KeyName[]
  /** No signatures at all. */
  unsigned?: boolean
  /** A JWT in the place of the signature: what its header has beside or instead of typ, alg and kid. */
  jwt?: { header?: Record<string, unknown>; der?: boolean }
}

const built = (of: string, more: Partial<WorldAttestation> = {}): WorldAttestation => ({
  of,
  note: note('built'),
  key: 'builder',
  ...more,
})
const by = (id: string, of: string, key: KeyName, more: Partial<WorldAttestation> = {}) =>
  built(of, { note: note(id), key, ...more })

const critical = (image: string, more = '') =>
  `{"critical":{"identity":{"docker-reference":"${REPOSITORY}"},"image":${image},"type":"Google cloud binauthz container signature"}${more}}`
const MANIFEST = '{"docker-manifest-digest":"{digest}"}'

export const ATTESTATIONS: WorldAttestation[] = [
  built('built'),
  built('built and tested'),
  by('tested', 'built and tested', 'tester'),
  by('tested', 'tested', 'tester'),
  built('built, tested and scanned'),
  by('tested', 'built, tested and scanned', 'tester'),
  by('scanned', 'built, tested and scanned', 'scanner'),
  by('scanned', 'scanned', 'scanner'),
  // resourceUri
  built('uri without scheme', { resourceUri: `${REPOSITORY}@{digest}` }),
  built('uri with a tag', { resourceUri: `https://${REPOSITORY}:v1@{digest}` }),
  built('uri of another repository', { resourceUri: 'https://gcr.io/elsewhere/copy@{digest}' }),
  built('uri with more behind the digest', { resourceUri: `https://${REPOSITORY}@{digest}?x` }),
  built('uri with another digest', { resourceUri: `https://${REPOSITORY}@${digest('another uri')}` }),
  built('uri with a tag alone', { resourceUri: `https://${REPOSITORY}:v1` }),
  built('uri with the digest in upper case', {
    resourceUri: `https://${REPOSITORY}@sha256:${digest('uri with the digest in upper case').slice(7).toUpperCase()}`,
  }),
  // payload
  built('payload in one line', { payload: critical(MANIFEST) }),
  built('payload with another type', { payload: critical(MANIFEST).replace('Google cloud binauthz', 'atomic') }),
  built('payload of another repository', { payload: critical(MANIFEST).replace(REPOSITORY, 'docker.io/other/name') }),
  built('payload with nothing but the digest', { payload: '{"critical":{"image":{"docker-manifest-digest":"{digest}"}}}' }),
  built('payload with optional fields', { payload: critical(MANIFEST, ',"optional":{"build":"7"}') }),
  built('payload of another digest', { payloadOf: 'another payload' }),
  built('payload with the digest twice', {
    payload: critical(`{"docker-manifest-digest":"${digest('x')}","docker-manifest-digest":"{digest}"}`),
  }),
  built('payload without digest', { payload: critical('{}') }),
  built('payload whose digest is a list', { payload: critical('{"docker-manifest-digest":["{digest}"]}') }),
  built('payload that is no JSON', { payload: 'docker-manifest-digest: {digest}' }),
  built('payload that is the digest alone', { payload: '{digest}' }),
  built('payload with text behind it', { payload: `${critical(MANIFEST)} {}` }),
  built('payload with the digest outside critical', { payload: '{"critical":{},"image":{"docker-manifest-digest":"{digest}"}}' }),
  built('payload in PAE', { signed: 'PAE' }),
  // signature
  by('built', 'signed by a stranger under the id of the key', 'stranger', { publicKeyId: 'builder' }),
  by('built', 'signed by a stranger', 'stranger'),
  by('built', 'signed by a key of another attestor', 'tester'),
  built('signed under an unknown id', { publicKeyId: 'my-key' }),
  built('signed under no id', { publicKeyId: '' }),
  built('signed other text', { signed: { text: 'something else' } }),
  built('signed without the last newline', { signed: { text: 'WITHOUT_NEWLINE' } }),
  built('signature in base64 twice', { signature: 'BASE64_TWICE' }),
  built('signature truncated', { signature: 'TRUNCATED' }),
  built('signature with a bit flipped', { signature: 'BIT_FLIPPED' }),
  built('signature empty', { signature: 'EMPTY' }),
  built('signature as r and s', { signature: 'P1363' }),
  built('no signature', { unsigned: true }),
  built('bad signature before the good one', { before: ['stranger'] }),
  built('bad signature behind the good one', { behind: ['stranger'] }),
  by('built', 'bad signatures alone', 'stranger', { before: ['tester'], publicKeyId: 'builder' }),
  // several attestations
  by('built', 'a bad attestation and a good one', 'stranger'),
  built('a bad attestation and a good one'),
  built('a good attestation and a bad one'),
  by('built', 'a good attestation and a bad one', 'stranger'),
  built('attested, and the attestation deleted'),
  // keys
  by('several-keys', 'by the first key', 'builder'),
  by('several-keys', 'by the RSA key', 'successor'),
  by('several-keys', 'by the P-384 key', 'p384'),
  by('several-keys', 'by the P-521 key', 'p521'),
  by('several-keys', 'by the PSS key', 'scanner'),
  by('several-keys', 'by one key under the id of another', 'builder', { publicKeyId: 'p384' }),
  by('several-keys', 'by two keys', 'builder', { behind: ['successor'] }),
  by('several-keys', 'by no key of the attestor', 'tester'),
  by('key-replaced', 'by the key that was replaced', 'builder'),
  by('key-replaced', 'by the key that replaced it', 'tester'),
  by('keys-removed', 'by the key that was removed', 'builder'),
  by('key-added', 'by the first of two keys', 'builder'),
  by('key-added', 'by the key that was added', 'tester'),
  by('named-keys', 'under the id that was given', 'builder', { publicKeyId: 'https://example.com/keys/1' }),
  by('named-keys', 'under the id of the bytes', 'builder'),
  by('named-keys', 'under the id of the KMS key', 'tester', { publicKeyId: KMS_KEY }),
  by('named-keys', 'under the id of the KMS key at this emulator', 'tester', {
    publicKeyId: KMS_KEY.replace('cloudkms.googleapis.com', '127.0.0.1:9080'),
  }),
  by('named-keys', 'under the id of the KMS key elsewhere', 'tester', {
    publicKeyId: KMS_KEY.replace('cloudkms.googleapis.com', 'kms.example.com'),
  }),
  by('named-keys', 'under the id of another version', 'tester', { publicKeyId: KMS_KEY.replace(/1$/, '2') }),
  by('named-keys', 'under the id with https', 'tester', { publicKeyId: `https:${KMS_KEY}` }),
  // notes and projects
  by('keyless', 'attested to an attestor without keys', 'builder'),
  by('deleted', 'attested, and the note deleted', 'builder'),
  by('made-again', 'attested, and the note made again', 'builder'),
  by('of-another-kind', 'attested, and the note is of another kind', 'builder'),
  built('attested in another project', { project: 'table-elsewhere' }),
  built('foreign', { note: 'projects/table-notes/notes/foreign' }),
  built('foreign, attested in a third project', { note: 'projects/table-notes/notes/foreign', project: 'table-third' }),
  // JWT
  built('JWT', { jwt: {} }),
  by('several-keys', 'JWT by the PSS key', 'scanner', { jwt: {} }),
  by('several-keys', 'JWT by the RSA key', 'successor', { jwt: {} }),
  by('several-keys', 'JWT by the P-384 key', 'p384', { jwt: {} }),
  built('JWT with a key of its own in the header', { jwt: { header: { jwk: { kty: 'EC' }, jku: 'https://example.com' } } }),
  by('built', 'JWT by a stranger under the id of the key', 'stranger', { publicKeyId: 'builder', jwt: {} }),
  built('JWT under an unknown id', { publicKeyId: 'my-key', jwt: {} }),
  built('JWT without kid', { jwt: { header: { kid: undefined } } }),
  built('JWT of another typ', { jwt: { header: { typ: 'JOSE' } } }),
  built('JWT with crit', { jwt: { header: { crit: ['exp'] } } }),
  built('JWT with the alg none', { jwt: { header: { alg: 'none' } } }),
  built('JWT with the alg of a MAC', { jwt: { header: { alg: 'HS256' } } }),
  built('JWT with the alg of another key', { jwt: { header: { alg: 'ES384' } } }),
  built('JWT with a signature in DER', { jwt: { der: true } }),
  built('JWT of another digest', { payloadOf: 'another payload', jwt: {} }),
  // PGP
  by('pgp', 'PGP, detached', 'pgp'),
  by('pgp', 'PGP, attached', 'pgp', { signature: 'ATTACHED' }),
  by('pgp', 'PGP, over another digest', 'pgp', { payloadOf: 'another payload' }),
  by('pgp', 'PGP, over other text', 'pgp', { signed: { text: 'something else' } }),
  by('pgp', 'PGP, under an unknown id', 'pgp', { publicKeyId: '0123456789ABCDEF0123456789ABCDEF01234567' }),
  by('pgp', 'PKIX signature for a PGP key', 'builder', { publicKeyId: 'pgp' }),
]

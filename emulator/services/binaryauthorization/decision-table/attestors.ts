// Rules that ask for attestors: all attestors of a rule, any key of an attestor, and attestors that have lost something.

import type { Expected, Row } from './row.ts'
import {
  ALLOWED,
  app,
  attestor,
  byTag,
  DEFAULT_RULE,
  denied,
  dryRun,
  dryRunOf,
  NOT_BY_DIGEST,
  policy,
  requires,
  UNATTESTED,
  unattested,
} from './row.ts'

const AND = 'A3: Attestors in one rule = AND; keys inside one attestor = OR'
const OR = 'A3: any key satisfies an authority, all authorities needed'
const KEYLESS = 'A5: Attestor with zero public keys never verifies anything.'
const MUTABLE = 'A5: Mutable: description, publicKeys (+comment).'
const EXACT_ID = 'A5: Signature.publicKeyId must equal a key id exactly'
const KMS_ID = "A5: where the authority of a KMS id is this emulator's own, it equals `//cloudkms.googleapis.com/`"
const BLANK_ID = 'A5: if blank = `ni:///sha-256;` + base64url **without padding** of SHA-256(DER SPKI)'
const DELETED = 'A2: An attestor may be *deleted* while a policy still names it: the rule then denies'
const LOOK_UP = "A6: Lookup scope: all ATTESTATION occurrences attached to the attestor's note, whatever project they live in"
const ELSEWHERE = 'A3: attestors and notes may be in other projects.'
const SEVERAL_FAIL = 'several attestors of one rule fail'

const row = (shows: string, source: string, ids: string[], label: string, expected: Expected, more: Partial<Row> = {}): Row => ({
  shows,
  source,
  policy: policy(requires(...ids)),
  images: [app(label)],
  expected,
  ...more,
})

/** Attestors of a rule, label of the digest, and those that deny. */
const RULES: [ids: string[], label: string, missing: string[], source: string][] = [
  [['built'], 'tested', ['built'], AND],
  [['tested'], 'tested', [], AND],
  [['tested'], 'built', ['tested'], AND],
  [['built', 'tested'], 'built and tested', [], AND],
  [['tested', 'built'], 'built and tested', [], AND],
  [['built', 'tested'], 'built', ['tested'], AND],
  [['built', 'tested'], 'tested', ['built'], AND],
  [['built', 'tested', 'scanned'], 'built, tested and scanned', [], AND],
  [['built', 'tested', 'scanned'], 'built and tested', ['scanned'], AND],
  [['scanned'], 'scanned', [], AND],
  [['built', 'built'], 'built', [], AND],
  [['several-keys'], 'by the first key', [], OR],
  [['several-keys'], 'by the RSA key', [], OR],
  [['several-keys'], 'by the P-384 key', [], OR],
  [['several-keys'], 'by the P-521 key', [], OR],
  [['several-keys'], 'by the PSS key', [], OR],
  [['several-keys'], 'by two keys', [], OR],
  [['several-keys'], 'by no key of the attestor', ['several-keys'], OR],
  [['several-keys'], 'by one key under the id of another', ['several-keys'], EXACT_ID],
  [['several-keys'], 'built', ['several-keys'], LOOK_UP],
  [['keyless'], 'attested to an attestor without keys', ['keyless'], KEYLESS],
  [['built', 'keyless'], 'built', ['keyless'], KEYLESS],
  [['key-replaced'], 'by the key that was replaced', ['key-replaced'], MUTABLE],
  [['key-replaced'], 'by the key that replaced it', [], MUTABLE],
  [['keys-removed'], 'by the key that was removed', ['keys-removed'], KEYLESS],
  [['key-added'], 'by the first of two keys', [], MUTABLE],
  [['key-added'], 'by the key that was added', [], MUTABLE],
  [['named-keys'], 'under the id that was given', [], EXACT_ID],
  [['named-keys'], 'under the id of the bytes', ['named-keys'], BLANK_ID],
  [['named-keys'], 'under the id of the KMS key', [], EXACT_ID],
  [['named-keys'], 'under the id of the KMS key at this emulator', [], KMS_ID],
  [['named-keys'], 'under the id of the KMS key elsewhere', ['named-keys'], KMS_ID],
  [['named-keys'], 'under the id of another version', ['named-keys'], EXACT_ID],
  [['named-keys'], 'under the id with https', ['named-keys'], EXACT_ID],
  [['same-note-other-key'], 'built', ['same-note-other-key'], LOOK_UP],
  [['same-note-other-key'], 'signed by a key of another attestor', [], LOOK_UP],
  [['without-note'], 'built', ['without-note'], LOOK_UP],
  [['note-deleted'], 'attested, and the note deleted', ['note-deleted'], LOOK_UP],
  [['note-of-another-kind'], 'attested, and the note is of another kind', ['note-of-another-kind'], LOOK_UP],
  [['note-deleted'], 'built', ['note-deleted'], LOOK_UP],
  [['projects/table-elsewhere/attestors/foreign'], 'foreign', [], ELSEWHERE],
  [['projects/table-elsewhere/attestors/foreign'], 'foreign, attested in a third project', [], LOOK_UP],
  [['projects/table-elsewhere/attestors/foreign'], 'built', ['projects/table-elsewhere/attestors/foreign'], LOOK_UP],
  [['built', 'projects/table-elsewhere/attestors/foreign'], 'built', ['projects/table-elsewhere/attestors/foreign'], ELSEWHERE],
  [['built'], 'foreign', ['built'], LOOK_UP],
  [['built'], 'attested in another project', [], LOOK_UP],
  [['built'], 'attested, and the attestation deleted', ['built'], LOOK_UP],
]

const GONE = { [attestor('attestor-deleted')]: 'The attestor does not exist' }
const OPEN_GONE = { open: 'a policy names an attestor that was deleted' }
const gone = (label: string, why: Record<string, string>) => denied({ image: app(label), rule: DEFAULT_RULE, why })

export const ATTESTOR_ROWS: Row[] = [
  ...RULES.map(([ids, label, missing, source]) =>
    row(
      `${ids.map((id) => id.split('/').at(-1)).join(' and ')}: an image ${label}`,
      source,
      ids,
      label,
      missing.length === 0 ? ALLOWED : denied(unattested(app(label), missing)),
      missing[0] === 'keyless' || missing[0] === 'keys-removed' ? { open: 'an attestor without keys' } : {},
    ),
  ),
  row(
    'neither of two attestors: a sentence for each, in the order of the rule',
    AND,
    ['built', 'tested'],
    'never attested',
    denied(unattested(app('never attested'), ['built', 'tested'])),
    { open: SEVERAL_FAIL },
  ),
  row(
    'two of three attestors are missing',
    AND,
    ['built', 'tested', 'scanned'],
    'tested',
    denied(unattested(app('tested'), ['built', 'scanned'])),
    { open: SEVERAL_FAIL },
  ),
  row('a rule that names an attestor that was deleted', DELETED, ['attestor-deleted'], 'built', gone('built', GONE), OPEN_GONE),
  row('and another that is satisfied', DELETED, ['built', 'attestor-deleted'], 'built', gone('built', GONE), OPEN_GONE),
  row(
    'and another that is not',
    DELETED,
    ['built', 'attestor-deleted'],
    'tested',
    gone('tested', { [attestor('built')]: UNATTESTED, ...GONE }),
    OPEN_GONE,
  ),
  row(
    'an attestor that was deleted, and a tag',
    'A8: tag is refused before any attestation lookup',
    ['attestor-deleted'],
    'built',
    denied({ image: 'nginx', rule: DEFAULT_RULE, why: { [attestor('attestor-deleted')]: NOT_BY_DIGEST } }),
    { images: ['nginx'], ...OPEN_GONE },
  ),
  row(
    'two attestors, and a tag',
    'A8: tag is refused before any attestation lookup',
    ['built', 'tested'],
    'built',
    denied(byTag('nginx', ['built', 'tested'])),
    { images: ['nginx'], open: SEVERAL_FAIL },
  ),
  row(
    'a note that was made again has the attestations of its name',
    LOOK_UP,
    ['note-made-again'],
    'attested, and the note made again',
    ALLOWED,
  ),
  row('dry run of two attestors, one missing', AND, [], 'built', dryRunOf(unattested(app('built'), ['tested'])), {
    policy: policy(dryRun(requires('built', 'tested'))),
  }),
]

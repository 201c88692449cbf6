// Resources of Binary Authorization as Terraform's google provider sends them
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/binary_authorization_policy).
import { type Provider, unlessNotFound } from './provider.ts'
import { type Fields, idOf, parentOf, type Resource } from './resource.ts'

const read = (provider: Provider, id: string) => unlessNotFound(provider.send('binaryAuthorization', 'GET', id))

/** Attestors may be named by their ids. */
const byId = (rule?: Fields) =>
  rule && { ...rule, requireAttestationsBy: rule.requireAttestationsBy?.map((name: string) => idOf(name)).sort() }

const rulesById = (rules: Fields = {}) => Object.fromEntries(Object.entries(rules).map(([key, rule]) => [key, byId(rule)]))

/** What a policy that was destroyed is set to. */
export const DESTROYED_POLICY = {
  admissionWhitelistPatterns: [{ namePattern: 'gcr.io/google_containers/*' }],
  defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
}

export const policy: Resource = {
  type: 'google_binary_authorization_policy',
  fields: ['description', 'admissionWhitelistPatterns', 'clusterAdmissionRules', 'defaultAdmissionRule'],
  filled: ['globalPolicyEvaluationMode'],
  needed: ['defaultAdmissionRule.evaluationMode', 'defaultAdmissionRule.enforcementMode'],
  same: ({ clusterAdmissionRules, defaultAdmissionRule, ...rest }) => ({
    ...rest,
    clusterAdmissionRules: rulesById(clusterAdmissionRules),
    defaultAdmissionRule: byId(defaultAdmissionRule),
  }),
  // it is there in every project, and replaced as a whole
  async create(provider, name, configuration) {
    await provider.send('binaryAuthorization', 'PUT', name, {}, configuration)
    return name
  },
  read,
  update: (provider, id, planned) => provider.send('binaryAuthorization', 'PUT', id, {}, planned),
  destroy: (provider, { id }) => provider.send('binaryAuthorization', 'PUT', id, {}, { name: id, ...DESTROYED_POLICY }),
}

const NOTE = 'userOwnedGrafeasNote'

/** At most two keys are compared. */
const ofKeys = (field: string) => [0, 1].map((i) => `${NOTE}.publicKeys.${i}.${field}`)

/** Two names of each algorithm on an elliptic curve. */
const oneAlgorithm = ({ pkixPublicKey, ...key }: Fields) => ({
  ...key,
  ...(pkixPublicKey && {
    pkixPublicKey: { ...pkixPublicKey, signatureAlgorithm: pkixPublicKey.signatureAlgorithm?.replace(/^EC_SIGN_/, 'ECDSA_') },
  }),
})

export const attestor: Resource = {
  type: 'google_binary_authorization_attestor',
  fields: [
    'description',
    `${NOTE}.noteReference`,
    `${NOTE}.publicKeys.length`,
    ...['comment', 'asciiArmoredPgpPublicKey', 'pkixPublicKey'].flatMap(ofKeys),
  ],
  filled: ofKeys('id'),
  needed: ['name', `${NOTE}.delegationServiceAccountEmail`, `${NOTE}.publicKeys.0.id`],
  same: ({ [NOTE]: note, ...rest }) => ({
    ...rest,
    // a note may be named by its id
    [NOTE]: { noteReference: idOf(note.noteReference), publicKeys: note.publicKeys?.map(oneAlgorithm) ?? [] },
  }),
  async create(provider, name, configuration) {
    const body = withNoteName(name, configuration)
    await provider.send('binaryAuthorization', 'POST', `${parentOf(name)}/attestors`, { attestorId: idOf(name) }, body)
    return name
  },
  read,
  update: (provider, id, planned) => provider.send('binaryAuthorization', 'PUT', id, {}, withNoteName(id, planned)),
  destroy: (provider, { id }) => unlessNotFound(provider.send('binaryAuthorization', 'DELETE', id)),
}

/** A note that is named by its id is one of the attestor's project. */
function withNoteName(name: string, { [NOTE]: note, ...configuration }: Fields) {
  const isName = note.noteReference.includes('/')
  const noteReference = isName ? note.noteReference : `${parentOf(name)}/notes/${note.noteReference}`
  return { ...configuration, name, [NOTE]: { ...note, noteReference } }
}

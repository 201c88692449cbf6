// The open points that a decision can rest on: where Google publishes nothing, and what production does is a choice of ours.
import type { AttestorStep, RuleStep, SignatureStep, Step } from './evaluation-tree.ts'

/** Id → the question, as emulator/decisions/0004-choices.md has it, where the answer is. */
export const CHOICES: Record<string, string> = {
  'global-policy-mode-unset': '`globalPolicyEvaluationMode` left out',
  'system-policy-content': 'content of the system policy',
  'rule-wording': 'wording of a denial by a namespace or service account rule',
  'several-attestors': 'several attestors of one rule fail',
  'several-images': 'several images are denied',
  'attestor-deleted': 'a policy names an attestor that was deleted',
  'service-agents': 'a service agent that may not read an attestor or its note (`--iam enforce`)',
  'attestor-without-keys': 'an attestor without keys',
  'service-account-unknown': 'an ImageReview under a policy with rules for service accounts',
  'too-many-images': 'a review of more than 250 images',
  'istio-rules': '`istioServiceIdentityAdmissionRules` at GKE admission',
  pae: 'PAE (DSSE) under enforcement',
  jwt: '`jwts` of an attestation',
  'pss-salt': 'PSS salt of another length than the digest',
  'pgp-key-expired': 'expired PGP key',
  'payload-read-strictly': '`serializedPayload` with a key twice, or no UTF-8',
  'payload-members': 'members of the payload beyond the digest',
  'kms-key-authority': 'authority in the id of a KMS key',
}

type Row<T> = [id: keyof typeof CHOICES, decides: (node: T) => boolean]

const isSpecific = (rule: string) => /^kubernetes(Namespace|ServiceAccount)AdmissionRules/.test(rule)

const failing = ({ attestors = [] }: RuleStep) => attestors.filter(({ result }) => result === 'NOT_SATISFIED')

const STEPS: Row<Step>[] = [
  ['global-policy-mode-unset', (step) => step.step === 'SYSTEM_POLICY' && /is not set/.test(step.why ?? '')],
  ['system-policy-content', (step) => step.step === 'SYSTEM_POLICY' && step.result === 'MATCHED'],
  ['rule-wording', (step) => step.step === 'ADMISSION_RULE' && step.result === 'DENIED' && isSpecific(step.rule)],
  ['several-attestors', (step) => step.step === 'ADMISSION_RULE' && failing(step).length > 1],
  ['service-account-unknown', (step) => step.step === 'ADMISSION_RULE' && step.code === 'RULE_UNKNOWN'],
  ['too-many-images', (step) => step.step === 'ADMISSION_RULE' && step.code === 'TOO_MANY_IMAGES'],
]

const ATTESTORS: Row<AttestorStep>[] = [
  ['attestor-deleted', ({ code }) => code === 'ATTESTOR_NOT_FOUND'],
  ['service-agents', ({ code }) => code === 'ATTESTOR_NOT_ACCESSIBLE'],
  ['attestor-without-keys', ({ code }) => code === 'ATTESTOR_HAS_NO_KEYS'],
]

const SIGNATURES: Row<SignatureStep>[] = [
  ['pae', ({ form }) => form === 'pae'],
  ['jwt', ({ form, code }) => form === 'jwt' || code.startsWith('JWT_')],
  ['pss-salt', ({ why = '' }) => why.includes('PSS salt')],
  ['pgp-key-expired', ({ why = '' }) => why.includes('The key had expired when the signature was made')],
  ['payload-read-strictly', ({ code, why = '' }) => code === 'PAYLOAD_INVALID' && /twice in one object|UTF-8/.test(why)],
  ['payload-members', ({ code, why = '' }) => code === 'PAYLOAD_INVALID' && /is not a string|is not an object/.test(why)],
  [
    'kms-key-authority',
    ({ publicKeyId }) => /^\/\/(?!cloudkms\.googleapis\.com\/)[^/]+\/v1\/projects\/.*\/cryptoKeyVersions\/\d+$/.test(publicKeyId),
  ],
]

const choicesOf =
  <T>(rows: Row<T>[]) =>
  (node: T): string[] =>
    rows.filter(([, decides]) => decides(node)).map(([id]) => id)

/** Ids of the choices that each part of a tree rests on. */
export const stepChoices = choicesOf(STEPS)
export const attestorChoices = choicesOf(ATTESTORS)
export const signatureChoices = choicesOf(SIGNATURES)

/** All that the parts of a tree name, each once. */
export function choicesIn(steps: Step[]): string[] {
  const attestors = steps.flatMap((step) => (step.step === 'ADMISSION_RULE' ? (step.attestors ?? []) : []))
  const signatures = attestors.flatMap(({ attestations = [] }) => attestations.flatMap((attestation) => attestation.signatures))
  return [...new Set([...steps, ...attestors, ...signatures].flatMap(({ choices = [] }) => choices))]
}

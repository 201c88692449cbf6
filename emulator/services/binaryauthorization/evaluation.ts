// May these images run here? The evaluation of a project's policy
// (https://cloud.google.com/binary-authorization/docs/key-concepts#policies): system policy, allow-list, the one rule that matches.
// First everything is read, at one moment; then signatures are verified, which may wait; nothing is written.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { findAttestations } from '../containeranalysis/index.ts'
import { matchesPattern } from './allowlist.ts'
import { findAttestor } from './attestors.ts'
import type {
  AllowlistStep,
  AttestationStep,
  AttestorStep,
  Deployment,
  Evaluation,
  ImageEvaluation,
  RuleStep,
  SystemPolicyStep,
} from './evaluation-tree.ts'
import { digestOfImage } from './image-reference.ts'
import { policyOf } from './policies.ts'
import { findRule } from './rules.ts'
import { systemPolicyOf } from './system-policy.ts'
import { verifyAttestation } from './verify-attestation.ts'

type Policy = components['schemas']['Policy']
type Attestor = components['schemas']['Attestor']
type StoredAttestation = ReturnType<typeof findAttestations>[number]

/** Texts of the enforcer, word for word. */
export const REASONS = {
  noValidAttestation: 'No attestations found that were valid and signed by a key trusted by the attestor',
  notByDigest: 'Expected digest with sha256 scheme, but got tag or malformed digest',
  attestorNotFound: 'The attestor does not exist', // ours: no text of production is known
} as const

/** The tree lists at most so many failed attestations of an attestor; all are examined. */
const MAX_LISTED = 50

/** Evaluates the policy of `deployment.project`. */
export async function evaluate(deployment: Deployment, ctx: Context): Promise<Evaluation> {
  const policy = policyOf(ctx, deployment.project)
  const location = deployment.cluster?.split('.')[0]
  const system = systemPolicyOf(location ?? 'global')
  const { rule, field } = findRule(policy, deployment)
  const evidence = deployment.images.map((image) => ({ image, attestors: collectAttestors(image, rule, ctx) }))
  const images: ImageEvaluation[] = []
  for (const { image, attestors } of evidence) {
    const systemStep = evaluateSystemPolicy(policy, system, image)
    if (systemStep.result === 'MATCHED') {
      images.push({ image, allowed: true, decidedBy: 'SYSTEM_POLICY', steps: [systemStep] })
      continue
    }
    const allowlistStep = evaluateAllowlist(policy, image)
    if (allowlistStep.result === 'MATCHED') {
      images.push({ image, allowed: true, decidedBy: 'ADMISSION_WHITELIST', steps: [systemStep, allowlistStep] })
      continue
    }
    const ruleStep = await evaluateRule(rule, field, image, attestors, ctx)
    const allowed = ruleStep.result === 'ALLOWED'
    images.push({ image, allowed, decidedBy: 'ADMISSION_RULE', steps: [systemStep, allowlistStep, ruleStep] })
  }
  return {
    policy: policy.name!,
    ...(policy.etag && { policyEtag: policy.etag }),
    allowed: images.every(({ allowed }) => allowed),
    dryRun: rule.enforcementMode === 'DRYRUN_AUDIT_LOG_ONLY',
    images,
  }
}

interface AttestorEvidence {
  name: string
  attestor?: Attestor
  attestations: StoredAttestation[]
}

/** Reads what the rule asks for, before anything waits: all images of one deployment are judged by one state of the store. */
function collectAttestors(image: string, rule: AdmissionRule, ctx: Context): AttestorEvidence[] {
  const digest = digestOfImage(image)
  if (rule.evaluationMode !== 'REQUIRE_ATTESTATION') return []
  return (rule.requireAttestationsBy ?? []).map((name) => {
    const attestor = findAttestor(ctx, name)
    const note = attestor?.userOwnedGrafeasNote?.noteReference
    return { name, attestor, attestations: note && digest ? findAttestations(ctx, note, digest) : [] }
  })
}

type AdmissionRule = components['schemas']['AdmissionRule']

function evaluateSystemPolicy(policy: Policy, system: Policy, image: string): SystemPolicyStep {
  if (policy.globalPolicyEvaluationMode !== 'ENABLE') {
    const unset = 'globalPolicyEvaluationMode is not set, which means DISABLE: images of the system policy are not exempt.'
    const why = policy.globalPolicyEvaluationMode === 'DISABLE' ? 'globalPolicyEvaluationMode is DISABLE.' : unset
    return { step: 'SYSTEM_POLICY', result: 'NOT_EVALUATED', why }
  }
  const pattern = matchingPattern(system, image)
  return { step: 'SYSTEM_POLICY', result: pattern ? 'MATCHED' : 'NOT_MATCHED', ...(pattern && { pattern }) }
}

function evaluateAllowlist(policy: Policy, image: string): AllowlistStep {
  const pattern = matchingPattern(policy, image)
  return { step: 'ADMISSION_WHITELIST', result: pattern ? 'MATCHED' : 'NOT_MATCHED', ...(pattern && { pattern }) }
}

const matchingPattern = ({ admissionWhitelistPatterns = [] }: Policy, image: string) =>
  admissionWhitelistPatterns.find(({ namePattern = '' }) => matchesPattern(namePattern, image))?.namePattern

/** Only what a mode is known to allow is allowed: anything else that a rule could hold denies. */
async function evaluateRule(
  rule: AdmissionRule,
  field: string,
  image: string,
  evidence: AttestorEvidence[],
  ctx: Context,
): Promise<RuleStep> {
  const { evaluationMode = 'EVALUATION_MODE_UNSPECIFIED', enforcementMode = 'ENFORCEMENT_MODE_UNSPECIFIED' } = rule
  const step = { step: 'ADMISSION_RULE', rule: field, evaluationMode, enforcementMode } as const
  if (evaluationMode === 'ALWAYS_ALLOW') return { ...step, result: 'ALLOWED' }
  if (evaluationMode !== 'REQUIRE_ATTESTATION') return { ...step, result: 'DENIED', code: 'ALWAYS_DENY' }
  const digest = digestOfImage(image)
  const attestors: AttestorStep[] = []
  for (const attestor of evidence)
    attestors.push(digest ? await evaluateAttestor(attestor, digest, ctx) : notByDigest(attestor.name))
  if (!digest) {
    const why = 'An image is attested by its digest, and must be deployed by it: repository@sha256:<64 hex digits>.'
    return { ...step, result: 'DENIED', code: 'IMAGE_NOT_BY_DIGEST', why, attestors }
  }
  const satisfied = attestors.length > 0 && attestors.every(({ result }) => result === 'SATISFIED')
  return {
    ...step,
    result: satisfied ? 'ALLOWED' : 'DENIED',
    ...(!satisfied && { code: 'ATTESTOR_NOT_SATISFIED' }),
    digest,
    attestors,
  }
}

const notByDigest = (attestor: string): AttestorStep => ({
  attestor,
  result: 'NOT_SATISFIED',
  code: 'IMAGE_NOT_BY_DIGEST',
  reason: REASONS.notByDigest,
})

/** One good attestation under the attestor's note is enough; the newest are examined first. */
async function evaluateAttestor(
  { name, attestor, attestations }: AttestorEvidence,
  digest: string,
  ctx: Context,
): Promise<AttestorStep> {
  if (!attestor) {
    const why = 'The policy names an attestor that does not exist (any more).'
    return { attestor: name, result: 'NOT_SATISFIED', code: 'ATTESTOR_NOT_FOUND', reason: REASONS.attestorNotFound, why }
  }
  const { noteReference: note, publicKeys = [] } = attestor.userOwnedGrafeasNote ?? {}
  const examined: AttestationStep[] = []
  const known = { attestor: name, note, publicKeyIds: publicKeys.map(({ id = '' }) => id), attestationCount: attestations.length }
  const fail = (code: string, why: string): AttestorStep => ({
    ...known,
    result: 'NOT_SATISFIED',
    code,
    reason: REASONS.noValidAttestation,
    why,
    attestations: examined.slice(0, MAX_LISTED),
  })
  if (publicKeys.length === 0) return fail('ATTESTOR_HAS_NO_KEYS', 'The attestor has no public key, so it verifies nothing.')
  if (attestations.length === 0) return fail('NO_ATTESTATION', `Note ${note} has no attestation of ${digest}.`)
  for (const { name: occurrence, resourceUri, attestation } of attestations.toReversed()) {
    const verdict = await verifyAttestation(attestation, publicKeys, digest, ctx)
    examined.push({ occurrence, resourceUri, ...verdict })
    if (verdict.verified) return { ...known, result: 'SATISFIED', attestations: examined.slice(-MAX_LISTED) }
  }
  return fail('NO_VALID_ATTESTATION', examined[0]!.why ?? '')
}

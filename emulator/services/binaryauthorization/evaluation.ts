// May these images run here? The evaluation of a project's policy
// (https://cloud.google.com/binary-authorization/docs/key-concepts#policies): system policy, allow-list, the one rule that matches.
// First everything is read, at one moment; then signatures are verified, which may wait; nothing is written.
import type { Context } from '../../core/service.ts'
import { findAttestations } from '../containeranalysis/index.ts'
import { matchesPattern } from './allowlist.ts'
import { type Attestor, findAttestor } from './attestors.ts'
import { evaluateAttestor, REASONS } from './evaluate-attestor.ts'
import type {
  AllowlistStep,
  AttestorStep,
  Deployment,
  Evaluation,
  ImageEvaluation,
  RuleStep,
  SystemPolicyStep,
} from './evaluation-tree.ts'
import { digestOfImage } from './image-reference.ts'
import { type Policy, policyOf } from './policies.ts'
import { rememberAllowed, remembered } from './remembered.ts'
import { type FoundRule, findRule } from './rules.ts'
import { lackingRole } from './service-agents.ts'
import { systemPolicyOf } from './system-policy.ts'

export interface AttestorEvidence {
  name: string
  attestor?: Attestor
  /** What keeps Binary Authorization from reading it, or what attests under it. */
  lacking?: string
  attestations: ReturnType<typeof findAttestations>
}

/** No Pod has so many; what has is denied unread, because judging them would hold up everybody else. */
const MAX_IMAGES = 250

/** Evaluates the policy of `deployment.project`. */
export async function evaluate(deployment: Deployment, ctx: Context): Promise<Evaluation> {
  const memory = remembered(ctx.db)
  const { project, cluster, location = cluster?.split('.')[0] ?? 'global', images: names } = deployment
  const policy = memory.policies.get(project) ?? policyOf(ctx, project)
  memory.policies.set(project, policy)
  const system = () => systemPolicyOf(location)
  const found = findRule(policy, deployment)
  const keyOf = (image: string) => `${project} ${found.field} ${image}`
  const candidates =
    names.length > MAX_IMAGES
      ? []
      : names.map((image) => memory.allowed.get(keyOf(image)) ?? prepare(image, policy, system(), found, ctx))
  const images: ImageEvaluation[] = names.length > MAX_IMAGES ? [tooMany(names, found)] : []
  for (const candidate of candidates) {
    if (typeof candidate !== 'function') {
      images.push(candidate)
      continue
    }
    const image = await candidate()
    if (image.allowed && !dependsOnTime(image)) rememberAllowed(memory, keyOf(image.image), image)
    images.push(image)
  }
  return {
    policy: policy.name!,
    ...(policy.etag && { policyEtag: policy.etag }),
    allowed: images.every(({ allowed }) => allowed),
    // where it cannot be told which rule applies, it cannot be told either that a dry run would be enough
    dryRun: !found.unknown && found.rule.enforcementMode === 'DRYRUN_AUDIT_LOG_ONLY',
    images,
  }
}

type Prepared = ImageEvaluation | (() => Promise<ImageEvaluation>)

/** Takes the steps that only read, and reads what the rest needs: all images of a deployment are judged by one state of the store. */
function prepare(image: string, policy: Policy, system: Policy, found: FoundRule, ctx: Context): Prepared {
  const systemStep = evaluateSystemPolicy(policy, system, image)
  if (systemStep.result === 'MATCHED') return { image, allowed: true, decidedBy: 'SYSTEM_POLICY', steps: [systemStep] }
  const allowlistStep = evaluateAllowlist(policy, image)
  const steps = [systemStep, allowlistStep]
  if (allowlistStep.result === 'MATCHED') return { image, allowed: true, decidedBy: 'ADMISSION_WHITELIST', steps }
  const evidence = collectAttestors(image, policy, found, ctx)
  return async () => {
    const ruleStep = await evaluateRule(found, image, evidence, ctx)
    return { image, allowed: ruleStep.result === 'ALLOWED', decidedBy: 'ADMISSION_RULE', steps: [...steps, ruleStep] }
  }
}

function collectAttestors(image: string, policy: Policy, { rule }: FoundRule, ctx: Context): AttestorEvidence[] {
  if (rule.evaluationMode !== 'REQUIRE_ATTESTATION') return []
  const digest = digestOfImage(image)
  return [...new Set(rule.requireAttestationsBy)].map((name) => {
    const attestor = findAttestor(ctx, name)
    const note = attestor?.userOwnedGrafeasNote?.noteReference
    const lacking = attestor && lackingRole(policy.name!.split('/')[1]!, name, note, ctx)
    return { name, attestor, lacking, attestations: note && digest ? findAttestations(ctx, note, digest) : [] }
  })
}

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
  { rule, field, unknown }: FoundRule,
  image: string,
  evidence: AttestorEvidence[],
  ctx: Context,
): Promise<RuleStep> {
  const { evaluationMode = 'EVALUATION_MODE_UNSPECIFIED', enforcementMode = 'ENFORCEMENT_MODE_UNSPECIFIED' } = rule
  const step = { step: 'ADMISSION_RULE', rule: field, evaluationMode, enforcementMode } as const
  if (unknown) return { ...step, result: 'DENIED', code: 'RULE_UNKNOWN', why: unknown }
  if (evaluationMode === 'ALWAYS_ALLOW') return { ...step, result: 'ALLOWED' }
  if (evaluationMode !== 'REQUIRE_ATTESTATION') return { ...step, result: 'DENIED', code: 'ALWAYS_DENY' }
  const digest = digestOfImage(image)
  if (!digest) {
    const why = 'An image is attested by its digest, and must be deployed by it: repository@sha256:<64 hex digits>.'
    return {
      ...step,
      result: 'DENIED',
      code: 'IMAGE_NOT_BY_DIGEST',
      why,
      attestors: evidence.map(({ name }) => notByDigest(name)),
    }
  }
  const attestors: AttestorStep[] = []
  for (const attestor of evidence) attestors.push(await evaluateAttestor(attestor, digest, ctx))
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

function tooMany(names: string[], { rule, field }: FoundRule): ImageEvaluation {
  const { evaluationMode = '', enforcementMode = '' } = rule
  const why = `There are ${names.length} images; no more than ${MAX_IMAGES} are judged at a time`
  const step: RuleStep = {
    step: 'ADMISSION_RULE',
    rule: field,
    evaluationMode,
    enforcementMode,
    result: 'DENIED',
    code: 'TOO_MANY_IMAGES',
    why,
  }
  return { image: names[MAX_IMAGES]!, allowed: false, decidedBy: 'ADMISSION_RULE', steps: [step] }
}

/** Forms of signatures that are good for ever. PGP signatures and JWTs can expire, and can lie in the future: what rests on one is
 * verified each time, and so is what rests on a form that is not known here. */
const TIMELESS = ['raw', 'pae']

const dependsOnTime = ({ steps }: ImageEvaluation) =>
  steps.some(
    (step) =>
      step.step === 'ADMISSION_RULE' &&
      step.attestors?.some(({ attestations }) =>
        attestations?.some(({ signatures }) => signatures.some(({ form }) => form !== undefined && !TIMELESS.includes(form))),
      ),
  )

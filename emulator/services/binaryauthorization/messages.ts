// What GKE's users read when an image is denied, word for word where production's words are known.
import type { AttestorStep, ImageEvaluation, RuleStep } from './evaluation-tree.ts'
import { ruleWording } from './rules.ts'

const ruleStepOf = ({ steps }: ImageEvaluation) => steps.find((step) => step.step === 'ADMISSION_RULE') as RuleStep

/** Sentences by the attestors that are not satisfied; none where the rule denies without asking attestors. */
const byAttestors = ({ attestors = [] }: RuleStep, sentence: (attestor: AttestorStep) => string): string[] =>
  attestors.filter(({ result }) => result === 'NOT_SATISFIED').map(sentence)

/** Why a rule denies that asks no attestor. */
const ownReason = ({ code, why = '' }: RuleStep, alwaysDeny: string) => (code === 'ALWAYS_DENY' ? alwaysDeny : why)

/** `Image X denied by Binary Authorization default admission rule. Image X denied by attestor …: …` */
export function denialMessage(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  const sentences = byAttestors(step, ({ attestor, reason }) => `Image ${image} denied by attestor ${attestor}: ${reason}`)
  const tail = sentences.join('. ') || ownReason(step, 'Denied by always_deny admission rule')
  return `Image ${image} denied by Binary Authorization ${ruleWording(step.rule)}. ${tail}`
}

/** The cause in the status' details, and the audit annotation of what dry run or break-glass let pass: `'X' : …\n`. */
export function denialCause(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  const sentences = byAttestors(
    step,
    ({ attestor, reason }) => `'${image}' : Image ${image} denied by attestor ${attestor}: ${reason}\n`,
  )
  return sentences.join('') || `'${image}' : ${ownReason(step, 'Denied by an ALWAYS_DENY admission rule')}\n`
}

/** The older wording, of the ImageReview webhook: `Denied by default admission rule. Denied by Attestor. Image X denied by …: …`, or
 * `Denied by default admission rule. Overridden by evaluation mode` where the rule denies everything. */
export function imageReviewReason(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  const sentences = byAttestors(step, ({ attestor, reason }) => `Image ${image} denied by ${attestor}: ${reason}`)
  const tail =
    sentences.length > 0 ? `Denied by Attestor. ${sentences.join('. ')}` : ownReason(step, 'Overridden by evaluation mode')
  return `Denied by ${ruleWording(step.rule)}. ${tail}`
}

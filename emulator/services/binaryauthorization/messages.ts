// What GKE's users read when an image is denied, word for word where production's words are known.
import type { AttestorStep, ImageEvaluation, RuleStep } from './evaluation-tree.ts'
import { ruleWording } from './rules.ts'

const ruleStepOf = ({ steps }: ImageEvaluation) => steps.find((step) => step.step === 'ADMISSION_RULE') as RuleStep

const failed = (step: RuleStep) => (step.attestors ?? []).filter(({ result }) => result === 'NOT_SATISFIED')

const byAttestor = (image: string, { attestor, reason }: AttestorStep) =>
  `Image ${image} denied by attestor ${attestor}: ${reason}`

/** The same without the word `attestor`, as the older webhook said it. */
const byAttestorOfOld = (image: string, { attestor, reason }: AttestorStep) => `Image ${image} denied by ${attestor}: ${reason}`

/** `Image X denied by Binary Authorization default admission rule. Image X denied by attestor …: …` */
export function denialMessage(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  const tail =
    step.code === 'ALWAYS_DENY'
      ? 'Denied by always_deny admission rule'
      : failed(step)
          .map((attestor) => byAttestor(image, attestor))
          .join('. ')
  return `Image ${image} denied by Binary Authorization ${ruleWording(step.rule)}. ${tail}`
}

/** The cause in the status' details, and the audit annotation of what dry run or break-glass let pass: `'X' : …\n`. */
export function denialCause(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  if (step.code === 'ALWAYS_DENY') return `'${image}' : Denied by an ALWAYS_DENY admission rule\n`
  return failed(step)
    .map((attestor) => `'${image}' : ${byAttestor(image, attestor)}\n`)
    .join('')
}

/** The older wording, of the ImageReview webhook: `Denied by default admission rule. Denied by Attestor. Image …`. */
export function imageReviewReason(evaluation: ImageEvaluation): string {
  const { image } = evaluation
  const step = ruleStepOf(evaluation)
  const denied = `Denied by ${ruleWording(step.rule)}.`
  if (step.code === 'ALWAYS_DENY') return `${denied} Denied by always_deny admission rule`
  return `${denied} Denied by Attestor. ${failed(step)
    .map((attestor) => byAttestorOfOld(image, attestor))
    .join('. ')}`
}

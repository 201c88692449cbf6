// A decision in lines for people: what decided, and how each attestor, occurrence and key fared. Each line begins with a mark behind its
// indentation: ✓ passes, ✗ does not, · is neither, → would make it pass, ? rests on a choice of ours.
import type { AttestationStep, AttestorStep, ImageEvaluation, RuleStep, SignatureStep, Step } from './evaluation-tree.ts'
import { CHOICES } from './explanation-choices.ts'
import { denialMessage } from './messages.ts'

const indented = (lines: string[]) => lines.map((line) => `  ${line}`)

const mark = (good: boolean) => (good ? '✓' : '✗')

/** Hints and choices of a part of the tree. */
const remarks = ({ hints = [], choices = [] }: { hints?: string[]; choices?: string[] }) => [
  ...hints.map((hint) => `→ ${hint}`),
  ...choices.map((id) => `? Google publishes nothing on: ${CHOICES[id]} (choice ${id})`),
]

/** The lines of one image. */
export function explanationOf(image: ImageEvaluation, dryRun: boolean): string[] {
  const denied = dryRun ? 'would be denied; its rule is a dry run, which lets it in' : 'is denied'
  return [
    `${mark(image.allowed)} ${image.image || '(no image)'} ${image.allowed ? 'is allowed' : denied}`,
    ...indented([
      ...(image.allowed ? [] : [`✗ ${denialMessage(image)}`]),
      ...image.steps.flatMap((step) => linesOfStep(step, step.step === image.decidedBy)),
    ]),
  ]
}

function linesOfStep(step: Step, decided: boolean): string[] {
  const end = decided ? ' ← decided' : ''
  if (step.step === 'ADMISSION_RULE') return linesOfRule(step, end)
  if (step.step === 'CLUSTER') return [`· ${step.why}${end}`]
  const what = step.step === 'SYSTEM_POLICY' ? 'system policy' : 'allow-list'
  if (step.result === 'MATCHED') return [`✓ ${what}: ${step.pattern} matches${end}`, ...indented(remarks(step))]
  const result = step.result === 'NOT_EVALUATED' ? `not evaluated. ${step.why}` : 'no pattern matches'
  return [`· ${what}: ${result}`, ...indented(remarks(step))]
}

function linesOfRule(step: RuleStep, end: string): string[] {
  const { rule, evaluationMode, enforcementMode, result, code, why, attestors = [] } = step
  const verdict = code ? `${result} ${code}` : result
  return [
    `${mark(result === 'ALLOWED')} ${rule} (${evaluationMode}, ${enforcementMode}): ${verdict}${end}`,
    ...indented([...(why ? [`· ${why}`] : []), ...remarks(step), ...attestors.flatMap(linesOfAttestor)]),
  ]
}

function linesOfAttestor(step: AttestorStep): string[] {
  const { attestor, result, code, reason, why, note, publicKeyIds = [], attestations = [], attestationCount = 0 } = step
  const good = result === 'SATISFIED'
  const notListed = good ? 0 : attestationCount - attestations.length
  return [
    `${mark(good)} attestor ${attestor}: ${good ? result : `${code}. ${reason}`}`,
    ...indented([
      ...(note ? [`· note ${note}`] : []),
      ...publicKeyIds.map((id) => `· key ${id}`),
      // that of an attestor with attestations is the reason of one of them
      ...(why && attestations.length === 0 ? [`· ${why}`] : []),
      ...remarks(step),
      ...attestations.flatMap(linesOfAttestation),
      ...(notListed > 0 ? [`· ${notListed} more attestations do not verify either`] : []),
    ]),
  ]
}

function linesOfAttestation(step: AttestationStep): string[] {
  const { occurrence, resourceUri, verified, code, why, signatures } = step
  return [
    `${mark(verified)} occurrence ${occurrence} under ${resourceUri}: ${code}`,
    ...indented([...(why && signatures.length === 0 ? [`· ${why}`] : []), ...signatures.flatMap(linesOfSignature)]),
  ]
}

function linesOfSignature(step: SignatureStep): string[] {
  const { publicKeyId, verified, code, why, form } = step
  const result = verified ? `${code} over ${FORMS[form ?? ''] ?? form}` : `${code}. ${why}`
  return [`${mark(verified)} signature by ${publicKeyId || '(no key)'}: ${result}`, ...indented(remarks(step))]
}

const FORMS: Record<string, string> = {
  raw: 'the payload',
  pae: 'the payload in PAE',
  detached: 'the payload, a detached PGP signature',
  attached: 'the content of a signed PGP message',
  jwt: 'the content of a JWT',
}

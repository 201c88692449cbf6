// Kinds of notes and occurrences (https://cloud.google.com/container-analysis/docs/reference/rest/v1/NoteKind). `kind` is output only:
// it says which field of the oneof is set.
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/containeranalysis.v1.ts'

export type Kind = Exclude<components['schemas']['Note']['kind'], undefined | 'NOTE_KIND_UNSPECIFIED'>

/** Field of the oneof in v1 → kind. There are no occurrences of VULNERABILITY_ASSESSMENT. */
export const KIND_OF_FIELD = {
  vulnerability: 'VULNERABILITY',
  build: 'BUILD',
  image: 'IMAGE',
  package: 'PACKAGE',
  deployment: 'DEPLOYMENT',
  discovery: 'DISCOVERY',
  attestation: 'ATTESTATION',
  upgrade: 'UPGRADE',
  compliance: 'COMPLIANCE',
  dsseAttestation: 'DSSE_ATTESTATION',
  vulnerabilityAssessment: 'VULNERABILITY_ASSESSMENT',
  sbomReference: 'SBOM_REFERENCE',
  secret: 'SECRET',
} as const satisfies Record<string, Kind>

export type KindField = keyof typeof KIND_OF_FIELD

export const KIND_FIELDS = Object.keys(KIND_OF_FIELD) as KindField[]

/** The one field of a v1 document that carries its kind. INVALID_ARGUMENT if there is none, or (after a patch) a second one. */
export function kindField(document: object, what: 'note' | 'occurrence'): KindField {
  const [field, second] = KIND_FIELDS.filter((name) => document[name as keyof typeof document] !== undefined)
  if (!field)
    throw invalidArgument(`The ${what} has no kind: one of ${KIND_FIELDS.join(', ')} (or its name in v1beta1) is required.`)
  if (second) throw invalidArgument(`The ${what} has two kinds, ${field} and ${second}: the kind is immutable.`)
  return field
}

// The shape of a decision: for each image the steps in the order in which Binary Authorization takes them, and which one decided.
import type { AttestationVerdict, SignatureVerdict } from './verify-attestation.ts'

/** What only an explanation adds (explain.ts). */
export interface Explained {
  /** What would make it pass, a sentence each. */
  hints?: string[]
  /** Ids of the choices, where Google publishes nothing, that this rests on (explanation-choices.ts). */
  choices?: string[]
}

/** Where and what is to be deployed. `project` is the one whose policy applies. */
export interface Deployment {
  project: string
  /** `location.clusterId` */
  cluster?: string
  namespace?: string
  serviceAccount?: string
  /** Of Cloud Run, where the default rule alone counts, whatever other rules the policy has; of GKE unless given. */
  platform?: 'cloudRun'
  /** Region of what is deployed on Cloud Run. */
  location?: string
  images: string[]
}

export interface SystemPolicyStep extends Explained {
  step: 'SYSTEM_POLICY'
  result: 'MATCHED' | 'NOT_MATCHED' | 'NOT_EVALUATED'
  pattern?: string
  why?: string
}

/** The cluster does not enforce the policy: nothing else is evaluated, and everything is let in. */
export interface ClusterStep extends Explained {
  step: 'CLUSTER'
  result: 'NOT_EVALUATED'
  /** Of the cluster's `binaryAuthorization`; DISABLED where it has none. */
  evaluationMode: string
  why: string
}

export interface AllowlistStep extends Explained {
  step: 'ADMISSION_WHITELIST'
  result: 'MATCHED' | 'NOT_MATCHED'
  pattern?: string
}

export interface RuleStep extends Explained {
  step: 'ADMISSION_RULE'
  /** Field of the policy: `defaultAdmissionRule`, `clusterAdmissionRules["us-central1.prod"]`. */
  rule: string
  evaluationMode: string
  enforcementMode: string
  result: 'ALLOWED' | 'DENIED'
  /** DENIED: ALWAYS_DENY, IMAGE_NOT_BY_DIGEST, ATTESTOR_NOT_SATISFIED, RULE_UNKNOWN or TOO_MANY_IMAGES. */
  code?: string
  why?: string
  digest?: string
  attestors?: AttestorStep[]
}

export interface SignatureStep extends SignatureVerdict, Explained {}

export interface AttestationStep extends AttestationVerdict {
  occurrence: string
  resourceUri: string
  signatures: SignatureStep[]
}

export interface AttestorStep extends Explained {
  attestor: string
  result: 'SATISFIED' | 'NOT_SATISFIED'
  /** NOT_SATISFIED: ATTESTOR_NOT_FOUND, ATTESTOR_NOT_ACCESSIBLE, ATTESTOR_HAS_NO_KEYS, NO_ATTESTATION or NO_VALID_ATTESTATION. */
  code?: string
  /** The reason as production words it. */
  reason?: string
  /** What a person should know beyond it. */
  why?: string
  note?: string
  publicKeyIds?: string[]
  /** How many attestations the note has for the digest; `attestations` are those that were examined, newest first, up to the first good one. */
  attestationCount?: number
  attestations?: AttestationStep[]
}

export type Step = ClusterStep | SystemPolicyStep | AllowlistStep | RuleStep

export interface ImageEvaluation {
  image: string
  allowed: boolean
  /** The step that decided. */
  decidedBy: Step['step']
  steps: Step[]
}

export interface Evaluation {
  /** Resource name and etag of the policy that was evaluated. */
  policy: string
  policyEtag?: string
  /** True only if every image is allowed. */
  allowed: boolean
  /** The rule that applies here denies for the record only. */
  dryRun: boolean
  images: ImageEvaluation[]
}

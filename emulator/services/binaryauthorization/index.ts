// Binary Authorization v1, v1beta1 and v1alpha2 (https://cloud.google.com/binary-authorization/docs/reference/rest).
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs as V1 } from '../../gen/binaryauthorization.v1.ts'
import type { Rpcs as V1Alpha2 } from '../../gen/binaryauthorization.v1alpha2.ts'
import type { Rpcs as V1Beta1 } from '../../gen/binaryauthorization.v1beta1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { createAttestor, deleteAttestor, getAttestor, listAttestors, updateAttestor } from './attestors.ts'
import { getContinuousValidationConfig, updateContinuousValidationConfig } from './continuous-validation.ts'
import { decisionRoutes } from './decisions.ts'
import { explainRoutes } from './explain.ts'
import { ATTESTOR, POLICY } from './names.ts'
import { checkPolicyName, getPolicy, updatePolicy } from './policies.ts'
import { getSystemPolicy } from './system-policy.ts'
import { validateAttestationOccurrence } from './validate.ts'
import { answeringV1Beta1, listV1Beta1, writingV1Beta1 } from './versions.ts'

export { createAttestor, findAttestor } from './attestors.ts'
export { type Judged, recordDecision } from './decisions.ts'
export { evaluate } from './evaluation.ts'
export type { Deployment, Evaluation, ImageEvaluation } from './evaluation-tree.ts'
export { denialCause, denialMessage, imageReviewReason } from './messages.ts'
export { pae } from './payload.ts'
export { unevaluated, whyUnevaluated } from './unevaluated.ts'

const resources: ResourceType[] = [
  { pattern: POLICY.pattern, permissions: 'binaryauthorization.policy', check: (name) => void checkPolicyName(name) },
  {
    pattern: ATTESTOR.pattern,
    permissions: 'binaryauthorization.attestors',
    check: (name, ctx) => void getAttestor({ name }, ctx),
  },
]

const policy = { GetPolicy: rpc(getPolicy, 'name'), UpdatePolicy: rpc(updatePolicy, 'policy') }
const systemPolicy = { GetSystemPolicy: rpc(getSystemPolicy, 'name') }
const iamPolicy = iamPolicyMixin(resources)
const validation = {
  ValidateAttestationOccurrence: rpc(
    validateAttestationOccurrence,
    'attestor',
    'attestation',
    'occurrenceNote',
    'occurrenceResourceUri',
  ),
}

const v1 = {
  'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1': {
    ...policy,
    CreateAttestor: rpc(createAttestor, 'parent', 'attestorId', 'attestor'),
    GetAttestor: rpc(getAttestor, 'name'),
    UpdateAttestor: rpc(updateAttestor, 'attestor'),
    ListAttestors: rpc(listAttestors, 'parent', 'pageSize', 'pageToken'),
    DeleteAttestor: rpc(deleteAttestor, 'name'),
  },
  'google.cloud.binaryauthorization.v1.SystemPolicyV1': systemPolicy,
  'google.cloud.binaryauthorization.v1.ValidationHelperV1': validation,
  'google.iam.v1.IAMPolicy': iamPolicy,
} satisfies RpcsOf<V1>

const olderManagement = {
  ...policy,
  CreateAttestor: rpc(writingV1Beta1(createAttestor), 'parent', 'attestorId', 'attestor'),
  GetAttestor: rpc(answeringV1Beta1(getAttestor), 'name'),
  UpdateAttestor: rpc(writingV1Beta1(updateAttestor), 'attestor'),
  ListAttestors: rpc(listV1Beta1(listAttestors), 'parent', 'pageSize', 'pageToken'),
  DeleteAttestor: rpc(deleteAttestor, 'name'),
}

const v1beta1 = {
  'google.cloud.binaryauthorization.v1beta1.BinauthzManagementServiceV1Beta1': olderManagement,
  'google.cloud.binaryauthorization.v1beta1.SystemPolicyV1Beta1': systemPolicy,
  'google.cloud.binaryauthorization.v1beta1.ValidationHelperV1Beta1': validation,
  'google.iam.v1.IAMPolicy': iamPolicy,
} satisfies RpcsOf<V1Beta1>

const v1alpha2 = {
  'google.cloud.binaryauthorization.v1alpha2.BinauthzManagementServiceV1Alpha2': {
    ...olderManagement,
    GetContinuousValidationConfig: rpc(getContinuousValidationConfig, 'name'),
    UpdateContinuousValidationConfig: rpc(updateContinuousValidationConfig, 'continuousValidationConfig'),
  },
  'google.cloud.binaryauthorization.v1alpha2.SystemPolicyV1Alpha2': systemPolicy,
  'google.cloud.binaryauthorization.v1alpha2.ValidationHelperV1Alpha2': validation,
  'google.iam.v1.IAMPolicy': iamPolicy,
} satisfies RpcsOf<V1Alpha2>

export const binaryauthorization: Service = {
  name: 'binaryauthorization',
  apis: { 'binaryauthorization.v1': v1, 'binaryauthorization.v1beta1': v1beta1, 'binaryauthorization.v1alpha2': v1alpha2 },
  routes: [...decisionRoutes, ...explainRoutes],
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}

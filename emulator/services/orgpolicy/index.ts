// Organization Policy v2 (https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest).
import { type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/orgpolicy.v2.ts'
import { listConstraints } from './constraints.ts'
import {
  createCustomConstraint,
  deleteCustomConstraint,
  getCustomConstraint,
  listCustomConstraints,
  updateCustomConstraint,
} from './custom-constraints.ts'
import { createPolicy, deletePolicy, getEffectivePolicy, getPolicy, listPolicies, updatePolicy } from './policies.ts'

export { CONSTRAINTS, DISABLE_ACCOUNT_CREATION, DISABLE_KEY_CREATION } from './constraints.ts'
export {
  type CheckedResource,
  checkAllowedBinaryAuthorizationPolicies,
  checkCustomConstraints,
  isEnforced,
} from './enforcement.ts'
export { createPolicy, deletePolicy, getEffectivePolicy, policiesOf, storedPolicy, updatePolicy } from './policies.ts'

const policyFields = ['name', 'spec', 'dryRunSpec', 'etag'].map((field) => `policy.${field}`)
const list = ['parent', 'pageSize', 'pageToken'] // Google ignores the page size

const v2 = {
  'google.cloud.orgpolicy.v2.OrgPolicy': {
    ListConstraints: rpc(listConstraints, ...list),
    ListPolicies: rpc(listPolicies, ...list),
    GetPolicy: rpc(getPolicy, 'name'),
    GetEffectivePolicy: rpc(getEffectivePolicy, 'name'),
    CreatePolicy: rpc(createPolicy, 'parent', ...policyFields),
    UpdatePolicy: rpc(updatePolicy, 'updateMask', ...policyFields),
    DeletePolicy: rpc(deletePolicy, 'name', 'etag'),
    CreateCustomConstraint: rpc(createCustomConstraint, 'parent', 'customConstraint'),
    UpdateCustomConstraint: rpc(updateCustomConstraint, 'customConstraint'),
    GetCustomConstraint: rpc(getCustomConstraint, 'name'),
    ListCustomConstraints: rpc(listCustomConstraints, ...list),
    DeleteCustomConstraint: rpc(deleteCustomConstraint, 'name'),
  },
} satisfies RpcsOf<Rpcs>

export const orgpolicy: Service = {
  name: 'orgpolicy',
  apis: { 'orgpolicy.v2': v2 },
  migrations: new URL('./migrations/', import.meta.url),
}

// Identity and Access Management v1 (https://cloud.google.com/iam/docs/reference/rest): service accounts, their keys, and roles.
import { type Context, type Operation, type ResourceType, type Rpc, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/iam.v1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import {
  createServiceAccountKey,
  deleteServiceAccountKey,
  disableServiceAccountKey,
  enableServiceAccountKey,
  getServiceAccountKey,
  listServiceAccountKeys,
} from './keys.ts'
import { SERVICE_ACCOUNT } from './names.ts'
import {
  createRole,
  deleteRole,
  getRole,
  listRoles,
  queryGrantableRoles,
  queryTestablePermissions,
  undeleteRole,
  updateRole,
} from './roles.ts'
import {
  createServiceAccount,
  currentServiceAccount,
  deleteServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  getServiceAccount,
  listServiceAccounts,
  patchServiceAccount,
  serviceAccountName,
  undeleteServiceAccount,
  updateServiceAccount,
} from './service-accounts.ts'

export { permissions } from './permissions.ts'
export { type PredefinedRole, predefinedRole, predefinedRoles } from './predefined-roles.ts'
export { permissionsOfRole } from './roles.ts'
export { serviceAccountName } from './service-accounts.ts'

const resources: ResourceType[] = [
  {
    pattern: SERVICE_ACCOUNT.pattern,
    permissions: 'iam.serviceAccounts',
    check: (name, ctx) => void currentServiceAccount(ctx, name),
  },
]

/** The policy of an account is kept under its full name, whichever name a request has. */
const byFullName = ({ run, fields }: Rpc): Rpc => ({
  run: (request: { resource?: string }, ctx: Context) =>
    (run as Operation)({ ...request, resource: serviceAccountName(ctx, request.resource ?? '') }, ctx),
  fields,
})

const { GetIamPolicy, SetIamPolicy, TestIamPermissions } = iamPolicyMixin(resources)

// clients send back what they have read
const account = ['name', 'projectId', 'uniqueId', 'email', 'displayName', 'etag', 'description', 'oauth2ClientId', 'disabled']
const role = ['name', 'title', 'description', 'includedPermissions', 'stage', 'etag'].map((field) => `role.${field}`)
const serviceAccount = account.map((field) => `serviceAccount.${field}`)

const v1 = {
  'google.iam.admin.v1.IAM': {
    ListServiceAccounts: rpc(listServiceAccounts, 'name', 'pageSize', 'pageToken'),
    GetServiceAccount: rpc(getServiceAccount, 'name'),
    CreateServiceAccount: rpc(createServiceAccount, 'name', 'accountId', ...serviceAccount),
    UpdateServiceAccount: rpc(updateServiceAccount, ...account),
    PatchServiceAccount: rpc(patchServiceAccount, 'updateMask', ...serviceAccount),
    DeleteServiceAccount: rpc(deleteServiceAccount, 'name'),
    UndeleteServiceAccount: rpc(undeleteServiceAccount, 'name'),
    EnableServiceAccount: rpc(enableServiceAccount, 'name'),
    DisableServiceAccount: rpc(disableServiceAccount, 'name'),
    ListServiceAccountKeys: rpc(listServiceAccountKeys, 'name', 'keyTypes'),
    GetServiceAccountKey: rpc(getServiceAccountKey, 'name', 'publicKeyType'),
    CreateServiceAccountKey: rpc(createServiceAccountKey, 'name', 'privateKeyType', 'keyAlgorithm'),
    DeleteServiceAccountKey: rpc(deleteServiceAccountKey, 'name'),
    EnableServiceAccountKey: rpc(enableServiceAccountKey, 'name'),
    DisableServiceAccountKey: rpc(disableServiceAccountKey, 'name'),
    GetIamPolicy: byFullName(GetIamPolicy),
    SetIamPolicy: byFullName(SetIamPolicy),
    TestIamPermissions: byFullName(TestIamPermissions),
    QueryGrantableRoles: rpc(queryGrantableRoles, 'fullResourceName', 'view', 'pageSize', 'pageToken'),
    QueryTestablePermissions: rpc(queryTestablePermissions, 'fullResourceName', 'pageSize', 'pageToken'),
    ListRoles: rpc(listRoles, 'parent', 'pageSize', 'pageToken', 'view', 'showDeleted'),
    GetRole: rpc(getRole, 'name'),
    CreateRole: rpc(createRole, 'parent', 'roleId', ...role),
    UpdateRole: rpc(updateRole, 'name', 'updateMask', ...role),
    DeleteRole: rpc(deleteRole, 'name', 'etag'),
    UndeleteRole: rpc(undeleteRole, 'name', 'etag'),
  },
} satisfies RpcsOf<Rpcs>

export const iam: Service = {
  name: 'iam',
  apis: { 'iam.v1': v1 },
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}

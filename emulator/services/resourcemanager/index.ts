// Cloud Resource Manager v1 and v3 (https://cloud.google.com/resource-manager/reference/rest): projects.
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs as RpcsV1 } from '../../gen/cloudresourcemanager.v1.ts'
import type { Rpcs as RpcsV3 } from '../../gen/cloudresourcemanager.v3.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { operationsMixin } from '../../mixins/operations.ts'
import {
  clearOrgPolicy,
  getEffectiveOrgPolicy,
  getOrgPolicy,
  listAvailableOrgPolicyConstraints,
  listOrgPolicies,
  setOrgPolicy,
} from './org-policies.ts'
import { getProject } from './projects.ts'
import * as projectsV1 from './v1.ts'
import * as projectsV3 from './v3.ts'

const resources: ResourceType[] = [
  {
    pattern: projectsV3.PROJECT.pattern,
    permissions: 'resourcemanager.projects',
    check: (name, ctx) => void getProject(ctx, projectsV3.PROJECT.parse(name).project),
  },
]

const operations = {
  'google.longrunning.Operations': { GetOperation: operationsMixin['google.longrunning.Operations'].GetOperation },
}

// clients send back what they have read
const projectV1 = ['projectId', 'name', 'labels', 'parent', 'projectNumber', 'lifecycleState', 'createTime']
const projectV3 = [
  'name',
  'parent',
  'projectId',
  'state',
  'displayName',
  'createTime',
  'updateTime',
  'deleteTime',
  'etag',
  'labels',
]
const project = projectV3.map((field) => `project.${field}`)

const v1 = {
  'google.cloudresourcemanager.v1.Projects': {
    CreateProject: rpc(projectsV1.createProject, ...projectV1),
    GetProject: rpc(projectsV1.getProject, 'projectId'),
    ListProjects: rpc(projectsV1.listProjects, 'filter', 'pageSize', 'pageToken'),
    UpdateProject: rpc(projectsV1.updateProject, ...projectV1),
    DeleteProject: rpc(projectsV1.deleteProject, 'projectId'),
    UndeleteProject: rpc(projectsV1.undeleteProject, 'projectId'),
    GetAncestry: rpc(projectsV1.getAncestry, 'projectId'),
    ...iamPolicyMixin(resources),
    GetOrgPolicy: rpc(getOrgPolicy, 'resource', 'constraint'),
    GetEffectiveOrgPolicy: rpc(getEffectiveOrgPolicy, 'resource', 'constraint'),
    SetOrgPolicy: rpc(setOrgPolicy, 'resource', 'policy'),
    ClearOrgPolicy: rpc(clearOrgPolicy, 'resource', 'constraint', 'etag'),
    ListOrgPolicies: rpc(listOrgPolicies, 'resource', 'pageSize', 'pageToken'),
    ListAvailableOrgPolicyConstraints: rpc(listAvailableOrgPolicyConstraints, 'resource', 'pageSize', 'pageToken'),
  },
  ...operations,
} satisfies RpcsOf<RpcsV1>

const v3 = {
  'google.cloud.resourcemanager.v3.Projects': {
    CreateProject: rpc(projectsV3.createProject, ...project),
    GetProject: rpc(projectsV3.getProject, 'name'),
    ListProjects: rpc(projectsV3.listProjects, 'parent', 'pageSize', 'pageToken', 'showDeleted'),
    SearchProjects: rpc(projectsV3.searchProjects, 'query', 'pageSize', 'pageToken'),
    UpdateProject: rpc(projectsV3.updateProject, 'updateMask', ...project),
    MoveProject: rpc(projectsV3.moveProject, 'name', 'destinationParent'),
    DeleteProject: rpc(projectsV3.deleteProject, 'name'),
    UndeleteProject: rpc(projectsV3.undeleteProject, 'name'),
    ...iamPolicyMixin(resources),
  },
  ...operations,
} satisfies RpcsOf<RpcsV3>

export const resourcemanager: Service = {
  name: 'resourcemanager',
  apis: { 'cloudresourcemanager.v1': v1, 'cloudresourcemanager.v3': v3 },
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}

// Cloud Run Admin API (https://cloud.google.com/run/docs/reference/rest/v2): one store in the shape of v2, of which v1 is a view.
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/run.v2.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { getJob, MUTABLE_JOB_FIELDS, OUTPUT_ONLY_JOB_FIELDS } from './jobs.ts'
import { JOB, SERVICE } from './names.ts'
import { MUTABLE_FIELDS, OUTPUT_ONLY_FIELDS } from './service-fields.ts'
import { getService } from './services.ts'
import { runV1 } from './v1/index.ts'
import {
  createServiceV2,
  deleteRevisionV2,
  deleteServiceV2,
  getRevisionV2,
  getServiceV2,
  listRevisionsV2,
  listServicesV2,
  updateServiceV2,
} from './v2.ts'
import {
  cancelExecutionV2,
  createJobV2,
  deleteExecutionV2,
  deleteJobV2,
  getExecutionV2,
  getJobV2,
  getTaskV2,
  listExecutionsV2,
  listJobsV2,
  listTasksV2,
  runJobV2,
  updateJobV2,
} from './v2-jobs.ts'
import { operations } from './v2-operations.ts'

const resources: ResourceType[] = [
  { pattern: SERVICE.pattern, permissions: 'run.services', check: (name, ctx) => void getService(name, ctx) },
  { pattern: JOB.pattern, permissions: 'run.jobs', check: (name, ctx) => void getJob(name, ctx) },
]

const list = ['parent', 'pageSize', 'pageToken']
const remove = ['name', 'validateOnly', 'etag']
const serviceFields = [...MUTABLE_FIELDS, ...OUTPUT_ONLY_FIELDS, 'etag'].map((field) => `service.${field}`)
const jobFields = [...MUTABLE_JOB_FIELDS, ...OUTPUT_ONLY_JOB_FIELDS, 'etag'].map((field) => `job.${field}`)

const v2 = {
  'google.cloud.run.v2.Services': {
    CreateService: rpc(createServiceV2, 'parent', 'serviceId', 'validateOnly', ...serviceFields),
    GetService: rpc(getServiceV2, 'name'),
    ListServices: rpc(listServicesV2, ...list),
    UpdateService: rpc(updateServiceV2, 'updateMask', 'validateOnly', 'allowMissing', ...serviceFields),
    DeleteService: rpc(deleteServiceV2, ...remove),
    ...iamPolicyMixin(resources),
  },
  'google.cloud.run.v2.Revisions': {
    GetRevision: rpc(getRevisionV2, 'name'),
    ListRevisions: rpc(listRevisionsV2, ...list),
    DeleteRevision: rpc(deleteRevisionV2, ...remove),
  },
  'google.cloud.run.v2.Jobs': {
    CreateJob: rpc(createJobV2, 'parent', 'jobId', 'validateOnly', ...jobFields),
    GetJob: rpc(getJobV2, 'name'),
    ListJobs: rpc(listJobsV2, ...list),
    UpdateJob: rpc(updateJobV2, 'validateOnly', 'allowMissing', ...jobFields),
    DeleteJob: rpc(deleteJobV2, ...remove),
    RunJob: rpc(runJobV2, ...remove, 'overrides'),
    ...iamPolicyMixin(resources),
  },
  'google.cloud.run.v2.Executions': {
    GetExecution: rpc(getExecutionV2, 'name'),
    ListExecutions: rpc(listExecutionsV2, ...list),
    DeleteExecution: rpc(deleteExecutionV2, ...remove),
    CancelExecution: rpc(cancelExecutionV2, ...remove),
  },
  'google.cloud.run.v2.Tasks': { GetTask: rpc(getTaskV2, 'name'), ListTasks: rpc(listTasksV2, ...list) },
  'google.longrunning.Operations': operations,
} satisfies RpcsOf<Rpcs>

export const run: Service = {
  name: 'run',
  apis: { 'run.v2': v2, 'run.v1': runV1(resources) },
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}

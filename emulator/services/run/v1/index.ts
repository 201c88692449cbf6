// Cloud Run Admin API v1 (https://cloud.google.com/run/docs/reference/rest/v1): Knative objects, as a view of what v2 stores.
import { type Context, type Operation, type ResourceType, type RpcsOf, rpc } from '../../../core/service.ts'
import type { components, Rpcs } from '../../../gen/run.v1.ts'
import { iamPolicyMixin } from '../../../mixins/iam-policy.ts'
import { locationsMixin } from '../../../mixins/locations.ts'
import { operations } from '../v2-operations.ts'
import { cancelExecution, deleteExecution, getExecution, getTask, listExecutions, listTasks } from './executions.ts'
import { createJob, deleteJob, getJob, listJobs, replaceJob, runJob } from './jobs.ts'
import { LIST_FIELDS } from './lists.ts'
import { deleteRevision, getRevision, listRevisions } from './revisions.ts'
import {
  createService,
  deleteService,
  getConfiguration,
  getRoute,
  getService,
  listConfigurations,
  listRoutes,
  listServices,
  replaceService,
} from './services.ts'

/** What clients echo of the metadata counts for nothing, but for name, namespace and resourceVersion, which are compared. */
const METADATA = [
  ...['name', 'namespace', 'labels', 'annotations', 'resourceVersion', 'uid', 'generation', 'selfLink'],
  ...['creationTimestamp', 'deletionTimestamp', 'ownerReferences'],
].map((field) => `metadata.${field}`)

const OBJECT = ['apiVersion', 'kind', 'status', ...METADATA]

const SERVICE = [
  ...OBJECT,
  'spec.traffic',
  ...['name', 'labels', 'annotations'].map((field) => `spec.template.metadata.${field}`),
  ...['containerConcurrency', 'containers', 'nodeSelector', 'serviceAccountName', 'timeoutSeconds', 'volumes'].map(
    (field) => `spec.template.spec.${field}`,
  ),
].map((field) => `service.${field}`)

const JOB = [
  ...OBJECT,
  ...['labels', 'annotations'].map((field) => `spec.template.metadata.${field}`),
  ...['parallelism', 'taskCount'].map((field) => `spec.template.spec.${field}`),
  ...['containers', 'maxRetries', 'nodeSelector', 'serviceAccountName', 'timeoutSeconds', 'volumes'].map(
    (field) => `spec.template.spec.template.spec.${field}`,
  ),
].map((field) => `job.${field}`)

/** Cloud Run takes these for a DELETE, and deletes the same whatever they say. */
const DELETION = ['name', 'apiVersion', 'kind', 'propagationPolicy']

type Locations = components['schemas']['google.cloud.location.ListLocationsResponse']

/** Regions alone: nothing of Cloud Run is in a multi-region. */
function listLocations(request: { name?: string; pageSize?: number; pageToken?: string }, ctx: Context): Locations {
  const all = locationsMixin['google.cloud.location.Locations'].ListLocations.run as Operation<typeof request, Locations>
  const { locations = [], nextPageToken } = all(request, ctx)
  return { locations: locations.filter(({ locationId }) => /^[a-z]+-[a-z]+\d+$/.test(locationId!)), nextPageToken }
}

/** `resources`: what has IAM policies, the same in either version. */
export const runV1 = (resources: ResourceType[]) =>
  ({
    'google.cloud.run.v1.Services': {
      CreateService: rpc(createService, 'parent', 'dryRun', ...SERVICE),
      GetService: rpc(getService, 'name'),
      ListServices: rpc(listServices, ...LIST_FIELDS),
      ReplaceService: rpc(replaceService, 'name', 'dryRun', ...SERVICE),
      DeleteService: rpc(deleteService, 'dryRun', ...DELETION),
    },
    'google.cloud.run.v1.Revisions': {
      GetRevision: rpc(getRevision, 'name'),
      ListRevisions: rpc(listRevisions, ...LIST_FIELDS),
      DeleteRevision: rpc(deleteRevision, 'dryRun', ...DELETION),
    },
    'google.cloud.run.v1.Configurations': {
      GetConfiguration: rpc(getConfiguration, 'name'),
      ListConfigurations: rpc(listConfigurations, ...LIST_FIELDS),
    },
    'google.cloud.run.v1.Routes': {
      GetRoute: rpc(getRoute, 'name'),
      ListRoutes: rpc(listRoutes, ...LIST_FIELDS),
    },
    'google.cloud.run.v1.Jobs': {
      CreateJob: rpc(createJob, 'parent', ...JOB),
      GetJob: rpc(getJob, 'name'),
      ListJobs: rpc(listJobs, ...LIST_FIELDS),
      ReplaceJob: rpc(replaceJob, 'name', ...JOB),
      DeleteJob: rpc(deleteJob, ...DELETION, 'force'),
      RunJob: rpc(runJob, 'name', 'overrides'),
    },
    'google.cloud.run.v1.Executions': {
      GetExecution: rpc(getExecution, 'name'),
      ListExecutions: rpc(listExecutions, ...LIST_FIELDS),
      CancelExecution: rpc(cancelExecution, 'name'),
      DeleteExecution: rpc(deleteExecution, ...DELETION),
    },
    'google.cloud.run.v1.Tasks': {
      GetTask: rpc(getTask, 'name'),
      ListTasks: rpc(listTasks, ...LIST_FIELDS),
    },
    'google.iam.v1.IAMPolicy': iamPolicyMixin(resources),
    'google.cloud.location.Locations': { ListLocations: rpc(listLocations, 'name', 'pageSize', 'pageToken') },
    'google.longrunning.Operations': operations,
  }) satisfies RpcsOf<Rpcs>

// The APIs that the emulator speaks: one document, one descriptor set and one part of the route table for each version.
// A new API or version is one entry here and `npm run generate`; all its methods then refuse by name until they are written.

export interface Api {
  /** `<short name>.<version>`: names the generated files. */
  id: string
  title: string
  /** Host names of the real API; a request that names one of them in `Host` is answered by this API alone. */
  hosts: string[]
  /** Taken from google-proto-files, or from protos/ beside this file where Google publishes none. */
  protos: string[]
  services: string[]
  /** Regular expression of paths that other APIs have as well, and that are this one's where no host says whose they are. */
  claims?: string
  /** Do its errors over REST say their reason in the older way as well, a member `errors`? */
  errorList?: boolean
  /** Methods whose paths another API serves today; over REST they are that API's. */
  moved?: string[]
}

const IAM = 'google.iam.v1.IAMPolicy'
const OPERATIONS = 'google.longrunning.Operations'
const LOCATIONS = 'google.cloud.location.Locations'

/** Protos of the mixins, part of every descriptor set. */
export const MIXIN_PROTOS = [
  'google/iam/v1/iam_policy.proto',
  'google/longrunning/operations.proto',
  'google/cloud/location/locations.proto',
]

const container = (version: string): Api => ({
  id: `container.${version}`,
  title: `Kubernetes Engine API ${version}`,
  hosts: ['container.googleapis.com'],
  protos: [`google/container/${version}/cluster_service.proto`],
  services: [`google.container.${version}.ClusterManager`],
  claims: `^/${version}/projects/[^/]+/locations/[^/]+/operations/operation-`, // no id of another API begins so
  errorList: true,
})

const binaryauthorization = (version: string, suffix: string, protos = ['service']): Api => ({
  id: `binaryauthorization.${version}`,
  title: `Binary Authorization API ${version}`,
  hosts: ['binaryauthorization.googleapis.com'],
  protos: protos.map((name) => `google/cloud/binaryauthorization/${version}/${name}.proto`),
  services: ['BinauthzManagementService', 'SystemPolicy', 'ValidationHelper']
    .map((name) => `google.cloud.binaryauthorization.${version}.${name}${suffix}`)
    .concat(IAM),
})

export const APIS: Api[] = [
  {
    id: 'cloudkms.v1',
    title: 'Cloud Key Management Service API v1',
    hosts: ['cloudkms.googleapis.com'],
    protos: ['service', 'ekm_service', 'autokey'].map((name) => `google/cloud/kms/v1/${name}.proto`),
    services: ['KeyManagementService', 'EkmService', 'Autokey']
      .map((name) => `google.cloud.kms.v1.${name}`)
      .concat(IAM, LOCATIONS, OPERATIONS),
  },
  {
    id: 'containeranalysis.v1',
    title: 'Container Analysis API v1',
    hosts: ['containeranalysis.googleapis.com'],
    protos: ['grafeas/v1/grafeas.proto', 'google/devtools/containeranalysis/v1/containeranalysis.proto'],
    services: ['grafeas.v1.Grafeas', 'google.devtools.containeranalysis.v1.ContainerAnalysis'],
  },
  {
    id: 'containeranalysis.v1beta1',
    title: 'Container Analysis API v1beta1',
    hosts: ['containeranalysis.googleapis.com'],
    protos: ['grafeas/grafeas.proto', 'containeranalysis.proto'].map(
      (file) => `google/devtools/containeranalysis/v1beta1/${file}`,
    ),
    services: ['grafeas.v1beta1.GrafeasV1Beta1', 'google.devtools.containeranalysis.v1beta1.ContainerAnalysisV1Beta1'],
  },
  binaryauthorization('v1', 'V1'),
  binaryauthorization('v1beta1', 'V1Beta1', ['service', 'validation_helper']),
  binaryauthorization('v1alpha2', 'V1Alpha2'),
  {
    id: 'artifactregistry.v1',
    title: 'Artifact Registry API v1',
    hosts: ['artifactregistry.googleapis.com'],
    protos: ['google/devtools/artifactregistry/v1/service.proto'],
    services: ['google.devtools.artifactregistry.v1.ArtifactRegistry', LOCATIONS, OPERATIONS],
  },
  {
    id: 'logging.v2',
    title: 'Cloud Logging API v2',
    hosts: ['logging.googleapis.com'],
    // entries carry audit logs as google.protobuf.Any
    protos: ['logging', 'logging_config', 'logging_metrics']
      .map((name) => `google/logging/v2/${name}.proto`)
      .concat('google/cloud/audit/audit_log.proto'),
    services: ['LoggingServiceV2', 'ConfigServiceV2', 'MetricsServiceV2'].map((name) => `google.logging.v2.${name}`),
  },
  {
    id: 'serviceusage.v1',
    title: 'Service Usage API v1',
    hosts: ['serviceusage.googleapis.com'],
    protos: ['google/api/serviceusage/v1/serviceusage.proto'],
    services: ['google.api.serviceusage.v1.ServiceUsage', OPERATIONS],
  },
  container('v1'),
  container('v1beta1'),
  container('v1alpha1'),
  {
    id: 'run.v2',
    title: 'Cloud Run Admin API v2',
    hosts: ['run.googleapis.com'],
    protos: ['service', 'revision', 'job', 'execution', 'task'].map((name) => `google/cloud/run/v2/${name}.proto`),
    services: ['Services', 'Revisions', 'Jobs', 'Executions', 'Tasks']
      .map((name) => `google.cloud.run.v2.${name}`)
      .concat(OPERATIONS),
  },
  {
    id: 'run.v1',
    title: 'Cloud Run Admin API v1',
    hosts: ['run.googleapis.com'],
    protos: ['serving', 'jobs'].map((name) => `google/cloud/run/v1/${name}.proto`),
    services: ['Services', 'Revisions', 'Configurations', 'Routes', 'Jobs', 'Executions', 'Tasks']
      .map((name) => `google.cloud.run.v1.${name}`)
      .concat(IAM, LOCATIONS, OPERATIONS),
  },
  {
    id: 'cloudbuild.v1',
    title: 'Cloud Build API v1',
    hosts: ['cloudbuild.googleapis.com'],
    protos: ['google/devtools/cloudbuild/v1/cloudbuild.proto'],
    services: ['google.devtools.cloudbuild.v1.CloudBuild', OPERATIONS],
    claims: '^/v1/projects/[^/]+/locations/[^/]+/operations/[A-Za-z0-9]{48}(:cancel)?$', // the id of a build in base64
  },
  {
    id: 'cloudresourcemanager.v1',
    title: 'Cloud Resource Manager API v1',
    hosts: ['cloudresourcemanager.googleapis.com'],
    protos: ['google/cloudresourcemanager/v1/projects.proto'],
    services: ['google.cloudresourcemanager.v1.Projects', OPERATIONS],
    claims: '^/v1/operations/cp\\.', // Service Usage has operations there too
    errorList: true,
  },
  {
    id: 'cloudresourcemanager.v3',
    title: 'Cloud Resource Manager API v3',
    hosts: ['cloudresourcemanager.googleapis.com'],
    protos: ['google/cloud/resourcemanager/v3/projects.proto'],
    services: ['google.cloud.resourcemanager.v3.Projects', OPERATIONS],
  },
  {
    id: 'iam.v1',
    title: 'Identity and Access Management API v1',
    hosts: ['iam.googleapis.com'],
    protos: ['google/iam/admin/v1/iam.proto'],
    services: ['google.iam.admin.v1.IAM'],
    errorList: true,
    moved: ['SignBlob', 'SignJwt'], // to the Service Account Credentials API, under the same paths
  },
  {
    id: 'orgpolicy.v2',
    title: 'Organization Policy API v2',
    hosts: ['orgpolicy.googleapis.com'],
    protos: ['google/cloud/orgpolicy/v2/orgpolicy.proto'],
    services: ['google.cloud.orgpolicy.v2.OrgPolicy'],
  },
]

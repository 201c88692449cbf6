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
    protos: ['google/logging/v2/logging.proto', 'google/logging/v2/logging_config.proto', 'google/cloud/audit/audit_log.proto'],
    services: ['LoggingServiceV2', 'ConfigServiceV2'].map((name) => `google.logging.v2.${name}`),
  },
  {
    id: 'serviceusage.v1',
    title: 'Service Usage API v1',
    hosts: ['serviceusage.googleapis.com'],
    protos: ['google/api/serviceusage/v1/serviceusage.proto'],
    services: ['google.api.serviceusage.v1.ServiceUsage', OPERATIONS],
  },
]

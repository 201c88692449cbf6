// REST bindings of the mixins, API by API. The mixins' own protos carry a generic `post …:getIamPolicy`, which the real
// services override in their service configuration (KMS and Binary Authorization take GET); this is that configuration.

export interface HttpRule {
  /** Full name of the method, `google.iam.v1.IAMPolicy.GetIamPolicy`. */
  selector: string
  get?: string
  post?: string
  delete?: string
  body?: string
}

const iam = (resources: string[]): HttpRule[] =>
  resources.flatMap((resource) => [
    { selector: 'google.iam.v1.IAMPolicy.GetIamPolicy', get: `${resource}:getIamPolicy` },
    { selector: 'google.iam.v1.IAMPolicy.SetIamPolicy', post: `${resource}:setIamPolicy`, body: '*' },
    { selector: 'google.iam.v1.IAMPolicy.TestIamPermissions', post: `${resource}:testIamPermissions`, body: '*' },
  ])

const locations = (version: string): HttpRule[] => [
  { selector: 'google.cloud.location.Locations.ListLocations', get: `/${version}/{name=projects/*}/locations` },
  { selector: 'google.cloud.location.Locations.GetLocation', get: `/${version}/{name=projects/*/locations/*}` },
]

const runOperations = (version: string): HttpRule[] => {
  const name = `/${version}/{name=projects/*/locations/*/operations/*}`
  return [
    { selector: 'google.longrunning.Operations.ListOperations', get: `/${version}/{name=projects/*/locations/*}/operations` },
    { selector: 'google.longrunning.Operations.GetOperation', get: name },
    { selector: 'google.longrunning.Operations.DeleteOperation', delete: name },
    { selector: 'google.longrunning.Operations.WaitOperation', post: `${name}:wait`, body: '*' },
  ]
}

const binaryauthorization = (version: string) =>
  iam([`/${version}/{resource=projects/*/policy}`, `/${version}/{resource=projects/*/attestors/*}`])

export const MIXINS: Record<string, HttpRule[]> = {
  'cloudkms.v1': [
    ...iam([
      '/v1/{resource=projects/*/locations/*/keyRings/*}',
      '/v1/{resource=projects/*/locations/*/keyRings/*/cryptoKeys/*}',
      '/v1/{resource=projects/*/locations/*/keyRings/*/importJobs/*}',
      '/v1/{resource=projects/*/locations/*/ekmConfig}',
      '/v1/{resource=projects/*/locations/*/ekmConnections/*}',
    ]),
    ...locations('v1'),
    { selector: 'google.longrunning.Operations.GetOperation', get: '/v1/{name=projects/*/locations/*/operations/*}' },
  ],
  'binaryauthorization.v1': binaryauthorization('v1'),
  'binaryauthorization.v1beta1': binaryauthorization('v1beta1'),
  'binaryauthorization.v1alpha2': binaryauthorization('v1alpha2'),
  'artifactregistry.v1': [
    ...locations('v1'),
    ...locations('v1beta2'), // gcloud asks this version for the locations, and v1 for all else
    { selector: 'google.longrunning.Operations.GetOperation', get: '/v1/{name=projects/*/locations/*/operations/*}' },
  ],
  'serviceusage.v1': [
    { selector: 'google.longrunning.Operations.ListOperations', get: '/v1/operations' },
    { selector: 'google.longrunning.Operations.GetOperation', get: '/v1/{name=operations/*}' },
    { selector: 'google.longrunning.Operations.CancelOperation', post: '/v1/{name=operations/*}:cancel', body: '*' },
    { selector: 'google.longrunning.Operations.DeleteOperation', delete: '/v1/{name=operations/*}' },
  ],
  'run.v2': runOperations('v2'),
  'run.v1': [
    ...iam(['services', 'jobs'].map((collection) => `/v1/{resource=projects/*/locations/*/${collection}/*}`)),
    { selector: 'google.cloud.location.Locations.ListLocations', get: '/v1/{name=projects/*}/locations' },
    ...runOperations('v1'),
  ],
  'cloudbuild.v1': ['/v1/{name=operations/**}', '/v1/{name=projects/*/locations/*/operations/*}'].flatMap((name) => [
    { selector: 'google.longrunning.Operations.GetOperation', get: name },
    { selector: 'google.longrunning.Operations.CancelOperation', post: `${name}:cancel`, body: '*' },
  ]),
  'cloudresourcemanager.v1': [{ selector: 'google.longrunning.Operations.GetOperation', get: '/v1/{name=operations/*}' }],
  'cloudresourcemanager.v3': [{ selector: 'google.longrunning.Operations.GetOperation', get: '/v3/{name=operations/*}' }],
}

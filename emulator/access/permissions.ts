// The permissions that each RPC asks for (https://cloud.google.com/iam/docs/permissions-reference, and the access control page of each
// API). Most follow from the method's name: CreateKeyRing of Cloud KMS is `cloudkms.keyRings.create` on the parent. The table has what does not.

/** What a caller must be allowed, on which resource. */
export interface Needed {
  permission: string
  resource: string
}

interface Row {
  /** Begin of `package.Service/Method`. */
  service: RegExp
  /** Begin of the permissions. */
  prefix: string
  /** Method → what stands behind the prefix, or whole permissions where it has a dot before its first capital; empty for none. */
  methods?: Record<string, string>
}

const NODE_POOLS = 'clusters.update'

const ROWS: Row[] = [
  {
    service: /^google\.cloud\.kms\.v1\.Key/,
    prefix: 'cloudkms',
    methods: {
      GetPublicKey: 'cryptoKeyVersions.viewPublicKey',
      ImportCryptoKeyVersion: 'importJobs.useToImport',
      UpdateCryptoKeyPrimaryVersion: 'cryptoKeys.update',
      DestroyCryptoKeyVersion: 'cryptoKeyVersions.destroy',
      RestoreCryptoKeyVersion: 'cryptoKeyVersions.restore',
      Encrypt: 'cryptoKeyVersions.useToEncrypt',
      Decrypt: 'cryptoKeyVersions.useToDecrypt',
      RawEncrypt: 'cryptoKeyVersions.useToEncrypt',
      RawDecrypt: 'cryptoKeyVersions.useToDecrypt',
      AsymmetricSign: 'cryptoKeyVersions.useToSign',
      AsymmetricDecrypt: 'cryptoKeyVersions.useToDecrypt',
      MacSign: 'cryptoKeyVersions.useToSign',
      MacVerify: 'cryptoKeyVersions.useToVerify',
      GenerateRandomBytes: 'locations.generateRandomBytes',
    },
  },
  {
    service: /^grafeas\./,
    prefix: 'containeranalysis',
    methods: {
      BatchCreateNotes: 'notes.create',
      BatchCreateOccurrences: 'occurrences.create',
      GetOccurrenceNote: 'occurrences.get',
      ListNoteOccurrences: 'notes.listOccurrences',
      GetVulnerabilityOccurrencesSummary: 'occurrences.list',
    },
  },
  {
    service: /^google\.devtools\.containeranalysis\./,
    prefix: 'containeranalysis',
    methods: { GetVulnerabilityOccurrencesSummary: 'occurrences.list' },
  },
  {
    service: /^google\.cloud\.binaryauthorization\./,
    prefix: 'binaryauthorization',
    methods: {
      GetPolicy: 'policy.get',
      UpdatePolicy: 'policy.update',
      GetSystemPolicy: '',
      ValidateAttestationOccurrence: 'attestors.verifyImageAttested',
      GetContinuousValidationConfig: 'continuousValidationConfig.get',
      UpdateContinuousValidationConfig: 'continuousValidationConfig.update',
    },
  },
  {
    service: /^google\.devtools\.artifactregistry\./,
    prefix: 'artifactregistry',
    methods: {
      ListDockerImages: 'dockerimages.list',
      GetDockerImage: 'dockerimages.get',
      GetProjectSettings: 'projectsettings.get',
      UpdateProjectSettings: 'projectsettings.update',
      BatchDeleteVersions: 'versions.delete',
    },
  },
  {
    service: /^google\.logging\.v2\./,
    prefix: 'logging',
    methods: {
      DeleteLog: 'logs.delete',
      WriteLogEntries: 'logEntries.create',
      ListLogEntries: 'logEntries.list',
      TailLogEntries: 'logEntries.list',
      ListMonitoredResourceDescriptors: '',
    },
  },
  {
    service: /^google\.api\.serviceusage\./,
    prefix: 'serviceusage',
    methods: { BatchEnableServices: 'services.enable', BatchGetServices: 'services.get' },
  },
  {
    service: /^google\.container\./,
    prefix: 'container',
    methods: {
      GetServerConfig: '',
      GetJSONWebKeys: '',
      CancelOperation: 'operations.get',
      ListNodePools: 'clusters.get',
      GetNodePool: 'clusters.get',
      CreateNodePool: NODE_POOLS,
      DeleteNodePool: NODE_POOLS,
      UpdateNodePool: NODE_POOLS,
      UpdateMaster: NODE_POOLS,
      SetLabels: NODE_POOLS,
      SetLegacyAbac: NODE_POOLS,
      SetLoggingService: NODE_POOLS,
      SetMonitoringService: NODE_POOLS,
      SetAddonsConfig: NODE_POOLS,
      SetLocations: NODE_POOLS,
      SetMasterAuth: NODE_POOLS,
      SetNetworkPolicy: NODE_POOLS,
      SetMaintenancePolicy: NODE_POOLS,
      SetNodePoolAutoscaling: NODE_POOLS,
      SetNodePoolManagement: NODE_POOLS,
      SetNodePoolSize: NODE_POOLS,
    },
  },
  {
    service: /^google\.cloud\.run\./,
    prefix: 'run',
    methods: { ReplaceService: 'services.update', ReplaceJob: 'jobs.update', RunJob: 'jobs.run' },
  },
  {
    service: /^google\.devtools\.cloudbuild\./,
    prefix: 'cloudbuild',
    methods: { CancelBuild: 'builds.update', RetryBuild: 'builds.create' },
  },
  {
    service: /^google\.cloud(\.resourcemanager\.v3|resourcemanager\.v1)\./,
    prefix: 'resourcemanager',
    methods: {
      // who may create a project is a matter of the organisation, and what is found is what the caller may see
      CreateProject: '',
      ListProjects: '',
      SearchProjects: '',
      GetAncestry: 'projects.get',
      MoveProject: 'projects.move',
      GetOrgPolicy: 'orgpolicy.policy.get',
      GetEffectiveOrgPolicy: 'orgpolicy.policy.get',
      SetOrgPolicy: 'orgpolicy.policy.set',
      ClearOrgPolicy: 'orgpolicy.policy.set',
      ListOrgPolicies: 'orgpolicy.policies.list',
      ListAvailableOrgPolicyConstraints: 'orgpolicy.constraints.list',
    },
  },
  {
    service: /^google\.iam\.admin\.v1\./,
    prefix: 'iam',
    methods: {
      PatchServiceAccount: 'serviceAccounts.update',
      QueryGrantableRoles: '',
      QueryTestablePermissions: '',
      ListRoles: '',
      GetRole: '',
    },
  },
  {
    service: /^google\.cloud\.orgpolicy\.v2\./,
    prefix: 'orgpolicy',
    methods: { GetPolicy: 'policy.get', GetEffectivePolicy: 'policy.get' },
  },
]

/** What operations and locations ask for is a matter of what they are about, and everybody may ask what he may do. */
const FREE = /^google\.(longrunning\.Operations|cloud\.location\.Locations)\/|\/TestIamPermissions$/

const VERBS = /^(Create|Get|List|Update|Delete|Undelete|Enable|Disable|Cancel|Run)([A-Z]\w*)$/

const collectionOf = (noun: string) => {
  const name = noun[0]!.toLowerCase() + noun.slice(1)
  return name.replace(/s$|(?<![aeo])y$|$/, (end) => (end === 'y' ? 'ies' : 's'))
}

/** The permission of `package.Service/Method`; empty where everybody may call it. `iamPrefix` is that of the resource whose IAM policy
 * the call is about. Throws for a method that no rule covers: a gap here would let everybody in. */
export function permissionOf(method: string, iamPrefix?: string): string {
  const [, name] = method.split('/') as [string, string]
  if (FREE.test(method)) return ''
  if (name === 'GetIamPolicy' || name === 'SetIamPolicy') {
    if (!iamPrefix) throw new Error(`no permission for ${method} on a resource of no known kind`)
    return `${iamPrefix}.${name[0]!.toLowerCase()}${name.slice(1)}`
  }
  const row = ROWS.find(({ service }) => service.test(method))
  if (!row) throw new Error(`no permission for ${method}`)
  const special = row.methods?.[name]
  if (special !== undefined) return special === '' || /^orgpolicy\./.test(special) ? special : `${row.prefix}.${special}`
  const [, verb, noun] = VERBS.exec(name) ?? []
  if (!verb) throw new Error(`no permission for ${method}`)
  return `${row.prefix}.${collectionOf(noun!)}.${verb.toLowerCase()}`
}

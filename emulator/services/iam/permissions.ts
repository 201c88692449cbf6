// The permissions of the APIs that are emulated, of the resources that they have here (https://cloud.google.com/iam/docs/roles-permissions).

/** Service → resource → verbs. */
const TABLE: Record<string, Record<string, string>> = {
  artifactregistry: {
    aptartifacts: 'create',
    attachments: 'create delete get list',
    dockerimages: 'get list',
    files: 'delete download get list update upload',
    kfpartifacts: 'create',
    locations: 'get list',
    mavenartifacts: 'get list',
    npmpackages: 'get list',
    packages: 'delete get list update',
    projectsettings: 'get update',
    pythonpackages: 'get list',
    repositories:
      'create createTagBinding delete deleteArtifacts deleteTagBinding downloadArtifacts get getIamPolicy list listEffectiveTags listTagBindings readViaVirtualRepository setIamPolicy update uploadArtifacts',
    rules: 'create delete get list update',
    tags: 'create delete get list update',
    versions: 'delete get list update',
    yumartifacts: 'create',
  },
  binaryauthorization: {
    attestors: 'create delete get getIamPolicy list setIamPolicy update verifyImageAttested',
    continuousValidationConfig: 'get getIamPolicy setIamPolicy update',
    platformPolicies: 'create delete evaluatePolicy get list replace',
    policy: 'evaluatePolicy get getIamPolicy setIamPolicy update',
  },
  cloudbuild: {
    builds: 'approve create get list update',
    operations: 'get list',
    workerpools: 'use',
  },
  cloudkms: {
    cryptoKeyVersions:
      'create destroy get list restore update useToDecapsulate useToDecrypt useToDecryptViaDelegation useToEncrypt useToEncryptViaDelegation useToSign useToVerify viewPublicKey',
    cryptoKeys: 'create get getIamPolicy list setIamPolicy update',
    importJobs: 'create get getIamPolicy list setIamPolicy useToImport',
    keyRings: 'create createTagBinding deleteTagBinding get getIamPolicy list listEffectiveTags listTagBindings setIamPolicy',
    locations: 'generateRandomBytes get list',
    operations: 'get',
  },
  container: {
    clusters: 'connect create delete get getCredentials list update',
    cronJobs: 'create delete get getStatus list update updateStatus',
    daemonSets: 'create delete get getStatus list update updateStatus',
    deployments: 'create delete get getScale getStatus list rollback update updateScale updateStatus',
    jobs: 'create delete get getStatus list update updateStatus',
    namespaces: 'create delete finalize get getStatus list update updateStatus',
    operations: 'get list',
    pods: 'attach create delete evict exec get getLogs getStatus initialize list portForward proxy update updateStatus',
    replicaSets: 'create delete get getScale getStatus list update updateScale updateStatus',
    replicationControllers: 'create delete get getScale getStatus list update updateScale updateStatus',
    statefulSets: 'create delete get getScale getStatus list update updateScale updateStatus',
  },
  containeranalysis: {
    notes: 'attachOccurrence create delete get getIamPolicy list listOccurrences setIamPolicy update',
    occurrences: 'create delete get getIamPolicy list setIamPolicy update',
  },
  iam: {
    roles: 'create delete get list undelete update',
    serviceAccountKeys: 'create delete disable enable get list',
    serviceAccounts:
      'actAs create createTagBinding delete deleteTagBinding disable enable get getAccessToken getIamPolicy getOpenIdToken implicitDelegation list listEffectiveTags listTagBindings setIamPolicy signBlob signJwt undelete update',
  },
  logging: {
    buckets: 'copyLogEntries create delete get list undelete update',
    exclusions: 'create delete get list update',
    fields: 'access',
    locations: 'get list',
    logEntries: 'create download list route',
    logMetrics: 'create delete get list update',
    logServiceIndexes: 'list',
    logServices: 'list',
    logs: 'delete list',
    notificationRules: 'create delete get list update',
    operations: 'cancel get list',
    privateLogEntries: 'list',
    sinks: 'create delete get list update',
    usage: 'get',
    views: 'access create delete get list listLogs listResourceKeys listResourceValues update',
  },
  orgpolicy: {
    constraints: 'list',
    customConstraints: 'create delete get list update',
    policies: 'create delete list update',
    policy: 'get set',
  },
  resourcemanager: {
    folders: 'get list',
    organizations: 'get',
    projects: 'create delete get getIamPolicy list move setIamPolicy undelete update',
  },
  run: {
    configurations: 'get list',
    executions: 'cancel delete get list',
    jobs: 'create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags listTagBindings run runWithOverrides setIamPolicy update',
    locations: 'list',
    operations: 'delete get list',
    revisions: 'delete get list',
    routes: 'get invoke list',
    services:
      'create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags listTagBindings setIamPolicy update',
    tasks: 'get list',
  },
  serviceusage: {
    operations: 'cancel delete get list',
    quotas: 'get update',
    services: 'disable enable get list use',
  },
}

interface Catalogue {
  all: readonly string[]
  known: ReadonlySet<string>
}

/** Made when first asked for: a start need not wait for it. */
let made: Catalogue | undefined

function catalogue(): Catalogue {
  if (made) return made
  const all = Object.entries(TABLE)
    .flatMap(([service, resources]) =>
      Object.entries(resources).flatMap(([resource, verbs]) => verbs.split(' ').map((verb) => `${service}.${resource}.${verb}`)),
    )
    .sort()
  made = { all, known: new Set(all) }
  return made
}

/** All of them, sorted: `cloudkms.cryptoKeyVersions.useToSign`. */
export const permissions = (): readonly string[] => catalogue().all

/** The permissions of patterns such as `run.jobs.get run.services.*`, sorted. Throws for a pattern that stands for none. */
export function expand(patterns: string): string[] {
  const { all, known } = catalogue()
  const found = patterns
    .trim()
    .split(/\s+/)
    .flatMap((pattern) => {
      const some = pattern.endsWith('*') ? all.filter((one) => one.startsWith(pattern.slice(0, -1))) : [pattern]
      if (!some[0] || !known.has(some[0])) throw new RangeError(`no permission is called ${pattern}`)
      return some
    })
  return [...new Set(found)].sort()
}

/** What reads and shows no secrets: the verbs of the basic role Viewer, and what reads by another. */
const READS = /\.(get|getIamPolicy|getStatus|getScale|list|listEffectiveTags|listTagBindings|evaluatePolicy|verifyImageAttested)$/
const OTHER_READS = 'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.readViaVirtualRepository'

/** What Owner has and Editor has not: who may do what, the end of what cannot be made again, cryptography, private logs. */
const OWNER_ONLY = `
  cloudkms.cryptoKeyVersions.destroy cloudkms.cryptoKeyVersions.restore cloudkms.cryptoKeyVersions.use*
  cloudkms.cryptoKeyVersions.viewPublicKey iam.roles.create iam.roles.delete iam.roles.undelete iam.roles.update
  iam.serviceAccounts.undelete logging.buckets.* logging.exclusions.* logging.fields.* logging.notificationRules.*
  logging.privateLogEntries.* logging.sinks.* logging.views.* resourcemanager.projects.delete resourcemanager.projects.undelete`

/** What no basic role has: being a service account, and organization policies. */
const NEVER = `
  iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.implicitDelegation
  iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt orgpolicy.customConstraints.create orgpolicy.customConstraints.delete
  orgpolicy.customConstraints.update orgpolicy.policies.create orgpolicy.policies.delete orgpolicy.policies.update
  orgpolicy.policy.set resourcemanager.projects.create resourcemanager.folders.* resourcemanager.organizations.*`

/** The basic roles (https://cloud.google.com/iam/docs/roles-overview#basic), made by their rules instead of a list of thousands. */
export function basicRoles() {
  const [ownerOnly, never, reads] = [OWNER_ONLY, NEVER, OTHER_READS].map((patterns) => new Set(expand(patterns)))
  const owner = permissions().filter((permission) => !never!.has(permission))
  const viewer = owner.filter(
    (permission) => (READS.test(permission) || reads!.has(permission)) && permission !== 'logging.privateLogEntries.list',
  )
  const read = new Set(viewer)
  const isForEditors = (permission: string) =>
    !ownerOnly!.has(permission) && !/\.(setIamPolicy|createTagBinding|deleteTagBinding)$/.test(permission)
  return { owner, editor: owner.filter((permission) => read.has(permission) || isForEditors(permission)), viewer }
}

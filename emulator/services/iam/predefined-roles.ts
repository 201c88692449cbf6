// Predefined roles (https://cloud.google.com/iam/docs/roles-permissions) that have to do with what is emulated, and the permissions of each that
// there are here: what a role permits beside (Pub/Sub, Cloud Storage, Recommender) is left out.
import { basicRoles, expand } from './permissions.ts'

export interface PredefinedRole {
  /** `roles/cloudkms.signer`. */
  name: string
  title: string
  description: string
  includedPermissions: string[]
}

const PROJECT = 'resourcemanager.projects.get resourcemanager.projects.list'
const KMS = 'cloudkms.locations.get cloudkms.locations.list resourcemanager.projects.get'
const WORKLOADS = `container.cronJobs.* container.daemonSets.* container.deployments.* container.jobs.* container.namespaces.*
  container.pods.* container.replicaSets.* container.replicationControllers.* container.statefulSets.*`
const ARTIFACTS = `artifactregistry.dockerimages.* artifactregistry.files.get artifactregistry.files.list artifactregistry.locations.*
  artifactregistry.mavenartifacts.* artifactregistry.npmpackages.* artifactregistry.packages.get artifactregistry.packages.list
  artifactregistry.projectsettings.get artifactregistry.pythonpackages.* artifactregistry.repositories.downloadArtifacts
  artifactregistry.repositories.get artifactregistry.repositories.list artifactregistry.repositories.listEffectiveTags
  artifactregistry.repositories.listTagBindings artifactregistry.repositories.readViaVirtualRepository artifactregistry.tags.get
  artifactregistry.tags.list artifactregistry.versions.get artifactregistry.versions.list`
const RUN_READS = `run.configurations.* run.executions.get run.executions.list run.jobs.get run.jobs.getIamPolicy run.jobs.list
  run.jobs.listEffectiveTags run.jobs.listTagBindings run.locations.list run.operations.get run.operations.list run.revisions.get
  run.revisions.list run.routes.get run.routes.list run.services.get run.services.getIamPolicy run.services.list
  run.services.listEffectiveTags run.services.listTagBindings run.tasks.*`
const LOG_READS = `logging.buckets.get logging.buckets.list logging.exclusions.get logging.exclusions.list logging.locations.*
  logging.logEntries.list logging.logMetrics.get logging.logMetrics.list logging.logServiceIndexes.list logging.logServices.list
  logging.logs.list logging.operations.get logging.operations.list logging.sinks.get logging.sinks.list logging.usage.get
  logging.views.get logging.views.list resourcemanager.projects.get`
const SERVICES_READS = `serviceusage.operations.get serviceusage.operations.list serviceusage.quotas.get serviceusage.services.get
  serviceusage.services.list`
const OCCURRENCES = `containeranalysis.occurrences.create containeranalysis.occurrences.delete containeranalysis.occurrences.get
  containeranalysis.occurrences.list containeranalysis.occurrences.update`
const ATTESTORS = 'binaryauthorization.attestors.get binaryauthorization.attestors.list'

/** Name after `roles/`, title, description, permissions. */
const TABLE: [name: string, title: string, description: string, permissions: string][] = [
  [
    'artifactregistry.admin',
    'Artifact Registry Administrator',
    'Administrator access to create and manage repositories.',
    'artifactregistry.* cloudkms.operations.get',
  ],
  ['artifactregistry.reader', 'Artifact Registry Reader', 'Access to read repository items.', ARTIFACTS],
  [
    'artifactregistry.repoAdmin',
    'Artifact Registry Repository Administrator',
    'Access to manage artifacts in repositories.',
    `${ARTIFACTS} artifactregistry.aptartifacts.create artifactregistry.files.delete artifactregistry.files.download
    artifactregistry.kfpartifacts.create artifactregistry.packages.delete artifactregistry.repositories.deleteArtifacts
    artifactregistry.repositories.uploadArtifacts artifactregistry.tags.* artifactregistry.versions.delete
    artifactregistry.yumartifacts.create`,
  ],
  [
    'artifactregistry.writer',
    'Artifact Registry Writer',
    'Access to read and write repository items.',
    `${ARTIFACTS} artifactregistry.aptartifacts.create artifactregistry.files.download artifactregistry.files.update
    artifactregistry.kfpartifacts.create artifactregistry.packages.update artifactregistry.repositories.uploadArtifacts
    artifactregistry.tags.create artifactregistry.tags.update artifactregistry.yumartifacts.create`,
  ],
  [
    'binaryauthorization.attestorsAdmin',
    'Binary Authorization Attestor Admin',
    'Administrator of Binary Authorization Attestors',
    `binaryauthorization.attestors.* ${PROJECT}`,
  ],
  [
    'binaryauthorization.attestorsEditor',
    'Binary Authorization Attestor Editor',
    'Editor of Binary Authorization Attestors',
    `${ATTESTORS} binaryauthorization.attestors.create binaryauthorization.attestors.delete binaryauthorization.attestors.update
    binaryauthorization.attestors.verifyImageAttested ${PROJECT}`,
  ],
  [
    'binaryauthorization.attestorsVerifier',
    'Binary Authorization Attestor Image Verifier',
    'Caller of Binary Authorization Attestors VerifyImageAttested',
    `${ATTESTORS} binaryauthorization.attestors.verifyImageAttested ${PROJECT}`,
  ],
  [
    'binaryauthorization.attestorsViewer',
    'Binary Authorization Attestor Viewer',
    'Viewer of Binary Authorization Attestors',
    `${ATTESTORS} ${PROJECT}`,
  ],
  [
    'binaryauthorization.policyAdmin',
    'Binary Authorization Policy Administrator',
    'Administrator of Binary Authorization Policy',
    `binaryauthorization.continuousValidationConfig.* binaryauthorization.platformPolicies.* binaryauthorization.policy.* ${PROJECT}`,
  ],
  [
    'binaryauthorization.policyEditor',
    'Binary Authorization Policy Editor',
    'Editor of Binary Authorization Policy',
    `binaryauthorization.continuousValidationConfig.get binaryauthorization.continuousValidationConfig.update
    binaryauthorization.platformPolicies.* binaryauthorization.policy.evaluatePolicy binaryauthorization.policy.get
    binaryauthorization.policy.update ${PROJECT}`,
  ],
  [
    'binaryauthorization.policyEvaluator',
    'Binary Authorization Policy Evaluator',
    'Evaluator of Binary Authorization Policy',
    `binaryauthorization.platformPolicies.evaluatePolicy binaryauthorization.platformPolicies.get
    binaryauthorization.platformPolicies.list binaryauthorization.policy.evaluatePolicy binaryauthorization.policy.get ${PROJECT}`,
  ],
  [
    'binaryauthorization.policyViewer',
    'Binary Authorization Policy Viewer',
    'Viewer of Binary Authorization Policy',
    `binaryauthorization.continuousValidationConfig.get binaryauthorization.platformPolicies.get
    binaryauthorization.platformPolicies.list binaryauthorization.policy.get ${PROJECT}`,
  ],
  [
    'binaryauthorization.serviceAgent',
    'Binary Authorization Service Agent',
    'Can read Notes and Occurrences from the Container Analysis Service to find and verify signatures.',
    `${ATTESTORS} binaryauthorization.attestors.verifyImageAttested containeranalysis.notes.get containeranalysis.notes.list
    containeranalysis.notes.listOccurrences containeranalysis.occurrences.get containeranalysis.occurrences.list ${PROJECT}`,
  ],
  [
    'browser',
    'Browser',
    'Access to browse GCP resources.',
    `resourcemanager.folders.* resourcemanager.organizations.get resourcemanager.projects.getIamPolicy ${PROJECT}`,
  ],
  [
    'cloudbuild.builds.approver',
    'Cloud Build Approver',
    'Can approve or reject pending builds.',
    `cloudbuild.builds.approve cloudbuild.builds.get cloudbuild.builds.list ${PROJECT}`,
  ],
  [
    'cloudbuild.builds.builder',
    'Cloud Build Service Account',
    'Can perform builds',
    `artifactregistry.aptartifacts.create artifactregistry.dockerimages.* artifactregistry.files.get artifactregistry.files.list
    artifactregistry.packages.get artifactregistry.packages.list artifactregistry.repositories.downloadArtifacts
    artifactregistry.repositories.get artifactregistry.repositories.list artifactregistry.repositories.uploadArtifacts
    artifactregistry.tags.create artifactregistry.tags.get artifactregistry.tags.list artifactregistry.tags.update
    artifactregistry.versions.get artifactregistry.versions.list artifactregistry.yumartifacts.create cloudbuild.builds.create
    cloudbuild.builds.get cloudbuild.builds.list cloudbuild.builds.update cloudbuild.workerpools.use ${OCCURRENCES}
    logging.logEntries.create logging.logEntries.list logging.privateLogEntries.list logging.views.access ${PROJECT}`,
  ],
  [
    'cloudbuild.builds.editor',
    'Cloud Build Editor',
    'Can create and cancel builds',
    `cloudbuild.builds.create cloudbuild.builds.get cloudbuild.builds.list cloudbuild.builds.update ${PROJECT}`,
  ],
  [
    'cloudbuild.builds.viewer',
    'Cloud Build Viewer',
    'Can view builds',
    `cloudbuild.builds.get cloudbuild.builds.list ${PROJECT}`,
  ],
  [
    'cloudkms.admin',
    'Cloud KMS Admin',
    'Enables management of crypto resources.',
    `cloudkms.cryptoKeyVersions.create cloudkms.cryptoKeyVersions.destroy cloudkms.cryptoKeyVersions.get
    cloudkms.cryptoKeyVersions.list cloudkms.cryptoKeyVersions.restore cloudkms.cryptoKeyVersions.update
    cloudkms.cryptoKeyVersions.useToDecryptViaDelegation cloudkms.cryptoKeyVersions.useToEncryptViaDelegation cloudkms.cryptoKeys.*
    cloudkms.importJobs.* cloudkms.keyRings.create cloudkms.keyRings.createTagBinding cloudkms.keyRings.deleteTagBinding
    cloudkms.keyRings.get cloudkms.keyRings.getIamPolicy cloudkms.keyRings.list cloudkms.keyRings.listTagBindings
    cloudkms.keyRings.setIamPolicy ${KMS}`,
  ],
  [
    'cloudkms.cryptoOperator',
    'Cloud KMS Crypto Operator',
    'Enables all Crypto Operations.',
    `cloudkms.cryptoKeyVersions.useToDecapsulate cloudkms.cryptoKeyVersions.useToDecrypt cloudkms.cryptoKeyVersions.useToEncrypt
    cloudkms.cryptoKeyVersions.useToSign cloudkms.cryptoKeyVersions.useToVerify cloudkms.cryptoKeyVersions.viewPublicKey
    cloudkms.locations.generateRandomBytes ${KMS}`,
  ],
  [
    'cloudkms.publicKeyViewer',
    'Cloud KMS CryptoKey Public Key Viewer',
    'Enables GetPublicKey operations',
    `cloudkms.cryptoKeyVersions.viewPublicKey ${KMS}`,
  ],
  ['cloudkms.signer', 'Cloud KMS CryptoKey Signer', 'Enables Sign operations', `cloudkms.cryptoKeyVersions.useToSign ${KMS}`],
  [
    'cloudkms.signerVerifier',
    'Cloud KMS CryptoKey Signer/Verifier',
    'Enables Sign, Verify, and GetPublicKey operations',
    `cloudkms.cryptoKeyVersions.useToSign cloudkms.cryptoKeyVersions.useToVerify cloudkms.cryptoKeyVersions.viewPublicKey ${KMS}`,
  ],
  [
    'cloudkms.verifier',
    'Cloud KMS CryptoKey Verifier',
    'Enables Verify and GetPublicKey operations',
    `cloudkms.cryptoKeyVersions.useToVerify cloudkms.cryptoKeyVersions.viewPublicKey ${KMS}`,
  ],
  [
    'cloudkms.viewer',
    'Cloud KMS Viewer',
    'Enables Get and List operations.',
    `cloudkms.cryptoKeyVersions.get cloudkms.cryptoKeyVersions.list cloudkms.cryptoKeys.get cloudkms.cryptoKeys.list
    cloudkms.importJobs.get cloudkms.importJobs.list cloudkms.keyRings.get cloudkms.keyRings.list cloudkms.operations.get ${KMS}`,
  ],
  [
    'container.admin',
    'Kubernetes Engine Admin',
    'Full management of Kubernetes Clusters and their Kubernetes API objects.',
    `container.* ${PROJECT}`,
  ],
  [
    'container.clusterAdmin',
    'Kubernetes Engine Cluster Admin',
    'Management of Kubernetes Clusters.',
    `container.clusters.create container.clusters.delete container.clusters.get container.clusters.list container.clusters.update
    container.operations.* ${PROJECT}`,
  ],
  [
    'container.clusterViewer',
    'Kubernetes Engine Cluster Viewer',
    'Get and list access to GKE Clusters.',
    `container.clusters.get container.clusters.list ${PROJECT}`,
  ],
  [
    'container.developer',
    'Kubernetes Engine Developer',
    'Full access to Kubernetes API objects inside Kubernetes Clusters.',
    `container.clusters.connect container.clusters.get container.clusters.list ${WORKLOADS} ${PROJECT}`,
  ],
  [
    'container.viewer',
    'Kubernetes Engine Viewer',
    'Read-only access to Kubernetes Engine resources.',
    `container.clusters.get container.clusters.list container.operations.* ${PROJECT} ${WORKLOADS.replace(/\.\*/g, '.list')}
    ${WORKLOADS.replace(/\.\*/g, '.get')} ${WORKLOADS.replace(/\.\*/g, '.getStatus')} container.deployments.getScale
    container.replicaSets.getScale container.replicationControllers.getScale container.statefulSets.getScale`,
  ],
  [
    'containeranalysis.ServiceAgent',
    'Container Analysis Service Agent',
    'Gives Container Analysis API the access it needs to function',
    `${ARTIFACTS} ${OCCURRENCES} serviceusage.quotas.get serviceusage.services.get serviceusage.services.list ${PROJECT}`,
  ],
  [
    'containeranalysis.admin',
    'Container Analysis Admin',
    'Access to all Container Analysis resources.',
    `containeranalysis.notes.attachOccurrence containeranalysis.notes.create containeranalysis.notes.delete
    containeranalysis.notes.get containeranalysis.notes.getIamPolicy containeranalysis.notes.list
    containeranalysis.notes.setIamPolicy containeranalysis.notes.update containeranalysis.occurrences.* ${PROJECT}`,
  ],
  [
    'containeranalysis.notes.attacher',
    'Container Analysis Notes Attacher',
    'Can attach Container Analysis Occurrences to Notes.',
    'containeranalysis.notes.attachOccurrence containeranalysis.notes.get',
  ],
  [
    'containeranalysis.notes.editor',
    'Container Analysis Notes Editor',
    'Can edit Container Analysis Notes.',
    `containeranalysis.notes.attachOccurrence containeranalysis.notes.create containeranalysis.notes.delete
    containeranalysis.notes.get containeranalysis.notes.list containeranalysis.notes.update ${PROJECT}`,
  ],
  [
    'containeranalysis.notes.occurrences.viewer',
    'Container Analysis Occurrences for Notes Viewer',
    'Can view all Container Analysis Occurrences attached to a Note.',
    'containeranalysis.notes.get containeranalysis.notes.listOccurrences',
  ],
  [
    'containeranalysis.notes.viewer',
    'Container Analysis Notes Viewer',
    'Can view Container Analysis Notes.',
    `containeranalysis.notes.get containeranalysis.notes.list ${PROJECT}`,
  ],
  [
    'containeranalysis.occurrences.editor',
    'Container Analysis Occurrences Editor',
    'Can edit Container Analysis Occurrences.',
    `${OCCURRENCES} ${PROJECT}`,
  ],
  [
    'containeranalysis.occurrences.viewer',
    'Container Analysis Occurrences Viewer',
    'Can view Container Analysis Occurrences.',
    `containeranalysis.occurrences.get containeranalysis.occurrences.list ${PROJECT}`,
  ],
  [
    'iam.roleAdmin',
    'Role Administrator',
    'Access to administer all custom roles in the project.',
    'iam.roles.* resourcemanager.projects.get resourcemanager.projects.getIamPolicy',
  ],
  [
    'iam.roleViewer',
    'Role Viewer',
    'Read access to all custom roles in the project.',
    'iam.roles.get iam.roles.list resourcemanager.projects.get resourcemanager.projects.getIamPolicy',
  ],
  [
    'iam.serviceAccountAdmin',
    'Service Account Admin',
    'Create and manage service accounts.',
    `iam.serviceAccounts.create iam.serviceAccounts.createTagBinding iam.serviceAccounts.delete iam.serviceAccounts.deleteTagBinding
    iam.serviceAccounts.disable iam.serviceAccounts.enable iam.serviceAccounts.get iam.serviceAccounts.getIamPolicy
    iam.serviceAccounts.list iam.serviceAccounts.listEffectiveTags iam.serviceAccounts.listTagBindings
    iam.serviceAccounts.setIamPolicy iam.serviceAccounts.undelete iam.serviceAccounts.update ${PROJECT}`,
  ],
  [
    'iam.serviceAccountCreator',
    'Create Service Accounts',
    'Access to create service accounts.',
    `iam.serviceAccounts.create iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  ],
  [
    'iam.serviceAccountKeyAdmin',
    'Service Account Key Admin',
    'Create and manage (and rotate) service account keys.',
    `iam.serviceAccountKeys.* iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  ],
  [
    'iam.serviceAccountTokenCreator',
    'Service Account Token Creator',
    'Impersonate service accounts (create OAuth2 access tokens, sign blobs or JWTs, etc).',
    `iam.serviceAccounts.get iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken
    iam.serviceAccounts.implicitDelegation iam.serviceAccounts.list iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt ${PROJECT}`,
  ],
  [
    'iam.serviceAccountUser',
    'Service Account User',
    'Run operations as the service account.',
    `iam.serviceAccounts.actAs iam.serviceAccounts.get iam.serviceAccounts.list ${PROJECT}`,
  ],
  [
    'iam.workloadIdentityUser',
    'Workload Identity User',
    'Impersonate service accounts from GKE Workloads',
    `iam.serviceAccounts.get iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.list`,
  ],
  [
    'logging.admin',
    'Logging Admin',
    'Access to all logging permissions, and dependent permissions.',
    `logging.buckets.* logging.exclusions.* logging.fields.access logging.locations.* logging.logEntries.create
    logging.logEntries.download logging.logEntries.list logging.logMetrics.* logging.logServiceIndexes.list logging.logServices.list
    logging.logs.* logging.notificationRules.* logging.operations.* logging.privateLogEntries.list logging.sinks.*
    logging.usage.get logging.views.* ${PROJECT}`,
  ],
  [
    'logging.configWriter',
    'Logs Configuration Writer',
    'Access to configure log exporting and metrics.',
    `logging.buckets.create logging.buckets.delete logging.buckets.get logging.buckets.list logging.buckets.undelete
    logging.buckets.update logging.exclusions.* logging.locations.* logging.logMetrics.* logging.logServiceIndexes.list
    logging.logServices.list logging.logs.list logging.notificationRules.* logging.operations.* logging.sinks.* logging.views.create
    logging.views.delete logging.views.get logging.views.list logging.views.update ${PROJECT}`,
  ],
  ['logging.logWriter', 'Logs Writer', 'Access to write logs.', 'logging.logEntries.create logging.logEntries.route'],
  [
    'logging.privateLogViewer',
    'Private Logs Viewer',
    'Access to view all logs, including logs with private contents.',
    `${LOG_READS} logging.privateLogEntries.list logging.views.access`,
  ],
  ['logging.viewer', 'Logs Viewer', 'Access to view logs, except for logs with private contents.', LOG_READS],
  [
    'orgpolicy.policyAdmin',
    'Organization Policy Administrator',
    'The permission to set Organization Policies on resources.',
    'orgpolicy.*',
  ],
  [
    'orgpolicy.policyViewer',
    'Organization Policy Viewer',
    'Access to view Organization Policies on resources.',
    'orgpolicy.constraints.list orgpolicy.policies.list orgpolicy.policy.get',
  ],
  [
    'resourcemanager.projectCreator',
    'Project Creator',
    'Access to create new GCP projects.',
    'resourcemanager.organizations.get resourcemanager.projects.create',
  ],
  ['resourcemanager.projectDeleter', 'Project Deleter', 'Access to delete GCP projects.', 'resourcemanager.projects.delete'],
  [
    'resourcemanager.projectIamAdmin',
    'Project IAM Admin',
    'Access and administer a project IAM policies.',
    'resourcemanager.projects.get resourcemanager.projects.getIamPolicy resourcemanager.projects.setIamPolicy',
  ],
  ['run.admin', 'Cloud Run Admin', 'Full control over all Cloud Run resources.', `run.* ${PROJECT}`],
  [
    'run.developer',
    'Cloud Run Developer',
    'Read and write access to all Cloud Run resources.',
    `${RUN_READS} run.executions.cancel run.executions.delete run.jobs.create run.jobs.delete run.jobs.run run.jobs.runWithOverrides
    run.jobs.update run.operations.delete run.revisions.delete run.routes.invoke run.services.create run.services.delete
    run.services.update ${PROJECT}`,
  ],
  ['run.invoker', 'Cloud Run Invoker', 'Can invoke a Cloud Run service.', 'run.routes.invoke'],
  [
    'run.serviceAgent',
    'Cloud Run Service Agent',
    'Gives Cloud Run service account access to managed resources.',
    `${ARTIFACTS} artifactregistry.attachments.get artifactregistry.attachments.list artifactregistry.files.download
    artifactregistry.repositories.uploadArtifacts artifactregistry.rules.get artifactregistry.rules.list
    binaryauthorization.platformPolicies.evaluatePolicy binaryauthorization.policy.evaluatePolicy cloudbuild.builds.create
    cloudbuild.builds.get iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken
    iam.serviceAccounts.signBlob resourcemanager.projects.getIamPolicy run.routes.invoke serviceusage.services.get
    serviceusage.services.use ${PROJECT}`,
  ],
  [
    'run.viewer',
    'Cloud Run Viewer',
    'Can view the state of all Cloud Run resources, including IAM policies.',
    `${RUN_READS} ${PROJECT}`,
  ],
  [
    'serviceusage.serviceUsageAdmin',
    'Service Usage Admin',
    'Ability to enable, disable, and inspect service states, inspect operations, and consume quota and billing for a consumer project.',
    'serviceusage.*',
  ],
  [
    'serviceusage.serviceUsageConsumer',
    'Service Usage Consumer',
    'Ability to inspect service states and operations, and consume quota and billing for a consumer project.',
    `${SERVICES_READS} serviceusage.services.use`,
  ],
  [
    'serviceusage.serviceUsageViewer',
    'Service Usage Viewer',
    'Ability to inspect service states and operations for a consumer project.',
    SERVICES_READS,
  ],
]

const BASIC: [id: 'editor' | 'owner' | 'viewer', title: string, description: string][] = [
  ['editor', 'Editor', 'View, create, update, and delete most resources.'],
  ['owner', 'Owner', 'Full access to most resources.'],
  ['viewer', 'Viewer', 'View most resources.'],
]

/** Made when first asked for: a start need not wait for it. */
let byName: ReadonlyMap<string, PredefinedRole> | undefined

function made(): ReadonlyMap<string, PredefinedRole> {
  const basic = basicRoles()
  const roles = [
    ...TABLE.map(([id, title, description, permissions]) => ({
      id,
      title,
      description,
      includedPermissions: expand(permissions),
    })),
    ...BASIC.map(([id, title, description]) => ({ id, title, description, includedPermissions: basic[id] })),
  ].map(({ id, ...role }) => ({ name: `roles/${id}`, ...role }))
  return new Map(roles.sort((a, b) => (a.name < b.name ? -1 : 1)).map((role) => [role.name, role]))
}

export function predefinedRole(name: string): PredefinedRole | undefined {
  byName ??= made()
  return byName.get(name)
}

/** All of them, sorted by name. */
export function predefinedRoles(): PredefinedRole[] {
  byName ??= made()
  return [...byName.values()]
}

// The services that exist: name before `.googleapis.com`, title, and the services that it needs, which are enabled with it.

const ROWS: [name: string, title: string, ...needs: string[]][] = [
  ['accessapproval', 'Access Approval API'],
  ['aiplatform', 'Vertex AI API'],
  ['apigateway', 'API Gateway API'],
  ['apikeys', 'API Keys API'],
  ['appengine', 'App Engine Admin API'],
  ['artifactregistry', 'Artifact Registry API'],
  ['bigquery', 'BigQuery API'],
  ['bigquerystorage', 'BigQuery Storage API', 'bigquery'],
  ['binaryauthorization', 'Binary Authorization API'],
  ['certificatemanager', 'Certificate Manager API'],
  ['cloudapis', 'Google Cloud APIs'],
  ['cloudasset', 'Cloud Asset API'],
  ['cloudbilling', 'Cloud Billing API'],
  ['cloudbuild', 'Cloud Build API'],
  ['clouddeploy', 'Cloud Deploy API'],
  ['cloudfunctions', 'Cloud Functions API'],
  ['cloudkms', 'Cloud Key Management Service (KMS) API'],
  ['cloudresourcemanager', 'Cloud Resource Manager API'],
  ['cloudscheduler', 'Cloud Scheduler API'],
  ['cloudtasks', 'Cloud Tasks API'],
  ['cloudtrace', 'Cloud Trace API'],
  ['compute', 'Compute Engine API', 'oslogin'],
  ['container', 'Kubernetes Engine API', 'compute'],
  ['containeranalysis', 'Container Analysis API'],
  ['containerregistry', 'Container Registry API'],
  ['containerscanning', 'Container Scanning API'],
  ['containersecurity', 'Container Security API'],
  ['dataflow', 'Dataflow API'],
  ['dataproc', 'Cloud Dataproc API'],
  ['datastore', 'Cloud Datastore API'],
  ['deploymentmanager', 'Cloud Deployment Manager V2 API'],
  ['dns', 'Cloud DNS API'],
  ['essentialcontacts', 'Essential Contacts API'],
  ['eventarc', 'Eventarc API'],
  ['file', 'Cloud Filestore API'],
  ['firestore', 'Cloud Firestore API'],
  ['gkebackup', 'Backup for GKE API'],
  ['gkehub', 'GKE Hub API'],
  ['iam', 'Identity and Access Management (IAM) API'],
  ['iamcredentials', 'IAM Service Account Credentials API'],
  ['iap', 'Cloud Identity-Aware Proxy API'],
  ['kmsinventory', 'KMS Inventory API'],
  ['logging', 'Cloud Logging API'],
  ['monitoring', 'Cloud Monitoring API'],
  ['networkmanagement', 'Network Management API'],
  ['ondemandscanning', 'On-Demand Scanning API'],
  ['orgpolicy', 'Organization Policy API'],
  ['oslogin', 'Cloud OS Login API'],
  ['policytroubleshooter', 'Policy Troubleshooter API'],
  ['privateca', 'Certificate Authority API'],
  ['pubsub', 'Cloud Pub/Sub API'],
  ['redis', 'Google Cloud Memorystore for Redis API'],
  ['run', 'Cloud Run Admin API'],
  ['secretmanager', 'Secret Manager API'],
  ['securitycenter', 'Security Command Center API'],
  ['servicecontrol', 'Service Control API'],
  ['servicedirectory', 'Service Directory API'],
  ['servicemanagement', 'Service Management API'],
  ['servicenetworking', 'Service Networking API'],
  ['serviceusage', 'Service Usage API'],
  ['sourcerepo', 'Cloud Source Repositories API'],
  ['spanner', 'Cloud Spanner API'],
  ['sql-component', 'Cloud SQL'],
  ['sqladmin', 'Cloud SQL Admin API'],
  ['storage', 'Cloud Storage API'],
  ['storage-api', 'Google Cloud Storage JSON API'],
  ['storage-component', 'Cloud Storage'],
  ['storagetransfer', 'Storage Transfer API'],
  ['sts', 'Security Token Service API'],
  ['vpcaccess', 'Serverless VPC Access API'],
  ['workflowexecutions', 'Workflow Executions API'],
  ['workflows', 'Workflows API'],
]

export interface CatalogueEntry {
  title: string
  needs: string[]
}

const dnsName = (name: string) => `${name}.googleapis.com`

/** DNS name → title and direct needs, in the order of the lists. */
export const CATALOGUE: ReadonlyMap<string, CatalogueEntry> = new Map(
  ROWS.map(([name, title, ...needs]): [string, CatalogueEntry] => [dnsName(name), { title, needs: needs.map(dnsName) }]).sort(
    ([a], [b]) => (a < b ? -1 : 1),
  ),
)

/** The service and all that it needs, directly or not. */
export const withNeeds = (service: string): string[] => [
  service,
  ...(CATALOGUE.get(service)?.needs ?? []).flatMap((need) => withNeeds(need)),
]

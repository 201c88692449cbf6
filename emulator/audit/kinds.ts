// What kind of audit entry a method writes (https://cloud.google.com/logging/docs/audit#types): writes of configuration are Admin
// Activity and always logged; all else is Data Access, logged where the project's IAM policy asks for it.

export type Kind = 'ADMIN_WRITE' | 'ADMIN_READ' | 'DATA_WRITE' | 'DATA_READ'

const READING = /^(Get|List|Search|TestIamPermissions|BatchGet|Query|Lookup|Validate|Evaluate|Fetch|Check|Tail|Wait|Export)/

/** Services whose resources are data: all their methods, but for what changes IAM policies. */
const DATA_SERVICES = /^(grafeas\.|google\.logging\.v2\.LoggingServiceV2\/)/

/** Methods on data of services whose other methods are on configuration; the audit logging page of each says which. */
const DATA_METHODS: [methods: RegExp, Kind][] = [
  [
    /^google\.cloud\.kms\.v1\.KeyManagementService\/(AsymmetricSign|AsymmetricDecrypt|MacSign|MacVerify|Encrypt|Decrypt|RawEncrypt|RawDecrypt|GetPublicKey|GenerateRandomBytes|Decapsulate)$/,
    'DATA_READ',
  ],
  [/^google\.devtools\.artifactregistry\.v1\.ArtifactRegistry\/(Create|Update|Delete)(Tag|Version|Package|File)/, 'DATA_WRITE'],
  [/^google\.devtools\.artifactregistry\.v1\.ArtifactRegistry\/(Get|List)(Tag|Version|Package|File|DockerImage)s?$/, 'DATA_READ'],
]

/** Methods that write no entry: what is asked of a policy, and the operations of others. */
const SILENT =
  /^(google\.longrunning\.Operations\/|google\.cloud\.location\.Locations\/|google\.cloud\.binaryauthorization\.\w+\.SystemPolicy\w*\/|google\.container\.\w+\.ClusterManager\/(Get|List)(Operations?|ServerConfig)$)/

/** The kind of `package.Service/Method`; undefined where it writes no entry. */
export function kindOf(method: string): Kind | undefined {
  if (SILENT.test(method)) return undefined
  const verb = method.split('/')[1]!
  const isRead = READING.test(verb)
  if (DATA_SERVICES.test(method)) return isRead ? 'DATA_READ' : 'DATA_WRITE'
  const data = DATA_METHODS.find(([methods]) => methods.test(method))
  return data?.[1] ?? (isRead ? 'ADMIN_READ' : 'ADMIN_WRITE')
}

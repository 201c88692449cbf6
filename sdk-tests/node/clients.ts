// Google's client libraries for Node, which have a package.json of their own here. TypeScript does not look into what createRequire loads:
// their types are not there before they are installed.
import { createRequire } from 'node:module'

const sdk = createRequire(import.meta.url)

/** Where clients connect to, in a form that can be handed to a program. `{}`: where they connect to without being told. */
export interface Connection {
  /** With `port`, for all of the APIs. */
  apiEndpoint?: string
  port?: number
  /** Without TLS and credentials. */
  insecure?: boolean
  /** REST instead of gRPC. */
  fallback?: boolean
}

/** One client of each library. That of Binary Authorization is a REST client always. */
export function createClients({ apiEndpoint, port, insecure, fallback }: Connection) {
  const { grpc, GoogleAuth, PassThroughClient } = { ...sdk('google-gax'), ...sdk('google-auth-library') }
  const { google } = sdk('googleapis')
  const plain = () =>
    fallback
      ? { protocol: 'http', auth: new GoogleAuth({ authClient: new PassThroughClient() }) }
      : { sslCreds: grpc.credentials.createInsecure() }
  const options = {
    ...(apiEndpoint && { apiEndpoint, port }),
    ...(fallback && { fallback: true }),
    ...(insecure && plain()),
  }
  return {
    kms: new (sdk('@google-cloud/kms').KeyManagementServiceClient)(options),
    containerAnalysis: new (sdk('@google-cloud/containeranalysis').ContainerAnalysisClient)(options),
    grafeas: new (sdk('@google-cloud/grafeas').GrafeasClient)(options),
    artifactRegistry: new (sdk('@google-cloud/artifact-registry').ArtifactRegistryClient)(options),
    /** For one project: this library looks for one by itself otherwise, at the metadata server too. */
    logging: (projectId: string) => new (sdk('@google-cloud/logging').Logging)({ ...options, projectId }),
    binaryAuthorization: google.binaryauthorization({
      version: 'v1',
      ...(!insecure && { auth: new google.auth.GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }) }),
      ...(apiEndpoint && { rootUrl: `${insecure ? 'http' : 'https'}://${apiEndpoint}:${port}/` }),
    }),
  }
}

export type Clients = ReturnType<typeof createClients>

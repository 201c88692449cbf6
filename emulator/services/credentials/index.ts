// Credentials: whoever asks gets fake tokens, so that Application Default Credentials of every kind resolve without Google
// (https://cloud.google.com/docs/authentication/application-default-credentials).
import type { Service } from '../../core/service.ts'
import { iamCredentialsRoutes } from './iam-credentials.ts'
import { metadataRoutes } from './metadata-server.ts'
import { tokenRoutes } from './token-endpoint.ts'
import { tokenExchangeRoutes } from './token-exchange.ts'
import { userInfoRoutes } from './user-info.ts'

export { uniqueId } from './accounts.ts'
export { principalOf } from './tokens.ts'

export const credentialsService: Service = {
  name: 'credentials',
  hosts: [
    'oauth2.googleapis.com',
    'sts.googleapis.com',
    'iamcredentials.googleapis.com',
    'openidconnect.googleapis.com',
    'accounts.google.com',
    'www.googleapis.com',
    'metadata.google.internal',
    '169.254.169.254',
  ],
  apis: {},
  routes: [...tokenRoutes, ...tokenExchangeRoutes, ...iamCredentialsRoutes, ...userInfoRoutes, ...metadataRoutes],
}

// Security Token Service v1 (https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token): workload and workforce identity federation.
import type { Context, Route } from '../../core/service.ts'
import { OAuthError, oauthEndpoint, type Parameters, required, scopeOf } from './oauth.ts'
import { bearer, refresh } from './token-endpoint.ts'
import { principalOf, readAccessToken, readJwt, secondsNow } from './tokens.ts'

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWTS = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token']

const PROVIDER =
  /^(?:https:)?\/\/iam\.googleapis\.com\/((?:projects\/[^/\s]+\/)?locations\/global\/work(?:loadIdentity|force)Pools\/[^/\s]+)\/providers\/[^/\s]+$/

function exchange(parameters: Parameters, ctx: Context) {
  const grant = required(parameters, 'grant_type')
  if (grant !== TOKEN_EXCHANGE) throw new OAuthError('unsupported_grant_type', `Invalid grant_type: ${grant}`)
  const requested = required(parameters, 'requested_token_type')
  if (requested !== ACCESS_TOKEN)
    throw new OAuthError('invalid_request', `requested_token_type must be ${ACCESS_TOKEN}: binauthz-emulator issues no other.`)
  if (parameters.get('options')?.includes('accessBoundary'))
    throw new OAuthError('invalid_request', 'options.accessBoundary is not supported by binauthz-emulator.')
  const principal = subjectOf(parameters)
  const { scope, ...answer } = bearer(principal, scopeOf(parameters.get('scope'), '') || undefined, ctx)
  return { ...answer, issued_token_type: ACCESS_TOKEN }
}

/** The principal of the subject token. What it is called in Google's cloud is for the attribute mapping of the provider to say; the usual one
 * takes `sub` of a JWT. A SAML or AWS token does not say who it is, so it names nobody. */
function subjectOf(parameters: Parameters): string | undefined {
  const token = required(parameters, 'subject_token')
  const type = required(parameters, 'subject_token_type')
  if (type === ACCESS_TOKEN) return principalOf(token)
  const [, pool] = PROVIDER.exec(required(parameters, 'audience')) ?? []
  if (!pool)
    throw new OAuthError('invalid_target', 'audience must be //iam.googleapis.com/ and the name of a provider of a pool.')
  if (!JWTS.includes(type)) return undefined
  const subject: unknown = readJwt(token)?.sub
  if (typeof subject !== 'string' || subject === '' || Buffer.byteLength(subject) > 127)
    throw new OAuthError('invalid_grant', 'The subject token is not a JWT whose sub has 1 to 127 bytes.')
  return `principal://iam.googleapis.com/${pool}/subject/${subject}`
}

/** For credentials of users of a workforce pool, which have a refresh token. */
function oauthToken(parameters: Parameters, ctx: Context) {
  const grant = required(parameters, 'grant_type')
  if (grant !== 'refresh_token') throw new OAuthError('unsupported_grant_type', `Invalid grant_type: ${grant}`)
  return refresh(parameters, ctx)
}

/** RFC 7662: gcloud asks here for the name of a federated account. Only tokens that can be read are active. */
function introspect(parameters: Parameters, ctx: Context) {
  const token = readAccessToken(required(parameters, 'token'))
  if (!token?.principal || token.exp <= secondsNow(ctx)) return { active: false }
  const { principal, scope, exp } = token
  return {
    active: true,
    username: principal,
    sub: principal,
    scope,
    exp,
    token_type: 'Bearer',
    iss: 'https://sts.googleapis.com/',
  }
}

export const tokenExchangeRoutes: Route[] = [
  { method: 'POST', path: '/v1/token', run: oauthEndpoint(exchange) },
  { method: 'POST', path: '/v1/oauthtoken', run: oauthEndpoint(oauthToken) },
  { method: 'POST', path: '/v1/introspect', run: oauthEndpoint(introspect) },
]

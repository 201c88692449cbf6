// The token endpoint of Google's OAuth 2.0 server (https://developers.google.com/identity/protocols/oauth2/service-account#httprest).
import type { Context, Route } from '../../core/service.ts'
import { defaultAccount, isEmail, memberOf } from './accounts.ts'
import { OAuthError, oauthEndpoint, type Parameters, required, scopeOf } from './oauth.ts'
import { CLOUD_PLATFORM, identityToken, LIFETIME, readJwt, secondsNow, writeAccessToken } from './tokens.ts'

/** The answer of an OAuth endpoint for a principal. `scope` is what was asked for. */
export function bearer(principal: string | undefined, scope: string | undefined, ctx: Context) {
  const token = { principal, scope: scope ?? CLOUD_PLATFORM, exp: secondsNow(ctx) + LIFETIME }
  return { access_token: writeAccessToken(token), expires_in: LIFETIME, ...(scope && { scope }), token_type: 'Bearer' }
}

/** RFC 7523. The assertion is believed: its signature is not verified, nor are its times or its audience looked at. `sub` is the user for
 * whom a service account with domain-wide delegation asks. With `target_audience` it is an ID token that is asked for. */
function jwtBearer(parameters: Parameters, ctx: Context) {
  const claims = readJwt(required(parameters, 'assertion'))
  if (!claims)
    throw new OAuthError('invalid_grant', 'Invalid JWT: the assertion is not a JWT with a JSON header and JSON claims.')
  const { iss, sub = iss, target_audience: audience } = claims
  if (!isEmail(iss) || !isEmail(sub)) throw new OAuthError('invalid_grant', 'Invalid JWT: iss and sub must be e-mail addresses.')
  const scope = scopeOf(claims.scope, '') || undefined
  if (audience === undefined) return bearer(memberOf(sub), scope, ctx)
  if (typeof audience !== 'string' || audience === '')
    throw new OAuthError('invalid_grant', 'Invalid JWT: target_audience must be a text that is not empty.')
  const id_token = identityToken({ audience, email: sub, includeEmail: true }, ctx)
  return { ...(scope && bearer(memberOf(sub), scope, ctx)), id_token }
}

/** Any refresh token is good: `1//alice@example.com` is Alice's, one that ends in no address is the default account's. */
export function refresh(parameters: Parameters, ctx: Context) {
  const token = required(parameters, 'refresh_token')
  const named = token.slice(token.lastIndexOf('/') + 1)
  const email = isEmail(named) ? named : defaultAccount(ctx).email
  const audience = parameters.get('client_id')
  return {
    ...bearer(memberOf(email), scopeOf(parameters.get('scope'), CLOUD_PLATFORM), ctx),
    ...(audience && { id_token: identityToken({ audience, email, includeEmail: true, azp: audience }, ctx) }),
  }
}

const GRANTS = new Map([
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', jwtBearer],
  ['refresh_token', refresh],
])

function token(parameters: Parameters, ctx: Context) {
  const type = required(parameters, 'grant_type')
  const grant = GRANTS.get(type)
  if (!grant)
    throw new OAuthError(
      'unsupported_grant_type',
      `Invalid grant_type: ${type}. binauthz-emulator has ${[...GRANTS.keys()].join(' and ')}.`,
    )
  return grant(parameters, ctx)
}

/** Google's present path, and those that older keys and libraries name. */
const PATHS = ['/token', '/oauth2/v4/token', '/oauth2/v3/token', '/o/oauth2/token']

export const tokenRoutes: Route[] = PATHS.map((path) => ({ method: 'POST', path, run: oauthEndpoint(token) }))

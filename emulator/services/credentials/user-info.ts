// Whose token is this? OpenID Connect's userinfo (https://developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation)
// and Google's tokeninfo.
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { defaultAccount, emailOf, memberOf, uniqueId } from './accounts.ts'
import { OAuthError, oauthEndpoint, oauthFailure, type Parameters } from './oauth.ts'
import { type AccessToken, CLOUD_PLATFORM, LIFETIME, readAccessToken, secondsNow } from './tokens.ts'

/** The bearer token of the header or of `?access_token=`. */
function bearerToken({ headers, query }: HttpRequest): string | undefined {
  const [, token] = /^Bearer +(\S+) *$/i.exec(String(headers.authorization ?? '')) ?? []
  return token ?? (query.get('access_token') || undefined)
}

/** A token that cannot be read is one that a user has made up: it stands for the default account. */
const tokenOf = (text: string, ctx: Context): AccessToken =>
  readAccessToken(text) ?? {
    principal: memberOf(defaultAccount(ctx).email),
    scope: CLOUD_PLATFORM,
    exp: secondsNow(ctx) + LIFETIME,
  }

/** `fields`: what versions 1 and 2 call `id` and `verified_email` later ones call `sub` and `email_verified`. */
const userInfo =
  (fields: { id: string; verified: string }) =>
  (request: HttpRequest, ctx: Context): HttpResponse => {
    const text = bearerToken(request)
    if (text === undefined) {
      const failure = oauthFailure(401, 'invalid_request', 'Invalid Credentials')
      const challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_request"'
      return { ...failure, headers: { ...failure.headers, 'www-authenticate': challenge } }
    }
    const { principal } = tokenOf(text, ctx)
    const email = principal && emailOf(principal)
    return {
      status: 200,
      body: email ? { [fields.id]: uniqueId(email), email, [fields.verified]: true } : { [fields.id]: principal },
    }
  }

/** All values are texts, as Google has them. */
function tokenInfo(parameters: Parameters, ctx: Context) {
  if (parameters.has('id_token'))
    throw new OAuthError('invalid_request', 'id_token is not supported by binauthz-emulator: it verifies no signatures.')
  const text = parameters.get('access_token')
  if (text === undefined) throw new OAuthError('invalid_request', 'access_token is required')
  const { principal, scope, exp } = tokenOf(text, ctx)
  const seconds = exp - secondsNow(ctx)
  if (seconds <= 0) throw new OAuthError('invalid_token', 'Invalid Value')
  const email = principal && emailOf(principal)
  const id = email && uniqueId(email)
  return {
    ...(email && { azp: id, aud: id, sub: id, email, email_verified: 'true' }),
    scope,
    exp: String(exp),
    expires_in: String(seconds),
    access_type: 'online',
  }
}

/** The token may be in the query or the header, too. */
function tokenInfoOf(request: HttpRequest, ctx: Context) {
  const endpoint = oauthEndpoint((parameters, ctx) => {
    const given = new Map([...request.query, ...parameters])
    const token = bearerToken(request)
    if (token && !given.has('access_token')) given.set('access_token', token)
    return tokenInfo(given, ctx)
  })
  return endpoint(request, ctx)
}

const EARLY = { id: 'id', verified: 'verified_email' }
const LATER = { id: 'sub', verified: 'email_verified' }

export const userInfoRoutes: Route[] = [
  { method: 'GET', path: '/v1/userinfo', run: userInfo(LATER) },
  { method: 'GET', path: '/oauth2/v1/userinfo', run: userInfo(EARLY) },
  { method: 'GET', path: '/oauth2/v2/userinfo', run: userInfo(EARLY) },
  { method: 'GET', path: '/oauth2/v3/userinfo', run: userInfo(LATER) },
  ...['GET', 'POST'].flatMap((method) =>
    ['/tokeninfo', '/oauth2/v3/tokeninfo'].map((path) => ({ method, path, run: tokenInfoOf })),
  ),
]

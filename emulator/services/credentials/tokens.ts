// Fake tokens. They are kept nowhere: an access token says for whom it is and can be read back, an ID token is a JWT that nobody has signed.
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Context } from '../../core/service.ts'
import { isEmail, isMember, memberOf, uniqueId } from './accounts.ts'

export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

/** Texts that are scopes with spaces between them (RFC 6749, section 3.3). */
export const isScope = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,4096}$/.test(value)

/** Seconds that a token is good for, as Google's endpoints count them. */
export const LIFETIME = 3599

/** How Google's access tokens begin, and what makes one ours. */
const PREFIX = 'ya29.emulator.'

export interface AccessToken {
  /** IAM member; undefined where a federated token does not say who it is. */
  principal?: string
  /** Scopes with spaces between them. */
  scope: string
  /** When it ends, in seconds since the epoch. */
  exp: number
}

export const secondsNow = (ctx: Context) => Math.floor(ctx.now().getTime() / 1000)

const encode = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

function decode(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const writeAccessToken = (token: AccessToken) => PREFIX + encode(token)

/** What an access token says: one of ours, or the JWT that a client has made for itself of its service-account key
 * (https://google.aip.dev/auth/4111). Undefined for any other text. */
export function readAccessToken(text: string): AccessToken | undefined {
  const token = text.startsWith(PREFIX) ? decode(text.slice(PREFIX.length)) : readJwt(text)
  if (!token) return undefined
  const email = [token.email, token.sub, token.iss].find(isEmail)
  const principal = isMember(token.principal) ? token.principal : email && memberOf(email)
  return {
    ...(principal !== undefined && { principal }),
    scope: isScope(token.scope) ? token.scope : CLOUD_PLATFORM,
    exp: Number.isSafeInteger(token.exp) ? token.exp : 0,
  }
}

/** The IAM member that a bearer token names, `serviceAccount:app@p.iam.gserviceaccount.com` or `user:alice@example.com`; undefined where
 * it names none. No signature is verified and no expiry looked at. */
export const principalOf = (token: string): string | undefined => readAccessToken(token)?.principal

/** The claims of a JWT (RFC 7519), whose signature is not verified; undefined for what is no JWT. */
export function readJwt(text: string): JsonObject | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return undefined
  const [header, claims] = text.split('.').slice(0, 2).map(decode)
  return header && claims
}

export interface IdentityClaims {
  audience: string
  email: string
  includeEmail: boolean
  /** The unique id of the account unless given. */
  azp?: string
  /** `compute_engine` and the like. */
  google?: object
}

/** An OpenID Connect ID token (https://cloud.google.com/docs/authentication/token-types#id). Who asks for one passes it on without looking at
 * its signature, so that says what it is, and whoever verifies refuses it. */
export function identityToken({ audience, email, includeEmail, azp, google }: IdentityClaims, ctx: Context): string {
  const iat = secondsNow(ctx)
  const sub = uniqueId(email)
  const claims = {
    aud: audience,
    azp: azp ?? sub,
    ...(includeEmail && { email, email_verified: true }),
    exp: iat + 3600,
    ...(google && { google }),
    iat,
    iss: 'https://accounts.google.com',
    sub,
  }
  return [{ alg: 'RS256', kid: 'binauthz-emulator', typ: 'JWT' }, claims, 'not signed by Google'].map(encode).join('.')
}

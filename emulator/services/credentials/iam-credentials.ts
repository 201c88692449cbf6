// IAM Service Account Credentials v1 (https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts): impersonation.
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { projectOfAccount } from '../../core/service-accounts.ts'
import { badRequest, errorInfo, invalidArgument, notFound, permissionDenied, unimplemented } from '../../core/status.ts'
import { isEmail, isServiceAccount, memberOf } from './accounts.ts'
import { identityToken, isScope, secondsNow, writeAccessToken } from './tokens.ts'

/** Longest lifetime in seconds, which a project's policy must allow. */
const MAX_LIFETIME = 43_200

/** Any service account, which need not exist; where IAM is enforced, one that the caller may be. */
function accountOf({ params }: HttpRequest, permission: string, ctx: Context): string {
  const email = params.email!
  if (!isEmail(email) || !isServiceAccount(email))
    throw notFound(`Service account "${email}" not found: binauthz-emulator knows them by their e-mail address.`)
  // nobody has anything in the project of an address that names none
  const resource = `projects/${projectOfAccount(email) ?? '-'}/serviceAccounts/${email}`
  if (!ctx.holds(permission, resource))
    throw permissionDenied(`Permission '${permission}' denied on resource (or it may not exist).`, [
      errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', { permission }),
    ])
  return email
}

function readBody(request: HttpRequest, fields: string[]): JsonObject {
  const body = request.json() ?? {}
  if (!isObject(body)) throw invalidArgument('Invalid JSON payload received. Unknown name "": Root element must be a message.')
  const violations = Object.keys(body)
    .filter((name) => !fields.includes(name))
    .map((name) => `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}: Cannot find field.`)
    .map((description) => ({ field: '', description }))
  if (violations.length > 0) throw badRequest(violations[0]!.description, violations)
  texts(body.delegates, 'delegates')
  return body
}

function texts(value: unknown, field: string): string[] {
  const list = Array.isArray(value) ? value : [value ?? []].flat()
  if (!list.every((item) => typeof item === 'string')) throw invalidArgument(`Invalid value at '${field}' (TYPE_STRING).`)
  return list
}

/** Clients write it as the text too. */
function isTrue(value: unknown, field: string): boolean {
  if (![undefined, null, true, false, 'true', 'false'].includes(value as boolean))
    throw invalidArgument(`Invalid value at '${field}' (TYPE_BOOL), ${JSON.stringify(value)}`)
  return String(value) === 'true'
}

function generateAccessToken(request: HttpRequest, ctx: Context): HttpResponse {
  const body = readBody(request, ['delegates', 'scope', 'lifetime'])
  const email = accountOf(request, 'iam.serviceAccounts.getAccessToken', ctx)
  const scopes = texts(body.scope, 'scope').join(' ')
  if (!isScope(scopes)) throw invalidArgument('scope must name at least one OAuth scope.')
  const lifetime: unknown = body.lifetime ?? '3600s'
  const seconds = typeof lifetime === 'string' ? Number(/^(\d{1,9})(?:\.\d{1,9})?s$/.exec(lifetime)?.[1]) : 0
  if (!(seconds > 0 && seconds <= MAX_LIFETIME))
    throw invalidArgument(`lifetime must be 1s to ${MAX_LIFETIME}s, such as 3600s, not ${JSON.stringify(lifetime)}.`)
  const exp = secondsNow(ctx) + seconds
  const accessToken = writeAccessToken({ principal: memberOf(email), scope: scopes, exp })
  return { status: 200, body: { accessToken, expireTime: new Date(exp * 1000).toISOString().replace('.000Z', 'Z') } }
}

function generateIdToken(request: HttpRequest, ctx: Context): HttpResponse {
  const body = readBody(request, ['delegates', 'audience', 'includeEmail', 'organizationNumberIncluded', 'useEmailAzp'])
  const email = accountOf(request, 'iam.serviceAccounts.getOpenIdToken', ctx)
  const { audience } = body
  if (typeof audience !== 'string' || audience === '') throw invalidArgument('audience must be a text that is not empty.')
  if (isTrue(body.organizationNumberIncluded, 'organization_number_included'))
    throw unimplemented('Field organizationNumberIncluded')
  const includeEmail = isTrue(body.includeEmail, 'include_email')
  const azp = isTrue(body.useEmailAzp, 'use_email_azp') ? email : undefined
  return { status: 200, body: { token: identityToken({ audience, email, includeEmail, azp }, ctx) } }
}

const refused = (method: string) => (): never => {
  throw unimplemented(`Method google.iam.credentials.v1.IAMCredentials.${method}`)
}

const METHODS = {
  generateAccessToken,
  generateIdToken,
  signBlob: refused('SignBlob'),
  signJwt: refused('SignJwt'),
}

export const iamCredentialsRoutes: Route[] = Object.entries(METHODS).map(([verb, run]) => ({
  method: 'POST',
  path: `/v1/projects/-/serviceAccounts/{email}:${verb}`,
  run,
}))

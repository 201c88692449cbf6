// OAuth 2.0 endpoints (RFC 6749): parameters as a form or as JSON, and errors as `{error, error_description}`.
import { isObject } from '../../core/json.ts'
import type { Context, HttpRequest, HttpResponse, Operation } from '../../core/service.ts'
import { StatusError } from '../../core/status.ts'
import { isScope } from './tokens.ts'

/** Thrown inside an oauthEndpoint: `code` is one of RFC 6749, section 5.2, or RFC 8693. */
export class OAuthError extends Error {
  readonly code: string
  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}

export type Parameters = ReadonlyMap<string, string>

const NOT_TO_BE_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' }

export const oauthEndpoint =
  (answer: (parameters: Parameters, ctx: Context) => object): Operation<HttpRequest, HttpResponse> =>
  (request, ctx) => {
    try {
      return { status: 200, headers: NOT_TO_BE_KEPT, body: answer(readParameters(request), ctx) }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      return oauthFailure(400, error.code, error.message)
    }
  }

export const oauthFailure = (status: number, error: string, description: string): HttpResponse => ({
  status,
  headers: NOT_TO_BE_KEPT,
  body: { error, error_description: description },
})

/** Clients send either form, some with a wrong content type; no form begins with a brace. The STS takes camelCase in JSON. */
function readParameters(request: HttpRequest): Parameters {
  const isJson = /^\s*\{/.test(request.body.subarray(0, 64).toString())
  const entries = isJson ? jsonEntries(request) : new URLSearchParams(request.body.toString()).entries()
  const parameters = new Map<string, string>()
  for (const [key, value] of entries) {
    const name = isJson ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key
    if (value === null || value === '') continue
    if (typeof value !== 'string') throw new OAuthError('invalid_request', `Parameter is not a string: ${name}`)
    if (parameters.has(name)) throw new OAuthError('invalid_request', `Parameter not allowed to occur multiple times: ${name}`)
    parameters.set(name, value)
  }
  return parameters
}

function jsonEntries(request: HttpRequest): [string, unknown][] {
  try {
    const body = request.json()
    return isObject(body) ? Object.entries(body) : []
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new OAuthError('invalid_request', error.message)
  }
}

/** Throws invalid_request where the parameter is missing or empty. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `Required parameter is missing: ${name}`)
  return value
}

/** The scopes, with spaces between them; `otherwise` where none is asked for. Throws invalid_scope for what cannot be one. */
export function scopeOf(value: unknown, otherwise: string): string {
  if (value === undefined || value === '') return otherwise
  if (!isScope(value))
    throw new OAuthError('invalid_scope', 'Scopes are one text of up to 4096 printable characters, with spaces between them.')
  return value
}

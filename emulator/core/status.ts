// Errors of Google's APIs: a canonical code, a message and details (https://cloud.google.com/apis/design/errors).

/** Canonical code → number on the gRPC wire and HTTP status over REST.
 * UNIMPLEMENTED is 501 at Google; here it is 400, because gcloud retries every 5xx for 30 s and Terraform some of them. */
export const CODES = {
  OK: { number: 0, http: 200 },
  CANCELLED: { number: 1, http: 499 },
  UNKNOWN: { number: 2, http: 500 },
  INVALID_ARGUMENT: { number: 3, http: 400 },
  DEADLINE_EXCEEDED: { number: 4, http: 504 },
  NOT_FOUND: { number: 5, http: 404 },
  ALREADY_EXISTS: { number: 6, http: 409 },
  PERMISSION_DENIED: { number: 7, http: 403 },
  RESOURCE_EXHAUSTED: { number: 8, http: 429 },
  FAILED_PRECONDITION: { number: 9, http: 400 },
  ABORTED: { number: 10, http: 409 },
  OUT_OF_RANGE: { number: 11, http: 400 },
  UNIMPLEMENTED: { number: 12, http: 400 },
  INTERNAL: { number: 13, http: 500 },
  UNAVAILABLE: { number: 14, http: 503 },
  DATA_LOSS: { number: 15, http: 500 },
  UNAUTHENTICATED: { number: 16, http: 401 },
} as const

export type Code = keyof typeof CODES

/** One google.protobuf.Any of `error.details`, as ProtoJSON. */
export type Detail = { '@type': string; [field: string]: unknown }

/** The only error that leaves an operation on purpose; anything else thrown answers INTERNAL without its message. */
export class StatusError extends Error {
  readonly code: Code
  readonly details: Detail[]
  constructor(code: Code, message: string, details: Detail[] = []) {
    super(message)
    this.code = code
    this.details = details
  }
}

const rpc = (type: string, fields: Record<string, unknown>): Detail => ({
  '@type': `type.googleapis.com/google.rpc.${type}`,
  ...fields,
})

export interface FieldViolation {
  field: string
  description: string
}

/** INVALID_ARGUMENT without details: the most frequent form of Google's APIs. */
export const invalidArgument = (message: string) => new StatusError('INVALID_ARGUMENT', message)

/** INVALID_ARGUMENT with google.rpc.BadRequest, one violation a field; one of the whole request has an empty `field`. */
export function badRequest(message: string, violations: FieldViolation[]) {
  const fieldViolations = violations.map(({ field, description }) => ({ ...(field && { field }), description }))
  return new StatusError('INVALID_ARGUMENT', message, [rpc('BadRequest', { fieldViolations })])
}

export const notFound = (message: string) => new StatusError('NOT_FOUND', message)

export const alreadyExists = (message: string) => new StatusError('ALREADY_EXISTS', message)

/** FAILED_PRECONDITION with google.rpc.PreconditionFailure: `type` is the API's own word (`KEY_DISABLED`), `subject` a resource name. */
export const failedPrecondition = (message: string, type?: string, subject?: string) =>
  new StatusError('FAILED_PRECONDITION', message, type ? [rpc('PreconditionFailure', { violations: [{ type, subject }] })] : [])

export const permissionDenied = (message: string, details: Detail[] = []) =>
  new StatusError('PERMISSION_DENIED', message, details)

/** A lost read-modify-write: the etag sent is not the current one. */
export const aborted = (message: string) => new StatusError('ABORTED', message)

/** What Google has and the emulator has not: `what` names the method or field. */
export const unimplemented = (what: string) => new StatusError('UNIMPLEMENTED', `${what} is not supported by binauthz-emulator.`)

/** google.rpc.ErrorInfo for a reason that programs look for. */
export const errorInfo = (reason: string, domain: string, metadata: Record<string, string>) =>
  rpc('ErrorInfo', { reason, domain, metadata })

/** The body of an error over REST: `{error: {code, message, status, details?}}`. */
export function errorBody({ code, message, details }: StatusError) {
  return { error: { code: CODES[code].http, message, status: code, ...(details.length > 0 && { details }) } }
}

// What errors of the older APIs say twice: `errors`, a list with a reason (https://cloud.google.com/apis/design/errors has the form without).
// GKE, IAM and Resource Manager v1 add it where a client asks for `alt=json`, as Google's generated clients do; the Go client shows the reason
// behind the message: `googleapi: Error 409: Requested entity already exists, alreadyExists`.
import { type Code, errorBody, type StatusError } from '../../core/status.ts'

const REASONS: Partial<Record<Code, string>> = {
  INVALID_ARGUMENT: 'badRequest',
  OUT_OF_RANGE: 'badRequest',
  FAILED_PRECONDITION: 'failedPrecondition',
  UNAUTHENTICATED: 'authError',
  PERMISSION_DENIED: 'forbidden',
  NOT_FOUND: 'notFound',
  ALREADY_EXISTS: 'alreadyExists',
  ABORTED: 'aborted',
  RESOURCE_EXHAUSTED: 'rateLimitExceeded',
  UNIMPLEMENTED: 'notImplemented',
}

/** The body of an error with the list: `{error: {code, message, errors: [{message, domain, reason}], status, details?}}`. */
export function errorBodyWithList(status: StatusError) {
  const { code, message, ...rest } = errorBody(status).error
  const reason = REASONS[status.code] ?? 'backendError'
  return { error: { code, message, errors: [{ message, domain: 'global', reason }], ...rest } }
}

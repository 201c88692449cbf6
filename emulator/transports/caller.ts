// Who calls, over REST or gRPC: the principal of the bearer token, or of a header of the emulator's own, for clients that have no token.
import type { Caller } from '../core/service.ts'
import { StatusError } from '../core/status.ts'

/** The IAM member that a bearer token stands for; undefined where it stands for nobody. */
export type PrincipalOf = (token: string) => string | undefined

/** A member by name, as a token and as a header: `emulator:user:alice@example.com`, `X-Emulator-Principal: user:alice@example.com`. */
const MEMBER = /^(user|serviceAccount):[!-~]+@[\w.-]+$|^principal:\/\/[!-~]+$/

/** `header` reads one of the request, in lower case. Throws UNAUTHENTICATED for a principal that is no member. */
export function callerOf(header: (name: string) => string | undefined, principalOf: PrincipalOf, region?: string): Caller {
  const userAgent = header('user-agent')
  const named = header('x-emulator-principal')
  const [, token] = /^bearer +(\S+)$/i.exec(header('authorization') ?? '') ?? []
  const member = named ?? /^emulator:(.*)$/.exec(token ?? '')?.[1]
  if (member !== undefined && !MEMBER.test(member))
    throw new StatusError(
      'UNAUTHENTICATED',
      `"${member}" is no principal: it must be like user:alice@example.com or serviceAccount:app@my-app-prod.iam.gserviceaccount.com.`,
    )
  return { principal: member ?? (token === undefined ? undefined : principalOf(token)), region, userAgent }
}

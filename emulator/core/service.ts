// What a service is made of: operations over ProtoJSON, and the manifest that names them.
import type { Database } from 'better-sqlite3'
import type { Ids } from './ids.ts'

export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface Caller {
  /** IAM member (`user:alice@example.com`) where the request names one. */
  principal?: string
  /** Region of the host that the request names (`europe-west2-run.googleapis.com`): Cloud Run's v1 has it nowhere else. */
  region?: string
  /** The User-Agent header. */
  userAgent?: string
}

/** All that an operation knows of the world. One context serves one request; its time stands still. */
export interface Context {
  readonly db: Database
  readonly ids: Ids
  readonly caller: Caller
  readonly log: Logger
  /** Nanoseconds since the epoch. */
  nanos(): bigint
  now(): Date
  /** Now, as the API writes it: with 6 digits, Cloud KMS with 9. */
  timestamp(digits?: 6 | 9): string
  /** Is `host[:port]` a name of this emulator itself: loopback, or a host by which clients have addressed it? */
  isOwnAuthority(authority: string): boolean
  /** A name that begins with `projects/<id or number>`, with the id; refused where the project cannot exist. The dispatcher does this
   * to the names at the top of a request; those in its lists are for the operation. */
  canonicalName(name: string): string
  /** Log entries beyond this are dropped, the oldest first; 0 for no bound. */
  readonly maxLogEntries: number
  /** For how many nanoseconds a long-running operation is shown as under way. What it changes is changed at once. */
  readonly operationDelay: bigint
  /** Has a member, the caller unless given, an IAM permission on the resource? True for everybody where IAM is not enforced. */
  holds(permission: string, resource: string, member?: string): boolean
  /** Sends it once what the operation has written is committed, and never otherwise. Nothing waits for the answer, or fails with it. */
  deliver(delivery: Delivery): void
  /** Is this a host to which something may be delivered: loopback, or one that the configuration names? */
  mayDeliverTo(url: URL): boolean
}

/** A POST to a webhook of a user. */
export interface Delivery {
  url: string
  headers: Record<string, string>
  body: string
}

export type Operation<Req = any, Res = any> = (request: Req, ctx: Context) => Res

/** An operation that waits for something: `prepare` outside the transaction, `commit` inside it, which checks again what `prepare` read. */
export interface IoOperation<Req = any, Res = any, Prepared = any> {
  prepare(request: Req, ctx: Context): Promise<Prepared>
  commit(request: Req, ctx: Context, prepared: Prepared): Res
  /** Does `commit` write one thing at most, and that as its last step? Then it is carried out without a transaction. */
  isSingleWrite?: boolean
}

export const io = <Req, Res, Prepared>(
  prepare: (request: Req, ctx: Context) => Promise<Prepared>,
  commit: (request: Req, ctx: Context, prepared: Prepared) => Res,
): IoOperation<Req, Res, Prepared> => ({ prepare, commit })

/** Thrown by a `commit` that finds changed what `prepare` has read: both are done again. */
export class Stale extends Error {}

export interface Rpc<Req = any, Res = any> {
  run: Operation<Req, Res> | IoOperation<Req, Res, any>
  /** Request fields that the operation honours, as paths in camelCase; one covers all below it. Any other that is set is refused by name. */
  fields: readonly string[]
}

export const rpc = <Req, Res>(run: Operation<Req, Res> | IoOperation<Req, Res, any>, ...fields: string[]): Rpc<Req, Res> => ({
  run,
  fields,
})

/** What `rpcs` of a manifest must satisfy: `R` is the generated `Rpcs` of the API. */
export type RpcsOf<R> = {
  [S in keyof R]?: { [M in keyof R[S]]?: R[S][M] extends [infer Req, infer Res] ? Rpc<Req, Res> : never }
}

export interface HttpRequest {
  method: string
  params: Record<string, string>
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** The body parsed; throws INVALID_ARGUMENT where it is no JSON. */
  json(): unknown
}

export interface HttpResponse {
  status: number
  headers?: Record<string, string>
  /** A string is sent as it is; anything else as JSON. */
  body: unknown
}

/** An entrance that is not an RPC: `path` is a template such as `/admission/projects/{project}/…`. */
export interface Route {
  method: string
  path: string
  run: Operation<HttpRequest, HttpResponse> | IoOperation<HttpRequest, HttpResponse, any>
}

/** A kind of resource, for what serves all of them: IAM policies and permission checks. */
export interface ResourceType {
  /** Name pattern, `projects/{project}/notes/{note}`. */
  pattern: string
  /** Does the resource exist? It throws the API's own NOT_FOUND where it does not. */
  check(name: string, ctx: Context): void
  /** Permission prefix, `cloudkms.keyRings`. */
  permissions: string
}

export interface Service {
  name: string
  /** Further Google host names under which its routes are served: `oauth2.googleapis.com`. */
  hosts?: string[]
  /** api id (`cloudkms.v1`) → proto service → method → Rpc. */
  apis: Record<string, Record<string, Record<string, Rpc>>>
  routes?: Route[]
  resources?: ResourceType[]
  /** Folder of the SQL migrations. */
  migrations?: URL
}

// From a request of any protocol to its answer: find the operation → check its fields → transaction → run.
import type { Database } from 'better-sqlite3'
import { type Clock, formatTimestamp } from './clock.ts'
import { writeWaiting } from './database.ts'
import type { Ids } from './ids.ts'
import { canonicalProject, projectNumber } from './projects.ts'
import {
  type Caller,
  type Context,
  type Delivery,
  type IoOperation,
  type Logger,
  type Operation,
  type Rpc,
  type Service,
  Stale,
} from './service.ts'
import { aborted, StatusError, unimplemented } from './status.ts'

export interface World {
  db: Database
  clock: Clock
  ids: Ids
  log: Logger
  strictProjects: boolean
  isOwnAuthority(authority: string): boolean
  maxLogEntries?: number
  operationDelay?: bigint
  deliver?(delivery: Delivery): void
  mayDeliverTo?(url: URL): boolean
  audit?: Auditor
  authorize?: Authorizer
  /** As Context has it. */
  holds?(ctx: Context, permission: string, resource: string, member?: string): boolean
}

export type Outcome = { response: unknown } | { error: StatusError }

/** What records the calls of a method (`package.Service/Method` of an API), in the transaction of each; undefined where none is recorded. */
export type Auditor = (api: string, method: string) => ((ctx: Context, request: object, outcome: Outcome) => void) | undefined

/** What throws for a call that the caller may not make; undefined where everybody may make all of a method's. */
export type Authorizer = (api: string, method: string) => ((ctx: Context, request: object) => void) | undefined

export interface Dispatcher {
  /** Answers an RPC. `method` is `package.Service/Method`; request and answer are ProtoJSON. */
  call(api: string, method: string, request: object, caller?: Caller): Promise<unknown>
  /** Runs an operation that is no RPC, under the same rules. */
  run<Req, Res>(operation: Operation<Req, Res> | IoOperation<Req, Res>, request: Req, caller?: Caller): Promise<Res>
}

/** How often an operation whose ground shifts is carried out before it is given up. */
const MAX_ATTEMPTS = 5

export function createDispatcher(world: World, services: Service[]): Dispatcher {
  const rpcs = new Map<string, GuardedRpc>()
  for (const { apis } of services)
    for (const [api, protoServices] of Object.entries(apis))
      for (const [service, methods] of Object.entries(protoServices))
        for (const [method, rpc] of Object.entries(methods)) {
          const record = world.audit?.(api, `${service}/${method}`)
          const authorize = world.authorize?.(api, `${service}/${method}`)
          rpcs.set(`${api} ${service}/${method}`, {
            ...rpc,
            run: record ? recorded(rpc.run, record) : rpc.run,
            record,
            authorize,
          })
        }
  const atomically = world.db.transaction((work: () => unknown) => work())

  function transaction(work: () => unknown) {
    writeWaiting(world.db)
    return atomically(work)
  }

  async function run(operation: Operation | IoOperation, request: unknown, caller: Caller = {}, attempt = 1): Promise<any> {
    const ctx = createContext(world, caller)
    if (typeof operation === 'function') return delivering(ctx, () => transaction(() => operation(request, ctx)))
    // what it commits by itself stays, whatever comes after it
    const prepared = await operation.prepare(request, ctx).finally(() => send(ctx))
    const commit = () => operation.commit(request, ctx, prepared)
    try {
      return delivering(ctx, () => (operation.isSingleWrite ? commit() : transaction(commit)))
    } catch (error) {
      if (!(error instanceof Stale)) throw error
      if (attempt === MAX_ATTEMPTS)
        throw aborted('What the request depends on kept changing while it was carried out. Please retry.')
      return run(operation, request, caller, attempt + 1)
    }
  }

  function send({ outbox }: Running) {
    for (const delivery of outbox.splice(0)) world.deliver?.(delivery)
  }

  /** What is to be delivered goes out after `work`, which commits, and not where it throws. */
  function delivering<T>(ctx: Running, work: () => T): T {
    const answer = work()
    send(ctx)
    return answer
  }

  return {
    run: (operation, request, caller) => run(operation, request, caller),
    async call(api, method, request, caller) {
      const rpc = rpcs.get(`${api} ${method}`)
      if (!rpc) throw unimplemented(`Method ${method.replace('/', '.')} (${api})`)
      checkFields(rpc.fields, request)
      canonicalNames(world, request as Record<string, unknown>)
      try {
        rpc.authorize?.(createContext(world, caller ?? {}), request)
        return withoutUndefined(await run(rpc.run, request, caller))
      } catch (error) {
        const { record } = rpc
        if (record && error instanceof StatusError) {
          const ctx = createContext(world, caller ?? {})
          delivering(ctx, () => transaction(() => record(ctx, request, { error })))
        }
        throw error
      }
    },
  }
}

interface GuardedRpc extends Rpc {
  record: ReturnType<Auditor>
  authorize: ReturnType<Authorizer>
}

/** The operation, with its record as part of what it writes. */
function recorded(run: Rpc['run'], record: NonNullable<ReturnType<Auditor>>): Rpc['run'] {
  const recording = (ctx: Context, request: object, response: unknown) => {
    record(ctx, request, { response })
    return response
  }
  if (typeof run === 'function') return (request, ctx) => recording(ctx, request, run(request, ctx))
  return { ...run, commit: (request, ctx, prepared) => recording(ctx, request, run.commit(request, ctx, prepared)) }
}

interface Running extends Context {
  outbox: Delivery[]
}

function createContext(world: World, caller: Caller): Running {
  const nanos = world.clock.nanos()
  const outbox: Delivery[] = []
  const ctx: Running = {
    outbox,
    deliver: (delivery) => void outbox.push(delivery),
    mayDeliverTo: (url) => world.mayDeliverTo?.(url) ?? false,
    db: world.db,
    ids: world.ids,
    log: world.log,
    caller,
    nanos: () => nanos,
    now: () => new Date(Number(nanos / 1_000_000n)),
    timestamp: (digits = 6) => formatTimestamp(nanos, digits),
    isOwnAuthority: world.isOwnAuthority,
    canonicalName: (name) => canonicalProject(world.db, name, world.strictProjects),
    maxLogEntries: world.maxLogEntries ?? 0,
    operationDelay: world.operationDelay ?? 0n,
    holds: (permission, resource, member) => world.holds?.(ctx, permission, resource, member) ?? true,
  }
  return ctx
}

/** ProtoJSON has no undefined: operations may return optional fields that are not there. */
function withoutUndefined(value: any): any {
  if (typeof value !== 'object' || value === null) return value
  for (const key of Object.keys(value)) {
    const child = value[key]
    if (child === undefined) delete value[key]
    else if (typeof child === 'object') withoutUndefined(child)
  }
  return value
}

/** Refuses what the contract has and the operation does not honour: nothing that a caller asks for is dropped in silence. */
function checkFields(fields: readonly string[], value: object, prefix = '') {
  for (const [key, child] of Object.entries(value)) {
    const path = prefix + key
    if (fields.includes(path)) continue
    const below = fields.some((field) => field.startsWith(`${path}.`))
    if (!below || typeof child !== 'object' || Array.isArray(child)) throw unimplemented(`Field ${path}`)
    checkFields(fields, child, `${path}.`)
  }
}

/** Names in `name`, `parent`, `resource` (also of a resource in the request) may carry the project's number: operations see ids. */
function canonicalNames({ db, strictProjects }: World, request: Record<string, unknown>) {
  for (const [key, value] of Object.entries(request)) {
    if (typeof value === 'string' && value.startsWith('projects/')) request[key] = canonicalProject(db, value, strictProjects)
    else if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
      value.name = canonicalProject(db, value.name, strictProjects)
  }
  const named = Object.values(request).find((value) => typeof value === 'string' && value.startsWith('projects/')) as
    | string
    | undefined
  const id = named?.split('/')[1]
  if (id && !/^(-|\d+)$/.test(id)) projectNumber(db, id)
}

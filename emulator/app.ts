// The composition root: services → dispatcher → transports → server.
import { readFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { createAccess, type IamMode } from './access/access.ts'
import { groupsOf } from './access/groups.ts'
import { adminRoutes } from './admin.ts'
import { auditor } from './audit/audit.ts'
import { type Authorities, knownAuthorities } from './authorities.ts'
import { TOKEN } from './config-settings.ts'
import { type Clock, parseDuration, systemClock } from './core/clock.ts'
import { copyOf, type Database, openCopy, openDatabase, replaceContent, StartError } from './core/database.ts'
import { createDispatcher, type Dispatcher, type World } from './core/dispatch.ts'
import { type Ids, randomIds } from './core/ids.ts'
import { LOOPBACK } from './core/loopback.ts'
import type { Logger } from './core/service.ts'
import { emulatorAccount } from './core/service-accounts.ts'
import { failedPrecondition } from './core/status.ts'
import { createDeliveries } from './deliveries.ts'
import type { SeedText } from './seed-file.ts'
import { principalOf } from './services/credentials/index.ts'
import { permissionsOfRole } from './services/iam/index.ts'
import { SERVICES } from './services.ts'
import { createPort } from './transports/port.ts'
import { createRouter, type RouteTable } from './transports/rest/router.ts'
import { createRestServer } from './transports/rest/server.ts'
import { checkTlsOptions, tlsIdentity } from './transports/tls/identity.ts'

export interface AppOptions {
  /** Folder that keeps the data; in memory without it. */
  data?: string
  /** Path of a seed file, or what would stand in it; undefined for the demo, false for none. */
  seed?: string | SeedText | false
  project?: string
  strictProjects?: boolean
  /** Take frequent misspellings of enum values in REST and seed for what they mean, and log each. */
  lenient?: boolean
  /** Keep only the newest log entries; 0 keeps all. 50,000 in memory, all with `data`, unless given. */
  maxLogEntries?: number
  /** For how long operations are shown as under way: `30s`, `1.5s`. Not at all unless given. */
  operationDelay?: string
  /** PEM files of a certificate and its key that clients trust already; otherwise the emulator has a CA of its own. */
  cert?: string
  key?: string
  /** Further host names and addresses that the emulator's own certificate is for. */
  sans?: readonly string[]
  /** Hosts beside loopback to which log sinks may send entries. */
  webhookHosts?: readonly string[]
  /** `enforce` refuses calls that IAM policies do not allow, `log` only says which. Off unless given. */
  iam?: IamMode
  /** A member that is owner of every project; the account of the key files that `env` writes unless given. */
  iamOwner?: string
  clock?: Clock
  ids?: Ids
  log: Logger
}

/** In memory. With `data` it is their age that ends log entries. */
const MAX_LOG_ENTRIES = 50_000

export interface App {
  server: Server
  dispatcher: Dispatcher
  /** Was the store made by this start, from the seed? One that was there is kept as it is, until a reset. */
  isNew: boolean
  /** Back to the seed, in one step. */
  reset(): Promise<void>
  /** Ends at once what runs; resolves when the port is free. */
  close(): Promise<void>
}

const SOURCES = [
  { name: 'core', migrations: new URL('./core/migrations/', import.meta.url) },
  { name: 'access', migrations: new URL('./access/migrations/', import.meta.url) },
  { name: 'mixins', migrations: new URL('./mixins/migrations/', import.meta.url) },
  ...SERVICES,
]

/** The token that `env` gives to clients stands for the owner. */
const principalOr = (owner: string) => (token: string) => (token === TOKEN ? owner : principalOf(token))

/** The store, new or as it was left, and a copy of what a new one began with. In memory the store is the seeded one; in a folder a new one is
 * made of that in a single transaction, so that a start that is cut short leaves nothing half seeded. */
async function openStore(folder: string | undefined, seededStore: () => Promise<Database>) {
  const kept = folder ? openDatabase(folder, SOURCES) : undefined
  if (kept?.prepare("SELECT value FROM meta WHERE key = 'initialized'").get()) return { db: kept, isNew: false }
  try {
    const seeded = await seededStore()
    const seed = copyOf(seeded)
    if (!kept) return { db: seeded, isNew: true, seed }
    replaceContent(kept, seeded)
    seeded.close()
    return { db: kept, isNew: true, seed }
  } catch (error) {
    kept?.close()
    throw error
  }
}

/** Opens the store, seeds it where it is new, and returns a server that does not listen yet. */
export async function createApp(options: AppOptions): Promise<App> {
  const {
    log,
    project = 'my-app-prod',
    strictProjects = false,
    lenient,
    operationDelay = '0s',
    maxLogEntries = options.data ? 0 : MAX_LOG_ENTRIES,
  } = options
  checkTlsOptions(options)
  const deliveries = createDeliveries(options.webhookHosts ?? [], log)
  const world = (db: Database, authorities?: Authorities): World => ({
    db,
    clock: options.clock ?? systemClock(),
    ids: options.ids ?? randomIds,
    log,
    strictProjects,
    maxLogEntries,
    operationDelay: parseDuration(operationDelay),
    mayDeliverTo: deliveries.mayDeliverTo,
    isOwnAuthority: (authority) => LOOPBACK.test(authority.replace(/:\d+$/, '')) || authorities?.has(authority) === true,
  })

  async function checkRequest(api: string, method: string, json: object): Promise<object> {
    const { readRequest } = await import('./transports/rest/protojson.ts')
    const request = { api, method, body: '*', variables: {}, query: new URLSearchParams(), json }
    return readRequest(request, lenient ? log : undefined)
  }

  /** A store in memory that holds the seed and nothing else. */
  async function seededStore(): Promise<Database> {
    const scratch = openDatabase(undefined, SOURCES)
    if (options.seed !== false) {
      const { replaySeed, seedClock } = await import('./seed.ts')
      const { clock } = world(scratch)
      const dispatcher = createDispatcher({ ...world(scratch), clock: seedClock(clock), strictProjects: false }, SERVICES)
      await replaySeed({ file: options.seed, project, dispatcher, db: scratch, checkRequest })
    }
    scratch.prepare("INSERT INTO meta VALUES ('initialized', '1')").run()
    return scratch
  }

  const { db, isNew, seed } = await openStore(options.data, seededStore)
  let seeded: Promise<Database> | undefined

  /** What the emulator began with, the same for each reset. A mistake in the file can be mended while the emulator runs. */
  async function resetStore(): Promise<Database> {
    seeded ??= seed ? Promise.resolve(openCopy(seed)) : seededStore()
    try {
      return await seeded
    } catch (error) {
      seeded = undefined
      throw error instanceof StartError ? failedPrecondition(error.message) : error
    }
  }

  const table: RouteTable = JSON.parse(readFileSync(new URL('./gen/routes.json', import.meta.url), 'utf8'))
  const hostOf = (api: string) => table[api]!.hosts[0]!
  const owner = options.iamOwner ?? `serviceAccount:${emulatorAccount(project)}`
  const access = createAccess({
    mode: options.iam ?? 'off',
    owner,
    services: SERVICES,
    hostOf,
    rolePermissions: permissionsOfRole,
    groupsOf,
  })
  const { authorize, holds } = access
  const guards = { deliver: deliveries.deliver, audit: auditor(hostOf), authorize, holds }
  const authorities = knownAuthorities(db)
  const dispatcher = createDispatcher({ ...world(db, authorities), ...guards }, SERVICES)
  const identity = tlsIdentity(options, () => new Date(), log)
  const routes = [...SERVICES.flatMap((service) => service.routes ?? []), ...adminRoutes(resetStore, identity), ...access.routes]
  const router = createRouter(
    table,
    routes,
    SERVICES.flatMap((service) => service.hosts ?? []),
  )
  const shared = {
    router,
    dispatcher,
    log,
    principalOf: principalOr(owner),
    onAuthority: authorities.add,
    isKnownAuthority: authorities.has,
  }
  const port = createPort({
    ...shared,
    http: createRestServer({ ...shared, lenient }),
    grpc: async () => (await import('./transports/grpc/server.ts')).createGrpcServer({ ...shared, table }),
    identity,
  })
  let closing: Promise<void> | undefined
  return {
    server: port.server,
    dispatcher,
    isNew,
    async reset() {
      replaceContent(db, await resetStore())
    },
    close() {
      if (!closing) {
        closing = port.close()
        deliveries.close()
        db.close()
        void seeded?.then(
          (store) => store.close(),
          () => {},
        )
      }
      return closing
    },
  }
}

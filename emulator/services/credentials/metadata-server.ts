// The metadata server of a virtual machine, for GCE_METADATA_HOST (https://cloud.google.com/compute/docs/metadata/querying-metadata).
import { createHash } from 'node:crypto'
import { camelCase } from '../../core/field-mask.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context, HttpRequest, HttpResponse, Route } from '../../core/service.ts'
import { invalidArgument, notFound, permissionDenied, unimplemented } from '../../core/status.ts'
import { defaultAccount, memberOf } from './accounts.ts'
import { bearer } from './token-endpoint.ts'
import { CLOUD_PLATFORM, identityToken, isScope } from './tokens.ts'

/** Computed for the query of each request, and in no listing of values. */
type Computed = (query: URLSearchParams) => string | object
type Entry = string | number | string[] | Computed | Directory
interface Directory {
  [name: string]: Entry
}

const isDirectory = (entry: Entry): entry is Directory => typeof entry === 'object' && !Array.isArray(entry)

function metadata(ctx: Context): Directory {
  const { project, email } = defaultAccount(ctx)
  const number = projectNumber(ctx.db, project)
  const zone = 'europe-west2-a'
  const name = 'binauthz-emulator'
  const id = 10 ** 15 + (createHash('sha256').update(project).digest().readUIntBE(0, 6) % 10 ** 15)

  function token(query: URLSearchParams) {
    const scope = query.get('scopes')?.replaceAll(',', ' ')
    if (scope && !isScope(scope)) throw invalidArgument('scopes must be OAuth scopes.')
    const { scope: _, ...answer } = bearer(memberOf(email), scope || undefined, ctx)
    return answer
  }

  function identity(query: URLSearchParams) {
    const audience = query.get('audience')
    if (!audience) throw invalidArgument('non-empty audience parameter required')
    const format = query.get('format') ?? 'standard'
    if (!['standard', 'full'].includes(format)) throw invalidArgument(`format must be standard or full, not "${format}".`)
    const machine = { instance_id: String(id), instance_name: name, project_id: project, project_number: Number(number), zone }
    const isFull = format === 'full'
    const google = isFull ? { compute_engine: machine } : undefined
    return identityToken({ audience, email, includeEmail: isFull, google }, ctx)
  }

  const account = { aliases: ['default'], email, identity, scopes: [CLOUD_PLATFORM], token }
  return {
    instance: {
      attributes: {},
      id,
      name,
      'service-accounts': { default: account, [email]: account },
      zone: `projects/${number}/zones/${zone}`,
    },
    project: { attributes: {}, 'numeric-project-id': Number(number), 'project-id': project },
    universe: { 'universe-domain': 'googleapis.com' },
  }
}

/** What `?recursive=true` and `?alt=json` show: names in camelCase, and nothing that is computed. */
function jsonOf(entry: Entry): unknown {
  if (!isDirectory(entry)) return entry
  const shown = Object.entries(entry).filter(([, child]) => typeof child !== 'function')
  return Object.fromEntries(
    shown.map(([name, child]) => [name.includes('@') ? name : camelCase(name.replaceAll('-', '_')), jsonOf(child)]),
  )
}

/** A directory lists its names, one a line; a list its values. */
function textOf(entry: Exclude<Entry, Computed>): string {
  if (Array.isArray(entry)) return entry.map((value) => `${value}\n`).join('')
  if (!isDirectory(entry)) return String(entry)
  return Object.entries(entry)
    .map(([name, child]) => `${name}${isDirectory(child) ? '/' : ''}\n`)
    .join('')
}

function answer(body: unknown, isJson: boolean): HttpResponse {
  const type = isJson ? 'application/json' : 'application/text'
  return { status: 200, headers: { 'content-type': type, 'metadata-flavor': 'Google', server: 'Metadata Server for VM' }, body }
}

/** Refuses what reaches the server by mistake or by way of another: a page or a proxy does not set the header, or adds its own. */
function checkHeaders({ headers }: HttpRequest) {
  if (headers['metadata-flavor'] !== 'Google')
    throw permissionDenied('Missing Metadata-Flavor:Google header: this is the metadata server.')
  if (headers['x-forwarded-for'] !== undefined)
    throw permissionDenied(
      'A request with the header X-Forwarded-For has come through a proxy, which the metadata server does not answer.',
    )
}

/** `pathOf` gives the segments below `/`. */
const read =
  (pathOf: (params: Record<string, string>) => string[]) =>
  (request: HttpRequest, ctx: Context): HttpResponse => {
    const { query, params } = request
    const path = pathOf(params)
    // whoever opens the emulator's address means no metadata server
    if (path.length === 0 && request.headers['metadata-flavor'] === undefined)
      throw notFound('The requested URL / was not found on this server. What is the emulator’s own is below /_emulator/.')
    checkHeaders(request)
    if (/^true$/i.test(query.get('wait_for_change') ?? '')) throw unimplemented('Parameter wait_for_change')
    let entry: Entry = { computeMetadata: { v1: metadata(ctx) } }
    for (const name of path) {
      if (!isDirectory(entry) || !Object.hasOwn(entry, name)) throw notFound(`There is no metadata /${path.join('/')}.`)
      entry = entry[name]!
    }
    if (typeof entry === 'function') {
      const value = entry(query)
      return answer(value, typeof value !== 'string')
    }
    const isRecursive = /^true$/i.test(query.get('recursive') ?? '') && isDirectory(entry)
    const alt = query.get('alt') ?? (isRecursive ? 'json' : 'text')
    if (!['json', 'text'].includes(alt)) throw invalidArgument(`alt must be json or text, not "${alt}".`)
    if (isRecursive && alt === 'text') throw unimplemented('Parameter alt=text of a recursive request')
    return alt === 'json' ? answer(JSON.stringify(jsonOf(entry)), true) : answer(textOf(entry), false)
  }

const ROOT = 'computeMetadata'
const ACCOUNTS = [ROOT, 'v1', 'instance', 'service-accounts']

export const metadataRoutes: Route[] = [
  { method: 'GET', path: '/', run: read(() => []) },
  { method: 'GET', path: `/${ROOT}`, run: read(() => [ROOT]) },
  { method: 'GET', path: `/${ROOT}/v1`, run: read(() => [ROOT, 'v1']) },
  { method: 'GET', path: `/${ROOT}/v1/{directory}`, run: read(({ directory }) => [ROOT, 'v1', directory!]) },
  {
    method: 'GET',
    path: `/${ROOT}/v1/{directory}/{entry}`,
    run: read(({ directory, entry }) => [ROOT, 'v1', directory!, entry!]),
  },
  { method: 'GET', path: `/${ACCOUNTS.join('/')}/{account}`, run: read(({ account }) => [...ACCOUNTS, account!]) },
  {
    method: 'GET',
    path: `/${ACCOUNTS.join('/')}/{account}/{entry}`,
    run: read(({ account, entry }) => [...ACCOUNTS, account!, entry!]),
  },
]

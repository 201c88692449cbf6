// A plausible request for every row of the route table. Names and documents in it are what the emulator itself answers when all of its
// lists are read, so that a new service is covered as soon as its rows are in the table.
import { readFileSync } from 'node:fs'
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { camelCase } from '../core/field-mask.ts'
import { methodOf } from '../transports/descriptors.ts'
import { matchTemplate, parseTemplate, splitPath } from '../transports/rest/path-template.ts'

export type Json = Record<string, unknown>

export interface GoodRequest {
  api: string
  httpMethod: string
  /** `package.Service/Method` */
  rpc: string
  /** Path template of the route table. */
  template: string
  /** The template with its variables filled in. */
  path: string
  /** Segments of `path` that stand for a `*` or `**` of the template. */
  variable: number[]
  /** Request field that the body is: `*` for the whole request, empty for none. */
  body: string
  input: DescMessage
  /** ProtoJSON of the request without the fields that the path binds. */
  request: Json
}

export interface HttpMessage {
  method: string
  path: string
  body?: string | Buffer
}

/** Answers a GET with its JSON, or undefined where it is no 200. */
export type Get = (path: string) => Promise<Json | undefined>

const table: Record<string, { routes: [string, string, string, string][] }> = JSON.parse(
  readFileSync(new URL('../gen/routes.json', import.meta.url), 'utf8'),
)
const ROUTES = Object.entries(table).flatMap(([api, { routes }]) =>
  routes.map(([httpMethod, template, rpc, body]) => ({ api, httpMethod, template, rpc, body })),
)

/** Where the lists are read from; what else there is, is found by reading them. */
const ROOTS = [
  'projects/my-app-prod',
  'projects/my-app-prod/locations/europe-west2',
  'locations/europe-west2',
  'namespaces/my-app-prod',
  'organizations/123',
]

/** The id of what there is, where it is not found by reading, and of what is to be created. */
const [SOME_ID, NEW_ID] = ['some-id', 'new-id']

/** Variables of a path that are no names. */
const VARIABLES: Record<string, string> = { project_id: 'my-app-prod', zone: 'europe-west2', cluster_id: SOME_ID }

const CONSTRAINT = 'constraints/run.allowedIngress'
const PROJECT = '//cloudresourcemanager.googleapis.com/projects/my-app-prod'

/** What a good request needs that no document of the emulator has: by the method, or by its name alone where all APIs need the same. */
const FIELDS: Record<string, Json> = {
  AsymmetricSign: { digest: { sha256: Buffer.alloc(32).toString('base64') } },
  BatchEnableServices: { serviceIds: ['cloudkms.googleapis.com'] },
  BatchGetServices: { names: ['projects/my-app-prod/services/cloudkms.googleapis.com'] },
  ClearOrgPolicy: { constraint: CONSTRAINT },
  CreateCluster: { cluster: { name: NEW_ID, initialNodeCount: 1 } },
  CreateCustomConstraint: {
    customConstraint: {
      name: 'organizations/123/customConstraints/custom.newId',
      resourceTypes: ['container.googleapis.com/Cluster'],
      methodTypes: ['CREATE'],
      condition: 'resource.name == "x"',
      actionType: 'DENY',
    },
  },
  CreatePolicy: { policy: { name: 'projects/my-app-prod/policies/compute.trustedImageProjects', spec: { reset: true } } },
  CreateRole: { roleId: 'new_id' },
  GetEffectiveOrgPolicy: { constraint: CONSTRAINT },
  GetOrgPolicy: { constraint: CONSTRAINT },
  ListLogEntries: { resourceNames: ['projects/my-app-prod'] },
  MoveProject: { destinationParent: 'organizations/123' },
  PatchServiceAccount: { serviceAccount: { description: 'some' }, updateMask: 'description' },
  QueryGrantableRoles: { fullResourceName: PROJECT },
  QueryTestablePermissions: { fullResourceName: PROJECT },
  SetOrgPolicy: { policy: { constraint: CONSTRAINT, restoreDefault: {} } },
  TestIamPermissions: { permissions: ['containeranalysis.notes.get'] },
  UpdateCluster: { update: { desiredBinaryAuthorization: { evaluationMode: 'DISABLED' } } },
  UpdateCryptoKey: { updateMask: 'labels' },
  UpdateCryptoKeyVersion: { updateMask: 'state' },
  UpdateNote: { updateMask: 'shortDescription' },
  ValidateAttestationOccurrence: {
    occurrenceNote: 'projects/my-app-prod/notes/vulnerability-scan',
    occurrenceResourceUri: 'https://example.com/image@sha256:13a87448ed48891750c8c55bc2072a21137055f0833e76b8647f5f3de92976fd',
  },
  WriteLogEntries: {
    entries: [{ logName: 'projects/my-app-prod/logs/some-id', resource: { type: 'global' }, jsonPayload: { x: [1] } }],
  },
  'google.cloudresourcemanager.v1.Projects/CreateProject': { projectId: 'new-project' },
  'google.cloud.resourcemanager.v3.Projects/ListProjects': { parent: 'organizations/123' },
}

/** What must not be there twice: the same attestation of the same image. */
const OTHERS: Json = { resourceUri: 'https://example.com/other', resource: { uri: 'https://example.com/other' } }

/** The names that a document has: its own, and those in a link: `https://…/v1/projects/…`, and in Cloud Run v1
 * `…/apis/serving.knative.dev/v1/namespaces/536791907155/services/x`. */
function namesIn({
  name,
  selfLink,
  metadata,
}: Json & { selfLink?: string; metadata?: { selfLink?: string } }): [name: string, isOwn: boolean][] {
  const link = (selfLink ?? metadata?.selfLink ?? '').replace(/^.*\/v\d\w*\//, '').replace(/\/\d+/, '/my-app-prod')
  const inRegion = link.replace('namespaces/my-app-prod', 'projects/my-app-prod/locations/europe-west2')
  const names: [unknown, boolean][] = [
    [name, true],
    [link, false],
    [inRegion, false],
  ]
  return names.filter((pair): pair is [string, boolean] => typeof pair[0] === 'string' && pair[0].includes('/'))
}

// projects/p/notes/n becomes projects/*/notes/*
const patternOf = (name: string) => name.replace(/([^/]+)\/[^/]+/g, '$1/*')

const isId = ({ name, fieldKind }: DescField) => name.endsWith('_id') && !(name in VARIABLES) && fieldKind === 'scalar'

/** A plausible request for each row of the table. */
export async function goodRequests(get: Get): Promise<GoodRequest[]> {
  const names = new Map(ROOTS.map((name) => [patternOf(name), name]))
  const documents = new Map<string, Json[]>()

  /** A name of this pattern that exists, or at least one below something that does. */
  function nameOf(pattern: string, api: string): string {
    const parts = pattern.split('/')
    for (let length = parts.length; length > 0; length--) {
      const prefix = parts.slice(0, length).join('/')
      const known = names.get(`${api} ${prefix}`) ?? names.get(prefix) // several APIs have operations
      const rest = parts.slice(length).map((part) => part.replace('**', 'some/id').replace('*', SOME_ID))
      if (known) return [known, ...rest].join('/')
    }
    return pattern.replaceAll('**', 'some/id').replaceAll('*', SOME_ID)
  }

  /** Keeps the documents of each message and the first name of each pattern. */
  function learn(api: string, message: DescMessage, json: Json) {
    const known = documents.get(message.typeName) ?? []
    if (Object.keys(json).length > 0 && known.length < 100) documents.set(message.typeName, [...known, json])
    for (const [name, isOwn] of namesIn(json))
      for (const key of [`${api} ${patternOf(name)}`, ...(isOwn ? [patternOf(name)] : [])])
        if (!names.has(key)) names.set(key, name)
    for (const field of message.fields) {
      const value = json[field.jsonName]
      if (field.message && typeof value === 'object' && value !== null)
        for (const child of field.fieldKind === 'message' ? [value] : Object.values(value)) learn(api, field.message, child)
    }
  }

  function fill(template: string, api: string) {
    const path = template.replace(
      /\{([^=}]+)(?:=([^}]+))?\}/g,
      (_, field, pattern = '*') => VARIABLES[field] ?? nameOf(pattern, api),
    )
    const [plain, segments] = [template.replace(/\{[^=}]+(?:=([^}]+))?\}/g, '$1').split('/'), path.split('/')]
    return { path, variable: segments.flatMap((segment, index) => (segment === plain[index] ? [] : [index])) }
  }

  for (let known = -1; names.size > known; ) {
    known = names.size
    for (const { api, httpMethod, template, rpc } of ROUTES) {
      if (httpMethod !== 'GET') continue
      const answer = await get(fill(template, api).path)
      if (answer) learn(api, methodOf(api, rpc).output, answer)
    }
  }

  /** A document as a client would send it, of that place if there is one there. What is to be created has no name yet, or a new one. Versions
   * are left out: they are those of one state. */
  function documentOf({ message }: DescField, httpMethod: string, place: string): Json | undefined {
    const known = documents.get(message?.typeName ?? '') ?? []
    const isThere = ({ name }: Json) => `${name}`.startsWith(place) || place.endsWith(`/${name}`)
    const document = known.find(isThere) ?? known[0]
    if (!document) return undefined
    const { name, etag: _, metadata, status, ...rest } = document as Json & { metadata?: Json }
    const { resourceVersion: __, ...held } = metadata ?? {}
    if (httpMethod !== 'POST') return { ...rest, ...(name !== undefined && { name }), ...(metadata && { metadata: held }) }
    if (typeof name === 'string' && !name.includes('/')) rest.name = NEW_ID
    if (metadata) rest.metadata = typeof held.name === 'string' ? { ...held, name: NEW_ID } : held
    for (const key of Object.keys(OTHERS)) if (key in rest) rest[key] = OTHERS[key]
    return rest
  }

  function requestOf({ httpMethod, rpc, input, path }: Omit<GoodRequest, 'request'>, bound: string[]): Json {
    const isNew = rpc.includes('/Create')
    const place = path.replace(/^\/[^/]+\//, '').replace(/:\w+$/, '')
    const request: Json = {}
    for (const field of input.fields) {
      const document = documentOf(field, httpMethod, place)
      if (bound.includes(field.name)) continue
      if (isId(field) && isNew) request[field.jsonName] = NEW_ID
      if (!document) continue
      if (field.fieldKind === 'list') request[field.jsonName] = [document]
      else request[field.jsonName] = field.fieldKind === 'map' ? { [NEW_ID]: document } : document
    }
    return { ...request, ...(FIELDS[rpc] ?? FIELDS[rpc.split('/')[1]!]) }
  }

  return ROUTES.map((route) => {
    const { input } = methodOf(route.api, route.rpc)
    const bound = [...route.template.matchAll(/\{([^=}]+)/g)].map(([, field]) => field!)
    const target = { ...route, ...fill(route.template, route.api), input }
    return { ...target, request: requestOf(target, bound) }
  })
}

/** The whole message, as it goes out over gRPC: the request with what is in the path. */
export function messageOf({ template, path, request }: GoodRequest): Json {
  const message = structuredClone(request)
  const parsed = parseTemplate(template)
  const plain = parsed.verb ? path.slice(0, -parsed.verb.length - 1) : path
  for (const [field, value] of Object.entries(matchTemplate(parsed, splitPath(plain))!)) {
    const keys = field.split('.').map(camelCase)
    const holder = keys.slice(0, -1).reduce((at: any, key) => (at[key] ??= {}), message)
    holder[keys.at(-1)!] = value
  }
  return message
}

/** The HTTP request for a request message, whatever is wrong with it: body, and the rest as query. */
export function httpMessage({ httpMethod: method, path, body, input }: GoodRequest, request: Json): HttpMessage {
  if (body === '*') return { method, path, body: JSON.stringify(request) }
  const field = input.fields.find(({ name }) => name === body)
  const { [field?.jsonName ?? '']: content, ...rest } = request
  const query = new URLSearchParams(queryOf(rest)).toString()
  return { method, path: query ? `${path}?${query}` : path, ...(content !== undefined && { body: JSON.stringify(content) }) }
}

const queryOf = (value: object, prefix = ''): [string, string][] =>
  Object.entries(value).flatMap(([key, child]): [string, string][] => {
    if (Array.isArray(child)) return child.map((item) => [prefix + key, String(item)])
    return typeof child === 'object' && child !== null ? queryOf(child, `${prefix + key}.`) : [[prefix + key, String(child)]]
  })

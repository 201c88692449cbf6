// One descriptor set → one OpenAPI 3.1 document, its rows of the route table and its RPC types. Descriptions: none.
import type { DescField, DescMessage, DescMethod, FileRegistry } from '@bufbuild/protobuf'
import { getExtension, ScalarType } from '@bufbuild/protobuf'
import type { Api } from './apis.ts'
import type { HttpRule } from './mixins.ts'

/** A row of emulator/gen/routes.json: `[HTTP method, path template, "package.Service/Method", body]`. */
export type RouteRow = [string, string, string, string]

type Schema = Record<string, unknown>

const SCALARS: Partial<Record<ScalarType, Schema>> = {
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: { type: 'string', format: 'byte' },
  [ScalarType.DOUBLE]: { type: 'number', format: 'double' },
  [ScalarType.FLOAT]: { type: 'number', format: 'float' },
  [ScalarType.INT32]: { type: 'integer', format: 'int32' },
  [ScalarType.UINT32]: { type: 'integer', format: 'uint32' },
  [ScalarType.INT64]: { type: 'string', format: 'int64' },
  [ScalarType.UINT64]: { type: 'string', format: 'uint64' },
}

/** Well-known types have a JSON form of their own (https://protobuf.dev/programming-guides/json/). */
const WELL_KNOWN: Record<string, Schema> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', format: 'google-duration' },
  'google.protobuf.FieldMask': { type: 'string', format: 'google-fieldmask' },
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.Value': {},
  'google.protobuf.ListValue': { type: 'array', items: {} },
  'google.protobuf.Any': { type: 'object', properties: { '@type': { type: 'string' } }, additionalProperties: true },
  'google.protobuf.Empty': { type: 'object' },
  'google.protobuf.Int64Value': { type: 'string', format: 'int64' },
  'google.protobuf.BoolValue': { type: 'boolean' },
  'google.protobuf.StringValue': { type: 'string' },
}

/** The template, if it is one that the emulator serves: under projects/ and locations/, not folders or organizations, which have nothing
 * here but custom constraints. */
function served(template: string) {
  const path = template.replace(/=\*\/\*/, '=projects/*')
  return /=(folders|organizations|billingAccounts)\/(?!\*\}?\/customConstraints)/.test(path) ? undefined : path
}

/** The google.api.http rules of a method, or those that the API's service configuration gives a mixin. */
function bindings(method: DescMethod, registry: FileRegistry, mixins: HttpRule[]): [string, string, string][] {
  const selector = `${method.parent.typeName}.${method.name}`
  const overridden = mixins.filter((rule) => rule.selector === selector)
  const row = (kind: string, path: string | undefined, body = ''): [string, string, string][] => {
    const template = path && served(path)
    return template ? [[kind.toUpperCase(), template, body]] : []
  }
  if (/^google\.(iam\.v1|longrunning|cloud\.location)\./.test(selector))
    return overridden.flatMap((rule) => [
      ...row('get', rule.get),
      ...row('post', rule.post, rule.body),
      ...row('delete', rule.delete),
    ])
  const extension = registry.getExtension('google.api.http')
  if (!extension || !method.proto.options) return []
  type Rule = { pattern: { case: string; value: string }; body: string; additionalBindings?: Rule[] }
  const rule = getExtension(method.proto.options, extension) as unknown as Rule
  const rows = [rule, ...(rule.additionalBindings ?? [])].flatMap(({ pattern, body }) => row(pattern.case, pattern.value, body))
  // Logging binds a method to `*/*` and to `projects/*` too, which is one and the same here
  return rows.filter(([kind, path], index) => rows.findIndex((other) => other[0] === kind && other[1] === path) === index)
}

const singular = (collection: string) =>
  collection
    .replace(/ies$/, 'y')
    .replace(/(ss|x)es$/, '$1')
    .replace(/([^s])s$/, '$1')

// `/v1/{name=projects/*/notes/*}` → `/v1/projects/{project}/notes/{note}`, its parameters, and the variables as they were.
function expand(template: string) {
  const variables: Record<string, string> = {}
  const parameters: Schema[] = []
  const path = template.replace(/\{([^=}]+)(?:=([^}]+))?\}/g, (_, variable: string, pattern = '*') => {
    variables[variable] = pattern
    let previous = variable
    return pattern
      .split('/')
      .map((segment: string) => {
        if (!segment.startsWith('*')) {
          previous = segment
          return segment
        }
        const name = singular(previous)
        parameters.push({
          name,
          in: 'path',
          required: true,
          schema: { type: 'string' },
          ...(segment === '**' && { 'x-multi-segment': true }),
        })
        return `{${name}}`
      })
      .join('/')
  })
  return { path, parameters, variables }
}

/** Builds the document. `registry` holds the API's descriptor set. */
export function openapiDocument(api: Api, registry: FileRegistry, mixins: HttpRule[]) {
  const schemas: Record<string, Schema> = {}
  const routes: RouteRow[] = []
  const rpcs: Record<string, Record<string, [string, string]>> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  const home = api.services[0]!.replace(/\.[^.]+$/, '.')
  const nameOf = (typeName: string) => (typeName.startsWith(home) ? typeName.slice(home.length) : typeName)

  function messageSchema(message: DescMessage): Schema {
    const known = WELL_KNOWN[message.typeName]
    if (known) return known
    const name = nameOf(message.typeName)
    if (!schemas[name]) {
      const properties: Record<string, Schema> = {}
      schemas[name] = { type: 'object', ...(message.fields.length > 0 && { properties }) }
      for (const field of message.fields) properties[field.jsonName] = fieldSchema(field)
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  function fieldSchema(field: DescField): Schema {
    const one = field.message ? messageSchema(field.message) : field.enum ? enumSchema(field) : SCALARS[field.scalar!]!
    if (field.fieldKind === 'map') return { type: 'object', additionalProperties: one }
    return field.fieldKind === 'list' ? { type: 'array', items: one } : one
  }

  const enumSchema = (field: DescField): Schema => ({ type: 'string', enum: field.enum!.values.map((value) => value.name) })

  function queryParameters(message: DescMessage, taken: string[], prefix = ''): Schema[] {
    return message.fields.flatMap((field) => {
      const name = prefix + field.jsonName
      if (taken.includes(prefix + field.name) || field.fieldKind === 'map' || prefix.split('.').length > 3) return []
      if (field.message && !WELL_KNOWN[field.message.typeName])
        return field.fieldKind === 'list' ? [] : queryParameters(field.message, taken, `${name}.`)
      return [{ name, in: 'query', schema: fieldSchema(field) }]
    })
  }

  function addOperation(method: DescMethod, [kind, template, body]: [string, string, string], index: number) {
    const { path, parameters, variables } = expand(template)
    const rpc = `${method.parent.typeName}/${method.name}`
    routes.push([kind, template, rpc, body])
    const bodyField = method.input.fields.find((field) => field.name === body)
    const query = body === '*' ? [] : queryParameters(method.input, [...Object.keys(variables), body])
    const responseSchema = messageSchema(method.output)
    paths[path] = {
      ...paths[path],
      [kind.toLowerCase()]: {
        operationId: `${method.parent.name}_${method.name}${index > 0 ? `_${index}` : ''}`,
        tags: [method.parent.name],
        'x-rpc': rpc,
        'x-path-template': template,
        'x-path-variables': variables,
        parameters: [...parameters, ...query],
        ...(body && {
          requestBody: {
            content: { 'application/json': { schema: bodyField ? fieldSchema(bodyField) : messageSchema(method.input) } },
          },
        }),
        responses: { 200: { description: 'OK', content: { 'application/json': { schema: responseSchema } } } },
      },
    }
  }

  for (const serviceName of api.services) {
    const service = registry.getService(serviceName)
    if (!service) throw new Error(`${api.id}: no service ${serviceName} in its protos`)
    for (const method of service.methods) {
      const found = api.moved?.includes(method.name) ? [] : bindings(method, registry, mixins)
      if (found.length === 0) continue
      for (const [index, binding] of found.entries()) addOperation(method, binding, index)
      messageSchema(method.input)
      rpcs[serviceName] = { ...rpcs[serviceName], [method.name]: [method.input.typeName, method.output.typeName] }
    }
  }

  const document = {
    openapi: '3.1.0',
    info: {
      title: api.title,
      version: api.id.split('.').at(-1),
      description: 'The part that binauthz-emulator serves; generated from protos.',
    },
    servers: [{ url: 'http://127.0.0.1:9080' }, ...api.hosts.map((host) => ({ url: `https://${host}` }))],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: { schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))) },
  }
  return { document, routes, rpcTypes: rpcTypes(rpcs, nameOf) }
}

/** TypeScript: service → method → [request, response], what a service's `rpcs` are checked against. */
function rpcTypes(rpcs: Record<string, Record<string, [string, string]>>, nameOf: (typeName: string) => string) {
  const type = (typeName: string) =>
    typeName === 'google.protobuf.Empty' ? 'Record<string, never>' : `components['schemas']['${nameOf(typeName)}']`
  const services = Object.entries(rpcs).map(([service, methods]) => {
    const rows = Object.entries(methods).map(([method, [input, output]]) => `    ${method}: [${type(input)}, ${type(output)}]`)
    return `  '${service}': {\n${rows.join('\n')}\n  }`
  })
  return `export interface Rpcs {\n${services.join('\n')}\n}\n`
}

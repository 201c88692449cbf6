// HTTP request → request message → canonical ProtoJSON, and the answer back, through the protobuf descriptors.
import { type DescField, type DescMessage, fromJson, ScalarType, toJson } from '@bufbuild/protobuf'
import { camelCase } from '../../core/field-mask.ts'
import { isEmptyObject } from '../../core/json.ts'
import type { Logger } from '../../core/service.ts'
import { badRequest, type FieldViolation, invalidArgument } from '../../core/status.ts'
import { answerTypesOf, fieldOf, methodOf, registryOf } from '../descriptors.ts'
import { correctSpellings } from './enum-spellings.ts'
import { jsonProblems, NOT_REPEATING } from './json-problems.ts'

/** Query parameters that every API has (https://cloud.google.com/apis/docs/system-parameters). */
const SYSTEM_PARAMETERS = new Set(
  `alt $alt fields $fields key $key prettyPrint $prettyPrint access_token oauth_token callback quotaUser userIp
   $.xgafv uploadType upload_protocol $httpHeaders $userProject`.split(/\s+/),
)

export interface RestRequest {
  api: string
  /** `package.Service/Method` */
  method: string
  /** Request field that the body is; `*` the whole request, empty none. */
  body: string
  variables: Record<string, string>
  query: URLSearchParams
  json: unknown
}

type Json = Record<string, unknown>

/** Builds and checks the request message; throws INVALID_ARGUMENT in Google's words. With `lenient`, misspelt enum values are taken for what
 * they mean, and logged there. */
export function readRequest({ api, method, body, variables, query, json }: RestRequest, lenient?: Logger): object {
  const { input } = methodOf(api, method)
  let request: Json = {}
  if (body === '*') {
    if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json)))
      throw refused(jsonProblems(input, json))
    request = { ...(json as Json) }
  } else if (body) request[body] = json ?? {}
  else if (json !== undefined && !isEmptyObject(json))
    throw badRequest('Invalid JSON payload received. This method takes no request body.', [])
  for (const [name, value] of query) if (!SYSTEM_PARAMETERS.has(name)) bindQuery(input, request, name, value)
  for (const [path, value] of Object.entries(variables)) bindPath(input, request, path, value)
  if (lenient) correctSpellings(input, request, lenient)
  return canonical(api, input, request)
}

/** Answers as the API does: fields in the order of the message, defaults left out, enums as numbers where asked for. */
export function writeResponse(api: string, method: string, response: unknown, enumAsInteger: boolean): unknown {
  const registry = answerTypesOf(api)
  const { output } = methodOf(api, method)
  return toJson(output, fromJson(output, response as never, { registry }), { registry, enumAsInteger })
}

function canonical(api: string, message: DescMessage, request: Json): object {
  const registry = registryOf(api)
  // Google takes the paths of a mask in either case, fromJson only lowerCamelCase
  for (const { name, jsonName, message: type } of message.fields)
    if (type?.typeName === 'google.protobuf.FieldMask')
      for (const key of [name, jsonName]) if (typeof request[key] === 'string') request[key] = camelCase(request[key])
  const problems = jsonProblems(message, request)
  if (problems.length > 0) throw refused(problems)
  dropNulls(message, request)
  try {
    return toJson(message, fromJson(message, request as never, { registry }), { registry }) as object
  } catch (error) {
    throw invalidArgument(`Invalid JSON payload received. ${(error as Error).message}`)
  }
}

/** Takes out, at any depth, what is null and so not set: where two members of a oneof stand, fromJson throws even if one of them is null. */
function dropNulls(message: DescMessage, json: Json) {
  for (const [key, value] of Object.entries(json)) {
    if (typeof value !== 'object') continue
    const field = fieldOf(message, key)!
    if (value === null) {
      if (!isNullAValue(field)) delete json[key]
    } else if (field.message && !field.message.typeName.startsWith('google.protobuf.'))
      for (const child of field.fieldKind === 'map' ? Object.values(value) : [value].flat())
        dropNulls(field.message, child as Json)
  }
}

const isNullAValue = ({ message, enum: type }: DescField) =>
  message?.typeName === 'google.protobuf.Value' || type?.typeName === 'google.protobuf.NullValue'

function refused(problems: FieldViolation[]) {
  return badRequest(problems.map(({ description }) => description).join('\n'), problems)
}

/** Sets `a.b.c=value` in the request. */
function bindQuery(message: DescMessage, request: Json, name: string, value: string) {
  const refuse = (why: string) => {
    const description = `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}: ${why}`
    return badRequest(description, [{ field: '', description }])
  }
  const unknown = () => refuse(`Cannot bind query parameter. Field '${name}' could not be found in request message.`)
  const parts = name.split('.')
  let [at, type] = [request, message]
  for (const part of parts.slice(0, -1)) {
    const field = fieldOf(type, part)
    if (field?.fieldKind !== 'message') throw unknown()
    type = field.message
    at[field.jsonName] ??= {}
    at = at[field.jsonName] as Json
    if (typeof at !== 'object' || Array.isArray(at)) throw refused(jsonProblems(message, request)) // the body's own mistake
  }
  const field = fieldOf(type, parts.at(-1)!)
  if (!field || field.fieldKind === 'map') throw unknown()
  const current = at[field.jsonName]
  if (field.fieldKind === 'list') at[field.jsonName] = [current ?? [], queryValue(field, value)].flat()
  else if (current !== undefined) throw refuse(NOT_REPEATING)
  else at[field.jsonName] = queryValue(field, value)
}

/** Booleans in any case (`True` is what Python clients send), enums by name or number. */
function queryValue(field: DescField, value: string): unknown {
  if (field.scalar === ScalarType.BOOL || field.message?.typeName === 'google.protobuf.BoolValue') {
    const [yes, no] = [/^(true|1)$/i.test(value), /^(false|0|)$/i.test(value)]
    return yes || no ? yes : value
  }
  if (field.enum && /^\d+$/.test(value)) return Number(value)
  return value
}

/** What the path says wins over the text in the body: `PUT /v1/{policy.name=…}` names the policy. */
function bindPath(message: DescMessage, request: Json, path: string, value: string) {
  const parts = path.split('.')
  let [at, type] = [request, message]
  for (const [index, part] of parts.entries()) {
    const field = fieldOf(type, part)
    if (!field) throw new Error(`no field ${path} in ${message.typeName}`)
    const key = field.name in at ? field.name : field.jsonName
    const child = at[key]
    if (index === parts.length - 1) {
      const isText = typeof child === 'string' && child.isWellFormed()
      if (child !== undefined && child !== null && !isText) throw refused(jsonProblems(message, request))
      at[key] = value
    } else {
      if (child !== undefined && (typeof child !== 'object' || Array.isArray(child)))
        throw refused(jsonProblems(message, request))
      at[key] = { ...(child as Json | undefined) }
      at = at[key] as Json
      type = field.message!
    }
  }
}

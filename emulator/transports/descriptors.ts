// The descriptor set of each API, read at its first request: parsing all of them would double the time of a start.
import { readdirSync, readFileSync } from 'node:fs'
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  type Registry,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

const registries = new Map<string, FileRegistry>()

export function registryOf(api: string): FileRegistry {
  let registry = registries.get(api)
  if (!registry) {
    registry = createFileRegistry(
      fromBinary(FileDescriptorSetSchema, readFileSync(new URL(`../gen/${api}.binpb`, import.meta.url))),
    )
    registries.set(api, registry)
  }
  return registry
}

/** The types that an answer of an API may hold as google.protobuf.Any: its own, or where it has none of that name those of any other. On a
 * host that names no API, `projects/P/locations/L/operations/O` is answered by the first that has it, for the operations of all. */
export function answerTypesOf(api: string): Registry {
  const types = answerTypes.get(api) ?? withOthers(registryOf(api))
  answerTypes.set(api, types)
  return types
}

const answerTypes = new Map<string, Registry>()

function withOthers(own: FileRegistry): Registry {
  return {
    ...own,
    getMessage(name) {
      const found = own.getMessage(name)
      if (found) return found
      const others = readdirSync(new URL('../gen/', import.meta.url)).filter((file) => file.endsWith('.binpb'))
      return others.map((file) => registryOf(file.replace(/\.binpb$/, '')).getMessage(name)).find((message) => message)
    },
  }
}

/** `method` is `package.Service/Method`. */
export function methodOf(api: string, method: string): DescMethod {
  const known = methods.get(api) ?? new Map<string, DescMethod>()
  methods.set(api, known)
  const desc = known.get(method) ?? findMethod(api, method)
  known.set(method, desc)
  return desc
}

const methods = new Map<string, Map<string, DescMethod>>()

function findMethod(api: string, method: string): DescMethod {
  const [service = '', name = ''] = method.split('/')
  const found = registryOf(api)
    .getService(service)
    ?.methods.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`${api} has no method ${method}`)
  return found
}

/** The field of that name, in either form. Messages have up to 60 fields, and each key of a request is looked up. */
export function fieldOf(message: DescMessage, name: string): DescField | undefined {
  const names =
    fieldNames.get(message) ?? new Map(message.fields.flatMap((field) => [field.jsonName, field.name].map((n) => [n, field])))
  fieldNames.set(message, names)
  return names.get(name)
}

const fieldNames = new WeakMap<DescMessage, Map<string, DescField>>()

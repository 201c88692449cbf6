// The descriptor set of each API, read at its first request: parsing all of them would double the time of a start.
import { readFileSync } from 'node:fs'
import { createFileRegistry, type DescMethod, type FileRegistry, fromBinary } from '@bufbuild/protobuf'
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

/** `method` is `package.Service/Method`. */
export function methodOf(api: string, method: string): DescMethod {
  const [service = '', name = ''] = method.split('/')
  const found = registryOf(api)
    .getService(service)
    ?.methods.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`${api} has no method ${method}`)
  return found
}

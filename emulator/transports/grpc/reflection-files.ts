// Which file declares what: the descriptor sets of all APIs as one, of which only those are read that a question needs.
import { type DescFile, type FileRegistry, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { registryOf } from '../descriptors.ts'

/** Files that several APIs have (google/iam/v1/…) are the same in each. */
export interface ApiFiles {
  /** By its path, as in `import`. */
  byName(name: string): DescFile | undefined
  /** By the full name of a type, service, extension, method, field, oneof or enum value. */
  bySymbol(symbol: string): DescFile | undefined
  /** By a message and the number of one of its extensions. */
  byExtension(message: string, number: number): DescFile | undefined
  /** Of a message, in any API, ascending; undefined where no API has the message. */
  extensionNumbers(message: string): number[] | undefined
}

const packageOf = (name: string) => name.slice(0, Math.max(name.lastIndexOf('.'), 0))

/** The file of a member, which is no type of its own. An enum value is named as a sibling of its enum, not as its child. */
function fileOfMember(registry: FileRegistry, symbol: string): DescFile | undefined {
  const scope = packageOf(symbol)
  const name = symbol.slice(scope.length + 1)
  const parent = registry.get(scope)
  const isNamed = (member: { name: string }) => member.name === name
  if (parent?.kind === 'service') return parent.methods.some(isNamed) ? parent.file : undefined
  if (parent?.kind === 'message') {
    const members = [...parent.fields, ...parent.oneofs, ...parent.nestedEnums.flatMap(({ values }) => values)]
    return members.some(isNamed) ? parent.file : undefined
  }
  return [...registry.files].find(
    ({ proto, enums }) => proto.package === scope && enums.some(({ values }) => values.some(isNamed)),
  )
}

/** `services`: the `package.Service` names of an API, known without its descriptors. An API with a service in the package that is asked
 * for comes first; the others follow, since an API may also have files of packages in which it serves nothing. */
export function filesOf(apis: string[], services: (api: string) => string[]): ApiFiles {
  const closeness = (api: string, symbol: string) =>
    Math.max(
      0,
      ...services(api)
        .map(packageOf)
        .filter((name) => symbol.startsWith(`${name}.`))
        .map(({ length }) => length),
    )

  function first<T>(symbol: string, find: (registry: FileRegistry) => T | undefined): T | undefined {
    const order = apis.map((api) => ({ api, close: closeness(api, symbol) })).sort((a, b) => b.close - a.close)
    for (const { api } of order) {
      const found = find(registryOf(api))
      if (found) return found
    }
  }

  return {
    byName: (name) => first(name.replaceAll('/', '.'), (registry) => registry.getFile(name)),
    bySymbol: (symbol) => first(symbol, (registry) => registry.get(symbol)?.file ?? fileOfMember(registry, symbol)),
    byExtension: (name, number) =>
      first(name, (registry) => {
        const message = registry.getMessage(name)
        return message && registry.getExtensionFor(message, number)?.file
      }),
    extensionNumbers(name) {
      if (!first(name, (registry) => registry.getMessage(name))) return undefined
      const extensions = apis.flatMap((api) =>
        [...registryOf(api)].flatMap((type) => (type.kind === 'extension' && type.extendee.typeName === name ? type.number : [])),
      )
      return [...new Set(extensions)].sort((a, b) => a - b)
    },
  }
}

const serialized = new WeakMap<DescFile, string>()

/** The file as a google.protobuf.FileDescriptorProto, in base64. */
function bytesOf(file: DescFile): string {
  const bytes = serialized.get(file) ?? Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)).toString('base64')
  serialized.set(file, bytes)
  return bytes
}

/** The file and, after it, all that it imports. Imports whose names are in `sent` are left out, and these are added to it. */
export function withImports(file: DescFile, sent: Set<string>): string[] {
  sent.add(file.proto.name)
  const answer = [file]
  for (const { dependencies } of answer)
    for (const imported of dependencies)
      if (!sent.has(imported.proto.name)) {
        sent.add(imported.proto.name)
        answer.push(imported)
      }
  return answer.map(bytesOf)
}

// Partial responses: `fields=services(name,config/title),nextPageToken` keeps these fields of the answer and no other
// (the system parameter `fields`, https://cloud.google.com/apis/docs/system-parameters).
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { badRequest } from '../../core/status.ts'
import { methodOf } from '../descriptors.ts'

/** What to keep of a value: all of it, or what is below these names (`*`: below every name). */
type Selection = true | Map<string, Selection>

/** Which kinds of token each kind may follow; `n` is a name. */
const FOLLOWS: Record<string, string> = { n: ',(/.', '/': 'n', '.': 'n', '(': 'n', ',': 'n)', ')': 'n)' }
const MAX_DEPTH = 100

/** Reads the mask for the answers of `package.Service/Method`: it returns what reduces one. Throws INVALID_ARGUMENT for a mask that is
 * not well formed, or names a field that the answer cannot have. */
export function partialResponse(api: string, method: string, fields: string): (response: unknown) => unknown {
  const { output } = methodOf(api, method)
  const refused = (why: string) =>
    badRequest('Request contains an invalid argument.', [
      { field: fields, description: `Error expanding 'fields' parameter. ${why}` },
    ])
  const selection: Selection = new Map()
  const groups: string[][] = [[]] // the paths that stand before the parentheses that are open
  let path: string[] = []
  let previous = ','
  for (const token of [...(fields.replace(/\s/g, '').match(/[^,/.()]+|[,/.()]/g) ?? []), ',']) {
    const kind = /^[,/.()]$/.test(token) ? token : 'n'
    const enclosed = groups.at(-1)!
    if (!FOLLOWS[kind]!.includes(previous) || path.length > MAX_DEPTH || (kind === ')' && groups.length === 1))
      throw refused(`Unexpected '${token}' in '${fields}'.`)
    if (kind === 'n') path.push(token)
    if (kind === '(') groups.push([...path])
    if (',)'.includes(kind) && previous === 'n' && !select(selection, output, path))
      throw refused(`Cannot find matching fields for path '${path.join('.')}'.`)
    if (kind === ',') path = [...enclosed]
    if (kind === ')') groups.pop()
    previous = kind
  }
  if (groups.length > 1) throw refused(`Missing ')' in '${fields}'.`)
  return (response) => keep(selection, response)
}

/** Below maps and messages of no fixed form any name may stand, below scalars none. */
function shapeOf({ fieldKind, message }: DescField): DescMessage | 'free' | 'scalar' {
  if (fieldKind === 'map' || /^google\.protobuf\.(Any|Struct|Value|ListValue)$/.test(message?.typeName ?? '')) return 'free'
  return message && !/^google\.protobuf\.(Timestamp|Duration|FieldMask|\w+Value)$/.test(message.typeName) ? message : 'scalar'
}

/** Adds a path; false where the message has no such field. */
function select(selection: Map<string, Selection>, message: DescMessage, path: string[]): boolean {
  let at: Selection = selection
  let shape: ReturnType<typeof shapeOf> = message
  for (const [index, name] of path.entries()) {
    const field: DescField | undefined =
      typeof shape === 'string' ? undefined : shape.fields.find((one) => one.name === name || one.jsonName === name)
    if (shape === 'scalar' || (shape !== 'free' && name !== '*' && !field)) return false
    shape = field ? shapeOf(field) : 'free'
    if (at === true) continue // all of it is selected already
    const key = field?.jsonName ?? name
    const below: Selection = index === path.length - 1 || (at.get(key) ?? new Map())
    at.set(key, below)
    at = below
  }
  return true
}

function keep(selection: Selection, value: unknown): unknown {
  if (selection === true || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => keep(selection, item))
  const every = selection.get('*')
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => {
      const below = every === true ? every : (selection.get(key) ?? every)
      return below ? [[key, keep(below, child)]] : []
    }),
  )
}

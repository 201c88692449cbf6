// Most entries that a query does not find show that in their JSON as text, which is many times faster than to parse it.
import { instant } from '../../../core/filter-values.ts'
import { SEVERITIES } from './fields.ts'
import { readable } from './functions.ts'
import type { Syntax } from './parser.ts'
import { bool, number } from './values.ts'

/** Characters that JSON writes as they are, and that have a lower case of one form. */
const PLAIN = /^[ !#-[\]-~]+$/

/** Text that stands in the JSON of every entry in which it is found as text, but for case; [] where it may be found as something else. */
function literal(text: string): string[] {
  if (!PLAIN.test(text) || number(text) !== undefined || bool(text) !== undefined) return []
  return [text.toLowerCase()]
}

/** Of each list, every match has a member in its JSON. */
function demands(syntax: Syntax): string[][] {
  if (syntax.type === 'and') return syntax.of.flatMap(demands)
  if (syntax.type === 'or') {
    const first = syntax.of.map((branch) => demands(branch)[0])
    return first.every((members) => members !== undefined) ? [first.flat()] : []
  }
  if (syntax.type === 'text') {
    const { text } = syntax
    if (Object.hasOwn(SEVERITIES, text.toUpperCase()) || instant(text) !== undefined) return []
    return [literal(text)].filter((members) => members.length > 0)
  }
  if (syntax.type !== 'comparison') return []
  const { left, operator, value } = syntax
  const { field } = readable(left)
  if (!field || !['string', 'any', 'message'].includes(field.kind) || !['=', ':'].includes(operator)) return []
  if (value.isAnything || value.isNull) return []
  return [literal(value.text)].filter((members) => members.length > 0)
}

const BEYOND_ASCII = /[\u0080-\uffff]/

/** False where the JSON of an entry shows that it does not match. */
export function jsonTest(syntax: Syntax | undefined): (json: string) => boolean {
  const wanted = syntax ? demands(syntax) : []
  if (wanted.length === 0) return () => true
  return (json) => {
    const text = json.toLowerCase()
    // other characters may be other forms of ASCII's
    return wanted.every((members) => members.some((member) => text.includes(member))) || BEYOND_ASCII.test(json)
  }
}

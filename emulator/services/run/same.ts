// Do two JSON documents say the same, whatever the order of their keys?
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
    return false
  const [left, right] = [entriesOf(a), entriesOf(b)]
  return left.length === right.length && left.every(([key, value]) => Object.hasOwn(b, key) && same(value, (b as any)[key]))
}

/** A field that is undefined is not there. */
const entriesOf = (value: object) => Object.entries(value).filter(([, child]) => child !== undefined)

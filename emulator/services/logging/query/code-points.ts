// Sets of code points, as the classes of a regular expression need them (https://github.com/google/re2/wiki/Syntax).

/** Pairs of a first and a last code point, ascending, apart from each other: [48, 57, 97, 122] are digits and small letters. */
export type CodePoints = readonly number[]

export const MAX_CODE_POINT = 0x10ffff

/** The pairs in any order, joined. */
export function union(pairs: readonly number[]): CodePoints {
  const sorted = Array.from({ length: pairs.length / 2 }, (_, index) => [pairs[2 * index]!, pairs[2 * index + 1]!] as const)
  sorted.sort(([a], [b]) => a - b)
  const joined: number[] = []
  for (const [first, last] of sorted) {
    const end = joined.length - 1
    if (end > 0 && first <= joined[end]! + 1) joined[end] = Math.max(joined[end]!, last)
    else joined.push(first, last)
  }
  return joined
}

export function complement(points: CodePoints): CodePoints {
  const others: number[] = []
  let from = 0
  for (let index = 0; index < points.length; index += 2) {
    if (points[index]! > from) others.push(from, points[index]! - 1)
    from = points[index + 1]! + 1
  }
  if (from <= MAX_CODE_POINT) others.push(from, MAX_CODE_POINT)
  return others
}

export function contains(points: CodePoints, point: number): boolean {
  let [low, high] = [0, points.length / 2 - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    if (point < points[2 * middle]!) high = middle - 1
    else if (point > points[2 * middle + 1]!) low = middle + 1
    else return true
  }
  return false
}

/** `[first, last]` of each range in `text`: `'az09'` are small letters and digits. */
const ranges = (text: string): CodePoints => union(Array.from(text, (char) => char.codePointAt(0)!))

export const NEWLINE: CodePoints = [10, 10]
export const DIGIT = ranges('09')
export const SPACE: CodePoints = union([9, 10, 12, 13, 32, 32])
export const WORD = ranges('09AZ__az')

/** `[[:alpha:]]` and its like: ASCII, as in RE2. */
export const POSIX: Readonly<Record<string, CodePoints>> = {
  alnum: ranges('09AZaz'),
  alpha: ranges('AZaz'),
  ascii: [0, 127],
  blank: union([9, 9, 32, 32]),
  cntrl: union([0, 31, 127, 127]),
  digit: DIGIT,
  graph: ranges('!~'),
  lower: ranges('az'),
  print: ranges(' ~'),
  punct: ranges('!/:@[`{~'),
  space: union([9, 13, 32, 32]),
  upper: ranges('AZ'),
  word: WORD,
  xdigit: ranges('09AFaf'),
}

/** The code points that fulfil a test. */
function where(test: (point: number) => boolean): CodePoints {
  const points: number[] = []
  for (let point = 0; point <= MAX_CODE_POINT; point++) {
    if (!test(point)) continue
    if (points.at(-1) === point - 1) points[points.length - 1] = point
    else points.push(point, point)
  }
  return points
}

const properties = new Map<string, CodePoints | undefined>()

/** `\pL`, `\p{Lu}`, `\p{Greek}`: a general category or a script; undefined for what is neither. */
export function unicodeClass(name: string): CodePoints | undefined {
  if (name === 'Any') return [0, MAX_CODE_POINT]
  if (!properties.has(name)) {
    const expression = propertyExpression(name)
    if (!expression) return undefined // not kept: names come from clients, and there is no end of them
    properties.set(
      name,
      where((point) => expression.test(String.fromCodePoint(point))),
    )
  }
  return properties.get(name)
}

function propertyExpression(name: string): RegExp | undefined {
  if (!/^[A-Z][A-Za-z_]{0,40}$/.test(name)) return undefined
  for (const property of name.length <= 2 ? [`General_Category=${name}`] : [`Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${property}}$`, 'u')
    } catch {}
  }
  return undefined
}

let casePairs: [number, number][] | undefined

/** Each code point that has another case, with that other. */
function cases(): [number, number][] {
  if (casePairs) return casePairs
  casePairs = []
  for (let point = 65; point < 0x1e944; point++) {
    const char = String.fromCodePoint(point)
    for (const other of [char.toLowerCase(), char.toUpperCase()]) {
      const otherPoint = other.codePointAt(0)!
      if (otherPoint !== point && other.length === String.fromCodePoint(otherPoint).length)
        casePairs.push([point, otherPoint], [otherPoint, point])
    }
  }
  return casePairs
}

const folded = new WeakMap<CodePoints, CodePoints>()

/** The points and their other cases: `(?i)`. */
export function foldCase(points: CodePoints): CodePoints {
  const known = folded.get(points)
  if (known) return known
  const others = cases().flatMap(([point, other]) => (contains(points, point) ? [other, other] : []))
  const all = others.length === 0 ? points : union([...points, ...others])
  folded.set(points, all)
  return all
}

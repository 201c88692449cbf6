// Regular expressions of `=~`, `!~` and REGEXP_EXTRACT: searching takes time in proportion to the text, whatever the pattern.
import { invalidArgument } from '../../../core/status.ts'
import { type CodePoints, contains, NEWLINE, WORD } from './code-points.ts'
import type { Assertion } from './regexp-parser.ts'
import { compilePattern, type Program } from './regexp-program.ts'

/** What evaluation has cost so far, in steps of about the same length. */
export interface Work {
  steps: number
}

export interface Regexp {
  /** Does the pattern match anywhere in the text? */
  test(text: string, work: Work): boolean
  /** What its one group holds in the first match; undefined where there is none. */
  extract(text: string, work: Work): string | undefined
  readonly groups: number
}

/** One search takes no more steps: about half a second. */
const MAX_STEPS = 10_000_000
const MAX_STATES = 2000
/** Cells of the table of states and classes of characters. */
const MAX_CELLS = 500_000
/** A pattern whose states hardly ever come again is searched for without the table after so many. */
const MAX_TABLES = 5

/** What stands before a place, or after it: its beginning or end, and the kinds of characters that assertions tell apart. */
type Side = 0 | 1 | 2 | 3
const EDGE = 0
const WORD_CHAR = 1
const LINE_FEED = 2
const OTHER = 3

const sideOf = (point: number): Side => (contains(WORD, point) ? WORD_CHAR : contains(NEWLINE, point) ? LINE_FEED : OTHER)

const isBoundary = (before: Side, after: Side) => (before === WORD_CHAR) !== (after === WORD_CHAR)

const HOLDS: Record<Assertion, (before: Side, after: Side) => boolean> = {
  start: (before) => before === EDGE,
  end: (_, after) => after === EDGE,
  lineStart: (before) => before === EDGE || before === LINE_FEED,
  lineEnd: (_, after) => after === EDGE || after === LINE_FEED,
  word: isBoundary,
  notWord: (before, after) => !isBoundary(before, after),
}

/** Places in the program before a character is read, and what was read before it. `next` by class of that character. */
interface State {
  places: Uint16Array
  before: Side
  next: (State | typeof FOUND | undefined)[]
}

const FOUND = Symbol('found')

/** Throws INVALID_ARGUMENT for what RE2 would refuse. */
export function regexp(text: string): Regexp {
  let program: Program
  try {
    program = compilePattern(text)
  } catch (error) {
    throw invalidArgument(`Unparseable filter: invalid regular expression "${text}": ${(error as Error).message}`)
  }
  return { test: searcher(program), extract: extractor(program), groups: program.groups }
}

function checkWork({ steps }: Work, limit: number) {
  if (steps > limit) throw invalidArgument('Unparseable filter: a regular expression takes too long on a log entry: simplify it.')
}

/** Characters that no instruction tells apart are one class. Numbers of classes; the last stands for the end of the text. */
function classesOf({ instructions }: Program) {
  const starts = new Set([0])
  for (const points of [WORD, NEWLINE, ...instructions.flatMap((one) => (one.op === 'set' ? [one.points] : []))])
    for (let index = 0; index < points.length; index += 2) starts.add(points[index]!).add(points[index + 1]! + 1)
  const sorted = [...starts].sort((a, b) => a - b)
  function find(point: number): number {
    let [low, high] = [0, sorted.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (sorted[middle]! <= point) low = middle
      else high = middle - 1
    }
    return low
  }
  const ascii = Uint16Array.from({ length: 128 }, (_, point) => find(point))
  const sides = [...sorted.map(sideOf), EDGE] as Side[]
  return { sorted, sides, end: sorted.length, classOf: (point: number) => (point < 128 ? ascii[point]! : find(point)) }
}

/** Of each set of characters, by class: is it in the set? */
function memberTables({ instructions }: Program, classes: number[]): Map<CodePoints, Uint8Array> {
  const tables = new Map<CodePoints, Uint8Array>()
  for (const one of instructions)
    if (one.op === 'set' && !tables.has(one.points))
      tables.set(
        one.points,
        Uint8Array.from(classes, (point) => Number(contains(one.points, point))),
      )
  return tables
}

/** Searches by a table of states that is made as it is needed, and made anew when it has grown too large. */
function searcher(program: Program): Regexp['test'] {
  const { instructions, start } = program
  const { sorted, sides, end, classOf } = classesOf(program)
  const maxStates = Math.min(MAX_STATES, Math.ceil(MAX_CELLS / (end + 1)))
  const seen = new Uint32Array(instructions.length)
  const isNext = new Uint32Array(instructions.length)
  const stack = new Uint16Array(3 * instructions.length + 1)
  const next = new Uint16Array(instructions.length)
  const members = memberTables(program, sorted)
  let states = new Map<string, State>()
  let tables = 0
  let round = 0

  function stateOf(places: Uint16Array, before: Side): State {
    if (tables === MAX_TABLES) return { places, before, next: [] }
    const key = String.fromCharCode(before, ...places)
    const known = states.get(key)
    if (known) return known
    if (states.size >= maxStates) {
      states = new Map()
      tables++
    }
    const state: State = { places, before, next: [] }
    states.set(key, state)
    return state
  }

  function step(state: State, char: number, work: Work, limit: number): State | typeof FOUND {
    const { before, places } = state
    const after = sides[char]!
    stack.set(places)
    stack[places.length] = start // the match may begin here as well
    let height = places.length + 1
    let count = 0
    round++
    while (height > 0) {
      const place = stack[--height]!
      if (seen[place] === round) continue
      seen[place] = round
      work.steps++
      const one = instructions[place]!
      if (one.op === 'match') return FOUND
      if (one.op === 'split') {
        stack[height++] = one.other
        stack[height++] = one.next
      } else if (one.op === 'set') {
        if (char === end || isNext[one.next] === round || members.get(one.points)![char] === 0) continue
        isNext[one.next] = round
        next[count++] = one.next
      } else if (one.op === 'save' || HOLDS[one.what](before, after)) stack[height++] = one.next
    }
    checkWork(work, limit)
    return stateOf(next.slice(0, count).sort(), after)
  }

  function follow(state: State, char: number, work: Work, limit: number): State | typeof FOUND {
    const known = state.next[char]
    if (known) return known
    const found = step(state, char, work, limit)
    state.next[char] = found
    return found
  }

  return (text, work) => {
    const limit = work.steps + MAX_STEPS
    work.steps += text.length >> 3
    let state = stateOf(new Uint16Array(), EDGE)
    for (let index = 0; index < text.length; index++) {
      const point = text.codePointAt(index)!
      if (point > 0xffff) index++
      const next = follow(state, classOf(point), work, limit)
      if (next === FOUND) return true
      state = next
    }
    return follow(state, end, work, limit) === FOUND
  }
}

/** A place in the program, and where the group began and ended on the way there. */
interface Thread {
  place: number
  from: number
  to: number
}

/** The first match as RE2 and Perl choose it: the leftmost, and of several the one that the order of the pattern prefers. */
function extractor({ instructions, start }: Program): Regexp['extract'] {
  const seen = new Uint32Array(instructions.length)
  let round = 0

  return (text, work) => {
    const limit = work.steps + MAX_STEPS
    let threads: Thread[] = []
    let match: Thread | undefined
    let before: Side = EDGE
    for (let index = 0; index <= text.length; ) {
      const point = index < text.length ? text.codePointAt(index)! : -1
      const after: Side = point < 0 ? EDGE : sideOf(point)
      if (!match) threads.push({ place: start, from: -1, to: -1 })
      const next: Thread[] = []
      const stack = threads.reverse()
      round++
      while (stack.length > 0) {
        const thread = stack.pop()!
        const { place, from, to } = thread
        if (seen[place] === round) continue
        seen[place] = round
        work.steps++
        const one = instructions[place]!
        if (one.op === 'match') {
          match = thread
          break // what comes after it is preferred less
        }
        if (one.op === 'split') stack.push({ place: one.other, from, to }, { place: one.next, from, to })
        else if (one.op === 'save')
          stack.push(one.slot % 2 === 0 ? { place: one.next, from: index, to } : { place: one.next, from, to: index })
        else if (one.op === 'assert') {
          if (HOLDS[one.what](before, after)) stack.push({ place: one.next, from, to })
        } else if (point >= 0 && contains(one.points, point)) next.push({ place: one.next, from, to })
      }
      checkWork(work, limit)
      threads = next
      before = after
      index += point > 0xffff ? 2 : 1
      if (match && threads.length === 0) break
    }
    return match && match.from >= 0 && match.to >= match.from ? text.slice(match.from, match.to) : undefined
  }
}

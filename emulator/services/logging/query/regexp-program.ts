// A regular expression as instructions of a machine that is in many places at once (Thompson's construction;
// https://swtch.com/~rsc/regexp/regexp2.html). It never goes back in the text, so that no pattern of a client can hang the process.
import type { CodePoints } from './code-points.ts'
import { type Assertion, type Pattern, parsePattern } from './regexp-parser.ts'

export type Instruction =
  | { op: 'set'; points: CodePoints; next: number }
  | { op: 'split'; next: number; other: number }
  | { op: 'assert'; what: Assertion; next: number }
  /** A group begins (even slot) or ends here. */
  | { op: 'save'; slot: number; next: number }
  | { op: 'match' }

export interface Program {
  readonly instructions: readonly Instruction[]
  readonly start: number
  /** How many capturing groups there are. */
  readonly groups: number
}

const MAX_INSTRUCTIONS = 2500
/** Repetitions of nothing add no instruction, but would take their time. */
const MAX_VISITS = 25_000

/** Throws an Error with RE2's words for what is no regular expression of its syntax. */
export function compilePattern(text: string): Program {
  const { pattern, groups } = parsePattern(text)
  const instructions: Instruction[] = []
  let visits = 0

  function emit(instruction: Instruction): number {
    if (instructions.length === MAX_INSTRUCTIONS) throw new Error('pattern too large - compile failed')
    return instructions.push(instruction) - 1
  }

  function split(first: number, second: number, lazy: boolean): number {
    return emit({ op: 'split', next: lazy ? second : first, other: lazy ? first : second })
  }

  /** The place at which `node` begins that goes on at `next`. */
  function build(node: Pattern, next: number): number {
    if (++visits > MAX_VISITS) throw new Error('pattern too large - compile failed')
    return (BUILD[node.type] as (node: Pattern, next: number) => number)(node, next)
  }

  function star(of: Pattern, next: number, lazy: boolean): number {
    const loop = split(next, next, lazy)
    const body = build(of, loop)
    const instruction = instructions[loop] as Extract<Instruction, { op: 'split' }>
    if (lazy) instruction.other = body
    else instruction.next = body
    return loop
  }

  const BUILD: { [T in Pattern['type']]: (node: Extract<Pattern, { type: T }>, next: number) => number } = {
    set: ({ points }, next) => emit({ op: 'set', points, next }),
    assert: ({ what }, next) => emit({ op: 'assert', what, next }),
    concat: ({ of }, next) => of.reduceRight((after, item) => build(item, after), next),
    alternate: ({ of }, next) =>
      of.slice(0, -1).reduceRight((other, branch) => split(build(branch, next), other, false), build(of.at(-1)!, next)),
    group: ({ of, index }, next) => {
      const end = emit({ op: 'save', slot: 2 * index + 1, next })
      return emit({ op: 'save', slot: 2 * index, next: build(of, end) })
    },
    repeat: ({ of, min, max, lazy }, next) => {
      let place = next
      if (max === Number.POSITIVE_INFINITY) place = star(of, next, lazy)
      else for (let count = min; count < max; count++) place = split(build(of, place), next, lazy)
      for (let count = 0; count < min; count++) place = build(of, place)
      return place
    },
  }

  const match = emit({ op: 'match' })
  return { start: build(pattern, match), instructions, groups }
}

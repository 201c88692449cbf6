// Reads a seed file: YAML 1.2, so JSON too.
import { readFileSync } from 'node:fs'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { StartError } from './core/database.ts'
import { type SeedValue, seedError } from './seed-value.ts'

/** What a seed file holds, given as text. */
export interface SeedText {
  yaml: string
}

/** The file with `project` in place of each `${project}`. `name` stands in messages. Throws StartError if it cannot be read or parsed. */
export function readSeedFile(path: string, project: string, name = path): SeedValue {
  return readSeedText({ yaml: readText(path) }, project, name)
}

/** The same for text that is in no file. */
export function readSeedText({ yaml }: SeedText, project: string, name = 'seed'): SeedValue {
  return parseSeed(
    name,
    yaml.replace(/\$\{project\}/g, () => project),
  )
}

function readText(file: string) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`The seed file cannot be read (${(error as Error).message}): give another with --seed.`)
  }
}

/** A few lines of aliases of aliases can stand for more values than fit in memory. */
const MAX_ALIASED = 10_000

function parseSeed(file: string, text: string): SeedValue {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineOf = (offset = 0) => lines.linePos(offset).line || 1
  for (const { message, pos } of [...document.errors, ...document.warnings])
    throw seedError({ file, line: lineOf(pos[0]), path: '' }, message)
  const open = new Set<unknown>()
  let aliased = 0

  function read(found: unknown, line: number, path: string, inAlias = false): SeedValue {
    const isCopy = inAlias || isAlias(found)
    const node = isAlias(found) ? found.resolve(document) : (found as Node | null | undefined)
    if (isAlias(found) && (!node || open.has(node)))
      throw seedError({ file, line, path }, `*${found.source} stands for nothing: no &${found.source} ends before it.`)
    if (isCopy && ++aliased > MAX_ALIASED)
      throw seedError({ file, line, path }, `the aliases of the file stand for more than ${MAX_ALIASED} values.`)
    open.add(node)
    const member = (key: string, child: unknown, at: unknown): [string, SeedValue] => {
      const start = (at as Node).range?.[0]
      return [key, read(child, start === undefined ? line : lineOf(start), path ? `${path}.${key}` : key, isCopy)]
    }
    let value: unknown = isScalar(node) ? node.value : null
    let members: SeedValue['members'] = []
    if (isMap(node)) {
      members = node.items.map(({ key, value }) => member(keyText(key), value, key))
      value = Object.fromEntries(members.map(([key, { value }]) => [key, value]))
    } else if (isSeq(node)) {
      members = node.items.map((item, index) => member(String(index), item, item))
      value = members.map(([, { value }]) => value)
    }
    open.delete(node)
    return { file, line, path, value, members }
  }

  return read(document.contents, lineOf(document.contents?.range?.[0]), '')
}

/** A key as it is written: `1` and `true` are ids too. */
const keyText = (key: unknown) => (isScalar(key) ? (key.source ?? String(key.value)) : String(key))

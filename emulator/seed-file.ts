// A seed file as a tree that remembers where everything stands, so that a mistake can be named by line and path.
import { readFileSync } from 'node:fs'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { StartError } from './core/database.ts'

export interface SeedValue {
  file: string
  line: number
  /** `projects.my-app-prod.policy`; empty for the whole file. */
  path: string
  /** What YAML says there, as JavaScript. */
  value: unknown
  /** What a mapping has by key, a sequence by index ("0", "1" …), in the order of the file. */
  members: Map<string, SeedValue>
}

/** One sentence that names the place; it stops the start. */
export const seedError = ({ file, line, path }: Pick<SeedValue, 'file' | 'line' | 'path'>, message: string) =>
  new StartError(`${file}:${line}: ${path && `${path}: `}${message.replace(/\s*\n\s*/g, ' ')}`)

/** Reads the file (YAML 1.2, so JSON too), `${project}` replaced wherever it stands. Throws StartError for a file that cannot be read or parsed. */
export function readSeedFile(file: string, project: string): SeedValue {
  const lines = new LineCounter()
  const text = readText(file).replaceAll(/\$\{project\}/g, () => project)
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineOf = (offset = 0) => lines.linePos(offset).line || 1
  for (const { message, pos } of [...document.errors, ...document.warnings])
    throw seedError({ file, line: lineOf(pos[0]), path: '' }, message)

  const open = new Set<unknown>()

  function read(found: unknown, line: number, path: string): SeedValue {
    const node = isAlias(found) ? found.resolve(document) : (found as Node | null | undefined)
    if (isAlias(found) && (!node || open.has(node)))
      throw seedError({ file, line, path }, `*${found.source} stands for nothing: no &${found.source} ends before it.`)
    open.add(node)
    const members = new Map<string, SeedValue>()
    const add = (key: string, child: unknown, at: unknown) => {
      const start = (at as Node).range?.[0]
      members.set(key, read(child, start === undefined ? line : lineOf(start), path ? `${path}.${key}` : key))
    }
    if (isMap(node)) for (const { key, value } of node.items) add(keyText(key), value, key)
    if (isSeq(node)) for (const [index, item] of node.items.entries()) add(String(index), item, item)
    const value = isMap(node)
      ? Object.fromEntries([...members].map(([key, member]) => [key, member.value]))
      : isSeq(node)
        ? [...members.values()].map((member) => member.value)
        : isScalar(node)
          ? node.value
          : null
    open.delete(node)
    return { file, line, path, value, members }
  }

  /** A key as it is written: `1` and `true` are ids too. */
  const keyText = (key: unknown) => (isScalar(key) ? (key.source ?? String(key.value)) : String(key))

  return read(document.contents, lineOf(document.contents?.range?.[0]), '')
}

function readText(file: string) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`The seed file cannot be read (${(error as Error).message}): give another with --seed.`)
  }
}

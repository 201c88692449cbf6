// Reads the shell commands that the documentation tells its readers to type.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './emulator.ts'

/** The address that the documentation uses, which a test replaces by its own emulator's. */
export const DOCUMENTED_URL = 'http://127.0.0.1:9080'

/** The text below a heading of level 2, up to the next one. */
export function section(file: string, heading: string): string {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`${file} has no heading "## ${heading}"`)
  return found
}

/** The fenced blocks of a language; '' for those that name none. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, found]) => found === language).map(([, , block]) => block!)

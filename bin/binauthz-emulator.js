#!/usr/bin/env node
// Checks the Node version before anything else is loaded, and that there is something to load.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { nodeProblem } from './node-version.cjs'

const main = new URL('../dist/main.js', import.meta.url)
const problem = nodeProblem
  ? `${nodeProblem}: run it by npm start in its folder, or update Node.`
  : !existsSync(main) && 'binauthz-emulator is not built: run npm run build in its folder.'
if (problem) {
  process.stderr.write(`${problem}\n`)
  process.exit(1)
}
// compiled once, a start takes half the time; where the folder cannot be written all goes on without
module.enableCompileCache?.(fileURLToPath(new URL('../.compile-cache', import.meta.url)))
await import(main.href)

// npm does not keep `"gypfile": false` of better-sqlite3 in the lock file, and then `npm ci` runs `node-gyp rebuild`,
// which fails on a machine without python. The package carries its addons, so nothing has to be built: write it again.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
lock.packages['node_modules/better-sqlite3'].gypfile = false
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)

// One bundle, because 150 small files cost ten times the start-up of one. `--if-stale`: only where there is none, or an older one.
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = resolve(root, 'dist')
if (process.argv.includes('--if-stale') && isFresh()) process.exit(0)

/** Is the bundle newer than all that it is made of? */
function isFresh() {
  const built = statSync(resolve(dist, 'main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = globSync(['emulator/**/*.ts', 'build/*.ts', 'seed/*.yaml', 'package.json'], { cwd: root })
  return sources.every((file) => statSync(resolve(root, file)).mtimeMs < built)
}

const { build } = await import('esbuild')
const { demoSeed } = await import('../emulator/demo-seed.ts')

/** In the bundle `import.meta.url` would name the bundle; files read at run time stand beside the sources, in the package too. */
const keepFileUrls: Plugin = {
  name: 'keep-file-urls',
  setup(build) {
    build.onLoad({ filter: /emulator\/.*\.ts$/ }, ({ path }) => {
      const here = JSON.stringify(relative(dist, path))
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL(${here}, import.meta.url).href`)
      return { contents, loader: 'ts' }
    })
  },
}

/** The demo as the tree that its YAML is, so that a start with it needs no YAML parser. */
const parsedDemo: Plugin = {
  name: 'parsed-demo',
  setup(build) {
    build.onLoad({ filter: /emulator\/demo-seed\.ts$/ }, () => {
      const tree = JSON.stringify(JSON.stringify(demoSeed('project-of-the-demo')))
      return { contents: `export const demoSeed = (project) => JSON.parse(${tree}.replaceAll('project-of-the-demo', project))` }
    })
  },
}

/** An ES import of a module of Node reads all that it exports, and an export of node:http (WebSocket) is the whole of undici, which takes as
 * long to load as Node itself. A `require` reads nothing. */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup(build) {
    const namespace = 'builtin'
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace } : { path, external: true },
    )
    build.onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  },
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'emulator/main.ts' },
  outdir: dist,
  bundle: true,
  splitting: true, // what is imported lazily stays in a file of its own, read when first needed
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: ['better-sqlite3', 'piscina'],
  banner: { js: `import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);` },
  legalComments: 'none',
  plugins: [parsedDemo, keepFileUrls, requireBuiltins],
  write: false,
})
rmSync(dist, { recursive: true, force: true }) // names of parts have hashes, so old ones would stay
mkdirSync(dist)
for (const { path, contents } of outputFiles) writeFileSync(path, contents)

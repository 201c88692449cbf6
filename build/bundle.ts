// The command line and the library, each as a bundle with all that it needs: 150 small files cost ten times the start-up of one, and a
// package without dependencies has nothing that npm would have to build. `--if-stale`: only where there is none, or an older one.
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'

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

/** In a bundle `import.meta.url` would name the bundle; files read at run time stand beside the sources, in the package too. `bundleUrl` is
 * defined by the banner of each format. */
const keepFileUrls: Plugin = {
  name: 'keep-file-urls',
  setup(build) {
    build.onLoad({ filter: /emulator\/.*\.ts$/ }, ({ path }) => {
      const here = JSON.stringify(relative(dist, path))
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL(${here}, bundleUrl).href`)
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

/** What stands in files of its own beside the bundles: SQLite's addons, and piscina, which threads load as a file. */
const FILES = ['better-sqlite3/prebuilds/*.node', 'piscina/package.json', 'piscina/dist/**/*.js', 'piscina/dist/esm-wrapper.mjs']

const besideTheBundle: Plugin = {
  name: 'beside-the-bundle',
  setup(build) {
    build.onLoad({ filter: /better-sqlite3\/lib\/binding\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8')
      const here = `require('node:url').fileURLToPath(new URL('better-sqlite3/lib', bundleUrl))`
      return { contents: contents.replaceAll('__dirname', here) }
    })
    const piscina = build.initialOptions.format === 'esm' ? 'esm-wrapper.mjs' : 'main.js'
    build.onResolve({ filter: /^piscina$/ }, () => ({ path: `./piscina/dist/${piscina}`, external: true }))
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

const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node22',
  legalComments: 'none',
  metafile: true,
  write: false,
} satisfies BuildOptions
const results = await Promise.all([
  build({
    ...common,
    entryPoints: { main: 'emulator/main.ts' },
    format: 'esm',
    splitting: true, // what is imported lazily stays in a file of its own, read when first needed
    banner: {
      js: `import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url), bundleUrl = import.meta.url;`,
    },
    plugins: [parsedDemo, keepFileUrls, besideTheBundle, requireBuiltins],
  }),
  build({
    ...common,
    entryPoints: { library: 'emulator/index.ts' },
    format: 'cjs', // test runners that know no ES modules can load it too
    outExtension: { '.js': '.cjs' },
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'bundleUrl' }, // of what is bundled from node_modules
    banner: { js: `const bundleUrl = require('node:url').pathToFileURL(__filename).href;` },
    plugins: [parsedDemo, keepFileUrls, besideTheBundle],
  }),
])

/** The licences of all that is bundled. */
function licences(): string {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs))
  const names = inputs.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  return [...new Set([...names, ...FILES.map((file) => dirname(file).split('/')[0])])]
    .filter((name) => name !== undefined)
    .sort()
    .map((name) => {
      const folder = resolve(root, 'node_modules', name)
      const { version, license } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'))
      const [file] = globSync('LICENSE*', { cwd: folder })
      return `${name} ${version}, ${license}\n\n${file ? readFileSync(resolve(folder, file), 'utf8').trim() : ''}\n`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}

const written = new Map<string, Uint8Array | string>([
  ...results.flatMap(({ outputFiles }) => outputFiles.map(({ path, contents }) => [relative(dist, path), contents] as const)),
  ['LICENSES.txt', licences()],
])
mkdirSync(dist, { recursive: true })
for (const [file, contents] of written) writeFileSync(resolve(dist, file), contents)
const copied = globSync(FILES, { cwd: resolve(root, 'node_modules') })
for (const file of copied) {
  const [from, to] = [resolve(root, 'node_modules', file), resolve(dist, file)]
  if (statSync(to, { throwIfNoEntry: false })?.mtimeMs === statSync(from).mtimeMs) continue
  rmSync(to, { force: true }) // an addon that a process has loaded must not change under it
  cpSync(from, to, { preserveTimestamps: true })
}
// names of parts have hashes, so old ones would stay
for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
  if (!written.has(file) && !copied.includes(file) && statSync(resolve(dist, file)).isFile()) rmSync(resolve(dist, file))

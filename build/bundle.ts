// One bundle, because 150 small files cost ten times the start-up of one. `--if-missing`: only where there is none.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = resolve(root, 'dist')
if (process.argv.includes('--if-missing') && existsSync(resolve(dist, 'main.js'))) process.exit(0)

const { build } = await import('esbuild')

/** In the bundle `import.meta.url` would name the bundle; files read at run time stand beside the sources, in the package too. */
const keepFileUrls = {
  name: 'keep-file-urls',
  setup(build: import('esbuild').PluginBuild) {
    build.onLoad({ filter: /emulator\/.*\.ts$/ }, ({ path }) => {
      const here = JSON.stringify(relative(dist, path))
      const contents = readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL(${here}, import.meta.url).href`)
      return { contents, loader: 'ts' }
    })
  },
}

/** An ES import of node:http reads all of its exports, and one of them (WebSocket) loads the whole of undici: as long as Node itself takes
 * to start. A `require` does not. */
const lazyHttp = {
  name: 'lazy-http',
  setup(build: import('esbuild').PluginBuild) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'lazy-http' } : { path, external: true },
    )
    build.onLoad({ filter: /./, namespace: 'lazy-http' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  },
}

rmSync(dist, { recursive: true, force: true })
await build({
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
  plugins: [keepFileUrls, lazyHttp],
})

// One bundle, because 150 small files cost ten times the start-up of one. `--if-missing`: only where there is none.
import { existsSync, readFileSync } from 'node:fs'
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
  plugins: [keepFileUrls],
})

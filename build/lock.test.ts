// What `npm ci` needs on a machine without python, make and compiler, whatever its platform and registry.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface LockedPackage {
  version?: string
  resolved?: string
  integrity?: string
  gypfile?: boolean
  optionalDependencies?: Record<string, string>
}

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const manifest = JSON.parse(read('package.json'))
const packages: Record<string, LockedPackage> = JSON.parse(read('package-lock.json')).packages

/** The entry that `name` is for the package at `path`: in its own node_modules, or in those of a folder above. */
function entryOf(path: string, name: string): LockedPackage | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const found = packages[`${folder && `${folder}/`}node_modules/${name}`]
    if (found || folder === '') return found
  }
}

test('better-sqlite3 has gypfile false, without which npm ci would run node-gyp', () => {
  expect(packages['node_modules/better-sqlite3']).toMatchObject({
    version: manifest.devDependencies['better-sqlite3'],
    gypfile: false,
  })
})

test('no entry names a registry: every machine uses its own', () => {
  expect(Object.keys(packages).filter((path) => packages[path]!.resolved !== undefined)).toEqual([])
  expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]*\.tgz/)
  expect(read('.npmrc').split('\n')).toContain('omit-lockfile-registry-resolved=true')
})

test('every entry has its checksum', () => {
  expect(Object.keys(packages).filter((path) => path !== '' && !packages[path]!.integrity)).toEqual([])
})

test('the packages of all platforms are there, in the versions that are asked for', () => {
  const parents = Object.entries(packages).filter(([, { optionalDependencies }]) => optionalDependencies)
  const missing = parents.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name, range]) => {
        const version = entryOf(path, name)?.version
        return version === undefined || (/^\d/.test(range) && version !== range)
      })
      .map(([name, range]) => `${name}@${range} of ${path}`),
  )
  expect(missing).toEqual([])
  expect(parents.map(([path]) => path)).toEqual(
    expect.arrayContaining(['@biomejs/biome', '@bufbuild/buf', 'esbuild', 'rolldown'].map((name) => `node_modules/${name}`)),
  )
})

test('versions in package.json are exact, and the ones of the lock file', () => {
  const { devDependencies } = manifest
  for (const [name, version] of Object.entries(devDependencies)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(packages[`node_modules/${name}`]?.version).toBe(version)
  }
  expect(packages['']).toMatchObject({ version: manifest.version, devDependencies })
})

test('the package has no dependencies, so that an npm which installs it has nothing to fetch or build', () => {
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'])
    expect(manifest).not.toHaveProperty(kind)
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([])
})

test('the package has every file that is read at run time', () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const packed = new Set(
    globSync(manifest.files as string[], { cwd: root }).flatMap((path) => [path, ...globSync(`${path}/**`, { cwd: root })]),
  )
  const read = ['emulator/**/migrations/*.sql', 'emulator/gen/*.{binpb,json}', 'emulator/**/*.js', 'openapi/*.yaml', 'bin/*']
  expect(globSync(read, { cwd: root }).filter((path) => !packed.has(path))).toEqual([])
})

test('npm start becomes the server, so that a signal to npm reaches it', () => {
  expect(manifest.scripts.start).toMatch(/^exec node bin\/binauthz-emulator\.js start$/)
})

// Who may import whom, how long a file may be, and where time, chance, SQL and the environment come from (ARCHITECTURE.md).
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Import {
  /** A path below the root for a file, else the name of the package. */
  to: string
  isType: boolean
}

interface Source {
  path: string
  text: string
  imports: Import[]
}

const FILES: Source[] = ['emulator', 'openapi', 'sdk-tests', 'bench', 'build', 'bin', 'demo']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
  .filter((path) => /\.(ts|js)$/.test(path) && !path.startsWith('emulator/gen/') && !path.includes('node_modules'))
  .sort()
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return { path, text, imports: importsOf(path, text) }
  })

function importsOf(path: string, text: string): Import[] {
  const statements = /^(?:import|export)\s+(?:(type)\s)?[^'"`;]*?from '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm
  return [...text.matchAll(statements)].map(([, type, from, lazy, bare]) => {
    const specifier = (from ?? lazy ?? bare)!
    return { to: specifier.startsWith('.') ? join(dirname(path), specifier) : specifier, isType: type !== undefined }
  })
}

const isTest = ({ path }: Source) =>
  path.endsWith('.test.ts') || path.startsWith('emulator/testing/') || path.startsWith('sdk-tests/')
const SOURCES = FILES.filter((file) => !isTest(file))

/** Services that call each other: they join the transaction of the caller. */
const ARROWS = [
  ['binaryauthorization', 'artifactregistry'],
  ['binaryauthorization', 'containeranalysis'],
  ['binaryauthorization', 'logging'],
  ['admission', 'binaryauthorization'],
  ['run', 'artifactregistry'],
  ['run', 'binaryauthorization'],
  ['run', 'orgpolicy'],
  ['resourcemanager', 'orgpolicy'],
  ['iam', 'credentials'],
  ['iam', 'orgpolicy'],
  ['binaryauthorization', 'container'],
  ['cloudbuild', 'artifactregistry'],
  ['cloudbuild', 'binaryauthorization'],
  ['cloudbuild', 'containeranalysis'],
  ['cloudbuild', 'kms'],
] as const

const SERVICE = ['emulator/core/*', 'emulator/mixins/*', 'emulator/gen/*', 'node:crypto']
const PROTOBUF = ['@bufbuild/protobuf', '@bufbuild/protobuf/wkt']
const SEED = [
  'emulator/access/groups.ts',
  'emulator/core/*',
  'emulator/gen/*',
  'emulator/seed*',
  'emulator/demo-seed.ts',
  'emulator/services/artifactregistry/index.ts',
  'emulator/services/kms/index.ts',
  'yaml',
  'node:*',
]

const ENTRANCE = [
  ...['emulator/app.ts', 'emulator/config.ts', 'emulator/core/*', 'emulator/env*', 'emulator/listen.ts', 'emulator/log.ts'],
  'node:*',
]

/** Beginning of a path → what files there may import beside their own folder. `type x`: its types alone. The first row that fits counts. */
const MAY_IMPORT: [from: string, to: string[]][] = [
  ['emulator/core/database.ts', ['node:fs', 'node:path', 'node:url', 'better-sqlite3']],
  ['emulator/core/', ['node:crypto', 'type better-sqlite3']],
  ['emulator/mixins/', ['emulator/core/*', 'emulator/gen/*']],
  ['emulator/services/kms/', [...SERVICE, 'node:os', 'node:util', 'node:worker_threads', 'piscina']],
  ['emulator/services/binaryauthorization/', [...SERVICE, 'node:timers/promises', 'openpgp']],
  ['emulator/services/logging/', [...SERVICE, 'node:timers/promises']],
  ['emulator/audit/', ['emulator/core/*', 'emulator/gen/*', 'emulator/mixins/*', 'emulator/services/logging/index.ts']],
  ['emulator/access/', ['emulator/core/*', 'emulator/mixins/*']],
  ['emulator/services/', SERVICE],
  ['emulator/transports/grpc/', ['emulator/core/*', 'emulator/transports/*', ...PROTOBUF, '@grpc/grpc-js', 'node:stream']],
  ['emulator/transports/tls/', ['emulator/core/*', 'node-forge', 'node:*']],
  ['emulator/transports/', ['emulator/core/*', 'emulator/gen/*', ...PROTOBUF, 'node:*']],
  ['emulator/console/', []],
  ['emulator/services.ts', ['emulator/core/*', 'emulator/services/*']],
  ['emulator/seed', SEED],
  ['emulator/demo-seed', SEED],
  ['emulator/log.ts', ['emulator/core/*']],
  ['emulator/config', ['emulator/config*', 'emulator/core/*', 'emulator/log.ts', 'node:*']],
  ['emulator/admin.ts', ['emulator/core/*', 'node:*']],
  ['emulator/authorities.ts', ['emulator/core/*']],
  ['emulator/deliveries.ts', ['emulator/core/*']],
  ['emulator/app.ts', ['emulator/*', 'node:*']],
  ['emulator/listen.ts', ['emulator/core/*', 'node:*']],
  ['emulator/endpoints.ts', ['emulator/core/*', 'node:*']],
  ['emulator/service-account.ts', ['node:*']],
  ['emulator/running.ts', ['emulator/config.ts', 'emulator/core/*', 'emulator/endpoints.ts', 'emulator/listen.ts', 'node:*']],
  [
    'emulator/env',
    ['emulator/config*', 'emulator/core/*', 'emulator/env*', 'emulator/running.ts', 'emulator/service-account.ts', 'node:*'],
  ],
  ['emulator/exec.ts', ['emulator/config*', 'emulator/core/*', 'emulator/env*', 'emulator/running.ts', 'node:*']],
  ['emulator/explain', ['emulator/config*', 'emulator/core/*', 'emulator/explain*', 'emulator/running.ts', 'node:*']],
  ['emulator/webhook', ['emulator/config*', 'emulator/core/*', 'emulator/running.ts', 'emulator/webhook*', 'node:*']],
  [
    'emulator/main.ts',
    [
      ...ENTRANCE,
      ...['emulator/endpoints.ts', 'emulator/exec.ts', 'emulator/explain*', 'emulator/running.ts', 'emulator/webhook.ts'],
    ],
  ],
  ['emulator/index.ts', [...ENTRANCE, 'type bin/library.cjs']],
  ['openapi/', ['emulator/services.ts', 'emulator/core/*', ...PROTOBUF, 'openapi-typescript', 'yaml', 'node:*']],
  ['build/', ['emulator/demo-seed.ts', 'esbuild', 'node:*']],
  ['bin/', ['dist/*', 'node:*']],
  ['bench/', ['@grpc/grpc-js', 'node:*']],
  ['demo/', ['node:*']],
]

const serviceOf = (path: string) => /^emulator\/services\/([^/]+)\//.exec(path)?.[1]

function mayImport({ path }: Source, { to, isType }: Import): boolean {
  if (to.startsWith('emulator/testing/') || to.endsWith('.test.ts')) return false
  const service = serviceOf(path)
  const folder = service
    ? `emulator/services/${service}`
    : path
        .split('/')
        .slice(0, path.startsWith('emulator/') ? 2 : 1)
        .join('/')
  if (to.startsWith(`${folder}/`)) return true
  if (ARROWS.some(([from, other]) => service === from && to === `emulator/services/${other}/index.ts`)) return true
  const targets = MAY_IMPORT.find(([prefix]) => path.startsWith(prefix))?.[1] ?? []
  return targets.some((target) => {
    const name = target.replace(/^type /, '')
    const fits = name.endsWith('*') ? to.startsWith(name.slice(0, -1)) : to === name
    return fits && (isType || name === target)
  })
}

test('every file imports only what its place allows', () => {
  const refused = SOURCES.flatMap((file) =>
    file.imports.filter((imported) => !mayImport(file, imported)).map(({ to }) => `${file.path} → ${to}`),
  )
  expect(refused).toEqual([])
})

test('every folder with sources has a row in the table', () => {
  expect(SOURCES.filter(({ path }) => !MAY_IMPORT.some(([prefix]) => path.startsWith(prefix))).map(({ path }) => path)).toEqual(
    [],
  )
})

test('real clients import nothing of the emulator', () => {
  const refused = FILES.filter(({ path }) => path.startsWith('sdk-tests/')).flatMap((file) =>
    file.imports.filter(({ to }) => /^(emulator|openapi|build|bin|dist)\//.test(to)).map(({ to }) => `${file.path} → ${to}`),
  )
  expect(refused).toEqual([])
})

test('no file imports itself by way of others', () => {
  const edges = new Map(SOURCES.map(({ path, imports }) => [path, imports.filter(({ isType }) => !isType).map(({ to }) => to)]))
  const done = new Set<string>()
  const cycles: string[] = []
  function walk(path: string, above: string[]) {
    if (above.includes(path)) cycles.push([...above.slice(above.indexOf(path)), path].join(' → '))
    else if (!done.has(path)) {
      for (const to of edges.get(path) ?? []) walk(to, [...above, path])
      done.add(path)
    }
  }
  for (const path of edges.keys()) walk(path, [])
  expect(cycles).toEqual([])
})

test('services call each other without cycles', () => {
  const reaches = (from: string, to: string): boolean => ARROWS.some(([a, b]) => a === from && (b === to || reaches(b, to)))
  expect(ARROWS.filter(([from]) => reaches(from, from))).toEqual([])
})

/** Files that are a table and may be longer. */
const TABLES: string[] = ['emulator/services/iam/predefined-roles.ts']

test('no source is longer than 300 lines, no test longer than 600', () => {
  const long = FILES.map((file) => ({ ...file, lines: file.text.split('\n').length - 1 }))
    .filter((file) => file.lines > (isTest(file) ? 600 : 300) && !TABLES.includes(file.path))
    .map(({ path, lines }) => `${path}: ${lines} lines`)
  expect(long).toEqual([])
})

const EMULATED = /^emulator\/(core|mixins|services|transports)\//

/** What only some files may use, each with those that may. Comments do not count. */
const RESERVED: [what: string, pattern: RegExp, within: RegExp, except: string[]][] = [
  ['the environment', /\bprocess\.env\b/, /^emulator\//, ['emulator/config.ts']],
  ['the time of day', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b/, EMULATED, ['emulator/core/clock.ts']],
  ['timers', /\bset(Timeout|Interval|Immediate)\(/, EMULATED, ['emulator/transports/port.ts']],
  ['chance', /\bMath\.random\b|\brandomUUID\b/, /^emulator\//, ['emulator/core/ids.ts']],
  ['SQL', /\bdb\s*\.(prepare|exec|pragma)\(/, /^emulator\/services\//, ['store.ts']],
]

const withoutComments = (text: string) => text.replace(/^\s*(\/\/|\*|\/\*).*$|\s\/\/ .*$/gm, '')

test.each(RESERVED)('%s: only where it belongs', (_, pattern, within, except) => {
  const users = SOURCES.filter(({ path, text }) => within.test(path) && pattern.test(withoutComments(text))).map(
    ({ path }) => path,
  )
  expect(users.filter((path) => !except.some((allowed) => path.endsWith(allowed)))).toEqual([])
})

test('every exception that is allowed is used', () => {
  for (const [what, pattern, , except] of RESERVED)
    for (const file of except)
      expect(
        SOURCES.some(({ path, text }) => path.endsWith(file) && pattern.test(text)),
        `${file}: ${what}`,
      ).toBe(true)
  for (const [from, to] of ARROWS)
    expect(
      SOURCES.some(
        ({ path, imports }) => serviceOf(path) === from && imports.some((one) => one.to.startsWith(`emulator/services/${to}/`)),
      ),
      `${from} → ${to}`,
    ).toBe(true)
})

// The package as a user installs it: packed, and installed into a project of its own by an npm that finds no python, no compiler and no
// registry. What is fetched is another Node and jest, which the suite does without where there is no registry.
import { readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandResult, run, succeed, temporaryFolder } from './commands.ts'
import { ROOT } from './emulator.ts'
import { blocks, section } from './markdown.ts'
import { gpgHome } from './signers.ts'

const JEST = 'jest@30.5.2'
const OTHER_NODE = `node-${process.platform}-${process.arch}@22.23.3`

const project = temporaryFolder()
const tools = temporaryFolder()
const home = temporaryFolder()
const installed = join(project, 'node_modules/binauthz-emulator')
const file = (name: string, text: string) => writeFileSync(join(project, name), text)

/** Runs a program in the project, where the PATH has node, npm and a shell. */
const inProject = (program: string, ...args: string[]): Promise<CommandResult> =>
  run(program, args, { cwd: project, env: { PATH: tools, HOME: home, TMPDIR: home } })

/** The files of a program that is run by its name, links followed. */
const whereIs = (program: string) =>
  realpathSync(
    (process.env.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, program))
      .find(isInstalledAt)!,
  )
const isInstalledAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile()

/** Installs packages of the registry aside; false, and one line that says so, where that fails. */
async function fetchPackages(folder: string, ...packages: string[]): Promise<boolean> {
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  const args = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0', ...packages]
  const { code } = await run('npm', args, { cwd: folder })
  if (code !== 0) process.stderr.write(`${packages} cannot be had from a registry: what needs it is skipped\n`)
  return code === 0
}

const other = temporaryFolder()
const withOtherNode = await fetchPackages(other, OTHER_NODE)
const NODES = [
  ['this Node', process.execPath],
  ...(withOtherNode ? [['Node 22', join(other, 'node_modules', OTHER_NODE.split('@')[0]!, 'bin/node')]] : []),
] as [string, string][]

let install: CommandResult
let pgp: Awaited<ReturnType<typeof gpgHome>>
afterAll(() => pgp.close())

beforeAll(async () => {
  pgp = await gpgHome('rsa2048')
  file('key.asc', pgp.armored)
  await succeed(process.execPath, ['build/bundle.ts', '--if-stale'], { cwd: ROOT })
  await succeed('npm', ['pack', '--ignore-scripts', '--pack-destination', home], { cwd: ROOT })
  const [tarball] = readdirSync(home).filter((name) => name.endsWith('.tgz'))
  symlinkSync(process.execPath, join(tools, 'node'))
  for (const program of ['npm', 'sh', 'env']) symlinkSync(whereIs(program), join(tools, program))
  file('package.json', '{"name": "a-users-project", "private": true}')
  const flags = ['--offline', '--ignore-scripts=false', '--foreground-scripts', '--no-audit', '--no-fund']
  install = await inProject('npm', 'install', ...flags, join(home, tarball!))
})

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)

test('npm installs it without a registry, runs nothing, and installs nothing else', async () => {
  expect(install.code, install.stderr).toBe(0)
  expect(install.stdout).not.toMatch(/^> /m) // the line before the output of a script
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['binauthz-emulator'])
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'))
  expect(Object.keys(packages)).toEqual(['', 'node_modules/binauthz-emulator'])
  expect(packages['node_modules/binauthz-emulator']).not.toHaveProperty('hasInstallScript')
  const ci = await inProject('npm', 'ci', '--offline', '--ignore-scripts=false', '--foreground-scripts', '--no-audit')
  expect(ci.code, ci.stderr).toBe(0)
  expect(ci.stdout).not.toMatch(/^> /m)
})

test('it has addons for eight platforms, all licences, and not the sources of SQLite', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(files.filter((name) => name.endsWith('.node'))).toHaveLength(8)
  expect(files.filter((name) => /\.(c|cpp|h|gyp|map)$|\.test\.|node_modules/.test(name))).toEqual([])
  const licences = readFileSync(join(installed, 'dist/LICENSES.txt'), 'utf8')
  expect([...licences.matchAll(/^(\S+) \d+\.\d+\.\d+, /gm)].map(([, name]) => name)).toEqual(
    expect.arrayContaining(['@bufbuild/protobuf', '@grpc/grpc-js', 'better-sqlite3', 'node-forge', 'openpgp', 'piscina', 'yaml']),
  )
  expect(sizeOf(installed)).toBeLessThan(32_000_000)
})

/** Uses what `startEmulator` gives: the demo, an RSA signature (in a thread), a PGP key, a seed in YAML, reset, env, close. */
const use = (report: string) => `
  const yaml = 'projects:\\n  my-app-prod:\\n    notes: {n: {attestation: {hint: {humanReadableName: N}}}}\\n'
  const [demo, seeded] = await Promise.all([startEmulator(), startEmulator({ seed: yaml })])
  async function call({ url }, method, path, body) {
    const answer = await fetch(url + '/v1/projects/my-app-prod/' + path, { method, body: body && JSON.stringify(body) })
    return answer.json()
  }
  const { attestors } = await call(demo, 'GET', 'attestors')
  await call(demo, 'POST', 'locations/global/keyRings?keyRingId=r')
  const template = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'RSA_SIGN_PSS_2048_SHA256' } }
  await call(demo, 'POST', 'locations/global/keyRings/r/cryptoKeys?cryptoKeyId=k', template)
  const version = 'locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'
  const { signature } = await call(demo, 'POST', version + ':asymmetricSign', { data: 'AAAA' })
  await demo.reset()
  const { keyRings = [] } = await call(demo, 'GET', 'locations/global/keyRings')
  const { userOwnedGrafeasNote } = await call(seeded, 'POST', 'attestors?attestorId=a', {
    name: 'projects/my-app-prod/attestors/a',
    userOwnedGrafeasNote: {
      noteReference: 'projects/my-app-prod/notes/n',
      publicKeys: [{ asciiArmoredPgpPublicKey: require('node:fs').readFileSync('key.asc', 'utf8') }],
    },
  })
  const proxy = 'http://' + demo.env.CLOUDSDK_PROXY_ADDRESS + ':' + demo.env.CLOUDSDK_PROXY_PORT
  await Promise.all([demo.close(), seeded.close()])
  const [{ id }] = userOwnedGrafeasNote.publicKeys
  ;${report}([attestors.length, signature.length, keyRings.map(({ name }) => name.split('/').at(-1)), id, proxy === demo.url])
`
const used = () => [1, 344, [], pgp.fingerprint, true]

describe.each(NODES)('with %s', (_, node) => {
  test('import and require give the library, and a program that has closed its emulators ends', async () => {
    const print = use('((found) => console.log(JSON.stringify(found)))')
    const createRequire = "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)"
    file('use.mjs', `import { startEmulator } from 'binauthz-emulator'\n${createRequire}\n${print}`)
    file('use.cjs', `const { startEmulator } = require('binauthz-emulator')\n;(async () => {${print}})()`)
    for (const name of ['use.mjs', 'use.cjs'])
      expect(await inProject(node, name)).toMatchObject({ code: 0, stdout: `${JSON.stringify(used())}\n`, stderr: '' })
  })

  test('the command serves, and runs another', async () => {
    const bin = join(installed, 'bin/binauthz-emulator.js')
    const script = `fetch(process.env.BINAUTHZ_EMULATOR_URL + '/_emulator/readyz').then((answer) => process.exit(answer.status - 199))`
    expect(await inProject(node, bin, 'exec', '--', node, '-e', script)).toMatchObject({ code: 1, stdout: '', stderr: '' })
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(await inProject(node, bin, '--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})

test('an older Node is told so by import and by require, before anything else is loaded', async () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  file('import.mjs', "await import('binauthz-emulator')")
  file('require.cjs', "require('binauthz-emulator')")
  for (const name of ['import.mjs', 'require.cjs']) {
    const { code, stderr } = await inProject(process.execPath, '--import', `data:text/javascript,${older}`, name)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: binauthz-emulator needs Node 22 or newer, this is v.*: update Node\.$/m)
  }
})

const example = (heading: string, language: string) => blocks(section('docs/testing.md', heading), language)[0]!

describe('the examples of the guide', () => {
  const link = (name: string) => symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))

  test('run in vitest', async () => {
    link('vitest')
    file('example.test.ts', example('vitest', 'ts'))
    file('vitest.config.js', 'export default {}')
    const { code, stdout } = await inProject(
      process.execPath,
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      project,
    )
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/Tests .*2 passed/)
  })

  test('are typed, for ES modules and for CommonJS', async () => {
    file(
      'cjs.cts',
      "import { startEmulator } from 'binauthz-emulator'\nstartEmulator({ now: () => 1 }).then((one) => one.close())",
    )
    file('wrong.mts', "import { startEmulator } from 'binauthz-emulator'\nawait startEmulator({ sead: false })")
    file('esm.mts', example('vitest', 'ts'))
    const check = (module: string, ...names: string[]) => {
      const flags = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2022,dom']
      return inProject(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, '--module', module, ...names)
    }
    expect(await check('nodenext', 'esm.mts', 'cjs.cts')).toMatchObject({ code: 0, stdout: '' })
    expect(await check('node16', 'cjs.cts')).toMatchObject({ code: 0, stdout: '' })
    expect((await check('nodenext', 'wrong.mts')).stdout).toMatch(/^wrong\.mts\(2,23\): error TS2353: .*'sead' does not exist/)
  })

  test('run in node:test', async (context) => {
    if (Number(process.versions.node.split('.')[0]) < 24) context.skip('await using is not known to older ones')
    file('example.mjs', example('node:test', 'js'))
    const { code, stdout } = await inProject(process.execPath, '--test', 'example.mjs')
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/^(#|ℹ) pass 1$/m)
  })

  test('run in jest, each file with an emulator of its own', async (context) => {
    const jest = temporaryFolder()
    if (!(await fetchPackages(jest, JEST))) context.skip('no registry')
    symlinkSync(installed, join(jest, 'node_modules/binauthz-emulator'))
    for (const name of ['one.test.js', 'two.test.js']) writeFileSync(join(jest, name), example('jest', 'js'))
    // threads and lazy parts work in jest's own module system too
    const expected = `((found) => expect(found).toEqual(${JSON.stringify(used())}))`
    const test = `test('use', async () => {${use(expected)}})`
    writeFileSync(join(jest, 'use.test.js'), `const { startEmulator } = require('binauthz-emulator')\n${test}`)
    writeFileSync(join(jest, 'key.asc'), pgp.armored)
    const { code, stderr } = await run(process.execPath, ['node_modules/jest/bin/jest.js', '--ci'], { cwd: jest })
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/^Tests: +3 passed, 3 total$/m)
    expect(stderr).not.toMatch(/did not exit|failed to exit/)
  })
})

import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { StartError } from './core/database.ts'
import { caFileOf, type Endpoints, readEndpoints, writeEndpoints } from './endpoints.ts'
import { commandLine, refusal } from './testing/command-line.ts'

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'endpoints-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const endpoints: Endpoints = { url: 'http://127.0.0.1:1', pid: process.pid, project: 'my-app-prod', caFile: null }
const endedPid = () => spawnSync('true').pid

test('--endpoints-file has url, pid, project and caFile when the URL is printed, for its owner alone, and goes with the emulator', async () => {
  const folder = newFolder()
  const file = join(folder, 'endpoints.json')
  writeFileSync(file, 'of another time', { mode: 0o644 })
  const { start } = commandLine(folder)
  const { url, process, end } = await start(['--port', '0', '--project', 'team-blue', '--endpoints-file', file])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url, pid: process.pid, project: 'team-blue', caFile: null })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await end('SIGINT')).toBe(0)
  expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([])
})

test('the CA of kept data is a file in them; that of an emulator in memory, or of a given certificate, is none', async () => {
  const folder = newFolder()
  const file = join(folder, 'endpoints.json')
  const args = ['--no-seed', '--port', '0', '--data', join(folder, 'data'), '--endpoints-file', file]
  const { url, end } = await commandLine(folder).start(args)
  const { caFile } = readEndpoints(file)!
  expect(caFile).toBe(join(folder, 'data', 'tls', 'ca.pem'))
  expect(existsSync(caFile!)).toBe(false)
  const ca = await (await fetch(`${url}/_emulator/ca.pem`)).text()
  expect(readFileSync(caFile!, 'utf8')).toBe(ca)
  await end('SIGTERM')
  expect(caFileOf({ data: undefined, cert: undefined })).toBe(null)
  expect(caFileOf({ data: folder, cert: 'cert.pem' })).toBe(null)
  expect(caFileOf({ data: 'data', cert: undefined })).toBe(resolve('data/tls/ca.pem'))
})

test('an emulator that listens at every address is reached at the loopback one', async () => {
  const folder = newFolder()
  const file = join(folder, 'endpoints.json')
  const { url, end } = await commandLine(folder).start(['--no-seed', '--port=0', '--host=0.0.0.0', `--endpoints-file=${file}`])
  const { port } = new URL(url)
  expect(readEndpoints(file)?.url).toBe(`http://127.0.0.1:${port}`)
  await end('SIGTERM')
})

test('a file that cannot be written is one line and exit code 1', async () => {
  const folder = newFolder()
  const file = join(folder, 'nowhere', 'endpoints.json')
  expect(await commandLine(folder).run(['--no-seed', '--port', '0', '--endpoints-file', file])).toEqual(
    refusal(/^binauthz-emulator: The endpoints file cannot be written \(ENOENT.*\): give another with --endpoints-file\.\n$/),
  )
})

test('without the setting the file is one of the user, which is done without where it cannot be written', async () => {
  const folder = newFolder()
  const { start } = commandLine(folder)
  const { url, end } = await start(['--no-seed', '--port', '0'])
  const [name] = readdirSync(folder).filter((name) => name.endsWith('.json'))
  expect(name).toBe(`binauthz-emulator-${process.getuid!()}.json`)
  expect(readEndpoints(join(folder, name!))?.url).toBe(url)
  await end('SIGTERM')
  expect(existsSync(join(folder, name!))).toBe(false)
  const homeless = await start(['--no-seed', '--port', '0'], { TMPDIR: join(folder, 'nowhere') })
  expect(await homeless.end('SIGTERM')).toBe(0)
})

test('the last one that was started has the file, and the first one leaves it alone when it ends', async () => {
  const folder = newFolder()
  const { start } = commandLine(folder)
  const file = join(folder, `binauthz-emulator-${process.getuid!()}.json`)
  const first = await start(['--no-seed', '--port', '0'])
  const second = await start(['--no-seed', '--port', '0'])
  expect(readEndpoints(file)?.url).toBe(second.url)
  await first.end('SIGTERM')
  expect(readEndpoints(file)?.url).toBe(second.url)
  await second.end('SIGTERM')
  expect(existsSync(file)).toBe(false)
})

test('a file that was left behind, says nothing readable or is not there tells of no emulator', () => {
  const file = join(newFolder(), 'endpoints.json')
  expect(readEndpoints(file)).toBe(undefined)
  const remove = writeEndpoints(file, endpoints)
  expect(readEndpoints(file)).toEqual(endpoints)
  for (const content of [JSON.stringify({ ...endpoints, pid: endedPid() }), '{"url":"http://127.0.0.1:1"}', '{', 'null', '']) {
    writeFileSync(file, content)
    expect(readEndpoints(file), content).toBe(undefined)
  }
  remove()
  expect(existsSync(file)).toBe(true)
})

test.skipIf(process.getuid?.() !== 0)('a file in the place of the user that belongs to another one is not believed', () => {
  vi.stubEnv('TMPDIR', newFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const remove = writeEndpoints(undefined, endpoints)
  expect(readEndpoints(undefined)).toEqual(endpoints)
  chownSync(join(tmpdir(), `binauthz-emulator-${process.getuid!()}.json`), 12345, 12345)
  expect(readEndpoints(undefined)).toBe(undefined)
  remove()
})

test('what a killed process has left half-written is replaced', () => {
  const folder = newFolder()
  const file = join(folder, 'endpoints.json')
  writeFileSync(`${file}.${process.pid}`, 'half')
  const remove = writeEndpoints(file, endpoints)
  expect(readdirSync(folder)).toEqual(['endpoints.json'])
  remove()
  expect(readdirSync(folder)).toEqual([])
  expect(() => writeEndpoints(join(folder, 'nowhere', 'file'), endpoints)).toThrow(StartError)
})

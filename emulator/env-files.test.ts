import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { choose } from './env-clients.ts'
import { cacheFolder, wiringOf } from './env-files.ts'

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'env-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A server that answers with this to the question for the CA. */
async function servingCa(answer: () => string, status = 200) {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/_emulator/ca.pem' ? status : 404).end(answer())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, project: 'team-blue' }
}

const pem = (content: string) => `-----BEGIN CERTIFICATE-----\n${content}\n-----END CERTIFICATE-----\n`
const nowhere = { url: 'http://127.0.0.1:1', project: 'team-blue' }

test('the files are in the cache of the user', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/binauthz-emulator')
  expect(cacheFolder({})).toBe(join(homedir(), '.cache', 'binauthz-emulator'))
})

test('the CA of an emulator has one file, which a new emulator at that address replaces', async () => {
  const folder = join(newFolder(), 'new')
  let content = 'first'
  const emulator = await servingCa(() => pem(content))
  const first = await wiringOf(choose({ client: ['go'] }), emulator, folder)
  content = 'second'
  const second = await wiringOf(choose({ client: ['terraform'], mode: 'takeover' }), emulator, folder)
  expect(second.caFile).toBe(first.caFile)
  expect(readFileSync(second.caFile!, 'utf8')).toBe(pem('second'))
  expect(statSync(second.caFile!).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(second.keyFile).toBe(undefined)
  const other = await wiringOf(choose({ client: ['go'] }), await servingCa(() => pem('other')), folder)
  expect(other.caFile).not.toBe(first.caFile)
  expect(readdirSync(folder).filter((name) => name.startsWith('ca-'))).toHaveLength(2)
})

test('as a proxy, the CA is there where the emulator gives one', async () => {
  const choices = choose({ client: ['gcloud'], mode: 'proxy' })
  const { caFile } = await wiringOf(choices, await servingCa(() => pem('proxy')), newFolder())
  expect(readFileSync(caFile!, 'utf8')).toBe(pem('proxy'))
  expect(await wiringOf(choices, await servingCa(() => 'no PEM'), newFolder())).not.toHaveProperty('caFile')
})

test('directly, nothing is fetched, and the key names the emulator itself for its tokens', async () => {
  const folder = newFolder()
  const { caFile, keyFile, gcloudFolder } = await wiringOf(choose({ client: ['python'], mode: 'direct' }), nowhere, folder, '/g')
  expect({ caFile, gcloudFolder }).toEqual({ caFile: undefined, gcloudFolder: '/g' })
  const key = JSON.parse(readFileSync(keyFile!, 'utf8'))
  expect(key).toMatchObject({ type: 'service_account', project_id: 'team-blue', token_uri: 'http://127.0.0.1:1/token' })
  expect(key.private_key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  expect(await wiringOf(choose({ client: ['gcloud', 'terraform', 'kubectl'] }), nowhere, folder)).toMatchObject({
    gcloudFolder: folder,
  })
  expect(readdirSync(folder)).toHaveLength(1)
})

test('a key that is there is kept, and made anew for another project or where it is none', async () => {
  const folder = newFolder()
  const idOf = async (project: string) => {
    const { keyFile } = await wiringOf(choose({ client: ['node'], mode: 'direct' }), { ...nowhere, project }, folder)
    return { keyFile: keyFile!, id: JSON.parse(readFileSync(keyFile!, 'utf8')).private_key_id }
  }
  const first = await idOf('team-blue')
  expect(await idOf('team-blue')).toEqual(first)
  expect((await idOf('team-red')).id).not.toBe(first.id)
  writeFileSync(first.keyFile, '{')
  expect((await idOf('team-red')).id).toMatch(/^[\da-f]{40}$/)
})

test('an emulator that gives no CA, or a folder that cannot be written, is one sentence', async () => {
  const choices = choose({ client: ['node'] })
  for (const emulator of [await servingCa(() => pem('x'), 404), await servingCa(() => 'no PEM'), nowhere])
    await expect(wiringOf(choices, emulator, newFolder())).rejects.toThrow(
      `The emulator at ${emulator.url} gives no CA, without which its TLS cannot be trusted: choose another --mode.`,
    )
  const file = join(newFolder(), 'file')
  writeFileSync(file, '')
  await expect(wiringOf(choose({ client: ['node'], mode: 'direct' }), nowhere, join(file, 'folder'))).rejects.toThrow(
    /cannot be written \(ENOTDIR.*\): give another folder with XDG_CACHE_HOME\.$/,
  )
})

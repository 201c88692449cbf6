import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
  await emulator.http('POST', '/storage/v1/b?project=my-app-prod', { name: 'my-app-prod_cloudbuild' })
})
afterAll(() => emulator.close())

const B = '/storage/v1/b/my-app-prod_cloudbuild'
const UPLOAD = '/upload/storage/v1/b/my-app-prod_cloudbuild/o'
const md5 = (text: string) => createHash('md5').update(text).digest('base64')

test('a bucket is made once, and is found by its name and among those of its project', async () => {
  expect((await emulator.http('GET', '/storage/v1/b/nowhere')).status).toBe(404)
  expect(await emulator.http('GET', B)).toMatchObject({
    status: 200,
    body: { kind: 'storage#bucket', name: 'my-app-prod_cloudbuild' },
  })
  expect((await emulator.http('POST', '/storage/v1/b?project=team-red', { name: 'my-app-prod_cloudbuild' })).status).toBe(409)
  const names = async (query: string) =>
    (await emulator.http('GET', `/storage/v1/b?${query}`)).body.items.map(({ name }: { name: string }) => name)
  expect(await names('project=my-app-prod&prefix=my-app&maxResults=1000')).toEqual(['my-app-prod_cloudbuild'])
  expect(await names('project=my-app-prod&prefix=other')).toEqual([])
  expect(await names('project=team-red')).toEqual([])
  for (const query of ['', 'project=my-app-prod&maxResults=-1', 'project=my-app-prod&maxResults=x'])
    expect((await emulator.http('GET', `/storage/v1/b?${query}`)).status).toBe(400)
})

const multipart = (content: string, lineBreak = '\r\n') =>
  [
    '--b',
    'Content-Type: application/json',
    '',
    '{"contentType":"application/gzip"}',
    '--b',
    'Content-Type: text/plain',
    '',
    content,
    '--b--',
    '',
  ].join(lineBreak)

test.each(['\r\n', '\n'])('an upload in two parts keeps the size and the hashes of the content: %j', async (lineBreak) => {
  const content = `first${lineBreak}--b is no boundary here --b${lineBreak}`
  const headers = { 'content-type': "multipart/related; boundary='b'" }
  const { status, body } = await emulator.http(
    'POST',
    `${UPLOAD}?uploadType=multipart&name=source%2Fa.tgz`,
    multipart(content, lineBreak).replace('--b is', '-- b is'),
    headers,
  )
  const stored = content.replace('--b is', '-- b is')
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      bucket: 'my-app-prod_cloudbuild',
      name: 'source/a.tgz',
      contentType: 'application/gzip',
      size: String(stored.length),
      md5Hash: md5(stored),
    },
  })
  expect((await emulator.http('GET', `${B}/o/source%2Fa.tgz`)).body).toEqual(body)
})

test('the checksum is CRC32C, big-endian', async () => {
  const { body } = await emulator.http('POST', `${UPLOAD}?uploadType=media&name=digits`, '123456789', {
    'content-type': 'text/plain',
  })
  expect(body).toMatchObject({ crc32c: '4waSgw==', contentType: 'text/plain' })
})

test('an upload by session is of one part', async () => {
  const start = await emulator.http(
    'POST',
    `${UPLOAD}?uploadType=resumable&name=big`,
    {},
    { 'x-upload-content-type': 'text/plain' },
  )
  const session = start.headers.get('location')!.replace(emulator.url, '')
  expect((await emulator.http('PUT', session, 'part', { 'content-range': 'bytes 0-3/8' })).body.error.status).toBe(
    'UNIMPLEMENTED',
  )
  const { body } = await emulator.http('PUT', session, 'whole', { 'content-range': 'bytes 0-4/5' })
  expect(body).toMatchObject({ name: 'big', contentType: 'text/plain', size: '5', md5Hash: md5('whole') })
  expect((await emulator.http('PUT', `${UPLOAD}?uploadType=resumable&upload_id=x`, 'whole')).status).toBe(404)
})

test('what is no upload is refused, and what is not there not found', async () => {
  const type = { 'content-type': 'multipart/related; boundary=b' }
  for (const [query, body, headers] of [
    ['uploadType=multipart&name=a', 'no parts', type],
    ['uploadType=multipart&name=a', multipart('x'), { 'content-type': 'application/json' }],
    ['uploadType=multipart&name=a', multipart('x').replace('{', 'null{'), type],
    ['uploadType=media', 'x', {}],
    ['uploadType=nothing&name=a', 'x', {}],
  ] as const)
    expect((await emulator.http('POST', `${UPLOAD}?${query}`, body, headers)).status).toBe(400)
  expect((await emulator.http('POST', '/upload/storage/v1/b/nowhere/o?uploadType=media&name=a', 'x')).status).toBe(404)
  expect((await emulator.http('GET', `${B}/o/nowhere`)).status).toBe(404)
})

test('a build has the generation and the hash of the archive that was uploaded for it, and an unknown one as it is named', async () => {
  const { body } = await emulator.http('POST', `${UPLOAD}?uploadType=media&name=s.tgz`, 'archive')
  const provenance = async (storageSource: object) => {
    const build = { steps: [{ name: 'a' }], source: { storageSource } }
    return (await emulator.http('POST', '/v1/projects/my-app-prod/builds', build)).body.metadata.build.id
  }
  const read = async (id: string) => (await emulator.http('GET', `/v1/projects/my-app-prod/builds/${id}`)).body.sourceProvenance
  const uri = `gs://my-app-prod_cloudbuild/s.tgz#${body.generation}`
  expect(await read(await provenance({ bucket: 'my-app-prod_cloudbuild', object: 's.tgz' }))).toEqual({
    resolvedStorageSource: { bucket: 'my-app-prod_cloudbuild', object: 's.tgz', generation: body.generation },
    fileHashes: { [uri]: { fileHash: [{ type: 'MD5', value: md5('archive') }] } },
  })
  const unknown = { bucket: 'other', object: 'x.tgz', generation: '7' }
  expect(await read(await provenance(unknown))).toEqual({ resolvedStorageSource: unknown })
})

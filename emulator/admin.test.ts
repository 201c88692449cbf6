import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from './testing/emulator.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator({ seed: undefined }) // the demo
})
afterAll(() => emulator.close())

const KEY = '/v1/projects/my-app-prod/locations/europe-west2/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key'

test('a running emulator is alive and ready', async () => {
  expect((await emulator.http('GET', '/_emulator/healthz')).body).toEqual({ status: 'SERVING' })
  expect((await emulator.http('GET', '/_emulator/readyz')).body).toEqual({ status: 'READY' })
})

test('a reset goes back to the seed: what was written is gone, what was changed is as before, keys included', async () => {
  const policy = (await emulator.http('GET', '/v1/projects/my-app-prod/policy')).body
  const publicKey = (await emulator.http('GET', `${KEY}/cryptoKeyVersions/1/publicKey`)).body
  await emulator.http('POST', '/v1/projects/my-app-prod/notes?noteId=mine', {
    attestation: { hint: { humanReadableName: 'mine' } },
  })
  await emulator.http('PUT', '/v1/projects/my-app-prod/policy', { ...policy, etag: '', description: 'changed' })
  for (let round = 0; round < 2; round++) {
    expect((await emulator.http('POST', '/_emulator/reset')).body).toEqual({})
    expect((await emulator.http('GET', '/v1/projects/my-app-prod/notes/mine')).status).toBe(404)
    expect((await emulator.http('GET', '/v1/projects/my-app-prod/notes/vulnerability-scan')).status).toBe(200)
    expect((await emulator.http('GET', '/v1/projects/my-app-prod/policy')).body.description).toBeUndefined()
  }
  // a first reset makes the keys of the seed, a later one has them again; here the start has made them
  expect((await emulator.http('GET', `${KEY}/cryptoKeyVersions/1/publicKey`)).body).toEqual(publicKey)
})

test('a reset with a body that says something is refused, and changes nothing', async () => {
  await emulator.http('POST', '/v1/projects/my-app-prod/notes?noteId=kept', {
    attestation: { hint: { humanReadableName: 'kept' } },
  })
  for (const body of [{ seed: 'other.yaml' }, [], 7, null]) {
    const answer = await emulator.http('POST', '/_emulator/reset', body)
    expect(answer.status).toBe(400)
    expect(answer.body.error.message).toContain('takes no request body')
  }
  expect((await emulator.http('GET', '/v1/projects/my-app-prod/notes/kept')).status).toBe(200)
  expect((await emulator.http('POST', '/_emulator/reset', {})).status).toBe(200)
})

test('the API documents are served, and nothing else of the disk', async () => {
  const answer = await emulator.http('GET', '/_emulator/openapi/cloudkms.v1.yaml')
  expect(answer.headers.get('content-type')).toContain('application/yaml')
  expect(answer.body).toMatch(/^openapi: 3\.1\.0/)
  for (const file of ['nope.v1.yaml', '..%2Fpackage.json', '..%2F..%2Fetc%2Fpasswd', 'apis.ts'])
    expect((await emulator.http('GET', `/_emulator/openapi/${file}`)).status, file).toBe(404)
})

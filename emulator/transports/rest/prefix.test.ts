// Each API below a prefix of its own, `/cloudkms/v1/…`, for clients that can be given a URL and share one port.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { createRouter, type RouteTable } from './router.ts'

const table: RouteTable = JSON.parse(readFileSync(new URL('../../gen/routes.json', import.meta.url), 'utf8'))
const HOSTS = [...new Set(Object.values(table).flatMap(({ hosts }) => hosts))]

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const get = (path: string) => emulator.http('GET', path)
const KEY_RINGS = '/v1/projects/my-app-prod/locations/europe-west2/keyRings'

test.each(HOSTS)('%s: every method has its path there, below the short name, the host and a region', (host) => {
  const router = createRouter(table, [])
  const [name] = host.split('.')
  const rows = Object.entries(table).flatMap(([api, { hosts, routes }]) =>
    hosts.includes(host) ? routes.map(([httpMethod, template, method]) => ({ api, httpMethod, template, method })) : [],
  )
  expect(rows.length).toBeGreaterThan(5)
  for (const { httpMethod, template } of rows) {
    const path = template!.replace(/\{[^=}]+(?:=([^}]+))?\}/g, (_, pattern = '*') => pattern.replaceAll(/\*+/g, 'some-id'))
    for (const prefix of [name, host, `europe-west2-${host}`, `us-central1-${name}`]) {
      expect(router.withPrefix(`/${prefix}${path}`)).toEqual({ host, path, region: /^[a-z]+-[a-z]+\d/.exec(prefix!)?.[0] })
      expect(router.find(httpMethod!, host, path)).toBeDefined()
    }
  }
})

test('a request below a prefix is the same request', async () => {
  const created = await emulator.http('POST', `/cloudkms${KEY_RINGS}/?keyRingId=ring&prettyPrint=false`, {})
  expect(created).toMatchObject({ status: 200, body: { name: `${KEY_RINGS.slice(4)}/ring` } })
  const direct = await get(KEY_RINGS)
  for (const path of [
    `/cloudkms${KEY_RINGS}`,
    `/cloudkms.googleapis.com${KEY_RINGS}`,
    `/cloudkms${KEY_RINGS}/`,
    `/europe-west2-cloudkms.googleapis.com${KEY_RINGS}`,
    `/cloudkms${KEY_RINGS}?alt=json&pageSize=10`,
  ])
    expect((await get(path)).body, path).toEqual(direct.body)
  expect((await get(`/cloudkms${KEY_RINGS}?fields=totalSize`)).body).toEqual({ totalSize: 1 })
  expect((await get(`/cloudkms${KEY_RINGS}/none?pageSize=10`)).body.error.message).toMatch(/Unknown name "pageSize"/)
  const verb = await emulator.http('POST', `/cloudkms${KEY_RINGS}/ring:testIamPermissions`, {
    permissions: ['cloudkms.keyRings.get'],
  })
  expect(verb).toMatchObject({ status: 200 })
  expect((await emulator.http('POST', '/logging/v2/entries:list', { resourceNames: ['projects/my-app-prod'] })).status).toBe(200)
  expect((await get('/binaryauthorization/v1beta1/projects/my-app-prod/policy')).status).toBe(200)
  expect((await get('/artifactregistry/v1/projects/my-app-prod/locations')).status).toBe(200)
})

test('below its prefix an API has its own methods only, and says so in its own name', async () => {
  const own: Record<string, string> = {
    cloudkms: KEY_RINGS,
    binaryauthorization: '/v1/projects/my-app-prod/attestors',
    containeranalysis: '/v1/projects/my-app-prod/notes',
    artifactregistry: '/v1/projects/my-app-prod/locations/europe-west2/repositories',
    logging: '/v2/projects/my-app-prod/logs',
    serviceusage: '/v1/projects/my-app-prod/services',
    container: '/v1/projects/my-app-prod/zones/europe-west2-a/serverconfig',
    run: '/v2/projects/my-app-prod/locations/europe-west2/jobs',
    cloudbuild: '/v1/projects/my-app-prod/builds',
    cloudresourcemanager: '/v1/projects/my-app-prod',
    iam: '/v1/projects/my-app-prod/serviceAccounts',
    orgpolicy: '/v2/projects/my-app-prod/policies',
  }
  expect(
    Object.keys(own)
      .map((name) => `${name}.googleapis.com`)
      .sort(),
  ).toEqual(HOSTS.toSorted())
  for (const name of Object.keys(own))
    for (const [other, path] of Object.entries(own)) {
      const { status, body } = await get(`/${name}${path}`)
      expect(status, `/${name}${path}`).toBe(name === other ? 200 : 404)
      if (name !== other) expect(body.error.message).toContain(`no method of ${name}.googleapis.com has it for GET`)
    }
})

test.each([
  '/pubsub/v1/projects/my-app-prod/topics',
  '/nothing/v1/projects/my-app-prod/attestors',
  '/__proto__/v1/projects/my-app-prod/attestors',
  '/constructor/v1/projects/my-app-prod/attestors',
  '/CloudKMS/v1/projects/my-app-prod/attestors',
  '/mars-cloudkms/v1/projects/my-app-prod/attestors',
  '/cloudkms',
  '/cloudkms/',
  '/cloudkms/v1',
  `/cloudkms/${KEY_RINGS}`,
  `//cloudkms${KEY_RINGS}`,
  `/cloudkms/cloudkms${KEY_RINGS}`,
  `/cloudkms/binaryauthorization/v1/projects/my-app-prod/attestors`,
  `/v1/cloudkms${KEY_RINGS}`,
  '/cloudkms/_emulator/readyz',
  '/cloudkms%2Fv1/projects/my-app-prod/locations',
])('%s is not found', async (path) => {
  const { status, body } = await get(path)
  expect([status, body.error.status]).toEqual([404, 'NOT_FOUND'])
})

test('a host of Google that is not emulated is refused in one sentence', async () => {
  for (const host of ['pubsub.googleapis.com', 'googleapis.com']) {
    const { status, body } = await get(`/${host}/v1/b`)
    expect([status, body.error.message]).toEqual([
      403,
      `binauthz-emulator does not emulate "${host}", and as a proxy it forwards nothing.`,
    ])
  }
})

test('what has no API in front is found as before', async () => {
  for (const path of ['/_emulator/readyz', '/v1/projects/my-app-prod/attestors', KEY_RINGS])
    expect((await get(path)).status).toBe(200)
})

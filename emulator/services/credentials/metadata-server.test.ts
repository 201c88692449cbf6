import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { principalOf, readAccessToken, readJwt } from './tokens.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const EMAIL = 'emulator@my-app-prod.iam.gserviceaccount.com'
const FLAVOR = { 'metadata-flavor': 'Google' }
const get = (path: string, headers: Record<string, string> = FLAVOR) => emulator.http('GET', path, undefined, headers)
const V1 = '/computeMetadata/v1'
const ACCOUNT = `${V1}/instance/service-accounts/default`
const textOf = async (path: string) => (await get(path)).body

test('every answer says that it is from the metadata server', async () => {
  for (const path of ['/computeMetadata/', `${V1}/`, `${V1}/instance`, `${ACCOUNT}/email`, `${ACCOUNT}/token`]) {
    const { status, headers } = await get(path)
    expect([path, status, headers.get('metadata-flavor'), headers.get('server')]).toEqual([
      ...[path, 200, 'Google', 'Metadata Server for VM'],
    ])
  }
})

test('a directory lists what is in it, with and without a slash', async () => {
  const listings = {
    '/computeMetadata/': 'v1/\n',
    [`${V1}/`]: 'instance/\nproject/\nuniverse/\n',
    [`${V1}/instance/`]: 'attributes/\nid\nname\nservice-accounts/\nzone\n',
    [`${V1}/instance/service-accounts/`]: `default/\n${EMAIL}/\n`,
    [`${ACCOUNT}/`]: 'aliases\nemail\nidentity\nscopes\ntoken\n',
    [`${V1}/instance/attributes/`]: '',
  }
  for (const [path, listing] of Object.entries(listings)) {
    expect(await textOf(path), path).toBe(listing)
    expect(await textOf(path.slice(0, -1)), path).toBe(listing)
  }
})

test('the root, by which clients detect a machine, is answered with the header alone', async () => {
  const { status, headers, body } = await get('/')
  expect([status, headers.get('metadata-flavor'), body]).toEqual([200, 'Google', 'computeMetadata/\n'])
  expect((await get('/', {})).status).toBe(404)
})

test('a value is plain text', async () => {
  const { headers, body } = await get(`${V1}/project/project-id`)
  expect([headers.get('content-type'), body]).toEqual(['application/text', 'my-app-prod'])
  const number = await textOf(`${V1}/project/numeric-project-id`)
  expect(number).toMatch(/^\d{12}$/)
  expect(await textOf(`${V1}/instance/zone`)).toBe(`projects/${number}/zones/europe-west2-a`)
  expect(await textOf(`${V1}/instance/id`)).toMatch(/^\d{16}$/)
  expect(await textOf(`${V1}/universe/universe-domain`)).toBe('googleapis.com')
  expect(await textOf(`${ACCOUNT}/email`)).toBe(EMAIL)
  expect(await textOf(`${ACCOUNT}/aliases`)).toBe('default\n')
  expect(await textOf(`${ACCOUNT}/scopes`)).toBe('https://www.googleapis.com/auth/cloud-platform\n')
})

test('a recursive request is answered as JSON, without tokens', async () => {
  const { headers, body } = await get(`${ACCOUNT}/?recursive=true`)
  expect(headers.get('content-type')).toBe('application/json')
  const account = { aliases: ['default'], email: EMAIL, scopes: ['https://www.googleapis.com/auth/cloud-platform'] }
  expect(body).toEqual(account)
  expect(await textOf(`${V1}/?recursive=True`)).toMatchObject({
    instance: { id: expect.any(Number), serviceAccounts: { default: account, [EMAIL]: account } },
    project: { projectId: 'my-app-prod', numericProjectId: expect.any(Number) },
    universe: { universeDomain: 'googleapis.com' },
  })
  expect(await textOf(`${V1}/project/project-id?alt=json`)).toBe('my-app-prod')
  expect(await textOf(`${ACCOUNT}/email?recursive=true`)).toBe(EMAIL)
})

test('the token is that of the account, by either name, with the scopes that are asked for', async () => {
  for (const name of ['default', EMAIL, encodeURIComponent(EMAIL)]) {
    const { headers, body } = await get(`${V1}/instance/service-accounts/${name}/token`)
    expect(headers.get('content-type')).toBe('application/json')
    expect(body).toEqual({ access_token: expect.any(String), expires_in: 3599, token_type: 'Bearer' })
    expect(principalOf(body.access_token)).toBe(`serviceAccount:${EMAIL}`)
  }
  const { body } = await get(`${ACCOUNT}/token?scopes=a,b`)
  expect(readAccessToken(body.access_token)?.scope).toBe('a b')
})

test('an identity token is for its audience, and in full tells of the machine', async () => {
  const { headers, body } = await get(`${ACCOUNT}/identity?audience=https://app.example.com`)
  expect(headers.get('content-type')).toBe('application/text')
  expect(readJwt(body)).toMatchObject({ aud: 'https://app.example.com' })
  expect(readJwt(body)).not.toHaveProperty('google')
  const full = readJwt((await get(`${ACCOUNT}/identity?audience=a&format=full`)).body)
  expect(full).toMatchObject({ email: EMAIL, google: { compute_engine: { project_id: 'my-app-prod', zone: 'europe-west2-a' } } })
})

test('without Metadata-Flavor, or with X-Forwarded-For, nothing is told', async () => {
  for (const path of ['/computeMetadata', V1, `${V1}/instance`, `${V1}/nope`, `${ACCOUNT}/token`])
    for (const headers of [{}, { 'metadata-flavor': 'google' }, { ...FLAVOR, 'x-forwarded-for': '10.0.0.1' }]) {
      const { status, body } = await get(path, headers as Record<string, string>)
      expect([path, status, body.error?.status]).toEqual([path, 403, 'PERMISSION_DENIED'])
    }
})

test('what is not there is 404: other accounts, attributes, legacy paths and the names of every object', async () => {
  for (const path of [
    ...['/computeMetadata/v1beta1/', '/computeMetadata/v1/x', `${V1}/instance/attributes/cluster-name`, `${V1}/instance/id/x`],
    ...[`${V1}/instance/service-accounts/other@my-app-prod.iam.gserviceaccount.com/token`, `${ACCOUNT}/x`, `${ACCOUNT}/token/x`],
    ...[`${V1}/__proto__`, `${V1}/constructor`, `${V1}/instance/toString`, `${V1}/instance/service-accounts/__proto__/email`],
    `${V1}/instance%2Fid`,
  ]) {
    const { status, body } = await get(path)
    expect([path, status, body.error?.status]).toEqual([path, 404, 'NOT_FOUND'])
  }
})

test.each([
  [`${ACCOUNT}/identity`, 'INVALID_ARGUMENT'],
  [`${ACCOUNT}/identity?audience=`, 'INVALID_ARGUMENT'],
  [`${ACCOUNT}/identity?audience=a&format=x`, 'INVALID_ARGUMENT'],
  [`${ACCOUNT}/token?scopes=a%0Ab`, 'INVALID_ARGUMENT'],
  [`${V1}/instance/id?alt=xml`, 'INVALID_ARGUMENT'],
  [`${V1}/instance?recursive=true&alt=text`, 'UNIMPLEMENTED'],
  [`${V1}/instance/id?wait_for_change=true`, 'UNIMPLEMENTED'],
])('%s is %s', async (path, code) => {
  const { status, body } = await get(path)
  expect([status, body.error.status]).toEqual([400, code])
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { uniqueId } from './accounts.ts'
import { writeAccessToken } from './tokens.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const EMAIL = 'alice@example.com'
const DEFAULT = 'emulator@my-app-prod.iam.gserviceaccount.com'
const tokenOf = (principal?: string, seconds = 3599) =>
  writeAccessToken({ principal, scope: 'a b', exp: Number(emulator.clock.nanos() / 1_000_000_000n) + seconds })
const get = (path: string, token?: string) =>
  emulator.http('GET', path, undefined, token === undefined ? {} : { authorization: `Bearer ${token}` })

test('userinfo says whose token it is, in the words of its version', async () => {
  const token = tokenOf(`user:${EMAIL}`)
  for (const path of ['/v1/userinfo', '/oauth2/v3/userinfo'])
    expect((await get(`${path}?alt=json`, token)).body).toEqual({ sub: uniqueId(EMAIL), email: EMAIL, email_verified: true })
  for (const path of ['/oauth2/v1/userinfo', '/oauth2/v2/userinfo'])
    expect((await get(path, token)).body).toEqual({ id: uniqueId(EMAIL), email: EMAIL, verified_email: true })
  expect((await get(`/v1/userinfo?access_token=${token}`)).body.email).toBe(EMAIL)
})

test('any other token stands for the default account, and no token for nobody', async () => {
  for (const token of ['x', 'ya29.a0', 'ya29.emulator.', 'a.b.c'])
    expect((await get('/v1/userinfo', token)).body.email, token).toBe(DEFAULT)
  for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer' }, { authorization: 'Basic eDp5' }]) {
    const {
      status,
      headers: answered,
      body,
    } = await emulator.http('GET', '/v1/userinfo', undefined, headers as Record<string, string>)
    expect([status, body]).toEqual([401, { error: 'invalid_request', error_description: 'Invalid Credentials' }])
    expect(answered.get('www-authenticate')).toMatch(/^Bearer /)
  }
})

test('a federated identity has no address', async () => {
  const principal = 'principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/alice'
  expect((await get('/v1/userinfo', tokenOf(principal))).body).toEqual({ sub: principal })
  expect((await get('/v1/userinfo', tokenOf())).body).toEqual({})
  expect((await get('/tokeninfo', tokenOf(principal))).body).not.toHaveProperty('email')
})

test('tokeninfo tells scope and expiry as texts, wherever the token stands', async () => {
  const token = tokenOf(`user:${EMAIL}`)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const answers = [
    await get('/tokeninfo', token),
    await get(`/tokeninfo?access_token=${token}`),
    await get(`/oauth2/v3/tokeninfo?access_token=${token}`),
    await emulator.http('POST', '/tokeninfo', `access_token=${token}`, form),
    await emulator.http('POST', '/oauth2/v3/tokeninfo', undefined, { authorization: `Bearer ${token}` }),
  ]
  for (const { status, body } of answers) {
    expect(status).toBe(200)
    expect(body).toMatchObject({ email: EMAIL, email_verified: 'true', scope: 'a b', azp: uniqueId(EMAIL), aud: uniqueId(EMAIL) })
    expect(body.expires_in).toBe('3599')
  }
  expect((await get('/tokeninfo?access_token=made-up')).body).toMatchObject({ email: DEFAULT, expires_in: '3599' })
})

test('tokeninfo refuses a token that has ended, an ID token, and none', async () => {
  for (const [error, path, token] of [
    ['invalid_token', '/tokeninfo', tokenOf(`user:${EMAIL}`, 0)],
    ['invalid_request', '/tokeninfo?id_token=a.b.c', undefined],
    ['invalid_request', '/tokeninfo', undefined],
  ] as const) {
    const { status, body } = await get(path, token)
    expect([status, body]).toEqual([400, { error, error_description: expect.any(String) }])
  }
  for (const body of ['{', '[', '{"access_token":7}', '{"access_token":{}}', 'access_token=a&access_token=b', 'x'])
    expect((await emulator.http('POST', '/tokeninfo', body)).status, body).toBe(400)
})

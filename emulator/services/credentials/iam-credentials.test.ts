import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { principalOf, readAccessToken, readJwt } from './tokens.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const EMAIL = 'deployer@my-app-prod.iam.gserviceaccount.com'
const SCOPE = ['https://www.googleapis.com/auth/cloud-platform']
const call = (verb: string, body: unknown, email = EMAIL) =>
  emulator.http('POST', `/v1/projects/-/serviceAccounts/${email}:${verb}`, body)

test('an access token of any service account lasts as long as is asked for', async () => {
  const seconds = () => Number(emulator.clock.nanos() / 1_000_000_000n)
  for (const [lifetime, expected] of [
    [undefined, 3600],
    [null, 3600],
    ['3600s', 3600],
    ['43200s', 43_200],
    ['1.5s', 1],
  ] as const) {
    const { status, body } = await call('generateAccessToken', {
      scope: SCOPE,
      lifetime,
      delegates: ['projects/-/serviceAccounts/a'],
    })
    expect([status, principalOf(body.accessToken)]).toEqual([200, `serviceAccount:${EMAIL}`])
    expect(body.expireTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(Date.parse(body.expireTime) / 1000).toBe(seconds() + expected)
    expect(readAccessToken(body.accessToken)).toMatchObject({ scope: SCOPE[0], exp: Date.parse(body.expireTime) / 1000 })
  }
})

test('the address in the path may be percent-encoded', async () => {
  const { body } = await call('generateAccessToken', { scope: SCOPE }, encodeURIComponent(EMAIL))
  expect(principalOf(body.accessToken)).toBe(`serviceAccount:${EMAIL}`)
})

test('an ID token has the e-mail address where it is asked for', async () => {
  const claimsFor = async (body: object) =>
    readJwt((await call('generateIdToken', { audience: 'https://a.example.com', ...body })).body.token)
  expect(await claimsFor({})).toMatchObject({ aud: 'https://a.example.com', iss: 'https://accounts.google.com' })
  expect(await claimsFor({})).not.toHaveProperty('email')
  expect(await claimsFor({ includeEmail: true })).toMatchObject({ email: EMAIL, email_verified: true })
  // as a client in Python writes it
  expect(await claimsFor({ includeEmail: 'true', useEmailAzp: 'true' })).toMatchObject({ email: EMAIL, azp: EMAIL })
})

test('what would need the key of the account is refused by name', async () => {
  for (const [verb, method] of [
    ['signBlob', 'SignBlob'],
    ['signJwt', 'SignJwt'],
  ] as const) {
    const { status, body } = await call(verb, { payload: 'e30=' })
    expect([status, body.error.status]).toEqual([400, 'UNIMPLEMENTED'])
    expect(body.error.message).toContain(`google.iam.credentials.v1.IAMCredentials.${method}`)
  }
  const { body } = await call('generateIdToken', { audience: 'a', organizationNumberIncluded: true })
  expect(body.error.message).toContain('Field organizationNumberIncluded')
})

test.each<[verb: string, body: unknown]>([
  ...[undefined, {}, [], 7, null, '{', 'x', { scope: [] }, { scope: [7] }, { scope: [''] }, { scope: ['a\nb'] }].map(
    (body): [string, unknown] => ['generateAccessToken', body],
  ),
  ...['', '0s', '-1s', '43201s', '1h', 3600, {}, ['3600s'], '1e400s', '99999999999s'].map((lifetime): [string, unknown] => [
    'generateAccessToken',
    { scope: SCOPE, lifetime },
  ]),
  ['generateAccessToken', { scope: SCOPE, delegates: 7 }],
  ['generateAccessToken', { scope: SCOPE, delegates: [{}] }],
  ['generateAccessToken', { scope: SCOPE, nope: 1 }],
  ['generateAccessToken', { scope: SCOPE, audience: 'x' }],
  ...[undefined, {}, [], { audience: '' }, { audience: ['x'] }, { audience: 'x', includeEmail: 'yes' }].map(
    (body): [string, unknown] => ['generateIdToken', body],
  ),
  ['generateIdToken', { audience: 'x', useEmailAzp: {} }],
])('%s refuses %j', async (verb, body) => {
  const answer = await call(verb, body)
  expect([answer.status, answer.body.error.status]).toEqual([400, 'INVALID_ARGUMENT'])
})

test('what is not the address of a service account is not found', async () => {
  for (const email of ['alice@example.com', '-', '110000000000000000000', '%20@p.iam.gserviceaccount.com', '%F0%9F%98%80'])
    expect((await call('generateAccessToken', { scope: SCOPE }, email)).status, email).toBe(404)
})

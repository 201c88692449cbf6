import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { principalOf, readJwt } from './tokens.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const EMAIL = 'app@my-app-prod.iam.gserviceaccount.com'
const KMS = 'https://www.googleapis.com/auth/cloudkms'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const jwt = (claims: unknown) =>
  [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2ln')
    .join('.')

const token = (parameters: Record<string, string>, path = '/token') =>
  emulator.http('POST', path, new URLSearchParams(parameters).toString(), FORM)

test('a service account gets an access token for its assertion, at every path that keys name', async () => {
  const assertion = jwt({ iss: EMAIL, scope: KMS, aud: 'https://oauth2.googleapis.com/token', iat: 1, exp: 2 })
  for (const path of ['/token', '/oauth2/v4/token', '/oauth2/v3/token', '/o/oauth2/token']) {
    const { status, headers, body } = await token({ grant_type: JWT_BEARER, assertion }, path)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({ access_token: expect.any(String), expires_in: 3599, scope: KMS, token_type: 'Bearer' })
    expect(principalOf(body.access_token)).toBe(`serviceAccount:${EMAIL}`)
  }
})

test('parameters may come as JSON too, whatever the content type', async () => {
  const parameters = { grant_type: JWT_BEARER, assertion: jwt({ iss: EMAIL }), client_secret: null }
  for (const type of ['application/json', FORM['content-type']]) {
    const { status, body } = await emulator.http('POST', '/token', parameters, { 'content-type': type })
    expect([status, principalOf(body.access_token)]).toEqual([200, `serviceAccount:${EMAIL}`])
    expect(body).not.toHaveProperty('scope')
  }
})

test('with domain-wide delegation the token is that of the user', async () => {
  const { body } = await token({ grant_type: JWT_BEARER, assertion: jwt({ iss: EMAIL, sub: 'alice@example.com', scope: KMS }) })
  expect(principalOf(body.access_token)).toBe('user:alice@example.com')
})

test('an assertion with target_audience gets an ID token', async () => {
  const claims = { iss: EMAIL, target_audience: 'https://app.example.com' }
  const { body } = await token({ grant_type: JWT_BEARER, assertion: jwt(claims) })
  expect(Object.keys(body)).toEqual(['id_token'])
  expect(readJwt(body.id_token)).toMatchObject({ aud: 'https://app.example.com', email: EMAIL })
  const both = await token({ grant_type: JWT_BEARER, assertion: jwt({ ...claims, scope: KMS }) })
  expect(Object.keys(both.body).sort()).toEqual(['access_token', 'expires_in', 'id_token', 'scope', 'token_type'])
})

test('a refresh token names its user, or nobody', async () => {
  const client = { grant_type: 'refresh_token', client_id: 'app.apps.googleusercontent.com', client_secret: 's' }
  const alice = await token({ ...client, refresh_token: '1//alice@example.com', scope: KMS })
  expect(alice.body).toMatchObject({ expires_in: 3599, token_type: 'Bearer', scope: KMS })
  expect(principalOf(alice.body.access_token)).toBe('user:alice@example.com')
  expect(readJwt(alice.body.id_token)).toMatchObject({ aud: client.client_id, email: 'alice@example.com' })
  const nobody = await token({ grant_type: 'refresh_token', refresh_token: '1//0gAbc-_' })
  expect(principalOf(nobody.body.access_token)).toBe('serviceAccount:emulator@my-app-prod.iam.gserviceaccount.com')
  expect(nobody.body).toMatchObject({ scope: 'https://www.googleapis.com/auth/cloud-platform' })
})

test('the default account is in a project that the seed has made', async () => {
  const other = await startTestEmulator({ seed: { yaml: 'projects: {of-the-seed: {}}' } })
  const { body } = await other.http('POST', '/token', { grant_type: 'refresh_token', refresh_token: 'x' })
  expect(principalOf(body.access_token)).toBe('serviceAccount:emulator@of-the-seed.iam.gserviceaccount.com')
  other.close()
})

const assertion = (claims: unknown) => ({ grant_type: JWT_BEARER, assertion: jwt(claims) })

test.each<[error: string, what: string, body: string | object]>([
  ['invalid_request', 'nothing', ''],
  ['invalid_request', 'an empty object', {}],
  ['invalid_request', 'JSON cut short', '{"grant_type":'],
  ['invalid_request', 'JSON too deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ['invalid_request', 'half a character', '{"grant_type":"\\ud800"}'],
  ['invalid_request', 'a list', '[{"grant_type":"refresh_token"}]'],
  ['invalid_request', 'a number', { grant_type: 7 }],
  ['invalid_request', 'a list of grants', { grant_type: ['refresh_token'] }],
  ['invalid_request', 'a parameter twice', 'grant_type=refresh_token&grant_type=refresh_token&refresh_token=x'],
  ['invalid_request', 'a parameter under two names', { grantType: 'refresh_token', grant_type: 'refresh_token' }],
  ['invalid_request', 'no assertion', { grant_type: JWT_BEARER }],
  ['invalid_request', 'no refresh token', { grant_type: 'refresh_token', refresh_token: '' }],
  ['invalid_request', 'a broken form', 'grant_type=%zz%ff&&=&=x'.replace('grant_type', 'grant')],
  ['unsupported_grant_type', 'an authorization code', { grant_type: 'authorization_code', code: '4/x' }],
  ['unsupported_grant_type', 'a name of every object', { grant_type: 'constructor' }],
  ['invalid_grant', 'an assertion that is no JWT', { grant_type: JWT_BEARER, assertion: 'a.b' }],
  ['invalid_grant', 'claims that are a list', assertion([])],
  ['invalid_grant', 'no issuer', assertion({})],
  ['invalid_grant', 'an issuer that is no address', assertion({ iss: 'https://issuer.example.com' })],
  ['invalid_grant', 'an issuer that is no text', assertion({ iss: { toString: 'a@b.c' } })],
  ['invalid_grant', 'a subject that is no address', assertion({ iss: EMAIL, sub: 'alice' })],
  ['invalid_grant', 'an audience that is no text', assertion({ iss: EMAIL, target_audience: ['x'] })],
  ['invalid_grant', 'an audience that is empty', assertion({ iss: EMAIL, target_audience: '' })],
  ['invalid_scope', 'a scope that is a list', assertion({ iss: EMAIL, scope: [KMS] })],
  ['invalid_scope', 'a scope over lines', { grant_type: 'refresh_token', refresh_token: 'x', scope: 'a\nb' }],
  ['invalid_scope', 'a scope without end', { grant_type: 'refresh_token', refresh_token: 'x', scope: 'a'.repeat(5000) }],
])('%s: %s', async (error, _, body) => {
  const answer = await emulator.http('POST', '/token', body)
  expect([answer.status, answer.body]).toEqual([400, { error, error_description: expect.stringMatching(/./) }])
})

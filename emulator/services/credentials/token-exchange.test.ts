import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { principalOf, writeAccessToken } from './tokens.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const POOL = 'projects/123456789012/locations/global/workloadIdentityPools/github'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const jwt = (claims: unknown) =>
  [{ alg: 'RS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2ln')
    .join('.')

const EXCHANGE = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  audience: `//iam.googleapis.com/${POOL}/providers/actions`,
  requested_token_type: ACCESS_TOKEN,
  subject_token: jwt({ iss: 'https://token.actions.githubusercontent.com', sub: 'repo:org/app:ref:refs/heads/main' }),
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
}

const exchange = (parameters: object) => emulator.http('POST', '/v1/token', parameters)

test('a federated token stands for the subject of its pool', async () => {
  const form = new URLSearchParams({ ...EXCHANGE, scope: 'a' }).toString()
  const { status, body } = await emulator.http('POST', '/v1/token', form, { 'content-type': 'application/x-www-form-urlencoded' })
  expect([status, body]).toEqual([
    200,
    { access_token: expect.any(String), expires_in: 3599, token_type: 'Bearer', issued_token_type: ACCESS_TOKEN },
  ])
  expect(principalOf(body.access_token)).toBe(`principal://iam.googleapis.com/${POOL}/subject/repo:org/app:ref:refs/heads/main`)
})

test('in JSON the names are those of the API, and a workforce pool has no project', async () => {
  const { body } = await exchange({
    grantType: EXCHANGE.grant_type,
    audience: '//iam.googleapis.com/locations/global/workforcePools/staff/providers/okta',
    requestedTokenType: ACCESS_TOKEN,
    subjectToken: jwt({ sub: 'alice' }),
    subjectTokenType: 'urn:ietf:params:oauth:token-type:id_token',
    scope: 'a',
  })
  expect(principalOf(body.access_token)).toBe(
    'principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/alice',
  )
})

test('a token of AWS or SAML names nobody, an access token its own principal', async () => {
  const aws = { subject_token: '%7B%7D', subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request' }
  const answer = await exchange({ ...EXCHANGE, ...aws })
  expect([answer.status, principalOf(answer.body.access_token)]).toEqual([200, undefined])
  const subject_token = writeAccessToken({ principal: 'user:a@example.com', scope: 'a', exp: 1 })
  const own = await exchange({ ...EXCHANGE, audience: undefined, subject_token, subject_token_type: ACCESS_TOKEN })
  expect(principalOf(own.body.access_token)).toBe('user:a@example.com')
})

test('a token can be introspected until it ends', async () => {
  const { body } = await exchange({ ...EXCHANGE, scope: 'a b' })
  const introspect = async (token: string) => (await emulator.http('POST', '/v1/introspect', { token })).body
  expect(await introspect(body.access_token)).toMatchObject({
    active: true,
    username: `principal://iam.googleapis.com/${POOL}/subject/repo:org/app:ref:refs/heads/main`,
    scope: 'a b',
  })
  expect(await introspect('ya29.other')).toEqual({ active: false })
  expect(await introspect(writeAccessToken({ principal: 'user:a@example.com', scope: 'a', exp: 1 }))).toEqual({ active: false })
})

test('a user of a workforce pool refreshes at a path of its own', async () => {
  const good = { grant_type: 'refresh_token', refresh_token: 'alice@example.com' }
  const { body } = await emulator.http('POST', '/v1/oauthtoken', good)
  expect(principalOf(body.access_token)).toBe('user:alice@example.com')
  const refused = await emulator.http('POST', '/v1/oauthtoken', { ...good, grant_type: 'authorization_code' })
  expect([refused.status, refused.body.error]).toEqual([400, 'unsupported_grant_type'])
})

test.each<[error: string, changed: object]>([
  ...Object.keys(EXCHANGE).map((name): [string, object] => ['invalid_request', { [name]: undefined }]),
  ['unsupported_grant_type', { grant_type: 'refresh_token' }],
  ['invalid_request', { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
  ['invalid_request', { options: encodeURIComponent('{"accessBoundary":{"accessBoundaryRules":[]}}') }],
  ['invalid_request', { subject_token: 7 }],
  ['invalid_request', { audience: { a: 1 } }],
  ['invalid_target', { audience: 'https://example.com' }],
  ['invalid_target', { audience: `//iam.googleapis.com/${POOL}` }],
  ['invalid_grant', { subject_token: 'opaque' }],
  ['invalid_grant', { subject_token: jwt({ sub: 7 }) }],
  ['invalid_grant', { subject_token: jwt({ sub: 'a'.repeat(128) }) }],
  ['invalid_scope', { scope: 'a"b' }],
])('%s: %j', async (error, changed) => {
  const answer = await exchange({ ...EXCHANGE, ...changed })
  expect([answer.status, answer.body]).toEqual([400, { error, error_description: expect.stringMatching(/./) }])
})

test('what is no JSON and no form is refused', async () => {
  for (const path of ['/v1/token', '/v1/oauthtoken', '/v1/introspect'])
    for (const body of ['', '{', '[]', 'null', '"x"', '{}{}', '\u0000', `{"a":${'['.repeat(10_000)}`]) {
      const answer = await emulator.http('POST', path, body)
      expect([answer.status, answer.body.error], `${path} ${body}`).toEqual([400, 'invalid_request'])
    }
})

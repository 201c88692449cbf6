import { expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import { emailOf, memberOf, uniqueId } from './accounts.ts'
import { identityToken, principalOf, readAccessToken, readJwt, writeAccessToken } from './tokens.ts'

const jwt = (claims: unknown, header: unknown = { alg: 'RS256', kid: '1' }) =>
  [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2ln')
    .join('.')

test('an access token names its principal, and can be read back', () => {
  for (const principal of [
    'user:alice@example.com',
    'serviceAccount:app@my-app-prod.iam.gserviceaccount.com',
    'principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/repo:a/b',
  ]) {
    const token = { principal, scope: 'a b', exp: 1_800_000_000 }
    expect(writeAccessToken(token)).toMatch(/^ya29\.emulator\.[\w-]+$/)
    expect(readAccessToken(writeAccessToken(token))).toEqual(token)
    expect(principalOf(writeAccessToken(token))).toBe(principal)
  }
  expect(principalOf(writeAccessToken({ scope: 'a', exp: 1 }))).toBeUndefined()
})

test('the JWT that a client makes of its key names the service account, with or without audience and scope', () => {
  const email = 'app@my-app-prod.iam.gserviceaccount.com'
  for (const more of [{ aud: '', scope: 'a' }, { aud: 'https://cloudkms.googleapis.com/' }])
    expect(principalOf(jwt({ iss: email, sub: email, ...more }))).toBe(`serviceAccount:${email}`)
  expect(principalOf(jwt({ iss: 'https://accounts.google.com', sub: '1', email: 'bob@example.com' }))).toBe(
    'user:bob@example.com',
  )
})

test('what names nobody has no principal', () => {
  for (const token of [
    ...['', 'x', 'ya29.a0real', 'ya29.emulator.', 'ya29.emulator.%%%', 'a.b.c', 'a.b', '..', `${jwt({ sub: 'a@b.c' })}.x`],
    ...[jwt(null), jwt([]), jwt('x'), jwt({}), jwt({ sub: 7 }), jwt({ sub: 'a' }), jwt({ sub: 'a@b.c' }, 7)],
    ...['owner', 'user:', 'allUsers', 'group:a@b.c', 'user:a b@c.d', ['user:a@b.c'], 7].map((principal) =>
      writeAccessToken({ principal: principal as string, scope: 'a', exp: 1 }),
    ),
    `ya29.emulator.${Buffer.from('{"principal":').toString('base64url')}`,
  ])
    expect(principalOf(token), token).toBeUndefined()
})

test('an address is one of a service account or of a user, and has 21 digits', () => {
  expect(memberOf('a@p.iam.gserviceaccount.com')).toBe('serviceAccount:a@p.iam.gserviceaccount.com')
  expect(memberOf('1-compute@developer.gserviceaccount.com')).toMatch(/^serviceAccount:/)
  expect(memberOf('a@example.com')).toBe('user:a@example.com')
  expect(emailOf('user:a@example.com')).toBe('a@example.com')
  expect(emailOf('principal://iam.googleapis.com/x')).toBeUndefined()
  expect(uniqueId('a@example.com')).toMatch(/^1\d{20}$/)
  expect(uniqueId('a@example.com')).not.toBe(uniqueId('b@example.com'))
})

test('an ID token is a JWT for its audience, good for an hour', () => {
  const nanos = systemClock().nanos()
  const ctx = { now: () => new Date(Number(nanos / 1_000_000n)) } as Context
  const email = 'a@p.iam.gserviceaccount.com'
  const token = identityToken({ audience: 'https://app.example.com', email, includeEmail: true }, ctx)
  const iat = Number(nanos / 1_000_000_000n)
  const id = uniqueId(email)
  expect(readJwt(token)).toEqual({
    ...{ aud: 'https://app.example.com', azp: id, sub: id, email, email_verified: true },
    ...{ iss: 'https://accounts.google.com', iat, exp: iat + 3600 },
  })
  expect(readJwt(identityToken({ audience: 'x', email, includeEmail: false }, ctx))).not.toHaveProperty('email')
})

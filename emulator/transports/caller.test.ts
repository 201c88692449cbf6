import { expect, test } from 'vitest'
import { callerOf } from './caller.ts'

const principalOf = (token: string) => (token === 'known' ? 'user:bob@example.com' : undefined)
const caller = (headers: Record<string, string>) => callerOf((name) => headers[name], principalOf, 'europe-west2')

test('the bearer token says who calls', () => {
  expect(caller({ authorization: 'Bearer known', 'user-agent': 'curl/8' })).toEqual({
    principal: 'user:bob@example.com',
    region: 'europe-west2',
    userAgent: 'curl/8',
  })
  expect(caller({ authorization: 'bearer   known' }).principal).toBe('user:bob@example.com')
  for (const authorization of ['Bearer other', 'Basic known', 'known', ''])
    expect(caller({ authorization }).principal, authorization).toBeUndefined()
  expect(caller({}).principal).toBeUndefined()
})

test('a member can be named in a token, and in a header, which goes before it', () => {
  expect(caller({ authorization: 'Bearer emulator:user:alice@example.com' }).principal).toBe('user:alice@example.com')
  const headers = {
    authorization: 'Bearer known',
    'x-emulator-principal': 'serviceAccount:ci@my-app-prod.iam.gserviceaccount.com',
  }
  expect(caller(headers).principal).toBe('serviceAccount:ci@my-app-prod.iam.gserviceaccount.com')
})

test('what is named and is no member is UNAUTHENTICATED, not somebody without a name', () => {
  const wrong: Record<string, string>[] = [
    { authorization: 'Bearer emulator:alice' },
    { 'x-emulator-principal': '' },
    { 'x-emulator-principal': 'group:a@b.c' },
  ]
  for (const headers of wrong) expect(() => caller(headers)).toThrow(/is no principal: it must be like user:alice@example.com/)
})

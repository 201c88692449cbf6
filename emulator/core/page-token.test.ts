import { expect, test } from 'vitest'
import { pageToken, readPageToken } from './page-token.ts'

const request = ['projects/p', 'kind="ATTESTATION"', '']

test('a token gives the position back to the same request', () => {
  expect(readPageToken(pageToken('projects/p/notes/ü', request), request)).toBe('projects/p/notes/ü')
})

test('a token is opaque and fits into a URL', () => {
  expect(pageToken('projects/p/notes/n?&=#', request)).toMatch(/^[A-Za-z0-9_-]+$/)
})

test('a token of another parent, filter or order is refused', () => {
  const token = pageToken('x', request)
  for (const other of [
    ['projects/q', request[1], ''],
    ['projects/p', '', ''],
    ['projects/p', request[1], 'name desc'],
  ])
    expect(() => readPageToken(token, other)).toThrow('The page token is invalid')
})

test.each(['', 'x', '%%%', 'bnVsbA', 'W10', 'eyJfX3Byb3RvX18iOnt9fQ', Buffer.from('[1,"x"]').toString('base64url')])(
  'what pageToken did not make is refused: %j',
  (token) => {
    expect(() => readPageToken(token, request)).toThrow('The page token is invalid')
  },
)

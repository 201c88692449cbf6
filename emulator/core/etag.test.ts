import { expect, test } from 'vitest'
import { checkEtag, etagOf } from './etag.ts'
import { StatusError } from './status.ts'

test('an etag is a string in quotes, the same for the same content and another for any other', () => {
  const etag = etagOf({ name: 'projects/p/policy', updateTime: '2026-01-02T03:04:05Z' })
  expect(etag).toMatch(/^"[A-Za-z0-9+/]{12}"$/)
  expect(etagOf({ name: 'projects/p/policy', updateTime: '2026-01-02T03:04:05Z' })).toBe(etag)
  expect(etagOf({ name: 'projects/p/policy', updateTime: '2026-01-02T03:04:06Z' })).not.toBe(etag)
})

test('a write prepared on an older state is ABORTED; one without etag passes', () => {
  checkEtag('"a"', '"a"', 'lost')
  checkEtag(undefined, '"a"', 'lost')
  checkEtag('', '"a"', 'lost')
  const lost = () => checkEtag('"a"', '"b"', 'lost')
  expect(lost).toThrow(StatusError)
  expect(lost).toThrow('lost')
  expect(() => checkEtag('"a"', undefined, 'lost')).toThrow('lost')
})

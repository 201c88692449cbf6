import { expect, test } from 'vitest'
import { labelSelector } from './label-selector.ts'

const labels = { 'serving.knative.dev/service': 'hello', tier: 'web', empty: '' }

test.each([
  ['', true],
  ['serving.knative.dev/service = hello', true],
  ['serving.knative.dev/service=hello', true],
  ['serving.knative.dev/service==hello,tier=web', true],
  ['serving.knative.dev/service = hello, tier = db', false],
  ['empty=', true],
  ['missing=', false],
  ['tier != db', true],
  ['missing != db', true],
  ['tier!=web', false],
  ['tier in (web, db)', true],
  ['tier in (db),tier', false],
  ['tier notin (db, cache)', true],
  ['missing notin (db)', true],
  ['tier notin (web)', false],
  ['tier', true],
  ['!tier', false],
  ['!missing', true],
])('%s: %s', (selector, fits) => {
  expect(labelSelector(selector)(labels)).toBe(fits)
})

test.each(['=', 'a=b=c', 'a in', 'a in (b', 'a = "b"', 'a,,b', 'a > 1', `a=${'b'.repeat(5000)}`])('%s is refused', (selector) => {
  expect(() => labelSelector(selector)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

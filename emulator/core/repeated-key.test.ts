import { expect, test } from 'vitest'
import { repeatedKey } from './repeated-key.ts'

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":{"b":1,"c":[{"d":1,"d":2}]}}', 'd'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"a\\"":1,"a\\"":2}', 'a"'],
  ['{"a":[1,2],"b":{"a":1},"a":3}', 'a'],
  ['[{"__proto__":1,"__proto__":2}]', '__proto__'],
])('%s has a key twice', (text, key) => {
  expect(repeatedKey(text)).toBe(key)
})

test.each([
  '{"a":1,"b":2}',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":1}]',
  '{"a":"a","b":["a","a"]}',
  '{"a":"\\\\","b":"\\""}',
  '{"a":"{\\"a\\":1","b":"}"}',
  '[]',
  '"a"',
  '7',
])('%s has none', (text) => {
  expect(JSON.parse(text)).toBeDefined()
  expect(repeatedKey(text)).toBeUndefined()
})

test('a string of millions of escapes is read', () => {
  expect(repeatedKey(`{"a":"${'\\\\'.repeat(3_000_000)}","a":1}`)).toBe('a')
})

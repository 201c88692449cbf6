import { expect, test } from 'vitest'
import { applyMask, camelCase, checkMask, maskPaths } from './field-mask.ts'

test('the paths of a mask are in camelCase, whichever case they came in', () => {
  expect(maskPaths('version_template.algorithm, labels')).toEqual(['versionTemplate.algorithm', 'labels'])
  expect(maskPaths('relatedUrl')).toEqual(['relatedUrl'])
  expect(camelCase('sha_256_digest')).toBe('sha256Digest')
})

test('a missing mask and an empty one have no paths', () => {
  expect(maskPaths(undefined)).toEqual([])
  expect(maskPaths('')).toEqual([])
  expect(maskPaths(' , ')).toEqual([])
})

test('each path takes the value that the source has, and what is not named stays', () => {
  const target = { labels: { a: '1' }, purpose: 'MAC', template: { algorithm: 'A', level: 'L' } }
  expect(applyMask(target, { labels: { b: '2' }, template: { algorithm: 'B' } }, ['labels', 'template.algorithm'])).toEqual({
    labels: { b: '2' },
    purpose: 'MAC',
    template: { algorithm: 'B', level: 'L' },
  })
})

test('a path that the source has not is removed', () => {
  expect(applyMask({ period: '10s', purpose: 'MAC' }, {}, ['period'])).toEqual({ purpose: 'MAC' })
  expect(applyMask({ template: { algorithm: 'A' } }, {}, ['template.algorithm'])).toEqual({ template: {} })
})

test('a path below something that is no message makes it one', () => {
  expect(applyMask({ a: 'text' as unknown }, { a: { b: 1 } }, ['a.b'])).toEqual({ a: { b: 1 } })
})

test('target and source stay as they were, and share nothing with the result', () => {
  const [target, source] = [{ labels: { a: '1' } }, { labels: { b: '2' } }]
  const result = applyMask(target, source, ['labels'])
  expect(target).toEqual({ labels: { a: '1' } })
  expect(result.labels).not.toBe(source.labels)
})

test.each([
  '__proto__.polluted',
  'labels.__proto__.polluted',
  'constructor.prototype.polluted',
  'labels.constructor',
  '__proto__',
])('the path %s reads and writes nothing inherited', (path) => {
  const source = JSON.parse('{"__proto__": {"polluted": true}, "labels": {"__proto__": {"polluted": true}}}')
  const result = applyMask({ labels: {} } as object, source, [path])
  expect(({} as any).polluted).toBeUndefined()
  expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
})

test('a path that may not be changed is refused; one that may covers all below it', () => {
  const describe = (path: string) => `Field "${path}" cannot be updated.`
  checkMask(['labels', 'template.algorithm'], ['labels', 'template'], describe)
  expect(() => checkMask(['name'], ['labels'], describe)).toThrow('Field "name" cannot be updated.')
  expect(() => checkMask(['template'], ['template.algorithm'], describe)).toThrow('Field "template" cannot be updated.')
  expect(() => checkMask(['labelsX'], ['labels'], describe)).toThrow('Field "labelsX" cannot be updated.')
})

import { expect, test } from 'vitest'
import { keyRing } from './key-ids.ts'

const ctx = { isOwnAuthority: (authority: string) => authority === '127.0.0.1:9080' }
const version = '/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'

test.each([
  ['the same text', 'any string', 'any string', true],
  ['another text', 'any string', 'Any string', false],
  ['the real host and this emulator', `//cloudkms.googleapis.com${version}`, `//127.0.0.1:9080${version}`, true],
  ['this emulator and the real host', `//127.0.0.1:9080${version}`, `//cloudkms.googleapis.com${version}`, true],
  ['the real host and another host', `//cloudkms.googleapis.com${version}`, `//evil.example.com${version}`, false],
  ['two versions', `//127.0.0.1:9080${version}`, `//cloudkms.googleapis.com${version}0`, false],
  ['with and without scheme', `https://cloudkms.googleapis.com${version}`, `//cloudkms.googleapis.com${version}`, false],
  ['a path that is no key version', '//127.0.0.1:9080/v1/projects/p', '//cloudkms.googleapis.com/v1/projects/p', false],
  ['more behind the version', `//127.0.0.1:9080${version}/x`, `//cloudkms.googleapis.com${version}/x`, false],
])('%s', (_, id, named, found) => {
  expect(keyRing([{ id }], ctx).find(named)).toEqual(found ? [{ id }] : [])
})

test('a key may be there under both of its hosts', () => {
  const keys = [{ id: `//127.0.0.1:9080${version}` }, { id: `//cloudkms.googleapis.com${version}` }]
  expect(keyRing(keys, ctx).find(keys[0]!.id)).toEqual(keys)
})

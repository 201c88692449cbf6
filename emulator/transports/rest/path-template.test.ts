import { expect, test } from 'vitest'
import { matchTemplate, parseTemplate, splitPath } from './path-template.ts'

const match = (template: string, path: string) => matchTemplate(parseTemplate(template), splitPath(path))

test('a template has literals, variables and a verb', () => {
  expect(parseTemplate('/v1/{name=projects/*/notes/*}:getIamPolicy')).toEqual({
    segments: ['v1', 'projects', '*', 'notes', '*'],
    variables: [{ field: 'name', from: 1, to: 5 }],
    verb: 'getIamPolicy',
  })
  expect(parseTemplate('/v1/{policy.name=projects/*/policy}').variables).toEqual([{ field: 'policy.name', from: 1, to: 4 }])
  expect(parseTemplate('/a/{x}/b/{y}').variables).toEqual([
    { field: 'x', from: 1, to: 2 },
    { field: 'y', from: 3, to: 4 },
  ])
})

test('a variable is the part of the path that its pattern covers', () => {
  expect(match('/v1/{name=projects/*/notes/*}', '/v1/projects/p/notes/n')).toEqual({ name: 'projects/p/notes/n' })
  expect(match('/v1/{parent=projects/*}/notes', '/v1/projects/p/notes')).toEqual({ parent: 'projects/p' })
  expect(match('/a/{x}/b/{y}', '/a/1/b/2')).toEqual({ x: '1', y: '2' })
})

test.each([
  ['/v1/{name=projects/*/notes/*}', '/v1/projects/p/notes'],
  ['/v1/{name=projects/*/notes/*}', '/v1/projects/p/notes/n/x'],
  ['/v1/{name=projects/*/notes/*}', '/v1/projects//notes/n'],
  ['/v1/{name=projects/*/notes/*}', '/v2/projects/p/notes/n'],
  ['/v1/{name=projects/*/notes/*}', '/v1/projects/p/occurrences/n'],
  ['/v1/{name=projects/**}', '/v1/projects'],
])('%s is not the form of %s', (template, path) => {
  expect(match(template, path)).toBeUndefined()
})

test('two stars cover any number of segments, and what follows them is fixed', () => {
  expect(match('/v1/{name=projects/**}', '/v1/projects/p/a/b')).toEqual({ name: 'projects/p/a/b' })
  expect(match('/v1/{name=projects/**}/tags', '/v1/projects/p/a/b/tags')).toEqual({ name: 'projects/p/a/b' })
  expect(match('/v1/{name=projects/**}/tags', '/v1/projects/p/a/b')).toBeUndefined()
  expect(match('/v2/{name=**}/blobs/{digest}', '/v2/a/b/c/blobs/sha256:00')).toEqual({ name: 'a/b/c', digest: 'sha256:00' })
})

test('a trailing slash does not count, one in the middle does', () => {
  expect(splitPath('/v1/projects/p/notes/')).toEqual(['v1', 'projects', 'p', 'notes'])
  expect(splitPath('/v1//notes')).toEqual(['v1', '', 'notes'])
  expect(splitPath('/')).toEqual([''])
})

test('values are decoded once, and an encoded slash within a name stays part of its id', () => {
  expect(match('/v1/{name=projects/*/notes/*}', '/v1/projects/p/notes/a%20b%3Ac')).toEqual({ name: 'projects/p/notes/a b:c' })
  expect(match('/v1/{name=projects/*/packages/*}', '/v1/projects/p/packages/a%252Fb')).toEqual({
    name: 'projects/p/packages/a%2Fb',
  })
  expect(match('/v1/{name=projects/*/packages/*}', '/v1/projects/p/packages/a%2Fb')).toEqual({
    name: 'projects/p/packages/a%2Fb',
  })
  expect(match('/a/{x}', '/a/b%2Fc')).toEqual({ x: 'b/c' })
})

test('broken percent-encoding throws URIError', () => {
  for (const path of ['/a/%', '/a/%zz', '/a/%ff']) expect(() => match('/a/{x}', path)).toThrow(URIError)
})

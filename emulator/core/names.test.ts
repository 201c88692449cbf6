import { expect, test } from 'vitest'
import { idOf, namePattern, parentOf } from './names.ts'
import { StatusError } from './status.ts'

const NOTE = namePattern('projects/{project}/notes/{note}')

test('a name is taken apart by its pattern and put together again', () => {
  expect(NOTE.match('projects/p/notes/n')).toEqual({ project: 'p', note: 'n' })
  expect(NOTE.format({ project: 'p', note: 'n' })).toBe('projects/p/notes/n')
  expect(NOTE.pattern).toBe('projects/{project}/notes/{note}')
})

test.each([
  'projects/p',
  'projects/p/notes/',
  'projects//notes/n',
  'projects/p/notes/n/x',
  '/projects/p/notes/n',
  'projects/p/notes/n\n/',
  '',
])('%j is not of the form', (name) => {
  expect(NOTE.match(name)).toBeUndefined()
})

test('any other text is INVALID_ARGUMENT, which names the field', () => {
  const parse = () => NOTE.parse('projects/p', 'note_name')
  expect(parse).toThrow(StatusError)
  expect(parse).toThrow(
    'Invalid resource field value in the request: note_name "projects/p" is not of the form projects/{project}/notes/{note}.',
  )
  expect(() => NOTE.parse(undefined)).toThrow('name "" is not of the form')
})

test('nothing is in every project at once', () => {
  expect(() => NOTE.parse('projects/-/notes/n')).toThrow('name "projects/-/notes/n" must name one project.')
  expect(NOTE.parse('projects/p/notes/-')).toEqual({ project: 'p', note: '-' })
})

test('ids may have any character but the slash: dots, colons, percent signs', () => {
  expect(NOTE.parse('projects/example.com:p/notes/a%2Fb:c.d')).toEqual({ project: 'example.com:p', note: 'a%2Fb:c.d' })
})

test('literal dots and stars of a pattern are themselves', () => {
  expect(namePattern('a.b/{x}').match('aXb/1')).toBeUndefined()
  expect(namePattern('a*/{x}').match('a*/1')).toEqual({ x: '1' })
})

test('the parent of a name, and its id', () => {
  expect(parentOf('projects/p/notes/n')).toBe('projects/p')
  expect(parentOf('projects/p')).toBe('')
  expect(idOf('projects/p/notes/n')).toBe('n')
})

import { expect, test } from 'vitest'
import { collection, type ListRequest, page } from './collection.ts'
import { openDatabase } from './database.ts'

interface Note {
  name: string
  size?: number
  kind?: string
}

function notes() {
  const db = openDatabase(undefined, [])
  db.exec('CREATE TABLE notes (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT')
  return collection<Note>(db, 'notes')
}

const insert = (all: ReturnType<typeof notes>, ...names: string[]) => {
  for (const name of names) all.insert(name, 'projects/p', { name })
}

const list = (all: ReturnType<typeof notes>, request: ListRequest) =>
  page((after) => all.iterate('projects/p', after), request, { default: 2, max: 3 }, { parent: 'projects/p' })

test('a document is read back as it was written, and not at all where there is none', () => {
  const all = notes()
  expect(all.insert('a', 'projects/p', { name: 'a', size: 1 })).toBe(true)
  expect(all.get('a')).toEqual({ name: 'a', size: 1 })
  expect(all.get('b')).toBeUndefined()
})

test('a name that is taken is not written again', () => {
  const all = notes()
  insert(all, 'a')
  expect(all.insert('a', 'projects/q', { name: 'other' })).toBe(false)
  expect(all.get('a')).toEqual({ name: 'a' })
})

test('documents are updated, deleted and counted', () => {
  const all = notes()
  insert(all, 'a', 'b')
  all.update('a', { name: 'a', size: 2 })
  expect(all.get('a')).toEqual({ name: 'a', size: 2 })
  expect(all.count('projects/p')).toBe(2)
  expect(all.delete('a')).toBe(true)
  expect(all.delete('a')).toBe(false)
  expect(all.count('projects/p')).toBe(1)
})

test('a list is in the order of the positions, by name unless they say otherwise, and of one parent', () => {
  const all = notes()
  all.insert('c', 'projects/p', { name: 'c' }, '1')
  all.insert('a', 'projects/p', { name: 'a' }, '3')
  all.insert('b', 'projects/p', { name: 'b' }, '2')
  all.insert('d', 'projects/q', { name: 'd' }, '0')
  expect([...all.iterate('projects/p')].map(({ document }) => document.name)).toEqual(['c', 'b', 'a'])
})

test('a list reads on beyond what one statement fetches, while documents are written', () => {
  const all = notes()
  for (let i = 0; i < 1100; i++) insert(all, String(i).padStart(4, '0'))
  let count = 0
  for (const { document } of all.iterate('projects/p')) {
    all.update(document.name, { ...document, size: 1 })
    count++
  }
  expect(count).toBe(1100)
})

test('a page has the default size unless another is asked for, and never more than the maximum', () => {
  const all = notes()
  insert(all, 'a', 'b', 'c', 'd')
  expect(list(all, {}).items).toHaveLength(2)
  expect(list(all, { pageSize: 1 }).items).toHaveLength(1)
  expect(list(all, { pageSize: 1000 }).items).toHaveLength(3)
  expect(() => list(all, { pageSize: -1 })).toThrow('page_size must not be negative.')
})

test('pages follow each other by token until there is no more', () => {
  const all = notes()
  insert(all, 'a', 'b', 'c', 'd')
  const first = list(all, {})
  const second = list(all, { pageToken: first.nextPageToken })
  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  expect(second.nextPageToken).toBeUndefined()
  expect(() => list(all, { pageToken: first.nextPageToken, filter: 'name="a"' })).toThrow('The page token is invalid')
})

test('a token still works where the document at its position is gone', () => {
  const all = notes()
  insert(all, 'a', 'b', 'c')
  const { nextPageToken } = list(all, {})
  all.delete('b')
  expect(list(all, { pageToken: nextPageToken }).items).toEqual([{ name: 'c' }])
})

test('a filter takes away before pages are counted', () => {
  const all = notes()
  for (const [name, kind] of [
    ['a', 'X'],
    ['b', 'Y'],
    ['c', 'X'],
    ['d', 'X'],
  ] as const)
    all.insert(name, 'projects/p', { name, kind })
  const first = list(all, { filter: 'kind="X"' })
  expect(first.items.map(({ name }) => name)).toEqual(['a', 'c'])
  expect(list(all, { filter: 'kind="X"', pageToken: first.nextPageToken })).toEqual({ items: [{ name: 'd', kind: 'X' }] })
})

test('order_by sorts by several fields, ascending or descending, with pages', () => {
  const all = notes()
  for (const [name, kind] of [
    ['a', 'X'],
    ['b', 'Y'],
    ['c', 'X'],
  ] as const)
    all.insert(name, 'projects/p', { name, kind })
  const first = list(all, { orderBy: 'kind desc, name desc' })
  const second = list(all, { orderBy: 'kind desc, name desc', pageToken: first.nextPageToken })
  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['b', 'c', 'a'])
  expect(() => list(all, { orderBy: 'kind sideways' })).toThrow('Invalid order_by: "kind sideways".')
})

test('a view is what is shown and filtered', () => {
  const all = notes()
  insert(all, 'a', 'b')
  const view = ({ name }: Note) => ({ title: name.toUpperCase() })
  const { items } = page(
    (after) => all.iterate('projects/p', after),
    { filter: 'title="B"' },
    { default: 10, max: 10 },
    { parent: 'projects/p', view },
  )
  expect(items).toEqual([{ title: 'B' }])
})

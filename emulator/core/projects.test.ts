import { expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { canonicalProject, createProject, projectId, projectNumber } from './projects.ts'

const database = () => openDatabase(undefined, [{ name: 'core', migrations: new URL('./migrations/', import.meta.url) }])

test('a project has a number of 12 digits, the same in every emulator', () => {
  const number = projectNumber(database(), 'my-app-prod')
  expect(number).toMatch(/^[1-9]\d{11}$/)
  expect(projectNumber(database(), 'my-app-prod')).toBe(number)
  expect(projectNumber(database(), 'my-app-test')).not.toBe(number)
})

test('a number stands for the project once the project has been named', () => {
  const db = database()
  const number = projectNumber(db, 'my-app-prod')
  expect(projectId(db, number)).toBe('my-app-prod')
  expect(projectId(db, 'my-app-prod')).toBe('my-app-prod')
})

test('a number that stands for no project stays as it is, and is its own number', () => {
  const db = database()
  expect(projectId(db, '123456789012')).toBe('123456789012')
  expect(projectNumber(db, '123456789012')).toBe('123456789012')
})

test('where the number of an id is taken, the next one is tried', () => {
  const db = database()
  const taken = projectNumber(database(), 'my-app-prod')
  db.prepare('INSERT INTO projects (id, number) VALUES (?, ?)').run('another-one', taken)
  expect(projectNumber(db, 'my-app-prod')).toMatch(/^\d{12}$/)
  expect(projectNumber(db, 'my-app-prod')).not.toBe(taken)
})

test('names with the number of a project become names with its id', () => {
  const db = database()
  const number = projectNumber(db, 'my-app-prod')
  expect(canonicalProject(db, `projects/${number}/notes/n`, false)).toBe('projects/my-app-prod/notes/n')
  expect(canonicalProject(db, `projects/${number}`, false)).toBe('projects/my-app-prod')
  expect(canonicalProject(db, 'projects/example.com:my-app/notes/n', false)).toBe('projects/example.com:my-app/notes/n')
})

test('names that are of no project, or of all, stay as they are', () => {
  for (const name of ['projects/-/notes/n', 'locations/us', 'folders/1', 'projects', ''])
    expect(canonicalProject(database(), name, true)).toBe(name)
})

test.each(['P', 'my-app-', 'my_app', 'abc', 'a'.repeat(31), '9abcdef', 'my app', 'my-app-prod\n', '..'])(
  'a project cannot have the id %j',
  (id) => {
    expect(() => canonicalProject(database(), `projects/${id}/notes/n`, false)).toThrow(`Invalid project ID "${id}"`)
  },
)

test('strict: a project that was not created first is refused as Google refuses it', () => {
  const db = database()
  const number = projectNumber(db, 'my-app-prod') // named, but not created
  for (const reference of ['my-app-prod', number, '123456789012'])
    expect(() => canonicalProject(db, `projects/${reference}/notes/n`, true)).toThrow(
      expect.objectContaining({ code: 'PERMISSION_DENIED', details: [expect.objectContaining({ reason: 'CONSUMER_INVALID' })] }),
    )
  createProject(db, 'my-app-prod')
  expect(canonicalProject(db, `projects/${number}/notes/n`, true)).toBe('projects/my-app-prod/notes/n')
})

import { expect, test } from 'vitest'
import { createMethods } from './methods.ts'

const GET = 'google.longrunning.Operations/GetOperation'
const LIST = 'google.longrunning.Operations/ListOperations'
const PATH = '/v1/{name=projects/*/operations/*}'

const methods = createMethods({
  'usage.v1': { hosts: ['usage.example.com'], routes: [['GET', '/v1/operations', LIST, '']] },
  'notes.v1': {
    hosts: ['notes.example.com'],
    routes: [
      ['GET', PATH, GET, ''],
      ['GET', '/v1/{name=projects/*}/operations', LIST, ''],
    ],
  },
  'jobs.v1': { hosts: ['jobs.example.com'], claims: '^/v1/projects/[^/]+/operations/job-', routes: [['GET', PATH, GET, '']] },
})

const apiOf = (method: string, name: string, host?: string) => methods.apiOf(method, host, () => ({ name }))

test('where several APIs have a method, the host decides', () => {
  expect(apiOf(GET, 'projects/p/operations/x', 'notes.example.com')).toBe('notes.v1')
  expect(apiOf(GET, 'projects/p/operations/x', 'jobs.example.com')).toBe('jobs.v1')
  expect(apiOf(GET, 'projects/p/operations/x', 'usage.example.com')).toBeUndefined()
})

test('without one of their hosts, the API that claims the path which the name has over REST, else the first that has such a name', () => {
  expect(apiOf(GET, 'projects/p/operations/job-1')).toBe('jobs.v1')
  expect(apiOf(GET, 'projects/p/operations/x')).toBe('notes.v1')
  expect(apiOf(GET, 'projects/p/operations/job-1', 'notes.example.com')).toBe('notes.v1')
})

test('a path without a name is meant where no other has a place for the name', () => {
  expect(apiOf(LIST, 'projects/p')).toBe('notes.v1')
  for (const name of ['operations', '', 'projects']) expect(apiOf(LIST, name)).toBe('usage.v1')
})

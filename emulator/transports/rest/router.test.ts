import { expect, test } from 'vitest'
import { createRouter, isRpc } from './router.ts'

const run = () => ({ status: 200, body: '' })
const router = createRouter(
  {
    'notes.v1': {
      hosts: ['notes.example.com'],
      routes: [
        ['GET', '/v1/{name=projects/*/notes/*}', 'notes.Notes/GetNote', ''],
        ['POST', '/v1/{resource=projects/*/notes/*}:setIamPolicy', 'notes.Notes/SetIamPolicy', '*'],
        ['GET', '/v1/{parent=projects/*}/locations', 'notes.Notes/ListLocations', ''],
      ],
    },
    'keys.v1': {
      hosts: ['keys.example.com'],
      routes: [['GET', '/v1/{parent=projects/*}/locations', 'keys.Keys/ListLocations', '']],
    },
    'keys.v2': { hosts: ['keys.example.com'], routes: [['GET', '/v2/{name=projects/*/keys/*}', 'keys.Keys/GetKey', '']] },
  },
  [
    { method: 'GET', path: '/_emulator/healthz', run },
    { method: 'GET', path: '/files/{file=**}', run },
  ],
)

const find = (method: string, path: string, host = '127.0.0.1') => {
  const match = router.find(method, host, path)
  return match && { ...match, target: isRpc(match.target) ? match.target.method : match.target.path }
}

test('method and path decide which RPC is called, with the variables of the path', () => {
  expect(router.find('GET', '127.0.0.1', '/v1/projects/p/notes/n')).toEqual({
    target: { api: 'notes.v1', method: 'notes.Notes/GetNote', body: '' },
    variables: { name: 'projects/p/notes/n' },
  })
  expect(find('POST', '/v1/projects/p/notes/n')).toBeUndefined()
  expect(find('GET', '/v1/projects/p/notes')).toBeUndefined()
  expect(find('__proto__', '/v1/projects/p/notes/n')).toBeUndefined()
})

test('a verb stands behind the last colon; one that nobody has is part of the id', () => {
  expect(find('POST', '/v1/projects/p/notes/n:setIamPolicy')).toEqual({
    target: 'notes.Notes/SetIamPolicy',
    variables: { resource: 'projects/p/notes/n' },
  })
  expect(find('POST', '/v1/projects/p/notes/sha256:00:setIamPolicy')?.variables).toEqual({
    resource: 'projects/p/notes/sha256:00',
  })
  expect(find('GET', '/v1/projects/p/notes/sha256:00')?.variables).toEqual({ name: 'projects/p/notes/sha256:00' })
  expect(find('GET', '/v1/projects/p/notes/n%3AsetIamPolicy')?.variables).toEqual({ name: 'projects/p/notes/n:setIamPolicy' })
})

test('where two APIs have a path, the host decides; without one of theirs, the first', () => {
  expect(find('GET', '/v1/projects/p/locations', 'keys.example.com')?.target).toBe('keys.Keys/ListLocations')
  expect(find('GET', '/v1/projects/p/locations', 'notes.example.com')?.target).toBe('notes.Notes/ListLocations')
  expect(find('GET', '/v1/projects/p/locations', 'localhost')?.target).toBe('notes.Notes/ListLocations')
})

test('a path that an API claims is its own where no host says otherwise', () => {
  const path = '/v1/{name=projects/*/operations/*}'
  const table = {
    'notes.v1': { hosts: ['notes.example.com'], routes: [['GET', path, 'notes.Notes/GetOperation', '']] },
    'jobs.v1': { hosts: ['jobs.example.com'], claims: '/operations/job-', routes: [['GET', path, 'jobs.Jobs/GetOperation', '']] },
  }
  const router = createRouter(table, [])
  const apiOf = (host: string, id: string) => (router.find('GET', host, `/v1/projects/p/operations/${id}`)?.target as any)?.api
  expect(['1', 'job-1'].map((id) => apiOf('localhost', id))).toEqual(['notes.v1', 'jobs.v1'])
  expect(['1', 'job-1'].map((id) => apiOf('notes.example.com', id))).toEqual(['notes.v1', 'notes.v1'])
  expect(['1', 'job-1'].map((id) => apiOf('jobs.example.com', id))).toEqual(['jobs.v1', 'jobs.v1'])
})

test('a host of one API does not have the paths of another, but all versions of its own', () => {
  expect(find('GET', '/v1/projects/p/notes/n', 'keys.example.com')).toBeUndefined()
  expect(find('GET', '/v2/projects/p/keys/k', 'keys.example.com')?.target).toBe('keys.Keys/GetKey')
  expect(router.googleHost('keys.example.com')).toBe('keys.example.com')
  expect(router.googleHost('europe-west2-keys.example.com')).toBe('keys.example.com')
  expect(router.googleHost('example.com')).toBe(undefined)
  expect(router.googleHost('not-keys.example.com')).toBe(undefined)
})

test('routes that are no RPCs are found on every host, with paths of any length', () => {
  expect(find('GET', '/_emulator/healthz', 'keys.example.com')?.target).toBe('/_emulator/healthz')
  expect(find('GET', '/files/a/b/c')?.variables).toEqual({ file: 'a/b/c' })
})

test('broken percent-encoding throws URIError', () => {
  expect(() => find('GET', '/v1/projects/p/notes/%')).toThrow(URIError)
})

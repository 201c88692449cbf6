import { expect, test } from 'vitest'
import { openDatabase } from '../core/database.ts'
import { createDispatcher } from '../core/dispatch.ts'
import { randomIds } from '../core/ids.ts'
import { type Context, rpc } from '../core/service.ts'
import { testClock } from '../testing/clock.ts'
import {
  finishedOperation,
  LIST_OPERATIONS,
  listOperationsOf,
  operationsMixin,
  startedOperation,
  waitOperation,
} from './operations.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** The mixin in a store of its own: `finish` makes an operation, `call` calls a method. An operation is under way for `seconds`. */
function operations(seconds = 0) {
  const migrations = (folder: string) => new URL(`../${folder}/migrations/`, import.meta.url)
  const db = openDatabase(undefined, [
    { name: 'core', migrations: migrations('core') },
    { name: 'mixins', migrations: migrations('mixins') },
  ])
  const clock = testClock()
  const operationDelay = BigInt(seconds) * 1_000_000_000n
  const ListOperations = rpc(
    listOperationsOf(({ name }) => !name!.includes('other-')),
    ...LIST_OPERATIONS,
  )
  const methods = { ...operationsMixin['google.longrunning.Operations'], ListOperations, ...waitOperation }
  const dispatcher = createDispatcher(
    { db, clock, ids: randomIds, log: silent, strictProjects: false, isOwnAuthority: () => false, operationDelay },
    [{ name: 'notes', apis: { 'notes.v1': { 'google.longrunning.Operations': methods } } }],
  )
  return {
    clock,
    finish: (parent: string, id: string) =>
      dispatcher.run((_request: object, ctx: Context) => finishedOperation(ctx, parent, id, { response: { done: id } }), {}),
    start: (parent: string, id: string) =>
      dispatcher.run((_request: object, ctx: Context) => {
        const metadata = { '@type': 'type.googleapis.com/notes.Metadata' }
        return startedOperation(ctx, parent, id, { metadata, response: { created: id } })
      }, {}),
    call: (method: string, request: object) =>
      dispatcher.call('notes.v1', `google.longrunning.Operations/${method}`, request) as Promise<any>,
  }
}

test('an operation is done from the beginning, and can be read by its name', async () => {
  const { finish, call } = operations()
  const operation = await finish('projects/my-app-prod/locations/us', 'a')
  expect(operation).toEqual({
    name: 'projects/my-app-prod/locations/us/operations/a',
    done: true,
    response: { done: 'a' },
  })
  expect(await call('GetOperation', { name: operation.name })).toEqual(operation)
  expect((await finish('', 'b')).name).toBe('operations/b')
})

test('an operation that is started is not done in the answer that starts it, and done at the next request', async () => {
  const { start, call } = operations()
  const metadata = { '@type': 'type.googleapis.com/notes.Metadata' }
  const name = 'projects/my-app-prod/locations/us/operations/a'
  expect(await start('projects/my-app-prod/locations/us', 'a')).toEqual({ name, metadata })
  expect(await call('GetOperation', { name })).toEqual({ name, metadata, done: true, response: { created: 'a' } })
})

test('an operation that is to be watched is under way until its time has passed, by every method that shows it', async () => {
  const { start, finish, call, clock } = operations(10)
  const metadata = { '@type': 'type.googleapis.com/notes.Metadata' }
  const [parent, name] = ['projects/my-app-prod/locations/us', 'projects/my-app-prod/locations/us/operations/a']
  expect(await start(parent, 'a')).toEqual({ name, metadata })
  expect(await finish(parent, 'b')).toEqual({ name: `${parent}/operations/b` })
  const show = async () => [
    await call('GetOperation', { name }),
    await call('WaitOperation', { name, timeout: '30s' }),
    (await call('ListOperations', { name: parent })).operations[0],
  ]
  expect(await show()).toEqual([
    { name, metadata },
    { name, metadata },
    { name, metadata },
  ])
  expect((await call('ListOperations', { name: parent, filter: 'done=true' })).operations).toEqual([])
  clock.advance(9000)
  expect((await call('GetOperation', { name })).done).toBeUndefined()
  clock.advance(1000)
  const done = { name, metadata, done: true, response: { created: 'a' } }
  expect(await show()).toEqual([done, done, done])
})

test('an operation that is not there is not found, by any method', async () => {
  const { call } = operations()
  for (const method of ['GetOperation', 'DeleteOperation', 'CancelOperation', 'WaitOperation'])
    await expect(call(method, { name: 'operations/nowhere' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Operation operations/nowhere not found.',
    })
})

test('the operations of one parent are listed in the order in which they were made, page by page', async () => {
  const { finish, call } = operations()
  for (const id of ['c', 'a', 'b']) await finish('', id)
  await finish('projects/my-app-prod', 'd')
  const ids = ({ operations }: any) => operations.map(({ name }: { name: string }) => name)
  const first = await call('ListOperations', { name: 'operations', pageSize: 2 })
  expect(ids(first)).toEqual(['operations/c', 'operations/a'])
  const second = await call('ListOperations', { name: 'operations', pageSize: 2, pageToken: first.nextPageToken })
  expect(ids(second)).toEqual(['operations/b'])
  expect(second.nextPageToken).toBeUndefined()
  expect(ids(await call('ListOperations', { name: 'projects/my-app-prod' }))).toEqual(['projects/my-app-prod/operations/d'])
  expect(ids(await call('ListOperations', { name: 'projects/my-app-prod/operations' }))).toHaveLength(1)
  expect(ids(await call('ListOperations', { filter: 'name="operations/b"' }))).toEqual(['operations/b'])
})

test('the operations of another API are not listed, wherever they are', async () => {
  const { finish, call } = operations()
  for (const id of ['other-a', 'b', 'other-c', 'd']) await finish('', id)
  const { operations: first, nextPageToken } = await call('ListOperations', { pageSize: 1 })
  const { operations: second, nextPageToken: none } = await call('ListOperations', { pageSize: 1, pageToken: nextPageToken })
  expect([...first, ...second].map(({ name }) => name)).toEqual(['operations/b', 'operations/d'])
  expect(none).toBeUndefined()
})

test('cancelling what is done changes nothing, deleting removes it', async () => {
  const { finish, call } = operations()
  const { name } = await finish('', 'a')
  expect(await call('CancelOperation', { name })).toEqual({})
  expect((await call('GetOperation', { name })).done).toBe(true)
  expect(await call('DeleteOperation', { name })).toEqual({})
  await expect(call('GetOperation', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

import { expect, test } from 'vitest'
import { testClock } from '../testing/clock.ts'
import { openDatabase, writeLater } from './database.ts'
import { createDispatcher, type World } from './dispatch.ts'
import { randomIds } from './ids.ts'
import { createProject, projectNumber } from './projects.ts'
import { type Context, io, type Rpc, rpc, Stale } from './service.ts'
import { notFound } from './status.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A dispatcher of one service whose single method is `method`. */
function dispatcherOf(method: Rpc, options: Partial<World> = {}) {
  const db = openDatabase(undefined, [{ name: 'core', migrations: new URL('./migrations/', import.meta.url) }])
  db.exec('CREATE TABLE notes (name TEXT PRIMARY KEY) STRICT')
  const world: World = {
    db,
    clock: testClock(),
    ids: randomIds,
    log: silent,
    strictProjects: false,
    isOwnAuthority: () => false,
    ...options,
  }
  const dispatcher = createDispatcher(world, [{ name: 'notes', apis: { 'notes.v1': { 'notes.Notes': { Do: method } } } }])
  const call = (request: object) => dispatcher.call('notes.v1', 'notes.Notes/Do', request) as Promise<any>
  return { db, dispatcher, call }
}

const write = (ctx: Context, name: string) => ctx.db.prepare('INSERT INTO notes VALUES (?)').run(name)
const names = (ctx: Pick<Context, 'db'>) => ctx.db.prepare('SELECT name FROM notes').pluck().all()
const echo = (request: object) => request

test('a request is answered by its operation', async () => {
  const { call } = dispatcherOf(rpc(({ name }: { name: string }) => ({ name, size: 1 }), 'name'))
  expect(await call({ name: 'a' })).toEqual({ name: 'a', size: 1 })
})

test('a method that nobody has is refused by name', async () => {
  const { dispatcher } = dispatcherOf(rpc(echo))
  await expect(dispatcher.call('notes.v1', 'notes.Notes/Undo', {})).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: 'Method notes.Notes.Undo (notes.v1) is not supported by binauthz-emulator.',
  })
  await expect(dispatcher.call('notes.v2', 'notes.Notes/Do', {})).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  await expect(dispatcher.call('notes.v1', '__proto__/constructor', {})).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
})

test('a field that the operation does not honour is refused by its path; one that is honoured covers all below it', async () => {
  const { call } = dispatcherOf(rpc(echo, 'name', 'note.attestation.hint', 'note.kind', 'mask'))
  await call({ name: 'a', note: { kind: 'X', attestation: { hint: { humanReadableName: 'b' } } }, mask: ['a'] })
  for (const [request, field] of [
    [{ other: 1 }, 'other'],
    [{ note: { name: 'a' } }, 'note.name'],
    [{ note: { attestation: { key: 'a' } } }, 'note.attestation.key'],
    [{ note: [{ kind: 'X' }] }, 'note'],
    [{ note: 'text' }, 'note'],
  ] as const)
    await expect(call(request)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: `Field ${field} is not supported by binauthz-emulator.`,
    })
})

test('a throw rolls all writes back', async () => {
  const failing = dispatcherOf(
    rpc((_, ctx) => {
      write(ctx, 'a')
      throw notFound('gone')
    }),
  )
  await expect(failing.call({})).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(names(failing)).toEqual([])
})

test('an operation that waits writes in one transaction, after it has waited', async () => {
  const seen: unknown[] = []
  const { call, db } = dispatcherOf(
    rpc(
      io(
        async (_request: object, ctx) => {
          seen.push(ctx.db.inTransaction)
          return 'prepared'
        },
        (_request, ctx, prepared) => {
          seen.push(ctx.db.inTransaction, prepared)
          write(ctx, 'a')
          if (names(ctx).length > 1) throw notFound('too many')
          return {}
        },
      ),
    ),
  )
  await call({})
  expect(seen).toEqual([false, true, 'prepared'])
  db.exec("UPDATE notes SET name = 'b'")
  await expect(call({})).rejects.toMatchObject({ message: 'too many' })
  expect(names({ db })).toEqual(['b'])
})

test('what an operation read before it waited is checked again afterwards', async () => {
  let release = () => {}
  const waiting = new Promise<void>((resolve) => {
    release = resolve
  })
  const taken = (ctx: Context) => names(ctx).length > 0
  const { call } = dispatcherOf(
    rpc(
      io(
        async (request: { name: string }, ctx) => {
          expect(taken(ctx)).toBe(false)
          if (request.name === 'slow') await waiting
        },
        (request, ctx) => {
          if (taken(ctx)) throw notFound('taken meanwhile')
          write(ctx, request.name)
          return {}
        },
      ),
      'name',
    ),
  )
  const slow = call({ name: 'slow' })
  await call({ name: 'fast' })
  release()
  await expect(slow).rejects.toMatchObject({ message: 'taken meanwhile' })
})

test('an operation that returns a promise by mistake is refused, and writes nothing', async () => {
  const { call, db } = dispatcherOf(
    rpc(async (_request: object, ctx) => {
      write(ctx, 'a')
    }),
  )
  await expect(call({})).rejects.toThrow('promise')
  expect(names({ db })).toEqual([])
})

test('time stands still within a request, and goes on between requests', async () => {
  const { call } = dispatcherOf(
    rpc((_, ctx) => ({
      first: ctx.timestamp(9),
      second: ctx.timestamp(9),
      short: ctx.timestamp(),
      date: ctx.now().toISOString(),
    })),
  )
  const one = await call({})
  const two = await call({})
  expect(one.first).toBe(one.second)
  expect(one.short).toBe(one.first.replace(/\d{3}Z$/, 'Z'))
  expect(one.date.slice(0, 19)).toBe(one.first.slice(0, 19))
  expect(two.first > one.first).toBe(true)
})

test('fields that are undefined are not part of the answer', async () => {
  const { call } = dispatcherOf(rpc(() => ({ a: undefined, b: { c: undefined, d: [{ e: undefined }] }, f: null, g: 0 })))
  expect(JSON.stringify(await call({}))).toBe('{"b":{"d":[{}]},"f":null,"g":0}')
})

test('operations see the id of a project, whichever of id and number the request has', async () => {
  const { call, db } = dispatcherOf(rpc(echo, 'name', 'parent', 'note', 'text'))
  const number = projectNumber(db, 'my-app-prod')
  expect(
    await call({
      name: `projects/${number}/notes/n`,
      parent: `projects/${number}`,
      note: { name: `projects/${number}/notes/n`, noteReference: `projects/${number}/notes/n` },
      text: `see projects/${number}`,
    }),
  ).toEqual({
    name: 'projects/my-app-prod/notes/n',
    parent: 'projects/my-app-prod',
    note: { name: 'projects/my-app-prod/notes/n', noteReference: `projects/${number}/notes/n` },
    text: `see projects/${number}`,
  })
})

test('a project has a number from the first request that names it', async () => {
  const { call, db } = dispatcherOf(rpc(echo, 'parent'))
  await call({ parent: 'projects/my-app-prod' })
  await call({ parent: 'projects/-' })
  await call({ parent: 'projects/123456789012' })
  expect(db.prepare('SELECT id FROM projects').pluck().all()).toEqual(['my-app-prod'])
})

test('strict: requests of projects that were not created are refused', async () => {
  const { call, db } = dispatcherOf(rpc(echo, 'parent', 'note'), { strictProjects: true })
  await expect(call({ parent: 'projects/my-app-prod' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(call({ note: { name: 'projects/my-app-prod/notes/n' } })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  createProject(db, 'my-app-prod')
  await call({ parent: 'projects/my-app-prod' })
})

test('an entrance that is no RPC runs under the same rules', async () => {
  const { dispatcher, db } = dispatcherOf(rpc(echo))
  const failing = (_request: object, ctx: Context) => {
    write(ctx, 'a')
    throw notFound('gone')
  }
  await expect(dispatcher.run(failing, {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(names({ db })).toEqual([])
  expect(
    await dispatcher.run(({ a }: { a: number }, { caller }: Context) => [a, caller], { a: 1 }, { principal: 'user:a@b.c' }),
  ).toEqual([1, { principal: 'user:a@b.c' }])
})

test('what waits to be written is there before an operation begins, and stays where that fails', async () => {
  const { db, call } = dispatcherOf(
    rpc((_: object, ctx: Context) => {
      if (names(ctx).length === 1) throw notFound('not here')
      return { names: names(ctx) }
    }),
  )
  writeLater(db, () => db.exec("INSERT INTO notes VALUES ('a')"))
  await expect(call({})).rejects.toThrow('not here')
  writeLater(db, () => db.exec("INSERT INTO notes VALUES ('b')"))
  expect(await call({})).toEqual({ names: ['a', 'b'] })
})

test('a commit that is a single write has no transaction, and is done again where it finds its ground changed', async () => {
  let attempts = 0
  const commit = (_: object, ctx: Context, attempt: number) => {
    if (attempt < 3) throw new Stale()
    return { attempt, inTransaction: ctx.db.inTransaction }
  }
  const { call } = dispatcherOf(rpc({ ...io(async () => ++attempts, commit), isSingleWrite: true }))
  expect(await call({})).toEqual({ attempt: 3, inTransaction: false })
})

test('what an operation delivers goes out once it is committed, and not where it fails', async () => {
  const sent: [url: string, committed: unknown][] = []
  const delivery = (url: string) => ({ url, headers: {}, body: '' })
  const add = (ctx: Context, name: string) => {
    write(ctx, name)
    ctx.deliver(delivery(name))
    expect(sent.map(([url]) => url)).not.toContain(name)
  }
  const dispatch = (method: Rpc) => {
    const { db, call } = dispatcherOf(method, { deliver: ({ url }) => void sent.push([url, [db.inTransaction, names({ db })]]) })
    return call({ name: 'a' }).catch((error) => error.code)
  }
  await dispatch(rpc((_: object, ctx: Context) => add(ctx, 'plain'), 'name'))
  const refused = rpc((_: object, ctx: Context) => {
    add(ctx, 'rolled-back')
    throw notFound('gone')
  }, 'name')
  expect(await dispatch(refused)).toBe('NOT_FOUND')
  const inCommit = io(
    async () => 'waited',
    (_: object, ctx: Context, prepared: string) => add(ctx, prepared),
  )
  await dispatch(rpc(inCommit, 'name'))
  const inPrepare = io(
    async (_: object, ctx: Context) => {
      add(ctx, 'by-itself')
      throw notFound('gone')
    },
    () => ({}),
  )
  expect(await dispatch(rpc(inPrepare, 'name'))).toBe('NOT_FOUND')
  expect(sent).toEqual(['plain', 'waited', 'by-itself'].map((name) => [name, [false, [name]]]))
})

test('nothing may be delivered to anybody unless the world says so', async () => {
  const mayDeliverTo = rpc((_: object, ctx: Context) => ({ may: ctx.mayDeliverTo(new URL('http://127.0.0.1/')) }), 'name')
  expect(await dispatcherOf(mayDeliverTo).call({})).toEqual({ may: false })
  expect(await dispatcherOf(mayDeliverTo, { mayDeliverTo: () => true }).call({})).toEqual({ may: true })
})

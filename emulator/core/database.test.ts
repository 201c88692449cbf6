import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { dataTables, openDatabase, replaceContent, StartError, writeLater, writeWaiting } from './database.ts'

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'database-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A source of migrations with these files. */
function source(files: Record<string, string>, name = 'notes') {
  const path = folder()
  for (const [file, sql] of Object.entries(files)) writeFileSync(join(path, file), sql)
  return { name, migrations: pathToFileURL(`${path}/`) }
}

const NOTES = 'CREATE TABLE notes (name TEXT PRIMARY KEY) STRICT'
const names = (db: ReturnType<typeof openDatabase>) => db.prepare('SELECT name FROM notes ORDER BY name').pluck().all()

test('migrations are applied in the order of their names, each once', () => {
  const data = folder()
  const sources = [source({ '002-b.sql': "INSERT INTO notes VALUES ('b')", '001-a.sql': NOTES }), { name: 'no migrations' }]
  openDatabase(data, sources).close()
  expect(names(openDatabase(data, sources))).toEqual(['b'])
})

test('a migration that is new is applied to the data that is there', () => {
  const data = folder()
  const old = openDatabase(data, [source({ '001-a.sql': NOTES })])
  old.exec("INSERT INTO notes VALUES ('kept')")
  old.close()
  const sources = [source({ '001-a.sql': NOTES, '002-b.sql': "INSERT INTO notes VALUES ('new')" })]
  expect(names(openDatabase(data, sources))).toEqual(['kept', 'new'])
})

test('a migration that fails leaves nothing behind', () => {
  const data = folder()
  expect(() => openDatabase(data, [source({ '001-a.sql': `${NOTES}; INSERT INTO nowhere VALUES (1)` })])).toThrow('nowhere')
  expect(dataTables(openDatabase(data, []))).toEqual([])
})

test('data of a newer version is refused with one sentence that says what to do', () => {
  const data = folder()
  openDatabase(data, [source({ '001-a.sql': NOTES, '007-later.sql': 'SELECT 1' })]).close()
  const open = () => openDatabase(data, [source({ '001-a.sql': NOTES })])
  expect(open).toThrow(StartError)
  expect(open).toThrow(
    'The data was written by a newer version of binauthz-emulator (it has notes/007-later.sql): update, or give another folder with --data.',
  )
})

test('a second emulator on one folder is refused with one sentence, until the first one ends', () => {
  const data = folder()
  const first = openDatabase(data, [])
  const second = () => openDatabase(data, [])
  expect(second).toThrow(StartError)
  expect(second).toThrow(`The data in ${data} is in use by another emulator. Stop it, or give another folder with --data.`)
  first.close()
  second().close()
})

test('a folder that cannot hold the data is refused with one sentence', () => {
  const file = join(folder(), 'file')
  writeFileSync(file, 'a file')
  const broken = folder()
  writeFileSync(join(broken, 'emulator.sqlite'), 'no database at all, but long enough to be one'.repeat(100))
  const directory = folder()
  mkdirSync(join(directory, 'emulator.sqlite'))
  for (const data of [file, broken, directory]) {
    expect(() => openDatabase(data, [])).toThrow(StartError)
    expect(() => openDatabase(data, [])).toThrow(`The data in ${data} cannot be opened (`)
  }
})

test('a killed process loses what it had not committed, and nothing else', () => {
  const data = folder()
  const script = `
    const { openDatabase } = await import(${JSON.stringify(new URL('./database.ts', import.meta.url).href)})
    const db = openDatabase(${JSON.stringify(data)}, [{ name: 'notes', migrations: new URL(${JSON.stringify(source({ '001-a.sql': NOTES }).migrations.href)}) }])
    for (const name of ['a', 'b']) db.transaction(() => db.prepare('INSERT INTO notes VALUES (?)').run(name))()
    db.exec('BEGIN')
    db.prepare('INSERT INTO notes VALUES (?)').run('not committed')
    process.kill(process.pid, 'SIGKILL')
  `
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(signal, stderr).toBe('SIGKILL')
  expect(names(openDatabase(data, [source({ '001-a.sql': NOTES })]))).toEqual(['a', 'b'])
})

test('the data can be read by its owner alone', () => {
  const data = join(folder(), 'new')
  const db = openDatabase(data, [source({ '001-a.sql': NOTES })])
  expect(statSync(data).mode & 0o777).toBe(0o700)
  for (const file of ['emulator.sqlite', 'emulator.sqlite-wal']) expect(statSync(join(data, file)).mode & 0o077, file).toBe(0)
  db.close()
})

test('the content of a store is replaced by that of another, generated columns included', () => {
  const sources = [
    source({
      '001-a.sql': `${NOTES}; CREATE TABLE bodies (body TEXT NOT NULL, kind TEXT AS (body ->> 'kind') STORED, blob BLOB) STRICT`,
    }),
  ]
  const [db, other] = [openDatabase(undefined, sources), openDatabase(undefined, sources)]
  db.exec("INSERT INTO notes VALUES ('old')")
  other.exec(`INSERT INTO notes VALUES ('new'); INSERT INTO bodies (body, blob) VALUES ('{"kind":"BUILD"}', x'00ff')`)
  replaceContent(db, other)
  expect(names(db)).toEqual(['new'])
  expect(db.prepare('SELECT kind, hex(blob) FROM bodies').raw().all()).toEqual([['BUILD', '00FF']])
})

test('what waits is written once; what fails waits on', () => {
  const db = openDatabase(undefined, [source({ '001-a.sql': NOTES })])
  writeWaiting(db)
  const add = (name: string) => db.prepare('INSERT INTO notes VALUES (?)').run(name)
  let fails = true
  writeLater(db, () => add('a'))
  writeLater(db, () => {
    if (fails) throw new Error('not now')
    add('b')
  })
  expect(names(db)).toEqual([])
  expect(() => writeWaiting(db)).toThrow('not now')
  expect(names(db)).toEqual(['a'])
  fails = false
  for (const _ of [1, 2]) writeWaiting(db)
  expect(names(db)).toEqual(['a', 'b'])
})

test('what waits belongs to the content that is replaced, or replaces', () => {
  const sources = [source({ '001-a.sql': NOTES })]
  const [db, other] = [openDatabase(undefined, sources), openDatabase(undefined, sources)]
  writeLater(db, () => db.exec("INSERT INTO notes VALUES ('old')"))
  writeLater(other, () => other.exec("INSERT INTO notes VALUES ('new')"))
  replaceContent(db, other)
  for (const each of [db, other]) writeWaiting(each)
  expect(names(db)).toEqual(['new'])
})

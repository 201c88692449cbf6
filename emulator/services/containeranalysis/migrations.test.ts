import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../core/database.ts'
import { admissionGeneration } from '../../core/generation.ts'

const core = { name: 'core', migrations: new URL('../../core/migrations/', import.meta.url) }
const all = new URL('./migrations/', import.meta.url)

test('occurrences of earlier data are found as before, in their order, and every change of them is seen by admission', () => {
  const folder = mkdtempSync(join(tmpdir(), 'containeranalysis-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const earlier = join(folder, 'migrations')
  for (const file of readdirSync(all).filter((name) => name < '003'))
    cpSync(fileURLToPath(new URL(file, all)), join(earlier, file))
  const before = openDatabase(join(folder, 'data'), [
    core,
    { name: 'containeranalysis', migrations: pathToFileURL(`${earlier}/`) },
  ])
  const insert = before.prepare('INSERT INTO ca_occurrences (name, parent, position, body) VALUES (?, ?, ?, ?)')
  const digest = `sha256:${'0a'.repeat(32)}`
  const body = (resourceUri: string) => JSON.stringify({ noteName: 'projects/p/notes/n', resourceUri })
  insert.run('b', 'projects/p', '1', body(`https://example.com/app@${digest}`))
  insert.run('a', 'projects/p', '2', body('https://example.com/app:latest'))
  before.close()

  const db = openDatabase(join(folder, 'data'), [core, { name: 'containeranalysis', migrations: all }])
  onTestFinished(() => void db.close())
  const rows = () => db.prepare('SELECT name, parent, position, note_name, digest FROM ca_occurrences ORDER BY position').all()
  const row = { parent: 'projects/p', note_name: 'projects/p/notes/n' }
  expect(rows()).toEqual([
    { ...row, name: 'b', position: '1', digest },
    { ...row, name: 'a', position: '2', digest: null },
  ])
  const changes = [
    () =>
      db.prepare('INSERT INTO ca_occurrences (name, parent, position, body) VALUES (?, ?, ?, ?)').run('c', 'p', '3', body('x')),
    () => db.prepare("UPDATE ca_occurrences SET body = body WHERE name = 'a'").run(),
    () => db.prepare("DELETE FROM ca_occurrences WHERE name = 'b'").run(),
  ]
  const generations = [admissionGeneration(db)]
  for (const change of changes) {
    change()
    generations.push(admissionGeneration(db))
  }
  expect(new Set(generations).size).toBe(4)
  expect(rows()).toHaveLength(2)
})

// kill -9 at any moment: what was acknowledged is there after the next start, as it was acknowledged. SEED repeats the moments of a run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { type Acknowledged, acknowledgedIn, losses, startWriter } from './acknowledged.ts'
import { temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'

const { SEED = '4' } = process.env

const note = { attestation: { hint: { humanReadableName: 'more' } } }

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
function chance(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

async function kill(emulator: Emulator) {
  process.kill(emulator.pid, 'SIGKILL')
  expect(await emulator.stop()).toBe(null)
}

/** Opens a copy of the data, so that recovery is left to the next start. */
function withCopy<T>(data: string, read: (db: Database.Database) => T): T {
  const copy = temporaryFolder()
  cpSync(data, copy, { recursive: true })
  const db = new Database(join(copy, 'emulator.sqlite'))
  try {
    return read(db)
  } finally {
    db.close()
  }
}

const integrity = (data: string) => withCopy(data, (db) => db.pragma('integrity_check', { simple: true }))

test('20 times killed under load: all that was acknowledged is read back, and the database is whole', {
  timeout: 300_000,
}, async () => {
  const random = chance(Number(SEED))
  const [data, files] = [temporaryFolder(), temporaryFolder()]
  const acknowledged: Acknowledged[] = []
  for (let round = 0; round < 20; round++) {
    const emulator = await startEmulator('--no-seed', '--data', data)
    const file = join(files, String(round))
    const writer = startWriter(emulator.url, file, `load-${round}`)
    const ended = once(writer, 'close')
    const wanted = 20 + random() * 200
    while (acknowledgedIn(file).length < wanted && writer.exitCode === null) await sleep(5)
    await sleep(random() * 20)
    await kill(emulator)
    expect(await ended).toEqual([0, null])
    expect(integrity(data), `SEED=${SEED}, round ${round}`).toBe('ok')
    acknowledged.push(...acknowledgedIn(file))

    const again = await startEmulator('--no-seed', '--data', data)
    expect(await losses(again, acknowledged), `SEED=${SEED}, round ${round}`).toEqual([])
    expect(await again.stop()).toBe(0)
  }
  expect(integrity(data)).toBe('ok')
})

/** How many rows each table has; empty where there is no table yet. */
const counts = (data: string): Record<string, number> =>
  withCopy(data, (db) => {
    const tables = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'",
    )
    const rows = (table: unknown) => db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number
    return Object.fromEntries(
      tables
        .pluck()
        .all()
        .map((table) => [table, rows(table)]),
    )
  })

/** Does the store wait for its seed? */
const isNew = ({ meta = 0 }: Record<string, number>) => meta === 0

const written = (data: string) => statSync(join(data, 'emulator.sqlite-wal'), { throwIfNoEntry: false })?.size ?? 0

/** How long something took, and how much of the write-ahead log it wrote. */
interface Extent {
  millis: number
  bytes: number
}

/** A moment within something that took so much: by the time in odd rounds, in even ones by what is written, because a transaction is short. */
async function moment(random: () => number, round: number, data: string, { millis, bytes }: Extent, isOver: () => boolean) {
  const part = random()
  if (round % 2) return sleep(part * millis)
  while (written(data) < part * bytes && !isOver()) await nextTurn()
}

test('killed at the first start: the store has all of the seed or nothing, and the next start has all of it', {
  timeout: 300_000,
}, async () => {
  const random = chance(Number(SEED))
  const [empty, reference] = [temporaryFolder(), temporaryFolder()]
  const seed = join(temporaryFolder(), 'seed.json') // JSON is YAML
  const notes = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`note-${i}`, note]))
  writeFileSync(seed, JSON.stringify({ projects: { 'my-app-prod': { notes } } }))
  expect(await (await startEmulator('--no-seed', '--data', empty)).stop()).toBe(0)
  const before = performance.now()
  const emulator = await startEmulator('--seed', seed, '--data', reference)
  const extent = { millis: performance.now() - before, bytes: written(reference) }
  expect(await emulator.stop()).toBe(0)
  const [unseeded, seeded] = [counts(empty), counts(reference)]
  expect(seeded.ca_notes).toBe(1000)
  const { PATH, HOME } = process.env
  for (let round = 0; round < 20; round++) {
    const data = temporaryFolder()
    const child = spawn(process.execPath, [ENTRY, 'start', '--port', '0', '--seed', seed, '--data', data], {
      cwd: ROOT,
      env: { PATH, HOME },
      stdio: 'ignore',
    })
    children.push(child)
    const ended = once(child, 'close')
    await moment(random, round, data, extent, () => child.exitCode !== null)
    child.kill('SIGKILL')
    await ended
    if (existsSync(join(data, 'emulator.sqlite'))) {
      expect(integrity(data)).toBe('ok')
      const rows = counts(data)
      // a table that is there is as its migration made it; not all of them need be there yet, nor the generation that a later one adds
      const added = rows.generations === 1 && { generations: 1 }
      const wanted = isNew(rows) ? { ...unseeded, meta: 0, ...added } : seeded
      expect({ ...wanted, ...rows }, `SEED=${SEED}, round ${round}`).toEqual(wanted)
    }
    const again = await startEmulator('--seed', seed, '--data', data)
    expect(await again.stop()).toBe(0)
    expect(counts(data), `SEED=${SEED}, round ${round}`).toEqual(seeded)
  }
})

test('killed during a reset: the store is what it was, or the seed and nothing else', { timeout: 300_000 }, async () => {
  const random = chance(Number(SEED))
  const reference = temporaryFolder()
  const emulator = await startEmulator('--data', reference)
  const seeded = counts(reference)
  for (let batch = 0; batch < 3; batch++) {
    const notes = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`note-${batch}-${i}`, note]))
    await emulator.call('POST', '/v1/projects/my-app-prod/notes:batchCreate', { notes })
  }
  expect(await emulator.stop()).toBe(0)
  const filled = counts(reference)
  let extent: Extent | undefined
  for (let round = 0; round < 20; round++) {
    const data = temporaryFolder()
    cpSync(reference, data, { recursive: true })
    const emulator = await startEmulator('--data', data)
    const [start, size] = [performance.now(), written(data)]
    let state: 'asked' | 'acknowledged' | 'broken off' = 'asked'
    const reset = emulator.call('POST', '/_emulator/reset').then(
      () => (state = 'acknowledged'),
      () => (state = 'broken off'),
    )
    if (extent) await moment(random, round, data, extent, () => state !== 'asked')
    else {
      await reset // the first one shows what there is to break off
      extent = { millis: performance.now() - start, bytes: written(data) - size }
    }
    const isDone = (await Promise.race([reset, undefined])) === 'acknowledged'
    await kill(emulator)
    await reset
    expect(integrity(data)).toBe('ok')
    const rows = counts(data)
    expect(isDone ? [seeded] : [seeded, filled], `SEED=${SEED}, round ${round}`).toContainEqual(rows)
    const again = await startEmulator('--data', data)
    expect(await again.stop()).toBe(0)
    expect(counts(data)).toEqual(rows)
  }
})

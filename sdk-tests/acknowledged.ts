// What an emulator has acknowledged to a writer, and whether it is there.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { afterAll } from 'vitest'
import type { Emulator } from './emulator.ts'

/** What was acknowledged, and how it is read. */
export interface Acknowledged {
  /** Path of a GET whose answer must be `content`; where `serial` counts the changes, that of the next change may be. */
  get?: string
  content?: any
  serial?: number
  /** Path of a GET that must be 404: it was deleted. */
  gone?: string
  /** A decision that must be kept, of the project. */
  project?: string
  decision?: { uid: string; allowed: boolean }
}

const writers: ChildProcess[] = []
afterAll(() => {
  for (const writer of writers) writer.kill()
})

/** Starts a process that writes to projects `<prefix>-0`, `<prefix>-1`, … and keeps in the file what was acknowledged. */
export function startWriter(url: string, file: string, prefix: string): ChildProcess {
  const program = fileURLToPath(new URL('writer.ts', import.meta.url))
  const writer = spawn(process.execPath, [program, url, file, prefix], { stdio: ['ignore', 'inherit', 'inherit'] })
  writers.push(writer)
  return writer
}

/** What the file of a writer has so far. */
export const acknowledgedIn = (file: string): Acknowledged[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : []

/** Does something for each, a few at a time. */
async function forEach<T>(items: Iterable<T>, work: (item: T) => Promise<void>) {
  const rest = items[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value)
    }),
  )
}

const serialOf = (content: any) => Number(content.description ?? /user:change-(\d+)@/.exec(JSON.stringify(content.bindings))?.[1])

/** What is not there as it was acknowledged; `isSame` says what counts as the same. */
export async function losses(emulator: Emulator, acknowledged: Acknowledged[], isSame = isDeepStrictEqual): Promise<string[]> {
  const lost: string[] = []
  const latest = new Map(acknowledged.filter(({ get }) => get).map((one) => [one.get!, one]))
  await forEach(latest.values(), async ({ get, content, serial }) => {
    const { status, body } = await emulator.http('GET', get!)
    const isNext = serial !== undefined && status === 200 && serialOf(body) === serial + 1 // done, and killed before it was answered
    if (!isNext && !isSame(body, content)) lost.push(`${get}: ${JSON.stringify(content)}, now ${JSON.stringify(body)}`)
  })
  await forEach(
    acknowledged.filter(({ gone }) => gone),
    async ({ gone }) => {
      const { status } = await emulator.http('GET', gone!)
      if (status !== 404) lost.push(`${gone} was deleted and is ${status}`)
    },
  )
  const decided = Map.groupBy(
    acknowledged.filter(({ decision }) => decision),
    ({ project }) => project!,
  )
  await forEach(decided, async ([project, wanted]) => {
    const { decisions } = await emulator.call('GET', `/_emulator/decisions?project=${project}&limit=1000`)
    const kept = new Map(decisions.map(({ uid, allowed }: any) => [uid, allowed]))
    for (const { decision } of wanted)
      if (kept.get(decision!.uid) !== decision!.allowed) lost.push(`decision ${JSON.stringify(decision)} of ${project}`)
  })
  return lost
}

// Exchanges that were recorded against Google's APIs, replayed: the emulator must answer as Google did. RECORDINGS names their folder, with
// the tool that replays them beside it in `../tools`; without the variable it is `../shared/recordings`, seen from the repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ROOT, startEmulator } from './emulator.ts'

const recordings = resolve(process.env.RECORDINGS ?? join(ROOT, '../shared/recordings'))
const tool = join(recordings, '../tools/replay-recordings.mjs')
const found = existsSync(recordings) && existsSync(tool)
if (!found) process.stderr.write(`there are no recordings in ${recordings}: sdk-tests/recordings.test.ts is skipped\n`)

/** An exchange of a golden recording that is known to differ. Its place in the file counts from 1. */
interface KnownDifference {
  file: string
  exchange: number
  request: string
  why: string
}

const known: KnownDifference[] = JSON.parse(readFileSync(new URL('recordings-differences.json', import.meta.url), 'utf8'))

const filesOf = (folder: string, ...prefixes: string[]) =>
  found
    ? readdirSync(join(recordings, folder)).filter(
        (file) => prefixes.some((prefix) => file.startsWith(`${prefix}-`)) && file.endsWith('.http.log'),
      )
    : []

/** APIs whose golden recordings are compared. */
const GOLDEN = ['kms', 'artifactregistry', 'serviceusage']

let emulator: Emulator

/** The exchanges of a file: how many there are, and what differs in those that do. */
async function replay(folder: string, file: string) {
  const json = join(temporaryFolder(), 'report.json')
  await succeed(process.execPath, [tool, '--target', emulator.url, '--json', json, join(recordings, folder, file)])
  const [report] = JSON.parse(readFileSync(json, 'utf8'))
  const rows: { exchange: number; request: string; differences: string[] }[] = report.rows.map(
    ({ request, differences }: any, i: number) => ({ exchange: i + 1, request, differences }),
  )
  return { exchanges: rows.length, differing: rows.filter(({ differences }) => differences.length > 0) }
}

describe.skipIf(!found)('recordings', () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test.each(filesOf('real', 'kms', 'containeranalysis', 'artifactregistry'))(
    'every exchange of real/%s matches',
    async (file) => {
      const { exchanges, differing } = await replay('real', file)
      expect(differing).toEqual([])
      expect(exchanges).toBeGreaterThan(0)
    },
  )

  test.each(filesOf('golden', ...GOLDEN))(
    'golden/%s matches but for the listed differences, which still differ',
    async (file) => {
      const { exchanges, differing } = await replay('golden', file)
      const place = ({ exchange, request }: { exchange: number; request: string }) => ({ exchange, request })
      expect(
        differing.map(place),
        `what differs now:\n${differing.map(({ exchange, request, differences }) => `${exchange} ${request}\n  ${differences.join('\n  ')}`).join('\n')}\n`,
      ).toEqual(known.filter((difference) => difference.file === file).map(place))
      expect(exchanges).toBeGreaterThan(differing.length)
    },
  )

  test('the list of differences names recordings that exist, and says why each differs', () => {
    const files = filesOf('golden', ...GOLDEN)
    expect(known.filter(({ file, why }) => !files.includes(file) || why.length < 20)).toEqual([])
  })

  test('the recordings are there', () => {
    expect(filesOf('real', 'kms')).not.toEqual([])
    expect(filesOf('real', 'containeranalysis')).not.toEqual([])
    expect(filesOf('golden', ...GOLDEN)).not.toEqual([])
  })
})

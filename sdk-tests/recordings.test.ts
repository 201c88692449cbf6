// Exchanges that were recorded against Google's APIs, replayed: the emulator must answer as Google did. RECORDINGS names their folder, with
// the tool that replays them beside it in `../tools`; without the variable it is `../shared/recordings`, seen from the repository.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** A part of what Google answered that no two answers have the same of, and that the recording has as it was. */
interface RandomPart {
  folder: string
  file: string
  text: string
  why: string
}

const { random, known }: { random: RandomPart[]; known: KnownDifference[] } = JSON.parse(
  readFileSync(new URL('recordings-differences.json', import.meta.url), 'utf8'),
)

const filesOf = (folder: string, ...prefixes: string[]) =>
  found
    ? readdirSync(join(recordings, folder)).filter(
        (file) => prefixes.some((prefix) => file.startsWith(`${prefix}-`)) && file.endsWith('.http.log'),
      )
    : []

/** APIs whose recordings are compared. */
const REAL = ['kms', 'containeranalysis', 'artifactregistry', 'run']
const GOLDEN = ['kms', 'artifactregistry', 'serviceusage', 'run', 'container', 'iam', 'orgpolicy']
/** These want a project that does not exist to be refused. */
const STRICT = ['resourcemanager']

const textOf = (folder: string, file: string) => readFileSync(join(recordings, folder, file), 'utf8')

const randomParts = (folder: string, file: string) => random.filter((part) => part.folder === folder && part.file === file)

/** The recording with a placeholder for each random part: what stands there first must then stand in all of its places. */
const withPlaceholders = (folder: string, file: string) =>
  randomParts(folder, file).reduce(
    (text, part, index) => text.replaceAll(part.text, () => `\${random${index}}`),
    textOf(folder, file),
  )

/** The exchanges of a file: how many there are, and what differs in those that do. */
async function replay(emulator: Emulator, folder: string, file: string) {
  const work = temporaryFolder()
  const [json, recording] = [join(work, 'report.json'), join(work, file)]
  writeFileSync(recording, withPlaceholders(folder, file))
  await succeed(process.execPath, [tool, '--target', emulator.url, '--json', json, recording])
  const [report] = JSON.parse(readFileSync(json, 'utf8'))
  const rows: { exchange: number; request: string; differences: string[] }[] = report.rows.map(
    ({ request, differences }: any, i: number) => ({ exchange: i + 1, request, differences }),
  )
  return { exchanges: rows.length, differing: rows.filter(({ differences }) => differences.length > 0) }
}

describe.skipIf(!found)('recordings', () => {
  let emulator: Emulator
  let strict: Emulator

  beforeAll(async () => {
    ;[emulator, strict] = await Promise.all([startEmulator('--no-seed'), startEmulator('--no-seed', '--strict-projects')])
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
    expect(await strict.stop()).toBe(0)
  })

  test.each(filesOf('real', ...REAL, ...STRICT))('every exchange of real/%s matches', async (file) => {
    const { exchanges, differing } = await replay(STRICT.some((api) => file.startsWith(api)) ? strict : emulator, 'real', file)
    expect(differing).toEqual([])
    expect(exchanges).toBeGreaterThan(0)
  })

  test.each(filesOf('golden', ...GOLDEN))(
    'golden/%s matches but for the listed differences, which still differ',
    async (file) => {
      const { exchanges, differing } = await replay(emulator, 'golden', file)
      const place = ({ exchange, request }: { exchange: number; request: string }) => ({ exchange, request })
      expect(
        differing.map(place),
        `what differs now:\n${differing.map(({ exchange, request, differences }) => `${exchange} ${request}\n  ${differences.join('\n  ')}`).join('\n')}\n`,
      ).toEqual(known.filter((difference) => difference.file === file).map(place))
      expect(exchanges).toBeGreaterThan(0)
    },
  )

  test('the list of differences names recordings that exist, and says why each differs', () => {
    const files = filesOf('golden', ...GOLDEN)
    expect(known.filter(({ file, why }) => !files.includes(file) || why.length < 20)).toEqual([])
  })

  test('the list of random parts names recordings that have them, and says why each is random', () => {
    const isThere = ({ folder, file, text }: RandomPart) =>
      existsSync(join(recordings, folder, file)) && textOf(folder, file).includes(text)
    expect(random.filter((part) => !isThere(part) || part.why.length < 20)).toEqual([])
  })

  test('the recordings are there', () => {
    for (const api of [...REAL, ...STRICT]) expect(filesOf('real', api), api).not.toEqual([])
    for (const api of GOLDEN) expect(filesOf('golden', api), api).not.toEqual([])
  })
})

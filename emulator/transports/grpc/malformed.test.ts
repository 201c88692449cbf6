// Malformed messages for every method over gRPC, made by chance. SEED repeats a run that failed, RUNS makes more of them.
import { type DescField, fromJson, ScalarType, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { camelCase } from '../../core/field-mask.ts'
import { CODES } from '../../core/status.ts'
import type { CallError } from '../../testing/call-error.ts'
import { type EveryMethod, startEveryMethod } from '../../testing/every-method.ts'
import { type GoodRequest, type Json, messageOf } from '../../testing/good-requests.ts'
import { type GrpcClient, grpcClient } from '../../testing/grpc-client.ts'
import { type Random, SEEDS, seeded } from '../../testing/random.ts'
import { strangeValues } from '../../testing/wrong-values.ts'
import { registryOf } from '../descriptors.ts'
import { readMessage } from './messages.ts'

let emulator: EveryMethod
let client: GrpcClient
/** One row for each method that the emulator has, if there is one with a good request. */
let methods: GoodRequest[]
beforeAll(async () => {
  emulator = await startEveryMethod()
  client = grpcClient(emulator.address)
  const { good, accepted, missing } = emulator
  const rows = new Map(good.filter((one) => !missing.has(one)).map((one) => [`${one.api} ${one.rpc}`, one]))
  for (const one of accepted) rows.set(`${one.api} ${one.rpc}`, one)
  methods = [...rows.values()]
}, 60_000)
afterAll(() => {
  client.close()
  emulator.close()
})

const bytesOf = ({ api, input }: GoodRequest, message: object) =>
  toBinary(input, fromJson(input, message as never, { registry: registryOf(api) }))

interface Outcome {
  code: string
  message: string
  answer?: Buffer
}

const send = ({ rpc }: GoodRequest, bytes: Uint8Array): Promise<Outcome> =>
  client.send(rpc, bytes).then(
    (answer) => ({ code: 'OK', message: '', answer }),
    ({ code, message }: CallError) => ({ code, message }),
  )

/** Sends all of it to each method, and then something good: what is returned is how answers differ from what they must be. */
async function complaintsOf(
  makeAll: (one: GoodRequest) => Iterable<[what: string, bytes: Uint8Array]>,
  isRight: (outcome: Outcome, what: string, one: GoodRequest) => boolean,
): Promise<string[]> {
  const complaints: string[] = []
  const check = async (one: GoodRequest, what: string, bytes: Uint8Array) => {
    const outcome = await send(one, bytes)
    if (!isRight(outcome, what, one))
      complaints.push(`${one.rpc} ${JSON.stringify(what.slice(0, 200))}: ${outcome.code} ${outcome.message}`)
  }
  for (const one of methods) {
    await Promise.all([...makeAll(one)].map(([what, bytes]) => check(one, what, bytes)))
    await client.call('binaryauthorization.v1', ATTESTORS, { parent: 'projects/my-app-prod' })
  }
  return complaints
}

const ATTESTORS = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/ListAttestors'

/** Runs what must write nothing. */
async function withoutChange(run: () => Promise<void>) {
  const before = await emulator.readAll()
  await run()
  expect(await emulator.readAll()).toEqual(before)
  expect(emulator.errors).toEqual([])
}

const isMessage = ({ message }: DescField) => message !== undefined && !message.typeName.startsWith('google.protobuf.')
const isString = ({ scalar }: DescField) => scalar === ScalarType.STRING
const field = ({ number }: { number: number }, content: Uint8Array) =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish()

const UNKNOWN = 536_870_911
const tagged = (type: WireType) => new BinaryWriter().tag(UNKNOWN, type).finish()
const unknownField = new BinaryWriter().tag(UNKNOWN, WireType.Varint).uint32(1).finish()
const DEEP = 10_000
const NO_UTF8 = ['c328', 'ff', 'eda080', 'c0af', 'f4908080', 'e282'].map((hex) => Buffer.from(hex, 'hex'))

/** What no message ends with. */
const ENDS: Record<string, Buffer> = {
  'a field that is longer than the message': Buffer.from([...tagged(WireType.LengthDelimited), 0x7f]),
  'a length of 4 GiB': Buffer.from([...tagged(WireType.LengthDelimited), 0xff, 0xff, 0xff, 0xff, 0x0f]),
  'half a tag': Buffer.from([0x80]),
  'half a fixed64': Buffer.from([0x09, 1, 2, 3]),
  'wire type 7': Buffer.from([0x0f, 1]),
  'field number 0': Buffer.from([0x02, 0]),
  'a tag of 11 bytes': Buffer.from([...Array(10).fill(0xff), 1]),
  'the end of a group that has no beginning': Buffer.from([0x0c]),
  'a group without an end': Buffer.from([0x0b]),
  [`groups ${DEEP} levels deep`]: Buffer.concat(
    [WireType.StartGroup, WireType.EndGroup].flatMap((type) => Array(DEEP).fill(tagged(type))),
  ),
}

function* noMessages(one: GoodRequest, { below, pick }: Random): Generator<[string, Uint8Array]> {
  const good = bytesOf(one, messageOf(one))
  for (const [what, end] of Object.entries(ENDS)) yield [what, Buffer.concat([good, end])]
  if (good.length > 0) yield ['cut short', good.subarray(0, -1)]
  const fields = one.input.fields
  for (const text of fields.filter(isString))
    yield [`no UTF-8 in ${text.name}`, Buffer.concat([good, field(text, pick(NO_UTF8))])]
  for (const outer of fields.filter((each) => isMessage(each) && each.fieldKind !== 'map')) {
    for (const inner of outer.message!.fields.filter(isString))
      yield [`no UTF-8 in ${outer.name}.${inner.name}`, Buffer.concat([good, field(outer, field(inner, pick(NO_UTF8)))])]
    yield [`${outer.name} cut short`, Buffer.concat([good, field(outer, Buffer.from([0x80 + below(128)]))])]
  }
}

test.each(SEEDS)(
  'bytes that are no message are INVALID_ARGUMENT, and write nothing: seed %i',
  { timeout: 60_000 },
  async (seed) => {
    const random = seeded(seed)
    await withoutChange(async () => {
      const isRight = ({ code, message }: Outcome, _: string, { input }: GoodRequest) =>
        code === 'INVALID_ARGUMENT' && message.startsWith(`The request is not a valid ${input.typeName}: `)
      expect(await complaintsOf((one) => noMessages(one, random), isRight), `SEED=${seed}`).toEqual([])
    })
  },
)

test('a field that the contract does not have is UNIMPLEMENTED, by its number, at any depth', async () => {
  function* unknownFields(one: GoodRequest): Generator<[string, Uint8Array]> {
    const good = bytesOf(one, messageOf(one))
    yield [one.input.typeName, Buffer.concat([good, unknownField])]
    for (const outer of one.input.fields.filter((each) => isMessage(each) && each.fieldKind !== 'map'))
      yield [outer.message!.typeName, Buffer.concat([good, field(outer, unknownField)])]
  }
  await withoutChange(async () => {
    const isRight = ({ code, message }: Outcome, type: string) =>
      code === 'UNIMPLEMENTED' && message === `Field number ${UNKNOWN} of ${type} is not supported by binauthz-emulator.`
    expect(await complaintsOf(unknownFields, isRight)).toEqual([])
  })
})

const CLIENT_ERRORS = ['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED', 'UNIMPLEMENTED', 'FAILED_PRECONDITION']

test.each(SEEDS)('random bytes are refused, and write nothing: seed %i', { timeout: 60_000 }, async (seed) => {
  const { below } = seeded(seed)
  const isMeant = ({ api, rpc }: GoodRequest, bytes: Uint8Array) => {
    try {
      readMessage(api, rpc, bytes)
      return true
    } catch {
      return false
    }
  }
  await withoutChange(async () => {
    const make = (one: GoodRequest) =>
      Array.from({ length: 10 }, (): [string, Buffer] => {
        const bytes = Buffer.from(Array.from({ length: 1 + below(60) }, () => below(256)))
        return [bytes.toString('hex'), bytes]
      }).filter(([, bytes]) => !isMeant(one, bytes))
    expect(await complaintsOf(make, ({ code }) => CLIENT_ERRORS.includes(code)), `SEED=${seed}`).toEqual([])
  })
})

const NAMES = ['', 'x', '/', 'projects', 'projects/', 'projects//', 'projects//locations', '..', '../..', '*', '**', '\0']
NAMES.push('projects/my-app-prod/', '/projects/my-app-prod', 'v1/projects/my-app-prod', 'projects/my-app-prod\n')
NAMES.push('https://cloudkms.googleapis.com/v1/projects/my-app-prod', 'projects/my-app-prod/nothing/x', 'projects\\my-app-prod')
NAMES.push('projects%2Fmy-app-prod', 'projects/\0', 'projects/ä', 'projects/My-App')

const SEGMENTS = ['', '..', '.', '\0', 'a\nb', '%2F', '%', ' ', '*', 'a:b:c', 'a@b', '\u202e']

/** Names that do not exist, or have no right form, made from one that does. */
function wrongNames(name: string, { below }: Random): string[] {
  const parts = name.split('/')
  const segments = below(8) === 0 ? [...SEGMENTS, 'x'.repeat(300_000)] : SEGMENTS
  const changed = segments.map((segment) => parts.with(below(parts.length), segment).join('/'))
  const whole = [
    `${name}/`,
    `/${name}`,
    `v1/${name}`,
    `${name}/more/x`,
    `${name}\0`,
    name.toUpperCase(),
    name.replaceAll('/', '%2F'),
  ]
  const cut = [parts.slice(0, -1).join('/'), parts.slice(1).join('/'), name.replaceAll('/', '//'), name.replace(/\w+$/, '')]
  const everywhere = name.replace(/^projects\/[^/]+/, 'projects/-')
  return [...NAMES, ...changed, ...whole, ...cut, everywhere].filter((wrong) => wrong !== name)
}

/** What is no name over REST, where it would stand in the path, and is one all the same. */
const RIGHT_NAMES: [rpc: RegExp, name: RegExp][] = [
  [/^google\.iam\.admin\.v1\.IAM\/.*/, /^projects\/-\/serviceAccounts\/[^/]+@/], // `the - wildcard character for the project ID` (iam.proto)
  [/^google\.iam\.admin\.v1\.IAM\/ListRoles$/, /^$/], // the predefined roles
  [/^google\.longrunning\.Operations\/ListOperations$/, /^$/], // those of Service Usage
  [/\.(ClusterManager|CloudBuild|v1\.Projects)\//, /^projects$/], // the id of a project
]

const isRightName = (rpc: string, name: string) => RIGHT_NAMES.some(([methods, names]) => methods.test(rpc) && names.test(name))

function* misnamed(one: GoodRequest, random: Random): Generator<[string, Uint8Array]> {
  const fields = [...one.template.matchAll(/\{([^=}]+)/g)].map(([, path]) => path!.split('.').map(camelCase))
  for (const path of fields) {
    const message = messageOf(one)
    const holder = path.slice(0, -1).reduce((at: any, key) => at[key], message)
    const key = path.at(-1)!
    for (const name of wrongNames(holder[key], random).filter((wrong) => !isRightName(one.rpc, wrong))) {
      holder[key] = name
      yield [name, bytesOf(one, message)]
    }
  }
}

test.each(SEEDS)('names of a wrong form, and of what is not there, are refused: seed %i', { timeout: 120_000 }, async (seed) => {
  const random = seeded(seed)
  await withoutChange(async () => {
    const isRight = ({ code, answer }: Outcome, _: string, { rpc }: GoodRequest) =>
      // of what does not exist, this one method answers that nobody may do anything with it
      CLIENT_ERRORS.includes(code) || (rpc.endsWith('/TestIamPermissions') && answer?.length === 0)
    expect(await complaintsOf((one) => misnamed(one, random), isRight), `SEED=${seed}`).toEqual([])
  })
})

/** Values that the types allow and that hardly anybody sends, in some of the fields. */
function strangeMessage(one: GoodRequest, { below, pick }: Random): Uint8Array | undefined {
  const good = messageOf(one)
  const strange = (fields: readonly DescField[], into: Json, chance: number) => {
    for (const each of fields) {
      const inner: any = into[each.jsonName]
      if (isMessage(each) && each.fieldKind === 'message' && inner && below(2)) strange(each.message!.fields, inner, 6)
      else if (below(chance) === 0) into[each.jsonName] = pick(strangeValues(each))
    }
  }
  strange(one.input.fields, good, 3)
  try {
    return bytesOf(one, good)
  } catch {
    return undefined // two of a oneof, or a mask that is none
  }
}

test.each(SEEDS)(
  'strange values are taken or refused, but never an internal error: seed %i',
  { timeout: 60_000 },
  async (seed) => {
    const random = seeded(seed)
    const make = (one: GoodRequest) =>
      Array.from({ length: 8 }, (_, index): [string, Uint8Array | undefined] => [`${index}`, strangeMessage(one, random)]).filter(
        (each): each is [string, Uint8Array] => each[1] !== undefined,
      )
    const isRight = ({ code }: Outcome) =>
      code in CODES && !['UNKNOWN', 'INTERNAL', 'CANCELLED', 'UNAVAILABLE', 'DATA_LOSS'].includes(code)
    expect(await complaintsOf(make, isRight), `SEED=${seed}`).toEqual([])
    expect(emulator.errors).toEqual([])
    await emulator.reset()
  },
)

test('12 MiB are RESOURCE_EXHAUSTED', async () => {
  const big = Buffer.alloc(12 * 1024 * 1024)
  await withoutChange(async () => {
    for (const one of new Map(methods.map((each) => [each.api, each])).values())
      expect(await send(one, big), one.api).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})

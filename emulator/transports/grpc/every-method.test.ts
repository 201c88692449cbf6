// Every RPC of the route table over gRPC, held against what REST answers in the same state.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APIS } from '../../../openapi/apis.ts'
import { CallError } from '../../testing/call-error.ts'
import { type EveryMethod, startEveryMethod } from '../../testing/every-method.ts'
import { type GoodRequest, httpMessage, type Json, messageOf } from '../../testing/good-requests.ts'
import { type GrpcClient, grpcClient } from '../../testing/grpc-client.ts'
import { registryOf } from '../descriptors.ts'
import { createRouter, type RouteTable } from '../rest/router.ts'

const table: RouteTable = JSON.parse(readFileSync(new URL('../../gen/routes.json', import.meta.url), 'utf8'))
const NOW = BigInt(Date.parse('2026-01-02T03:04:05.678Z')) * 1_000_000n

/** What no two answers have the same of. */
const RANDOM: Record<string, string[]> = {
  AsymmetricSign: ['signature', 'signatureCrc32c'],
  CreateImportJob: ['publicKey'],
  CreateServiceAccountKey: ['name', 'privateKeyData'],
  Encrypt: ['ciphertext', 'ciphertextCrc32c'],
  GenerateRandomBytes: ['data', 'dataCrc32c'],
}

let emulator: EveryMethod
const clients = new Map<string, GrpcClient>()
beforeAll(async () => {
  emulator = await startEveryMethod({ clock: { nanos: () => NOW } })
}, 60_000)
afterAll(() => {
  for (const client of clients.values()) client.close()
  emulator.close()
})

/** A client that says this `:authority`; the address of the emulator where it is empty. */
function client(authority: string): GrpcClient {
  const known =
    clients.get(authority) ?? grpcClient(emulator.address, undefined, { 'grpc.default_authority': authority || emulator.address })
  clients.set(authority, known)
  return known
}

type Outcome = { answer: Json } | { code: string; message: string; details: unknown[] }

async function overRest(one: GoodRequest, host: string): Promise<Outcome> {
  const message = httpMessage(one, one.request)
  const { status, text } = await emulator.send({ ...message, path: host ? `/${host}${message.path}` : message.path })
  const answer = JSON.parse(text)
  if (status === 200) return { answer }
  return { code: answer.error.status, message: answer.error.message, details: answer.error.details ?? [] }
}

async function overGrpc(one: GoodRequest, host: string): Promise<Outcome> {
  try {
    return { answer: await client(host).call(one.api, one.rpc, messageOf(one)) }
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return { code: error.code, message: error.message, details: error.details }
  }
}

/** Without what is by chance, which must be there all the same. */
function steady({ rpc }: GoodRequest, outcome: Outcome): Outcome {
  if (!('answer' in outcome)) return outcome
  const answer = { ...outcome.answer }
  for (const field of RANDOM[rpc.split('/')[1]!] ?? []) {
    expect(answer[field], `${rpc}: ${field}`).toBeDefined()
    delete answer[field]
  }
  return { answer }
}

/** Both outcomes of each row, from the same state; only those that differ. */
async function differences(rows: GoodRequest[], hostOf: (one: GoodRequest) => string) {
  const different: object[] = []
  for (const one of rows) {
    const outcomes: Outcome[] = []
    for (const over of [overRest, overGrpc]) {
      const outcome = await over(one, hostOf(one))
      outcomes.push(steady(one, outcome))
      if ('code' in outcome) emulator.rewind()
      else if (one.httpMethod !== 'GET') await emulator.reset()
    }
    const [rest, grpc] = outcomes
    if (!isDeepStrictEqual(grpc, rest)) different.push({ row: `${one.httpMethod} ${one.path}: ${one.rpc}`, rest, grpc })
  }
  return different
}

const hostOf = ({ api }: { api: string }) => table[api]!.hosts[0]!
const UNIMPLEMENTED = /^(Method [\w.]+ \([\w.]+\)|Field [\w.]+|Resource name "[\w/-]+" in parent) is not supported by/
const isShared = ({ rpc }: GoodRequest) => /^google\.(iam\.v1|longrunning|cloud\.location)\./.test(rpc)
const pairs = (rows: GoodRequest[]) => new Set(rows.map(({ api, rpc }) => `${api} ${rpc}`))

test('every method is among them: most are answered, and what the emulator has not is refused', () => {
  const { good, accepted, missing } = emulator
  expect(good.length).toBe(693)
  expect(pairs(good).size).toBe(499)
  expect(pairs([...accepted]).size).toBeGreaterThan(310)
  expect(missing.size).toBeLessThan(180)
  for (const pair of pairs(good.filter((one) => !isShared(one)))) {
    const [api = '', service] = pair.split(/[ /]/)
    const { moved = [] } = APIS.find(({ id }) => id === api)!
    for (const { name } of registryOf(api)
      .getService(service!)!
      .methods.filter((method) => !moved.includes(method.name)))
      expect(pairs(good)).toContain(`${api} ${service}/${name}`)
  }
})

test('every row is answered over gRPC as over REST, and refused with the same code, message and details', {
  timeout: 120_000,
}, async () => {
  // the path alone does not say whose these are, and over gRPC the method does
  const router = createRouter(table, [])
  const methodAt = ({ httpMethod, path }: GoodRequest) => (router.find(httpMethod, '', path)!.target as { method: string }).method
  const ambiguous = new Set(emulator.good.filter((one) => methodAt(one) !== one.rpc))
  expect([...pairs([...ambiguous])]).toEqual([
    'run.v1 google.longrunning.Operations/ListOperations',
    'cloudbuild.v1 google.longrunning.Operations/CancelOperation',
  ])
  expect(
    await differences(
      emulator.good.filter((one) => !ambiguous.has(one)),
      () => '',
    ),
  ).toEqual([])
})

test('so is every read, and every method that several APIs have, where the authority names the API', {
  timeout: 60_000,
}, async () => {
  const rows = emulator.good.filter((one) => isShared(one) || one.httpMethod === 'GET')
  expect(rows.filter(isShared).length).toBeGreaterThan(40)
  expect(await differences(rows, hostOf)).toEqual([])
})

test('what the emulator has not is UNIMPLEMENTED, by name', async () => {
  for (const one of emulator.missing) {
    const outcome = await overGrpc(one, '')
    expect(outcome).toMatchObject({ code: 'UNIMPLEMENTED' })
    expect((outcome as { message: string }).message, one.rpc).toMatch(UNIMPLEMENTED)
  }
})

test('a host does not have the methods of another, nor what is in another', async () => {
  for (const host of new Set(Object.values(table).flatMap(({ hosts }) => hosts))) {
    const routes = Object.values(table).flatMap((api) => (api.hosts.includes(host) ? api.routes : []))
    const versions = new Set(routes.map(([, path]) => path!.split('/')[1]))
    for (const one of emulator.good.filter(({ api }) => !table[api]!.hosts.includes(host))) {
      const { rpc, path } = one
      const outcome = await overGrpc(one, host)
      if (routes.some(([, , method]) => method === rpc)) {
        // gRPC has no version in a path
        const paths = [...versions].map((version) => path.replace(/^\/[^/]+/, `/${version}`))
        const answers = await Promise.all(paths.map((other) => overRest({ ...one, path: other }, host)))
        const isAnswered = answers.some((answer) => 'answer' in answer)
        expect('answer' in outcome, `${host} ${rpc} ${path}`).toBe(isAnswered)
      } else {
        const message = `Method ${rpc.replace('/', '.')} (${host}) is not supported by binauthz-emulator.`
        expect(outcome).toEqual({ code: 'UNIMPLEMENTED', message, details: [] })
      }
    }
  }
  await emulator.reset()
})

test('none of this was an internal error', () => {
  expect(emulator.errors).toEqual([])
})

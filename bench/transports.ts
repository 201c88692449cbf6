// Signing and creating over gRPC and REST, beside servers of the same protocol that do nothing.
import { createHash } from 'node:crypto'
import { attestationOf, makeKey, makePolicy, PROJECT } from './content.ts'
import { field, framed, grpcLoad } from './grpc-load.ts'
import { load, postRequest } from './load.ts'
import { type Server, startBareJsonServer, startEmptyGrpcServer, startEmulator } from './servers.ts'
import { show, speed } from './show.ts'

interface Task {
  what: string
  goals: { gRPC: string; REST: string }
  /** `package.Service/Method`, and one message for each call. */
  method: string
  message(index: number): Buffer
  path: string
  body(index: number): object
  /** What stands in the answer. */
  expected: string
}

const PARENT = `projects/${PROJECT}`

function tasks(key: string): Task[] {
  const digests = Array.from({ length: 1000 }, (_, index) => createHash('sha256').update(`payload ${index}`).digest())
  const digest = (index: number) => digests[index % digests.length]!
  return [
    {
      what: 'AsymmetricSign (P-256)',
      goals: { gRPC: '≥ 0.6', REST: '≥ 0.3' },
      method: 'google.cloud.kms.v1.KeyManagementService/AsymmetricSign',
      message: (index) => Buffer.concat([field(1, key), field(3, field(1, digest(index)))]),
      path: `/v1/${key}:asymmetricSign`,
      body: (index) => ({ digest: { sha256: digest(index).toString('base64') } }),
      expected: '"signature"',
    },
    {
      what: 'CreateOccurrence',
      goals: { gRPC: '≥ 0.8', REST: '≥ 0.4' },
      method: 'grafeas.v1.Grafeas/CreateOccurrence',
      message(index) {
        const { resourceUri, noteName, attestation } = attestationOf(index)
        const [{ signature, publicKeyId }] = attestation.signatures as [{ signature: string; publicKeyId: string }]
        const signed = field(2, field(1, Buffer.from(signature, 'base64')), field(2, publicKeyId))
        const content = [field(1, Buffer.from(attestation.serializedPayload, 'base64')), signed]
        return Buffer.concat([field(1, PARENT), field(2, field(2, resourceUri), field(3, noteName), field(14, ...content))])
      },
      path: `/v1/${PARENT}/occurrences`,
      body: attestationOf,
      expected: '"name"',
    },
  ]
}

export async function transports(count: number) {
  for (const inFlight of [1, 32]) {
    const [empty, bare, emulator]: Server[] = await Promise.all([
      startEmptyGrpcServer(),
      startBareJsonServer(),
      startEmulator('--no-seed'),
    ])
    await makePolicy(emulator!.url)
    for (const task of tasks(await makeKey(emulator!.url))) {
      for (const [round, warming] of [true, false].entries()) {
        // an attestation can be created once
        const indices = Array.from({ length: 2 * count }, (_, index) => 2 * count * round + index)
        const messages = indices.slice(0, count).map((index) => framed(task.message(index)))
        const posts = indices.slice(count).map((index) => postRequest(task.path, task.body(index)))
        const overGrpc = (server: Server, method: string) =>
          grpcLoad(server.url, { method, count, inFlight, request: (index) => messages[index]! })
        const overRest = (server: Server, expected: string) =>
          load(server.url, { count, inFlight, request: (index) => posts[index]!, expected })
        const [possibleGrpc, grpc] = [await overGrpc(empty!, 'bench.Empty/Handle'), await overGrpc(emulator!, task.method)]
        const [possibleRest, rest] = [await overRest(bare!, '{'), await overRest(emulator!, task.expected)]
        if (warming) continue
        const name = `${task.what}, ${inFlight} in flight`
        show(`${name}, gRPC ÷ empty handler`, grpc.perSecond / possibleGrpc.perSecond, task.goals.gRPC, speed(grpc))
        show(`${name}, REST ÷ bare node:http`, rest.perSecond / possibleRest.perSecond, task.goals.REST, speed(rest))
      }
    }
    await Promise.all([empty!.stop(), bare!.stop(), emulator!.stop()])
  }
}

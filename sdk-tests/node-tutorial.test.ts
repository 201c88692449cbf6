// Google's client libraries for Node do the tutorial of Binary Authorization, each time pointed at the emulator in another way.
import { verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NO_VALID_ATTESTATION } from './admission.ts'
import { newProject } from './attestations.ts'
import { succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { createKmsKey } from './kms-keys.ts'
import type { Connection } from './node/clients.ts'
import { installSdks } from './node/install.ts'
import { printedEnvironment, userEnvironment } from './ways.ts'

let emulator: Emulator
beforeAll(async () => {
  await installSdks()
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const environment = (mode: 'direct' | 'takeover') => printedEnvironment(emulator, 'node', mode)

/** Trust in the emulator's CA, for Node's own TLS and for gRPC. */
async function trust(): Promise<NodeJS.ProcessEnv> {
  const file = join(temporaryFolder(), 'ca.pem')
  writeFileSync(file, (await emulator.http('GET', '/_emulator/ca.pem')).body)
  return { NODE_EXTRA_CA_CERTS: file, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: file }
}

const direct = (change: Connection): Connection => ({ port: Number(new URL(emulator.url).port), ...change })

/** Credentials of the metadata server in place of a key: with a key googleapis asks oauth2.googleapis.com, whatever its `token_uri`. */
const onMachine = (): NodeJS.ProcessEnv => ({
  GOOGLE_APPLICATION_CREDENTIALS: undefined,
  GCE_METADATA_HOST: new URL(emulator.url).host,
})

const withoutTls = () => direct({ apiEndpoint: '127.0.0.1', insecure: true })
const overTls = () => direct({ apiEndpoint: 'localhost' })
const trusting = async () => ({ ...(await environment('direct')), ...(await trust()), ...onMachine() })

// REST clients of gapic are not taken over: they bring an https.Agent of their own, which knows no proxy
test.each<[string, () => Connection, () => Promise<NodeJS.ProcessEnv>]>([
  ['gRPC, without TLS', withoutTls, () => environment('direct')],
  ['REST, without TLS', () => ({ ...withoutTls(), fallback: true }), () => environment('direct')],
  ['gRPC over TLS', overTls, trusting],
  ['REST over TLS', () => ({ ...overTls(), fallback: true }), trusting],
  ['gRPC, taken over by nothing but their environment', () => ({}), () => environment('takeover')],
  [
    'gRPC, taken over with credentials of the metadata server',
    () => ({}),
    async () => ({ ...(await environment('takeover')), ...onMachine() }),
  ],
])('clients do the tutorial by %s', async (_, connection, env) => {
  const project = newProject()
  const args = [join(ROOT, 'sdk-tests/node/tutorial.ts'), JSON.stringify(connection()), project]
  const { stdout } = await succeed(process.execPath, args, { env: await env() })

  const { image, ...seen } = JSON.parse(stdout)
  const attestor = `projects/${project}/attestors/attestor`
  const refusal =
    `Image ${image} denied by Binary Authorization default admission rule. ` +
    `Image ${image} denied by attestor ${attestor}: ${NO_VALID_ATTESTATION}`
  expect(seen).toEqual({
    occurrence: { kind: 'ATTESTATION', noteName: `projects/${project}/notes/attestor`, resourceUri: image },
    verifies: true,
    integrity: [`projects/${project}/locations/europe-west2/keyRings/ring/cryptoKeys/signer/cryptoKeyVersions/1`, true, true],
    before: { allowed: false, message: refusal },
    after: { allowed: true },
    other: { allowed: false, message: expect.stringContaining(NO_VALID_ATTESTATION) },
    entries: 3,
  })
})

test('exec runs a program that knows nothing of an emulator, and its client signs', async () => {
  const { version, pem } = await createKmsKey(emulator, newProject(), 'EC_SIGN_P256_SHA256')
  const command = [process.execPath, 'sdk-tests/node/sign.mjs', version, 'what is signed']
  const args = [ENTRY, 'exec', '--client', 'node', '--url', emulator.url, '--', ...command]
  const { stdout } = await succeed(process.execPath, args, { cwd: ROOT, env: userEnvironment() })
  const signed = JSON.parse(stdout)
  expect(signed.pem).toBe(pem)
  expect(verify('sha256', Buffer.from('what is signed'), pem, Buffer.from(signed.signature, 'base64'))).toBe(true)
  expect(verify('sha256', Buffer.from('something else'), pem, Buffer.from(signed.signature, 'base64'))).toBe(false)
})

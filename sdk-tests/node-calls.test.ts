// What Google's client libraries for Node make of the emulator's answers, over gRPC and over REST: errors in their own types, pages,
// checksums, deadlines, operations that take their time, IAM policies and log entries.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newDigest, newProject, REPOSITORY } from './attestations.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { collect, connect, errorOf } from './node/calls.ts'
import type { Clients } from './node/clients.ts'
import { crc32c } from './node/crc32c.ts'
import { installSdks } from './node/install.ts'

let emulator: Emulator
let strict: Emulator
beforeAll(async () => {
  // this machine may have a metadata server of its own, which Logging would ask what it runs on
  process.env.METADATA_SERVER_DETECTION = 'none'
  await installSdks()
  emulator = await startEmulator('--no-seed')
  strict = await startEmulator('--no-seed', '--strict-projects')
})
afterAll(async () => {
  expect(await Promise.all([emulator.stop(), strict.stop()])).toEqual([0, 0])
})

const INVALID_PAGE_TOKEN = 'The page token is invalid: it is malformed, or parent, filter or order changed since it was issued.'

const locationOf = (project: string) => `projects/${project}/locations/europe-west2`

describe.each([
  ['gRPC', false],
  ['REST', true],
])('over %s', (_, isRest) => {
  let clients: Clients
  beforeAll(() => {
    clients = connect(emulator, isRest)
  })

  async function signingKey(algorithm: string) {
    const [ring] = await clients.kms.createKeyRing({ parent: locationOf(newProject()), keyRingId: 'ring' })
    const cryptoKey = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm } }
    const [key] = await clients.kms.createCryptoKey({ parent: ring.name, cryptoKeyId: 'signer', cryptoKey })
    return { ring: ring.name, key: key.name, version: `${key.name}/cryptoKeyVersions/1` }
  }

  test('errors of Cloud KMS have the code and the message that the API gave', async () => {
    const { kms } = clients
    const parent = locationOf(newProject())
    await kms.createKeyRing({ parent, keyRingId: 'ring' })
    const errors = await Promise.all(
      [
        kms.getKeyRing({ name: `${parent}/keyRings/none` }),
        kms.createKeyRing({ parent, keyRingId: 'ring' }),
        kms.createKeyRing({ parent, keyRingId: 'no/id' }),
        kms.listKeyRings({ parent, pageToken: 'forged' }, { autoPaginate: false }),
        kms.decrypt({ name: `${parent}/keyRings/ring/cryptoKeys/k`, ciphertext: Buffer.from('x') }),
      ].map(errorOf),
    )
    const said = (code: number, name: string, message: string) => [code, isRest ? message : `${code} ${name}: ${message}`]
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      said(5, 'NOT_FOUND', `KeyRing ${parent}/keyRings/none not found.`),
      said(6, 'ALREADY_EXISTS', `KeyRing ${parent}/keyRings/ring already exists.`),
      said(3, 'INVALID_ARGUMENT', 'Invalid key_ring_id "no/id": it must match [a-zA-Z0-9_-]{1,63}.'),
      said(3, 'INVALID_ARGUMENT', INVALID_PAGE_TOKEN),
      said(
        12,
        'UNIMPLEMENTED',
        'Method google.cloud.kms.v1.KeyManagementService.Decrypt (cloudkms.v1) is not supported by binauthz-emulator.',
      ),
    ])
  })

  test('the details of an error are decoded: PreconditionFailure of a version that is to be destroyed', async () => {
    const { version } = await signingKey('EC_SIGN_P384_SHA384')
    await clients.kms.destroyCryptoKeyVersion({ name: version })
    const error = await errorOf(clients.kms.asymmetricSign({ name: version, digest: { sha384: Buffer.alloc(48) } }))
    expect(error.code).toBe(9)
    expect(error.statusDetails).toMatchObject([{ violations: [{ type: 'KEY_DESTROY_SCHEDULED', subject: version }] }])

    const [restored] = await clients.kms.restoreCryptoKeyVersion({ name: version })
    expect(restored.state).toBe('DISABLED')
  })

  test('ErrorInfo of a project that is not there becomes reason, domain and metadata of the error', async () => {
    const error = await errorOf(connect(strict, isRest).kms.listKeyRings({ parent: locationOf('not-there') }))
    expect(error).toMatchObject({
      code: 7,
      reason: 'CONSUMER_INVALID',
      domain: 'googleapis.com',
      errorInfoMetadata: { consumer: 'projects/not-there' },
    })
  })

  test('key rings come by the page: to an iterator, all at once, and one page by its token', async () => {
    const { kms } = clients
    const parent = locationOf(newProject())
    const ids = Array.from({ length: 7 }, (_, i) => `ring-${i}`)
    for (const keyRingId of ids) await kms.createKeyRing({ parent, keyRingId })
    const names = ids.map((id) => `${parent}/keyRings/${id}`)
    const nameOf = ({ name }: { name: string }) => name

    expect((await collect(kms.listKeyRingsAsync({ parent, pageSize: 3 }))).map(nameOf)).toEqual(names)
    expect((await kms.listKeyRings({ parent, pageSize: 2 }))[0].map(nameOf)).toEqual(names)
    const [first, next, answer] = await kms.listKeyRings({ parent, pageSize: 5 }, { autoPaginate: false })
    expect(first.map(nameOf)).toEqual(names.slice(0, 5))
    expect(answer).toMatchObject({ totalSize: 7, nextPageToken: next.pageToken })
    const [second, none] = await kms.listKeyRings(next, { autoPaginate: false })
    expect(second.map(nameOf)).toEqual(names.slice(5))
    expect(none).toBeNull()
  })

  test('checksums are verified and sent: a signature over a digest that was changed on the way is refused', async () => {
    const { version } = await signingKey('EC_SIGN_P256_SHA256')
    const sha256 = createHash('sha256').update('what is signed').digest()
    const sign = (digestCrc32c?: object) => clients.kms.asymmetricSign({ name: version, digest: { sha256 }, digestCrc32c })
    const [signed] = await sign(crc32c(sha256))
    expect(signed).toMatchObject({ name: version, verifiedDigestCrc32c: true, protectionLevel: 'SOFTWARE' })
    expect(signed.signatureCrc32c).toEqual(crc32c(signed.signature))
    expect((await sign())[0].verifiedDigestCrc32c).toBe(false)
    expect(await errorOf(sign(crc32c(Buffer.from('something else'))))).toMatchObject({
      code: 3,
      message: expect.stringContaining('digest_crc32c did not match'),
    })
    const [key] = await clients.kms.getPublicKey({ name: version })
    expect(key.pemCrc32c).toEqual(crc32c(Buffer.from(key.pem)))
  })

  test('a call that gets no answer ends at its deadline, and the next one is served', async () => {
    const { ring } = await signingKey('EC_SIGN_P256_SHA256')
    process.kill(emulator.pid, 'SIGSTOP')
    try {
      const late = await errorOf(clients.kms.getKeyRing({ name: ring }, { timeout: 300 }))
      expect(late.code).toBe(4)
    } finally {
      process.kill(emulator.pid, 'SIGCONT')
    }
    const [{ name }] = await clients.kms.getKeyRing({ name: ring }, { timeout: 30_000 })
    expect(name).toBe(ring)
  })

  test('the IAM policy of a key ring is set, read and tested', async () => {
    const { kms } = clients
    const { ring: resource } = await signingKey('EC_SIGN_P256_SHA256')
    const bindings = [{ role: 'roles/cloudkms.signer', members: ['user:alice@example.com'] }]
    const [policy] = await kms.setIamPolicy({ resource, policy: { bindings } })
    expect(policy.bindings).toMatchObject(bindings)
    expect((await kms.testIamPermissions({ resource, permissions: ['cloudkms.keyRings.get'] }))[0].permissions).toEqual([
      'cloudkms.keyRings.get',
    ])
    if (isRest) {
      // this library posts what KMS has for GET alone, and Google refuses it too: github.com/googleapis/gax-nodejs/issues/1462
      expect(await errorOf(kms.getIamPolicy({ resource }))).toMatchObject({ code: 5, httpStatusCode: 404 })
    } else {
      const [read] = await kms.getIamPolicy({ resource })
      expect(read).toEqual(policy)
      const stale = { bindings, etag: Buffer.from('stale') }
      expect(await errorOf(kms.setIamPolicy({ resource, policy: stale }))).toMatchObject({ code: 10 })
    }
  })

  test('a repository of Artifact Registry is there when its operation is done', async () => {
    const { artifactRegistry } = clients
    const parent = locationOf(newProject())
    const repository = { format: 'DOCKER', description: 'images', labels: { team: 'a' } }
    const [operation] = await artifactRegistry.createRepository({ parent, repositoryId: 'images', repository })
    const [created] = await operation.promise()
    const name = `${parent}/repositories/images`
    expect(created).toMatchObject({ name, description: 'images', labels: { team: 'a' } })
    expect((await artifactRegistry.checkCreateRepositoryProgress(operation.name)).result).toMatchObject({ name })
    expect(
      (await collect(artifactRegistry.listRepositoriesAsync({ parent }))).map((found) => [found.name, found.format]),
    ).toEqual([[name, 'DOCKER']])
    expect(await errorOf(artifactRegistry.createRepository({ parent, repositoryId: 'images', repository }))).toMatchObject({
      code: 6,
    })
    const [removal] = await artifactRegistry.deleteRepository({ name })
    await removal.promise()
    expect(await errorOf(artifactRegistry.getRepository({ name }))).toMatchObject({ code: 5 })
  })

  test('the clients of Grafeas and of Container Analysis see the same notes and occurrences', async () => {
    const { grafeas, containerAnalysis } = clients
    const other = containerAnalysis.getGrafeasClient()
    const project = newProject()
    const parent = `projects/${project}`
    const hint = { humanReadableName: 'attestor' }
    const [note] = await grafeas.createNote({
      parent,
      noteId: 'attestor',
      note: { attestation: { hint }, shortDescription: 'one' },
    })
    expect((await other.getNote({ name: note.name }))[0]).toMatchObject({ kind: 'ATTESTATION', attestation: { hint } })
    const signatures = [{ publicKeyId: '//key', signature: Buffer.from([0, 255, 128]) }]
    const attestation = { serializedPayload: Buffer.from([1, 254]), signatures }
    const occurrences = Array.from({ length: 5 }, () => ({
      noteName: note.name,
      resourceUri: `${REPOSITORY}@${newDigest()}`,
      attestation,
    }))
    const [batch] = await other.batchCreateOccurrences({ parent, occurrences })
    expect(batch.occurrences).toHaveLength(5)
    const listed = await collect(grafeas.listNoteOccurrencesAsync({ name: note.name, pageSize: 2 }))
    expect(listed.map(({ resourceUri }) => resourceUri).sort()).toEqual(occurrences.map(({ resourceUri }) => resourceUri).sort())
    expect(Buffer.from(listed[0].attestation.serializedPayload)).toEqual(attestation.serializedPayload)
    expect(Buffer.from(listed[0].attestation.signatures[0].signature)).toEqual(signatures[0]!.signature)

    const filter = `resourceUrl="${occurrences[3]!.resourceUri}"`
    expect(await collect(other.listOccurrencesAsync({ parent, filter }))).toHaveLength(1)
    const [updated] = await grafeas.updateNote({
      name: note.name,
      note: { shortDescription: 'two' },
      updateMask: { paths: ['short_description'] },
    })
    expect(updated).toMatchObject({ shortDescription: 'two', attestation: { hint } })
    expect((await containerAnalysis.getIamPolicy({ resource: note.name }))[0].bindings).toEqual([])
    await grafeas.deleteOccurrence({ name: listed[0].name })
    expect(await errorOf(other.getOccurrence({ name: listed[0].name }))).toMatchObject({ code: 5 })
  })

  test('Logging writes entries and reads them by a filter, in pages', async () => {
    const logging = clients.logging(newProject())
    const log = logging.log('my-log')
    for (const n of [1, 2, 3, 4, 5]) await log.write(log.entry({ severity: n === 3 ? 'ERROR' : 'NOTICE' }, { n }))
    await log.write(log.entry({ severity: 'INFO' }, 'text'))
    const numbers = (entries: any[]) => entries.map(({ data }) => data.n)
    const query = { filter: 'severity>=NOTICE', orderBy: 'timestamp asc' }
    expect(numbers((await logging.getEntries(query))[0])).toEqual([1, 2, 3, 4, 5])
    expect(numbers(await collect(logging.getEntriesStream({ ...query, pageSize: 2 })))).toEqual([1, 2, 3, 4, 5])
    const [first, next] = await logging.getEntries({ ...query, pageSize: 3 })
    expect([numbers(first), numbers((await logging.getEntries(next))[0])]).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(numbers((await logging.getEntries({ filter: 'severity=ERROR AND jsonPayload.n=3' }))[0])).toEqual([3])
    expect((await logging.getEntries({ filter: 'textPayload:"text"' }))[0].map(({ data }: any) => data)).toEqual(['text'])
    expect((await logging.getLogs())[0].map(({ name }: any) => name)).toEqual(['my-log'])
    expect(await errorOf(logging.getEntries({ filter: '=' }))).toMatchObject({ code: 3 })
  })
})

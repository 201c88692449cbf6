// Google's tutorial with unmodified gcloud, in one project and in order: each test continues where the one before ended
// (https://cloud.google.com/binary-authorization/docs/getting-started-cli, …/docs/creating-attestors-cli).
import { createHash, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import { newDigest, signaturePayload } from '../attestations.ts'
import { succeed } from '../commands.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { gpgHome, newSigner, opensslVerifies } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REPOSITORY = `europe-west2-docker.pkg.dev/${PROJECT}/my-repo/my-image`
const IMAGE = `${REPOSITORY}@${newDigest()}`
const OTHER_IMAGE = `${REPOSITORY}@${newDigest()}`
const ATTESTOR = `projects/${PROJECT}/attestors/vulnerability-scan-attestor`

const RING = ['--location=europe-west2', '--keyring=prod-binauthz-ring']
const KEY_VERSION = ['--keyversion-location=europe-west2', '--keyversion-keyring=prod-binauthz-ring', '--keyversion=1']
const versionName = (key: string) =>
  `projects/${PROJECT}/locations/europe-west2/keyRings/prod-binauthz-ring/cryptoKeys/${key}/cryptoKeyVersions/1`

let emulator: Emulator
let gcloud: Gcloud

const binauthz = (...args: string[]) => gcloud.ok('container', 'binauthz', ...args)
const describeAttestor = async () =>
  JSON.parse(await binauthz('attestors', 'describe', 'vulnerability-scan-attestor', '--format=json'))

const found = hasGcloud('sdk-tests/gcloud/tutorial.test.ts')

describe.skipIf(!found).each(['directly', 'inside exec'] as const)('the tutorial with gcloud %s', (way) => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    gcloud = createGcloud(emulator.url, PROJECT, way)
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test('services are enabled, one and several at once', async () => {
    const [binaryauthorization, ...others] = ['binaryauthorization', 'cloudkms', 'containeranalysis', 'container'].map(
      (name) => `${name}.googleapis.com`,
    )
    const before = await gcloud.ok('services', 'list', '--enabled', '--format=value(config.name)')
    await gcloud.ok('services', 'enable', binaryauthorization!)
    await gcloud.ok('services', 'enable', ...others)
    const after = await gcloud.ok('services', 'list', '--enabled', '--format=value(config.name)')
    expect(before).not.toContain(binaryauthorization)
    expect(after.split('\n')).toEqual(expect.arrayContaining([binaryauthorization, ...others]))
  })

  test('a key ring and signing keys are made in Cloud KMS', async () => {
    await gcloud.ok('kms', 'keyrings', 'create', 'prod-binauthz-ring', '--location=europe-west2')
    const create = (key: string, algorithm: string) =>
      gcloud.ok('kms', 'keys', 'create', key, ...RING, '--purpose=asymmetric-signing', `--default-algorithm=${algorithm}`)
    await Promise.all([create('ec-key', 'ec-sign-p256-sha256'), create('rsa-key', 'rsa-sign-pss-2048-sha256')])
    const keys = JSON.parse(await gcloud.ok('kms', 'keys', 'list', ...RING, '--format=json'))
    expect(keys.map(({ purpose, versionTemplate }: any) => ({ purpose, versionTemplate }))).toEqual([
      { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' } },
      { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'RSA_SIGN_PSS_2048_SHA256', protectionLevel: 'SOFTWARE' } },
    ])
  })

  test('Cloud KMS signs a file, gcloud checks the checksums, and openssl verifies the signature', async () => {
    const input = signaturePayload(REPOSITORY, newDigest())
    const file = gcloud.file('input', input)
    await Promise.all(
      Object.entries({ 'ec-key': {}, 'rsa-key': { pss: true } }).map(async ([key, padding]) => {
        const signature = gcloud.file(`${key}.sig`, '')
        const digest = ['--digest-algorithm=sha256', `--input-file=${file}`, `--signature-file=${signature}`]
        await gcloud.ok('kms', 'asymmetric-sign', '--version=1', `--key=${key}`, ...RING, ...digest)
        const version = ['kms', 'keys', 'versions', 'get-public-key', '1', `--key=${key}`, ...RING, '--output-file=-']
        const pem = await gcloud.ok(...version)
        const { bytes } = await succeed('cat', [signature])
        expect(await opensslVerifies(pem, { hash: 'sha256', ...padding }, input, bytes)).toBe(true)
        expect(await opensslVerifies(pem, { hash: 'sha256', ...padding }, Buffer.from('another file'), bytes)).toBe(false)
      }),
    )
  })

  test('a note is made by curl, in the v1 form and in the v1beta1 form of older tutorials', async () => {
    const post = async (version: string, note: string, body: object) => {
      const url = `${emulator.url}/${version}/projects/${PROJECT}/notes/?noteId=${note}`
      const headers = ['-H', 'Content-Type: application/json', '-H', `x-goog-user-project: ${PROJECT}`]
      const data = JSON.stringify({ name: `projects/${PROJECT}/notes/${note}`, ...body })
      return JSON.parse((await succeed('curl', ['-sS', '-X', 'POST', url, ...headers, '--data-binary', data])).stdout)
    }
    const hint = { hint: { human_readable_name: 'Vulnerability scan' } }
    const expected = { kind: 'ATTESTATION', createTime: expect.stringMatching(/Z$/), updateTime: expect.stringMatching(/Z$/) }
    expect(await post('v1', 'vulnerability-scan', { attestation: hint })).toEqual({
      ...expected,
      name: `projects/${PROJECT}/notes/vulnerability-scan`,
      attestation: { hint: { humanReadableName: 'Vulnerability scan' } },
    })
    expect(await post('v1beta1', 'old-note', { attestation_authority: hint })).toEqual({
      ...expected,
      name: `projects/${PROJECT}/notes/old-note`,
      attestationAuthority: { hint: { humanReadableName: 'Vulnerability scan' } },
    })
  })

  test('attestors are made on both notes, described, changed and listed', async () => {
    const create = (attestor: string, note: string) =>
      binauthz(
        ...['attestors', 'create', attestor, `--attestation-authority-note=${note}`],
        ...[`--attestation-authority-note-project=${PROJECT}`, '--description=First'],
      )
    await Promise.all([create('vulnerability-scan-attestor', 'vulnerability-scan'), create('old-attestor', 'old-note')])
    await binauthz('attestors', 'update', 'vulnerability-scan-attestor', '--description=Scanned and found good')
    expect(await describeAttestor()).toEqual({
      name: ATTESTOR,
      description: 'Scanned and found good',
      etag: expect.any(String),
      updateTime: expect.stringMatching(/Z$/),
      userOwnedGrafeasNote: {
        noteReference: `projects/${PROJECT}/notes/vulnerability-scan`,
        delegationServiceAccountEmail: expect.stringMatching(
          /^service-\d+@gcp-sa-binaryauthorization\.iam\.gserviceaccount\.com$/,
        ),
      },
    })
    const list = JSON.parse(await binauthz('attestors', 'list', '--format=json'))
    expect(list.map(({ name }: any) => name).sort()).toEqual([`projects/${PROJECT}/attestors/old-attestor`, ATTESTOR])
  })

  test('public keys are added from Cloud KMS, from a PKIX file and from a PGP file', async () => {
    const pem = newSigner().publicKey.pkixPublicKey!.publicKeyPem
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
    const pgp = await gpgHome('rsa2048')
    await pgp.close()
    const add = async (...flags: string[]) =>
      JSON.parse(
        await binauthz('attestors', 'public-keys', 'add', '--attestor=vulnerability-scan-attestor', ...flags, '--format=json'),
      )
    // one after the other: gcloud reads the attestor, adds the key and writes the whole back
    const kms = await add(...KEY_VERSION, '--keyversion-key=ec-key')
    const rsa = await add(...KEY_VERSION, '--keyversion-key=rsa-key')
    const pkix = await add(
      `--pkix-public-key-file=${gcloud.file('key.pub', pem)}`,
      '--pkix-public-key-algorithm=ecdsa-p256-sha256',
    )
    const armored = await add(`--pgp-public-key-file=${gcloud.file('key.asc', pgp.armored)}`, '--comment=The release team')

    const authority = way === 'directly' ? emulator.url.replace('http:', '') : '//cloudkms.googleapis.com'
    expect(kms).toMatchObject({
      id: `${authority}/v1/${versionName('ec-key')}`,
      pkixPublicKey: { signatureAlgorithm: 'ECDSA_P256_SHA256' },
    })
    expect(rsa).toMatchObject({
      id: `${authority}/v1/${versionName('rsa-key')}`,
      pkixPublicKey: { signatureAlgorithm: 'RSA_PSS_2048_SHA256' },
    })
    expect(pkix.id).toBe(`ni:///sha-256;${createHash('sha256').update(der).digest('base64url')}`)
    expect(armored).toMatchObject({ id: pgp.fingerprint, comment: 'The release team' })

    await binauthz('attestors', 'public-keys', 'remove', pkix.id, '--attestor=vulnerability-scan-attestor')
    const { publicKeys } = (await describeAttestor()).userOwnedGrafeasNote
    expect(publicKeys).toEqual([kms, rsa, armored])
  })

  test('a key that does not fit its algorithm is refused', async () => {
    const { publicKeyPem } = newSigner().publicKey.pkixPublicKey!
    const { code, stderr } = await gcloud.run(
      ...['container', 'binauthz', 'attestors', 'public-keys', 'add', '--attestor=old-attestor'],
      ...[`--pkix-public-key-file=${gcloud.file('ec.pub', publicKeyPem)}`, '--pkix-public-key-algorithm=rsa-pss-2048-sha256'],
    )
    expect(code).toBe(1)
    expect(stderr).toContain('INVALID_ARGUMENT')
    expect(stderr).toContain('RSA_PSS_2048_SHA256 needs an RSA key of 2048 bits')
  })

  test('the policy is exported, edited and imported, and the export of that can be imported again', async () => {
    const initial = await binauthz('policy', 'export')
    expect(initial).toBe(
      [
        'defaultAdmissionRule:',
        '  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG',
        '  evaluationMode: ALWAYS_ALLOW',
        'globalPolicyEvaluationMode: ENABLE',
        `name: projects/${PROJECT}/policy`,
        '',
      ].join('\n'),
    )
    const edited = initial.replace(
      'evaluationMode: ALWAYS_ALLOW',
      `evaluationMode: REQUIRE_ATTESTATION\n  requireAttestationsBy:\n  - ${ATTESTOR}`,
    )
    const imported = await binauthz('policy', 'import', gcloud.file('policy.yaml', edited))
    const exported = await binauthz('policy', 'export')
    expect(imported.replace(/^(etag|updateTime): .*\n/gm, '')).toBe(edited)
    expect(exported).toBe(imported)
    const again = await binauthz('policy', 'import', gcloud.file('exported.yaml', exported), '--strict-validation')
    expect(again.replace(/^(etag|updateTime): .*\n/gm, '')).toBe(edited)
    const stale = await gcloud.run('container', 'binauthz', 'policy', 'import', gcloud.file('stale.yaml', exported))
    expect(stale.code).toBe(1)
    expect(stale.stderr).toContain('is the subject of a conflict')
  })

  test('a policy that names an attestor which does not exist is refused', async () => {
    const policy = (await binauthz('policy', 'export')).replace(/^etag: .*\n/m, '').replace(ATTESTOR, `${ATTESTOR}-of-nobody`)
    const { code, stderr } = await gcloud.run('container', 'binauthz', 'policy', 'import', gcloud.file('wrong.yaml', policy))
    expect(code).toBe(1)
    expect(stderr).toContain(`${ATTESTOR}-of-nobody`)
    expect(await binauthz('policy', 'export')).toContain(`- ${ATTESTOR}\n`)
  })

  test('roles are granted on an attestor, on the policy and on a key', async () => {
    const binding = ['--member=user:alice@example.com', '--role=roles/viewer', '--format=json']
    const grants = [
      ['container', 'binauthz', 'attestors', 'add-iam-policy-binding', 'vulnerability-scan-attestor'],
      ['container', 'binauthz', 'policy', 'add-iam-policy-binding'],
      ['kms', 'keys', 'add-iam-policy-binding', 'ec-key', ...RING],
    ]
    for (const written of await Promise.all(grants.map((command) => gcloud.ok(...command, ...binding))))
      expect(JSON.parse(written).bindings).toEqual([{ role: 'roles/viewer', members: ['user:alice@example.com'] }])
    const read = await binauthz('attestors', 'get-iam-policy', 'vulnerability-scan-attestor', '--format=json')
    expect(JSON.parse(read).bindings).toEqual([{ role: 'roles/viewer', members: ['user:alice@example.com'] }])
  })

  test('the image is attested, listed and admitted; another one is not', async () => {
    const list = async (image: string) =>
      JSON.parse(await binauthz('attestations', 'list', `--attestor=${ATTESTOR}`, `--artifact-url=${image}`, '--format=json'))
    const attest = ['beta', 'container', 'binauthz', 'attestations', 'sign-and-create', `--artifact-url=https://${IMAGE}`]
    await gcloud.ok(...attest, `--attestor=${ATTESTOR}`, ...KEY_VERSION, '--keyversion-key=ec-key', '--validate')
    const [attestations, others] = await Promise.all([list(IMAGE), list(OTHER_IMAGE)])
    expect(attestations).toMatchObject([
      { kind: 'ATTESTATION', resourceUri: IMAGE, noteName: `projects/${PROJECT}/notes/vulnerability-scan` },
    ])
    expect(others).toEqual([])
    expect((await admit(emulator, PROJECT, pod(IMAGE))).response).toEqual(ALLOWED)
    expect((await admit(emulator, PROJECT, pod(OTHER_IMAGE))).response).toEqual(deniedByAttestors(OTHER_IMAGE, [ATTESTOR]))
  })
})

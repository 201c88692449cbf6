// Every command of `gcloud container binauthz` about attestors, attestations and the policy, in each release track: GA speaks v1, beta
// v1beta1 and alpha v1alpha2 (https://cloud.google.com/sdk/gcloud/reference/container/binauthz). What was written is read as v1, over REST.
import { createHash, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import {
  attestorName,
  createAttestor,
  newDigest,
  newProject,
  projectRequiring,
  REPOSITORY,
  requireAttestors,
  signaturePayload,
} from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createKmsKey, KEY_RING, type KmsKey, LOCATION } from '../kms-keys.ts'
import { gpgHome, nodeSigner } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const DRY_RUN = { enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' }

/** `specificRules`: a policy has one kind of them, so that each track has another. */
const TRACKS = [
  {
    ...{ track: 'GA', words: [], version: 'v1', noteField: 'userOwnedGrafeasNote' },
    specificRules: (rule: object) => ({ clusterAdmissionRules: { 'europe-west2.c1': { ...rule, ...DRY_RUN } } }),
  },
  {
    ...{ track: 'beta', words: ['beta'], version: 'v1beta1', noteField: 'userOwnedDrydockNote' },
    specificRules: (rule: object) => ({ kubernetesNamespaceAdmissionRules: { batch: { ...rule, ...DRY_RUN } } }),
  },
  {
    ...{ track: 'alpha', words: ['alpha'], version: 'v1alpha2', noteField: 'userOwnedDrydockNote' },
    specificRules: (rule: object) => ({ kubernetesServiceAccountAdmissionRules: { 'batch:runner': { ...rule, ...DRY_RUN } } }),
  },
]

const ALICE = 'user:alice@example.com'
const BOB = 'user:bob@example.com'
const SERVICE_AGENT = expect.stringMatching(/^service-\d+@gcp-sa-binaryauthorization\.iam\.gserviceaccount\.com$/)
const newImage = () => `${REPOSITORY}@${newDigest()}`
const idAtGoogle = ({ version }: KmsKey) => `//cloudkms.googleapis.com/v1/${version}`
const urisOf = (occurrences: string) =>
  JSON.parse(occurrences)
    .map(({ resourceUri }: any) => resourceUri)
    .sort()

let emulator: Emulator
let pgp: Awaited<ReturnType<typeof gpgHome>>

// side by side, as most of the time is gcloud's start: no test reads what another one writes
describe.skipIf(!hasGcloud('sdk-tests/gcloud/tracks.test.ts'))('binauthz by gcloud', { concurrent: true }, () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    pgp = await gpgHome('rsa2048')
    await pgp.close()
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  describe.each(TRACKS)('in $track', ({ words, version, noteField, specificRules }) => {
    const project = newProject()
    const stored = (name: string) => emulator.call('GET', `/v1/${name}`)
    let gcloud: Gcloud
    let kms: KmsKey

    const run = (...args: string[]) => gcloud.run(...words, 'container', 'binauthz', ...args)
    const ok = (...args: string[]) => gcloud.ok(...words, 'container', 'binauthz', ...args)
    const json = async (...args: string[]) => JSON.parse(await ok(...args, '--format=json'))

    beforeAll(async () => {
      gcloud = createGcloud(emulator.url, project, 'inside exec')
      kms = await createKmsKey(emulator, project, 'EC_SIGN_P256_SHA256')
    })

    test('attestors are created, described, listed, updated and deleted', async () => {
      const home = newProject()
      const ofProject = `--project=${home}`
      const note = `projects/${home}/notes/scan`
      await emulator.call('POST', `/v1/projects/${home}/notes?noteId=scan`, {
        attestation: { hint: { humanReadableName: 'Scan' } },
      })
      await createAttestor(emulator, home, 'gone', [])
      const flags = ['--attestation-authority-note=scan', `--attestation-authority-note-project=${home}`, '--description=First']
      expect(await ok('attestors', 'create', 'scanned', ...flags, ofProject)).toBe('')

      const [described, listed] = await Promise.all([
        gcloud.run(
          ...words,
          'container',
          'binauthz',
          'attestors',
          'describe',
          'scanned',
          ofProject,
          '--format=json',
          '--log-http',
        ),
        json('attestors', 'list', ofProject),
      ])
      expect(described.stderr).toContain(`binaryauthorization.googleapis.com/${version}/${attestorName(home, 'scanned')}`)
      const first = listed.find(({ name }: any) => name === attestorName(home, 'scanned'))
      expect(first).toMatchObject({
        description: 'First',
        updateTime: expect.stringMatching(/Z$/),
        [noteField]: { noteReference: note, delegationServiceAccountEmail: SERVICE_AGENT },
      })
      expect(described.stdout).toContain(`"noteReference": "${note}"`)
      expect(described.stdout).toContain(`"${noteField}": {`)
      expect(listed.map(({ name }: any) => name).sort()).toEqual([attestorName(home, 'gone'), attestorName(home, 'scanned')])

      const [updated] = await Promise.all([
        json('attestors', 'update', 'scanned', '--description=Second', ofProject),
        ok('attestors', 'delete', 'gone', ofProject),
      ])
      expect(updated).toMatchObject({ description: 'Second', [noteField]: { noteReference: note } })
      expect(await stored(attestorName(home, 'scanned'))).toMatchObject({
        description: 'Second',
        userOwnedGrafeasNote: { noteReference: note },
      })
      expect((await emulator.http('GET', `/v1/${attestorName(home, 'gone')}`)).status).toBe(404)
    })

    test('public keys are added from a PKIX file, a PGP file and Cloud KMS, updated and removed', async () => {
      await createAttestor(emulator, project, 'keys', [])
      const keys = (command: string, ...flags: string[]) => ['attestors', 'public-keys', command, ...flags, '--attestor=keys']
      const pem = nodeSigner('ECDSA_P256_SHA256').publicKey.pkixPublicKey!.publicKeyPem
      const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
      const keyVersion = [`--keyversion-location=${LOCATION}`, `--keyversion-keyring=${KEY_RING}`, '--keyversion-key=signer']

      // one after the other: gcloud reads the attestor, changes its keys and writes the whole back
      const pkixFile = `--pkix-public-key-file=${gcloud.file('key.pub', pem)}`
      const pkix = await json(...keys('add', pkixFile, '--pkix-public-key-algorithm=ecdsa-p256-sha256'))
      const pgpFile = `--pgp-public-key-file=${gcloud.file('key.asc', pgp.armored)}`
      const armored = await json(...keys('add', pgpFile, '--comment=The release team'))
      const ofKms = await json(...keys('add', ...keyVersion, '--keyversion=1'))
      expect(pkix).toMatchObject({
        id: `ni:///sha-256;${createHash('sha256').update(der).digest('base64url')}`,
        pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: 'ECDSA_P256_SHA256' },
      })
      expect(armored).toEqual({ id: pgp.fingerprint, comment: 'The release team', asciiArmoredPgpPublicKey: pgp.armored })
      expect(ofKms).toMatchObject({
        id: idAtGoogle(kms),
        pkixPublicKey: { publicKeyPem: kms.pem, signatureAlgorithm: 'ECDSA_P256_SHA256' },
      })

      const updated = await json(...keys('update', pgp.fingerprint, '--comment=The other team'))
      expect(updated).toEqual({ ...armored, comment: 'The other team' })
      await ok(...keys('remove', pkix.id))
      expect((await stored(attestorName(project, 'keys'))).userOwnedGrafeasNote.publicKeys).toEqual([updated, ofKms])
    })

    test.each([
      { what: 'an attestor', path: 'attestors/shared', group: 'attestors', names: ['shared'], message: 'attestor [shared]' },
      { what: 'the policy', path: 'policy', group: 'policy', names: [], message: `policy [${project}]` },
    ])('the IAM policy of $what is set, bound, unbound and read', async ({ path, group, names, message }) => {
      if (group === 'attestors') await createAttestor(emulator, project, 'shared', [])
      const viewers = (...members: string[]) => [{ role: 'roles/viewer', members }]
      const role = '--role=roles/viewer'
      const file = gcloud.file(`iam-${group}.json`, JSON.stringify({ bindings: viewers(ALICE) }))

      const set = await run(group, 'set-iam-policy', ...names, file, '--format=json')
      expect(set.stderr).toContain(`Updated IAM policy for ${message}.`)
      expect(JSON.parse(set.stdout)).toMatchObject({ bindings: viewers(ALICE), etag: expect.any(String) })
      const added = await json(group, 'add-iam-policy-binding', ...names, `--member=${BOB}`, role)
      expect(added.bindings).toEqual(viewers(ALICE, BOB))
      const removed = await run(
        group,
        'remove-iam-policy-binding',
        ...names,
        `--member=${ALICE}`,
        role,
        '--format=json',
        '--log-http',
      )
      // whatever the track
      expect(removed.stderr).toContain(`binaryauthorization.googleapis.com/v1alpha2/projects/${project}/${path}:setIamPolicy`)
      const read = await json(group, 'get-iam-policy', ...names)
      expect(read.bindings).toEqual(viewers(BOB))
      expect((await stored(`projects/${project}/${path}:getIamPolicy`)).bindings).toEqual(viewers(BOB))
    })

    test('the policy is exported, edited and imported', async () => {
      const home = newProject()
      const ofProject = `--project=${home}`
      await createAttestor(emulator, home, 'trusted', [])
      const exported = await json('policy', 'export', ofProject)
      expect(exported).toMatchObject({
        name: `projects/${home}/policy`,
        globalPolicyEvaluationMode: 'ENABLE',
        defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      })
      const requiring = requireAttestors(attestorName(home, 'trusted'))
      const edited = {
        ...exported,
        description: 'Only what is trusted',
        admissionWhitelistPatterns: [{ namePattern: 'gke.gcr.io/**' }],
        defaultAdmissionRule: requiring,
        ...specificRules(requiring),
      }
      const imported = await json('policy', 'import', gcloud.file('policy.json', JSON.stringify(edited)), ofProject)
      expect(imported).toMatchObject({ ...edited, updateTime: expect.stringMatching(/Z$/) })
      expect(await stored(`projects/${home}/policy`)).toMatchObject(imported)
    })

    test('attestations are created over the payload that gcloud prints, validated and listed', async () => {
      const { publicKey, sign } = nodeSigner('ECDSA_P256_SHA256')
      const home = await projectRequiring(emulator, { trusted: [publicKey] })
      const [byAttestor, byNote, wrong] = [newImage(), newImage(), newImage()]
      const payload = signaturePayload(REPOSITORY, byAttestor.split('@')[1]!)
      expect(await ok('create-signature-payload', `--artifact-url=https://${byAttestor}`)).toBe(payload.toString())

      const { signature } = await sign(payload)
      const notePayload = signaturePayload(REPOSITORY, byNote.split('@')[1]!)
      const [file, noteFile, notePayloadFile] = [
        gcloud.file('by-attestor.sig', signature),
        gcloud.file('by-note.sig', (await sign(notePayload)).signature),
        gcloud.file('by-note.json', notePayload),
      ]
      const create = (image: string, signatureFile: string, ...flags: string[]) =>
        run(
          ...['attestations', 'create', `--project=${home}`, `--artifact-url=${image}`, `--signature-file=${signatureFile}`],
          ...[`--public-key-id=${publicKey.id}`, ...flags],
        )
      const created = await Promise.all([
        create(byAttestor, file, `--attestor=${attestorName(home, 'trusted')}`, '--validate'),
        create(byNote, noteFile, `--note=projects/${home}/notes/trusted`, `--payload-file=${notePayloadFile}`),
        create(wrong, file, `--attestor=${attestorName(home, 'trusted')}`, '--validate'),
      ])
      expect(created.map(({ code }) => code)).toEqual([0, 0, 0])
      expect(created.slice(0, 2).map(({ stderr }) => stderr)).toEqual(['', ''])
      expect(created[2]!.stderr).toContain('WARNING: Attestation could not be validated! (The signature does not verify')

      const list = (...flags: string[]) => ok('attestations', 'list', `--project=${home}`, ...flags, '--format=json')
      const attestor = `--attestor=${attestorName(home, 'trusted')}`
      const [all, one] = await Promise.all([list('--page-size=1'), list(attestor, `--artifact-url=${byAttestor}`)])
      expect(urisOf(all)).toEqual([byAttestor, byNote, wrong].sort())
      expect(JSON.parse(one)).toMatchObject([{ kind: 'ATTESTATION', resourceUri: byAttestor }])
      expect(await stored(JSON.parse(one)[0].name)).toMatchObject({
        noteName: `projects/${home}/notes/trusted`,
        attestation: {
          serializedPayload: payload.toString('base64'),
          signatures: [{ publicKeyId: publicKey.id, signature: signature.toString('base64') }],
        },
      })
      for (const image of [byAttestor, byNote]) expect((await admit(emulator, home, pod(image))).response).toEqual(ALLOWED)
      expect((await admit(emulator, home, pod(wrong))).response).toEqual(
        deniedByAttestors(wrong, [attestorName(home, 'trusted')]),
      )
    })

    const signAndCreate = (home: string, image: string, ...flags: string[]) =>
      run(
        ...['attestations', 'sign-and-create', `--project=${home}`, `--artifact-url=${image}`],
        ...[`--keyversion=${kms.version}`, ...flags],
      )

    test.skipIf(version === 'v1')('sign-and-create signs with Cloud KMS, by attestor or by note, raw or PAE', async () => {
      const home = await projectRequiring(emulator, { trusted: [{ ...kms.publicKey, id: idAtGoogle(kms) }] })
      const images = [newImage(), newImage()] as const
      const results = await Promise.all([
        signAndCreate(home, images[0], '--attestor=trusted', '--validate'),
        signAndCreate(home, images[1], `--note=projects/${home}/notes/trusted`, '--pae-encode-payload'),
      ])
      expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(images.map(() => ({ code: 0, stderr: '' })))
      for (const image of images) expect((await admit(emulator, home, pod(image))).response).toEqual(ALLOWED)
      expect((await admit(emulator, home, pod(newImage()))).response.allowed).toBe(false)
    })

    test.skipIf(version !== 'v1')('sign-and-create is not there', async () => {
      const { code, stderr } = await signAndCreate(project, newImage(), '--attestor=trusted')
      expect(code).toBe(2)
      expect(stderr).toContain("Invalid choice: 'sign-and-create'")
    })
  })
})

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createApp } from './app.ts'
import { StartError } from './core/database.ts'
import { silent, startTestEmulator } from './testing/emulator.ts'

const folder = mkdtempSync(join(tmpdir(), 'seed-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'seed.yaml')

/** The sentence with which a start refuses the seed. */
async function mistakeIn(seed: string, project?: string): Promise<string> {
  writeFileSync(file, seed)
  const app = createApp({ seed: file, project, log: silent })
  const error = await app.then(
    ({ close }) => close(),
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(StartError)
  return error.message.replace(file, 'seed.yaml')
}

const P256 = String(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))
const IMAGE = `gcr.io/app/app@sha256:${'a'.repeat(64)}`

test.each([
  ['', 'seed.yaml:1: projects is missing.'],
  ['- projects', 'seed.yaml:1: must be a mapping of keys to values.'],
  ['projects:\n  my-app-prod: {\n', 'seed.yaml:3: Flow map in block collection must be sufficiently indented and end with a }'],
  ['projects: {}\nprojects: {}', 'seed.yaml:2: Map keys must be unique'],
  ['projects: {}\n\nproject: {}', 'seed.yaml:3: project: unknown key "project"; known here: projects, groups.'],
  ['projects: *all', 'seed.yaml:1: projects: *all stands for nothing: no &all ends before it.'],
  ['projects: !map {}', 'seed.yaml:1: Unresolved tag: !map'],
  ['projects:\n  App: {}', 'seed.yaml:2: projects.App: Invalid project ID "App" in "projects/App".'],
  ['projects:\n  123456789012: {}', /^seed\.yaml:2: projects\.123456789012: a project here is named by its ID/],
])('the start ends with a sentence that names file and line of what is no seed: %j', async (seed, sentence) => {
  expect(await mistakeIn(seed)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
})

test('aliases of aliases stand for at most 10,000 values', async () => {
  const seed = (copies: number) =>
    `projects:\n  app: &a {}\n  b: &b [${Array(100).fill('*a')}]\n  c: &c [${Array(98).fill('*b')}]\n  d: [${Array(copies).fill('*a')}]`
  expect(await mistakeIn(seed(2))).toBe('seed.yaml:3: projects.b: must be a mapping of keys to values.')
  expect(await mistakeIn(seed(3))).toBe('seed.yaml:5: projects.d.2: the aliases of the file stand for more than 10000 values.')
})

test.each([
  ['polcy: {}', /^3: polcy: unknown key "polcy"; known here: services, serviceAccounts, keyRings, notes, .*policy/],
  ['services: cloudkms.googleapis.com', '3: services: must be a list.'],
  ['services:\n  - cloudkms.googleapis.com\n  - 7', '5: services.1: must be text.'],
  ['services: [kms]', /^3: services\.0: .*kms/],
  ['keyRings:\n  ring: {}', '4: keyRings.ring: the name of a key ring here is LOCATION/KEY_RING.'],
  ['keyRings:\n  europe-west2/r!: {}', /^4: keyRings\.europe-west2\/r!: Invalid key_ring_id "r!"/],
  ['keyRings:\n  global/ring:\n    keys: {}', '5: keyRings.global/ring.keys: unknown key "keys"; known here: cryptoKeys.'],
  ['keyRings: {global/ring: {cryptoKeys: {key: }}}', /^3: keyRings\.global\/ring\.cryptoKeys\.key: .*purpose/i],
  [
    'keyRings:\n  global/ring:\n    cryptoKeys:\n      key:\n        purpose: ASYMMETRIC_SIGN\n        versionTemplate:\n          algoritm: EC_SIGN_P256_SHA256',
    '9: keyRings.global/ring.cryptoKeys.key.versionTemplate.algoritm: unknown key "algoritm".',
  ],
  [
    'keyRings:\n  global/ring:\n    cryptoKeys:\n      key:\n        purpose: SIGN',
    /^7: keyRings\.global\/ring\.cryptoKeys\.key\.purpose: Invalid value at 'crypto_key\.purpose' .*"SIGN"/,
  ],
  [
    `keyRings: {global/ring: {cryptoKeys: {key: {purpose: ASYMMETRIC_SIGN, versionTemplate: {algorithm: EC_SIGN_P384_SHA384},
      privateKeyPem: ${JSON.stringify(P256)}}}}}`,
    /^3: keyRings.*\.key: EC_SIGN_P384_SHA384 needs an EC private key on the curve P-384, but the key is .*P-256\.$/,
  ],
  [
    'notes:\n  n:\n    attestation:\n      hint: {humanName: N}',
    '6: notes.n.attestation.hint.humanName: unknown key "humanName".',
  ],
  ['repositories: {images: {format: DOCKER}}', '3: repositories.images: the name of a repository here is LOCATION/REPOSITORY.'],
  [
    'repositories:\n  us/images:\n    format: DOCKERS',
    /^5: repositories\.us\/images\.format: Invalid value at 'repository\.format' .*"DOCKERS"/,
  ],
  ['repositories: {us/images: {frmat: DOCKER}}', '3: repositories.us/images.frmat: unknown key "frmat".'],
  ['images: [{image: us-docker.pkg.dev/my-app-prod/images/app}]', '3: images.0: digest is missing.'],
  [
    'images:\n  - image: us-docker.pkg.dev/my-app-prod/images/app:1\n    digest: x',
    /^4: images\.0\.image: must be LOCATION-docker\.pkg\.dev\/PROJECT\/REPOSITORY\/IMAGE/,
  ],
  [
    `images:\n  - image: us-docker.pkg.dev/my-app-prod/images/app\n    digest: ${IMAGE.slice(-71)}\n    tag: v1`,
    '6: images.0.tag: unknown key "tag".',
  ],
  [
    `images: [{image: us-docker.pkg.dev/my-app-prod/images/app, digest: "${IMAGE.slice(-71)}"}]`,
    '3: images.0: The repository projects/my-app-prod/locations/us/repositories/images does not exist.',
  ],
  ['attestors: {a: {description: A}}', '3: attestors.a: note is missing.'],
  [
    'attestors:\n  a: {note: n, publicKeys: [{cryptoKeyVersion: ring/key}]}',
    /^4: attestors\.a\.publicKeys\.0\.cryptoKeyVersion: /,
  ],
  [
    'attestors:\n  a:\n    note: n\n    publicKeys:\n      - cryptoKeyVersion: global/ring/key/1',
    /^7: attestors\.a\.publicKeys\.0: .*projects\/my-app-prod\/locations\/global\/keyRings\/ring\/.* not found\.$/,
  ],
  [
    'attestors:\n  a:\n    note: n\n    publicKeys:\n      - pkixPublicKey:\n          publicKey: x',
    '8: attestors.a.publicKeys.0.pkixPublicKey.publicKey: unknown key "publicKey".',
  ],
  ['policy: ', /^3: policy: .*default/i],
  ['policy:\n  defaultAdmissionRul: {}', '4: policy.defaultAdmissionRul: unknown key "defaultAdmissionRul".'],
  [
    'policy:\n  clusterAdmissionRules:\n    global.a: {evaluationMode: ALWAYS_DENY}\n    global.b: {evaluationMode: NEVER}',
    /^6: policy\.clusterAdmissionRules\.global\.b\.evaluationMode: Invalid value .*"NEVER"/,
  ],
  [
    'notes: {}\npolicy:\n  defaultAdmissionRule: {evaluationMode: REQUIRE_ATTESTATION, enforcementMode: DRYRUN_AUDIT_LOG_ONLY, requireAttestationsBy: [tested]}',
    /^5: policy\.defaultAdmissionRule\.requireAttestationsBy.*projects\/my-app-prod\/attestors\/tested/,
  ],
  ['attestations:\n  - image: gcr.io/app/app:1', '4: attestations.0: attestor is missing.'],
  [
    'attestations: [{image: "gcr.io/app/app:1", attestor: a, cryptoKeyVersion: global/r/k/1}]',
    /^3: attestations\.0\.image: an image here is REGISTRY\/REPOSITORY@sha256:DIGEST/,
  ],
  [
    `attestations: [{image: "nginx@sha256:${'a'.repeat(64)}", attestor: a, cryptoKeyVersion: global/r/k/1}]`,
    /^3: attestations\.0\.image: an image here is/,
  ],
  [
    `attestations:\n  - image: ${IMAGE}\n    attestor: nobody\n    cryptoKeyVersion: global/r/k/1`,
    /^5: attestations\.0\.attestor: .*projects\/my-app-prod\/attestors\/nobody/,
  ],
  ['iamPolicies: {clusters/c: []}', '3: iamPolicies.clusters/c: projects/my-app-prod/clusters/c has no IAM policy here.'],
  ['iamPolicies: {notes/n: [{role: roles/viewer, members: []}]}', /^3: iamPolicies\.notes\/n: /],
  ['iamPolicies:\n  policy:\n    - role: roles/viewer\n      member: x', '6: iamPolicies.policy.0.member: unknown key "member".'],
])('a mistake in a project is named by line and path: %j', async (content, sentence) => {
  const found = await mistakeIn(`projects:\n  my-app-prod:\n${content.replace(/^/gm, '    ')}`)
  const short = found.replace(/^seed\.yaml:(\d+): projects\.my-app-prod\./, '$1: ')
  expect(short).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
})

test('a project that cannot be one is refused before the file is read', async () => {
  expect(await mistakeIn('projects: {}', 'My App')).toBe(
    '--project must be a project ID (6 to 30 lower-case letters, digits and hyphens), not "My App".',
  )
})

test('a file that cannot be read stops the start', async () => {
  const seed = join(folder, 'missing.yaml')
  await expect(createApp({ seed, log: silent })).rejects.toThrow(
    `The seed file cannot be read (ENOENT: no such file or directory, open '${seed}'): give another with --seed.`,
  )
})

test('a refused start leaves the folder to the next one', async () => {
  const data = join(folder, 'data')
  writeFileSync(file, 'projects: 1')
  await expect(createApp({ data, seed: file, log: silent })).rejects.toThrow('projects: must be a mapping')
  const app = await createApp({ data, seed: false, log: silent })
  app.close()
})

test('a reset with a mistake in the seed changes nothing and names it; once it is mended, the reset succeeds', async () => {
  const data = join(folder, 'kept')
  writeFileSync(file, 'projects: {my-app-prod: {keyRings: {global/first: }}}')
  const first = await startTestEmulator({ data, seed: file })
  first.close()
  const { http, close } = await startTestEmulator({ data, seed: file })
  onTestFinished(() => close())
  const ringsOf = async () => (await http('GET', '/v1/projects/my-app-prod/locations/global/keyRings')).body.keyRings
  writeFileSync(file, 'projects: {my-app-prod: {keyRings: {second: }}}')
  expect(await http('POST', '/_emulator/reset')).toMatchObject({
    status: 400,
    body: {
      error: { status: 'FAILED_PRECONDITION', message: expect.stringContaining('seed.yaml:1: projects.my-app-prod.keyRings') },
    },
  })
  expect(await ringsOf()).toMatchObject([{ name: 'projects/my-app-prod/locations/global/keyRings/first' }])
  writeFileSync(file, 'projects: {my-app-prod: {keyRings: {global/second: }}}')
  expect((await http('POST', '/_emulator/reset')).status).toBe(200)
  expect(await ringsOf()).toMatchObject([{ name: 'projects/my-app-prod/locations/global/keyRings/second' }])
})

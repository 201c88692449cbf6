import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { podReview } from '../../testing/pod-review.ts'
import { CHOICES, signatureChoices } from './explanation-choices.ts'
import { pae, SIMPLE_SIGNING_TYPE } from './payload.ts'
import { verifyPkix } from './verify-pkix.ts'

let emulator: TestEmulator
let project = ''
let count = 0
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())
beforeEach(() => {
  project = `explain-${++count}`
})

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const [A, B] = ['one', 'two'].map(digestOf) as [string, string]
const repository = () => `europe-west2-docker.pkg.dev/${project}/images/team/app`
const key = (version: number, cryptoKey = 'signer') =>
  `//cloudkms.googleapis.com/v1/projects/${project}/locations/global/keyRings/r/cryptoKeys/${cryptoKey}/cryptoKeyVersions/${version}`

const pairs = {
  listed: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  other: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}

async function ok(method: string, path: string, body?: unknown) {
  const answer = await emulator.http(method, path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

async function makeAttestor(id: string, { ids = [key(1)], inProject = project } = {}) {
  const note = `projects/${inProject}/notes/${id}`
  await ok('POST', `/v1/projects/${inProject}/notes?noteId=${id}`, { attestation: { hint: { humanReadableName: id } } })
  const pem = pairs.listed.publicKey.export({ type: 'spki', format: 'pem' })
  const publicKeys = ids.map((id) => ({ id, pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }))
  await ok('POST', `/v1/projects/${inProject}/attestors?attestorId=${id}`, {
    userOwnedGrafeasNote: { noteReference: note, publicKeys },
  })
  return { name: `projects/${inProject}/attestors/${id}`, note }
}

const requireBy = (requireAttestationsBy: string[], rule = {}) =>
  ok('PUT', `/v1/projects/${project}/policy`, {
    globalPolicyEvaluationMode: 'ENABLE',
    defaultAdmissionRule: {
      evaluationMode: 'REQUIRE_ATTESTATION',
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
      requireAttestationsBy,
      ...rule,
    },
  })

interface Attestation {
  note: string
  digest?: string
  /** Of the resource, where it is not that of the payload. */
  under?: string
  publicKeyId?: string
  by?: keyof typeof pairs
  text?: string
  /** What is signed, where it is not the payload. */
  signedAs?: (payload: Buffer) => Buffer
}

function attest({
  note,
  digest = A,
  under = digest,
  publicKeyId = key(1),
  by = 'listed',
  text,
  signedAs = (payload) => payload,
}: Attestation) {
  const payload = text ?? JSON.stringify({ critical: { image: { 'docker-manifest-digest': digest } } })
  const signature = sign('sha256', signedAs(Buffer.from(payload)), pairs[by].privateKey).toString('base64')
  return ok('POST', `/v1/projects/${project}/occurrences`, {
    noteName: note,
    resourceUri: `https://${repository()}@${under}`,
    attestation: { serializedPayload: Buffer.from(payload).toString('base64'), signatures: [{ publicKeyId, signature }] },
  })
}

const explain = (image: string, where = {}) => ok('POST', '/_emulator/decisions:explain', { project, image, ...where })
const ruleOf = ({ images }: any) => images[0].steps.at(-1)

async function admit(image: string) {
  return (await ok('POST', `/admission/projects/${project}/locations/europe-west2/clusters/prod`, podReview([image]))).response
}

/** The tree without what only an explanation adds. */
const plain = (tree: unknown) =>
  JSON.parse(JSON.stringify(tree), (name, value) => (name === 'hints' || name === 'choices' ? undefined : value))

test('it answers the decision that admission takes, and records none', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note })
  const recorded = async () => (await ok('GET', `/_emulator/decisions?project=${project}`)).decisions
  for (const [count, image] of [`${repository()}@${A}`, `${repository()}@${B}`, `${repository()}:1.0`].entries()) {
    const explained = await explain(image, { cluster: 'europe-west2.prod' })
    expect(await recorded()).toHaveLength(count)
    const { status } = await admit(image)
    const [decision] = await recorded()
    expect(plain(explained.images)).toEqual(decision.images)
    expect(explained).toMatchObject({ verdict: decision.verdict, policyEtag: decision.policyEtag })
    expect(explained.message).toBe(status?.message)
  }
})

test('a signature by another version of a key asks whether one has signed with it', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note, publicKeyId: key(2), by: 'other' })
  const explained = await explain(`${repository()}@${A}`)
  expect(ruleOf(explained).attestors[0].attestations[0].signatures[0]).toMatchObject({
    code: 'KEY_NOT_FOUND',
    hints: [
      `Signed by key ${key(2)}, which attestor ${name} does not list: of the key signer it lists version 1; did you sign with version 2?`,
      expect.stringMatching(
        /^Sign with version 1, or trust version 2 too: gcloud container binauthz attestors public-keys add --attestor=/,
      ),
    ],
  })
  expect(explained.explanation).toContainEqual(expect.stringMatching(/^ +→ Signed by key .*did you sign with version 2\?$/))
})

test('a good signature under an id that the attestor does not list names the one that it lists', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note, publicKeyId: key(2) })
  expect(ruleOf(await explain(`${repository()}@${A}`)).attestors[0].attestations[0].signatures[0].hints).toEqual([
    `Signed by a key that attestor ${name} lists under another id: make the attestation with publicKeyId ${key(1)}.`,
  ])
})

test.each([
  [
    '0xAB CD EF 01 23 45 67 89',
    'ni:///sha-256;x',
    /^Signed by key .* does not list: sign with a key that it lists, or add this one to it\.$/,
  ],
  ['openpgp4fpr:89ABCDEF01234567', '0123456789ABCDEF0123456789ABCDEF01234567', /it lists 0123\w+67\. The ids must be equal/],
  [key(1).replace('cloudkms', 'kms'), undefined, /it lists the same key version as .*cloudkms.*use that one/],
  [
    key(1, 'stranger'),
    undefined,
    /sign with a key that it lists, or add this one: gcloud container binauthz attestors public-keys add/,
  ],
])('a signature by the key %s', async (id, listedId, hint) => {
  const publicKeyId = id.replace('/projects//', `/projects/${project}/`)
  const { name, note } = await makeAttestor('a', { ids: [listedId ?? key(1)] })
  await requireBy([name])
  await attest({ note, publicKeyId, by: 'other' })
  const [hinted] = ruleOf(await explain(`${repository()}@${A}`)).attestors[0].attestations[0].signatures[0].hints
  expect(hinted).toMatch(hint)
})

test('a digest that is not attested names the attested ones of its repository, and the tag that has moved', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note })
  expect(ruleOf(await explain(`${repository()}@${B}`)).attestors[0].hints).toEqual([
    `Attested under https://${repository()}@${A}; this is ${B}.`,
    `Attest it: gcloud container binauthz attestations sign-and-create --artifact-url=${repository()}@${B} --attestor=${name} --keyversion=${key(1).slice('//cloudkms.googleapis.com/v1/'.length)}`,
  ])
  const moved = `Attested under https://${repository()}@${A}; the tag "1.0" now points to ${B}.`
  expect(ruleOf(await explain(`${repository()}:1.0@${B}`)).attestors[0].hints[0]).toBe(moved)
  await ok('POST', `/v1/projects/${project}/locations/europe-west2/repositories?repositoryId=images`, { format: 'DOCKER' })
  await ok('POST', '/_emulator/images', { image: repository(), digest: A, tags: ['1.0'] })
  await ok('POST', '/_emulator/images', { image: repository(), digest: B, tags: ['1.0'] })
  expect(ruleOf(await explain(`${repository()}@${B}`)).attestors[0].hints[0]).toBe(moved)
})

test('an image with a tag but no digest is told the digest, and whether that would pass', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note })
  const hints = async (image: string) => ruleOf(await explain(image)).hints
  expect(await hints(`${repository()}:1.0`)).toEqual([
    `The image has a tag but no digest: deploy ${repository()}@sha256:<digest>.`,
    `Attested under https://${repository()}@${A}.`,
  ])
  expect((await hints('nginx'))[0]).toBe('The image has neither a tag nor a digest: deploy nginx@sha256:<digest>.')
  expect(await hints('localhost:5000/app@sha256:12')).toEqual([
    'What follows the @ is no digest: deploy localhost:5000/app@sha256:<64 lower-case hex digits>.',
  ])
  await ok('POST', `/v1/projects/${project}/locations/europe-west2/repositories?repositoryId=images`, { format: 'DOCKER' })
  await ok('POST', '/_emulator/images', { image: repository(), digest: A, tags: ['1.0', '2.0'] })
  expect(await hints(`${repository()}:1.0`)).toEqual([
    `The image has a tag but no digest: deploy ${repository()}@${A}, which passes; that is what the tag points to now.`,
  ])
  await ok('POST', '/_emulator/images', { image: repository(), digest: B, tags: ['2.0'] })
  expect(await hints(`${repository()}:2.0`)).toEqual([
    `The image has a tag but no digest: deploy it by digest. The tag points to ${B} now, which would be denied too.`,
    `Attested under https://${repository()}@${A}; the tag "2.0" now points to ${B}.`,
  ])
})

test('an attestor without its note, without keys or gone is named with what it lacks', async () => {
  const elsewhere = `${project}-keys`
  const { name, note } = await makeAttestor('a', { inProject: elsewhere })
  const keyless = await makeAttestor('keyless', { ids: [] })
  const gone = await makeAttestor('gone')
  await requireBy([name, keyless.name, gone.name])
  await attest({ note })
  await ok('DELETE', `/v1/${note}`)
  await ok('DELETE', `/v1/${gone.name}`)
  const rule = ruleOf(await explain(`${repository()}@${A}`))
  expect(rule.hints).toEqual(['All 3 attestors of the rule must be satisfied, and none of them is.'])
  expect(rule.choices).toEqual(['several-attestors'])
  expect(rule.attestors.map(({ code, hints, choices }: any) => ({ code, hints, choices }))).toEqual([
    {
      code: 'NO_ATTESTATION',
      hints: [
        `Attestor ${name} lives in project ${elsewhere} and its note ${note} was deleted, or never made: create it as a note of kind ATTESTATION.`,
      ],
      choices: undefined,
    },
    {
      code: 'ATTESTOR_HAS_NO_KEYS',
      hints: [expect.stringMatching(/^Give it a key: gcloud/)],
      choices: ['attestor-without-keys'],
    },
    { code: 'ATTESTOR_NOT_FOUND', hints: [expect.stringMatching(/^Create attestor .* again/)], choices: ['attestor-deleted'] },
  ])
})

test('a payload of another digest, no payload and a bad signature are told apart', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note, digest: A, under: B })
  await attest({ note, under: B, text: '{"critical":{},"critical":{}}' })
  await attest({ note, digest: B, by: 'other' })
  const { attestations } = ruleOf(await explain(`${repository()}@${B}`)).attestors[0]
  expect(attestations.map(({ code, signatures }: any) => [code, signatures[0].hints[0], signatures[0].choices])).toEqual([
    [
      'SIGNATURE_INVALID',
      `Sign the stored payload, byte for byte, with the private key of ${key(1)}, and make the attestation again.`,
      undefined,
    ],
    ['PAYLOAD_INVALID', expect.stringMatching(/create-signature-payload/), ['payload-read-strictly']],
    [
      'PAYLOAD_DIGEST_MISMATCH',
      `Its payload approves ${A}, wherever the occurrence stands: deploy that, or sign a payload for ${B}.`,
      undefined,
    ],
  ])
})

test('the lines name the step that decided, the attestor, the occurrence and the key', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name], { enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' })
  const { name: occurrence } = await attest({ note })
  const image = `${repository()}@${A}`
  expect((await explain(image)).explanation).toEqual([
    `· In project ${project}, no cluster, namespace default, service account default`,
    `✓ ${image} is allowed`,
    '  · system policy: no pattern matches',
    '  · allow-list: no pattern matches',
    '  ✓ defaultAdmissionRule (REQUIRE_ATTESTATION, DRYRUN_AUDIT_LOG_ONLY): ALLOWED ← decided',
    `    ✓ attestor ${name}: SATISFIED`,
    `      · note ${note}`,
    `      · key ${key(1)}`,
    `      ✓ occurrence ${occurrence} under https://${image}: VERIFIED`,
    `        ✓ signature by ${key(1)}: VERIFIED over the payload`,
  ])
  const { explanation, verdict, message } = await explain('nginx:1')
  expect(verdict).toBe('DRY_RUN')
  expect(explanation).toContain('✗ nginx:1 would be denied; its rule is a dry run, which lets it in')
  expect(explanation).toContain(`  ✗ ${message}`)
})

test('a project without a policy, a policy without globalPolicyEvaluationMode and an exempt image say what they rest on', async () => {
  const fresh = await explain('gke.gcr.io/pause:1')
  expect(fresh).toMatchObject({
    verdict: 'ALLOWED',
    choices: [{ id: 'system-policy-content', question: 'content of the system policy' }],
  })
  expect(fresh.explanation).toContain(`· Project ${project} has no policy of its own: the default one allows everything`)
  await ok('PUT', `/v1/projects/${project}/policy`, {
    admissionWhitelistPatterns: [{ namePattern: 'nginx' }],
    kubernetesNamespaceAdmissionRules: {
      team: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
    },
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  })
  expect((await explain('nginx')).explanation).toContain('  ✓ allow-list: nginx matches ← decided')
  const denied = await explain('busybox', { namespace: 'team' })
  expect(denied.choices.map(({ id }: any) => id)).toEqual(['global-policy-mode-unset', 'rule-wording'])
  expect(denied.explanation).toContainEqual(
    expect.stringMatching(/^ +\? Google publishes nothing on: .* \(choice rule-wording\)$/),
  )
  const several = await ok('POST', '/_emulator/decisions:explain', { project, namespace: 'team', images: ['a', 'b', 'a'] })
  expect(several.images).toHaveLength(2)
  expect(several.choices).toContainEqual({ id: 'several-images', question: CHOICES['several-images'] })
})

test('a signature over PAE, and a key that is named by this emulator, are choices where they decide', async () => {
  const { name, note } = await makeAttestor('a')
  await requireBy([name])
  await attest({ note, signedAs: (payload) => pae(SIMPLE_SIGNING_TYPE, payload) })
  await attest({ note, digest: B, publicKeyId: key(1).replace('cloudkms.googleapis.com', new URL(emulator.url).host) })
  const ids = async (digest: string) => (await explain(`${repository()}@${digest}`)).choices.map(({ id }: any) => id)
  expect(await ids(A)).toEqual(['pae'])
  expect(await ids(B)).toEqual(['kms-key-authority'])
})

test('a PSS salt of another length is a choice', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const options = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const payload = Buffer.from('{}')
  const { why } = verifyPkix(
    { publicKeyPem: pem, signatureAlgorithm: 'RSA_PSS_2048_SHA256' },
    payload,
    sign('sha256', payload, options),
  )
  expect(signatureChoices({ publicKeyId: 'k', verified: false, code: 'SIGNATURE_INVALID', why })).toEqual(['pss-salt'])
})

test.each([
  [{}, 'Give either image or images.'],
  [{ image: 'a', images: ['b'] }, 'Give either image or images.'],
  [{ images: [] }, 'images must be a list of strings, none of them empty.'],
  [{ image: '' }, 'image must be a string, none of them empty.'],
  [{ image: 'a', project: undefined }, 'project is required: it is the one whose policy applies.'],
  [{ image: 'a', cluster: 'prod' }, 'cluster must be LOCATION.NAME, such as us-central1.prod, not "prod".'],
  [{ image: 'a', namespace: 1 }, 'namespace must be a string that is not empty.'],
  [
    { image: 'a', breakGlass: true },
    'There is no field "breakGlass": there are image, images, project, cluster, namespace, serviceAccount.',
  ],
])('what cannot be answered is refused: %j', async (body, message) => {
  const answer = await emulator.http('POST', '/_emulator/decisions:explain', { project, ...body })
  expect(answer).toMatchObject({ status: 400, body: { error: { status: 'INVALID_ARGUMENT', message } } })
})

test('a policy with rules for clusters is not explained without one', async () => {
  await ok('PUT', `/v1/projects/${project}/policy`, {
    clusterAdmissionRules: {
      'us-central1.prod': { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
    },
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  })
  const { status, body } = await emulator.http('POST', '/_emulator/decisions:explain', { project, image: 'nginx' })
  expect({ status, message: body.error.message }).toEqual({
    status: 400,
    message: 'cluster is required, because the policy has rules for clusters: us-central1.prod.',
  })
  expect((await explain('nginx', { cluster: 'us-central1.prod' })).verdict).toBe('DENIED')
  expect((await explain('nginx', { cluster: 'us-central1.test' })).verdict).toBe('ALLOWED')
})

test('every choice is a row of the list of choices', () => {
  const list = readFileSync(new URL('../../decisions/0004-choices.md', import.meta.url), 'utf8')
  for (const question of Object.values(CHOICES)) expect(list).toContain(`\n| ${question} | `)
})

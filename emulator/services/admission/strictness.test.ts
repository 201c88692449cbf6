// What a careless review must not get: an answer that looks like "allowed" because something was not understood.
import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'

const DENY = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
const ALLOW = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }

describe('a review that is not understood', () => {
  let emulator: TestEmulator
  let project = ''
  let count = 0

  beforeAll(async () => {
    emulator = await startTestEmulator()
  })
  afterAll(() => emulator.close())
  beforeEach(async () => {
    project = `strict-${++count}`
    await setPolicy({ defaultAdmissionRule: DENY })
  })

  const setPolicy = (policy: object) => emulator.http('PUT', `/v1/projects/${project}/policy`, policy)

  const ask = (body: unknown, { of = project, where = 'us-central1/clusters/prod' } = {}) =>
    emulator.http('POST', `/admission/projects/${of}/locations/${where}`, body)

  const review = (request: object = {}, pod: object = {}) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      operation: 'CREATE',
      namespace: 'default',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'app' },
        spec: { containers: [{ name: 'c', image: 'nginx' }] },
        ...pod,
      },
      ...request,
    },
  })

  const imageReview = (spec: object = {}) => ({
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    spec: { containers: [{ image: 'nginx' }], namespace: 'default', ...spec },
  })

  test('its twin, which is, is denied', async () => {
    expect((await ask(review())).body.response.allowed).toBe(false)
    expect((await ask(imageReview())).body.status.allowed).toBe(false)
  })

  test.each([
    ['no kind', { kind: undefined }],
    ['kind null', { kind: null }],
    ['kind as text', { kind: 'Pod' }],
    ['kind pod in lower case', { kind: { group: '', version: 'v1', kind: 'pod' } }],
    ['kind Pod of the group core', { kind: { group: 'core', version: 'v1', kind: 'Pod' } }],
    ['a kind in a list', { kind: { kind: ['Pod'] } }],
    ['a Deployment whose object is a Pod', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['another kind for the resource pods', { kind: { group: 'x', version: 'v1', kind: 'Other' }, object: {} }],
    ['no operation', { operation: undefined }],
    ['an operation in lower case', { operation: 'create' }],
    ['an operation *', { operation: '*' }],
    ['a namespace that is no text', { namespace: { toString: 1, valueOf: 1 } }],
    ['a subResource that is no text', { subResource: 7 }],
    ['no request', undefined],
  ])('%s is refused', async (_, request) => {
    const body = request ? review(request) : { ...review(), request: undefined }
    const answer = await ask(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ kind: 'Status', code: 400 })
  })

  test.each([
    ['serviceAccountName as a list', { spec: { containers: [{ image: 'nginx' }], serviceAccountName: ['default'] } }],
    ['serviceAccountName as an object', { spec: { containers: [{ image: 'nginx' }], serviceAccountName: { a: 1 } } }],
    ['generateName as an object', { metadata: { generateName: { toString: 1, valueOf: 1 } } }],
    ['metadata as text', { metadata: 'x' }],
  ])('a Pod with %s is refused', async (_, pod) => {
    expect((await ask(review({}, pod))).status).toBe(400)
  })

  test.each([
    { subResource: null },
    { subResource: 'resize' },
    { subResource: 'EphemeralContainers' },
    { subResource: 'whatever' },
  ])('a Pod with %o is judged', async (request) => {
    expect((await ask(review(request))).body.response.allowed).toBe(false)
  })

  test.each([
    ['kind', { kind: { toString: 1, valueOf: 1 } }],
    ['a namespace of an ImageReview', imageReview({ namespace: { toString: 1, valueOf: 1 } })],
  ])('an object in the place of %s is no error of the server', async (_, body) => {
    expect((await ask(body)).status).toBe(400)
  })

  test.each(['STRICT-1', 'strict_1', 'strict-1%20', 'strict-1%0A', 'strict-1%2F', '-', 'x'])(
    'the project "%s" in the URL is refused, instead of having the default policy',
    async (of) => {
      const answer = await ask(review(), { of })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    },
  )

  test('a number of no project is refused', async () => {
    expect((await ask(review(), { of: '1234567890' })).status).toBe(404)
  })

  test.each([
    'US-CENTRAL1/clusters/prod',
    'us-central1/clusters/Prod',
    'us-central1/clusters/prod%20',
    'us-central1%2Fx/clusters/prod',
    'here/clusters/prod',
  ])('the cluster "%s" in the URL is refused, instead of having the default rule', async (where) => {
    await setPolicy({ defaultAdmissionRule: ALLOW, clusterAdmissionRules: { 'us-central1.prod': DENY } })
    expect((await ask(review())).body.response.allowed).toBe(false)
    expect((await ask(review(), { where })).status).toBe(400)
  })

  test('an ImageReview names no service account, so that a policy with rules for them denies it', async () => {
    const policy = { defaultAdmissionRule: ALLOW, kubernetesServiceAccountAdmissionRules: { 'default:default': DENY } }
    await setPolicy(policy)
    const { status } = (await ask(imageReview())).body
    expect(status).toEqual({
      allowed: false,
      reason:
        'Denied by service account admission rules. The policy has rules for service accounts, and the review does not name one',
    })
    await setPolicy({ defaultAdmissionRule: ALLOW })
    expect((await ask(imageReview())).body.status).toEqual({ allowed: true })
  })

  test('more images than any Pod has are denied, in a short answer', async () => {
    await setPolicy({ defaultAdmissionRule: ALLOW })
    const containers = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `c${index}`, image: `image-${index}` }))
    const many = await ask(review({}, { spec: { containers: containers(20_000) } }))
    expect(many.body.response).toMatchObject({
      allowed: false,
      status: { message: expect.stringContaining('There are 20000 images') },
    })
    expect(JSON.stringify(many.body).length).toBeLessThan(2000)
    expect((await ask(review({}, { spec: { containers: containers(250) } }))).body.response.allowed).toBe(true)
  })

  test('an image volume is named in the decision, because it is not judged', async () => {
    await setPolicy({ defaultAdmissionRule: ALLOW })
    const spec = {
      containers: [{ image: 'nginx' }],
      volumes: [
        { name: 'v', image: { reference: 'gcr.io/p/data:1' } },
        { name: 'e', emptyDir: {} },
      ],
    }
    expect((await ask(review({}, { spec }))).body.response.allowed).toBe(true)
    const { body } = await emulator.http('GET', `/_emulator/decisions?project=${project}&limit=1`)
    expect(body.decisions[0].imageVolumesNotJudged).toEqual(['gcr.io/p/data:1'])
  })

  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const digest = `sha256:${'ab'.repeat(32)}`
  const payload = JSON.stringify({ critical: { image: { 'docker-manifest-digest': digest } } })
  const signature = sign('sha256', Buffer.from(payload), privateKey).toString('base64')

  async function makeAttestor(keys = 1) {
    const pkixPublicKey = {
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
      signatureAlgorithm: 'ECDSA_P256_SHA256',
    }
    await emulator.http('POST', `/v1/projects/${project}/notes?noteId=n`, { attestation: { hint: { humanReadableName: 'n' } } })
    const publicKeys = Array.from({ length: keys }, (_, index) => ({ id: `key-${index}`, pkixPublicKey }))
    const userOwnedGrafeasNote = { noteReference: `projects/${project}/notes/n`, publicKeys }
    await emulator.http('POST', `/v1/projects/${project}/attestors?attestorId=a`, { userOwnedGrafeasNote })
    const requireAttestationsBy = [`projects/${project}/attestors/a`, `projects/${project}/attestors/a`]
    await setPolicy({ defaultAdmissionRule: { ...ALLOW, evaluationMode: 'REQUIRE_ATTESTATION', requireAttestationsBy } })
  }

  const attest = (signatures: object[], resourceUri = `gcr.io/p/app@${digest}`) =>
    emulator.http('POST', `/v1/projects/${project}/occurrences`, {
      noteName: `projects/${project}/notes/n`,
      resourceUri,
      attestation: { serializedPayload: Buffer.from(payload).toString('base64'), signatures },
    })

  const admitted = async () =>
    (await ask(review({}, { spec: { containers: [{ image: `gcr.io/p/app@${digest}` }] } }))).body.response.allowed

  test('what was allowed is forgotten with any change of policy, attestor, note or attestation', async () => {
    await makeAttestor()
    const { body: occurrence } = await attest([{ publicKeyId: 'key-0', signature }])
    expect(await admitted()).toBe(true)
    expect(await admitted()).toBe(true)
    await emulator.http('DELETE', `/v1/${occurrence.name}`)
    expect(await admitted()).toBe(false)
    await attest([{ publicKeyId: 'key-0', signature }])
    expect(await admitted()).toBe(true)
    await emulator.http('DELETE', `/v1/projects/${project}/notes/n`)
    expect(await admitted()).toBe(false)
    await emulator.http('POST', `/v1/projects/${project}/notes?noteId=n`, { attestation: { hint: { humanReadableName: 'n' } } })
    expect(await admitted()).toBe(true)
    await emulator.http('DELETE', `/v1/projects/${project}/attestors/a`)
    expect(await admitted()).toBe(false)
    await makeAttestor()
    expect(await admitted()).toBe(true)
    await setPolicy({ defaultAdmissionRule: DENY })
    expect(await admitted()).toBe(false)
  })

  test('a reset forgets it too', async () => {
    await makeAttestor()
    await attest([{ publicKeyId: 'key-0', signature }])
    await setPolicy({
      defaultAdmissionRule: {
        ...ALLOW,
        evaluationMode: 'REQUIRE_ATTESTATION',
        requireAttestationsBy: [`projects/${project}/attestors/a`],
      },
    })
    expect(await admitted()).toBe(true)
    await emulator.http('POST', '/_emulator/reset')
    await setPolicy({ defaultAdmissionRule: DENY })
    expect(await admitted()).toBe(false)
  })

  test('many useless signatures do not make the tree long, and the good one still counts', async () => {
    await makeAttestor(50)
    const foreign = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ publicKeyId: `foreign-${index}`, signature: 'AAAA' }))
    for (let index = 0; index < 40; index++) await attest(foreign(99), `gcr.io/p/app-${index}@${digest}`)
    expect(await admitted()).toBe(false)
    const { body } = await emulator.http('GET', `/_emulator/decisions?project=${project}&limit=1`)
    expect(JSON.stringify(body).length).toBeLessThan(400_000)
    expect(body.decisions[0].images[0].steps.at(-1).attestors[0].attestationCount).toBe(40)
    await attest([...foreign(99), { publicKeyId: 'key-7', signature }])
    expect(await admitted()).toBe(true)
  })
})

test('with strict projects, admission refuses a project that the seed does not name', async () => {
  const emulator = await startTestEmulator({ strictProjects: true })
  try {
    const review = { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', spec: { containers: [{ image: 'nginx' }] } }
    const answer = await emulator.http('POST', '/admission/projects/unknown-project/locations/global/clusters/c', review)
    expect(answer.status).toBe(403)
  } finally {
    emulator.close()
  }
})

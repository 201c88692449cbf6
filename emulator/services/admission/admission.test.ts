import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { describeTransports, type TestEmulator } from '../../testing/emulator.ts'
import { podReview as reviewOf } from '../../testing/pod-review.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const REASON = 'No attestations found that were valid and signed by a key trusted by the attestor'

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const REPOSITORY = 'europe-west2-docker.pkg.dev/my-app-prod/images/app'

describeTransports('admission', (emulator) => {
  let count = 0
  let project = ''

  // a project of its own for each test, so that none sees what another wrote
  beforeEach(() => {
    project = `admission-${++count}`
  })

  const call = (method: string, request: object) => emulator().call('binaryauthorization.v1', `${BINAUTHZ}/${method}`, request)

  const setPolicy = (policy: object) => call('UpdatePolicy', { policy: { name: `projects/${project}/policy`, ...policy } })

  const ruleBy = (...attestors: string[]) => ({
    evaluationMode: 'REQUIRE_ATTESTATION',
    enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    requireAttestationsBy: attestors,
  })

  const requireAttestors = (...attestors: string[]) => setPolicy({ defaultAdmissionRule: ruleBy(...attestors) })

  const pkixKey = (publicKey: KeyObject, id?: string) => ({
    ...(id && { id }),
    pkixPublicKey: { publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }), signatureAlgorithm: 'ECDSA_P256_SHA256' },
  })

  /** An attestor with a note and one P-256 key. */
  async function makeAttestor(id: string, keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' })]) {
    const note = `projects/${project}/notes/${id}-note`
    await emulator().call('containeranalysis.v1', 'grafeas.v1.Grafeas/CreateNote', {
      parent: `projects/${project}`,
      noteId: `${id}-note`,
      note: { attestation: { hint: { humanReadableName: id } } },
    })
    const attestor = await call('CreateAttestor', {
      parent: `projects/${project}`,
      attestorId: id,
      attestor: { userOwnedGrafeasNote: { noteReference: note, publicKeys: keys.map(({ publicKey }) => pkixKey(publicKey)) } },
    })
    const keyIds: string[] = (attestor.userOwnedGrafeasNote.publicKeys ?? []).map(({ id }: { id: string }) => id)
    return { name: attestor.name as string, note, keys, keyIds, attestor }
  }

  const payloadOf = (digest: string, reference = REPOSITORY) =>
    `${JSON.stringify({ critical: { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest }, type: 'Google cloud binauthz container signature' } }, null, 2)}\n`

  interface Attest {
    note: string
    digest: string
    privateKey: KeyObject
    publicKeyId: string
    payload?: string
    resourceUri?: string
    /** What the signature is over, where it is not the payload. */
    signed?: string
    inProject?: string
  }

  async function attest({ note, digest, privateKey, publicKeyId, inProject = project, ...given }: Attest) {
    const payload = given.payload ?? payloadOf(digest)
    const signature = sign('sha256', Buffer.from(given.signed ?? payload), privateKey).toString('base64')
    return emulator().call('containeranalysis.v1', 'grafeas.v1.Grafeas/CreateOccurrence', {
      parent: `projects/${inProject}`,
      occurrence: {
        noteName: note,
        resourceUri: given.resourceUri ?? `https://${REPOSITORY}@${digest}`,
        attestation: { serializedPayload: Buffer.from(payload).toString('base64'), signatures: [{ publicKeyId, signature }] },
      },
    })
  }

  type Attestor = Awaited<ReturnType<typeof makeAttestor>>
  const attestBy = ({ note, keys, keyIds }: Attestor, digest: string) =>
    attest({ note, digest, privateKey: keys[0]!.privateKey, publicKeyId: keyIds[0]! })

  const post = (body: unknown, cluster = 'us-central1/clusters/prod') =>
    emulator().http('POST', `/admission/projects/${project}/locations/${cluster}`, body)

  const podReview = (images: string[], change: object = {}) => reviewOf(images, { uid: 'f0e1', ...change })

  const admit = async (images: string | string[], options = {}) => (await post(podReview([images].flat(), options))).body.response

  const latestDecision = async () => {
    const { body } = await emulator().http('GET', `/_emulator/decisions?project=${project}&limit=1`)
    return body.decisions[0]
  }

  const failingStep = async () => {
    const { images } = await latestDecision()
    const rule = images.find(({ allowed }: { allowed: boolean }) => !allowed).steps.at(-1)
    const attestor = rule.attestors?.find(({ result }: { result: string }) => result === 'NOT_SATISFIED')
    return [rule.code, attestor?.code, attestor?.attestations?.[0]?.code].filter(Boolean)
  }

  const denial = (image: string, attestor: string, reason = REASON) => ({
    uid: 'f0e1',
    allowed: false,
    status: {
      metadata: {},
      status: 'Failure',
      code: 400,
      reason: 'VIOLATES_POLICY',
      message: `Image ${image} denied by Binary Authorization default admission rule. Image ${image} denied by attestor ${attestor}: ${reason}`,
      details: { kind: 'Pod', causes: [{ reason: `'${image}' : Image ${image} denied by attestor ${attestor}: ${reason}\n` }] },
    },
  })

  test('without a policy everything is allowed', async () => {
    expect(await admit('nginx')).toEqual({ uid: 'f0e1', allowed: true })
  })

  test('an attested digest is allowed: in its repository, in another registry, and with a tag beside the digest', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    await attestBy(attestor, digest)
    for (const image of [`${REPOSITORY}@${digest}`, `gcr.io/elsewhere/copy@${digest}`, `${REPOSITORY}:v1@${digest}`])
      expect(await admit(image), image).toEqual({ uid: 'f0e1', allowed: true })
    const { verdict, images } = await latestDecision()
    expect(verdict).toBe('ALLOWED')
    expect(images[0].decidedBy).toBe('ADMISSION_RULE')
    expect(images[0].steps.at(-1).attestors[0]).toMatchObject({
      result: 'SATISFIED',
      attestations: [{ verified: true, signatures: [{ code: 'VERIFIED', form: 'raw' }] }],
    })
  })

  test('a digest without attestation is denied, in the words of GKE', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const image = `${REPOSITORY}@${digestOf('never attested')}`
    expect(await admit(image)).toEqual(denial(image, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_ATTESTATION'])
  })

  test('an attestation of a key that is not the attestor’s does not count, even under the id of its key', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const image = `${REPOSITORY}@${digest}`
    await attest({ note: attestor.note, digest, privateKey, publicKeyId: 'ni:///sha-256;unknown' })
    expect(await admit(image)).toEqual(denial(image, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_VALID_ATTESTATION', 'KEY_NOT_FOUND'])
    await attest({ note: attestor.note, digest, privateKey, publicKeyId: attestor.keyIds[0]! })
    expect(await admit(image)).toEqual(denial(image, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_VALID_ATTESTATION', 'SIGNATURE_INVALID'])
    await attestBy(attestor, digest)
    expect(await admit(image)).toMatchObject({ allowed: true })
  })

  test('a good signature under another key id is denied, and the tree tells the id that it should have', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    await attest({ note: attestor.note, digest, privateKey: attestor.keys[0]!.privateKey, publicKeyId: 'my-key' })
    expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: false })
    const { why } = (await latestDecision()).images[0].steps.at(-1).attestors[0]
    expect(why).toContain(`good with its key "${attestor.keyIds[0]}"`)
  })

  test('a signature over another digest admits neither the one nor the other', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const [deployed, signed] = [digestOf('deployed'), digestOf('signed')]
    const { privateKey } = attestor.keys[0]!
    const resourceUri = `https://${REPOSITORY}@${deployed}`
    await attest({ note: attestor.note, digest: signed, privateKey, publicKeyId: attestor.keyIds[0]!, resourceUri })
    expect(await admit(`${REPOSITORY}@${deployed}`)).toEqual(denial(`${REPOSITORY}@${deployed}`, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_VALID_ATTESTATION', 'PAYLOAD_DIGEST_MISMATCH'])
    expect(await admit(`${REPOSITORY}@${signed}`)).toEqual(denial(`${REPOSITORY}@${signed}`, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_ATTESTATION'])
  })

  test('a payload that was changed after signing is denied', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const { privateKey } = attestor.keys[0]!
    const publicKeyId = attestor.keyIds[0]!
    await attest({ note: attestor.note, digest, privateKey, publicKeyId, signed: payloadOf(digestOf('something else')) })
    expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: false })
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_VALID_ATTESTATION', 'SIGNATURE_INVALID'])
  })

  test('neither the docker-reference of the payload nor the repository of resourceUri counts', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const payload = payloadOf(digest, 'docker.io/other/name')
    const { privateKey } = attestor.keys[0]!
    await attest({
      note: attestor.note,
      digest,
      privateKey,
      publicKeyId: attestor.keyIds[0]!,
      payload,
      resourceUri: `gcr.io/x/y@${digest}`,
    })
    expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: true })
  })

  test('an attestation may live in any project: the note is what counts', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const { privateKey } = attestor.keys[0]!
    await attest({ note: attestor.note, digest, privateKey, publicKeyId: attestor.keyIds[0]!, inProject: 'another-project' })
    expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: true })
  })

  test('an attestation under another note of the same key does not count', async () => {
    const attestor = await makeAttestor('built')
    const other = await makeAttestor('other', attestor.keys)
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    await attestBy(other, digest)
    expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: false })
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_ATTESTATION'])
  })

  test.each([
    'app',
    `${REPOSITORY}`,
    `${REPOSITORY}:latest`,
    `${REPOSITORY}@sha256:abc`,
    `${REPOSITORY}@sha512:${'a'.repeat(128)}`,
    '',
  ])('the image "%s" names no digest, and is denied before any attestation is looked up', async (image) => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    expect(await admit(image)).toEqual(
      denial(image, attestor.name, 'Expected digest with sha256 scheme, but got tag or malformed digest'),
    )
    expect(await failingStep()).toEqual(['IMAGE_NOT_BY_DIGEST', 'IMAGE_NOT_BY_DIGEST'])
  })

  test('a key that is removed from the attestor takes its attestations with it', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const image = `${REPOSITORY}@${digest}`
    await attestBy(attestor, digest)
    expect(await admit(image)).toMatchObject({ allowed: true })
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { noteReference } = attestor.attestor.userOwnedGrafeasNote
    await call('UpdateAttestor', {
      attestor: { name: attestor.name, userOwnedGrafeasNote: { noteReference, publicKeys: [pkixKey(publicKey)] } },
    })
    expect(await admit(image)).toEqual(denial(image, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'NO_VALID_ATTESTATION', 'KEY_NOT_FOUND'])
    await call('UpdateAttestor', { attestor: { name: attestor.name, userOwnedGrafeasNote: { noteReference } } })
    expect(await admit(image)).toEqual(denial(image, attestor.name))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'ATTESTOR_HAS_NO_KEYS'])
  })

  test('any key of an attestor is enough', async () => {
    const keys = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
    const attestor = await makeAttestor('built', keys)
    await requireAttestors(attestor.name)
    for (const index of [0, 1]) {
      const digest = digestOf(`key ${index}`)
      const publicKeyId = attestor.keyIds[index]!
      await attest({ note: attestor.note, digest, privateKey: keys[index]!.privateKey, publicKeyId })
      expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: true })
    }
  })

  test('all attestors of a rule must have attested', async () => {
    const [built, scanned] = [await makeAttestor('built'), await makeAttestor('scanned')]
    await requireAttestors(built.name, scanned.name)
    const digest = digestOf('app')
    const image = `${REPOSITORY}@${digest}`
    await attestBy(built, digest)
    expect(await admit(image)).toEqual(denial(image, scanned.name))
    await attestBy(scanned, digest)
    expect(await admit(image)).toMatchObject({ allowed: true })
  })

  test('an attestor that is deleted denies, although the policy still names it', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const image = `${REPOSITORY}@${digest}`
    await attestBy(attestor, digest)
    expect(await admit(image)).toMatchObject({ allowed: true })
    await call('DeleteAttestor', { name: attestor.name })
    expect(await admit(image)).toEqual(denial(image, attestor.name, 'The attestor does not exist'))
    expect(await failingStep()).toEqual(['ATTESTOR_NOT_SATISFIED', 'ATTESTOR_NOT_FOUND'])
  })

  test('one bad attestation does not spoil a good one, whichever came first', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const order of [
      ['good', 'bad'],
      ['bad', 'good'],
    ]) {
      const digest = digestOf(order.join())
      for (const kind of order)
        await (kind === 'good'
          ? attestBy(attestor, digest)
          : attest({ note: attestor.note, digest, privateKey, publicKeyId: attestor.keyIds[0]! }))
      expect(await admit(`${REPOSITORY}@${digest}`)).toMatchObject({ allowed: true })
    }
  })

  test('a rule of the cluster replaces the default rule, and names itself', async () => {
    const rule = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    const allow = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    await setPolicy({ defaultAdmissionRule: allow, clusterAdmissionRules: { 'us-central1.prod': rule } })
    expect(await admit('nginx')).toMatchObject({
      allowed: false,
      status: {
        message:
          'Image nginx denied by Binary Authorization cluster admission rule for us-central1.prod. Denied by always_deny admission rule',
        details: { kind: 'Pod', causes: [{ reason: "'nginx' : Denied by an ALWAYS_DENY admission rule\n" }] },
      },
    })
    for (const cluster of ['us-central1/clusters/test', 'us-central1-a/clusters/prod', 'europe-west2/clusters/prod'])
      expect((await post(podReview(['nginx']), cluster)).body.response, cluster).toEqual({ uid: 'f0e1', allowed: true })
  })

  test('rules of a namespace and of a service account', async () => {
    const deny = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    const allow = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    await setPolicy({ defaultAdmissionRule: allow, kubernetesNamespaceAdmissionRules: { 'team-1': deny } })
    expect(await admit('nginx', { namespace: 'team-1' })).toMatchObject({
      status: {
        message:
          'Image nginx denied by Binary Authorization namespace admission rule for team-1. Denied by always_deny admission rule',
      },
    })
    expect(await admit('nginx', { namespace: 'team-2' })).toMatchObject({ allowed: true })
    await setPolicy({ defaultAdmissionRule: allow, kubernetesServiceAccountAdmissionRules: { 'team-1:builder': deny } })
    expect(await admit('nginx', { namespace: 'team-1', spec: { serviceAccountName: 'builder' } })).toMatchObject({
      status: {
        message:
          'Image nginx denied by Binary Authorization service account admission rule for team-1:builder. Denied by always_deny admission rule',
      },
    })
    expect(await admit('nginx', { namespace: 'team-1' })).toMatchObject({ allowed: true })
    expect(await admit('nginx', { namespace: 'team-2', spec: { serviceAccountName: 'builder' } })).toMatchObject({
      allowed: true,
    })
  })

  test('images of the system policy are exempt with globalPolicyEvaluationMode ENABLE alone', async () => {
    const deny = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    await setPolicy({ globalPolicyEvaluationMode: 'ENABLE', defaultAdmissionRule: deny })
    expect(await admit('gke.gcr.io/pause:3.8')).toMatchObject({ allowed: true })
    expect((await latestDecision()).images[0]).toMatchObject({ decidedBy: 'SYSTEM_POLICY' })
    for (const mode of [{ globalPolicyEvaluationMode: 'DISABLE' }, {}]) {
      await setPolicy({ ...mode, defaultAdmissionRule: deny })
      expect(await admit('gke.gcr.io/pause:3.8')).toMatchObject({ allowed: false })
      expect((await latestDecision()).images[0].steps[0]).toMatchObject({ step: 'SYSTEM_POLICY', result: 'NOT_EVALUATED' })
    }
  })

  test('an image of the allow-list passes even where everything is denied', async () => {
    const deny = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    await setPolicy({ defaultAdmissionRule: deny, admissionWhitelistPatterns: [{ namePattern: 'gcr.io/my-project/nginx*' }] })
    expect(await admit('gcr.io/my-project/nginx:latest')).toMatchObject({ allowed: true })
    expect((await latestDecision()).images[0].steps.at(-1)).toEqual({
      step: 'ADMISSION_WHITELIST',
      result: 'MATCHED',
      pattern: 'gcr.io/my-project/nginx*',
    })
    expect(await admit('gcr.io/my-project/nginx/app:latest')).toMatchObject({ allowed: false })
  })

  test.each(['initContainers', 'ephemeralContainers'])('images of %s are judged too', async (list) => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    await attestBy(attestor, digest)
    const good = `${REPOSITORY}@${digest}`
    const bad = `${REPOSITORY}@${digestOf('debugger')}`
    expect(await admit(good, { spec: { [list]: [{ name: 'x', image: bad }] } })).toEqual(denial(bad, attestor.name))
    expect(await admit(good, { spec: { [list]: [{ name: 'x', image: good }] } })).toMatchObject({ allowed: true })
  })

  test('each denied image has its sentences and its cause', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const images = ['one', 'two'].map((text) => `${REPOSITORY}@${digestOf(text)}`)
    const { status } = await admit(images)
    expect(status.message).toBe(images.map((image) => denial(image, attestor.name).status.message).join(' '))
    expect(status.details.causes).toHaveLength(2)
  })

  test('a dry-run rule lets in what it would deny, and says so to the audit log', async () => {
    const attestor = await makeAttestor('built')
    await setPolicy({ defaultAdmissionRule: { ...ruleBy(attestor.name), enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' } })
    const image = `${REPOSITORY}@${digestOf('app')}`
    expect(await admit(image)).toEqual({
      uid: 'f0e1',
      allowed: true,
      auditAnnotations: {
        'dry-run': 'true',
        'overridden-verification-result': `'${image}' : Image ${image} denied by attestor ${attestor.name}: ${REASON}\n`,
      },
    })
    expect(await latestDecision()).toMatchObject({ verdict: 'DRY_RUN', allowed: true, images: [{ allowed: false }] })
    await attestBy(attestor, digestOf('app'))
    expect(await admit(image)).toEqual({ uid: 'f0e1', allowed: true })
  })

  test.each([
    ['label', { labels: { 'image-policy.k8s.io/break-glass': 'true' } }],
    ['older annotation', { annotations: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }],
  ])('break-glass by %s lets the Pod in, and is written down', async (_, metadata) => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const image = `${REPOSITORY}@${digestOf('app')}`
    expect(await admit(image, { metadata })).toEqual({
      uid: 'f0e1',
      allowed: true,
      auditAnnotations: {
        'break-glass': 'true',
        'overridden-verification-result': `'${image}' : Image ${image} denied by attestor ${attestor.name}: ${REASON}\n`,
      },
    })
    expect(await latestDecision()).toMatchObject({ verdict: 'BREAK_GLASS', pod: 'app' })
  })

  test.each([
    ['another value', { labels: { 'image-policy.k8s.io/break-glass': 'yes' } }],
    ['the boolean true', { labels: { 'image-policy.k8s.io/break-glass': true } }],
    ['the label’s name as an annotation', { annotations: { 'image-policy.k8s.io/break-glass': 'true' } }],
    ['the annotation’s name as a label', { labels: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }],
  ])('%s is no break-glass', async (_, metadata) => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    expect(await admit(`${REPOSITORY}@${digestOf('app')}`, { metadata })).toMatchObject({ allowed: false })
  })

  test('an update of a Pod is judged, other kinds, operations and subresources are admitted', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const image = `${REPOSITORY}@${digestOf('app')}`
    expect(await admit(image, { operation: 'UPDATE' })).toMatchObject({ allowed: false })
    expect(await admit(image, { operation: 'UPDATE', subResource: 'ephemeralcontainers' })).toMatchObject({ allowed: false })
    const deployment = {
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      object: { apiVersion: 'apps/v1', kind: 'Deployment' },
    }
    expect(await admit(image, deployment)).toEqual({ uid: 'f0e1', allowed: true })
    expect(await admit(image, { operation: 'DELETE', object: null })).toEqual({ uid: 'f0e1', allowed: true })
    expect(await admit(image, { operation: 'UPDATE', subResource: 'status' })).toEqual({ uid: 'f0e1', allowed: true })
  })

  test('ImageReview is answered in its older words; break-glass there is the annotation', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const digest = digestOf('app')
    const image = `${REPOSITORY}@${digest}`
    const review = (annotations = {}) => ({
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      kind: 'ImageReview',
      spec: { containers: [{ image }], namespace: 'default', annotations },
    })
    expect((await post(review())).body).toEqual({
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      kind: 'ImageReview',
      status: {
        allowed: false,
        reason: `Denied by default admission rule. Denied by Attestor. Image ${image} denied by ${attestor.name}: ${REASON}`,
      },
    })
    expect((await post(review({ 'alpha.image-policy.k8s.io/break-glass': 'true' }))).body.status).toMatchObject({ allowed: true })
    await attestBy(attestor, digest)
    expect((await post(review())).body.status).toEqual({ allowed: true })
  })

  test.each([
    ['no JSON', 'nonsense'],
    ['no review', { kind: 'Pod' }],
    ['an older AdmissionReview', { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', request: { uid: '1' } }],
    ['a review without uid', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: {} }],
    ['a Pod without containers', podReview([])],
    ['a kind that every object has', { kind: 'constructor' }],
  ])('%s is refused with a Kubernetes Status', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code: 400, reason: 'BadRequest' })
  })

  test('a project may be named by its number', async () => {
    const attestor = await makeAttestor('built')
    await requireAttestors(attestor.name)
    const number = /service-(\d+)@/.exec(attestor.attestor.userOwnedGrafeasNote.delegationServiceAccountEmail)![1]
    const path = `/admission/projects/${number}/locations/us-central1/clusters/prod`
    const { body } = await emulator().http('POST', path, podReview([`${REPOSITORY}@${digestOf('app')}`]))
    expect(body.response.allowed).toBe(false)
  })
})

test('decisions are listed newest first, by project and page', async () => {
  const { startTestEmulator } = await import('../../testing/emulator.ts')
  const emulator: TestEmulator = await startTestEmulator()
  try {
    const ask = (project: string, image: string) =>
      emulator.http('POST', `/admission/projects/${project}/locations/us-central1/clusters/prod`, {
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        kind: 'ImageReview',
        spec: { containers: [{ image }] },
      })
    for (const image of ['a', 'b', 'c']) await ask('project-one', image)
    await ask('project-two', 'd')
    const images = async (query: string) =>
      (await emulator.http('GET', `/_emulator/decisions${query}`)).body.decisions.map((decision: any) => decision.images[0].image)
    expect(await images('')).toEqual(['d', 'c', 'b', 'a'])
    expect(await images('?project=project-one&limit=2')).toEqual(['c', 'b'])
    const { body } = await emulator.http('GET', '/_emulator/decisions?project=project-one&limit=2')
    expect(await images(`?project=project-one&before=${body.decisions[1].id}`)).toEqual(['a'])
    expect((await emulator.http('GET', '/_emulator/decisions?limit=-1')).status).toBe(400)
    expect((await emulator.http('GET', '/_emulator/decisions?nope=1')).status).toBe(400)
    const service = (await emulator.http('GET', '/v1/projects/project-one/services/run.googleapis.com')).body
    expect(await images(`?project=${service.parent.split('/')[1]}&limit=1`)).toEqual(['c'])
  } finally {
    emulator.close()
  }
})

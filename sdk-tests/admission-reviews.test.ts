// What the webhooks answer beside the verdict on attestations: whom they judge, dry run, break-glass, exempt images, other rules.
// Every denial stands beside a review that differs in one thing and is allowed.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  ALLOWED,
  admit,
  CLUSTER,
  container,
  denied,
  deniedByAttestors,
  NOT_BY_DIGEST,
  pod,
  podReview,
  postReview,
} from './admission.ts'
import {
  attestorName,
  createAttestation,
  newDigest,
  newProject,
  projectRequiring,
  REPOSITORY,
  requireAttestors,
  signaturePayload,
  updatePolicy,
} from './attestations.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { newSigner } from './signers.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const signer = newSigner()

/** A project that requires the attestor `trusted`, and the images `attested`, which it has attested, and `unattested`. */
async function guardedProject(policy: object = {}) {
  const project = await projectRequiring(emulator, { trusted: [signer.publicKey] }, policy)
  const digest = newDigest()
  const payload = signaturePayload(REPOSITORY, digest)
  await createAttestation(emulator, project, 'trusted', `${REPOSITORY}@${digest}`, payload, await signer.sign(payload))
  return {
    project,
    trusted: attestorName(project, 'trusted'),
    attested: `${REPOSITORY}@${digest}`,
    unattested: `${REPOSITORY}@${newDigest()}`,
  }
}

const refusal = (image: string, attestor: string) =>
  `Image ${image} denied by attestor ${attestor}: No attestations found that were valid and signed by a key trusted by the attestor`

test('dry run lets an image in, and the audit annotations say what would have been', async () => {
  const { project, trusted, unattested } = await guardedProject()
  const rule = requireAttestors(trusted)
  await updatePolicy(emulator, project, { defaultAdmissionRule: { ...rule, enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' } })
  const dryRun = await admit(emulator, project, pod(unattested))
  await updatePolicy(emulator, project, { defaultAdmissionRule: rule })
  const enforced = await admit(emulator, project, pod(unattested))

  expect(enforced.response).toEqual(deniedByAttestors(unattested, [trusted]))
  expect(dryRun.response).toEqual({
    allowed: true,
    auditAnnotations: {
      'dry-run': 'true',
      'overridden-verification-result': `'${unattested}' : ${refusal(unattested, trusted)}\n`,
    },
  })
  expect(dryRun.decision).toMatchObject({
    verdict: 'DRY_RUN',
    allowed: true,
    message: enforced.response.status.message,
    images: [{ allowed: false }],
  })
})

test('dry run annotates nothing where the image passes', async () => {
  const { project, trusted, attested } = await guardedProject()
  const rule = { ...requireAttestors(trusted), enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' }
  await updatePolicy(emulator, project, { defaultAdmissionRule: rule })
  expect((await admit(emulator, project, pod(attested))).response).toEqual(ALLOWED)
})

const LABEL = 'image-policy.k8s.io/break-glass'
const ANNOTATION = 'alpha.image-policy.k8s.io/break-glass'

test.each([
  ['the label', { labels: { [LABEL]: 'true' } }, { labels: { [LABEL]: 'false' } }],
  ['the legacy annotation', { annotations: { [ANNOTATION]: 'true' } }, { annotations: { [ANNOTATION]: 'yes' } }],
])('break-glass by %s lets any image in and is recorded', async (_, glass, otherValue) => {
  const { project, trusted, unattested } = await guardedProject()
  const broken = await admit(emulator, project, pod(unattested, glass))
  expect(broken.response).toEqual({
    allowed: true,
    auditAnnotations: {
      'break-glass': 'true',
      'overridden-verification-result': `'${unattested}' : ${refusal(unattested, trusted)}\n`,
    },
  })
  expect(broken.decision).toMatchObject({ verdict: 'BREAK_GLASS', allowed: true, images: [{ allowed: false }] })
  for (const without of [otherValue, {}])
    expect((await admit(emulator, project, pod(unattested, without))).response).toEqual(deniedByAttestors(unattested, [trusted]))
})

test('break-glass does not count where the label is an annotation, or the annotation a label', async () => {
  const { project, trusted, unattested } = await guardedProject()
  const swapped = { labels: { [ANNOTATION]: 'true' }, annotations: { [LABEL]: 'true' } }
  expect((await admit(emulator, project, pod(unattested, swapped))).response).toEqual(deniedByAttestors(unattested, [trusted]))
})

test.each(['initContainers', 'ephemeralContainers'])('an image of %s is judged as those of containers are', async (list) => {
  const { project, trusted, attested, unattested } = await guardedProject()
  const withSecond = (image: string) => pod(attested, { spec: { [list]: [container(image, 'second')] } })
  const refused = await admit(emulator, project, withSecond(unattested))
  expect(refused.response).toEqual(deniedByAttestors(unattested, [trusted]))
  expect(refused.decision.images.map(({ image, allowed }: any) => [image, allowed]).sort()).toEqual(
    [
      [attested, true],
      [unattested, false],
    ].sort(),
  )
  expect((await admit(emulator, project, withSecond(attested))).response).toEqual(ALLOWED)
})

test('an ephemeral container that is added to a running Pod is judged', async () => {
  const { project, trusted, attested, unattested } = await guardedProject()
  const added = (image: string) =>
    admit(emulator, project, pod(attested, { spec: { ephemeralContainers: [container(image, 'debugger')] } }), {
      operation: 'UPDATE',
      subResource: 'ephemeralcontainers',
      requestSubResource: 'ephemeralcontainers',
      oldObject: pod(attested),
    })
  expect((await added(unattested)).response).toEqual(deniedByAttestors(unattested, [trusted]))
  expect((await added(attested)).response).toEqual(ALLOWED)
})

test('an update of a Pod is judged by its new image', async () => {
  const { project, trusted, attested, unattested } = await guardedProject()
  const update = (from: string, to: string) => admit(emulator, project, pod(to), { operation: 'UPDATE', oldObject: pod(from) })
  const refused = await update(attested, unattested)
  expect(refused.response).toEqual(deniedByAttestors(unattested, [trusted]))
  expect(refused.decision).toMatchObject({ operation: 'UPDATE', pod: 'app' })
  expect((await update(unattested, attested)).response).toEqual(ALLOWED)
})

test('two unattested images are denied one after the other, each with its cause', async () => {
  const { project, trusted, attested, unattested } = await guardedProject()
  const other = `${REPOSITORY}@${newDigest()}`
  const both = (first: string, second: string) =>
    pod(first, { spec: { containers: [container(first), container(second, 'two')] } })
  const rule = 'denied by Binary Authorization default admission rule.'
  expect((await admit(emulator, project, both(unattested, other))).response).toEqual(
    denied(
      `Image ${unattested} ${rule} ${refusal(unattested, trusted)} Image ${other} ${rule} ${refusal(other, trusted)}`,
      `'${unattested}' : ${refusal(unattested, trusted)}\n`,
      `'${other}' : ${refusal(other, trusted)}\n`,
    ),
  )
  expect((await admit(emulator, project, both(attested, attested))).response).toEqual(ALLOWED)
})

const DEPLOYMENT = {
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
}
const deploymentOf = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', namespace: 'default' },
  spec: { template: { spec: pod(image).spec } },
})

test.each([
  ['a Deployment', DEPLOYMENT, deploymentOf],
  ['the deletion of a Pod', { operation: 'DELETE' }, pod],
  ['the status of a Pod', { operation: 'UPDATE', subResource: 'status' }, pod],
])('%s is admitted unjudged, with images that would be denied', async (_, change, objectOf) => {
  const { project, trusted, unattested } = await guardedProject()
  const admitted = await admit(emulator, project, objectOf(unattested), change)
  expect(admitted.response).toEqual(ALLOWED)
  expect(admitted.decision).toBeUndefined()
  expect((await admit(emulator, project, pod(unattested))).response).toEqual(deniedByAttestors(unattested, [trusted]))
})

test('ALWAYS_DENY denies an attested image, and an image by tag with the same words', async () => {
  const { project, trusted, attested } = await guardedProject()
  const rule = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
  await updatePolicy(emulator, project, { defaultAdmissionRule: rule })
  for (const image of [attested, `${REPOSITORY}:v1`]) {
    const refused = await admit(emulator, project, pod(image))
    expect(refused.response).toEqual(
      denied(
        `Image ${image} denied by Binary Authorization default admission rule. Denied by always_deny admission rule`,
        `'${image}' : Denied by an ALWAYS_DENY admission rule\n`,
      ),
    )
    expect(refused.step).toMatchObject({ step: 'ADMISSION_RULE', result: 'DENIED', code: 'ALWAYS_DENY' })
  }
  await updatePolicy(emulator, project, { defaultAdmissionRule: requireAttestors(trusted) })
  expect((await admit(emulator, project, pod(attested))).response).toEqual(ALLOWED)
})

test('without a policy everything is allowed, by tag too', async () => {
  expect((await admit(emulator, newProject(), pod('nginx'))).response).toEqual(ALLOWED)
})

test('the rule of the cluster replaces the default rule, and the denial names it', async () => {
  const { project, trusted, unattested } = await guardedProject()
  const policy = {
    clusterAdmissionRules: { 'europe-west2.prod': requireAttestors(trusted) },
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  }
  await updatePolicy(emulator, project, policy)
  const review = podReview(pod(unattested))
  const inCluster = await postReview(emulator, project, review)
  const elsewhere = await postReview(emulator, project, review, { ...CLUSTER, cluster: 'dev' })
  expect(inCluster.response).toEqual({
    uid: review.request.uid,
    ...deniedByAttestors(unattested, [trusted], undefined, 'cluster admission rule for europe-west2.prod'),
  })
  expect(elsewhere.response).toEqual({ uid: review.request.uid, allowed: true })
})

test.each([
  ['kubernetesNamespaceAdmissionRules', 'payments', 'namespace admission rule for payments', { namespace: 'shop' }],
  [
    'kubernetesServiceAccountAdmissionRules',
    'payments:cashier',
    'service account admission rule for payments:cashier',
    { spec: { serviceAccountName: 'guest' } },
  ],
])('a rule of %s holds for whom it names alone', async (field, key, wording, elsewhere) => {
  const { project, trusted, unattested } = await guardedProject()
  await updatePolicy(emulator, project, {
    [field]: { [key]: requireAttestors(trusted) },
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  })
  const there = { namespace: 'payments', spec: { serviceAccountName: 'cashier' } }
  const refused = await admit(emulator, project, pod(unattested, there))
  expect(refused.response).toEqual(deniedByAttestors(unattested, [trusted], undefined, wording))
  expect(refused.step).toMatchObject({ rule: `${field}["${key}"]`, code: 'ATTESTOR_NOT_SATISFIED' })
  expect((await admit(emulator, project, pod(unattested, { ...there, ...elsewhere }))).response).toEqual(ALLOWED)
})

test('an image of the system policy is exempt while globalPolicyEvaluationMode is ENABLE', async () => {
  const image = 'k8s.gcr.io/pause:3.9'
  const { project, trusted } = await guardedProject()
  const judgedWith = async (mode: object) => {
    await updatePolicy(emulator, project, { defaultAdmissionRule: requireAttestors(trusted), ...mode })
    return admit(emulator, project, pod(image))
  }
  const exempt = await judgedWith({ globalPolicyEvaluationMode: 'ENABLE' })
  expect(exempt.response).toEqual(ALLOWED)
  expect(exempt.step).toEqual({ step: 'SYSTEM_POLICY', result: 'MATCHED', pattern: 'k8s.gcr.io/**' })
  // a policy without the field means DISABLE, too
  for (const mode of [{ globalPolicyEvaluationMode: 'DISABLE' }, {}]) {
    const refused = await judgedWith(mode)
    expect(refused.response).toEqual(deniedByAttestors(image, [trusted], NOT_BY_DIGEST))
    expect(refused.decision.images[0].steps[0]).toMatchObject({ step: 'SYSTEM_POLICY', result: 'NOT_EVALUATED' })
    expect(refused.step).toMatchObject({ step: 'ADMISSION_RULE', result: 'DENIED', code: 'IMAGE_NOT_BY_DIGEST' })
  }
})

test.each([
  ['gcr.io/shop/nginx*', 'gcr.io/shop/nginx:latest', 'gcr.io/shop/nginx-images/nginx:latest'],
  ['gcr.io/shop/**', 'gcr.io/shop/nginx-images/nginx:latest', 'gcr.io/shops/nginx:latest'],
  ['gcr.io/shop/app', 'gcr.io/shop/app', 'gcr.io/shop/app:1'],
])('the pattern %s exempts %s and not %s', async (namePattern, exempt, other) => {
  const { project, trusted } = await guardedProject({ admissionWhitelistPatterns: [{ namePattern }] })
  const admitted = await admit(emulator, project, pod(exempt))
  expect(admitted.response).toEqual(ALLOWED)
  expect(admitted.step).toEqual({ step: 'ADMISSION_WHITELIST', result: 'MATCHED', pattern: namePattern })
  expect((await admit(emulator, project, pod(other))).response).toEqual(deniedByAttestors(other, [trusted], NOT_BY_DIGEST))
})

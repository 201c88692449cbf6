// ImageReview imagepolicy.k8s.io/v1alpha1, the older webhook, at the same URL
// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook).
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageReview, NO_VALID_ATTESTATION, postReview } from './admission.ts'
import { attestorName, createAttestation, newDigest, projectRequiring, REPOSITORY, signaturePayload } from './attestations.ts'
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

async function guardedProject() {
  const project = await projectRequiring(emulator, { trusted: [signer.publicKey] })
  const attested = `${REPOSITORY}@${newDigest()}`
  const payload = signaturePayload(REPOSITORY, attested.split('@')[1]!)
  await createAttestation(emulator, project, 'trusted', attested, payload, await signer.sign(payload))
  const unattested = `${REPOSITORY}@${newDigest()}`
  const attestor = attestorName(project, 'trusted')
  return {
    project,
    attested,
    unattested,
    // the older webhook left out the word `attestor`
    reason: `Denied by default admission rule. Denied by Attestor. Image ${unattested} denied by ${attestor}: ${NO_VALID_ATTESTATION}`,
    cause: `'${unattested}' : Image ${unattested} denied by attestor ${attestor}: ${NO_VALID_ATTESTATION}\n`,
  }
}

const answer = (status: object) => ({ apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', status })

test('an ImageReview allows the attested image and denies the unattested one with a reason in the older wording', async () => {
  const { project, attested, unattested, reason } = await guardedProject()
  expect(await postReview(emulator, project, imageReview([attested]))).toEqual(answer({ allowed: true }))
  expect(await postReview(emulator, project, imageReview([attested, unattested]))).toEqual(answer({ allowed: false, reason }))
  const { decisions } = await emulator.call('GET', `/_emulator/decisions?project=${project}`)
  expect(decisions[0]).toMatchObject({ source: 'ImageReview', verdict: 'DENIED', cluster: 'europe-west2.prod' })
  expect(decisions[0].images[1].steps.at(-1)).toMatchObject({
    step: 'ADMISSION_RULE',
    code: 'ATTESTOR_NOT_SATISFIED',
    attestors: [{ code: 'NO_ATTESTATION' }],
  })
})

test('break-glass of an ImageReview is the annotation alone', async () => {
  const { project, unattested, reason, cause } = await guardedProject()
  const review = (annotations: Record<string, string>) => postReview(emulator, project, imageReview([unattested], annotations))
  expect(await review({ 'alpha.image-policy.k8s.io/break-glass': 'true' })).toEqual(
    answer({
      allowed: true,
      auditAnnotations: { 'break-glass': 'true', 'overridden-verification-result': cause },
    }),
  )
  expect(await review({ 'alpha.image-policy.k8s.io/break-glass': 'false' })).toEqual(answer({ allowed: false, reason }))
})

test('a body that is no review is refused in the words of Kubernetes', async () => {
  const { project } = await guardedProject()
  const path = `/admission/projects/${project}/locations/europe-west2/clusters/prod`
  const { status, body } = await emulator.http('POST', path, { apiVersion: 'v1', kind: 'Pod' })
  expect(status).toBe(400)
  expect(body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'BadRequest', code: 400 })
})

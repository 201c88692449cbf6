import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { podReview } from '../../testing/pod-review.ts'

const OWNER = { 'x-emulator-principal': 'user:owner@example.com' }
const ATTESTOR = 'projects/team-attestors/attestors/qa'
const NOTE = 'projects/team-notes/notes/qa'
const agent = (number: string) => `serviceAccount:service-${number}@gcp-sa-binaryauthorization.iam.gserviceaccount.com`

const POLICY = {
  defaultAdmissionRule: {
    evaluationMode: 'REQUIRE_ATTESTATION',
    enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    requireAttestationsBy: [ATTESTOR],
  },
}

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator({ iam: 'enforce', iamOwner: 'user:owner@example.com' })
  await send('POST', `/v1/projects/team-notes/notes?noteId=qa`, { attestation: { hint: { humanReadableName: 'qa' } } })
  await send('POST', `/v1/projects/team-attestors/attestors?attestorId=qa`, { userOwnedGrafeasNote: { noteReference: NOTE } })
  await send('PUT', '/v1/projects/team-deploys/policy', POLICY)
})
afterAll(() => emulator.close())

async function send(method: string, path: string, body?: object) {
  const answer = await emulator.http(method, path, body, OWNER)
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 })
  return answer.body
}

const numberOf = async (project: string) => (await send('GET', `/v1/projects/${project}`)).projectNumber

async function attestorStep(at = emulator) {
  const review = podReview([`example.com/app@sha256:${'a'.repeat(64)}`])
  await at.http('POST', '/admission/projects/team-deploys/locations/europe-west2/clusters/prod', review)
  const { body } = await at.http('GET', '/_emulator/decisions?project=team-deploys&limit=1')
  return body.decisions[0].images[0].steps.at(-1).attestors[0]
}

test('the agent of the project that deploys needs a role on an attestor of another project', async () => {
  expect(await attestorStep()).toMatchObject({
    result: 'NOT_SATISFIED',
    code: 'ATTESTOR_NOT_ACCESSIBLE',
    why: `${agent(await numberOf('team-deploys'))} lacks binaryauthorization.attestors.verifyImageAttested on ${ATTESTOR}: it needs roles/binaryauthorization.attestorsVerifier.`,
  })
})

test('then the agent of the attestor needs one on a note of another project', async () => {
  const members = [agent(await numberOf('team-deploys'))]
  const policy = { bindings: [{ role: 'roles/binaryauthorization.attestorsVerifier', members }] }
  await send('POST', `/v1/${ATTESTOR}:setIamPolicy`, { policy })
  expect(await attestorStep()).toMatchObject({
    code: 'ATTESTOR_NOT_ACCESSIBLE',
    why: `${agent(await numberOf('team-attestors'))} lacks containeranalysis.notes.listOccurrences on ${NOTE}: it needs roles/containeranalysis.notes.occurrences.viewer.`,
  })
})

test('with both the attestor is evaluated', async () => {
  const members = [agent(await numberOf('team-attestors'))]
  const policy = { bindings: [{ role: 'roles/containeranalysis.notes.occurrences.viewer', members }] }
  await send('POST', `/v1/${NOTE}:setIamPolicy`, { policy })
  expect(await attestorStep()).toMatchObject({ code: 'ATTESTOR_HAS_NO_KEYS' })
})

test('where IAM is not enforced nobody needs any', async () => {
  const free = await startTestEmulator()
  try {
    const post = async (path: string, body: object) => expect((await free.http('POST', path, body)).status).toBe(200)
    await post('/v1/projects/team-notes/notes?noteId=qa', { attestation: { hint: { humanReadableName: 'qa' } } })
    await post('/v1/projects/team-attestors/attestors?attestorId=qa', { userOwnedGrafeasNote: { noteReference: NOTE } })
    await free.http('PUT', '/v1/projects/team-deploys/policy', POLICY)
    expect(await attestorStep(free)).toMatchObject({ code: 'ATTESTOR_HAS_NO_KEYS' })
  } finally {
    await free.close()
  }
})

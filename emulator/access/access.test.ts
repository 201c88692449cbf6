import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../testing/emulator.ts'

const PROJECT = 'projects/my-app-prod'
const RINGS = `${PROJECT}/locations/europe-west2/keyRings`
const OWNER = 'user:owner@example.com'
const CI = 'serviceAccount:ci@my-app-prod.iam.gserviceaccount.com'
const DEPLOYER = 'serviceAccount:deployer@my-app-prod.iam.gserviceaccount.com'

const SEED = {
  yaml: `
projects:
  my-app-prod:
    iamPolicies:
      .:
        - role: roles/cloudkms.viewer
          members: ['group:security@example.com']
        - role: roles/cloudkms.admin
          members: ['user:temp@example.com']
          condition: {expression: 'request.time < timestamp("2026-01-01T00:00:00Z")', title: expired}
        - role: roles/cloudkms.admin
          members: ['user:rings@example.com']
          condition: {expression: 'resource.name.startsWith("${PROJECT}/locations/europe-west2/")', title: here}
groups:
  security@example.com: ['user:eve@example.com', 'group:leads@example.com']
  leads@example.com: ['user:lea@example.com']
`,
}

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator({ iam: 'enforce', iamOwner: OWNER, seed: SEED })
})
afterAll(() => emulator.close())

const as = (principal: string | undefined, method: string, path: string, body?: unknown) =>
  emulator.http(method, path, body, principal === undefined ? {} : { 'x-emulator-principal': principal })

const bind = async (resource: string, role: string, ...members: string[]) => {
  const { body: policy } = await as(OWNER, 'GET', `/v1/${resource}:getIamPolicy`)
  const bindings = [...(policy.bindings ?? []), { role, members }]
  const answer = await as(OWNER, 'POST', `/v1/${resource}:setIamPolicy`, { policy: { ...policy, bindings } })
  expect(answer.status).toBe(200)
}

test('the owner may do everything, and nobody else has anything', async () => {
  expect((await as(OWNER, 'POST', `/v1/${RINGS}?keyRingId=ring`, {})).status).toBe(200)
  const { status, body } = await as(CI, 'GET', `/v1/${RINGS}/ring`)
  expect(status).toBe(403)
  expect(body.error).toMatchObject({
    status: 'PERMISSION_DENIED',
    message: `Permission 'cloudkms.keyRings.get' denied on resource '${RINGS}/ring' (or it may not exist).`,
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'IAM_PERMISSION_DENIED',
        domain: 'iam.googleapis.com',
        metadata: { permission: 'cloudkms.keyRings.get', resource: `${RINGS}/ring` },
      },
    ],
  })
})

test('who does not say who it is gets UNAUTHENTICATED', async () => {
  const { status, body } = await as(undefined, 'GET', `/v1/${RINGS}/ring`)
  expect(status).toBe(401)
  expect(body.error).toMatchObject({ status: 'UNAUTHENTICATED', details: [{ reason: 'CREDENTIALS_MISSING' }] })
  expect(body.error.message).toMatch(/^Request is missing required authentication credential\./)
})

test('what is refused changes nothing, and does not tell what exists', async () => {
  const there = await as(CI, 'DELETE', `/v1/${PROJECT}/attestors/none`)
  expect(there.status).toBe(403)
  expect((await as(CI, 'POST', `/v1/${RINGS}?keyRingId=other`, {})).status).toBe(403)
  expect((await as(OWNER, 'GET', `/v1/${RINGS}/other`)).status).toBe(404)
})

test('a role on a resource is one on all that is in it, and on nothing beside it', async () => {
  expect((await as(OWNER, 'POST', `/v1/${RINGS}?keyRingId=second`, {})).status).toBe(200)
  await bind(`${RINGS}/ring`, 'roles/cloudkms.admin', CI)
  const key = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } }
  expect((await as(CI, 'POST', `/v1/${RINGS}/ring/cryptoKeys?cryptoKeyId=key`, key)).status).toBe(200)
  expect((await as(CI, 'GET', `/v1/${RINGS}/ring/cryptoKeys/key/cryptoKeyVersions`)).status).toBe(200)
  expect((await as(CI, 'POST', `/v1/${RINGS}/second/cryptoKeys?cryptoKeyId=key`, key)).status).toBe(403)
})

test('who administers keys may not sign with them', async () => {
  emulator.clock.advance(60_000)
  const version = `${RINGS}/ring/cryptoKeys/key/cryptoKeyVersions/1`
  const sign = () => as(CI, 'POST', `/v1/${version}:asymmetricSign`, { digest: { sha256: Buffer.alloc(32).toString('base64') } })
  expect((await sign()).body.error.message).toBe(
    `Permission 'cloudkms.cryptoKeyVersions.useToSign' denied on resource '${version}' (or it may not exist).`,
  )
  await bind(`${RINGS}/ring/cryptoKeys/key`, 'roles/cloudkms.signer', CI)
  expect((await sign()).status).toBe(200)
})

test('a group counts for its members, also by way of another group', async () => {
  for (const member of ['user:eve@example.com', 'user:lea@example.com', 'user:LEA@example.com'])
    expect((await as(member, 'GET', `/v1/${RINGS}/ring`)).status, member).toBe(200)
  expect((await as('user:mallory@example.com', 'GET', `/v1/${RINGS}/ring`)).status).toBe(403)
})

test('a binding with a condition counts where the condition is true', async () => {
  expect((await as('user:temp@example.com', 'GET', `/v1/${RINGS}/ring`)).status).toBe(403)
  expect((await as('user:rings@example.com', 'GET', `/v1/${RINGS}/ring`)).status).toBe(200)
  expect((await as('user:rings@example.com', 'GET', `/v1/${PROJECT}/locations/us-east1/keyRings/ring`)).status).toBe(403)
})

test('testIamPermissions answers what the caller has', async () => {
  const permissions = ['cloudkms.keyRings.get', 'cloudkms.cryptoKeys.create', 'cloudkms.keyRings.setIamPolicy']
  const held = async (principal?: string) =>
    (await as(principal, 'POST', `/v1/${RINGS}/ring:testIamPermissions`, { permissions })).body.permissions
  expect(await held(OWNER)).toEqual(permissions)
  expect(await held(CI)).toEqual(permissions)
  expect(await held('user:eve@example.com')).toEqual(['cloudkms.keyRings.get'])
  expect(await held(DEPLOYER)).toBeUndefined()
  expect(await held()).toBeUndefined()
})

test('an attestation needs the right to make occurrences, and that to attach them to the note', async () => {
  const note = { attestation: { hint: { humanReadableName: 'note' } } }
  expect((await as(OWNER, 'POST', `/v1/${PROJECT}/notes?noteId=note`, note)).status).toBe(200)
  await bindProject('roles/containeranalysis.occurrences.editor', CI)
  const occurrence = {
    noteName: `${PROJECT}/notes/note`,
    resourceUri: `https://example.com/app@sha256:${'a'.repeat(64)}`,
    attestation: { serializedPayload: 'e30=', signatures: [{ publicKeyId: 'key', signature: 'AAAA' }] },
  }
  const attach = () => as(CI, 'POST', `/v1/${PROJECT}/occurrences`, occurrence)
  expect((await attach()).body.error).toMatchObject({
    status: 'PERMISSION_DENIED',
    message: "Permission 'containeranalysis.notes.attachOccurrence' denied",
  })
  await bindProject('roles/containeranalysis.notes.attacher', CI)
  expect((await attach()).status).toBe(200)
})

async function bindProject(role: string, ...members: string[]) {
  const { body: policy } = await as(OWNER, 'POST', `/v1/${PROJECT}:getIamPolicy`, { options: { requestedPolicyVersion: 3 } })
  const bindings = [...(policy.bindings ?? []), { role, members }]
  expect((await as(OWNER, 'POST', `/v1/${PROJECT}:setIamPolicy`, { policy: { ...policy, bindings } })).status).toBe(200)
}

test('who deploys to Cloud Run acts as its service account', async () => {
  await bindProject('roles/run.developer', DEPLOYER)
  const service = {
    template: { containers: [{ image: 'gcr.io/cloudrun/hello' }], serviceAccount: CI.slice('serviceAccount:'.length) },
  }
  const deploy = () => as(DEPLOYER, 'POST', `/v2/${PROJECT}/locations/europe-west2/services?serviceId=app`, service)
  expect((await deploy()).body.error.message).toBe(
    `Permission 'iam.serviceaccounts.actAs' denied on service account ${CI.slice('serviceAccount:'.length)} (or it may not exist).`,
  )
  await bindProject('roles/iam.serviceAccountUser', DEPLOYER)
  expect((await deploy()).status).toBe(200)
})

test('denials are listed, newest first', async () => {
  await as(CI, 'GET', `/v1/${PROJECT}/policy`)
  const { body } = await emulator.http('GET', '/_emulator/iam/denials')
  expect(body.mode).toBe('enforce')
  expect(body.denials[0]).toEqual({
    time: expect.stringMatching(/^2026-/),
    method: 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/GetPolicy',
    principal: CI,
    permission: 'binaryauthorization.policy.get',
    resource: `${PROJECT}/policy`,
    refused: true,
  })
})

describe('--iam log', () => {
  test('refuses nothing, and lists what would be refused', async () => {
    const logging = await startTestEmulator({ iam: 'log', iamOwner: OWNER })
    try {
      expect((await logging.http('GET', `/v1/${PROJECT}/policy`, undefined, { 'x-emulator-principal': CI })).status).toBe(200)
      expect((await logging.http('GET', '/_emulator/iam/denials')).body).toMatchObject({
        mode: 'log',
        denials: [{ principal: CI, permission: 'binaryauthorization.policy.get', refused: false }],
      })
    } finally {
      await logging.close()
    }
  })
})

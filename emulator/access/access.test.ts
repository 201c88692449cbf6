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

const refusedToActAs = (account: string) =>
  `Permission 'iam.serviceaccounts.actAs' denied on service account ${account} (or it may not exist).`

test('who deploys to Cloud Run acts as its service account, also as that of Compute Engine where none is chosen', async () => {
  await bindProject('roles/run.developer', DEPLOYER)
  const account = CI.slice('serviceAccount:'.length)
  const services = `/v2/${PROJECT}/locations/europe-west2/services`
  const service = (serviceAccount?: string) => ({
    template: { containers: [{ image: 'gcr.io/cloudrun/hello' }], ...(serviceAccount && { serviceAccount }) },
  })
  const deploy = (serviceAccount?: string) => as(DEPLOYER, 'POST', `${services}?serviceId=app`, service(serviceAccount))
  const { projectNumber } = (await as(OWNER, 'GET', `/v1/${PROJECT}`)).body
  expect((await deploy(account)).body.error.message).toBe(refusedToActAs(account))
  expect((await deploy()).body.error.message).toBe(refusedToActAs(`${projectNumber}-compute@developer.gserviceaccount.com`))
  expect((await as(OWNER, 'POST', `${services}?serviceId=app`, service(account))).status).toBe(200)
  const update = (mask: string, body: object) => as(DEPLOYER, 'PATCH', `${services}/app?updateMask=${mask}`, body)
  const { template } = service()
  expect((await update('template.containers', { template })).body.error.message).toBe(refusedToActAs(account))
  expect((await update('labels', { labels: { team: 'a' } })).status).toBe(200)
  await bindProject('roles/iam.serviceAccountUser', DEPLOYER)
  expect((await update('template.containers', { template })).status).toBe(200)
  expect((await deploy('runtime@other-project.iam.gserviceaccount.com')).body.error.message).toBe(
    refusedToActAs('runtime@other-project.iam.gserviceaccount.com'),
  )
  expect((await as(DEPLOYER, 'POST', `${services}?serviceId=mine`, service())).status).toBe(200)
})

test('who runs a job otherwise than it is needs the permission to', async () => {
  const jobs = `/v2/${PROJECT}/locations/europe-west2/jobs`
  const template = { template: { containers: [{ image: 'gcr.io/cloudrun/job' }] } }
  expect((await as(OWNER, 'POST', `${jobs}?jobId=work`, { template })).status).toBe(200)
  const role = { permission: 'run.jobs.run', name: `${PROJECT}/roles/runner` }
  const custom = { roleId: 'runner', role: { title: 'Runner', includedPermissions: [role.permission] } }
  expect((await as(OWNER, 'POST', `/v1/${PROJECT}/roles`, custom)).status).toBe(200)
  await bindProject(role.name, 'user:runner@example.com')
  const run = (body: object) => as('user:runner@example.com', 'POST', `${jobs}/work:run`, body)
  expect((await run({})).status).toBe(200)
  expect((await run({ overrides: { taskCount: 2 } })).body.error.message).toBe(
    `Permission 'run.jobs.runWithOverrides' denied on resource '${PROJECT}/locations/europe-west2/jobs/work' (or resource may not exist).`,
  )
})

test('whoever wants to be a service account needs a role on it', async () => {
  const path = `/v1/projects/-/serviceAccounts/${CI.slice('serviceAccount:'.length)}:generateAccessToken`
  const impersonate = (principal: string) =>
    as(principal, 'POST', path, { scope: ['https://www.googleapis.com/auth/cloud-platform'] })
  expect(await impersonate('user:eve@example.com')).toMatchObject({
    status: 403,
    body: { error: { message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)." } },
  })
  await bindProject('roles/iam.serviceAccountTokenCreator', 'user:eve@example.com')
  expect((await impersonate('user:eve@example.com')).status).toBe(200)
})

test('projects are listed for those who may see them', async () => {
  const listed = async (principal: string) =>
    (await as(principal, 'GET', '/v1/projects')).body.projects?.map((one: any) => one.projectId)
  expect(await listed(OWNER)).toContain('my-app-prod')
  expect(await listed('user:mallory@example.com')).toBeUndefined()
})

test('who may read logs may not read those of data access', async () => {
  const updateMask = 'auditConfigs'
  const auditConfigs = [{ service: 'allServices', auditLogConfigs: [{ logType: 'DATA_READ' }] }]
  expect((await as(OWNER, 'POST', `/v1/${PROJECT}:setIamPolicy`, { policy: { auditConfigs }, updateMask })).status).toBe(200)
  await as(OWNER, 'GET', `/v1/${PROJECT}/notes/note`)
  await bindProject('roles/logging.viewer', 'user:auditor@example.com')
  const filter = 'protoPayload.methodName:"GetNote"'
  const read = async (principal: string) =>
    (await as(principal, 'POST', '/v2/entries:list', { resourceNames: [PROJECT], filter })).body.entries?.length ?? 0
  expect(await read('user:auditor@example.com')).toBe(0)
  await bindProject('roles/logging.privateLogViewer', 'user:auditor@example.com')
  expect(await read('user:auditor@example.com')).toBe(1)
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

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../testing/emulator.ts'

const PROJECT = 'projects/my-app-prod'
const RING = `${PROJECT}/locations/europe-west2/keyRings`
const ALICE = { 'x-emulator-principal': 'user:alice@example.com', 'user-agent': 'curl/8' }

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

const send = async (method: string, path: string, body?: unknown) => {
  const answer = await emulator.http(method, path, body, ALICE)
  return { ...answer, entries: await entries() }
}

async function entries(filter = 'protoPayload.serviceName:googleapis') {
  const answer = await emulator.http('POST', '/v2/entries:list', { resourceNames: [PROJECT], filter, pageSize: 1000 })
  return answer.body.entries ?? []
}

test('a write of configuration is an Admin Activity entry, with who, what and on which resource', async () => {
  const { body, entries } = await send('POST', `/v1/${RING}?keyRingId=ring`, {})
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({
    logName: `${PROJECT}/logs/cloudaudit.googleapis.com%2Factivity`,
    severity: 'NOTICE',
    resource: {
      type: 'cloudkms_keyring',
      labels: { project_id: 'my-app-prod', location: 'europe-west2', key_ring_id: 'ring' },
    },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'cloudkms.googleapis.com',
      methodName: 'google.cloud.kms.v1.KeyManagementService.CreateKeyRing',
      resourceName: `${RING}/ring`,
      authenticationInfo: { principalEmail: 'alice@example.com' },
      requestMetadata: { callerIp: '127.0.0.1', callerSuppliedUserAgent: 'curl/8' },
      request: {
        '@type': 'type.googleapis.com/google.cloud.kms.v1.CreateKeyRingRequest',
        parent: RING.slice(0, -9),
        keyRingId: 'ring',
      },
      response: { name: body.name },
    },
  })
})

test('one that fails is an entry of severity ERROR; what is malformed leaves none, nor does a read', async () => {
  const before = (await entries()).length
  const { entries: after } = await send('POST', `/v1/${RING}?keyRingId=ring`, {})
  expect(after).toHaveLength(before + 1)
  const failed = await entries('severity=ERROR')
  expect(failed[0].protoPayload).toMatchObject({ status: { code: 6 }, resourceName: RING.slice(0, -9) })
  await send('POST', `/v1/${RING}?keyRingId=&&`, {})
  await send('GET', `/v1/${RING}/ring`)
  expect(await entries()).toHaveLength(before + 1)
})

test('the method of a policy is named as Binary Authorization names it, and that of a project as Resource Manager does', async () => {
  const policy = { defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' } }
  await send('PUT', `/v1/${PROJECT}/policy`, policy)
  const found = await entries(
    'protoPayload.methodName="google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.UpdatePolicy"',
  )
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({
    protoPayload: { resourceName: `${PROJECT}/policy`, request: { policy } },
    resource: { type: 'audited_resource', labels: { service: 'binaryauthorization.googleapis.com' } },
  })
})

test('attestations and signatures are Data Access, written where the IAM policy of the project asks for it', async () => {
  const note = { attestation: { hint: { humanReadableName: 'note' } } }
  const before = (await entries()).length
  await send('POST', `/v1/${PROJECT}/notes?noteId=quiet`, note)
  expect(await entries()).toHaveLength(before)
  const logType = (logType: string) => ({ logType })
  const auditConfigs = [
    { service: 'containeranalysis.googleapis.com', auditLogConfigs: ['DATA_WRITE'].map(logType) },
    {
      service: 'cloudkms.googleapis.com',
      auditLogConfigs: [{ ...logType('DATA_READ'), exemptedMembers: ['user:bob@example.com'] }],
    },
  ]
  const updateMask = 'auditConfigs'
  expect((await send('POST', `/v1/${PROJECT}:setIamPolicy`, { policy: { auditConfigs }, updateMask })).status).toBe(200)
  await send('POST', `/v1/${PROJECT}/notes?noteId=note`, note)
  const purpose = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } }
  await send('POST', `/v1/${RING}/ring/cryptoKeys?cryptoKeyId=signer`, purpose)
  const version = `${RING}/ring/cryptoKeys/signer/cryptoKeyVersions/1`
  emulator.clock.advance(60_000)
  const digest = { sha256: Buffer.alloc(32).toString('base64') }
  expect((await send('POST', `/v1/${version}:asymmetricSign`, { digest })).status).toBe(200)
  await emulator.http('POST', `/v1/${version}:asymmetricSign`, { digest }, { 'x-emulator-principal': 'user:bob@example.com' })
  await send('GET', `/v1/${PROJECT}/notes/note`) // DATA_READ, which is asked for of another service
  const found = await entries(`logName="${PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access"`)
  expect(found.map((entry: any) => [entry.protoPayload.methodName, entry.protoPayload.resourceName, entry.severity])).toEqual([
    ['grafeas.v1.Grafeas.CreateNote', `${PROJECT}/notes/note`, 'INFO'],
    ['google.cloud.kms.v1.KeyManagementService.AsymmetricSign', version, 'INFO'],
  ])
})

test('a cluster is named by the id of its project, whose number its operation has', async () => {
  const cluster = { name: 'prod', initialNodeCount: 1 }
  const { entries } = await send('POST', `/v1/${PROJECT}/locations/europe-west2/clusters`, { cluster })
  expect(entries.at(-1)).toMatchObject({
    resource: { type: 'gke_cluster', labels: { cluster_name: 'prod', location: 'europe-west2', project_id: 'my-app-prod' } },
    protoPayload: {
      methodName: 'google.container.v1.ClusterManager.CreateCluster',
      resourceName: `${PROJECT}/locations/europe-west2/clusters/prod`,
    },
  })
})

test('a service of Cloud Run has the names of the version by which it is written', async () => {
  const namespaces = '/europe-west2-run/apis/serving.knative.dev/v1/namespaces'
  const spec = { template: { spec: { containers: [{ image: 'gcr.io/cloudrun/hello' }] } } }
  const service = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'hello' }, spec }
  const resource = {
    type: 'cloud_run_revision',
    labels: { service_name: 'hello', location: 'europe-west2', project_id: 'my-app-prod' },
  }
  const resourceName = 'namespaces/my-app-prod/services/hello'
  const { entries: created } = await send('POST', `${namespaces}/my-app-prod/services`, service)
  expect(created.at(-1)).toMatchObject({
    resource,
    protoPayload: { methodName: 'google.cloud.run.v1.Services.CreateService', resourceName },
  })
  const { entries: failed } = await send('POST', `${namespaces}/my-app-prod/services`, service)
  expect(failed.at(-1)).toMatchObject({ resource, severity: 'ERROR', protoPayload: { status: { code: 6 }, resourceName } })
  const { entries: replaced } = await send('PUT', `${namespaces}/my-app-prod/services/hello`, service)
  expect(replaced.at(-1)).toMatchObject({
    resource,
    protoPayload: { methodName: 'google.cloud.run.v1.Services.ReplaceService', resourceName },
  })
})

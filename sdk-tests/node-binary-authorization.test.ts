// Google's client libraries for Node at Binary Authorization, which has a REST client alone, and its decisions in the audit log.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit, pod } from './admission.ts'
import { newDigest, newProject, REPOSITORY, updatePolicy } from './attestations.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { connect, errorOf } from './node/calls.ts'
import { installSdks } from './node/install.ts'

let emulator: Emulator
beforeAll(async () => {
  // this machine may have a metadata server of its own, which Logging would ask what it runs on
  process.env.METADATA_SERVER_DETECTION = 'none'
  await installSdks()
  emulator = await startEmulator('--no-seed')
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

test('decisions are entries of the audit log', async () => {
  const project = newProject()
  await updatePolicy(emulator, project, {
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  })
  const { decision } = await admit(emulator, project, pod(`${REPOSITORY}@${newDigest()}`))
  const logging = connect(emulator, false).logging(project)
  const filter = 'resource.type="k8s_cluster" protoPayload.response.reason="VIOLATES_POLICY"'
  const [entries] = await logging.getEntries({ filter })
  expect(entries).toHaveLength(1)
  expect(entries[0].metadata).toMatchObject({
    insertId: decision.insertId,
    logName: `projects/${project}/logs/cloudaudit.googleapis.com%2Factivity`,
    resource: { type: 'k8s_cluster', labels: { project_id: project, location: 'europe-west2', cluster_name: 'prod' } },
    payload: 'protoPayload',
  })
  expect((await logging.getEntries({ filter: `${filter} severity=DEBUG` }))[0]).toEqual([])
})

test('errors of Binary Authorization are GaxiosErrors with the fields that are wrong', async () => {
  const { projects } = connect(emulator, true).binaryAuthorization
  const project = newProject()
  const attestorId = 'attestor'
  const requestBody = { userOwnedGrafeasNote: { noteReference: `projects/${project}/notes/attestor` } }
  await projects.attestors.create({ parent: `projects/${project}`, attestorId, requestBody })
  expect(await errorOf(projects.attestors.create({ parent: `projects/${project}`, attestorId, requestBody }))).toMatchObject({
    status: 409,
    message: expect.stringContaining('already exists'),
  })
  expect(await errorOf(projects.attestors.get({ name: `projects/${project}/attestors/none` }))).toMatchObject({ status: 404 })

  const name = `projects/${project}/policy`
  const error = await errorOf(
    projects.updatePolicy({ name, requestBody: { name, defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY' } } }),
  )
  expect([error.constructor.name, error.status]).toEqual(['GaxiosError', 400])
  expect(error.response.data.error).toMatchObject({
    status: 'INVALID_ARGUMENT',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ field: 'policy.default_admission_rule.enforcement_mode' }],
      },
    ],
  })
  const unknown = await errorOf(projects.updatePolicy({ name, requestBody: { name, nonsense: 1 } }))
  expect(unknown.response.data.error.details[0].fieldViolations[0].description).toContain('Unknown name "nonsense"')
})

test('attestors come by the page', async () => {
  const { projects } = connect(emulator, true).binaryAuthorization
  const project = newProject()
  const requestBody = { userOwnedGrafeasNote: { noteReference: `projects/${project}/notes/attestor` } }
  for (const id of ['a', 'b', 'c', 'd', 'e'])
    await projects.attestors.create({ parent: `projects/${project}`, attestorId: id, requestBody })
  const ids: string[] = []
  let pageToken: string | undefined
  do {
    const { data } = await projects.attestors.list({ parent: `projects/${project}`, pageSize: 2, pageToken })
    ids.push(...data.attestors.map((attestor: any) => attestor.name.split('/').at(-1)))
    pageToken = data.nextPageToken
  } while (pageToken)
  expect(ids).toEqual(['a', 'b', 'c', 'd', 'e'])
})

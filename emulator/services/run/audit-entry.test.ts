import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const image = (text: string) => `gcr.io/audited-app/app@sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('audit entries of Cloud Run', (emulator) => {
  const project = 'audited-app'
  const parent = `projects/${project}/locations/us-central1`
  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)

  const setRule = (evaluationMode: string, enforcementMode = 'ENFORCED_BLOCK_AND_AUDIT_LOG') =>
    emulator().call('binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, {
      policy: { name: `projects/${project}/policy`, defaultAdmissionRule: { evaluationMode, enforcementMode } },
    })

  /** As the documentation has it: https://cloud.google.com/binary-authorization/docs/run/viewing-audit-logs-cloud-run */
  async function found(tail: string, type = 'cloud_run_revision') {
    const filter = `resource.type="${type}" AND logName:"cloudaudit.googleapis.com%2Fsystem_event" AND ${tail}`
    const request = { resourceNames: [`projects/${project}`], filter, orderBy: 'timestamp asc' }
    const { entries = [] } = await emulator().call('logging.v2', 'google.logging.v2.LoggingServiceV2/ListLogEntries', request)
    return entries
  }
  const BLOCKED = 'protoPayload.response.status.conditions.reason="ContainerImageUnauthorized"'

  const settings = (breakglassJustification?: string) => ({ useDefault: true, breakglassJustification })
  const create = (serviceId: string, binaryAuthorization = settings()) =>
    call('Services/CreateService', {
      parent,
      serviceId,
      service: { template: { containers: [{ image: image(serviceId) }] }, binaryAuthorization },
    })
  const run = async (jobId: string, binaryAuthorization = settings()) => {
    const template = { template: { containers: [{ image: image(jobId) }] } }
    await call('Jobs/CreateJob', { parent, jobId, job: { template, binaryAuthorization } })
    await call('Jobs/RunJob', { name: `${parent}/jobs/${jobId}` })
  }

  test('the documented filters find blocked, break-glass and dry-run revisions, each of them alone', async () => {
    await setRule('ALWAYS_DENY')
    await create('blocked')
    await create('forced', settings('it burns'))
    await setRule('ALWAYS_DENY', 'DRYRUN_AUDIT_LOG_ONLY')
    await create('tried')
    await setRule('ALWAYS_ALLOW')
    await create('allowed')
    await create('forced-good', settings('to be sure'))
    const servicesIn = (entries: any[]) => entries.map(({ resource }) => resource.labels.service_name)
    expect(servicesIn(await found(BLOCKED))).toEqual(['blocked'])
    expect(servicesIn(await found('"breakglass"'))).toEqual(['forced', 'forced-good'])
    expect(servicesIn(await found('"dry run"'))).toEqual(['tried'])
    expect(servicesIn(await found('severity=INFO'))).toEqual(['allowed'])
  })

  test('an entry names the revision, and says why', async () => {
    const [{ resource, logName, severity, protoPayload }] = await found(BLOCKED)
    const [revision] = (await call('Revisions/ListRevisions', { parent: `${parent}/services/blocked` })).revisions
    const revisionName = revision.name.split('/').at(-1)
    expect({ resource, logName, severity }).toEqual({
      resource: {
        type: 'cloud_run_revision',
        labels: {
          service_name: 'blocked',
          revision_name: revisionName,
          configuration_name: 'blocked',
          location: 'us-central1',
          project_id: project,
        },
      },
      logName: `projects/${project}/logs/cloudaudit.googleapis.com%2Fsystem_event`,
      severity: 'ERROR',
    })
    const message = `Container image '${image('blocked')}' is not authorized by policy. Denied by an ALWAYS_DENY admission rule`
    expect(protoPayload).toMatchObject({
      serviceName: 'run.googleapis.com',
      resourceName: `namespaces/${project}/revisions/${revisionName}`,
      status: { code: 9, message: expect.stringContaining(message) },
      response: { kind: 'Revision', status: { conditions: [{ type: 'Ready', status: 'False', message }] } },
    })
  })

  test('breakglass shows its justification', async () => {
    const [{ protoPayload }] = await found('"it burns"')
    expect(protoPayload.status).toEqual({ message: expect.stringContaining('Allowed by breakglass: it burns') })
    expect(protoPayload.response.metadata.annotations).toEqual({
      'run.googleapis.com/binary-authorization-breakglass': 'it burns',
    })
  })

  test('executions of jobs leave the same behind, as entries of their job', async () => {
    await setRule('ALWAYS_DENY')
    await run('job-blocked')
    await run('job-forced', settings('at night'))
    await setRule('ALWAYS_DENY', 'DRYRUN_AUDIT_LOG_ONLY')
    await run('job-tried')
    for (const [filter, job] of [
      [BLOCKED, 'job-blocked'],
      ['"breakglass"', 'job-forced'],
      ['"dry run"', 'job-tried'],
    ] as const)
      expect((await found(filter, 'cloud_run_job')).map(({ resource }: any) => resource.labels)).toEqual([
        { job_name: job, location: 'us-central1', project_id: project },
      ])
  })
})

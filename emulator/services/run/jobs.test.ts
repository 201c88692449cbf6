import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const image = 'us-docker.pkg.dev/cloudrun/container/job'

describeTransports('jobs of Cloud Run', (emulator) => {
  let count = 0
  let parent = ''
  let name = ''
  beforeEach(() => {
    parent = `projects/jobs-app-${++count}/locations/us-central1`
    name = `${parent}/jobs/nightly`
  })

  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
  const job = (more: object = {}, template: object = {}, tasks: object = {}) => ({
    template: { ...template, template: { containers: [{ image }], ...tasks } },
    ...more,
  })
  const create = (created: object = job(), jobId = 'nightly') => call('Jobs/CreateJob', { parent, jobId, job: created })
  const get = () => call('Jobs/GetJob', { name })

  test('what is not given gets the defaults of Cloud Run', async () => {
    const { metadata } = await create(job({ binaryAuthorization: { useDefault: false } }))
    expect(metadata).toMatchObject({ name, terminalCondition: { state: 'CONDITION_PENDING' }, reconciling: true })
    expect(await get()).toMatchObject({
      generation: '1',
      observedGeneration: '1',
      launchStage: 'GA',
      latestCreatedExecution: {},
      terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' },
    })
    expect((await get()).template).toEqual({
      taskCount: 1,
      template: {
        containers: [{ image, resources: { limits: { cpu: '1000m', memory: '512Mi' } } }],
        maxRetries: 3,
        timeout: '600s',
        serviceAccount: expect.stringMatching(/^\d+-compute@developer\.gserviceaccount\.com$/),
        executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
      },
    })
  })

  test('an update replaces all, and its etag must be the current one', async () => {
    await create(job({ labels: { a: 'b' } }, { taskCount: 3 }))
    const { etag } = await get()
    await call('Jobs/UpdateJob', { job: { name, etag, ...job() } })
    const updated = await get()
    expect(updated).toMatchObject({ generation: '2', template: { taskCount: 1 } })
    expect(updated).not.toHaveProperty('labels')
    await expect(call('Jobs/UpdateJob', { job: { name, etag, ...job() } })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(call('Jobs/DeleteJob', { name, etag })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test('one that is there is not created, one that is not there is updated only where that is allowed', async () => {
    await expect(get()).rejects.toMatchObject({ code: 'NOT_FOUND', message: `job "${name}" not found` })
    await expect(call('Jobs/UpdateJob', { job: { name, ...job() } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await call('Jobs/UpdateJob', { job: { name, ...job() }, allowMissing: true })
    await expect(create()).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: "Resource 'nightly' already exists." })
    await call('Jobs/UpdateJob', { job: { name, ...job({ labels: { a: 'b' } }) }, validateOnly: true })
    expect(await get()).not.toHaveProperty('labels')
  })

  test('jobs are listed by name, and have IAM policies of their own', async () => {
    for (const id of ['b', 'a']) await create(undefined, id)
    expect((await call('Jobs/ListJobs', { parent })).jobs.map(({ name }: any) => name)).toEqual([
      `${parent}/jobs/a`,
      `${parent}/jobs/b`,
    ])
    const policy = { bindings: [{ role: 'roles/run.invoker', members: ['user:alice@example.com'] }] }
    await call('Jobs/SetIamPolicy', { resource: `${parent}/jobs/a`, policy })
    expect((await call('Jobs/GetIamPolicy', { resource: `${parent}/jobs/a` })).bindings).toEqual(policy.bindings)
    expect(await call('Jobs/GetIamPolicy', { resource: `${parent}/jobs/b` })).toEqual({ etag: 'ACAB' })
  })

  const REFUSED: [string, object, string][] = [
    ['no template', {}, 'Violation in CreateJobRequest.job.template: should be set.'],
    ['no template of its tasks', { template: {} }, 'job.template.template: should be set.'],
    ['no container', job({}, {}, { containers: [] }), 'job.template.template.containers'],
    ['too many tasks', job({}, { taskCount: 10_001 }), 'template.taskCount'],
    ['more at a time than there are', job({}, { taskCount: 2, parallelism: 3 }), 'template.parallelism'],
    ['many retries', job({}, {}, { maxRetries: 11 }), 'template.template.maxRetries'],
    ['a week and more', job({}, {}, { timeout: '604801s' }), 'template.template.timeout'],
    ['a system label', job({ labels: { 'cloud.googleapis.com/location': 'here' } }), 'system labels are not supported'],
    ['a justification for nothing', job({ binaryAuthorization: { breakglassJustification: 'x' } }), 'must be empty where'],
  ]
  test.each(REFUSED)('a job with %s is refused', async (_, refused, why) => {
    await expect(create(refused)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(why) })
  })

  test('a job that would run as soon as it is made is refused by name', async () => {
    await expect(create(job({ runExecutionToken: 'now' }))).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })
})

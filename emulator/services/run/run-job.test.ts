import { createHash } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const image = `gcr.io/batch-app/app@sha256:${createHash('sha256').update('batch').digest('hex')}`
const OPT_IN = { binaryAuthorization: { useDefault: true } }

describeTransports('jobs that are run', (emulator) => {
  let count = 0
  let parent = ''
  let name = ''
  beforeEach(() => {
    parent = `projects/batch-app-${++count}/locations/us-central1`
    name = `${parent}/jobs/nightly`
  })

  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
  const operation = (name: string) => emulator().call('run.v2', 'google.longrunning.Operations/GetOperation', { name })
  const policy = (evaluationMode: string) =>
    emulator().call('binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, {
      policy: {
        name: `projects/batch-app-${count}/policy`,
        defaultAdmissionRule: { evaluationMode, enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      },
    })

  const job = (more: object = {}, template: object = {}, container: object = {}) => ({
    template: { ...template, template: { containers: [{ image, ...container }] } },
    ...more,
  })
  const create = (created: object) => call('Jobs/CreateJob', { parent, jobId: 'nightly', job: created })
  const run = async (request: object = {}) => operation((await call('Jobs/RunJob', { name, ...request })).name)

  test('an execution completes at once, with its tasks', async () => {
    await create(job({}, { taskCount: 3, labels: { team: 'a' } }))
    const { response } = await run()
    expect(response).toMatchObject({
      '@type': 'type.googleapis.com/google.cloud.run.v2.Execution',
      name: expect.stringMatching(`^${name}/executions/nightly-[a-z0-9]{5}$`),
      job: 'nightly',
      labels: { team: 'a' },
      taskCount: 3,
      parallelism: 3,
      succeededCount: 3,
      completionTime: expect.any(String),
      template: { maxRetries: 3, timeout: '600s' },
    })
    expect(response.conditions[0]).toMatchObject({ type: 'Completed', state: 'CONDITION_SUCCEEDED' })
    const { tasks } = await call('Tasks/ListTasks', { parent: response.name })
    expect(tasks.map(({ index = 0 }: any) => index)).toEqual([0, 1, 2])
    expect(await call('Tasks/GetTask', { name: tasks[2].name })).toEqual(tasks[2])
    await expect(call('Tasks/GetTask', { name: tasks[2].name.replace(/2$/, '3') })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('Jobs/GetJob', { name })).toMatchObject({
      executionCount: 1,
      latestCreatedExecution: { name: response.name.split('/').at(-1), completionStatus: 'EXECUTION_SUCCEEDED' },
    })
  })

  test('a run may override the number of tasks, the timeout, arguments and variables, and the job stays as it is', async () => {
    const container = {
      name: 'main',
      args: ['a'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    }
    await create(job({}, { taskCount: 5, parallelism: 4 }, container))
    const before = await call('Jobs/GetJob', { name })
    const override = { name: 'main', args: ['b', 'c'], env: [{ name: 'B', value: '3' }] }
    const { response } = await run({ overrides: { taskCount: 2, timeout: '30s', containerOverrides: [override] } })
    expect(response).toMatchObject({ taskCount: 2, parallelism: 2, template: { timeout: '30s' } })
    expect(response.template.containers[0]).toMatchObject({
      args: ['b', 'c'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '3' },
      ],
    })
    const cleared = await run({ overrides: { containerOverrides: [{ clearArgs: true }] } })
    expect(cleared.response.template.containers[0]).not.toHaveProperty('args')
    expect((await call('Jobs/GetJob', { name })).template).toEqual(before.template)
    for (const overrides of [{ taskCount: -1 }, { timeout: '0s' }, { containerOverrides: [{ name: 'other' }] }])
      await expect(call('Jobs/RunJob', { name, overrides })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a denied job is created and updated like any other; its execution fails, and says why', async () => {
    await policy('ALWAYS_DENY')
    const created = await operation((await create(job(OPT_IN))).name)
    expect(created.response.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    const updated = await call('Jobs/UpdateJob', { job: { name, ...job({ ...OPT_IN, labels: { a: 'b' } }) } })
    expect((await operation(updated.name)).response.generation).toBe('2')

    const message = `Container image '${image}' is not authorized by policy. Denied by an ALWAYS_DENY admission rule`
    const { error, response, metadata } = await run()
    expect({ error, response }).toEqual({ error: { code: 9, message }, response: undefined })
    const execution = await call('Executions/GetExecution', { name: metadata.name })
    expect(execution.conditions[0]).toMatchObject({
      type: 'Completed',
      state: 'CONDITION_FAILED',
      reason: 'CONTAINER_IMAGE_UNAUTHORIZED',
      message,
    })
    for (const field of ['startTime', 'succeededCount']) expect(execution).not.toHaveProperty(field)
    expect(await call('Tasks/ListTasks', { parent: execution.name })).toEqual({})
    expect(await call('Jobs/GetJob', { name })).toMatchObject({
      terminalCondition: { state: 'CONDITION_FAILED', reason: 'CONTAINER_IMAGE_UNAUTHORIZED' },
      latestCreatedExecution: { completionStatus: 'EXECUTION_FAILED' },
    })

    await policy('ALWAYS_ALLOW')
    expect((await run()).response.succeededCount).toBe(1)
    expect((await call('Jobs/GetJob', { name })).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
  })

  test('the policy governs no job that has not opted in', async () => {
    await policy('ALWAYS_DENY')
    await create(job())
    expect((await run()).response.succeededCount).toBe(1)
  })

  test('a tag that no registry has is a missing image for a job that has opted in', async () => {
    await create(job(OPT_IN, {}, { image: 'gcr.io/batch-app/app:v1' }))
    expect((await run()).error).toEqual({ code: 5, message: "Image 'gcr.io/batch-app/app:v1' not found." })
  })

  test('a platform policy runs nothing', async () => {
    await create(job({ binaryAuthorization: { policy: 'projects/batch-app/platforms/cloudRun/mine' } }))
    expect((await run()).error).toMatchObject({ code: 9, message: expect.stringContaining('was not evaluated') })
  })

  test('breakglass runs what is denied', async () => {
    await policy('ALWAYS_DENY')
    await create(job({ binaryAuthorization: { useDefault: true, breakglassJustification: 'now' } }))
    expect((await run()).response.succeededCount).toBe(1)
    const { body } = await emulator().http('GET', `/_emulator/decisions?project=batch-app-${count}`)
    expect(body.decisions).toMatchObject([{ verdict: 'BREAK_GLASS', resource: expect.stringContaining('/executions/') }])
  })

  test('a run with the etag of an older job is ABORTED, and one that is only checked makes no execution', async () => {
    await create(job())
    const { etag } = await call('Jobs/GetJob', { name })
    await call('Jobs/RunJob', { name, etag, validateOnly: true })
    expect(await call('Executions/ListExecutions', { parent: name })).toEqual({})
    await call('Jobs/RunJob', { name, etag })
    await expect(call('Jobs/RunJob', { name, etag })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test('executions and tasks are listed the newest first, of one job and of all', async () => {
    for (const jobId of ['a', 'b']) await call('Jobs/CreateJob', { parent, jobId, job: job({}, { taskCount: 2 }) })
    const names: string[] = []
    for (const jobId of ['a', 'b', 'a'])
      names.unshift((await call('Jobs/RunJob', { name: `${parent}/jobs/${jobId}` })).metadata.name)
    const listed = async (method: string, request: object, field: string) => {
      const found: string[] = []
      let pageToken = ''
      do {
        const answer = await call(method, { pageSize: 1, pageToken, ...request })
        found.push(...(answer[field] ?? []).map(({ name }: any) => name))
        pageToken = answer.nextPageToken ?? ''
      } while (pageToken)
      return found
    }
    expect(await listed('Executions/ListExecutions', { parent: `${parent}/jobs/a` }, 'executions')).toEqual([names[0], names[2]])
    expect(await listed('Executions/ListExecutions', { parent: `${parent}/jobs/-` }, 'executions')).toEqual(names)
    const tasks = await listed('Tasks/ListTasks', { parent: `${parent}/jobs/-/executions/-` }, 'tasks')
    expect(tasks.map((task) => task.replace(/\/tasks\/.*-task/, ' '))).toEqual(
      names.flatMap((each) => [`${each} 0`, `${each} 1`]),
    )
    expect(await listed('Tasks/ListTasks', { parent: `${parent}/jobs/a/executions/-` }, 'tasks')).toHaveLength(4)
  })

  test('an execution is deleted with its tasks, and with its job', async () => {
    await create(job())
    const [first, second] = [(await run()).response.name, (await run()).response.name]
    await call('Executions/DeleteExecution', { name: first })
    await expect(call('Executions/GetExecution', { name: first })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(call('Tasks/ListTasks', { parent: first })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await call('Jobs/DeleteJob', { name })
    await expect(call('Executions/GetExecution', { name: second })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('what has completed cannot be cancelled', async () => {
    await create(job())
    const { name: execution } = (await run()).response
    await expect(call('Executions/CancelExecution', { name: execution })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })
})

describeTransports(
  'executions that are watched',
  (emulator) => {
    const parent = 'projects/watched-app/locations/us-central1'
    const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
    const operation = (name: string) => emulator().call('run.v2', 'google.longrunning.Operations/GetOperation', { name })
    const start = async (jobId: string) => {
      await call('Jobs/CreateJob', { parent, jobId, job: { template: { template: { containers: [{ image }] } } } })
      return call('Jobs/RunJob', { name: `${parent}/jobs/${jobId}` })
    }

    test('one runs until the clock says that it is done', async () => {
      const { name, metadata } = await start('slow')
      expect(await operation(name)).not.toHaveProperty('done')
      expect(await call('Executions/GetExecution', { name: metadata.name })).toMatchObject({ runningCount: 1, reconciling: true })
      expect((await call('Jobs/GetJob', { name: `${parent}/jobs/slow` })).latestCreatedExecution.completionStatus).toBe(
        'EXECUTION_RUNNING',
      )
      emulator().clock.advance(5_000)
      expect(await operation(name)).toMatchObject({ done: true, response: { succeededCount: 1 } })
      expect(await call('Executions/GetExecution', { name: metadata.name })).toMatchObject({ succeededCount: 1 })
      expect((await call('Jobs/GetJob', { name: `${parent}/jobs/slow` })).latestCreatedExecution.completionStatus).toBe(
        'EXECUTION_SUCCEEDED',
      )
    })

    test('one that is cancelled while it runs stays cancelled', async () => {
      const { name, metadata } = await start('cancelled')
      await call('Executions/CancelExecution', { name: metadata.name })
      emulator().clock.advance(5_000)
      const execution = await call('Executions/GetExecution', { name: metadata.name })
      expect(execution).toMatchObject({ cancelledCount: 1 })
      expect(execution).not.toHaveProperty('succeededCount')
      expect(execution.conditions[0]).toMatchObject({ state: 'CONDITION_FAILED', executionReason: 'CANCELLED' })
      expect(await operation(name)).toMatchObject({ done: true, error: { code: 1 } })
    })
  },
  { operationDelay: '5s' },
)

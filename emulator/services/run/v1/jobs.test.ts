import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeTransports, startTestEmulator, type TestEmulator } from '../../../testing/emulator.ts'

const image = `europe-west2-docker.pkg.dev/some-project/repo/app@sha256:${'b'.repeat(64)}`
const BINAUTHZ = 'run.googleapis.com/binary-authorization'

const job = (metadata: object = {}, execution: object = {}, task: object = {}) => ({
  apiVersion: 'run.googleapis.com/v1',
  kind: 'Job',
  metadata: { name: 'nightly', ...metadata },
  spec: { template: { spec: { ...execution, template: { spec: { containers: [{ image }], ...task } } } } },
})

describeTransports('jobs of Cloud Run v1', (emulator) => {
  let count = 0
  let project = ''
  let parent = ''
  let name = ''
  beforeEach(() => {
    project = `knative-jobs-${++count}`
    parent = `namespaces/${project}`
    name = `${parent}/jobs/nightly`
  })

  const call = (method: string, request: object) => emulator().call('run.v1', `google.cloud.run.v1.${method}`, request)
  const create = (body: object = job()) => call('Jobs/CreateJob', { parent, job: body })
  const replace = (body: object) => call('Jobs/ReplaceJob', { name, job: body })
  const get = () => call('Jobs/GetJob', { name })
  const run = (overrides?: object) => call('Jobs/RunJob', { name, ...(overrides && { overrides }) })
  const list = async (kind: string, labelSelector = '') =>
    (await call(`${kind}s/List${kind}s`, { parent, labelSelector })).items ?? []
  const setPolicy = (evaluationMode: string) =>
    emulator().call('binaryauthorization.v1', 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy', {
      policy: {
        name: `projects/${project}/policy`,
        defaultAdmissionRule: { evaluationMode, enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      },
    })

  test('a job is created, ready at once, with the defaults of Cloud Run', async () => {
    const created = await create(job({ labels: { team: 'a' }, annotations: { [BINAUTHZ]: 'default' } }))
    const { namespace } = created.metadata
    const creator = `emulator@${project}.iam.gserviceaccount.com`
    expect(created).toEqual({
      apiVersion: 'run.googleapis.com/v1',
      kind: 'Job',
      metadata: {
        name: 'nightly',
        namespace,
        selfLink: `/apis/run.googleapis.com/v1/namespaces/${namespace}/jobs/nightly`,
        uid: expect.any(String),
        resourceVersion: expect.stringMatching(/^[\w-]{11}$/),
        generation: 1,
        creationTimestamp: expect.stringMatching(/Z$/),
        labels: {
          team: 'a',
          'cloud.googleapis.com/location': 'us-central1',
          'run.googleapis.com/lastUpdatedTime': created.metadata.creationTimestamp,
        },
        annotations: {
          [BINAUTHZ]: 'default',
          'run.googleapis.com/creator': creator,
          'run.googleapis.com/lastModifier': creator,
        },
      },
      spec: {
        template: {
          metadata: { annotations: { 'run.googleapis.com/execution-environment': 'gen2' } },
          spec: {
            taskCount: 1,
            template: {
              spec: {
                containers: [{ image, resources: { limits: { cpu: '1000m', memory: '512Mi' } } }],
                maxRetries: 3,
                timeoutSeconds: '600',
                serviceAccountName: `${namespace}-compute@developer.gserviceaccount.com`,
              },
            },
          },
        },
      },
      status: {
        observedGeneration: 1,
        conditions: [
          { type: 'Ready', status: 'True', lastTransitionTime: expect.any(String) },
          { type: 'ResourcesAvailable', status: 'True', lastTransitionTime: expect.any(String) },
        ],
      },
    })
    expect(await get()).toEqual(created)
    expect((await list('Job', 'team = a')).map(({ metadata }: any) => metadata.name)).toEqual(['nightly'])
    expect(await list('Job', 'team = b')).toEqual([])
  })

  test('what is got can be put as it is, unless it has changed meanwhile', async () => {
    const created = await create()
    const written = await replace(created)
    expect(written.spec).toEqual(created.spec)
    expect(written.metadata.generation).toBe(2)
    await expect(replace(created)).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringMatching(
        /^Conflict for resource 'nightly': version '\d+' was specified but current version is '\d+'\.$/,
      ),
    })
    await expect(create()).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: "Resource 'nightly' already exists." })
    await expect(replace(job({ name: 'other' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('an execution runs to its end, with its tasks, and says whose it is', async () => {
    const { metadata } = await create(job({}, { taskCount: 3 }))
    const execution = await run()
    expect(execution).toMatchObject({
      apiVersion: 'run.googleapis.com/v1',
      kind: 'Execution',
      metadata: {
        name: expect.stringMatching(/^nightly-[a-z0-9]{5}$/),
        namespace: metadata.namespace,
        labels: {
          'cloud.googleapis.com/location': 'us-central1',
          'run.googleapis.com/job': 'nightly',
          'run.googleapis.com/jobGeneration': '1',
          'run.googleapis.com/jobUid': metadata.uid,
        },
        ownerReferences: [{ apiVersion: 'run.googleapis.com/v1', kind: 'Job', name: 'nightly', uid: metadata.uid }],
      },
      spec: { taskCount: 3, parallelism: 3, template: { spec: { containers: [{ image }], timeoutSeconds: '600' } } },
      status: { succeededCount: 3, startTime: expect.any(String), completionTime: expect.any(String) },
    })
    expect(execution.status.conditions.map(({ type, status }: any) => `${type} ${status}`)).toEqual(
      ['Completed', 'ResourcesAvailable', 'Started', 'ContainerReady'].map((type) => `${type} True`),
    )
    const id = execution.metadata.name
    const byNumber = `namespaces/${metadata.namespace}/executions/${id}`
    expect(await call('Executions/GetExecution', { name: byNumber })).toEqual(execution)
    expect(await list('Execution', 'run.googleapis.com/job = nightly')).toEqual([execution])

    const tasks = await list('Task', `run.googleapis.com/execution = ${id}`)
    expect(tasks.map(({ metadata, status }: any) => [metadata.name, status.index ?? 0])).toEqual(
      [0, 1, 2].map((index) => [`${id}-task${index}`, index]),
    )
    expect(tasks[2]).toMatchObject({
      kind: 'Task',
      metadata: { labels: { 'run.googleapis.com/job': 'nightly' }, ownerReferences: [{ kind: 'Execution', name: id }] },
      spec: { maxRetries: 3, timeoutSeconds: '600', containers: [{ image }] },
      status: { completionTime: expect.any(String) },
    })
    expect(await call('Tasks/GetTask', { name: `${parent}/tasks/${id}-task2` })).toEqual(tasks[2])
    for (const task of [`${id}-task3`, id, 'other-task0'])
      await expect(call('Tasks/GetTask', { name: `${parent}/tasks/${task}` })).rejects.toMatchObject({ code: 'NOT_FOUND' })

    expect((await get()).status).toMatchObject({
      executionCount: 1,
      latestCreatedExecution: { name: id, completionStatus: 'EXECUTION_SUCCEEDED', creationTimestamp: expect.any(String) },
    })
  })

  test('lists of tasks have pages', async () => {
    await create(job({}, { taskCount: 3 }))
    await run()
    const first = await call('Tasks/ListTasks', { parent, limit: 2 })
    const second = await call('Tasks/ListTasks', { parent, limit: 2, continue: first.metadata.continue })
    expect([first.items.length, second.items.length, second.metadata]).toEqual([2, 1, {}])
    expect(second.items[0].status.index).toBe(2)
  })

  test('a run may override tasks, timeout, arguments and variables; the job stays as it is', async () => {
    await create(job())
    const env = [{ name: 'A', value: 'b' }]
    const { spec } = await run({ taskCount: 2, timeoutSeconds: 60, containerOverrides: [{ args: ['x'], env }] })
    expect(spec).toMatchObject({
      taskCount: 2,
      template: { spec: { timeoutSeconds: '60', containers: [{ args: ['x'], env }] } },
    })
    expect((await get()).spec.template.spec.taskCount).toBe(1)
    await expect(run({ containerOverrides: [{ name: 'other' }] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('overrides.containerOverrides[0].name: '),
    })
    const seconds = -1
    await expect(run({ timeoutSeconds: seconds })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('overrides.timeoutSeconds: '),
    })
  })

  test('a job with an image that Binary Authorization denies can be written; its execution fails and says why', async () => {
    await setPolicy('ALWAYS_DENY')
    const created = await create(job({ annotations: { [BINAUTHZ]: 'default' } }))
    expect(created.status.conditions[0]).toMatchObject({ type: 'Ready', status: 'True' })
    const { metadata, status } = await run()
    const message = `Container image '${image}' is not authorized by policy. Denied by an ALWAYS_DENY admission rule`
    expect(status.conditions[0]).toMatchObject({
      type: 'Completed',
      status: 'False',
      reason: 'ContainerImageUnauthorized',
      message,
    })
    for (const field of ['succeededCount', 'startTime']) expect(status).not.toHaveProperty(field)
    expect(await list('Task')).toEqual([])
    expect((await get()).status).toMatchObject({
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainerImageUnauthorized' }, {}],
      latestCreatedExecution: { name: metadata.name, completionStatus: 'EXECUTION_FAILED' },
    })

    const { metadata: now } = await get()
    const broken = { ...now.annotations, [`${BINAUTHZ}-breakglass`]: 'urgent' }
    await replace(job({ annotations: broken }))
    expect((await run()).status).toMatchObject({
      succeededCount: 1,
      conditions: [{ type: 'Completed', status: 'True' }, {}, {}, {}],
    })
  })

  test('Binary Authorization at the template of executions, where it would do nothing, is refused', async () => {
    const body = job()
    const template = { ...body.spec.template, metadata: { annotations: { [BINAUTHZ]: 'default' } } }
    await expect(create({ ...body, spec: { template } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(
        `spec.template.metadata.annotations[${BINAUTHZ}]: Annotation '${BINAUTHZ}' is not supported`,
      ),
    })
  })

  test('a field is refused under its name in v1', async () => {
    const spec = 'spec.template.spec'
    for (const [path, body] of [
      [`${spec}.taskCount`, job({}, { taskCount: 20_000 })],
      [`${spec}.parallelism`, job({}, { parallelism: 2 })],
      [`${spec}.template.spec.maxRetries`, job({}, {}, { maxRetries: 11 })],
      [`${spec}.template.spec.timeoutSeconds`, job({}, {}, { timeoutSeconds: '999999' })],
      [`${spec}.template.spec.containers[0].image`, job({}, {}, { containers: [{ image: 'NOT AN IMAGE' }] })],
      ['metadata.labels[a]', job({ labels: { a: '-' } })],
    ] as const)
      await expect(create(body), path).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`${path}: `),
      })
    const started = { ...job(), spec: { ...job().spec, startExecutionToken: 'a' } }
    await expect(create(started)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('Field job.spec.startExecutionToken'),
    })
  })

  test('executions and jobs are deleted', async () => {
    const { metadata } = await create()
    const [one, two] = [await run(), await run()]
    const execution = `${parent}/executions/${one.metadata.name}`
    expect(await call('Executions/DeleteExecution', { name: execution })).toEqual({
      status: 'Success',
      details: { name: one.metadata.name, group: 'run.googleapis.com', kind: 'executions', uid: one.metadata.uid },
    })
    expect((await list('Execution')).map(({ metadata }: any) => metadata.name)).toEqual([two.metadata.name])
    expect(await call('Jobs/DeleteJob', { name, propagationPolicy: 'Foreground' })).toEqual({
      status: 'Success',
      details: { name: 'nightly', group: 'run.googleapis.com', kind: 'jobs', uid: metadata.uid },
    })
    expect(await list('Execution')).toEqual([])
    await expect(get()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Resource 'nightly' of kind 'JOB' in region '-' in project '${project}' does not exist`,
    })
  })
})

let slow: TestEmulator
beforeAll(async () => {
  slow = await startTestEmulator({ operationDelay: '60s' })
})
afterAll(() => slow.close())

test('with an operation delay an execution runs until the clock says so, and can be cancelled meanwhile', async () => {
  const parent = 'namespaces/knative-slow'
  const call = (method: string, request: object) => slow.call('run.v1', `google.cloud.run.v1.${method}`, request)
  const run = () => call('Jobs/RunJob', { name: `${parent}/jobs/nightly` })
  const nameOf = ({ metadata }: any) => `${parent}/executions/${metadata.name}`
  await call('Jobs/CreateJob', { parent, job: job() })
  const first = await run()
  expect(first.status).toMatchObject({ runningCount: 1, conditions: [{ type: 'Completed', status: 'Unknown' }, {}, {}, {}] })
  const cancelled = await call('Executions/CancelExecution', { name: nameOf(first) })
  expect(cancelled.status).toMatchObject({
    cancelledCount: 1,
    conditions: [{ type: 'Completed', status: 'False', reason: 'Cancelled' }, {}, {}, {}],
  })
  const second = await run()
  const running = await call('Jobs/GetJob', { name: `${parent}/jobs/nightly` })
  expect(running.status.latestCreatedExecution.completionStatus).toBe('EXECUTION_RUNNING')
  slow.clock.advance(61_000)
  expect((await call('Executions/GetExecution', { name: nameOf(second) })).status).toMatchObject({ succeededCount: 1 })
  await expect(call('Executions/CancelExecution', { name: nameOf(second) })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  })
})

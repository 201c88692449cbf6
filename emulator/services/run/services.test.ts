import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const LATEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST'
const image = 'gcr.io/cloudrun/hello'

describeTransports('services of Cloud Run', (emulator) => {
  let count = 0
  let parent = ''
  let name = ''
  beforeEach(() => {
    parent = `projects/served-app-${++count}/locations/us-central1`
    name = `${parent}/services/hello`
  })

  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
  const operation = (name: string) => emulator().call('run.v2', 'google.longrunning.Operations/GetOperation', { name })
  const template = (more: object = {}, container: object = {}) => ({ containers: [{ image, ...container }], ...more })
  const create = (service: object = { template: template() }, serviceId = 'hello') =>
    call('Services/CreateService', { parent, serviceId, service })
  const update = (service: object, request: object = {}) =>
    call('Services/UpdateService', { service: { name, ...service }, ...request })
  const get = () => call('Services/GetService', { name })
  const refused = (description: string) => ({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(description) })

  test('a service is created by an operation, whose first answer shows it before it is reconciled', async () => {
    const { name: operationName, metadata, ...rest } = await create({ labels: { a: 'b' }, template: template() })
    expect(rest).toEqual({})
    expect(operationName).toMatch(new RegExp(`^${parent}/operations/[0-9a-f-]{36}$`))
    expect(metadata).toMatchObject({
      '@type': 'type.googleapis.com/google.cloud.run.v2.Service',
      name,
      generation: '1',
      launchStage: 'GA',
      terminalCondition: { state: 'CONDITION_PENDING' },
      reconciling: true,
    })
    for (const field of ['ingress', 'conditions', 'latestReadyRevision', 'uri', 'observedGeneration'])
      expect(metadata).not.toHaveProperty(field)
    const done = await operation(operationName)
    expect(done).toMatchObject({ done: true, response: { ingress: 'INGRESS_TRAFFIC_ALL', observedGeneration: '1' } })
    const { '@type': _, ...response } = done.response
    expect(await get()).toEqual(response)
  })

  test('what is not given gets the defaults of Cloud Run', async () => {
    await create()
    const service = await get()
    expect(service.template).toEqual({
      timeout: '300s',
      serviceAccount: expect.stringMatching(/^\d+-compute@developer\.gserviceaccount\.com$/),
      containers: [
        {
          image,
          resources: { limits: { memory: '512Mi', cpu: '1000m' }, cpuIdle: true },
          ports: [{ name: 'http1', containerPort: 8080 }],
          startupProbe: { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port: 8080 } },
        },
      ],
      maxInstanceRequestConcurrency: 80,
    })
    expect(service).toMatchObject({
      ingress: 'INGRESS_TRAFFIC_ALL',
      launchStage: 'GA',
      traffic: [{ type: LATEST, percent: 100 }],
      trafficStatuses: [{ type: LATEST, percent: 100 }],
      creator: expect.stringContaining('@'),
      uri: expect.stringMatching(/^https:\/\/hello-[a-z0-9]{10}-uc\.a\.run\.app$/),
      latestReadyRevision: expect.stringMatching(new RegExp(`^${name}/revisions/hello-00001-[a-z0-9]{3}$`)),
    })
    expect(service.conditions.map(({ type, state }: any) => `${type} ${state}`)).toEqual([
      'RoutesReady CONDITION_SUCCEEDED',
      'ConfigurationsReady CONDITION_SUCCEEDED',
    ])
  })

  test('resources, ports and probes that are given keep what is given', async () => {
    const container = {
      ports: [{ containerPort: 9000 }],
      resources: { limits: { cpu: '500m' } },
      startupProbe: { httpGet: { path: '/up' } },
      livenessProbe: { grpc: {} },
    }
    await create({ template: template({}, container) })
    const { containers, maxInstanceRequestConcurrency } = (await get()).template
    expect(containers[0]).toMatchObject({
      ports: [{ name: 'http1', containerPort: 9000 }],
      resources: { limits: { cpu: '500m', memory: '512Mi' } },
      startupProbe: { timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3, httpGet: { path: '/up', port: 9000 } },
      livenessProbe: { grpc: { port: 9000 } },
    })
    expect(containers[0].resources).not.toHaveProperty('cpuIdle')
    expect(maxInstanceRequestConcurrency).toBe(1)
  })

  test('a service that is there is not created again, and one that is not there is not found', async () => {
    await expect(get()).rejects.toMatchObject({ code: 'NOT_FOUND', message: `service "${name}" not found` })
    await create()
    await expect(create()).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: "Resource 'hello' already exists." })
    for (const method of ['GetService', 'DeleteService'])
      await expect(call(`Services/${method}`, { name: `${name}-2` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(update({ name: `${name}-2`, template: template() })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a request that is only checked answers the service, and keeps nothing', async () => {
    const request = { parent, serviceId: 'hello', service: { template: template() }, validateOnly: true }
    expect(await call('Services/CreateService', request)).toMatchObject({
      done: true,
      response: { name, ingress: 'INGRESS_TRAFFIC_ALL' },
    })
    await expect(get()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await create()
    const before = await get()
    await update({ template: template({ timeout: '5s' }) }, { validateOnly: true })
    await call('Services/DeleteService', { name, validateOnly: true })
    expect(await get()).toEqual(before)
  })

  test('an update without a mask replaces all: what it leaves out has its default again', async () => {
    await create({
      description: 'first',
      labels: { a: 'b' },
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      template: template({ timeout: '9s' }),
    })
    const { metadata } = await update({ template: template() })
    expect(metadata).toMatchObject({
      generation: '2',
      observedGeneration: '1',
      reconciling: true,
      ingress: 'INGRESS_TRAFFIC_ALL',
    })
    const service = await get()
    expect(service).toMatchObject({ generation: '2', observedGeneration: '2', ingress: 'INGRESS_TRAFFIC_ALL' })
    expect(service.template.timeout).toBe('300s')
    for (const field of ['description', 'labels']) expect(service).not.toHaveProperty(field)
  })

  test('a mask says what changes', async () => {
    await create({ description: 'first', labels: { a: 'b' }, template: template({ timeout: '9s' }) })
    await update({ description: 'second', template: template({ timeout: '8s' }) }, { updateMask: 'description,template.timeout' })
    expect(await get()).toMatchObject({
      description: 'second',
      labels: { a: 'b' },
      template: { timeout: '8s', containers: [{ image }] },
    })
    await update({ labels: { c: 'd' }, uid: 'x' }, { updateMask: 'labels,uid' })
    const service = await get()
    expect(service.labels).toEqual({ c: 'd' })
    expect(service.uid).not.toBe('x')
    await expect(update({}, { updateMask: 'colour' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(update({}, { updateMask: 'template' })).rejects.toMatchObject(refused('service.template: should be set'))
  })

  test('allow_missing creates what is not there', async () => {
    await update({ template: template() }, { allowMissing: true })
    expect((await get()).generation).toBe('1')
    await update({ template: template() }, { allowMissing: true })
    expect((await get()).generation).toBe('2')
  })

  test('a write that was prepared on an older service is ABORTED', async () => {
    await create()
    const { etag } = await get()
    await update({ template: template(), etag })
    await expect(update({ template: template(), etag })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(call('Services/DeleteService', { name, etag })).rejects.toMatchObject({ code: 'ABORTED' })
    await call('Services/DeleteService', { name, etag: (await get()).etag })
  })

  test('a new template makes a revision; anything else does not', async () => {
    await create()
    await update({ template: template(), labels: { a: 'b' }, ingress: 'INGRESS_TRAFFIC_NONE' })
    const revisions = async () => (await call('Revisions/ListRevisions', { parent: name })).revisions.map(({ name }: any) => name)
    expect(await revisions()).toHaveLength(1)
    await update({ template: template({ labels: { a: 'b' } }) })
    const names = await revisions()
    expect(names).toEqual([expect.stringContaining('/hello-00002-'), expect.stringContaining('/hello-00001-')])
    expect(await get()).toMatchObject({ latestReadyRevision: names[0], latestCreatedRevision: names[0], generation: '3' })
  })

  test('a revision may be named by the user, once for each template', async () => {
    await create({ template: template({ revision: 'hello-blue' }) })
    expect((await get()).latestReadyRevision).toBe(`${name}/revisions/hello-blue`)
    await update({ template: template({ revision: 'hello-blue' }), labels: { same: 'template' } })
    await expect(update({ template: template({ revision: 'hello-blue', timeout: '7s' }) })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: "Revision named 'hello-blue' with different configuration already exists.",
    })
    await update({ template: template({ revision: 'hello-green' }) })
    expect((await get()).latestReadyRevision).toBe(`${name}/revisions/hello-green`)
    await expect(update({ template: template({ revision: 'other-1' }) })).rejects.toMatchObject(refused('must be prefixed by'))
  })

  test('services are listed by name, page by page, those of one region', async () => {
    for (const id of ['b', 'a', 'c']) await create(undefined, id)
    const first = await call('Services/ListServices', { parent, pageSize: 2 })
    expect(first.services.map(({ name }: any) => name)).toEqual(['a', 'b'].map((id) => `${parent}/services/${id}`))
    const second = await call('Services/ListServices', { parent, pageSize: 2, pageToken: first.nextPageToken })
    expect(second.services.map(({ name }: any) => name)).toEqual([`${parent}/services/c`])
    expect(second).not.toHaveProperty('nextPageToken')
    expect(await call('Services/ListServices', { parent: parent.replace('us-central1', 'us-east1') })).toEqual({})
    await expect(call('Services/ListServices', { parent: parent.replace('us-central1', '-') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('a service is deleted with its revisions and its IAM policy', async () => {
    await create()
    const { latestReadyRevision } = await get()
    const policy = { bindings: [{ role: 'roles/run.invoker', members: ['allUsers'] }] }
    await call('Services/SetIamPolicy', { resource: name, policy })
    expect((await call('Services/GetIamPolicy', { resource: name })).bindings).toEqual(policy.bindings)
    const { metadata, name: operationName } = await call('Services/DeleteService', { name })
    expect(metadata).toMatchObject({
      generation: '2',
      deleteTime: expect.any(String),
      terminalCondition: { state: 'CONDITION_PENDING' },
    })
    expect(await operation(operationName)).toMatchObject({ done: true, response: { name, observedGeneration: '2' } })
    await expect(call('Revisions/GetRevision', { name: latestReadyRevision })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await create()
    expect(await call('Services/GetIamPolicy', { resource: name })).toEqual({ etag: 'ACAB' })
  })

  const CONTAINERS: [string, object, string][] = [
    ['no image', { image: '' }, 'containers[0].image'],
    [
      'an image with blanks',
      { image: 'gcr.io/a b' },
      'must be a container image path in the form [hostname/]repo-path[:tag and/or @digest].',
    ],
    ['a malformed digest', { image: `${image}@sha256:12` }, 'containers[0].image'],
    ['two ports', { ports: [{ containerPort: 1 }, { containerPort: 2 }] }, 'containers[0].ports'],
    ['a port that is none', { ports: [{ containerPort: 70_000 }] }, 'ports[0].containerPort'],
    ['a protocol that is none', { ports: [{ name: 'tcp' }] }, 'ports[0].name'],
    [
      'a variable of the system',
      { env: [{ name: 'PORT', value: '1' }] },
      'The following reserved env names were provided: PORT.',
    ],
    ['a variable without a name', { env: [{ value: '1' }] }, 'env[0].name'],
    ['an unknown resource', { resources: { limits: { disk: '1Gi' } } }, 'resources.limits[disk]'],
    ['a quantity that is none', { resources: { limits: { memory: 'much' } } }, 'resources.limits[memory]'],
    ['a probe of nothing', { startupProbe: { periodSeconds: 3 } }, 'exactly one of httpGet, tcpSocket, or grpc'],
    ['a probe that overlaps', { livenessProbe: { tcpSocket: {}, timeoutSeconds: 20 } }, 'livenessProbe.timeoutSeconds'],
    ['a mount of no volume', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }, 'there is no volume "v"'],
    ['a dependency on itself', { name: 'a', dependsOn: ['a'] }, 'dependsOn'],
    ['a name with dots', { name: 'a.b' }, 'containers[0].name'],
  ]
  test.each(CONTAINERS)('a container with %s is refused', async (_, container, why) => {
    await expect(create({ template: template({}, container) })).rejects.toMatchObject(refused(why))
  })

  const SERVICES: [string, object, string][] = [
    ['no template', {}, 'Violation in CreateServiceRequest.service.template: should be set.'],
    ['no container', { template: {} }, 'containers: should contain at least one container.'],
    [
      'a long timeout',
      { template: template({ timeout: '3601s' }) },
      'service.template.timeout: maximum allowed time is one hour.',
    ],
    ['no time at all', { template: template({ timeout: '0s' }) }, 'template.timeout'],
    ['high concurrency', { template: template({ maxInstanceRequestConcurrency: 1001 }) }, 'must be between 0 and 1000.'],
    [
      'scaling upside down',
      { template: template({ scaling: { minInstanceCount: 3, maxInstanceCount: 2 } }) },
      'minInstanceCount',
    ],
    [
      'fewer instances than none',
      { template: template(), scaling: { scalingMode: 'MANUAL', manualInstanceCount: -1 } },
      'Violation in CreateServiceRequest.service.scaling.manualInstanceCount: must not be negative.',
    ],
    [
      'two containers without a port',
      { template: { containers: [{ image }, { image }] } },
      'exactly one container with an exposed port',
    ],
    ['a long description', { description: 'd'.repeat(513), template: template() }, 'service.description'],
    ['a bad label', { labels: { 'a b': 'c' }, template: template() }, 'labels[a b]'],
    [
      'a system annotation',
      { template: template({ annotations: { 'autoscaling.knative.dev/maxScale': '3' } }) },
      'Violation in CreateServiceRequest.service.template.annotations[autoscaling.knative.dev/maxScale]: system annotations are not supported in Cloud Run API v2.',
    ],
    ['a system label', { labels: { 'run.googleapis.com/a': 'b' }, template: template() }, 'system labels are not supported'],
    ['an unknown launch stage', { launchStage: 'DEPRECATED', template: template() }, 'launchStage'],
    ['traffic of 90', { template: template(), traffic: [{ type: LATEST, percent: 90 }] }, 'must add up to 100, not 90.'],
    ['traffic without type', { template: template(), traffic: [{ percent: 100 }] }, 'traffic[0].type'],
    [
      'the latest by name',
      { template: template(), traffic: [{ type: LATEST, revision: 'r', percent: 100 }] },
      'traffic[0].revision',
    ],
    ['a bad tag', { template: template(), traffic: [{ type: LATEST, percent: 100, tag: 'A' }] }, 'traffic[0].tag'],
    ['a long tag', { template: template(), traffic: [{ type: LATEST, percent: 100, tag: 'a'.repeat(42) }] }, '46 characters'],
  ]
  test.each(SERVICES)('a service with %s is refused', async (_, service, why) => {
    await expect(create(service)).rejects.toMatchObject(refused(why))
  })

  test.each(['', 'Hello', '1st', 'a-', 'a'.repeat(50)])('"%s" is no name of a service', async (serviceId) => {
    await expect(create(undefined, serviceId)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('what would take the image from elsewhere is refused by name, and so is a place that is no region', async () => {
    for (const container of [
      { sourceCode: { cloudStorageSource: { bucket: 'b', object: 'o' } } },
      { baseImageUri: 'gcr.io/a/b' },
    ])
      await expect(create({ template: template({}, container) })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    for (const field of [{ buildConfig: { functionTarget: 'f' } }, { multiRegionSettings: { regions: ['us-east1'] } }])
      await expect(create({ template: template(), ...field })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    const request = { parent: parent.replace('us-central1', 'mars'), serviceId: 'hello', service: { template: template() } }
    await expect(call('Services/CreateService', request)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describeTransports(
  'services that are watched',
  (emulator) => {
    test('one is reconciled when the clock says so', async () => {
      const parent = 'projects/watched-app/locations/us-central1'
      const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
      await call('Services/CreateService', { parent, serviceId: 'slow', service: { template: { containers: [{ image }] } } })
      const get = () => call('Services/GetService', { name: `${parent}/services/slow` })
      expect(await get()).toMatchObject({ reconciling: true, terminalCondition: { state: 'CONDITION_RECONCILING' } })
      emulator().clock.advance(5_000)
      const service = await get()
      expect(service.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
      expect(service).not.toHaveProperty('reconciling')
    })

    test('while it is reconciled, a service says of its status what was there before', async () => {
      const parent = 'projects/watched-app/locations/us-central1'
      const name = `${parent}/services/watched`
      const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
      const get = () => call('Services/GetService', { name })
      const serviceOf = (tag: string) => ({ template: { containers: [{ image: `${image}:${tag}` }] } })

      await call('Services/CreateService', { parent, serviceId: 'watched', service: serviceOf('1') })
      for (const field of ['latestReadyRevision', 'trafficStatuses', 'conditions', 'uri', 'observedGeneration'])
        expect(await get(), field).not.toHaveProperty(field)
      emulator().clock.advance(5_000)
      const { latestReadyRevision, trafficStatuses, conditions, observedGeneration } = await get()
      const before = { latestReadyRevision, trafficStatuses, conditions, observedGeneration, reconciling: true }

      for (const generation of ['2', '3']) {
        const { metadata } = await call('Services/UpdateService', { service: { name, ...serviceOf(generation) } })
        expect(metadata).toMatchObject({ ...before, generation })
      }
      expect(await get()).toMatchObject({ ...before, terminalCondition: { state: 'CONDITION_RECONCILING' }, generation: '3' })
      emulator().clock.advance(5_000)
      expect(await get()).toMatchObject({ observedGeneration: '3', terminalCondition: { state: 'CONDITION_SUCCEEDED' } })
      expect((await get()).latestReadyRevision).not.toBe(latestReadyRevision)
    })
  },
  { operationDelay: '5s' },
)

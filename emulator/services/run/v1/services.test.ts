import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../../testing/emulator.ts'

const image = 'gcr.io/cloudrun/hello'
const DIGEST = `europe-west2-docker.pkg.dev/some-project/repo/app@sha256:${'a'.repeat(64)}`
const BINAUTHZ = 'run.googleapis.com/binary-authorization'

describeTransports('services of Cloud Run v1', (emulator) => {
  let count = 0
  let project = ''
  let parent = ''
  beforeEach(() => {
    project = `knative-app-${++count}`
    parent = `namespaces/${project}`
  })

  const call = (method: string, request: object) => emulator().call('run.v1', `google.cloud.run.v1.${method}`, request)
  const service = (metadata: object = {}, container: object = {}, spec: object = {}) => ({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'hello', ...metadata },
    spec: { template: { spec: { containers: [{ image, ...container }] } }, ...spec },
  })
  const create = (body: object = service(), more: object = {}) =>
    call('Services/CreateService', { parent, service: body, ...more })
  const name = () => `${parent}/services/hello`
  const get = () => call('Services/GetService', { name: name() })
  const replace = (body: object, more: object = {}) => call('Services/ReplaceService', { name: name(), service: body, ...more })
  const revisions = async (labelSelector = '') =>
    (await call('Revisions/ListRevisions', { parent, labelSelector })).items?.map(({ metadata }: any) => metadata.name) ?? []
  const setPolicy = (evaluationMode: string) =>
    emulator().call('binaryauthorization.v1', 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy', {
      policy: {
        name: `projects/${project}/policy`,
        defaultAdmissionRule: { evaluationMode, enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      },
    })
  const invalid = (path: string, why: string) => ({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`${path}: ${why}`),
    details: [expect.objectContaining({ fieldViolations: [expect.objectContaining({ field: path })] })],
  })

  test('a service is created, ready at once, with what production says of it', async () => {
    const created = await create(
      service({ labels: { tier: 'web' }, annotations: { team: 'a', [BINAUTHZ]: 'default' } }, { image: DIGEST }),
    )
    const { namespace } = created.metadata
    expect(namespace).toMatch(/^\d{12}$/)
    const revision = expect.stringMatching(/^hello-00001-[a-z0-9]{3}$/)
    const creator = `emulator@${project}.iam.gserviceaccount.com`
    const url = expect.stringMatching(/^https:\/\/hello-[a-z0-9]{10}-uc\.a\.run\.app$/)
    expect(created).toEqual({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: {
        name: 'hello',
        namespace,
        selfLink: `/apis/serving.knative.dev/v1/namespaces/${namespace}/services/hello`,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^[\w-]{11}$/),
        generation: 1,
        creationTimestamp: expect.stringMatching(/^2026-01-02T03:04:\d\d\.\d+Z$/),
        labels: { tier: 'web', 'cloud.googleapis.com/location': 'us-central1' },
        annotations: {
          team: 'a',
          [BINAUTHZ]: 'default',
          'run.googleapis.com/ingress': 'all',
          'run.googleapis.com/ingress-status': 'all',
          'run.googleapis.com/urls': expect.stringMatching(/^\["https:\/\/hello-.+"\]$/),
          'serving.knative.dev/creator': creator,
          'serving.knative.dev/lastModifier': creator,
        },
      },
      spec: {
        template: {
          metadata: { labels: { 'run.googleapis.com/startupProbeType': 'Default' } },
          spec: {
            containerConcurrency: 80,
            timeoutSeconds: 300,
            serviceAccountName: `${namespace}-compute@developer.gserviceaccount.com`,
            containers: [
              {
                image: DIGEST,
                ports: [{ name: 'http1', containerPort: 8080 }],
                resources: { limits: { cpu: '1000m', memory: '512Mi' } },
                startupProbe: { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port: 8080 } },
              },
            ],
          },
        },
        traffic: [{ latestRevision: true, percent: 100 }],
      },
      status: {
        observedGeneration: 1,
        conditions: ['Ready', 'ConfigurationsReady', 'RoutesReady'].map((type) => ({
          type,
          status: 'True',
          lastTransitionTime: expect.stringMatching(/Z$/),
        })),
        latestCreatedRevisionName: revision,
        latestReadyRevisionName: revision,
        traffic: [{ latestRevision: true, revisionName: revision, percent: 100 }],
        url,
        address: { url },
      },
    })
    expect(await get()).toEqual(created)
    expect((await call('Services/GetService', { name: `namespaces/${namespace}/services/hello` })).metadata.uid).toBe(
      created.metadata.uid,
    )
    const everywhere = { name: `projects/${project}/locations/us-central1/services/hello` }
    expect(await call('Services/GetService', everywhere)).toEqual(created)
  })

  test('it is the service of v2, and what that changes is seen here', async () => {
    await create(service({ annotations: { 'run.googleapis.com/new-thing': 'x' } }))
    const v2 = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.Services/${method}`, request)
    const nameInV2 = `projects/${project}/locations/us-central1/services/hello`
    const stored = await v2('GetService', { name: nameInV2 })
    expect(stored.annotations).toBeUndefined()
    expect(stored).not.toHaveProperty('internal')
    await v2('UpdateService', { service: { ...stored, description: 'Changed', ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY' } })
    expect((await get()).metadata.annotations).toMatchObject({
      'run.googleapis.com/description': 'Changed',
      'run.googleapis.com/ingress': 'internal',
      'run.googleapis.com/new-thing': 'x',
    })
  })

  test('what v2 has and v1 cannot say is shown as near as it can be, and can be put back', async () => {
    const secret = { name: 'A', valueSource: { secretKeyRef: { secret: 'projects/other/secrets/token', version: '1' } } }
    const template = { timeout: '10.5s', encryptionKeyShutdownDuration: '5400s', containers: [{ image, env: [secret] }] }
    const create = { parent: `projects/${project}/locations/us-central1`, serviceId: 'hello', service: { template } }
    await emulator().call('run.v2', 'google.cloud.run.v2.Services/CreateService', create)
    const shown = await get()
    expect(shown.spec.template.spec.timeoutSeconds).toBe(11)
    expect(shown.spec.template.metadata.annotations).toEqual({
      'run.googleapis.com/encryption-key-shutdown-hours': '2',
      'run.googleapis.com/secrets': 'token-of-other:projects/other/secrets/token',
    })
    expect((await replace(shown)).spec).toEqual(shown.spec)
  })

  test('an image is looked up by its name alone, whatever that is', async () => {
    await create(service({}, { image: 'constructor' }))
    const { items } = await call('Revisions/ListRevisions', { parent })
    expect(items[0].status).not.toHaveProperty('imageDigest')
  })

  test('what is got can be put as it is: nothing changes but generation and version, and no revision is made', async () => {
    await create(
      service(
        { annotations: { [BINAUTHZ]: 'default', 'run.googleapis.com/new-thing': 'x' } },
        { image: DIGEST, env: [{ name: 'A', value: '' }] },
      ),
    )
    const before = await get()
    const { metadata, spec, status } = await replace(before)
    expect(spec).toEqual(before.spec)
    expect(metadata).toEqual({
      ...before.metadata,
      generation: 2,
      resourceVersion: expect.not.stringMatching(before.metadata.resourceVersion),
    })
    expect(status).toMatchObject({ observedGeneration: 2, latestReadyRevisionName: before.status.latestReadyRevisionName })
    expect(await revisions()).toHaveLength(1)
  })

  test('a put replaces all: what is left out is as it is by default', async () => {
    await create(
      service({ labels: { tier: 'web' }, annotations: { [BINAUTHZ]: 'default', 'run.googleapis.com/new-thing': 'x' } }),
    )
    const { metadata } = await replace(service())
    expect(metadata.labels).toEqual({ 'cloud.googleapis.com/location': 'us-central1' })
    for (const key of [BINAUTHZ, 'run.googleapis.com/new-thing']) expect(metadata.annotations).not.toHaveProperty(key)
  })

  test('a put of an older version is refused, in the words of Cloud Run', async () => {
    const first = await create()
    const second = await replace(first)
    const message = /^Conflict for resource 'hello': version '\d+' was specified but current version is '\d+'\.$/
    await expect(replace(first)).rejects.toMatchObject({ code: 'ABORTED', message: expect.stringMatching(message) })
    expect((await get()).metadata.generation).toBe(2)
    await replace(service())
    await expect(replace({ ...second, metadata: { ...second.metadata, resourceVersion: 'AA' } })).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringContaining("version 'AA' was specified"),
    })
  })

  test('a second service of the name is refused, and so is another name, kind or namespace than that of the path', async () => {
    await create()
    await expect(create()).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: "Resource 'hello' already exists." })
    await expect(replace(service({ name: 'other' }))).rejects.toMatchObject(
      invalid('metadata.name', '"other" is not the name in the path'),
    )
    await expect(replace(service({ namespace: 'another-project' }))).rejects.toMatchObject(
      invalid('metadata.namespace', '"another-project"'),
    )
    await expect(replace({ ...service(), kind: 'Job' })).rejects.toMatchObject(invalid('kind', 'must be Service'))
    await expect(replace({ ...service(), apiVersion: 'v1' })).rejects.toMatchObject(invalid('apiVersion', 'must be serving'))
    await expect(create(service({ name: '' }))).rejects.toMatchObject(invalid('metadata.name', 'should be set'))
  })

  test('a field is refused under its name in v1', async () => {
    const template = (spec: object, metadata: object = {}) =>
      service({}, {}, { template: { metadata, spec: { containers: [{ image }], ...spec } } })
    for (const [path, body] of [
      ['spec.template', { ...service(), spec: {} }],
      ['spec.template.spec.containers[0].image', service({}, { image: '' })],
      ['spec.template.spec.timeoutSeconds', template({ timeoutSeconds: 4000 })],
      ['spec.template.spec.containerConcurrency', template({ containerConcurrency: 2000 })],
      ['spec.template.metadata.name', template({}, { name: 'other' })],
      ['spec.template.metadata.labels[a]', template({}, { labels: { a: '-' } })],
      [
        'spec.template.metadata.annotations[autoscaling.knative.dev/minScale]',
        template({}, { annotations: { 'autoscaling.knative.dev/minScale': '2', 'autoscaling.knative.dev/maxScale': '1' } }),
      ],
      ['spec.traffic', service({}, {}, { traffic: [{ latestRevision: true, percent: 50 }], template: service().spec.template })],
      ['metadata.labels[a]', service({ labels: { a: '-' } })],
      [`metadata.annotations[${BINAUTHZ}]`, service({ annotations: { [BINAUTHZ]: 'mine' } })],
      [`metadata.annotations[${BINAUTHZ}-breakglass]`, service({ annotations: { [`${BINAUTHZ}-breakglass`]: 'now' } })],
    ] as const)
      await expect(create(body), path).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`${path}: `),
      })
    await expect(create(service({}, { envFrom: [{ prefix: 'A' }] }))).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    await expect(create(service({ finalizers: ['a'] }))).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: 'Field service.metadata.finalizers is not supported by binauthz-emulator.',
    })
    await expect(get()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('with dryRun=all all is checked, and nothing is written', async () => {
    expect((await create(service(), { dryRun: 'all' })).metadata.name).toBe('hello')
    await expect(create(service({}, { image: '' }), { dryRun: 'all' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(get()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Resource 'hello' of kind 'SERVICE' in region '-' in project '${project}' does not exist`,
    })
    await create()
    await replace(service({}, { image: `${image}:2` }), { dryRun: 'all' })
    await call('Services/DeleteService', { name: name(), dryRun: 'all' })
    expect((await get()).metadata.generation).toBe(1)
    await expect(create(service(), { dryRun: 'some' })).rejects.toMatchObject(invalid('dryRun', 'must be all'))
  })

  test('a revision that Binary Authorization denies is listed beside the one that goes on serving, and says why', async () => {
    const optedIn = { annotations: { [BINAUTHZ]: 'default' } }
    const before = await create(service(optedIn, { image: DIGEST }))
    await setPolicy('ALWAYS_DENY')
    const denied = await replace(service(optedIn, { image: DIGEST, args: ['x'] }))
    const { latestCreatedRevisionName, latestReadyRevisionName, conditions, observedGeneration, traffic } = denied.status
    expect(latestReadyRevisionName).toBe(before.status.latestReadyRevisionName)
    expect(latestCreatedRevisionName).not.toBe(latestReadyRevisionName)
    expect(observedGeneration).toBe(2)
    expect(traffic).toEqual([{ latestRevision: true, percent: 100, revisionName: latestReadyRevisionName }])
    const message = `Revision ${latestCreatedRevisionName} uses an unauthorized container image. Container image '${DIGEST}' is not authorized by policy. Denied by an ALWAYS_DENY admission rule`
    const failed = { status: 'False', reason: 'ContainerImageUnauthorized', message }
    expect(conditions).toMatchObject([
      { type: 'Ready', ...failed },
      { type: 'ConfigurationsReady', ...failed },
      { type: 'RoutesReady', status: 'True' },
    ])
    const { items } = await call('Revisions/ListRevisions', { parent, labelSelector: 'serving.knative.dev/service = hello' })
    expect(items.map(({ metadata, status }: any) => [metadata.name, status.conditions[0].status])).toEqual([
      [latestCreatedRevisionName, 'False'],
      [latestReadyRevisionName, 'True'],
    ])
  })

  test('breakglass makes it serve, and what comes without it is judged again', async () => {
    await setPolicy('ALWAYS_DENY')
    const annotations = { [BINAUTHZ]: 'default', [`${BINAUTHZ}-breakglass`]: 'urgent' }
    const { metadata, status } = await create(service({ annotations }, { image: DIGEST }))
    expect(metadata.annotations).toMatchObject(annotations)
    expect(status.conditions[0]).toMatchObject({ type: 'Ready', status: 'True' })
    const next = await replace(service({ annotations: { [BINAUTHZ]: 'default' } }, { image: DIGEST, args: ['x'] }))
    expect(next.status.conditions[0]).toMatchObject({ status: 'False', reason: 'ContainerImageUnauthorized' })
  })

  test('Binary Authorization at the template, where it would do nothing, is refused', async () => {
    const metadata = { annotations: { [BINAUTHZ]: 'default' } }
    await expect(create(service({}, {}, { template: { metadata, spec: { containers: [{ image }] } } }))).rejects.toMatchObject(
      invalid(
        `spec.template.metadata.annotations[${BINAUTHZ}]`,
        `Annotation '${BINAUTHZ}' is not supported on resources of kind 'Revision'`,
      ),
    )
  })

  test('traffic is split between revisions, and tags have addresses', async () => {
    const first = await create()
    const { latestReadyRevisionName: one } = first.status
    const traffic = [
      { revisionName: one, percent: 90 },
      { latestRevision: true, percent: 10, tag: 'next' },
    ]
    const { spec, status } = await replace(
      service({}, { args: ['x'] }, { template: service({}, { args: ['x'] }).spec.template, traffic }),
    )
    expect(spec.traffic).toEqual(traffic)
    expect(status.traffic).toEqual([
      { revisionName: one, percent: 90 },
      {
        revisionName: status.latestReadyRevisionName,
        latestRevision: true,
        percent: 10,
        tag: 'next',
        url: expect.stringMatching(/^https:\/\/next---hello-/),
      },
    ])
    const both = [{ revisionName: one, latestRevision: true, percent: 100 }]
    await expect(replace(service({}, {}, { traffic: both, template: service().spec.template }))).rejects.toMatchObject(
      invalid('spec.traffic[0].revisionName', 'must be empty where latestRevision is true'),
    )
  })

  test('revisions say whose they are, what image runs in them and whether requests reach them', async () => {
    const { metadata, status } = await create(service({}, { image: DIGEST }))
    const [id] = await revisions()
    const revision = await call('Revisions/GetRevision', { name: `${parent}/revisions/${id}` })
    const route = await call('Routes/GetRoute', { name: `${parent}/routes/hello` })
    const configuration = await call('Configurations/GetConfiguration', { name: `${parent}/configurations/hello` })
    expect(revision).toMatchObject({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Revision',
      metadata: {
        name: id,
        namespace: metadata.namespace,
        generation: 1,
        labels: {
          'cloud.googleapis.com/location': 'us-central1',
          'serving.knative.dev/configuration': 'hello',
          'serving.knative.dev/configurationGeneration': '1',
          'serving.knative.dev/route': 'hello',
          'serving.knative.dev/service': 'hello',
          'serving.knative.dev/serviceUid': metadata.uid,
        },
        ownerReferences: [{ kind: 'Configuration', name: 'hello', uid: configuration.metadata.uid }],
      },
      spec: { containers: [{ image: DIGEST }] },
      status: { imageDigest: DIGEST, serviceName: 'hello', observedGeneration: 1 },
    })
    const active = { type: 'Active', status: 'True' }
    expect(revision.status.conditions).toEqual(expect.arrayContaining([expect.objectContaining(active)]))
    expect(configuration).toMatchObject({
      kind: 'Configuration',
      metadata: { ownerReferences: [{ kind: 'Service', uid: metadata.uid }] },
      status: { latestReadyRevisionName: id, conditions: [{ type: 'Ready', status: 'True' }] },
    })
    expect(route).toMatchObject({
      kind: 'Route',
      spec: { traffic: [{ latestRevision: true, percent: 100 }] },
      status: { url: status.url, conditions: [{ type: 'Ready', status: 'True' }] },
    })
    expect(new Set([metadata.uid, route.metadata.uid, configuration.metadata.uid, revision.metadata.uid]).size).toBe(4)
  })

  test('lists have pages, and labels select', async () => {
    for (const id of ['a', 'b', 'c']) await create(service({ name: id, labels: { tier: id === 'b' ? 'db' : 'web' } }))
    const list = (request: object) => call('Services/ListServices', { parent, ...request })
    const names = ({ items = [] }: any) => items.map(({ metadata }: any) => metadata.name)
    const all = await list({})
    expect(all).toMatchObject({ apiVersion: 'serving.knative.dev/v1', kind: 'ServiceList', metadata: {} })
    expect(names(all)).toEqual(['a', 'b', 'c'])
    const first = await list({ limit: 1, labelSelector: 'tier = web' })
    expect(names(first)).toEqual(['a'])
    const second = await list({ limit: 1, labelSelector: 'tier = web', continue: first.metadata.continue })
    expect([names(second), second.metadata]).toEqual([['c'], {}])
    await expect(list({ limit: 1, continue: first.metadata.continue })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(list({ watch: true })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('Field watch'),
    })
    for (const kind of ['Configuration', 'Route'])
      expect(names(await call(`${kind}s/List${kind}s`, { parent }))).toEqual(['a', 'b', 'c'])
    expect(await revisions('serving.knative.dev/service in (a, b)')).toHaveLength(2)
  })

  test('a service is deleted with its revisions, and a revision that does not serve by itself', async () => {
    const { metadata } = await create()
    await replace(service({}, { args: ['x'] }))
    const [latest, old] = await revisions()
    const remove = (id: string) => call('Revisions/DeleteRevision', { name: `${parent}/revisions/${id}` })
    expect(await remove(old)).toEqual({
      status: 'Success',
      details: { name: old, group: 'serving.knative.dev', kind: 'revisions', uid: expect.any(String) },
    })
    await expect(remove(latest)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(await revisions()).toEqual([latest])
    const deletion = { name: name(), propagationPolicy: 'Background', kind: 'Service', apiVersion: 'serving.knative.dev/v1' }
    expect(await call('Services/DeleteService', deletion)).toEqual({
      status: 'Success',
      details: { name: 'hello', group: 'serving.knative.dev', kind: 'services', uid: metadata.uid },
    })
    expect(await revisions()).toEqual([])
    for (const [method, kind] of [
      ['Services/GetService', 'services'],
      ['Revisions/GetRevision', 'revisions'],
      ['Routes/GetRoute', 'routes'],
    ])
      await expect(call(method!, { name: `${parent}/${kind}/${latest}` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('IAM policies are those of v2', async () => {
    await create()
    const resource = `projects/${project}/locations/us-central1/services/hello`
    const bindings = [{ role: 'roles/run.invoker', members: ['allUsers'] }]
    await emulator().call('run.v1', 'google.iam.v1.IAMPolicy/SetIamPolicy', { resource, policy: { bindings } })
    const policy = await emulator().call('run.v2', 'google.cloud.run.v2.Services/GetIamPolicy', { resource })
    expect(policy.bindings).toEqual(bindings)
  })

  test('locations are regions', async () => {
    const { body } = await emulator().http('GET', `/run/v1/projects/${project}/locations`)
    const ids = body.locations.map(({ locationId }: any) => locationId)
    expect(ids).toContain('europe-west2')
    expect(ids.filter((id: string) => !/^[a-z]+-[a-z]+\d+$/.test(id))).toEqual([])
  })
})

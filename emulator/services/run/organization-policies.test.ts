import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const CONSTRAINT = 'run.allowedBinaryAuthorizationPolicies'
const KEY = 'run.googleapis.com/binary-authorization'
const DIGEST = `sha256:${'a'.repeat(64)}`
const OURS = `europe-west1-docker.pkg.dev/my-app-prod/images/app@${DIGEST}`
const FOREIGN = `docker.io/evil/app@${DIGEST}`

describeTransports('organization policies on Cloud Run', (emulator) => {
  let count = 0
  let project = ''

  beforeEach(() => {
    project = `governed-${++count}`
  })

  const orgpolicy = (method: string, request: object) =>
    emulator().call('orgpolicy.v2', `google.cloud.orgpolicy.v2.OrgPolicy/${method}`, request)
  const setPolicy = (constraint: string, ...rules: object[]) =>
    orgpolicy('CreatePolicy', {
      parent: `projects/${project}`,
      policy: { name: `projects/${project}/policies/${constraint}`, spec: { rules } },
    })
  const allowed = (...allowedValues: string[]) => setPolicy(CONSTRAINT, { values: { allowedValues } })

  /** A custom constraint of an organization of its own, enforced in the project. */
  async function enforce(id: string, resourceType: string, condition: string, methodTypes = ['CREATE', 'UPDATE']) {
    const constraint = `custom.${id}${count}`
    const parent = `organizations/${count}`
    await orgpolicy('CreateCustomConstraint', {
      parent,
      customConstraint: {
        name: `${parent}/customConstraints/${constraint}`,
        resourceTypes: [`run.googleapis.com/${resourceType}`],
        methodTypes,
        condition,
        actionType: 'ALLOW',
        description: 'Images come from our own registry.',
      },
    })
    await setPolicy(constraint, { enforce: true })
    return constraint
  }

  const v2 = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)
  const v1 = (method: string, request: object) => emulator().call('run.v1', `google.cloud.run.v1.${method}`, request)
  const location = () => `projects/${project}/locations/us-central1`
  const namespace = () => `namespaces/${project}`

  const optIn = (policy?: string) => policy && { binaryAuthorization: policy === 'default' ? { useDefault: true } : { policy } }
  const service = (image: string, policy?: string) => ({ template: { containers: [{ image }] }, ...optIn(policy) })
  const job = (image: string, policy?: string) => ({ template: { template: { containers: [{ image }] } }, ...optIn(policy) })
  const metadata = (policy?: string) => ({ name: 'shop', ...(policy && { annotations: { [KEY]: policy } }) })
  const knativeService = (image: string, policy?: string) => ({
    metadata: metadata(policy),
    spec: { template: { spec: { containers: [{ image }] } } },
  })
  const knativeJob = (image: string, policy?: string) => ({
    metadata: metadata(policy),
    spec: { template: { spec: { template: { spec: { containers: [{ image }] } } } } },
  })

  /** Every way to write one: its name, how it is created, how it is replaced. */
  const WAYS = {
    'service in v2': {
      kind: 'Service',
      create: (image: string, policy?: string) =>
        v2('Services/CreateService', { parent: location(), serviceId: 'shop', service: service(image, policy) }),
      replace: (image: string, policy?: string) =>
        v2('Services/UpdateService', { service: { name: `${location()}/services/shop`, ...service(image, policy) } }),
      list: async () => (await v2('Services/ListServices', { parent: location() })).services ?? [],
    },
    'service in v1': {
      kind: 'Service',
      create: (image: string, policy?: string) =>
        v1('Services/CreateService', { parent: namespace(), service: knativeService(image, policy) }),
      replace: (image: string, policy?: string) =>
        v1('Services/ReplaceService', { name: `${namespace()}/services/shop`, service: knativeService(image, policy) }),
      list: async () => (await v1('Services/ListServices', { parent: namespace() })).items ?? [],
    },
    'job in v2': {
      kind: 'Job',
      create: (image: string, policy?: string) =>
        v2('Jobs/CreateJob', { parent: location(), jobId: 'shop', job: job(image, policy) }),
      replace: (image: string, policy?: string) =>
        v2('Jobs/UpdateJob', { job: { name: `${location()}/jobs/shop`, ...job(image, policy) } }),
      list: async () => (await v2('Jobs/ListJobs', { parent: location() })).jobs ?? [],
    },
    'job in v1': {
      kind: 'Job',
      create: (image: string, policy?: string) => v1('Jobs/CreateJob', { parent: namespace(), job: knativeJob(image, policy) }),
      replace: (image: string, policy?: string) =>
        v1('Jobs/ReplaceJob', { name: `${namespace()}/jobs/shop`, job: knativeJob(image, policy) }),
      list: async () => (await v1('Jobs/ListJobs', { parent: namespace() })).items ?? [],
    },
  }
  const each = Object.keys(WAYS) as (keyof typeof WAYS)[]

  const violated = (method: string, how: string) => ({
    code: 'FAILED_PRECONDITION',
    message: expect.stringMatching(
      `^Constraint constraints/${CONSTRAINT} violated for attempting ${method} with annotation "${KEY}" ${how}\\.`,
    ),
  })
  const decisions = async () => (await emulator().http('GET', `/_emulator/decisions?project=${project}`)).body.decisions

  test.each(each)('a %s that names no policy is refused where only some are allowed, and nothing is written', async (way) => {
    const { kind, create, list } = WAYS[way]
    await allowed('is:default')
    await expect(create(OURS)).rejects.toMatchObject(violated(`Create${kind}`, 'not set'))
    expect(await list()).toEqual([])
    const other = `projects/${project}/platforms/cloudRun/strict`
    await expect(create(OURS, other)).rejects.toMatchObject(violated(`Create${kind}`, `set to ${other}`))
    expect(await list()).toEqual([])
    await create(OURS, 'default')
    expect(await list()).toHaveLength(1)
  })

  test.each(each)('a %s may name the platform policy that is allowed, and not the default', async (way) => {
    const { kind, create } = WAYS[way]
    await allowed(`projects/${project}/platforms/cloudRun/policies/strict`)
    await expect(create(OURS, 'default')).rejects.toMatchObject(violated(`Create${kind}`, 'set to default'))
    await create(OURS, `projects/${project}/platforms/cloudRun/strict`)
  })

  test.each(each)('no %s is written where all values are denied; where all are allowed, every one is', async (way) => {
    const { create, list } = WAYS[way]
    await setPolicy(CONSTRAINT, { denyAll: true })
    for (const policy of [undefined, 'default'])
      await expect(create(OURS, policy)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(await list()).toEqual([])
    await orgpolicy('UpdatePolicy', {
      policy: { name: `projects/${project}/policies/${CONSTRAINT}`, spec: { rules: [{ allowAll: true }] } },
    })
    await create(OURS)
  })

  test.each(each)('a constraint reaches a %s that is there at its next update, whatever that changes', async (way) => {
    const { kind, create, replace, list } = WAYS[way]
    await create(OURS)
    const [before] = await list()
    await allowed('default')
    expect(await list()).toEqual([before])
    for (const image of [OURS, FOREIGN]) await expect(replace(image)).rejects.toMatchObject(violated(`Replace${kind}`, 'not set'))
    expect(await list()).toEqual([before])
    await replace(OURS, 'default')
    await expect(replace(OURS)).rejects.toMatchObject(violated(`Replace${kind}`, 'not set'))
  })

  test.each(each)('a custom constraint keeps images of other registries out of a %s', async (way) => {
    const { kind, create, replace, list } = WAYS[way]
    const path = kind === 'Service' ? 'resource.spec.template.spec' : 'resource.spec.template.spec.template.spec'
    const condition = `${path}.containers.all(c, c.image.startsWith("europe-west1-docker.pkg.dev/my-app-prod/"))`
    const constraint = await enforce('onlyOurImages', kind, condition)
    const refusal = {
      code: 'FAILED_PRECONDITION',
      message: `Operation denied by custom org policy on resource '${location()}/${kind.toLowerCase()}s/shop': ["customConstraints/${constraint}": "Images come from our own registry."].`,
    }
    await expect(create(FOREIGN)).rejects.toMatchObject(refusal)
    expect(await list()).toEqual([])
    await create(OURS)
    const [before] = await list()
    await expect(replace(FOREIGN)).rejects.toMatchObject(refusal)
    expect(await list()).toEqual([before])
  })

  test.each(each)('a custom constraint sees how a %s opts in as v1 has it: by annotation', async (way) => {
    const { kind, create } = WAYS[way]
    await enforce('optIn', kind, `resource.metadata.annotations["${KEY}"] == "default"`)
    await expect(create(OURS)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await create(OURS, 'default')
  })

  test.each(each)('a custom constraint on CREATE alone does not keep a %s from being updated', async (way) => {
    const { kind, create, replace } = WAYS[way]
    await create(OURS)
    await enforce('neverAgain', kind, 'resource.metadata.name == "another"', ['CREATE'])
    await replace(FOREIGN)
  })

  test('what a constraint refuses is not judged: Binary Authorization decides of the rest', async () => {
    const defaultAdmissionRule = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    await emulator().call(
      'binaryauthorization.v1',
      'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy',
      { policy: { name: `projects/${project}/policy`, defaultAdmissionRule } },
    )
    await enforce('onlyOurImages', 'Service', 'resource.spec.template.spec.containers.all(c, c.image.startsWith("europe-"))')
    const { create } = WAYS['service in v2']
    await expect(create(FOREIGN, 'default')).rejects.toMatchObject({ message: expect.stringContaining('custom org policy') })
    expect(await decisions()).toEqual([])
    await create(OURS, 'default')
    expect(await decisions()).toMatchObject([{ verdict: 'DENIED', source: 'CloudRun' }])
  })

  test('a request that is only checked is refused as well, and so is one that moves traffic alone', async () => {
    await WAYS['service in v2'].create(OURS)
    await allowed('default')
    const checked = { parent: location(), serviceId: 'another', service: service(OURS), validateOnly: true }
    await expect(v2('Services/CreateService', checked)).rejects.toMatchObject(violated('CreateService', 'not set'))
    const name = `${location()}/services/shop`
    const [{ name: revision }] = (await v2('Revisions/ListRevisions', { parent: name })).revisions
    const traffic = [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: revision.split('/').at(-1), percent: 100 }]
    const moved = { service: { name, traffic }, updateMask: 'traffic' }
    await expect(v2('Services/UpdateService', moved)).rejects.toMatchObject(violated('ReplaceService', 'not set'))
    await v2('Services/UpdateService', {
      service: { name, ...optIn('default'), traffic },
      updateMask: 'traffic,binaryAuthorization',
    })
  })

  test('a job that is there can be run and deleted: only writes are asked about', async () => {
    await WAYS['job in v2'].create(OURS)
    await setPolicy(CONSTRAINT, { denyAll: true })
    const name = `${location()}/jobs/shop`
    const { metadata } = await v2('Jobs/RunJob', { name })
    expect(await v2('Executions/GetExecution', { name: metadata.name })).toMatchObject({ succeededCount: 1 })
    await v2('Jobs/DeleteJob', { name })
  })
})

// What the Binary Authorization of a GKE cluster has to say to its admission.
import { beforeEach, expect, test } from 'vitest'
import { describeTransports, startTestEmulator } from '../../testing/emulator.ts'
import { podReview } from '../../testing/pod-review.ts'

const IMAGE = 'nginx:1.27'
const OFF = (cluster: string) => `Binary Authorization is disabled on cluster ${cluster}: no image is evaluated.`
const BINDINGS = (cluster: string) =>
  `Binary Authorization of cluster ${cluster} is continuous validation alone: no image is evaluated, and its policy bindings are stored and not evaluated.`

describeTransports('the admission of a cluster', (emulator) => {
  let count = 0
  let project = ''

  const manager = (method: string, request: object, version = 'v1beta1') =>
    emulator().call(`container.${version}`, `google.container.${version}.ClusterManager/${method}`, request)

  const clusterName = (location: string, id: string) => `projects/${project}/locations/${location}/clusters/${id}`

  const create = (binaryAuthorization?: object, { location = 'europe-west2', id = 'prod', version = 'v1beta1' } = {}) =>
    manager(
      'CreateCluster',
      {
        parent: `projects/${project}/locations/${location}`,
        cluster: { name: id, initialNodeCount: 1, ...(binaryAuthorization && { binaryAuthorization }) },
      },
      version,
    )

  const post = (body: object, location = 'europe-west2', id = 'prod') =>
    emulator().http('POST', `/admission/projects/${project}/locations/${location}/clusters/${id}`, body)

  const admit = async (location?: string, id?: string, change: object = {}) =>
    (await post(podReview([IMAGE], change), location, id)).body.response

  const latestDecision = async () =>
    (await emulator().http('GET', `/_emulator/decisions?project=${project}&limit=1`)).body.decisions[0]

  // a policy that denies everything
  beforeEach(async () => {
    project = `cluster-admission-${++count}`
    await emulator().call(
      'binaryauthorization.v1',
      'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy',
      {
        policy: {
          name: `projects/${project}/policy`,
          defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
        },
      },
    )
  })

  const policyBindings = [{ name: 'projects/p/platforms/gke/policies/x' }]

  test('a cluster that nobody has created evaluates the policy, so that kind and k3s need no resource of GKE', async () => {
    expect(await admit()).toMatchObject({ allowed: false })
  })

  test.each([
    ['PROJECT_SINGLETON_POLICY_ENFORCE', { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' }],
    ['the deprecated enabled', { enabled: true }],
    ['a mode beside enabled: false', { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE', enabled: false }],
    [
      'policy bindings and the policy of the project',
      { evaluationMode: 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE', policyBindings },
    ],
  ])('a cluster with %s evaluates the policy', async (_, binaryAuthorization) => {
    await create(binaryAuthorization)
    const response = await admit()
    expect(response).toMatchObject({ allowed: false, status: { reason: 'VIOLATES_POLICY' } })
    expect(response.warnings).toBeUndefined()
    expect((await latestDecision()).images[0].decidedBy).toBe('ADMISSION_RULE')
  })

  test.each([
    ['DISABLED', { evaluationMode: 'DISABLED' }, 'DISABLED', OFF],
    ['no Binary Authorization', undefined, 'DISABLED', OFF],
    ['an empty one', {}, 'DISABLED', OFF],
    ['the deprecated enabled: false', { enabled: false }, 'DISABLED', OFF],
    ['DISABLED beside enabled: true', { evaluationMode: 'DISABLED', enabled: true }, 'DISABLED', OFF],
    ['policy bindings alone', { evaluationMode: 'POLICY_BINDINGS', policyBindings }, 'POLICY_BINDINGS', BINDINGS],
  ])('a cluster with %s lets everything in, and says so', async (_, binaryAuthorization, evaluationMode, says) => {
    await create(binaryAuthorization)
    const why = says('europe-west2.prod')
    expect(await admit()).toEqual({ uid: 'u', allowed: true, warnings: [why] })
    expect(why.length).toBeLessThanOrEqual(256) // an API server cuts what is longer
    expect(await latestDecision()).toMatchObject({
      verdict: 'ALLOWED',
      allowed: true,
      cluster: 'europe-west2.prod',
      pod: 'app',
      images: [
        {
          image: IMAGE,
          allowed: true,
          decidedBy: 'CLUSTER',
          steps: [{ step: 'CLUSTER', result: 'NOT_EVALUATED', evaluationMode, why }],
        },
      ],
    })
  })

  test('an update of the cluster counts at the next review, also for images that were allowed before', async () => {
    await create({ evaluationMode: 'DISABLED' })
    const update = (desiredBinaryAuthorization: object, version?: string) =>
      manager('UpdateCluster', { name: clusterName('europe-west2', 'prod'), update: { desiredBinaryAuthorization } }, version)
    expect(await admit()).toMatchObject({ allowed: true })
    await update({ evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' }, 'v1')
    expect(await admit()).toMatchObject({ allowed: false })
    await update({ evaluationMode: 'POLICY_BINDINGS', policyBindings })
    expect(await admit()).toMatchObject({ allowed: true })
    await update({ enabled: true }, 'v1alpha1')
    expect(await admit()).toMatchObject({ allowed: false })
    await update({ enabled: false }, 'v1')
    expect(await admit()).toMatchObject({ allowed: true })
  })

  test('a deleted cluster is one that nobody has created', async () => {
    await create({ evaluationMode: 'DISABLED' })
    expect(await admit()).toMatchObject({ allowed: true })
    await manager('DeleteCluster', { name: clusterName('europe-west2', 'prod') })
    expect(await admit()).toMatchObject({ allowed: false })
  })

  test('a cluster is itself alone: neither its name elsewhere nor another project’s has its mode', async () => {
    await create({ evaluationMode: 'DISABLED' }, { location: 'us-central1-a' })
    expect(await admit('us-central1-a')).toMatchObject({ allowed: true })
    for (const [location, id] of [
      ['us-central1', 'prod'],
      ['us-central1-b', 'prod'],
      ['us-central1-a', 'other'],
      ['global', 'prod'],
    ] as const)
      expect(await admit(location, id), `${location} ${id}`).toMatchObject({ allowed: false })
    const { body } = await emulator().http(
      'POST',
      '/admission/projects/another-project/locations/us-central1-a/clusters/prod',
      podReview([IMAGE]),
    )
    expect(body.response).toEqual({ uid: 'u', allowed: true }) // by its own policy, the default one
  })

  test('a project may be named by its number', async () => {
    const { targetLink } = await create({ evaluationMode: 'DISABLED' })
    const number = /projects\/(\d+)\//.exec(targetLink)?.[1]
    const path = `/admission/projects/${number}/locations/europe-west2/clusters/prod`
    const { body } = await emulator().http('POST', path, podReview([IMAGE]))
    expect(body.response.warnings).toEqual([OFF('europe-west2.prod')])
  })

  test('`-` and what is no location stay refused', async () => {
    await create({ evaluationMode: 'DISABLED' })
    for (const location of ['-', 'europe', 'europe-west2-'])
      expect((await post(podReview([IMAGE]), location)).status, location).toBe(400)
  })

  test('an ImageReview is answered by the same mode', async () => {
    const review = { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', spec: { containers: [{ image: IMAGE }] } }
    expect((await post(review)).body.status).toMatchObject({ allowed: false })
    await create({ evaluationMode: 'DISABLED' })
    expect((await post(review)).body.status).toEqual({ allowed: true })
    expect((await latestDecision()).images[0]).toMatchObject({ decidedBy: 'CLUSTER', allowed: true })
  })

  test('where nothing is evaluated there is no glass to break, and no audit filter finds anything', async () => {
    await create({ evaluationMode: 'DISABLED' })
    const change = { metadata: { labels: { 'image-policy.k8s.io/break-glass': 'true' } } }
    expect(await admit('europe-west2', 'prod', change)).toEqual({ uid: 'u', allowed: true, warnings: [OFF('europe-west2.prod')] })
    expect((await latestDecision()).verdict).toBe('ALLOWED')
    const read = (filter: string) =>
      emulator().call('logging.v2', 'google.logging.v2.LoggingServiceV2/ListLogEntries', {
        resourceNames: [`projects/${project}`],
        filter,
      })
    expect((await read('"image-policy.k8s.io/break-glass"')).entries ?? []).toEqual([])
    expect((await read('protoPayload.response.status="Failure"')).entries ?? []).toEqual([])
    expect((await read('resource.type="k8s_cluster"')).entries).toHaveLength(1)
  })

  test('other kinds than Pods are admitted without a word', async () => {
    await create({ evaluationMode: 'DISABLED' })
    const deployment = { kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, object: { kind: 'Deployment' } }
    expect(await admit('europe-west2', 'prod', deployment)).toEqual({ uid: 'u', allowed: true })
  })

  test('a Pod whose images cannot be read is refused in any mode', async () => {
    await create({ evaluationMode: 'DISABLED' })
    expect((await post(podReview([], { spec: { containers: [] } }))).status).toBe(400)
  })

  test('explain says that the cluster decides', async () => {
    const explain = async () => {
      const question = { project, image: IMAGE, cluster: 'europe-west2.prod' }
      return (await emulator().http('POST', '/_emulator/decisions:explain', question)).body
    }
    expect((await explain()).verdict).toBe('DENIED')
    await create({ evaluationMode: 'DISABLED' })
    const { verdict, explanation } = await explain()
    expect(verdict).toBe('ALLOWED')
    expect(explanation).toContain(`  · ${OFF('europe-west2.prod')} ← decided`)
  })
})

test('a cluster counts from the moment of its creation to that of its deletion, whatever is shown of its operations', async () => {
  const emulator = await startTestEmulator({ operationDelay: '60s' })
  try {
    const parent = 'projects/my-app-prod/locations/europe-west2'
    const manager = (method: string, request: object) =>
      emulator.call('container.v1', `google.container.v1.ClusterManager/${method}`, request)
    const warnings = async () =>
      (await emulator.http('POST', `/admission/${parent}/clusters/prod`, podReview([IMAGE]))).body.response.warnings
    expect(await warnings()).toBeUndefined()
    await manager('CreateCluster', { parent, cluster: { name: 'prod', initialNodeCount: 1 } })
    expect(await warnings()).toEqual([OFF('europe-west2.prod')])
    emulator.clock.advance(60_000)
    await manager('DeleteCluster', { name: `${parent}/clusters/prod` })
    expect((await manager('GetCluster', { name: `${parent}/clusters/prod` })).status).toBe('STOPPING')
    expect(await warnings()).toBeUndefined()
  } finally {
    await emulator.close()
  }
})

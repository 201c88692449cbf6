// The filters are those of https://cloud.google.com/binary-authorization/docs/viewing-audit-logs.
import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const LOGGING = 'google.logging.v2.LoggingServiceV2'
const WEBHOOK = 'imagepolicywebhook.image-policy.k8s.io'
const IMAGE = `europe-west2-docker.pkg.dev/my-app-prod/images/app@sha256:${'a'.repeat(64)}`

const COMMON = `resource.type="k8s_cluster"
logName:"cloudaudit.googleapis.com%2Factivity"
(protoPayload.methodName="io.k8s.core.v1.pods.create" OR
 protoPayload.methodName="io.k8s.core.v1.pods.update")`
const BLOCKED = `${COMMON}
protoPayload.response.status="Failure"
(protoPayload.response.reason="VIOLATES_POLICY" OR
protoPayload.response.reason="Forbidden")`
const BREAK_GLASS = `${COMMON} AND
"image-policy.k8s.io/break-glass"`
const DRY_RUN = `${COMMON}
labels."${WEBHOOK}/dry-run"="true"`
const FAIL_OPEN = `${COMMON}
("image-policy.k8s.io/failed-open" OR
 "${WEBHOOK}/failed-open" OR
 "failed-open.validating.webhook.admission.k8s.io")`

describeTransports('audit entries', (emulator) => {
  let count = 0
  let project = ''

  // a project of its own for each test, so that none sees what another wrote
  beforeEach(() => {
    project = `audit-log-${++count}`
  })

  const setRule = (evaluationMode: string, enforcementMode = 'ENFORCED_BLOCK_AND_AUDIT_LOG') =>
    emulator().call('binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, {
      policy: { name: `projects/${project}/policy`, defaultAdmissionRule: { evaluationMode, enforcementMode } },
    })
  const post = async (body: unknown) => {
    const answer = await emulator().http('POST', `/admission/projects/${project}/locations/us-central1/clusters/prod`, body)
    expect(answer.status).toBe(200)
    return answer.body
  }
  const admit = (name: string, metadata: object = {}, request: object = {}) =>
    post({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: name,
        kind: { group: '', version: 'v1', kind: 'Pod' },
        operation: 'CREATE',
        namespace: 'team-1',
        userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
        object: { metadata: { name, ...metadata }, spec: { containers: [{ name: 'app', image: IMAGE }] } },
        ...request,
      },
    })
  const reviewImages = (annotations?: object, image = IMAGE) =>
    post({
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      kind: 'ImageReview',
      spec: { containers: [{ image }], namespace: 'team-1', annotations },
    })
  // the policies are written in the same project, and have entries of their own
  const read = async (filter = 'protoPayload.serviceName="k8s.io"', name = project) => {
    const { entries = [] } = await emulator().call('logging.v2', `${LOGGING}/ListLogEntries`, {
      resourceNames: [`projects/${name}`],
      filter,
    })
    return entries
  }
  /** Names of the Pods whose entries a filter finds; `pods` for an entry without a name. */
  const found = async (filter: string) =>
    (await read(filter)).map(({ protoPayload }: any) => protoPayload.resourceName.split('/').at(-1))

  const breakGlass = { labels: { 'image-policy.k8s.io/break-glass': 'true' } }
  const oldBreakGlass = { annotations: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }

  test('the documented filters find blocked, dry-run and break-glass decisions, and no others', async () => {
    await admit('allowed')
    await admit('allowed-break-glass', breakGlass)
    await setRule('ALWAYS_DENY')
    await admit('denied')
    await admit('denied-update', {}, { operation: 'UPDATE' })
    await admit('denied-ephemeral', {}, { operation: 'UPDATE', subResource: 'ephemeralcontainers' })
    await admit('break-glass', breakGlass)
    await admit('old-break-glass', oldBreakGlass, { operation: 'UPDATE' })
    await reviewImages()
    await reviewImages(oldBreakGlass.annotations)
    await setRule('ALWAYS_DENY', 'DRYRUN_AUDIT_LOG_ONLY')
    await admit('dry-run')
    await admit('dry-run-break-glass', breakGlass)
    await setRule('ALWAYS_ALLOW', 'DRYRUN_AUDIT_LOG_ONLY')
    await admit('dry-run-allowed')

    expect(await found(BLOCKED)).toEqual(['denied', 'denied-update', 'ephemeralcontainers', 'pods'])
    const open = ['allowed-break-glass', 'break-glass', 'old-break-glass', 'pods', 'dry-run-break-glass']
    expect(await found(BREAK_GLASS)).toEqual(open)
    expect(await found(`labels."${WEBHOOK}/break-glass"="true"`)).toEqual(open)
    expect(await found(DRY_RUN)).toEqual(['dry-run'])
    expect(await found(FAIL_OPEN)).toEqual([])
    expect(await read(COMMON)).toHaveLength(12)
  })

  test.each([
    ['another value', { labels: { 'image-policy.k8s.io/break-glass': 'yes' } }],
    ['the boolean true', { labels: { 'image-policy.k8s.io/break-glass': true } }],
    ['the label as an annotation', { annotations: { 'image-policy.k8s.io/break-glass': 'true' } }],
    ['the annotation as a label', { labels: { 'alpha.image-policy.k8s.io/break-glass': 'true' } }],
    [
      'what kubectl applied',
      {
        labels: { 'image-policy.k8s.io/break-glass': '' },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"labels":{"image-policy.k8s.io/break-glass":""}}' },
      },
    ],
    ['who manages the field', { managedFields: [{ fieldsV1: { 'f:labels': { 'f:image-policy.k8s.io/break-glass': {} } } }] }],
  ])('%s asks for break-glass in vain, and its filter does not find it', async (_, metadata) => {
    const { labels = {}, annotations = {}, ...rest } = metadata as Record<string, object>
    const tried = { ...rest, labels: { app: 'x', ...labels }, annotations: { note: 'y', ...annotations } }
    await setRule('ALWAYS_DENY')
    await admit('denied', tried)
    await setRule('ALWAYS_DENY', 'DRYRUN_AUDIT_LOG_ONLY')
    await admit('dry-run', tried)
    expect(await found(BREAK_GLASS)).toEqual([])
    expect(await found(BLOCKED)).toEqual(['denied'])
    expect(await found(DRY_RUN)).toEqual(['dry-run'])
    expect(
      await found('protoPayload.request.metadata.labels.app="x" protoPayload.request.metadata.annotations.note="y"'),
    ).toHaveLength(2)
  })

  test('a Pod that is denied has the audit entry of GKE', async () => {
    await setRule('ALWAYS_DENY')
    await admit('app', { labels: { tier: 'web' }, managedFields: [{ manager: 'kubectl' }] })
    const message = `admission webhook "${WEBHOOK}" denied the request: Image ${IMAGE} denied by Binary Authorization default admission rule. Denied by always_deny admission rule`
    const [entry] = await read()
    const resource = 'core/v1/namespaces/team-1/pods/app'
    expect(entry).toEqual({
      logName: `projects/${project}/logs/cloudaudit.googleapis.com%2Factivity`,
      resource: { type: 'k8s_cluster', labels: { cluster_name: 'prod', location: 'us-central1', project_id: project } },
      timestamp: expect.stringMatching(/^2026-01-02T.*Z$/),
      receiveTimestamp: expect.stringMatching(/^2026-01-02T.*Z$/),
      insertId: expect.any(String),
      labels: { 'authorization.k8s.io/decision': 'allow' },
      operation: { id: entry.insertId, producer: 'k8s.io', first: true, last: true },
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: 'k8s.io',
        methodName: 'io.k8s.core.v1.pods.create',
        resourceName: resource,
        authenticationInfo: { principalEmail: 'system:serviceaccount:kube-system:replicaset-controller' },
        authorizationInfo: [{ granted: true, permission: 'io.k8s.core.v1.pods.create', resource }],
        status: { code: 3, message },
        request: {
          '@type': 'core.k8s.io/v1.Pod',
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'app', namespace: 'team-1', labels: { tier: 'web' } },
          spec: { containers: [{ name: 'app', image: IMAGE }] },
        },
        response: {
          '@type': 'core.k8s.io/v1.Status',
          apiVersion: 'v1',
          kind: 'Status',
          metadata: {},
          status: 'Failure',
          message,
          reason: 'VIOLATES_POLICY',
          details: { kind: 'Pod', causes: [{ reason: `'${IMAGE}' : Denied by an ALWAYS_DENY admission rule\n` }] },
          code: 400,
        },
      },
    })
  })

  test('a Pod that is admitted has an entry without response; dry run and break-glass have what they overrode', async () => {
    await admit('allowed')
    await setRule('ALWAYS_DENY')
    await admit('broken', breakGlass)
    await setRule('ALWAYS_DENY', 'DRYRUN_AUDIT_LOG_ONLY')
    await admit('dry')
    const [allowed, broken, dry] = await read()
    expect(allowed.labels).toEqual({ 'authorization.k8s.io/decision': 'allow' })
    for (const { protoPayload } of [allowed, broken, dry]) {
      expect(protoPayload.status).toEqual({})
      expect(protoPayload).not.toHaveProperty('response')
    }
    const result = { [`${WEBHOOK}/overridden-verification-result`]: `'${IMAGE}' : Denied by an ALWAYS_DENY admission rule\n` }
    expect(broken.labels).toEqual({ ...allowed.labels, [`${WEBHOOK}/break-glass`]: 'true', ...result })
    expect(broken.protoPayload.request.metadata.labels).toEqual(breakGlass.labels)
    expect(dry.labels).toEqual({ ...allowed.labels, [`${WEBHOOK}/dry-run`]: 'true', ...result })
  })

  test('an ImageReview that is denied has the entry of its time: Forbidden', async () => {
    await setRule('ALWAYS_DENY')
    await reviewImages({ 'x.image-policy.k8s.io/ticket': '1' })
    const [{ protoPayload }] = await read()
    expect(protoPayload).toMatchObject({
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/team-1/pods',
      status: { code: 7, message: 'Forbidden' },
      request: {
        '@type': 'core.k8s.io/v1.Pod',
        metadata: { namespace: 'team-1', annotations: { 'x.image-policy.k8s.io/ticket': '1' } },
        spec: { containers: [{ image: IMAGE }] },
      },
      response: {
        '@type': 'core.k8s.io/v1.Status',
        status: 'Failure',
        message:
          'image policy webhook backend denied one or more images: Denied by default admission rule. Overridden by evaluation mode',
        reason: 'Forbidden',
        details: { kind: 'pods' },
        code: 403,
      },
    })
    expect(protoPayload).not.toHaveProperty('authenticationInfo')
  })

  test('a Pod that is still to get its name is asked for without one', async () => {
    await admit('x', { name: undefined, generateName: 'app-5d9c-' })
    const [{ protoPayload }] = await read()
    expect(protoPayload.resourceName).toBe('core/v1/namespaces/team-1/pods')
  })

  test('a decision names its entry', async () => {
    await admit('app')
    const { body } = await emulator().http('GET', `/_emulator/decisions?project=${project}`)
    const [entry] = await read(`insertId="${body.decisions[0].insertId}"`)
    expect(entry.timestamp).toBe(body.decisions[0].time)
    expect(body.decisions).toHaveLength(1)
  })

  test('what is no Pod has no entry', async () => {
    await admit('app', {}, { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } })
    await admit('app', {}, { operation: 'DELETE', object: null })
    expect(await read()).toEqual([])
  })

  test.each([
    ['over 100 KiB', { annotations: { note: 'x'.repeat(100 * 1024) } }],
    ['nested too deep for an AuditLog', { annotations: JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`) }],
  ])('a Pod %s is left out of its entry, which says so and is found', async (_, metadata) => {
    await setRule('ALWAYS_DENY')
    await admit('app', metadata)
    const [entry] = await read(BLOCKED)
    expect(entry.labels).toMatchObject({ 'audit.k8s.io/truncated': 'true' })
    expect(entry.protoPayload).not.toHaveProperty('request')
  })

  test('whatever a client sends, its entry can be read', async () => {
    await setRule('ALWAYS_DENY')
    const odd = '\ufffe"\u0000\\'
    const spec = { containers: [{ image: odd }] }
    const inherited = { toString: 1, ['__proto__']: { a: 1 } }
    for (const [metadata, username] of [
      [null, odd],
      [{ name: odd, labels: [odd], annotations: odd }, 1],
      [{ labels: { a: inherited }, annotations: inherited }, inherited],
      [inherited, [null]],
    ])
      await admit('x', {}, { object: { metadata, spec }, name: odd, namespace: odd, subResource: odd, userInfo: { username } })
    await reviewImages(JSON.parse(`{"a": ${'['.repeat(20)}${']'.repeat(20)}, "b": -0}`), odd)
    expect(await read(BLOCKED)).toHaveLength(5)
  })
})

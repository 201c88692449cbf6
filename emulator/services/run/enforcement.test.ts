import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const REASON = 'No attestations found that were valid and signed by a key trusted by the attestor'
const LATEST = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('Binary Authorization of Cloud Run', (emulator) => {
  let count = 0
  let project = ''
  let repository = ''
  let image = ''
  let attested = ''
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  const binauthz = (method: string, request: object) =>
    emulator().call('binaryauthorization.v1', `${BINAUTHZ}/${method}`, request)
  const call = (method: string, request: object) => emulator().call('run.v2', `google.cloud.run.v2.${method}`, request)

  // a project of its own for each test, with one attestor and one attested digest
  beforeEach(async () => {
    project = `enforced-${++count}`
    repository = `europe-west1-docker.pkg.dev/${project}/images/app`
    image = `${repository}@${digestOf('good')}`
    attested = digestOf('good')
    const note = `projects/${project}/notes/qa`
    await emulator().call('containeranalysis.v1', 'grafeas.v1.Grafeas/CreateNote', {
      parent: `projects/${project}`,
      noteId: 'qa',
      note: { attestation: { hint: { humanReadableName: 'qa' } } },
    })
    const publicKeyPem = key.publicKey.export({ type: 'spki', format: 'pem' })
    await binauthz('CreateAttestor', {
      parent: `projects/${project}`,
      attestorId: 'qa',
      attestor: {
        userOwnedGrafeasNote: {
          noteReference: note,
          publicKeys: [{ id: 'k', pkixPublicKey: { publicKeyPem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }],
        },
      },
    })
    await emulator().call('artifactregistry.v1', 'google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository', {
      parent: `projects/${project}/locations/europe-west1`,
      repositoryId: 'images',
      repository: { format: 'DOCKER' },
    })
    await attest(attested)
    await setRule({ evaluationMode: 'REQUIRE_ATTESTATION', requireAttestationsBy: [`projects/${project}/attestors/qa`] })
  })

  async function attest(digest: string) {
    const payload = JSON.stringify({
      critical: {
        identity: { 'docker-reference': repository },
        image: { 'docker-manifest-digest': digest },
        type: 'Google cloud binauthz container signature',
      },
    })
    const signature = sign('sha256', Buffer.from(payload), key.privateKey).toString('base64')
    await emulator().call('containeranalysis.v1', 'grafeas.v1.Grafeas/CreateOccurrence', {
      parent: `projects/${project}`,
      occurrence: {
        noteName: `projects/${project}/notes/qa`,
        resourceUri: `https://${repository}@${digest}`,
        attestation: {
          serializedPayload: Buffer.from(payload).toString('base64'),
          signatures: [{ publicKeyId: 'k', signature }],
        },
      },
    })
  }

  const setRule = (rule: object, policy: object = {}) =>
    binauthz('UpdatePolicy', {
      policy: {
        name: `projects/${project}/policy`,
        defaultAdmissionRule: { enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG', ...rule },
        ...policy,
      },
    })

  const register = (digest: string, more: object = {}) =>
    emulator().http('POST', '/_emulator/images', { image: repository, digest, ...more })

  const parent = () => `projects/${project}/locations/europe-west1`
  const nameOf = (id: string) => `${parent()}/services/${id}`
  const OPT_IN = { binaryAuthorization: { useDefault: true } }

  const serviceOf = (images: string | string[], more: object = {}) => ({
    template: {
      containers: [images]
        .flat()
        .map((image, index) => ({ image, name: `c${index}`, ...(index === 0 && { ports: [{ containerPort: 8080 }] }) })),
    },
    ...OPT_IN,
    ...more,
  })

  /** Carries the operation out, and returns the service as it is then, with what the operation ended with. */
  async function finished(id: string, started: { name: string }) {
    const { error } = await emulator().call('run.v2', 'google.longrunning.Operations/GetOperation', { name: started.name })
    return { ...(await call('Services/GetService', { name: nameOf(id) })), error }
  }
  const create = async (id: string, service: object) =>
    finished(id, await call('Services/CreateService', { parent: parent(), serviceId: id, service }))
  const update = async (id: string, service: object, request: object = {}) =>
    finished(id, await call('Services/UpdateService', { service: { name: nameOf(id), ...service }, ...request }))

  const revisionsOf = async (id: string) => (await call('Revisions/ListRevisions', { parent: nameOf(id) })).revisions
  const ready = ({ conditions }: any) => conditions.find(({ type }: any) => type === 'Ready')
  const conditionOf = ({ conditions }: any, type: string) => conditions.find((each: any) => each.type === type)
  const idOf = (name: string) => name.split('/').at(-1)!
  const decisions = async () => (await emulator().http('GET', `/_emulator/decisions?project=${project}`)).body.decisions

  const denial = (image: string) =>
    `Container image '${image}' is not authorized by policy. Image ${image} denied by attestor projects/${project}/attestors/qa: ${REASON}`
  const unattested = () => `${repository}@${digestOf('bad')}`

  test('an attested digest becomes ready', async () => {
    const service = await create('good', serviceOf(image))
    expect(service).toMatchObject({ terminalCondition: { state: 'CONDITION_SUCCEEDED' }, trafficStatuses: [LATEST] })
    expect(service.latestReadyRevision).toBe(service.latestCreatedRevision)
    expect(await decisions()).toMatchObject([
      {
        source: 'CloudRun',
        platform: 'cloudRun',
        verdict: 'ALLOWED',
        resource: service.latestReadyRevision,
        location: 'europe-west1',
      },
    ])
  })

  test('without opting in the policy governs nothing, and nothing is decided', async () => {
    for (const [id, settings] of Object.entries({ none: {}, off: { binaryAuthorization: { useDefault: false } } })) {
      const service = await create(id, { ...serviceOf(unattested()), binaryAuthorization: undefined, ...settings })
      expect(service.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    }
    expect(await decisions()).toEqual([])
  })

  test('a denied revision is listed and not ready; the operation ends with FAILED_PRECONDITION', async () => {
    const service = await create('denied', serviceOf(unattested()))
    const revision = idOf(service.latestCreatedRevision)
    const message = `Revision ${revision} uses an unauthorized container image. ${denial(unattested())}`
    expect(service.error).toEqual({ code: 9, message })
    expect(service.terminalCondition).toMatchObject({
      type: 'Ready',
      state: 'CONDITION_FAILED',
      reason: 'CONTAINER_IMAGE_UNAUTHORIZED',
      message,
    })
    expect(conditionOf(service, 'ConfigurationsReady')).toMatchObject({ state: 'CONDITION_FAILED', message })
    expect(conditionOf(service, 'RoutesReady')).toMatchObject({ state: 'CONDITION_FAILED', message })
    for (const field of ['latestReadyRevision', 'trafficStatuses', 'observedGeneration'])
      expect(service).not.toHaveProperty(field)
    const [only] = await revisionsOf('denied')
    expect(ready(only)).toMatchObject({
      state: 'CONDITION_FAILED',
      reason: 'CONTAINER_IMAGE_UNAUTHORIZED',
      message: denial(unattested()),
    })
    expect(await decisions()).toMatchObject([{ verdict: 'DENIED', resource: only.name, message: denial(unattested()) }])
  })

  test('a rule that denies everything says so', async () => {
    await setRule({ evaluationMode: 'ALWAYS_DENY' })
    const [revision] = await create('never', serviceOf(image)).then(() => revisionsOf('never'))
    expect(ready(revision).message).toBe(
      `Container image '${image}' is not authorized by policy. Denied by an ALWAYS_DENY admission rule`,
    )
  })

  test('beside a denied revision the old one goes on serving, and the next good update becomes ready', async () => {
    const first = await create('beside', serviceOf(image))
    const denied = await update('beside', serviceOf(unattested()))
    expect(denied.terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
    expect(denied.latestReadyRevision).toBe(first.latestReadyRevision)
    expect(denied.latestCreatedRevision).not.toBe(first.latestReadyRevision)
    expect(denied.trafficStatuses).toEqual([LATEST])
    expect(denied).toMatchObject({ generation: '2', observedGeneration: '1' })
    expect(conditionOf(denied, 'RoutesReady').state).toBe('CONDITION_SUCCEEDED')
    const [, old] = await revisionsOf('beside')
    expect(conditionOf(old, 'Active').state).toBe('CONDITION_SUCCEEDED')

    const good = await update('beside', serviceOf(image))
    expect(good).toMatchObject({ terminalCondition: { state: 'CONDITION_SUCCEEDED' }, observedGeneration: '3' })
    expect(good.error).toBeUndefined()
    const [third, second, firstOne] = await revisionsOf('beside')
    expect(good.latestReadyRevision).toBe(third.name)
    expect(ready(second).state).toBe('CONDITION_FAILED')
    expect(conditionOf(firstOne, 'Active').revisionReason).toBe('RETIRED')
  })

  test('a denied revision that is attested afterwards becomes ready with the next update, though its template is the same', async () => {
    await create('again', serviceOf(unattested()))
    await attest(digestOf('bad'))
    const service = await update('again', serviceOf(unattested(), { labels: { again: 'yes' } }))
    expect(service.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect(await revisionsOf('again')).toHaveLength(1)
  })

  test('all containers are judged, sidecars too', async () => {
    expect((await create('sidecar', serviceOf([image, unattested()]))).terminalCondition.message).toContain(denial(unattested()))
    expect((await create('both', serviceOf([image, image]))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
  })

  test('an image of another registry is judged by its digest', async () => {
    const foreign = `docker.io/library/nginx@${digestOf('foreign')}`
    expect((await create('foreign', serviceOf(foreign))).terminalCondition.message).toContain(denial(foreign))
    await setRule({ evaluationMode: 'ALWAYS_DENY' }, { admissionWhitelistPatterns: [{ namePattern: 'docker.io/library/*' }] })
    expect((await create('listed', serviceOf(foreign))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
  })

  test('a tag is resolved when the revision is made, and what is moved afterwards is judged at the next revision', async () => {
    await register(attested, { tags: ['v1'] })
    expect((await create('tag', serviceOf(`${repository}:v1`))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    const [{ images }] = await decisions()
    expect(images).toMatchObject([{ image, allowed: true }])

    await register(digestOf('bad'), { tags: ['v1'] })
    const kept = await update('tag', serviceOf(`${repository}:v1`, { labels: { other: 'yes' } }))
    expect(kept.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    const template = { ...serviceOf(`${repository}:v1`).template, labels: { other: 'yes' } }
    const next = await update('tag', serviceOf('', { template }))
    expect(next.terminalCondition.message).toContain(denial(unattested()))
  })

  test('a tag that no registry here has is a missing image, which nothing but breakglass lets pass', async () => {
    for (const missing of [`${repository}:nowhere`, 'nginx', 'gcr.io/app/app:v1', 'constructor']) {
      const service = await create(`m${digestOf(missing).slice(7, 15)}`, serviceOf(missing))
      expect(service.terminalCondition).toMatchObject({ reason: 'CONTAINER_MISSING', message: `Image '${missing}' not found.` })
      expect(service.error).toEqual({ code: 5, message: `Image '${missing}' not found.` })
    }
    await setRule({ evaluationMode: 'ALWAYS_ALLOW' })
    expect((await create('allowed', serviceOf(`${repository}:nowhere`))).terminalCondition.reason).toBe('CONTAINER_MISSING')
    expect(await decisions()).toEqual([])
  })

  test('allow-list patterns are matched by the name with the digest: one with a tag matches nothing', async () => {
    await register(digestOf('bad'), { tags: ['v1'] })
    const listed = (namePattern: string) =>
      setRule({ evaluationMode: 'ALWAYS_DENY' }, { admissionWhitelistPatterns: [{ namePattern }] })
    for (const [pattern, state] of [
      [`${repository}:v1`, 'CONDITION_FAILED'],
      [repository, 'CONDITION_FAILED'],
      [unattested(), 'CONDITION_SUCCEEDED'],
      [`${repository}@*`, 'CONDITION_SUCCEEDED'],
    ] as const) {
      await listed(pattern)
      const service = await create(`l${digestOf(pattern).slice(7, 15)}`, serviceOf(`${repository}:v1`))
      expect(service.terminalCondition.state, pattern).toBe(state)
    }
  })

  test('of an index the image for linux/amd64 is judged, however it is named: its own attestation is worth nothing', async () => {
    const manifest = (digest: string, architecture: string, os = 'linux') => ({ digest, platform: { os, architecture } })
    const manifests = [
      manifest(digestOf('unknown'), 'unknown', 'unknown'),
      manifest(digestOf('arm'), 'arm64'),
      manifest(digestOf('amd'), 'amd64'),
    ]
    await register(digestOf('index'), { tags: ['multi'], manifests })
    await attest(digestOf('index'))
    await attest(digestOf('arm'))
    const child = `${repository}@${digestOf('amd')}`
    for (const [id, name] of Object.entries({ tag: `${repository}:multi`, digest: `${repository}@${digestOf('index')}` }))
      expect((await create(`i-${id}`, serviceOf(name))).terminalCondition.message).toContain(denial(child))
    await attest(digestOf('amd'))
    expect((await create('i-ready', serviceOf(`${repository}:multi`))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
  })

  test('an index without an image for linux/amd64 does not run, opted in or not', async () => {
    await register(digestOf('arms'), {
      manifests: [{ digest: digestOf('arm'), platform: { os: 'linux', architecture: 'arm64' } }],
    })
    await register(digestOf('bare'), { mediaType: 'application/vnd.oci.image.index.v1+json' })
    await attest(digestOf('arms'))
    await attest(digestOf('bare'))
    for (const index of ['arms', 'bare'])
      for (const [id, settings] of Object.entries({ in: OPT_IN, out: { binaryAuthorization: undefined } })) {
        const name = `${repository}@${digestOf(index)}`
        const service = await create(`${index}-${id}`, serviceOf(name, settings))
        expect(service.error).toMatchObject({ code: 9 })
        expect(service.terminalCondition.message).toMatch(
          /^Revision '\S+' is not ready and cannot serve traffic\. Cloud Run does not support image .* must support amd64\/linux\.$/,
        )
      }
  })

  test('breakglass does not make an image run that cannot', async () => {
    await register(digestOf('arms'), {
      manifests: [{ digest: digestOf('arm'), platform: { os: 'linux', architecture: 'arm64' } }],
    })
    const forced = { binaryAuthorization: { useDefault: true, breakglassJustification: 'now' } }
    await create('broken', serviceOf(image))
    const { latestCreatedRevision } = await update('broken', serviceOf(`${repository}@${digestOf('arms')}`, forced))
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
    const traffic = [{ type, revision: idOf(latestCreatedRevision), percent: 100 }]
    const service = await update('broken', serviceOf(`${repository}@${digestOf('arms')}`, { ...forced, traffic }))
    expect(service.terminalCondition.reason).toBe('REVISION_FAILED')
    expect(service.trafficStatuses).toEqual([LATEST])
  })

  test('only the default rule counts, whatever other rules the policy has', async () => {
    const everything = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    for (const [index, field] of [
      'kubernetesServiceAccountAdmissionRules',
      'kubernetesNamespaceAdmissionRules',
      'clusterAdmissionRules',
    ].entries()) {
      const rule = { evaluationMode: 'REQUIRE_ATTESTATION', requireAttestationsBy: [`projects/${project}/attestors/qa`] }
      const names = { 'default:default': everything, default: everything, 'europe-west1.prod': everything }
      await setRule(rule, { [field]: Object.fromEntries([Object.entries(names)[index]!]) })
      expect((await create(`bad-${index}`, serviceOf(unattested()))).terminalCondition.state).toBe('CONDITION_FAILED')
      expect((await create(`good-${index}`, serviceOf(image))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    }
  })

  test('the system policy exempts images where the policy says so', async () => {
    const system = `gcr.io/google_containers/pause@${digestOf('pause')}`
    await setRule({ evaluationMode: 'ALWAYS_DENY' })
    expect((await create('without', serviceOf(system))).terminalCondition.state).toBe('CONDITION_FAILED')
    await setRule({ evaluationMode: 'ALWAYS_DENY' }, { globalPolicyEvaluationMode: 'ENABLE' })
    expect((await create('with', serviceOf(system))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
  })

  test('dry run admits, and says what it would have denied', async () => {
    await setRule({ evaluationMode: 'ALWAYS_DENY', enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' })
    expect((await create('dry', serviceOf(image))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect(await decisions()).toMatchObject([
      { verdict: 'DRY_RUN', allowed: true, message: expect.stringContaining('ALWAYS_DENY') },
    ])
    const { body } = await emulator().http('GET', `/_emulator/decisions?project=${project}&wouldDeny=true`)
    expect(body.wouldDeny).toMatchObject([{ image, count: 1, dryRun: 1, resources: [expect.stringContaining('/services/dry/')] }])
  })

  test('breakglass admits and is recorded, also where the image would have passed; the next update without it is judged again', async () => {
    const settings = (breakglassJustification?: string) => ({
      binaryAuthorization: { useDefault: true, breakglassJustification },
    })
    for (const [id, name] of Object.entries({ bad: unattested(), good: image, missing: `${repository}:nowhere` }))
      expect((await create(id, serviceOf(name, settings('it burns')))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect((await decisions()).map(({ verdict, allowed }: any) => [verdict, allowed])).toEqual(
      Array.from({ length: 3 }, () => ['BREAK_GLASS', true]),
    )
    const next = await update(
      'bad',
      serviceOf(unattested(), { template: { ...serviceOf(unattested()).template, labels: { a: 'b' } } }),
    )
    expect(next.terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
  })

  test('a justification needs Binary Authorization to be on', async () => {
    for (const binaryAuthorization of [{ breakglassJustification: 'x' }, { useDefault: false, breakglassJustification: 'x' }])
      await expect(create('no', serviceOf(image, { binaryAuthorization }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a platform policy is not evaluated, so it allows nothing, and says which policy it is', async () => {
    await setRule({ evaluationMode: 'ALWAYS_ALLOW' })
    const policy = `projects/${project}/platforms/cloudRun/policies/mine`
    const service = await create('platform', serviceOf(image, { binaryAuthorization: { policy } }))
    expect(service.terminalCondition).toMatchObject({
      state: 'CONDITION_FAILED',
      reason: 'CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED',
      message: expect.stringContaining(`The platform policy ${policy} was not evaluated`),
    })
    expect(await decisions()).toMatchObject([{ verdict: 'DENIED', policy }])
    await expect(create('typo', serviceOf(image, { binaryAuthorization: { policy: 'default' } }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('a revision from before opting in goes on, and is judged when traffic comes back to it', async () => {
    const off = { binaryAuthorization: undefined }
    const first = await create('rollback', serviceOf(unattested(), off))
    const old = idOf(first.latestReadyRevision)
    const optedIn = await update('rollback', serviceOf(unattested()))
    expect(optedIn.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect(await revisionsOf('rollback')).toHaveLength(1)
    expect(await decisions()).toEqual([])

    await update('rollback', serviceOf(image))
    const back = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: old, percent: 100 }
    const denied = await update('rollback', serviceOf(image, { traffic: [back] }))
    expect(denied.terminalCondition).toMatchObject({ state: 'CONDITION_FAILED', reason: 'CONTAINER_IMAGE_UNAUTHORIZED' })
    expect(denied.error.code).toBe(9)
    expect(denied.trafficStatuses).toEqual([LATEST])
    expect(conditionOf(denied, 'ConfigurationsReady').state).toBe('CONDITION_SUCCEEDED')
    expect(ready((await revisionsOf('rollback'))[1]).reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')

    await attest(digestOf('bad'))
    const allowed = await update('rollback', serviceOf(image, { traffic: [back] }))
    expect(allowed).toMatchObject({ terminalCondition: { state: 'CONDITION_SUCCEEDED' }, trafficStatuses: [back] })
  })

  test('a part of the traffic, or an address of its own, is judged like all of it', async () => {
    const first = await create('split', serviceOf(unattested(), { binaryAuthorization: undefined }))
    await update('split', serviceOf(image))
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
    const revision = idOf(first.latestReadyRevision)
    for (const traffic of [
      [
        { ...LATEST, percent: 99 },
        { type, revision, percent: 1 },
      ],
      [LATEST, { type, revision, tag: 'old' }],
    ]) {
      const service = await update('split', serviceOf(image, { traffic }))
      expect(service.terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
      expect(service.trafficStatuses).toEqual([LATEST])
    }
  })

  test('a revision with an address of its own from before is judged when it gets traffic', async () => {
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
    const revision = 'tagged-one'
    const template = { ...serviceOf(unattested()).template, revision }
    await create('tagged', { template, traffic: [{ ...LATEST, tag: 'old' }] })
    const beside = [LATEST, { type, revision, tag: 'old' }]
    expect((await update('tagged', serviceOf(image, { traffic: beside }))).terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    const service = await update('tagged', serviceOf(image, { traffic: [{ type, revision, percent: 100, tag: 'old' }] }))
    expect(service.terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
  })

  test('what was denied is governed no more by a service that opts out: its next update makes it ready', async () => {
    await create('out', serviceOf(image))
    const { latestCreatedRevision: denied } = await update('out', serviceOf(unattested()))
    const out = await update('out', { ...serviceOf(unattested()), binaryAuthorization: undefined })
    expect(out.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect(out).toMatchObject({ latestReadyRevision: denied, latestCreatedRevision: denied, observedGeneration: out.generation })
    expect(out.error).toBeUndefined()
    expect(out.trafficStatuses).toEqual([LATEST])
    const [latest, before] = await revisionsOf('out')
    expect(latest.name).toBe(denied)
    for (const type of ['Ready', 'Active', 'ContainerReady']) expect(conditionOf(latest, type).state).toBe('CONDITION_SUCCEEDED')
    expect(conditionOf(before, 'Active').state).toBe('CONDITION_FAILED')
    expect(await decisions()).toHaveLength(2)
  })

  test('a service that has opted out may send its traffic to a revision that was denied, or leave it where it is', async () => {
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
    const { latestReadyRevision: first } = await create('free', serviceOf(image))
    const { latestCreatedRevision: denied } = await update('free', serviceOf(unattested()))
    const optOut = (revision: string) => {
      const traffic = [{ type, revision: idOf(revision), percent: 100 }]
      return update('free', { ...serviceOf(unattested(), { traffic }), binaryAuthorization: undefined })
    }
    const pinned = await optOut(first)
    expect(pinned).toMatchObject({ latestReadyRevision: denied, trafficStatuses: [{ revision: idOf(first) }] })
    expect(pinned.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    const [latest] = await revisionsOf('free')
    expect(ready(latest).state).toBe('CONDITION_SUCCEEDED')
    expect(conditionOf(latest, 'Active').state).toBe('CONDITION_FAILED')
    expect((await optOut(denied)).trafficStatuses).toMatchObject([{ revision: idOf(denied) }])
    const back = await update('free', serviceOf(unattested(), { traffic: [LATEST] }))
    expect(back.terminalCondition.state).toBe('CONDITION_SUCCEEDED') // nothing gains traffic by opting in
  })

  test('an image that cannot run is not made to run by opting out', async () => {
    const digest = digestOf('arm')
    await register(digest, { manifests: [{ digest: digestOf('arm child'), platform: { os: 'linux', architecture: 'arm64' } }] })
    const arm = `${repository}@${digest}`
    expect((await create('arm', serviceOf(arm))).terminalCondition.reason).toBe('REVISION_FAILED')
    const out = await update('arm', { ...serviceOf(arm), binaryAuthorization: undefined })
    expect(out.terminalCondition.state).toBe('CONDITION_FAILED')
  })

  test('an update that moves traffic to the latest, and brings a denied one, leaves the traffic where it is', async () => {
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
    const first = await create('pinned', serviceOf(image))
    const pinned = { type, revision: idOf(first.latestReadyRevision), percent: 100 }
    await update('pinned', { ...serviceOf(unattested(), { traffic: [pinned] }), binaryAuthorization: undefined })
    const denied = await update('pinned', serviceOf(`${repository}@${digestOf('worse')}`))
    expect(denied.terminalCondition.state).toBe('CONDITION_FAILED')
    expect(denied.trafficStatuses).toEqual([pinned])
  })

  test('a change of policy does not reach what serves already', async () => {
    await create('later', serviceOf(image))
    await setRule({ evaluationMode: 'ALWAYS_DENY' })
    const service = await update('later', serviceOf(image, { labels: { a: 'b' } }))
    expect(service.terminalCondition.state).toBe('CONDITION_SUCCEEDED')
    expect(await decisions()).toHaveLength(1)
  })

  test('a request that is only checked decides nothing', async () => {
    await call('Services/CreateService', {
      parent: parent(),
      serviceId: 'dry',
      service: serviceOf(unattested()),
      validateOnly: true,
    })
    await expect(call('Services/GetService', { name: nameOf('dry') })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await decisions()).toEqual([])
  })
})

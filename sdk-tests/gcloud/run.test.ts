// Cloud Run with unmodified gcloud, which speaks its v1 (Knative) at the host of a region
// (https://cloud.google.com/binary-authorization/docs/run/enabling-binauthz-cloud-run). In one project and in order: each test continues
// where the one before ended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_VALID_ATTESTATION } from '../admission.ts'
import {
  attestorName,
  createAttestation,
  createAttestor,
  newDigest,
  REPOSITORY,
  requireAttestors,
  signaturePayload,
  updatePolicy,
} from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { newSigner } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REGION = '--region=europe-west2'
const ATTESTOR = attestorName(PROJECT, 'built')

const ATTESTED = newDigest()
const UNATTESTED = newDigest()
/** An index that is attested, of an image that is not, and the other way round. */
const [ATTESTED_INDEX, ATTESTED_CHILD_INDEX] = [newDigest(), newDigest()]
const byDigest = (digest: string) => `${REPOSITORY}@${digest}`

const EVENTS = 'resource.type="cloud_run_revision" logName:"cloudaudit.googleapis.com%2Fsystem_event"'
const BLOCKED = `${EVENTS} protoPayload.response.status.conditions.reason="ContainerImageUnauthorized"`
const BREAKGLASS = `${EVENTS} "breakglass"`
const DRY_RUN = `${EVENTS} "dry run"`

/** Without the escapes by which gcloud prints bold, colours and symbols of progress. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals use one
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '')

/** What Cloud Run says of the image of a revision, or of an execution. */
const unauthorized = (image: string) =>
  `Container image '${image}' is not authorized by policy. Image ${image} denied by attestor ${ATTESTOR}: ${NO_VALID_ATTESTATION}`

describe.skipIf(!hasGcloud('sdk-tests/gcloud/run.test.ts'))('Cloud Run with gcloud', () => {
  let emulator: Emulator
  let gcloud: Gcloud

  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    gcloud = createGcloud(emulator.url, PROJECT, 'inside exec')
    const signer = newSigner()
    await createAttestor(emulator, PROJECT, 'built', [signer.publicKey])
    await updatePolicy(emulator, PROJECT, { defaultAdmissionRule: requireAttestors(ATTESTOR) })
    for (const digest of [ATTESTED, ATTESTED_INDEX]) {
      const payload = signaturePayload(REPOSITORY, digest)
      await createAttestation(emulator, PROJECT, 'built', `https://${byDigest(digest)}`, payload, await signer.sign(payload))
    }
    const location = `/v1/projects/${PROJECT}/locations/europe-west2`
    await emulator.call('POST', `${location}/repositories?repositoryId=my-repo`, { format: 'DOCKER' })
    const register = (image: object) => emulator.call('POST', '/_emulator/images', { image: REPOSITORY, ...image })
    const indexOf = (digest: string) => [{ digest, platform: { os: 'linux', architecture: 'amd64' } }]
    await register({ digest: ATTESTED, tags: ['attested'] })
    await register({ digest: UNATTESTED, tags: ['unattested'] })
    await register({ digest: ATTESTED_INDEX, tags: ['attested-index'], manifests: indexOf(UNATTESTED) })
    await register({ digest: ATTESTED_CHILD_INDEX, tags: ['attested-child'], manifests: indexOf(ATTESTED) })
    await gcloud.ok('services', 'enable', 'run.googleapis.com')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const runs = async (...args: string[]) => {
    const { code, stdout, stderr } = await gcloud.run('run', ...args)
    return { code, stdout: plain(stdout), stderr: plain(stderr) }
  }
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await runs(...args)
    expect(code, stderr).toBe(0)
    return { stdout, stderr }
  }
  const json = async (...args: string[]) => JSON.parse((await ok(...args, '--format=json')).stdout)
  const deploy = (service: string, image: string, ...flags: string[]) =>
    runs('deploy', service, `--image=${image}`, REGION, '--binary-authorization=default', '--no-allow-unauthenticated', ...flags)
  const describeService = (service = 'hello') => json('services', 'describe', service, REGION)
  const revisionsOf = async (service: string) => {
    const revisions = await json('revisions', 'list', `--service=${service}`, REGION)
    return revisions.map(({ metadata, status }: any) => ({
      name: metadata.name,
      ready: status.conditions.find(({ type }: any) => type === 'Ready').status,
      active: status.conditions.find(({ type }: any) => type === 'Active')?.status,
    }))
  }
  const eventsOf = async (filter: string) => {
    const entries = JSON.parse(await gcloud.ok('logging', 'read', filter, '--format=json', '--order=asc'))
    return entries.map(({ resource }: any) => resource.labels.revision_name)
  }

  let [first, second, denied] = ['', '', '']

  test('an attested image is deployed by its digest, and gcloud prints where it serves', async () => {
    const { code, stderr } = await deploy('hello', byDigest(ATTESTED))
    expect(code, stderr).toBe(0)
    const { metadata, status } = await describeService()
    first = status.latestReadyRevisionName
    expect(first).toMatch(/^hello-00001-[a-z0-9]{3}$/)
    expect(stderr.split('\n')).toEqual(
      expect.arrayContaining([
        `Deploying container to Cloud Run service [hello] in project [${PROJECT}] region [europe-west2]`,
        'Deploying new service...',
        'Done.',
        `Service [hello] revision [${first}] has been deployed and is serving 100 percent of traffic.`,
        `Service URL: ${status.url}`,
      ]),
    )
    expect(metadata.annotations).toMatchObject({
      'run.googleapis.com/binary-authorization': 'default',
      'run.googleapis.com/client-name': 'gcloud',
      'run.googleapis.com/urls': JSON.stringify([status.url]),
    })
    expect(metadata.annotations).not.toHaveProperty('run.googleapis.com/operation-id')
  })

  test('an image that is not attested is refused in the words of Cloud Run, and the old revision goes on serving', async () => {
    const { code, stderr } = await deploy('hello', byDigest(UNATTESTED))
    const { status } = await describeService()
    denied = status.latestCreatedRevisionName
    const message = `Revision ${denied} uses an unauthorized container image. ${unauthorized(byDigest(UNATTESTED))}`
    expect(code).toBe(1)
    expect(stderr.replace(/\.{3,}/g, '...').split('\n')).toEqual([
      `Deploying container to Cloud Run service [hello] in project [${PROJECT}] region [europe-west2]`,
      'Deploying...',
      'Setting IAM Policy...done',
      'Creating Revision...failed',
      'Deployment failed',
      `ERROR: (gcloud.run.deploy) ${message}`,
      '',
    ])
    expect(status.traffic).toEqual([{ latestRevision: true, percent: 100, revisionName: first }])
    expect(await revisionsOf('hello')).toEqual([
      { name: denied, ready: 'False', active: undefined },
      { name: first, ready: 'True', active: 'True' },
    ])
    const { stdout } = await ok('services', 'describe', 'hello', REGION)
    expect(stdout).toContain('Binary Authorization: default')
    expect(stdout.replace(/\n(?=\S)/g, '')).toContain(`LATEST (currently ${first})`)
  })

  test('a tag is what it stands for at the moment of the deployment', async () => {
    const { code, stderr } = await deploy('by-tag', `${REPOSITORY}:attested`)
    expect(code, stderr).toBe(0)
    const { status } = await describeService('by-tag')
    const revision = await json('revisions', 'describe', status.latestReadyRevisionName, REGION)
    expect(revision.status.imageDigest).toBe(byDigest(ATTESTED))
    const refused = await deploy('by-tag', `${REPOSITORY}:unattested`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(unauthorized(byDigest(UNATTESTED)))
  })

  test('of an index the image of the platform is judged, not the index', async () => {
    const refused = await deploy('by-index', `${REPOSITORY}:attested-index`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(unauthorized(byDigest(UNATTESTED)))
    const { code, stderr } = await deploy('by-index', byDigest(ATTESTED_CHILD_INDEX))
    expect(code, stderr).toBe(0)
  })

  test('breakglass lets it run, and the next update clears the breakglass, and is judged', async () => {
    await ok('services', 'update', 'hello', REGION, '--breakglass=An outage')
    const broken = await describeService()
    expect(broken.metadata.annotations).toMatchObject({ 'run.googleapis.com/binary-authorization-breakglass': 'An outage' })
    expect(broken.status.latestReadyRevisionName).toBe(denied)
    const { stdout } = await ok('services', 'describe', 'hello', REGION)
    expect(stdout).toContain('Breakglass Justification: An outage')

    const { code, stderr } = await runs('services', 'update', 'hello', REGION, '--update-env-vars=A=b')
    const { metadata, status } = await describeService()
    expect(code).toBe(1)
    expect(stderr).toContain(
      `ERROR: (gcloud.run.services.update) Revision ${status.latestCreatedRevisionName} uses an unauthorized container image. ${unauthorized(byDigest(UNATTESTED))}`,
    )
    expect(metadata.annotations).not.toHaveProperty('run.googleapis.com/binary-authorization-breakglass')
    expect(status.latestReadyRevisionName).toBe(denied)
  })

  test('an image that is attested is deployed over it, and only what is judged gets traffic again', async () => {
    const { code, stderr } = await deploy('hello', byDigest(ATTESTED))
    expect(code, stderr).toBe(0)
    second = (await describeService()).status.latestReadyRevisionName
    expect([first, denied]).not.toContain(second)

    const traffic = (...flags: string[]) => runs('services', 'update-traffic', 'hello', REGION, ...flags)
    expect((await traffic(`--to-revisions=${first}=40,${second}=60`, `--set-tags=old=${first}`)).code).toBe(0)
    const { status } = await describeService()
    expect(status.traffic.map(({ revisionName, percent = 0, tag }: any) => [revisionName, percent, tag])).toEqual([
      [first, 40, undefined],
      [second, 60, undefined],
      [first, 0, 'old'],
    ])
    expect(status.traffic.find(({ tag }: any) => tag === 'old').url).toMatch(/^https:\/\/old---hello-/)

    const refused = await traffic(`--to-revisions=${denied}=100`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      `Revision ${denied} uses an unauthorized container image. ${unauthorized(byDigest(UNATTESTED))}`,
    )
    expect((await describeService()).status.traffic.map(({ revisionName }: any) => revisionName)).not.toContain(denied)
    expect((await traffic('--to-latest', '--clear-tags')).code).toBe(0)
    expect(await revisionsOf('hello')).toHaveLength(4)
  })

  test('where the policy only logs, what would be refused is deployed', async () => {
    const rule = { ...requireAttestors(ATTESTOR), enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' }
    await updatePolicy(emulator, PROJECT, { defaultAdmissionRule: rule })
    const { code, stderr } = await deploy('watched', byDigest(UNATTESTED))
    await updatePolicy(emulator, PROJECT, { defaultAdmissionRule: requireAttestors(ATTESTOR) })
    expect(code, stderr).toBe(0)
  })

  test('a service that has not opted in is not governed, and one that opts out is not either', async () => {
    const flags = [`--image=${byDigest(UNATTESTED)}`, REGION, '--no-allow-unauthenticated']
    await ok('deploy', 'ungoverned', ...flags)
    // that alone makes no revision, and none that serves already is judged
    await ok('services', 'update', 'ungoverned', REGION, '--binary-authorization=default')
    expect((await describeService('ungoverned')).metadata.annotations).toMatchObject({
      'run.googleapis.com/binary-authorization': 'default',
    })
    expect((await runs('services', 'update', 'ungoverned', REGION, '--update-env-vars=A=b')).code).toBe(1)
    await ok('services', 'update', 'ungoverned', REGION, '--clear-binary-authorization', '--update-env-vars=A=c')
    expect((await describeService('ungoverned')).metadata.annotations).not.toHaveProperty(
      'run.googleapis.com/binary-authorization',
    )
  })

  test('services are listed, in a region and in all', async () => {
    const other = ['--region=europe-west1', '--no-allow-unauthenticated', `--image=${byDigest(ATTESTED)}`]
    await ok('deploy', 'elsewhere', ...other)
    const names = async (...flags: string[]) =>
      (await json('services', 'list', ...flags)).map(({ metadata }: any) => metadata.name).sort()
    const here = ['by-index', 'by-tag', 'hello', 'ungoverned', 'watched']
    expect(await names(REGION)).toEqual(here)
    expect(await names('--region=europe-west1')).toEqual(['elsewhere'])
    expect(await names()).toEqual([...here, 'elsewhere'].sort())
    const { stdout } = await ok('services', 'list')
    expect(stdout).toMatch(/elsewhere\s+europe-west1\s+https:\/\/elsewhere-/)
    expect((await ok('regions', 'list')).stdout.split('\n')).toContain('europe-west2')
  })

  test('a service is exported, checked and replaced from a file; a stale file is refused', async () => {
    const { stdout: exported } = await ok('services', 'describe', 'hello', REGION, '--format=export')
    const before = await describeService()
    const file = gcloud.file('hello.yaml', exported.replace('containerConcurrency: 80', 'containerConcurrency: 10'))
    await ok('services', 'replace', file, REGION, '--dry-run')
    expect((await describeService()).metadata.generation).toBe(before.metadata.generation)
    await ok('services', 'replace', file, REGION)
    const after = await describeService()
    expect(after.spec.template.spec.containerConcurrency).toBe(10)
    expect(after.status.latestReadyRevisionName).not.toBe(before.status.latestReadyRevisionName)

    const path = `/europe-west2-run/apis/serving.knative.dev/v1/namespaces/${PROJECT}/services/hello`
    const { status, body } = await emulator.http('PUT', path, before)
    expect([status, body.error.status]).toEqual([409, 'ABORTED'])
    expect(body.error.message).toMatch(
      /^Conflict for resource 'hello': version '\d+' was specified but current version is '\d+'\.$/,
    )

    const unattested = gcloud.file('unattested.yaml', exported.replace(byDigest(ATTESTED), byDigest(UNATTESTED)))
    const refused = await runs('services', 'replace', unattested, REGION)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(unauthorized(byDigest(UNATTESTED)))
    await ok('services', 'replace', file, REGION)
  })

  test('roles are granted on services and jobs', async () => {
    const member = ['--member=user:alice@example.com', '--role=roles/run.invoker']
    const bindings = [{ role: 'roles/run.invoker', members: ['user:alice@example.com'] }]
    await ok('services', 'add-iam-policy-binding', 'hello', REGION, ...member)
    expect((await json('services', 'get-iam-policy', 'hello', REGION)).bindings).toEqual(bindings)
    await ok('jobs', 'create', 'granted', REGION, `--image=${byDigest(ATTESTED)}`)
    await ok('jobs', 'add-iam-policy-binding', 'granted', REGION, ...member)
    expect((await json('jobs', 'get-iam-policy', 'granted', REGION)).bindings).toEqual(bindings)
  })

  test('an attested job is deployed and executed, with what an execution overrides', async () => {
    const { stderr } = await ok(
      'jobs',
      'deploy',
      'work',
      REGION,
      `--image=${byDigest(ATTESTED)}`,
      '--binary-authorization=default',
    )
    expect(stderr).toContain('Job [work] has successfully been deployed.')
    const executed = await ok('jobs', 'execute', 'work', REGION, '--wait', '--tasks=2', '--args=a,b', '--update-env-vars=A=b')
    const [execution] = await json('jobs', 'executions', 'list', '--job=work', REGION)
    const { name } = execution.metadata
    expect(executed.stderr).toContain(`Execution [${name}] has successfully completed.`)
    expect(execution.status.succeededCount).toBe(2)
    expect(execution.spec.template.spec.containers[0]).toMatchObject({ args: ['a', 'b'], env: [{ name: 'A', value: 'b' }] })
    const tasks = await json('jobs', 'executions', 'tasks', 'list', `--execution=${name}`, REGION)
    expect(tasks.map(({ metadata }: any) => metadata.name).sort()).toEqual([`${name}-task0`, `${name}-task1`])
    const { stdout } = await ok('jobs', 'describe', 'work', REGION)
    expect(stdout).toContain('Executed 1 time')
    expect(stdout).toContain('Binary Authorization: default')
  })

  test('a job is updated to an image that is not attested, and its execution fails; with breakglass it runs', async () => {
    await ok('jobs', 'update', 'work', REGION, `--image=${byDigest(UNATTESTED)}`)
    const refused = await runs('jobs', 'execute', 'work', REGION, '--wait')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('ERROR: (gcloud.run.jobs.execute) The execution failed.')
    const [failed] = await json('jobs', 'executions', 'list', '--job=work', REGION)
    expect(failed.status.conditions[0]).toMatchObject({
      type: 'Completed',
      status: 'False',
      reason: 'ContainerImageUnauthorized',
      message: unauthorized(byDigest(UNATTESTED)),
    })
    const { stdout } = await ok('jobs', 'executions', 'describe', failed.metadata.name, REGION)
    expect(stdout.replace(/\s+/g, '')).toContain(unauthorized(byDigest(UNATTESTED)).replace(/\s+/g, ''))
    await ok('jobs', 'update', 'work', REGION, '--breakglass=An outage')
    await ok('jobs', 'execute', 'work', REGION, '--wait')
    await ok('jobs', 'update', 'work', REGION, '--max-retries=1')
    expect((await runs('jobs', 'execute', 'work', REGION, '--wait')).code).toBe(1)
  })

  test('the audit log has what was blocked, what ran by breakglass and what would have been blocked', async () => {
    const [blocked, broken, dryRun] = await Promise.all([BLOCKED, BREAKGLASS, DRY_RUN].map(eventsOf))
    expect(blocked[0]).toBe(denied)
    expect(new Set(blocked.map((revision: string) => revision.replace(/-\d{5}-\w+$/, '')))).toEqual(
      new Set(['hello', 'by-tag', 'by-index', 'ungoverned']),
    )
    expect(broken).toEqual([denied])
    expect(dryRun).toEqual([expect.stringMatching(/^watched-00001-/)])
  })

  test('services, revisions, executions and jobs are deleted', async () => {
    const [execution] = await json('jobs', 'executions', 'list', '--job=work', REGION)
    const deleted = await Promise.all([
      runs('revisions', 'delete', denied, REGION),
      runs('jobs', 'executions', 'delete', execution.metadata.name, REGION),
      runs('services', 'delete', 'by-tag', REGION),
      runs('jobs', 'delete', 'granted', REGION),
    ])
    for (const { code, stderr } of deleted) expect(code, stderr).toBe(0)
    const serving = await runs('revisions', 'delete', (await describeService()).status.latestReadyRevisionName, REGION)
    expect(serving.stderr).toContain('FAILED_PRECONDITION')
    const gone = await runs('services', 'describe', 'by-tag', REGION)
    expect(gone.code).toBe(1)
    expect(gone.stderr).toContain('Cannot find service [by-tag]')
  })
})

// gcloud reads the audit log with the filters of the Binary Authorization documentation
// (https://cloud.google.com/binary-authorization/docs/viewing-audit-logs), and looks images up by their tag.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pod, podReview, postReview } from '../admission.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REPOSITORY = `europe-west2-docker.pkg.dev/${PROJECT}/images/app`

const PODS = `resource.type="k8s_cluster"
logName:"cloudaudit.googleapis.com%2Factivity"
(protoPayload.methodName="io.k8s.core.v1.pods.create" OR protoPayload.methodName="io.k8s.core.v1.pods.update")`
const BLOCKED = `${PODS}
protoPayload.response.status="Failure"
(protoPayload.response.reason="VIOLATES_POLICY" OR protoPayload.response.reason="Forbidden")`
const DRY_RUN = `${PODS}
labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"`
const BREAK_GLASS = `${PODS}
"image-policy.k8s.io/break-glass"`

describe.skipIf(!hasGcloud('sdk-tests/gcloud/logging.test.ts'))('the audit log, read by gcloud', () => {
  let emulator: Emulator
  let gcloud: Gcloud

  beforeAll(async () => {
    emulator = await startEmulator() // the demo: one image is attested, one is not
    gcloud = createGcloud(emulator.url, PROJECT)
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const imageOf = async (tag: string) => {
    const answer = await emulator.call(
      'GET',
      `/v1/projects/${PROJECT}/locations/europe-west2/repositories/images/packages/app/tags/${tag}`,
    )
    return `${REPOSITORY}@${answer.version.split('/').at(-1)}`
  }

  /** Names of the Pods whose entries the filter finds, oldest first. */
  const podsOf = async (filter: string) => {
    const entries = JSON.parse(await gcloud.ok('logging', 'read', filter, '--format=json', '--order=asc'))
    return entries.map(({ protoPayload }: any) => protoPayload.resourceName.split('/').at(-1))
  }

  test('the blocked, dry-run and break-glass filters find exactly the decisions that were such', async () => {
    const [attested, unattested] = [await imageOf('attested'), await imageOf('unattested')]
    const create = (name: string, image: string, labels?: Record<string, string>) =>
      postReview(emulator, PROJECT, podReview(pod(image, { name, labels })))
    await create('good', attested)
    await create('bad', unattested)
    await create('by-tag', `${REPOSITORY}:attested`)
    await create('glass', unattested, { 'image-policy.k8s.io/break-glass': 'true' })
    await create('glass-in-vain', unattested, { 'image-policy.k8s.io/break-glass': 'yes' })
    const policy = await emulator.call('GET', `/v1/projects/${PROJECT}/policy`)
    policy.defaultAdmissionRule.enforcementMode = 'DRYRUN_AUDIT_LOG_ONLY'
    await emulator.call('PUT', `/v1/projects/${PROJECT}/policy`, policy)
    await create('dry', unattested)
    await create('dry-good', attested)
    const [all, blocked, dryRun, breakGlass] = await Promise.all([PODS, BLOCKED, DRY_RUN, BREAK_GLASS].map(podsOf))
    expect(all).toEqual(['good', 'bad', 'by-tag', 'glass', 'glass-in-vain', 'dry', 'dry-good'])
    expect(blocked).toEqual(['bad', 'by-tag', 'glass-in-vain'])
    expect(dryRun).toEqual(['dry'])
    expect(breakGlass).toEqual(['glass'])
  })

  test('an entry is written and read back, and its log is listed', async () => {
    await gcloud.ok('logging', 'write', 'deploys', 'rolled out', '--severity=NOTICE')
    const [entry] = JSON.parse(await gcloud.ok('logging', 'read', 'severity>=NOTICE textPayload:"rolled"', '--format=json'))
    expect(entry).toMatchObject({ logName: `projects/${PROJECT}/logs/deploys`, severity: 'NOTICE', textPayload: 'rolled out' })
    expect(await gcloud.ok('logging', 'logs', 'list')).toContain(`projects/${PROJECT}/logs/deploys`)
  })

  test('a tag is looked up for its digest', async () => {
    const describeImage = (tag: string) =>
      gcloud.ok('artifacts', 'docker', 'images', 'describe', `${REPOSITORY}:${tag}`, '--format=value(image_summary.digest)')
    const [attested, unattested] = await Promise.all(['attested', 'unattested'].map(describeImage))
    expect(`${REPOSITORY}@${attested!.trim()}`).toBe(await imageOf('attested'))
    expect(`${REPOSITORY}@${unattested!.trim()}`).toBe(await imageOf('unattested'))
    expect(attested).not.toBe(unattested)
    expect((await gcloud.run('artifacts', 'docker', 'images', 'describe', `${REPOSITORY}:nowhere`)).stderr).toContain(
      'Image not found',
    )
  })
})

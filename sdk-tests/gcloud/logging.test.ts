// gcloud reads the audit log with the filters of the Binary Authorization documentation
// (https://cloud.google.com/binary-authorization/docs/viewing-audit-logs), and looks images up by their tag.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
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

  test('regular expressions, functions and comments find entries, and mistakes are told in Google’s words', async () => {
    await gcloud.ok('logging', 'write', 'shop', '{"message": "took 7.5 ms", "ip": "10.1.2.3"}', '--payload-type=json')
    const messages = async (filter: string) => {
      const entries = JSON.parse(await gcloud.ok('logging', 'read', filter, '--format=json', '--order=asc'))
      return entries.map(({ jsonPayload }: any) => jsonPayload.message)
    }
    const finds = [
      `log_id("shop") jsonPayload.message=~"^took [0-9.]+ ms$" -- how long it took`,
      `log_id("shop") CAST(REGEXP_EXTRACT(jsonPayload.message, "([0-9.]+)"), FLOAT64) > 5.0`,
      `ip_in_net(jsonPayload.ip, "10.1.2.0/24") AND SEARCH("TOOK")`,
    ]
    expect(await Promise.all(finds.map(messages))).toEqual(finds.map(() => ['took 7.5 ms']))
    const mistakes = await Promise.all(
      ['severity==ERROR', 'serverity=ERROR'].map((filter) => gcloud.run('logging', 'read', filter, '--order=asc')),
    )
    expect(mistakes.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining("INVALID_ARGUMENT: Unparseable filter: syntax error at line 1, column 9, token '='"),
      expect.stringContaining("INVALID_ARGUMENT: Field not found: 'serverity'."),
    ])
  })

  test('a sink with a webhook is called for each Pod that is blocked', async () => {
    const names: string[] = []
    let wake = () => {}
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      names.push(JSON.parse(body).protoPayload.resourceName.split('/').at(-1))
      response.end()
      wake()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close().closeAllConnections())
    const destination = `emulator.webhook/http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await gcloud.ok('logging', 'sinks', 'create', 'blocked', destination, `--log-filter=${BLOCKED}`)
    for (const name of ['first', 'second'])
      await postReview(emulator, 'alerts-project', podReview(pod('example.com/unknown', { name })))
    await postReview(emulator, PROJECT, podReview(pod(await imageOf('attested'), { name: 'good' })))
    const policy = await emulator.call('GET', `/v1/projects/${PROJECT}/policy`)
    policy.defaultAdmissionRule.enforcementMode = 'ENFORCED_BLOCK_AND_AUDIT_LOG'
    await emulator.call('PUT', `/v1/projects/${PROJECT}/policy`, policy)
    for (const name of ['third', 'fourth']) await postReview(emulator, PROJECT, podReview(pod('example.com/unknown', { name })))
    while (names.length < 2) await new Promise<void>((resolve) => (wake = resolve))
    expect(names.sort()).toEqual(['fourth', 'third'])
  })

  test('sinks and metrics are created, described, updated, listed and deleted', async () => {
    const topic = `pubsub.googleapis.com/projects/${PROJECT}/topics/audit`
    await gcloud.ok('logging', 'sinks', 'create', 'audit', topic, '--log-filter=severity>=ERROR')
    await gcloud.ok('logging', 'sinks', 'update', 'audit', '--log-filter=severity>=WARNING')
    const sink = JSON.parse(await gcloud.ok('logging', 'sinks', 'describe', 'audit', '--format=json'))
    expect(sink).toMatchObject({ name: 'audit', destination: topic, filter: 'severity>=WARNING' })
    expect(sink.writerIdentity).toMatch(/^serviceAccount:service-\d+@gcp-sa-logging\.iam\.gserviceaccount\.com$/)
    expect(await gcloud.ok('logging', 'sinks', 'list', '--format=value(name)')).toContain('_Default\n_Required\naudit\n')
    await gcloud.ok('logging', 'sinks', 'delete', 'audit')
    expect((await gcloud.run('logging', 'sinks', 'describe', 'audit')).stderr).toContain('Sink audit does not exist')
    await gcloud.ok(
      'logging',
      'metrics',
      'create',
      'blocked-pods',
      '--description=Pods that were blocked',
      `--log-filter=${BLOCKED}`,
    )
    await gcloud.ok('logging', 'metrics', 'update', 'blocked-pods', '--description=Blocked')
    const metric = JSON.parse(await gcloud.ok('logging', 'metrics', 'describe', 'blocked-pods', '--format=json'))
    expect(metric).toMatchObject({ name: 'blocked-pods', description: 'Blocked', filter: BLOCKED })
    expect(await gcloud.ok('logging', 'metrics', 'list', '--format=value(name)')).toBe('blocked-pods\n')
    await gcloud.ok('logging', 'metrics', 'delete', 'blocked-pods')
    expect(await gcloud.ok('logging', 'metrics', 'list', '--format=value(name)')).toBe('')
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

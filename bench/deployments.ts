// Deploying to Cloud Run and updating a cluster, beside an update of the policy; and whether 10,000 revisions make the next one dearer.
import { attest, imageOf, makePolicy, PROJECT, policyOf } from './content.ts'
import { jsonRequest, load } from './load.ts'
import { startEmulator } from './servers.ts'
import { show, speed } from './show.ts'

const SERVICES = `/apis/serving.knative.dev/v1/namespaces/${PROJECT}/services`
const CLUSTERS = `/v1/projects/${PROJECT}/locations/europe-west2/clusters`
const REVISIONS = 10_000
const MODES = ['DISABLED', 'PROJECT_SINGLETON_POLICY_ENFORCE']

/** A service whose image the policy lets in. */
const serviceOf = (name: string, revision = 0) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name, namespace: PROJECT, annotations: { 'run.googleapis.com/binary-authorization': 'default' } },
  spec: {
    template: { spec: { containers: [{ image: imageOf(0), env: [{ name: 'REVISION', value: String(revision) }] }] } },
    traffic: [{ percent: 100, latestRevision: true }],
  },
})

/** One request after the other, as a pipeline sends them. */
export async function deployments(count: number) {
  const { url, stop } = await startEmulator('--no-seed')
  await makePolicy(url)
  await attest(url, 0, 1)
  await fetch(url + CLUSTERS, { method: 'POST', body: JSON.stringify({ cluster: { name: 'prod', initialNodeCount: 1 } }) })
  const oneByOne = (what: (index: number) => Buffer, expected: string, howMany = count) =>
    load(url, { count: howMany, inFlight: 1, request: what, expected })

  const policy = policyOf()
  const update = jsonRequest('PUT', `/v1/projects/${PROJECT}/policy`, policy)
  const cluster = (index: number) =>
    jsonRequest('PUT', `${CLUSTERS}/prod`, {
      update: { desiredBinaryAuthorization: { evaluationMode: MODES[index % MODES.length] } },
    })
  const deploy = (from: number) => (index: number) => jsonRequest('POST', SERVICES, serviceOf(`app-${from + index}`))
  const tasks = [
    { request: () => update, expected: '"updateTime"' },
    { request: deploy(0), expected: '"latestReadyRevisionName"' },
    { request: cluster, expected: '"UPDATE_CLUSTER"' },
  ]
  for (const { request, expected } of tasks) await oneByOne(request, expected, Math.min(count, 500))
  const updates = await oneByOne(() => update, '"updateTime"')
  const deploys = await oneByOne(deploy(count), '"latestReadyRevisionName"')
  const clusters = await oneByOne(cluster, '"UPDATE_CLUSTER"')
  show('Cloud Run deploy, create to Ready ÷ policy update', deploys.perSecond / updates.perSecond, '≥ 0.3', speed(deploys))
  show('cluster update ÷ policy update', clusters.perSecond / updates.perSecond, '≥ 0.3', speed(clusters))

  const revise = (index: number) => jsonRequest('PUT', `${SERVICES}/app-0`, serviceOf('app-0', index + 1))
  const part = REVISIONS / 10
  const rates: number[] = []
  for (let from = 0; from < REVISIONS; from += part)
    rates.push((await oneByOne((index) => revise(from + index), '"latestReadyRevisionName"', part)).perSecond)
  const [first, last] = [rates[1]!, rates.at(-1)!] // what comes first of all is still warming up
  show(
    `one service of ${REVISIONS} revisions, the last tenth ÷ the second`,
    last / first,
    '≥ 0.8',
    `${last.toFixed(0)}/s ÷ ${first.toFixed(0)}/s`,
  )
  await stop()
}

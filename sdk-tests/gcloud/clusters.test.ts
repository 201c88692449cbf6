// GKE clusters with unmodified gcloud, and what their Binary Authorization does at the admission endpoint of the same cluster
// (https://cloud.google.com/binary-authorization/docs/enable-cluster). One project for each test: its policy denies everything.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, denied, pod } from '../admission.ts'
import { newProject } from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const IMAGE = 'nginx:1.27'
const REGION = '--region=europe-west2'
const BINDING = 'projects/my-app-prod/platforms/gke/policies/trusted'

const DENIED = denied(
  `Image ${IMAGE} denied by Binary Authorization default admission rule. Denied by always_deny admission rule`,
  `'${IMAGE}' : Denied by an ALWAYS_DENY admission rule\n`,
)
const UNEVALUATED = { ...ALLOWED, warnings: [expect.stringMatching(/ cluster europe-west2\.prod.*: no image is evaluated/)] }

/** What each track of gcloud accepts, what is stored of it, and whether the cluster then evaluates the policy. */
const bindings = { policyBindings: [{ name: BINDING }] }
const MODES = {
  disabled: [{ evaluationMode: 'DISABLED' }, false],
  'project-singleton-policy-enforce': [{ evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' }, true],
  'policy-bindings': [{ evaluationMode: 'POLICY_BINDINGS', ...bindings }, false],
  'policy-bindings-and-project-singleton-policy-enforce': [
    { evaluationMode: 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE', ...bindings },
    true,
  ],
} as const
type Mode = keyof typeof MODES

/** Words before the command → the modes that its track accepts. */
const ACCEPTED: [track: string, words: string[], modes: Mode[]][] = [
  ['GA', [], ['disabled', 'project-singleton-policy-enforce']],
  ['beta', ['beta'], Object.keys(MODES) as Mode[]],
  ['alpha', ['alpha'], Object.keys(MODES) as Mode[]],
]
const UPDATES = ACCEPTED.flatMap(([track, words, modes]) => modes.map((mode) => ({ track, words, mode })))

let emulator: Emulator

/** gcloud in a project of its own, whose policy denies everything. `clusters` runs `gcloud … container clusters …` in a track. */
async function denyingProject() {
  const project = newProject()
  await emulator.call('PUT', `/v1/projects/${project}/policy`, {
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  })
  const gcloud = createGcloud(emulator.url, project, 'inside exec')
  const clusters = (words: string[], ...args: string[]) => gcloud.ok(...words, 'container', 'clusters', ...args)
  const describeCluster = async (words: string[] = [], where = REGION) =>
    JSON.parse(await clusters(words, 'describe', 'prod', where, '--format=json'))
  const review = async () => (await admit(emulator, project, pod(IMAGE))).response
  return { project, gcloud, clusters, describeCluster, review }
}

const kubeconfigOf = (gcloud: Gcloud) => join(dirname(gcloud.file('here', '')), '.kube', 'config')

describe.skipIf(!hasGcloud('sdk-tests/gcloud/clusters.test.ts'))('clusters by gcloud', { concurrent: true }, () => {
  beforeAll(async () => {
    delete process.env.KUBECONFIG // gcloud would write to it
    emulator = await startEmulator('--no-seed')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test.each(UPDATES)('$track: the mode $mode is stored, shown, and followed by admission', async ({ words, mode }) => {
    const { project, clusters, describeCluster, review } = await denyingProject()
    const [stored, isEnforced] = MODES[mode]
    // from the other side, so that the update changes what admission does
    const binaryAuthorization = { evaluationMode: isEnforced ? 'DISABLED' : 'PROJECT_SINGLETON_POLICY_ENFORCE' }
    await emulator.call('POST', `/v1/projects/${project}/locations/europe-west2/clusters`, {
      cluster: { name: 'prod', initialNodeCount: 1, binaryAuthorization },
    })
    expect(await review()).toEqual(isEnforced ? UNEVALUATED : DENIED)
    const policyBindings = 'policyBindings' in stored ? [`--binauthz-policy-bindings=name=${BINDING}`] : []
    await clusters(words, 'update', 'prod', REGION, `--binauthz-evaluation-mode=${mode}`, ...policyBindings)
    expect((await describeCluster(words)).binaryAuthorization).toEqual(stored)
    expect(await review()).toEqual(isEnforced ? DENIED : UNEVALUATED)
  })

  test.each(ACCEPTED)('%s: a cluster is created with a mode, or without Binary Authorization', async (_, words) => {
    const { clusters, describeCluster, review } = await denyingProject()
    expect(await review()).toEqual(DENIED) // that of a cluster which nobody has created
    const status = await clusters(words, 'create', 'prod', REGION, '--format=value(status)')
    expect(status.trim()).toBe('RUNNING')
    expect(await review()).toEqual(UNEVALUATED)
    await clusters(words, 'delete', 'prod', REGION)
    await clusters(words, 'create', 'prod', REGION, '--binauthz-evaluation-mode=PROJECT_SINGLETON_POLICY_ENFORCE')
    expect((await describeCluster(words)).binaryAuthorization).toEqual({ evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' })
    expect(await review()).toEqual(DENIED)
  })

  test('the deprecated flags enable and disable', async () => {
    const { clusters, describeCluster, review } = await denyingProject()
    await clusters([], 'create', 'prod', REGION, '--enable-binauthz')
    expect((await describeCluster()).binaryAuthorization).toEqual({ enabled: true })
    expect(await review()).toEqual(DENIED)
    await clusters([], 'update', 'prod', REGION, '--no-enable-binauthz')
    expect(await review()).toEqual(UNEVALUATED)
  })

  test('an Autopilot cluster is created with a mode, listed, and deleted: then it is no cluster of GKE any more', async () => {
    const { clusters, describeCluster, review } = await denyingProject()
    await clusters([], 'create-auto', 'prod', REGION, '--binauthz-evaluation-mode=DISABLED')
    expect(await describeCluster()).toMatchObject({
      autopilot: { enabled: true },
      binaryAuthorization: { evaluationMode: 'DISABLED' },
    })
    expect(await review()).toEqual(UNEVALUATED)
    const row = /^prod +europe-west2 +\S+ +127\.[\d.]+ +e2-medium +\S+ +\d+ +RUNNING$/m
    expect(await clusters([], 'list')).toMatch(row)
    await clusters([], 'delete', 'prod', REGION)
    expect(await clusters([], 'list', '--format=json')).toBe('[]\n')
    expect(await review()).toEqual(DENIED)
  })

  test('a cluster in a zone is addressed by it', async () => {
    const { project, clusters, describeCluster } = await denyingProject()
    const mode = '--binauthz-evaluation-mode=DISABLED'
    await clusters([], 'create', 'prod', '--zone=us-central1-a', '--num-nodes=1', mode)
    expect(await describeCluster([], '--zone=us-central1-a')).toMatchObject({ location: 'us-central1-a', currentNodeCount: 1 })
    const ask = (location: string) =>
      emulator.call('POST', `/admission/projects/${project}/locations/${location}/clusters/prod`, {
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        kind: 'ImageReview',
        spec: { containers: [{ image: IMAGE }] },
      })
    expect([(await ask('us-central1-a')).status.allowed, (await ask('us-central1')).status.allowed]).toEqual([true, false])
  })

  test('get-credentials writes a kubeconfig with the endpoint and the CA of the cluster', async () => {
    const { project, gcloud, clusters, describeCluster } = await denyingProject()
    await clusters([], 'create', 'prod', REGION)
    await clusters([], 'get-credentials', 'prod', REGION)
    const { endpoint } = await describeCluster()
    const kubeconfig = readFileSync(kubeconfigOf(gcloud), 'utf8')
    expect(kubeconfig).toContain(`server: https://${endpoint}\n`)
    expect(kubeconfig).toContain(`current-context: gke_${project}_europe-west2_prod\n`)
    const data = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? ''
    expect(new X509Certificate(Buffer.from(data, 'base64')).ca).toBe(true)
  })

  test('what goes wrong is told in GKE’s words', async () => {
    const { project, gcloud, clusters } = await denyingProject()
    const fails = async (...args: string[]) => (await gcloud.run('container', 'clusters', ...args)).stderr
    const name = `projects/${project}/locations/europe-west2/clusters/prod`
    expect(await fails('describe', 'prod', REGION)).toContain(`ResponseError: code=404, message=Not found: ${name}.`)
    await clusters([], 'create', 'prod', REGION)
    expect(await fails('create', 'prod', REGION)).toContain(`ResponseError: code=409, message=Already exists: ${name}.`)
    expect(await fails('describe', 'prod', '--region=atlantis1')).toContain(
      'ResponseError: code=400, message=Location "atlantis1" does not exist.',
    )
  })

  test('node pools are made and deleted', async () => {
    const { gcloud, clusters } = await denyingProject()
    await clusters([], 'create', 'prod', REGION)
    const pools = (...args: string[]) => gcloud.ok('container', 'node-pools', ...args, '--cluster=prod', REGION)
    await pools('create', 'second', '--machine-type=n2-standard-4')
    const listed = JSON.parse(await pools('list', '--format=json'))
    expect(listed.map(({ name, config }: any) => [name, config.machineType])).toEqual([
      ['default-pool', 'e2-medium'],
      ['second', 'n2-standard-4'],
    ])
    await pools('delete', 'second')
    expect(JSON.parse(await pools('list', '--format=json'))).toHaveLength(1)
  })
})

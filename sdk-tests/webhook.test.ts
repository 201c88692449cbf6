// What `binauthz-emulator webhook` prints, in an API server that does with it what Kubernetes does: it asks over HTTPS with the
// bundle as its only root, and admits, denies or fails open by what comes back.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { container, NO_VALID_ATTESTATION, pod, podReview } from './admission.ts'
import { admitByImagePolicy, admitByWebhooks, type Tls } from './api-server.ts'
import { attestorName, createAttestation, newDigest, projectRequiring, REPOSITORY, signaturePayload } from './attestations.ts'
import { isInstalled, run, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'
import { newSigner } from './signers.ts'

const CLUSTER = 'us-central1-a.kind'
const WEBHOOK = 'imagepolicywebhook.image-policy.k8s.io'
const FAILED_OPEN = { 'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': WEBHOOK }

/** The names by which a cluster may have to reach it, as `docs/kubernetes.md` has them. */
const NAMES = ['host.docker.internal', '172.18.0.1', 'host.k3d.internal', 'host.minikube.internal']

let emulator: Emulator
let project: string
let attested: string
let unattested: string
let refusal: string
beforeAll(async () => {
  emulator = await startEmulator('--no-seed', '--san', NAMES.join())
  const signer = newSigner()
  project = await projectRequiring(emulator, { trusted: [signer.publicKey] })
  const digest = newDigest()
  const payload = signaturePayload(REPOSITORY, digest)
  attested = `${REPOSITORY}@${digest}`
  unattested = `${REPOSITORY}@${newDigest()}`
  await createAttestation(emulator, project, 'trusted', attested, payload, await signer.sign(payload))
  refusal = `Image ${unattested} denied by attestor ${attestorName(project, 'trusted')}: ${NO_VALID_ATTESTATION}`
})
afterAll(async () => {
  expect(await emulator.stop()).toBe(0)
})

const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BINAUTHZ_EMULATOR_')))

const command = (of: Emulator, ...flags: string[]) =>
  run(process.execPath, [ENTRY, 'webhook', '--url', of.url, ...flags], { cwd: ROOT, env: environment })

/** What the command prints for the project and its cluster, which knows the emulator by another name than this machine does. */
async function printed(...flags: string[]): Promise<string> {
  const args = ['--project', project, '--cluster', CLUSTER, '--address', 'host.docker.internal', ...flags]
  const { code, stdout, stderr } = await command(emulator, ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

const webhooks = async (...flags: string[]) => parse(await printed(...flags))

/** A Pod as a ReplicaSet asks for one: it gets its name from the API server. */
function podOfDeployment(image: string) {
  const { metadata, ...rest } = pod(image, { namespace: 'shop', labels: { app: 'shop', 'pod-template-hash': '6d4f8c9b7d' } })
  const { name: _, ...unnamed } = metadata
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'shop-6d4f8c9b7d', uid: randomUUID(), controller: true }
  return { ...rest, metadata: { ...unnamed, generateName: 'shop-6d4f8c9b7d-', ownerReferences: [owner] } }
}

const replicaSetController = { username: 'system:serviceaccount:kube-system:replicaset-controller' }
const creation = (image: string) => podReview(podOfDeployment(image), { userInfo: replicaSetController })

/** A review of another kind than a Pod. */
const otherKind = (group: string, kind: string, resource: string, spec: object) =>
  podReview(
    { apiVersion: `${group}/v1`, kind, metadata: { name: 'shop', namespace: 'shop' }, spec },
    { kind: { group, version: 'v1', kind }, resource: { group, version: 'v1', resource } },
  )

/** What kubectl prints behind `Error from server (VIOLATES_POLICY): `, and its parts. */
const denial = (image = unattested, detail = refusal) => ({
  status: 'Failure',
  code: 400,
  reason: 'VIOLATES_POLICY',
  message: `admission webhook "${WEBHOOK}" denied the request: Image ${image} denied by Binary Authorization default admission rule. ${detail}`,
  details: { kind: 'Pod', causes: [{ reason: `'${image}' : ${detail}\n` }] },
})

const decisions = async () => (await emulator.call('GET', `/_emulator/decisions?project=${project}`)).decisions

const ADMITTED = { allowed: true, isAnswered: true, annotations: {} }

const VERSIONS: [string, Tls][] = [
  ['1.2', { maxVersion: 'TLSv1.2' }],
  ['1.3', { minVersion: 'TLSv1.3' }],
]

test.each(VERSIONS)(
  'over TLS %s the Pod of a Deployment is created where its image is attested, and only then',
  async (_, tls) => {
    const configuration = await webhooks()
    expect(await admitByWebhooks(configuration, creation(attested), tls)).toEqual(ADMITTED)
    const denied = await admitByWebhooks(configuration, creation(unattested), tls)
    expect(denied).toEqual({ allowed: false, isAnswered: true, annotations: {}, status: denial() })
    const [latest] = await decisions()
    expect(latest).toMatchObject({ verdict: 'DENIED', cluster: CLUSTER, namespace: 'shop', pod: 'shop-6d4f8c9b7d-' })
  },
)

test('an update of a Pod is judged by the images that it leaves', async () => {
  const configuration = await webhooks()
  const update = (before: string, after: string) => {
    const options = { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1' }
    return podReview(pod(after), { operation: 'UPDATE', oldObject: pod(before), options })
  }
  expect(await admitByWebhooks(configuration, update(unattested, attested))).toEqual(ADMITTED)
  expect(await admitByWebhooks(configuration, update(attested, unattested))).toMatchObject({ allowed: false, status: denial() })
})

test('an ephemeral container is judged with the Pod that gets it', async () => {
  const configuration = await webhooks()
  const debugging = (image: string) =>
    podReview(pod(attested, { spec: { ephemeralContainers: [container(image, 'debugger')] } }), {
      operation: 'UPDATE',
      subResource: 'ephemeralcontainers',
      requestSubResource: 'ephemeralcontainers',
      oldObject: pod(attested),
    })
  expect(await admitByWebhooks(configuration, debugging(attested))).toEqual(ADMITTED)
  expect(await admitByWebhooks(configuration, debugging(unattested))).toMatchObject({ allowed: false, status: denial() })
})

test('nothing else is asked about, and whoever asks all the same is told yes: a Deployment is created, its Pods are not', async () => {
  const configuration = await webhooks()
  const template = { spec: { containers: [container(unattested)] } }
  const all = structuredClone(configuration)
  all.webhooks[0].rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], scope: '*' }]
  const before = (await decisions()).length
  for (const review of [
    otherKind('apps', 'Deployment', 'deployments', { replicas: 1, template }),
    otherKind('stable.example.com', 'CronTab', 'crontabs', { image: unattested, template }),
    podReview(pod(unattested), { subResource: 'status', operation: 'UPDATE' }),
    podReview(null, { operation: 'DELETE', oldObject: pod(unattested) }),
  ]) {
    expect(await admitByWebhooks(configuration, review)).toEqual({ ...ADMITTED, isAnswered: false })
    expect(await admitByWebhooks(all, review)).toEqual(ADMITTED)
  }
  expect(await decisions()).toHaveLength(before)
})

test('a dry run is judged as what it tries, and is no reason to refuse', async () => {
  const configuration = await webhooks()
  const dryRun = (image: string) => podReview(pod(image), { dryRun: true, options: { dryRun: ['All'] } })
  expect(await admitByWebhooks(configuration, dryRun(attested))).toEqual(ADMITTED)
  expect(await admitByWebhooks(configuration, dryRun(unattested))).toMatchObject({ allowed: false, status: denial() })
  const unknown = structuredClone(configuration)
  unknown.webhooks[0].sideEffects = 'Unknown'
  expect((await admitByWebhooks(unknown, dryRun(attested))).status?.message).toBe(
    `admission webhook "${WEBHOOK}" does not support dry run`,
  )
})

test('break-glass lets a Pod in, and the audit event of the cluster says so under the name of the webhook', async () => {
  const configuration = await webhooks()
  const asking = (value: string) => podReview(pod(unattested, { labels: { 'image-policy.k8s.io/break-glass': value } }))
  expect(await admitByWebhooks(configuration, asking('true'))).toEqual({
    ...ADMITTED,
    annotations: {
      [`${WEBHOOK}/break-glass`]: 'true',
      [`${WEBHOOK}/overridden-verification-result`]: `'${unattested}' : ${refusal}\n`,
    },
  })
  expect(await admitByWebhooks(configuration, asking('yes'))).toMatchObject({ allowed: false, status: denial() })
})

/** Other places than the emulator: it is not there, it does not answer in time, or another has its place. */
async function placesWithoutAnswer(configuration: any): Promise<Record<string, any>> {
  const moved = (port: number) => {
    const copy = structuredClone(configuration)
    const url = new URL(copy.webhooks[0].clientConfig.url)
    url.port = String(port)
    copy.webhooks[0].clientConfig.url = url.href
    return copy
  }
  const stopped = await startEmulator('--no-seed', '--san', 'host.docker.internal')
  const { port: unused } = new URL(stopped.url)
  const { stdout } = await command(stopped, '--address', 'host.docker.internal')
  expect(await stopped.stop()).toBe(0)
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const late = moved((silent.address() as AddressInfo).port)
  late.webhooks[0].timeoutSeconds = 1
  const untrusted = structuredClone(configuration)
  untrusted.webhooks[0].clientConfig.caBundle = parse(stdout).webhooks[0].clientConfig.caBundle
  const unnamed = structuredClone(configuration)
  unnamed.webhooks[0].clientConfig.url = configuration.webhooks[0].clientConfig.url.replace('host.docker', 'other.docker')
  const noCluster = structuredClone(configuration)
  noCluster.webhooks[0].clientConfig.url = configuration.webhooks[0].clientConfig.url.replace('us-central1-a', 'somewhere')
  return { stopped: moved(Number(unused)), late, untrusted, unnamed, noCluster }
}

/** By the place: what Node says of the call, where Go has words of its own. */
const WHY: Record<string, RegExp> = {
  stopped: /ECONNREFUSED/,
  late: /abort|timeout/i,
  untrusted: /certificate/,
  unnamed: /does not match certificate's altnames/,
  noCluster: /status 400: .*somewhere\\" is no location of a cluster/s,
}

test('without an answer every Pod is let in, as in GKE, and none with --fail-closed', async () => {
  const open = await placesWithoutAnswer(await webhooks())
  const closed = await placesWithoutAnswer(await webhooks('--fail-closed'))
  expect(Object.keys(open)).toEqual(Object.keys(WHY))
  for (const [place, why] of Object.entries(WHY)) {
    const admitted = await admitByWebhooks(open[place], creation(unattested))
    expect(admitted, place).toEqual({ allowed: true, isAnswered: false, annotations: FAILED_OPEN })
    const refused = await admitByWebhooks(closed[place], creation(attested))
    expect(refused, place).toMatchObject({ allowed: false, status: { code: 500, reason: 'InternalError' } })
    expect(refused.status?.message).toMatch(
      new RegExp(`^Internal error occurred: failed calling webhook "${WEBHOOK}": failed to call webhook: Post "https://`),
    )
    expect(refused.status?.message, place).toMatch(why)
  }
  const answered = await webhooks('--fail-closed')
  expect(await admitByWebhooks(answered, creation(attested))).toEqual(ADMITTED)
  expect(await admitByWebhooks(answered, creation(unattested))).toMatchObject({ status: denial() })
})

describe('the older ImagePolicyWebhook', () => {
  const files = async (...flags: string[]) => {
    const [{ configuration }] = parse(await printed('--format', 'imagepolicy', ...flags)).plugins
    return [configuration, parse(await printed('--format', 'kubeconfig', ...flags))] as const
  }
  const forbidden = (why: string) => ({ code: 403, reason: 'Forbidden', message: `pods "app" is forbidden: ${why}` })

  test('asks by its kubeconfig, and denies in the older words', async () => {
    const [configuration, kubeconfig] = await files()
    const ask = (object: object, part?: 'ephemeralcontainers') => admitByImagePolicy(configuration, kubeconfig, object, part)
    const message =
      'image policy webhook backend denied one or more images: Denied by default admission rule. Denied by Attestor. ' +
      `Image ${unattested} denied by ${attestorName(project, 'trusted')}: ${NO_VALID_ATTESTATION}`
    expect(await ask(pod(attested))).toEqual(ADMITTED)
    expect(await ask(pod(unattested))).toMatchObject({ allowed: false, isAnswered: true, status: forbidden(message) })
    const initiated = pod(attested, { spec: { initContainers: [container(unattested, 'init')] } })
    expect(await ask(initiated)).toMatchObject({ status: forbidden(message) })
    const debugging = (image: string) => pod(attested, { spec: { ephemeralContainers: [container(image, 'debugger')] } })
    expect(await ask(debugging(attested), 'ephemeralcontainers')).toEqual(ADMITTED)
    expect(await ask(debugging(unattested), 'ephemeralcontainers')).toMatchObject({ status: forbidden(message) })
    const broken = pod(unattested, { annotations: { 'alpha.image-policy.k8s.io/break-glass': 'true' } })
    expect(await ask(broken)).toMatchObject({ allowed: true, annotations: { [`${WEBHOOK}/break-glass`]: 'true' } })
    const [latest] = await decisions()
    expect(latest).toMatchObject({ source: 'ImageReview', verdict: 'BREAK_GLASS', cluster: CLUSTER })
  })

  test('fails open by itself, and closed with --fail-closed', async () => {
    const open = await files()
    const closed = await files('--fail-closed')
    expect(await admitByImagePolicy(...closed, pod(attested))).toEqual(ADMITTED)
    for (const [, { clusters }] of [open, closed]) clusters[0].cluster.server = 'https://host.docker.internal:1/'
    expect(await admitByImagePolicy(...open, pod(unattested))).toEqual({
      allowed: true,
      isAnswered: false,
      annotations: { [`${WEBHOOK}/failed-open`]: 'true' },
    })
    const refused = await admitByImagePolicy(...closed, pod(attested))
    expect(refused).toMatchObject({ allowed: false, isAnswered: false, status: { code: 403, reason: 'Forbidden' } })
  })
})

const hasKubectl = isInstalled('kubectl')
if (!hasKubectl) process.stderr.write('kubectl is not on the PATH: TLS is not tried with Go\n')

test.skipIf(!hasKubectl)('kubectl, which has TLS of Go as an API server has, trusts the printed CA by every name', async () => {
  const folder = temporaryFolder()
  for (const address of NAMES) {
    const kubeconfig = join(folder, `${address}.yaml`)
    const yaml = await printed('--address', address, '--format', 'kubeconfig')
    writeFileSync(kubeconfig, yaml)
    const { pathname } = new URL(parse(yaml).clusters[0].cluster.server)
    const ask = (name: string, review: object) => {
      const here = ['--server', emulator.url.replace('http:', 'https:'), '--tls-server-name', name, '--token', 'none']
      const args = ['--kubeconfig', kubeconfig, ...here, 'create', '--raw', pathname, '-f', '-']
      return run('kubectl', args, { input: JSON.stringify(review), env: { ...environment, HOME: folder } })
    }
    const { code, stdout } = await ask(address, creation(unattested))
    expect({ code, response: JSON.parse(stdout).response }).toMatchObject({ code: 0, response: { allowed: false } })
    expect(await ask('other.docker.internal', creation(unattested))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/x509: certificate is valid for .*, not other\.docker\.internal/),
    })
  }
})

test('a name that the certificate has not, or an emulator that does not run, is one line and exit code 1', async () => {
  const { code, stdout, stderr } = await command(emulator, '--address', 'other.docker.internal')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(
    `binauthz-emulator: The certificate of the emulator at ${emulator.url} is not for other.docker.internal, so no cluster would trust it ` +
      'there: start it with --san other.docker.internal --host 0.0.0.0 (or with a --cert that is), or give another --address.\n',
  )
  const nowhere = await command({ ...emulator, url: 'http://127.0.0.1:1' })
  expect(nowhere).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^binauthz-emulator: No emulator answers/) })
})

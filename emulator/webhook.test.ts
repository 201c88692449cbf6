import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readConfig } from './config.ts'
import { StartError } from './core/database.ts'
import { startTestEmulator, type TestEmulator } from './testing/emulator.ts'
import { newAuthority, newIdentity } from './transports/tls/certificates.ts'
import { webhook } from './webhook.ts'

let emulator: TestEmulator
let port: string
beforeAll(async () => {
  const sans = ['host.docker.internal', '172.18.0.1', 'fd00::1', '*.lab.example']
  emulator = await startTestEmulator({ sans })
  port = new URL(emulator.url).port
})
afterAll(() => emulator.close())

type Flags = Record<string, string | boolean>

const printed = (flags: Flags = {}, url = emulator.url) => webhook(readConfig({ url, ...flags }, {}))

/** The documents, of which none has an error or a warning. */
async function documents(flags: Flags): Promise<any[]> {
  const all = parseAllDocuments(await printed(flags))
  if (!Array.isArray(all)) throw new Error('nothing was printed')
  expect(all.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
  return all.map((document) => document.toJS())
}

const refusal = async (flags: Flags, url?: string) => {
  const error: Error = await printed(flags, url).then(
    () => new Error('nothing was refused'),
    (error) => error,
  )
  expect(error).toBeInstanceOf(StartError)
  return error.message
}

test('the configuration is that of GKE, with the URL of the cluster and the CA of the emulator that runs', async () => {
  const [configuration, ...others] = await documents({ project: 'team-blue', cluster: 'us-central1-a.my-cluster' })
  const { caBundle, ...clientConfig } = configuration.webhooks[0].clientConfig
  expect(others).toEqual([])
  expect(configuration).toEqual({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'binauthz-admission-controller' },
    webhooks: [
      {
        name: 'imagepolicywebhook.image-policy.k8s.io',
        clientConfig: { ...clientConfig, caBundle },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['pods', 'pods/ephemeralcontainers'],
            scope: 'Namespaced',
          },
        ],
        matchPolicy: 'Equivalent',
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 10,
      },
    ],
  })
  const path = '/admission/projects/team-blue/locations/us-central1-a/clusters/my-cluster'
  expect(clientConfig).toEqual({ url: `https://127.0.0.1:${port}${path}` })
  const pem = Buffer.from(caBundle, 'base64').toString()
  expect(pem).toBe((await emulator.http('GET', '/_emulator/ca.pem')).body)
  expect(new X509Certificate(pem).ca).toBe(true)
})

test('without --cluster it is that of the demo, without --project the project of the emulator', async () => {
  const [{ webhooks }] = await documents({})
  expect(webhooks[0].clientConfig.url).toBe(
    `https://127.0.0.1:${port}/admission/projects/my-app-prod/locations/europe-west2/clusters/prod`,
  )
})

test('the files of ImagePolicyWebhook name each other, the URL and the CA', async () => {
  const cluster = { cluster: 'global.kind' }
  const [admission, ...none] = await documents({ format: 'imagepolicy', ...cluster })
  const [kubeconfig, ...nothing] = await documents({ format: 'kubeconfig', ...cluster })
  expect([none, nothing]).toEqual([[], []])
  const [plugin] = admission.plugins
  expect(admission).toMatchObject({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' })
  expect(admission.plugins).toEqual([{ name: 'ImagePolicyWebhook', configuration: plugin.configuration }])
  expect(plugin.configuration).toEqual({
    imagePolicy: {
      kubeConfigFile: '/etc/ssl/certs/binauthz/kubeconfig.yaml',
      allowTTL: -1,
      denyTTL: -1,
      retryBackoff: 500,
      defaultAllow: true,
    },
  })
  expect(await printed({ format: 'kubeconfig' })).toContain(`# ${plugin.configuration.imagePolicy.kubeConfigFile},`)
  const [{ webhooks }] = await documents(cluster)
  const { url, caBundle } = webhooks[0].clientConfig
  expect(kubeconfig).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'binauthz-emulator', cluster: { server: url, 'certificate-authority-data': caBundle } }],
    users: [{ name: 'kube-apiserver', user: {} }],
    contexts: [{ name: 'webhook', context: { cluster: 'binauthz-emulator', user: 'kube-apiserver' } }],
    'current-context': 'webhook',
  })
})

test('--fail-closed lets nothing in while the emulator does not answer, and that is all it changes', async () => {
  const differing = async (format: string) => {
    const [open, closed] = [await printed({ format }), await printed({ format, 'fail-closed': true })]
    const lines = closed.split('\n')
    return open
      .split('\n')
      .flatMap((line, i) => (line === lines[i] || line.includes('# ') ? [] : [[line.trim(), lines[i]!.trim()]]))
  }
  expect(await differing('validating')).toEqual([['failurePolicy: Ignore', 'failurePolicy: Fail']])
  expect(await differing('imagepolicy')).toEqual([['defaultAllow: true', 'defaultAllow: false']])
  expect(await differing('kubeconfig')).toEqual([])
})

test.each([
  ['host.docker.internal', () => `host.docker.internal:${port}`],
  ['Host.Docker.Internal', () => `host.docker.internal:${port}`],
  ['emulator:9080', () => 'emulator:9080'],
  ['one.lab.example:443', () => 'one.lab.example'],
  ['172.18.0.1', () => `172.18.0.1:${port}`],
  ['[fd00::1]:8443', () => '[fd00::1]:8443'],
])('--address %s is where the API server asks, since the certificate is for it', async (address, host) => {
  const [{ webhooks }] = await documents({ address })
  const { url } = webhooks[0].clientConfig
  expect([new URL(url).protocol, new URL(url).host]).toEqual(['https:', host()])
  const [kubeconfig] = await documents({ address, format: 'kubeconfig' })
  expect(kubeconfig.clusters[0].cluster.server).toBe(url)
})

test.each(['host.minikube.internal', 'docker.internal', 'two.one.lab.example', '172.18.0.2', '[fd00::2]'])(
  '--address %s is refused, since the certificate is not for it, and the sentence says what to do',
  async (address) => {
    const name = address.replace(/[[\]]/g, '')
    expect(await refusal({ address })).toBe(
      `The certificate of the emulator at ${emulator.url} is not for ${name}, so no cluster would trust it there: ` +
        `start it with --san ${name} --host 0.0.0.0 (or with a --cert that is), or give another --address.`,
    )
  },
)

test('a cluster or project for which there is no webhook is refused in its words', async () => {
  for (const cluster of ['prod', '.prod', 'europe-west2.'])
    expect(await refusal({ cluster })).toBe(
      `--cluster must be a location and a name such as europe-west2.prod, not "${cluster}".`,
    )
  expect(await refusal({ cluster: 'europe.prod' })).toMatch(/^"europe" is no location of a cluster/)
  expect(await refusal({ cluster: 'europe-west2.Prod' })).toBe('"Prod" is no name of a cluster.')
  expect(await refusal({ cluster: 'europe-west2.prod?x: y' })).toBe('"prod?x: y" is no name of a cluster.')
  expect(await refusal({ project: '123456' })).toBe('There is no project "123456".')
  const strict = await startTestEmulator({ strictProjects: true })
  onTestFinished(() => strict.close())
  expect(await refusal({ project: 'team-blue' }, strict.url)).toBe('Permission denied on resource project team-blue.')
})

test('it leaves no decision behind', async () => {
  await printed()
  expect((await emulator.http('GET', '/_emulator/decisions')).body.decisions).toEqual([])
})

test('without an emulator there is nothing to print', async () => {
  expect(await refusal({}, 'http://127.0.0.1:1')).toMatch(/^No emulator answers at http:\/\/127\.0\.0\.1:1: /)
})

test('a certificate of --cert is trusted by the last of its file, and counts for its own names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const names = { dns: ['given.example'], ips: ['127.0.0.1'] }
  const { certPem, caPem, keyPem } = await newIdentity(await newAuthority(names, new Date()), names, new Date())
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(key, keyPem)
  // with its CA, and alone: then it is itself what is trusted
  for (const chain of [certPem, certPem.replace(caPem, '')]) {
    writeFileSync(cert, chain)
    const given = await startTestEmulator({ cert, key })
    onTestFinished(() => given.close())
    const { webhooks } = parse(await printed({ address: 'given.example' }, given.url))
    expect(Buffer.from(webhooks[0].clientConfig.caBundle, 'base64').toString()).toBe(chain === certPem ? caPem : chain)
    expect(await refusal({ address: 'emulator' }, given.url)).toContain('is not for emulator, so no cluster would trust it there')
  }
})

test('an emulator that has lost its certificate is one sentence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const names = { dns: ['given.example'], ips: ['127.0.0.1'] }
  const { certPem, keyPem } = await newIdentity(await newAuthority(names, new Date()), names, new Date())
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, certPem)
  writeFileSync(key, keyPem)
  const lost = await startTestEmulator({ cert, key, log: { debug() {}, info() {}, warn() {}, error() {} } })
  onTestFinished(() => lost.close())
  rmSync(cert)
  expect(await refusal({}, lost.url)).toBe(
    `The emulator at ${lost.url} gives no CA, without which no cluster can trust it: its log says why.`,
  )
})

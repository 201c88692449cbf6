// docs/kubernetes.md as it stands: its blocks are run one after the other by the real kubectl and gcloud, with only
// `npx binauthz-emulator` replaced. Those that begin with what they need (Docker, kind, k3s) are not. The cluster has as much of an
// API server as the others need.
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { pod, podReview } from './admission.ts'
import { admitByWebhooks } from './api-server.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type CommandResult, isInstalled, run, succeed, temporaryFolder } from './commands.ts'
import { type Emulator, ENTRY, ROOT, startEmulator } from './emulator.ts'

const GUIDE = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
/** The first line of a block that is not run. */
const NOT_RUN = /^# needs \w/

const missing = ['kubectl', 'gcloud'].filter((program) => !isInstalled(program))
if (missing.length > 0)
  process.stderr.write(`${missing.join(' and ')} not on the PATH: sdk-tests/kubernetes-guide.test.ts is skipped\n`)

let emulator: Emulator
let cluster: Cluster
let env: NodeJS.ProcessEnv
const folder = temporaryFolder()
const WEBHOOK = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/binauthz-admission-controller'

beforeAll(async () => {
  emulator = await startEmulator('--san', 'host.docker.internal,172.18.0.1,host.k3d.internal,host.minikube.internal')
  cluster = await startCluster()
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GOOGLE|CLOUDSDK|BINAUTHZ_EMULATOR)_|_proxy$/i.test(name))
  env = {
    ...Object.fromEntries(inherited),
    ...(process.env.CLOUDSDK_PYTHON && { CLOUDSDK_PYTHON: process.env.CLOUDSDK_PYTHON }),
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: folder,
    XDG_CACHE_HOME: folder,
    KUBECONFIG: cluster.kubeconfig,
    GATEWAY: '172.18.0.1',
    BINAUTHZ_EMULATOR_URL: emulator.url,
  }
})
afterAll(async () => {
  cluster.close()
  expect(await emulator.stop()).toBe(0)
})

interface Expected {
  code?: number
  check(result: CommandResult): unknown
}

const webhook = () => cluster.objects.get(WEBHOOK).webhooks[0]

/** A block that applies a configuration, by which the API server then asks at this host. */
const applies = (host: string, failurePolicy = 'Ignore'): Expected => ({
  check({ stdout }) {
    expect(stdout).toMatch(
      /^validatingwebhookconfiguration\.admissionregistration\.k8s\.io\/binauthz-admission-controller (created|configured)\n$/,
    )
    const path = '/admission/projects/my-app-prod/locations/europe-west2/clusters/prod'
    expect(webhook().clientConfig.url).toBe(`https://${host}:${new URL(emulator.url).port}${path}`)
    expect(webhook().failurePolicy).toBe(failurePolicy)
  },
})

const SECTIONS: Record<string, Expected[]> = {
  '': [applies('host.docker.internal')],
  kind: [applies('172.18.0.1')],
  k3d: [applies('host.k3d.internal')],
  minikube: [applies('host.minikube.internal')],
  k3s: [
    {
      check: () => {
        const { webhooks } = parse(readFileSync(join(folder, 'webhook.yaml'), 'utf8'))
        expect(new URL(webhooks[0].clientConfig.url).origin).toBe(emulator.url.replace('http', 'https'))
      },
    },
  ],
  'A first Pod': [{ code: 1, check: ({ stdout }) => expect(stdout).toBe('') }],
  Why: [
    {
      check({ stdout }) {
        expect(stdout).toContain('DENIED')
        expect(stdout).toContain('✗ nginx is denied')
        expect(stdout).toMatch(/exit code 2\n$/)
      },
    },
    { check: ({ stdout }) => expect(stdout).toBe('pod/app created\n') },
  ],
  'Which cluster it is': [{ check: admitsEverything }],
  'Pods of the cluster itself': [
    {
      async check() {
        const { kubernetesNamespaceAdmissionRules } = await emulator.call('GET', '/v1/projects/my-app-prod/policy')
        expect(kubernetesNamespaceAdmissionRules['kube-system'].evaluationMode).toBe('ALWAYS_ALLOW')
      },
    },
  ],
  'Without an answer': [
    applies('host.minikube.internal', 'Fail'),
    { check: () => expect(cluster.objects.has(WEBHOOK)).toBe(false) },
  ],
  'The older ImagePolicyWebhook': [
    {
      check() {
        const [admission, kubeconfig] = ['admission', 'kubeconfig'].map((name) =>
          parse(readFileSync(join(folder, `binauthz/${name}.yaml`), 'utf8')),
        )
        expect(admission.kind).toBe('AdmissionConfiguration')
        expect(new URL(kubeconfig.clusters[0].cluster.server).hostname).toBe('host.docker.internal')
      },
    },
  ],
}

/** The webhook answers, and lets in what it has denied before. */
async function admitsEverything() {
  const outcome = await admitByWebhooks(cluster.objects.get(WEBHOOK), podReview(pod('nginx')))
  expect(outcome).toEqual({ allowed: true, isAnswered: true, annotations: {} })
}

/** [heading, text], in the order of the guide; what stands before the first heading has ''. */
const PARTS = GUIDE.split(/^## /m).map((part, i): [string, string] => [i === 0 ? '' : part.slice(0, part.indexOf('\n')), part])

const blocksOf = (text: string) =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, lines]) => ({ language, lines: lines! }))

describe.skipIf(missing.length > 0)('docs/kubernetes.md', () => {
  for (const [heading, text] of PARTS) {
    const expected = SECTIONS[heading]
    if (!expected) continue
    test(`"${heading || 'With Kubernetes'}" does what it says`, () => runSection(text, expected), 300_000)
  }
})

async function runSection(text: string, expected: Expected[]) {
  const expectations = expected.values()
  let said = ''
  for (const { language, lines } of blocksOf(text)) {
    if (language === '') expect(said).toContain(lines.trim())
    if (language !== 'sh' || NOT_RUN.test(lines)) continue
    const command = lines.replaceAll('npx binauthz-emulator', `"${process.execPath}" "${join(ROOT, ENTRY)}"`)
    const { value } = expectations.next()
    if (!value) throw new Error(`Nothing is expected of this block:\n${lines}`)
    const result = await run('bash', ['-c', `set -euo pipefail\n${command}`], { cwd: folder, env })
    expect(result.code, lines + result.stdout + result.stderr).toBe(value.code ?? 0)
    await value.check(result)
    said = result.stdout + result.stderr
  }
  expect([...expectations], 'blocks that are not there').toEqual([])
}

test('every section with blocks that can be run is run', () => {
  for (const [heading, text] of PARTS) {
    const shell = blocksOf(text).filter(({ language }) => language === 'sh')
    const isRun = shell.some(({ lines }) => !NOT_RUN.test(lines))
    expect(isRun, heading).toBe(heading in SECTIONS)
  }
})

test('what is not run has no option that the emulator has not', async () => {
  const { stdout: help } = await succeed(process.execPath, [join(ROOT, ENTRY), '--help'])
  const flags = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag)
  const known = flags(help)
  const lines = GUIDE.split('\n').filter((line) => /binauthz-emulator(\.js)? (start|webhook)/.test(line))
  expect(lines.length).toBeGreaterThan(8)
  for (const line of lines) {
    const [, own] = /binauthz-emulator(?:\.js)? ((?:start|webhook)[^|]*)/.exec(line)!
    for (const flag of flags(own!)) expect(known, line).toContain(flag)
  }
  const table = flags(/^\| cluster \|.*?\n\n/ms.exec(GUIDE)![0])
  for (const flag of table) expect(known).toContain(flag)
})

test('the files of kind that it shows name the paths that webhook prints', async () => {
  const config = parse(blocksOf(GUIDE).find(({ lines }) => lines.startsWith('# kind.yaml'))!.lines)
  const [{ extraMounts, kubeadmConfigPatches }] = config.nodes
  const { apiServer } = parse(kubeadmConfigPatches[0])
  const { stdout } = await run(process.execPath, [join(ROOT, ENTRY), 'webhook', '--format', 'imagepolicy'], { env })
  const { kubeConfigFile } = parse(stdout).plugins[0].configuration.imagePolicy
  expect(dirname(kubeConfigFile)).toBe(extraMounts[0].containerPath)
  for (const [flag, value] of Object.entries(apiServer.extraArgs)) expect(stdout).toContain(`#   --${flag}=${value}\n`)
})

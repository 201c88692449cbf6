// The whole tutorial with unmodified gcloud, in one project and in order, and what each command prints: from the APIs to the organization
// policy, on GKE and on Cloud Run (https://cloud.google.com/binary-authorization/docs/getting-started-cli,
// https://cloud.google.com/binary-authorization/docs/run/enabling-binauthz-cloud-run).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, NO_VALID_ATTESTATION, pod } from '../admission.ts'
import { newDigest } from '../attestations.ts'
import { succeed } from '../commands.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REGION = '--region=europe-west2'
const ATTESTOR = `projects/${PROJECT}/attestors/built-by-ci`
const POLICY = `projects/${PROJECT}/policies/run.allowedBinaryAuthorizationPolicies`
const KEY = `projects/${PROJECT}/locations/europe-west2/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key`
const IMAGE = `europe-west2-docker.pkg.dev/${PROJECT}/my-repo/my-image@${newDigest()}`
const UNATTESTED = `europe-west2-docker.pkg.dev/${PROJECT}/my-repo/my-image@${newDigest()}`
const UNAUTHORIZED = `Container image '${UNATTESTED}' is not authorized by policy. Image ${UNATTESTED} denied by attestor ${ATTESTOR}: ${NO_VALID_ATTESTATION}`

const APIS = ['binaryauthorization', 'container', 'run', 'cloudkms', 'containeranalysis', 'artifactregistry'].map(
  (api) => `${api}.googleapis.com`,
)

/** The filters of the documentation. */
const PODS = `resource.type="k8s_cluster"
logName:"cloudaudit.googleapis.com%2Factivity"
(protoPayload.methodName="io.k8s.core.v1.pods.create" OR protoPayload.methodName="io.k8s.core.v1.pods.update")`
const REVISIONS = 'resource.type="cloud_run_revision" logName:"cloudaudit.googleapis.com%2Fsystem_event"'
const FILTERS = {
  blocked: [
    `${PODS}
protoPayload.response.status="Failure"
(protoPayload.response.reason="VIOLATES_POLICY" OR protoPayload.response.reason="Forbidden")`,
    `${REVISIONS} protoPayload.response.status.conditions.reason="ContainerImageUnauthorized"`,
  ],
  dryRun: [`${PODS} labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"`, `${REVISIONS} "dry run"`],
  breakGlass: [`${PODS} "image-policy.k8s.io/break-glass"`, `${REVISIONS} "breakglass"`],
}

/** What each track accepts, in the order of the updates: the last one leaves the policy of the project enforced. */
const BINDINGS = `--binauthz-policy-bindings=name=projects/${PROJECT}/platforms/gke/policies/trusted`
const policyBindings = [{ name: `projects/${PROJECT}/platforms/gke/policies/trusted` }]
const UPDATES: [words: string[], flags: string[], shown: object][] = [
  [[], ['DISABLED'], { evaluationMode: 'DISABLED' }],
  [['beta'], ['POLICY_BINDINGS', BINDINGS], { evaluationMode: 'POLICY_BINDINGS', policyBindings }],
  [
    ['beta'],
    ['POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE', BINDINGS],
    { evaluationMode: 'POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE', policyBindings },
  ],
  [[], ['PROJECT_SINGLETON_POLICY_ENFORCE'], { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' }],
]

const policy = (enforcementMode: string) =>
  [
    'defaultAdmissionRule:',
    `  enforcementMode: ${enforcementMode}`,
    '  evaluationMode: REQUIRE_ATTESTATION',
    '  requireAttestationsBy:',
    `  - ${ATTESTOR}`,
    'globalPolicyEvaluationMode: ENABLE',
    `name: projects/${PROJECT}/policy`,
    '',
  ].join('\n')

/** Without the escapes by which gcloud prints bold, and with as many dots of progress as fit on a screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals use one
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '').replace(/\.{4,}/g, '...')

describe.skipIf(!hasGcloud('sdk-tests/gcloud/whole-tutorial.test.ts'))('the whole tutorial', () => {
  let emulator: Emulator
  let gcloud: Gcloud

  beforeAll(async () => {
    delete process.env.KUBECONFIG // gcloud would write to it
    emulator = await startEmulator('--no-seed')
    gcloud = createGcloud(emulator.url, PROJECT, 'inside exec')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const runs = async (...args: string[]) => {
    const { code, stdout, stderr } = await gcloud.run(...args)
    return { code, stdout: plain(stdout), stderr: plain(stderr) }
  }
  /** What a command prints that must succeed. */
  const prints = async (...args: string[]) => {
    const { code, stdout, stderr } = await runs(...args)
    expect(code, stderr).toBe(0)
    return { stdout, stderr }
  }
  const SILENCE = { stdout: '', stderr: '' }
  const enabled = async () =>
    (await gcloud.ok('services', 'list', '--enabled', '--format=value(config.name)'))
      .split('\n')
      .filter((name) => APIS.includes(name))
  const importPolicy = async (mode: string) => {
    const file = gcloud.file('policy.yaml', policy(mode))
    const { stdout, stderr } = await prints('container', 'binauthz', 'policy', 'import', file)
    expect(stdout).toMatch(/^updateTime: '\d{4}-\d\d-\d\dT[\d:.]+Z'$/m)
    return { policy: stdout.replace(/^(etag|updateTime): .*\n/gm, ''), stderr }
  }
  const deploy = (service: string, image: string, ...flags: string[]) =>
    runs('run', 'deploy', service, `--image=${image}`, REGION, ...flags)
  const review = async (name: string, image: string, labels?: Record<string, string>) =>
    (await admit(emulator, PROJECT, pod(image, { name, labels }))).response

  test('services enable', async () => {
    expect(await enabled()).toEqual([])
    expect(await prints('services', 'enable', APIS[0]!)).toEqual(SILENCE)
    expect(await prints('services', 'enable', ...APIS.slice(1))).toEqual(SILENCE)
    expect((await enabled()).sort()).toEqual([...APIS].sort())
  })

  test('container clusters create', async () => {
    const created = await prints(
      ...['container', 'clusters', 'create', 'prod', REGION, '--binauthz-evaluation-mode=PROJECT_SINGLETON_POLICY_ENFORCE'],
    )
    expect(created.stdout).toMatch(/^NAME +LOCATION .*\nprod +europe-west2 +\S+ +\S+ +e2-medium +\S+ +9 +RUNNING\n$/)
    expect(created.stderr.split('\n')).toEqual(
      expect.arrayContaining([
        'Creating cluster prod in europe-west2...',
        `Created [http://container.googleapis.com/v1/projects/${PROJECT}/zones/europe-west2/clusters/prod].`,
        'kubeconfig entry generated for prod.',
      ]),
    )
  })

  test.each(UPDATES)('%s container clusters update --binauthz-evaluation-mode=%s', async (words, [mode, ...flags], shown) => {
    const update = [...words, 'container', 'clusters', 'update', 'prod', REGION, `--binauthz-evaluation-mode=${mode}`]
    const { stdout, stderr } = await prints(...update, ...flags)
    const version = words[0] === 'beta' ? 'v1beta1' : 'v1'
    expect(stdout).toBe('')
    expect(stderr).toContain(
      `Updating prod...\ndone.\nUpdated [http://container.googleapis.com/${version}/projects/${PROJECT}/zones/europe-west2/clusters/prod].\n`,
    )
    const cluster = JSON.parse(await gcloud.ok(...words, 'container', 'clusters', 'describe', 'prod', REGION, '--format=json'))
    expect(cluster.binaryAuthorization).toEqual(shown)
  })

  test('a mode that only tutorials have is refused by gcloud itself', async () => {
    const mode = '--binauthz-evaluation-mode=POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_DRYRUN'
    const { code, stderr } = await runs('beta', 'container', 'clusters', 'update', 'prod', REGION, mode)
    expect(code).toBe(2)
    expect(stderr).toContain("Invalid choice: 'policy-bindings-and-project-singleton-policy-dryrun'")
  })

  test('kms keyrings create, kms keys create, and a note by curl, for which gcloud has no command', async () => {
    const ring = ['--location=europe-west2', '--keyring=prod-binauthz-ring']
    const key = ['--purpose=asymmetric-signing', '--default-algorithm=ec-sign-p256-sha256']
    expect(await prints('kms', 'keyrings', 'create', 'prod-binauthz-ring', '--location=europe-west2')).toEqual(SILENCE)
    expect(await prints('kms', 'keys', 'create', 'attestor-signing-key', ...ring, ...key)).toEqual(SILENCE)
    const note = JSON.stringify({ attestation: { hint: { humanReadableName: 'Built by our CI' } } })
    await succeed('curl', ['-sSf', `${emulator.url}/v1/projects/${PROJECT}/notes/?noteId=built-by-ci`, '--data-binary', note])
  })

  test('container binauthz attestors create, public-keys add', async () => {
    const note = ['--attestation-authority-note=built-by-ci', `--attestation-authority-note-project=${PROJECT}`]
    expect(await prints('container', 'binauthz', 'attestors', 'create', 'built-by-ci', ...note)).toEqual(SILENCE)
    const { stdout, stderr } = await prints(
      ...[
        'container',
        'binauthz',
        'attestors',
        'public-keys',
        'add',
        '--attestor=built-by-ci',
        `--keyversion-project=${PROJECT}`,
      ],
      ...['--keyversion-location=europe-west2', '--keyversion-keyring=prod-binauthz-ring'],
      ...['--keyversion-key=attestor-signing-key', '--keyversion=1'],
    )
    expect(stderr).toBe('')
    expect(stdout.replace(/^ {4}[\w+/=]{40,}\n/gm, '')).toBe(
      [
        `id: //cloudkms.googleapis.com/v1/${KEY}/cryptoKeyVersions/1`,
        'pkixPublicKey:',
        '  publicKeyPem: |',
        '    -----BEGIN PUBLIC KEY-----',
        '    -----END PUBLIC KEY-----',
        '  signatureAlgorithm: ECDSA_P256_SHA256',
        '',
      ].join('\n'),
    )
    const list = await prints('container', 'binauthz', 'attestors', 'list')
    expect(list.stdout.match(/[\w/-]+/g)).toEqual([
      ...['NAME', 'NOTE', 'NUM_PUBLIC_KEYS'],
      ...['built-by-ci', `projects/${PROJECT}/notes/built-by-ci`, '1'],
    ])
  })

  test('container binauthz policy import, as a dry run: what would be denied runs on both platforms', async () => {
    expect(await importPolicy('DRYRUN_AUDIT_LOG_ONLY')).toEqual({ policy: policy('DRYRUN_AUDIT_LOG_ONLY'), stderr: '' })
    expect((await review('dry', UNATTESTED)).allowed).toBe(true)
    const { code, stderr } = await deploy('dry', UNATTESTED, '--binary-authorization=default')
    expect(code, stderr).toBe(0)
  })

  test('container binauthz policy import, enforced: an attested image runs, another one does not', async () => {
    expect(await importPolicy('ENFORCED_BLOCK_AND_AUDIT_LOG')).toEqual({
      policy: policy('ENFORCED_BLOCK_AND_AUDIT_LOG'),
      stderr: '',
    })
    await prints(
      ...[
        'beta',
        'container',
        'binauthz',
        'attestations',
        'sign-and-create',
        `--artifact-url=${IMAGE}`,
        '--attestor=built-by-ci',
      ],
      ...['--keyversion-location=europe-west2', '--keyversion-keyring=prod-binauthz-ring'],
      ...['--keyversion-key=attestor-signing-key', '--keyversion=1'],
    )
    expect(await review('good', IMAGE)).toEqual(ALLOWED)
    expect(await review('bad', UNATTESTED)).toEqual(deniedByAttestors(UNATTESTED, [ATTESTOR]))
  })

  test('run deploy, allowed and denied', async () => {
    const allowed = await deploy('hello', IMAGE, '--binary-authorization=default')
    expect(allowed.code, allowed.stderr).toBe(0)
    expect(allowed.stderr.split('\n')).toEqual([
      'This service will require authentication to be invoked.',
      `Deploying container to Cloud Run service [hello] in project [${PROJECT}] region [europe-west2]`,
      'Deploying new service...',
      'Done.',
      expect.stringMatching(
        /^Service \[hello\] revision \[hello-00001-\w{3}\] has been deployed and is serving 100 percent of traffic\.$/,
      ),
      expect.stringMatching(/^Service URL: https:\/\/hello-\S+\.run\.app$/),
      '',
    ])
    const denied = await deploy('hello', UNATTESTED, '--binary-authorization=default')
    expect(denied.code).toBe(1)
    expect(denied.stderr.split('\n').slice(-2)).toEqual([
      expect.stringMatching(/^ERROR: \(gcloud\.run\.deploy\) Revision hello-00002-\w{3} uses an unauthorized container image\. /),
      '',
    ])
    expect(denied.stderr).toContain(` uses an unauthorized container image. ${UNAUTHORIZED}\n`)
  })

  test('run jobs deploy and execute, allowed and denied', async () => {
    const job = (image: string) =>
      prints('run', 'jobs', 'deploy', 'work', `--image=${image}`, REGION, '--binary-authorization=default')
    expect((await job(IMAGE)).stderr).toContain('Job [work] has successfully been deployed.\n')
    const executed = await prints('run', 'jobs', 'execute', 'work', REGION, '--wait')
    expect(executed.stderr).toMatch(/^Execution \[work-\w{5}\] has successfully completed\.$/m)
    expect((await job(UNATTESTED)).stderr).toContain('Job [work] has successfully been deployed.\n')
    const denied = await runs('run', 'jobs', 'execute', 'work', REGION, '--wait')
    expect(denied.code).toBe(1)
    expect(denied.stderr).toContain('ERROR: (gcloud.run.jobs.execute) The execution failed.\n')
    const [execution] = JSON.parse(await gcloud.ok('run', 'jobs', 'executions', 'list', '--job=work', REGION, '--format=json'))
    expect(execution.status.conditions[0]).toMatchObject({ reason: 'ContainerImageUnauthorized', message: UNAUTHORIZED })
  })

  test('run services update --breakglass, and break-glass for a Pod', async () => {
    const { stderr } = await prints('run', 'services', 'update', 'hello', REGION, '--breakglass=An outage')
    expect(stderr).toMatch(/^Service \[hello\] .*(has been updated|is serving 100 percent of traffic)\.$/m)
    const service = JSON.parse(await gcloud.ok('run', 'services', 'describe', 'hello', REGION, '--format=json'))
    expect(service.status.latestReadyRevisionName).toMatch(/^hello-00002-/)
    expect((await review('glass', UNATTESTED, { 'image-policy.k8s.io/break-glass': 'true' })).allowed).toBe(true)
  })

  test.each([
    ['blocked', ['bad'], ['hello']],
    ['dryRun', ['dry'], ['dry']],
    ['breakGlass', ['glass'], ['hello']],
  ] as const)('logging read: %s, on GKE and on Cloud Run', async (kind, pods, services) => {
    const [onGke, onRun] = await Promise.all(FILTERS[kind].map((filter) => gcloud.ok('logging', 'read', filter, '--format=json')))
    expect(JSON.parse(onGke!).map(({ protoPayload }: any) => protoPayload.resourceName.split('/').at(-1))).toEqual(pods)
    expect(JSON.parse(onRun!).map(({ resource }: any) => resource.labels.service_name)).toEqual(services)
  })

  const MEMBER = '--member=user:alice@example.com'
  test.each([
    ['projects add-iam-policy-binding', [PROJECT, '--role=roles/binaryauthorization.policyEditor'], `project [${PROJECT}]`],
    [
      'container binauthz attestors add-iam-policy-binding',
      ['built-by-ci', '--role=roles/binaryauthorization.attestorsVerifier'],
      'attestor [built-by-ci]',
    ],
    [
      'kms keys add-iam-policy-binding',
      ['attestor-signing-key', '--location=europe-west2', '--keyring=prod-binauthz-ring', '--role=roles/cloudkms.signerVerifier'],
      'key [attestor-signing-key]',
    ],
  ])('%s', async (command, args, what) => {
    const { stdout, stderr } = await prints(...command.split(' '), ...args, MEMBER)
    expect(stderr).toBe(`Updated IAM policy for ${what}.\n`)
    const role = args.at(-1)!.replace('--role=', '')
    expect(stdout).toMatch(
      new RegExp(
        `^bindings:\\n- members:\\n {2}- user:alice@example\\.com\\n {2}role: ${role}\\netag: [\\w-]+=*\\nversion: 1\\n$`,
      ),
    )
  })

  test('org-policies set-policy, and then a deployment without Binary Authorization is refused', async () => {
    const file = gcloud.file('org.yaml', `name: ${POLICY}\nspec:\n  rules:\n  - values:\n      allowedValues:\n      - default\n`)
    const { stdout, stderr } = await prints('org-policies', 'set-policy', file)
    expect(stderr).toBe(`Created policy [${POLICY}].\n`)
    expect(stdout.replace(/^ *(etag|updateTime): .*\n/gm, '')).toBe(
      `name: ${POLICY}\nspec:\n  rules:\n  - values:\n      allowedValues:\n      - default\n`,
    )
    const refused = await deploy('ungoverned', IMAGE)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      'ERROR: (gcloud.run.deploy) FAILED_PRECONDITION: Constraint constraints/run.allowedBinaryAuthorizationPolicies violated for attempting ' +
        'CreateService with annotation "run.googleapis.com/binary-authorization" not set.',
    )
    expect((await deploy('governed', IMAGE, '--binary-authorization=default')).code).toBe(0)
  })

  test('services disable', async () => {
    expect(await prints('services', 'disable', 'binaryauthorization.googleapis.com')).toEqual(SILENCE)
    expect((await enabled()).sort()).toEqual(APIS.slice(1).sort())
  })
})

// Organization policies on Cloud Run with unmodified gcloud: what is refused before Binary Authorization is asked
// (https://cloud.google.com/binary-authorization/docs/run/requiring-binauthz-cloud-run). In one project and in order: each test continues
// where the one before ended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_VALID_ATTESTATION } from '../admission.ts'
import { attestorName, createAttestor, newDigest, REPOSITORY, requireAttestors, updatePolicy } from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { newSigner } from '../signers.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const REGION = '--region=europe-west2'
const CONSTRAINT = 'run.allowedBinaryAuthorizationPolicies'
const OPT_IN = '--binary-authorization=default'

const OURS = `${REPOSITORY}@${newDigest()}`
const FOREIGN = `docker.io/somebody/app@${newDigest()}`

/** Without the escapes by which gcloud prints bold, colours and symbols of progress. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals use one
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '')

/** All that gcloud prints of a command that a constraint refuses. */
const refused = (command: string, steps: string[], message: string, violation: { subject: string; type: string }) =>
  [
    ...steps,
    `ERROR: (gcloud.${command}) FAILED_PRECONDITION: ${message}`,
    `- '@type': type.googleapis.com/google.rpc.PreconditionFailure`,
    '  violations:',
    `  - subject: ${violation.subject}`,
    `    type: ${violation.type}`,
    '',
  ].join('\n')

const notSet = (method: string) =>
  `Constraint constraints/${CONSTRAINT} violated for attempting ${method} with annotation "run.googleapis.com/binary-authorization" not set. (Whether an absent value violates a list of allowed values is an open point of the documentation; here it does.)`
const OF_PROJECT = { subject: `projects/${PROJECT}`, type: `constraints/${CONSTRAINT}` }

describe.skipIf(!hasGcloud('sdk-tests/gcloud/org-policies.test.ts'))('organization policies with gcloud', () => {
  let emulator: Emulator
  let gcloud: Gcloud

  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
    gcloud = createGcloud(emulator.url, PROJECT, 'inside exec')
    await createAttestor(emulator, PROJECT, 'built', [newSigner().publicKey])
    await updatePolicy(emulator, PROJECT, { defaultAdmissionRule: requireAttestors(attestorName(PROJECT, 'built')) })
    await gcloud.ok('services', 'enable', 'run.googleapis.com', 'orgpolicy.googleapis.com')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const runs = async (...args: string[]) => {
    const { code, stderr } = await gcloud.run('run', ...args, REGION)
    return { code, stderr: plain(stderr) }
  }
  const deploy = (service: string, image: string, ...flags: string[]) =>
    runs('deploy', service, `--image=${image}`, '--no-allow-unauthenticated', ...flags)
  const list = async (kind: 'services' | 'jobs') => JSON.parse(await gcloud.ok('run', kind, 'list', '--format=json'))
  const setPolicy = async (constraint: string, rule: object) => {
    const policy = { name: `projects/${PROJECT}/policies/${constraint}`, spec: { rules: [rule] } }
    const { code, stderr } = await gcloud.run('org-policies', 'set-policy', gcloud.file('policy.json', JSON.stringify(policy)))
    expect(code, stderr).toBe(0)
  }
  const decisions = async () => (await emulator.call('GET', `/_emulator/decisions?project=${PROJECT}`)).decisions

  const deploying = (service: string) =>
    `Deploying container to Cloud Run service [${service}] in project [${PROJECT}] region [europe-west2]`
  const NEW = ['Deploying new service...', 'failed', 'Deployment failed']

  test('under "allow default" a deployment that does not opt in is refused, and nothing of it is there', async () => {
    const before = await deploy('before', OURS)
    expect(before.code, before.stderr).toBe(0)
    await setPolicy(CONSTRAINT, { values: { allowedValues: ['default'] } })
    const { code, stderr } = await deploy('hello', OURS)
    expect(code).toBe(1)
    expect(stderr).toBe(refused('run.deploy', [deploying('hello'), ...NEW], notSet('CreateService'), OF_PROJECT))
    expect((await list('services')).map(({ metadata }: any) => metadata.name)).toEqual(['before'])
  })

  test('one that opts in is taken, and Binary Authorization has the last word', async () => {
    const denied = await deploy('hello', OURS, OPT_IN)
    expect(denied.code).toBe(1)
    expect(denied.stderr).toContain(NO_VALID_ATTESTATION)
    await updatePolicy(emulator, PROJECT, {
      defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
    })
    const { code, stderr } = await deploy('hello', OURS, OPT_IN)
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/Service \[hello] revision \[hello-\d{5}-[a-z0-9]{3}] has been deployed and is serving 100 percent/)
  })

  test('a service of before goes on, but every update of it is refused until one opts in', async () => {
    const update = (...flags: string[]) => runs('services', 'update', 'before', ...flags)
    const { code, stderr } = await update('--update-labels=a=b')
    expect(code).toBe(1)
    expect(stderr).toBe(
      refused('run.services.update', ['Deploying...', 'failed', 'Deployment failed'], notSet('ReplaceService'), OF_PROJECT),
    )
    const [before] = (await list('services')).filter(({ metadata }: any) => metadata.name === 'before')
    expect(before.status.conditions[0]).toMatchObject({ type: 'Ready', status: 'True' })
    expect(before.metadata.labels).not.toHaveProperty('a')
    expect((await update(OPT_IN)).code).toBe(0)
    const cleared = await update('--clear-binary-authorization')
    expect(cleared.code).toBe(1)
    expect(cleared.stderr).toContain(notSet('ReplaceService'))
  })

  test('jobs are held to the same', async () => {
    const create = (...flags: string[]) => runs('jobs', 'create', 'nightly', `--image=${OURS}`, ...flags)
    const { code, stderr } = await create()
    expect(code).toBe(1)
    const steps = [
      `Creating Cloud Run job [nightly] in project [${PROJECT}] region [europe-west2]`,
      ...['Creating job...', 'failed', 'Job failed to deploy'],
    ]
    expect(stderr).toBe(refused('run.jobs.create', steps, notSet('CreateJob'), OF_PROJECT))
    expect(await list('jobs')).toEqual([])
    expect((await create(OPT_IN)).code).toBe(0)
  })

  test('a custom constraint blocks an untrusted registry before attestations are looked for', async () => {
    const id = 'custom.onlyOurImages'
    const constraint = {
      name: `organizations/123/customConstraints/${id}`,
      resourceTypes: ['run.googleapis.com/Service'],
      methodTypes: ['CREATE', 'UPDATE'],
      condition: `resource.spec.template.spec.containers.all(c, c.image.startsWith("${REPOSITORY}"))`,
      actionType: 'ALLOW',
      description: 'Images come from our own registry.',
    }
    await gcloud.ok('org-policies', 'set-custom-constraint', gcloud.file('constraint.json', JSON.stringify(constraint)))
    await setPolicy(id, { enforce: true })
    const decided = await decisions()

    const foreign = await deploy('foreign', FOREIGN, OPT_IN)
    expect(foreign.code).toBe(1)
    const name = `projects/${PROJECT}/locations/europe-west2/services/foreign`
    const message = `Operation denied by custom org policy on resource '${name}': ["customConstraints/${id}": "Images come from our own registry."].`
    expect(foreign.stderr).toBe(
      refused('run.deploy', [deploying('foreign'), ...NEW], message, { subject: name, type: `customConstraints/${id}` }),
    )
    expect((await list('services')).map(({ metadata }: any) => metadata.name)).not.toContain('foreign')
    expect(await decisions()).toEqual(decided)
    const ours = await deploy('ours', OURS, OPT_IN)
    expect(ours.code, ours.stderr).toBe(0)
  })
})

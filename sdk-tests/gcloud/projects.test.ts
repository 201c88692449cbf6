// gcloud's commands for projects, service accounts, roles and organization policies: who may do what, and what is allowed at all.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../emulator.ts'
import { createGcloud, type Gcloud, hasGcloud } from './gcloud.ts'

const PROJECT = 'my-app-prod'
const CONSTRAINT = 'run.allowedBinaryAuthorizationPolicies'
const SIGNER = `ci-signer@${PROJECT}.iam.gserviceaccount.com`

describe.skipIf(!hasGcloud('sdk-tests/gcloud/projects.test.ts'))('projects, IAM and organization policies', () => {
  let emulator: Emulator
  let gcloud: Gcloud

  beforeAll(async () => {
    emulator = await startEmulator()
    gcloud = createGcloud(emulator.url, PROJECT, 'inside exec')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  const json = async (...args: string[]) => JSON.parse(await gcloud.ok(...args, '--format=json'))

  test('projects describe has the number that scripts ask for, and projects list has the project', async () => {
    const number = await gcloud.ok('projects', 'describe', PROJECT, '--format=value(projectNumber)')
    expect(number.trim()).toMatch(/^\d{12}$/)
    expect(await json('projects', 'list')).toMatchObject([
      { projectId: PROJECT, projectNumber: number.trim(), lifecycleState: 'ACTIVE' },
    ])
  })

  test('a project is created, deleted and restored', async () => {
    await gcloud.ok('projects', 'create', 'my-attestors', '--name=My attestors')
    expect(await json('projects', 'describe', 'my-attestors')).toMatchObject({ name: 'My attestors', lifecycleState: 'ACTIVE' })
    await gcloud.ok('projects', 'delete', 'my-attestors')
    expect((await json('projects', 'list', '--filter=lifecycleState:DELETE_REQUESTED'))[0].projectId).toBe('my-attestors')
    await gcloud.ok('projects', 'undelete', 'my-attestors')
    expect(await json('projects', 'list')).toHaveLength(2)
  })

  test('projects add-iam-policy-binding adds to what is there, with and without a condition', async () => {
    const add = (member: string, role: string, condition: string) =>
      gcloud.run(
        'projects',
        'add-iam-policy-binding',
        PROJECT,
        `--member=${member}`,
        `--role=${role}`,
        `--condition=${condition}`,
      )
    expect((await add('user:alice@example.com', 'roles/viewer', 'None')).stderr).toContain(
      `Updated IAM policy for project [${PROJECT}].`,
    )
    const expression = 'request.time < timestamp("2030-01-01T00:00:00Z")'
    expect((await add('user:bob@example.com', 'roles/run.developer', `expression=${expression},title=soon`)).code).toBe(0)
    const { bindings, version } = await json('projects', 'get-iam-policy', PROJECT)
    expect(version).toBe(3)
    expect(bindings).toEqual([
      { role: 'roles/viewer', members: ['user:alice@example.com'] },
      { role: 'roles/run.developer', members: ['user:bob@example.com'], condition: { expression, title: 'soon' } },
    ])
    const refused = await add('alice', 'roles/viewer', 'None')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('INVALID_ARGUMENT')
  })

  test('a service account is created, listed, described, granted and given a key', async () => {
    await gcloud.ok('iam', 'service-accounts', 'create', 'ci-signer', '--display-name=CI signer')
    expect(await json('iam', 'service-accounts', 'list')).toMatchObject([{ email: SIGNER, displayName: 'CI signer' }])
    expect(await json('iam', 'service-accounts', 'describe', SIGNER)).toMatchObject({ email: SIGNER, projectId: PROJECT })
    const grant = ['--member=user:alice@example.com', '--role=roles/iam.serviceAccountUser']
    await gcloud.ok('iam', 'service-accounts', 'add-iam-policy-binding', SIGNER, ...grant)
    const { bindings } = await json('iam', 'service-accounts', 'get-iam-policy', SIGNER)
    expect(bindings).toEqual([{ role: 'roles/iam.serviceAccountUser', members: ['user:alice@example.com'] }])
    const path = gcloud.file('key.json', '')
    await gcloud.ok('iam', 'service-accounts', 'keys', 'create', path, `--iam-account=${SIGNER}`)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ type: 'service_account', client_email: SIGNER })
    expect(await json('iam', 'service-accounts', 'keys', 'list', `--iam-account=${SIGNER}`)).toHaveLength(1)
  })

  test('roles are described, and custom ones created', async () => {
    const attacher = await json('iam', 'roles', 'describe', 'roles/containeranalysis.notes.attacher')
    expect(attacher.includedPermissions).toContain('containeranalysis.notes.attachOccurrence')
    const permission = 'cloudkms.cryptoKeyVersions.useToSign'
    await gcloud.ok('iam', 'roles', 'create', 'signer', `--project=${PROJECT}`, `--permissions=${permission}`, '--title=Signer')
    expect((await json('iam', 'roles', 'describe', 'signer', `--project=${PROJECT}`)).includedPermissions).toEqual([permission])
  })

  test('org-policies set-policy creates and updates; describe, list and delete see the same policy', async () => {
    const file = (values: string[]) =>
      gcloud.file(
        'policy.json',
        JSON.stringify({
          name: `projects/${PROJECT}/policies/${CONSTRAINT}`,
          spec: { rules: [{ values: { allowedValues: values } }] },
        }),
      )
    expect((await gcloud.run('org-policies', 'set-policy', file(['default']))).stderr).toContain('Created policy')
    expect((await gcloud.run('org-policies', 'set-policy', file(['is:default', 'other']))).stderr).toContain('Updated policy')
    const project = `--project=${PROJECT}`
    const { spec } = await json('org-policies', 'describe', CONSTRAINT, project)
    expect(spec.rules).toEqual([{ values: { allowedValues: ['is:default', 'other'] } }])
    expect(await gcloud.ok('org-policies', 'list', project)).toMatch(new RegExp(`${CONSTRAINT} +SET`))
    await gcloud.ok('org-policies', 'delete', CONSTRAINT, project)
    expect((await gcloud.run('org-policies', 'describe', CONSTRAINT, project)).stderr).toContain('NOT_FOUND')
  })

  test('a custom constraint is set on an organization, and enforced in a project', async () => {
    const constraint = {
      name: 'organizations/123/customConstraints/custom.onlyOurImages',
      resourceTypes: ['run.googleapis.com/Service'],
      methodTypes: ['CREATE', 'UPDATE'],
      condition: `resource.spec.template.spec.containers.all(c, c.image.startsWith("europe-west2-docker.pkg.dev/${PROJECT}/"))`,
      actionType: 'ALLOW',
    }
    const set = (content: object) =>
      gcloud.run('org-policies', 'set-custom-constraint', gcloud.file('constraint.json', JSON.stringify(content)))
    expect((await set(constraint)).stderr).toContain('Created custom constraint')
    expect((await set({ ...constraint, condition: 'resource.matchTag("a", "b")' })).stderr).toContain(
      'matchTag() is not supported',
    )
    const policy = { name: `projects/${PROJECT}/policies/custom.onlyOurImages`, spec: { rules: [{ enforce: true }] } }
    await gcloud.ok('org-policies', 'set-policy', gcloud.file('policy.json', JSON.stringify(policy)))
    expect(await gcloud.ok('org-policies', 'list', `--project=${PROJECT}`)).toContain('custom.onlyOurImages')
  })

  test('resource-manager org-policies allows, describes and forbids in the form of version 1', async () => {
    const v1 = ['resource-manager', 'org-policies']
    const project = `--project=${PROJECT}`
    await gcloud.ok(...v1, 'allow', CONSTRAINT, 'default', project)
    expect(await json(...v1, 'describe', CONSTRAINT, project)).toMatchObject({
      constraint: `constraints/${CONSTRAINT}`,
      listPolicy: { allowedValues: ['default'] },
    })
    expect(await json('org-policies', 'describe', CONSTRAINT, project)).toMatchObject({
      spec: { rules: [{ values: { allowedValues: ['default'] } }] },
    })
    await gcloud.ok(...v1, 'enable-enforce', 'iam.disableServiceAccountKeyCreation', project)
    const path = gcloud.file('forbidden.json', '')
    const { code, stderr } = await gcloud.run('iam', 'service-accounts', 'keys', 'create', path, `--iam-account=${SIGNER}`)
    expect([code, stderr]).toEqual([1, expect.stringContaining('Key creation is not allowed on this service account.')])
  })
})

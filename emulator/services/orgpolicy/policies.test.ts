import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const constraint = 'run.allowedBinaryAuthorizationPolicies'
const allowDefault = { rules: [{ values: { allowedValues: ['default'] } }] }

describeTransports('organization policies', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('orgpolicy.v2', `google.cloud.orgpolicy.v2.OrgPolicy/${method}`, request)
  const nameIn = (project: string, id = constraint) => `projects/${project}/policies/${id}`
  const create = (project: string, policy: object, id = constraint) =>
    call('CreatePolicy', { parent: `projects/${project}`, policy: { name: nameIn(project, id), ...policy } })

  test('a policy is created once, and read back with etag and time', async () => {
    const name = nameIn('my-first-app')
    await expect(call('GetPolicy', { name })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Requested entity was not found.',
    })
    const created = await create('my-first-app', { spec: allowDefault })
    const etag = expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/)
    expect(created).toEqual({ name, spec: { ...allowDefault, etag, updateTime: expect.any(String) }, etag })
    expect(await call('GetPolicy', { name })).toEqual(created)
    expect(await call('ListPolicies', { parent: 'projects/my-first-app' })).toEqual({ policies: [created] })
    await expect(create('my-first-app', { spec: allowDefault })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('an update overwrites what the mask names; without a mask the spec, and the dry run where one is sent', async () => {
    const name = nameIn('my-updated-app')
    const deny = { rules: [{ denyAll: true }] }
    const { etag } = await create('my-updated-app', { spec: allowDefault, dryRunSpec: deny })
    const rules = async () => {
      const { spec, dryRunSpec } = await call('GetPolicy', { name })
      return [spec?.rules, dryRunSpec?.rules]
    }
    await call('UpdatePolicy', { policy: { name, spec: deny, etag } }) // as gcloud sends it
    expect(await rules()).toEqual([deny.rules, deny.rules])
    const both = { name, spec: allowDefault, dryRunSpec: allowDefault }
    await call('UpdatePolicy', { policy: both, updateMask: 'policy.dryRunSpec' })
    expect(await rules()).toEqual([deny.rules, allowDefault.rules])
    await call('UpdatePolicy', { policy: both, updateMask: 'policy.spec,policy.dryRunSpec' })
    expect(await rules()).toEqual([allowDefault.rules, allowDefault.rules])
    await call('UpdatePolicy', { policy: { name, spec: deny }, updateMask: '*' })
    expect(await rules()).toEqual([deny.rules, undefined])
    await expect(call('UpdatePolicy', { policy: { name, spec: deny, etag } })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(call('UpdatePolicy', { policy: both, updateMask: 'policy.name' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(call('UpdatePolicy', { policy: { name: nameIn('my-other-app'), spec: deny } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('a policy is deleted, with the etag that it has', async () => {
    const { name, etag } = await create('my-deleted-app', { spec: allowDefault })
    await expect(call('DeletePolicy', { name, etag: 'AAAA' })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await call('DeletePolicy', { name, etag })).toEqual({})
    await expect(call('DeletePolicy', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('ListPolicies', { parent: 'projects/my-deleted-app' })).toEqual({})
  })

  test('what counts is the policy of the project, or the default of the constraint', async () => {
    const effective = async (id: string) => (await call('GetEffectivePolicy', { name: nameIn('my-effective-app', id) })).spec
    expect(await effective(constraint)).toEqual({ rules: [{ allowAll: true }] })
    expect(await effective('iam.disableServiceAccountCreation')).toEqual({ rules: [{ enforce: false }] })
    await create('my-effective-app', { spec: allowDefault })
    expect(await effective(constraint)).toEqual(allowDefault)
    await call('UpdatePolicy', { policy: { name: nameIn('my-effective-app'), spec: { reset: true } } })
    expect(await effective(constraint)).toEqual({ rules: [{ allowAll: true }] })
    await expect(effective('nobody.knowsThis')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a policy of a constraint that has no effect here is kept all the same', async () => {
    const spec = { rules: [{ values: { deniedValues: ['bigquery.googleapis.com'] } }] }
    const { name } = await create('my-idle-app', { spec }, 'gcp.restrictNonCmekServices')
    expect((await call('GetPolicy', { name })).spec.rules).toEqual(spec.rules)
    await create('my-idle-app', { spec: { rules: [{ enforce: true }] } }, 'unheard.ofThis')
  })

  test.each<[string, object, string?]>([
    ['nothing', {}],
    ['no rules', { spec: {} }],
    ['a rule that says nothing', { spec: { rules: [{}] } }],
    ['no values', { spec: { rules: [{ values: {} }] } }],
    ['allowAll that is not', { spec: { rules: [{ allowAll: false }] } }],
    ['reset and rules', { spec: { reset: true, ...allowDefault } }],
    ['a list constraint that is enforced', { spec: { rules: [{ enforce: true }] } }],
    ['a subtree of projects', { spec: { rules: [{ values: { allowedValues: ['under:projects/x'] } }] } }],
    ['a boolean constraint with values', { spec: allowDefault }, 'iam.disableServiceAccountKeyCreation'],
    [
      'two rules of a boolean constraint',
      { spec: { rules: [{ enforce: true }, { enforce: false }] } },
      'iam.disableServiceAccountKeyCreation',
    ],
    ['a dry run with a mistake', { spec: allowDefault, dryRunSpec: { rules: [{}] } }],
    ['no constraint', { spec: allowDefault }, 'nothing'],
  ])('a policy with %s is refused', async (_, policy, id) => {
    await expect(create('my-wrong-app', policy, id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('conditions of rules need tags, which are not emulated: they are refused by name', async () => {
    const condition = { expression: 'resource.matchTag("1/env", "prod")' }
    await expect(create('my-wrong-app', { spec: { rules: [{ allowAll: true, condition }] } })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('rules.condition'),
    })
  })

  test('a policy is of the project that it is created in', async () => {
    const policy = { name: nameIn('my-other-app'), spec: allowDefault }
    await expect(call('CreatePolicy', { parent: 'projects/my-wrong-app', policy })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('the constraints that there are have a kind and a default', async () => {
    const { constraints } = await call('ListConstraints', { parent: 'projects/my-first-app' })
    expect(constraints).toContainEqual({
      name: `projects/my-first-app/constraints/${constraint}`,
      displayName: 'Allowed Binary Authorization Policies (Cloud Run)',
      description: expect.any(String),
      constraintDefault: 'ALLOW',
      listConstraint: {},
    })
  })
})

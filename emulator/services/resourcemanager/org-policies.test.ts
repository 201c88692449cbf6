import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const constraint = 'constraints/run.allowedBinaryAuthorizationPolicies'
const bool = 'constraints/iam.disableServiceAccountKeyCreation'

describeTransports('organization policies of version 1', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('cloudresourcemanager.v1', `google.cloudresourcemanager.v1.Projects/${method}`, request)
  const v2 = (method: string, request: object) =>
    emulator().call('orgpolicy.v2', `google.cloud.orgpolicy.v2.OrgPolicy/${method}`, request)

  test('a policy that is not set says nothing, but has an etag by which it can be set', async () => {
    const resource = 'projects/my-first-app'
    const unset = await call('GetOrgPolicy', { resource, constraint })
    expect(unset).toEqual({ constraint, etag: 'ACAB' })
    const policy = { constraint, listPolicy: { allowedValues: ['default'] }, etag: unset.etag }
    const set = await call('SetOrgPolicy', { resource, policy })
    expect(set).toEqual({
      constraint,
      listPolicy: { allowedValues: ['default'] },
      etag: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
      updateTime: expect.any(String),
    })
    expect(await call('GetOrgPolicy', { resource, constraint })).toEqual(set)
    await expect(call('SetOrgPolicy', { resource, policy })).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await call('SetOrgPolicy', { resource, policy: { ...policy, etag: set.etag } })).etag).not.toBe(set.etag)
  })

  test('what one version sets, the other shows', async () => {
    const resource = 'projects/my-both-app'
    const name = `${resource}/policies/run.allowedBinaryAuthorizationPolicies`
    await call('SetOrgPolicy', { resource, policy: { constraint, listPolicy: { deniedValues: ['x'] } } })
    const { spec, etag } = await v2('GetPolicy', { name })
    expect(spec.rules).toEqual([{ values: { deniedValues: ['x'] } }])
    const rules = [{ values: { allowedValues: ['a'] } }, { values: { allowedValues: ['b'], deniedValues: ['c'] } }]
    await v2('UpdatePolicy', { policy: { name, spec: { rules }, etag } })
    expect((await call('GetOrgPolicy', { resource, constraint })).listPolicy).toEqual({
      allowedValues: ['a', 'b'],
      deniedValues: ['c'],
    })
    for (const [listPolicy, rule] of [
      [{ allValues: 'ALLOW' }, { allowAll: true }],
      [{ allValues: 'DENY' }, { denyAll: true }],
    ]) {
      expect((await call('SetOrgPolicy', { resource, policy: { constraint, listPolicy } })).listPolicy).toEqual(listPolicy)
      expect((await v2('GetPolicy', { name })).spec.rules).toEqual([rule])
    }
    expect(await call('SetOrgPolicy', { resource, policy: { constraint, restoreDefault: {} } })).toMatchObject({
      restoreDefault: {},
    })
    expect((await v2('GetPolicy', { name })).spec).toMatchObject({ reset: true })
    const effective = await call('GetEffectiveOrgPolicy', { resource, constraint })
    expect(effective).toEqual({ constraint, listPolicy: { allValues: 'ALLOW' } })
  })

  test('a boolean policy is enforced or not', async () => {
    const resource = 'projects/my-bool-app'
    const set = (enforced: boolean) =>
      call('SetOrgPolicy', { resource, policy: { constraint: bool, booleanPolicy: { enforced } } })
    expect((await set(true)).booleanPolicy).toEqual({ enforced: true })
    expect((await set(false)).booleanPolicy).toEqual({})
    await expect(
      call('SetOrgPolicy', { resource, policy: { constraint: bool, listPolicy: { allValues: 'ALLOW' } } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('policies are listed and cleared', async () => {
    const resource = 'projects/my-clear-app'
    await call('SetOrgPolicy', { resource, policy: { constraint, listPolicy: { allValues: 'DENY' } } })
    const { policies } = await call('ListOrgPolicies', { resource })
    expect(policies).toMatchObject([{ constraint, listPolicy: { allValues: 'DENY' } }])
    await expect(call('ClearOrgPolicy', { resource, constraint, etag: 'ACAB' })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await call('ClearOrgPolicy', { resource, constraint, etag: policies[0].etag })).toEqual({})
    expect(await call('ListOrgPolicies', { resource })).toEqual({})
    expect(await call('ClearOrgPolicy', { resource, constraint })).toEqual({})
  })

  test('what the form cannot say is refused', async () => {
    const resource = 'projects/my-wrong-app'
    for (const policy of [
      { constraint },
      { constraint: 'run.allowedIngress', listPolicy: { allValues: 'ALLOW' } },
      { constraint, listPolicy: {} },
      { constraint, listPolicy: { allValues: 'ALLOW', allowedValues: ['default'] } },
      { constraint, version: 1, listPolicy: { allValues: 'ALLOW' } },
    ])
      await expect(call('SetOrgPolicy', { resource, policy }), JSON.stringify(policy)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    const suggestive = { constraint, listPolicy: { allowedValues: ['default'], suggestedValue: 'default' } }
    await expect(call('SetOrgPolicy', { resource, policy: suggestive })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })

  test('the constraints that there are can be listed', async () => {
    const { constraints } = await call('ListAvailableOrgPolicyConstraints', { resource: 'projects/my-first-app' })
    expect(constraints).toContainEqual(
      expect.objectContaining({ name: constraint, constraintDefault: 'ALLOW', listConstraint: {} }),
    )
    expect(constraints).toContainEqual(expect.objectContaining({ name: bool, booleanConstraint: {} }))
  })
})

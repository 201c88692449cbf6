import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const parent = 'organizations/123'

describeTransports('custom constraints', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('orgpolicy.v2', `google.cloud.orgpolicy.v2.OrgPolicy/${method}`, request)
  const constraint = (id: string, fields: object = {}) => ({
    name: `${parent}/customConstraints/custom.${id}`,
    resourceTypes: ['run.googleapis.com/Service'],
    methodTypes: ['CREATE'],
    condition: 'resource.spec.template.spec.containers.all(c, c.image.startsWith("gcr.io/"))',
    actionType: 'ALLOW',
    displayName: 'Only our images',
    ...fields,
  })
  const create = (id: string, fields?: object) =>
    call('CreateCustomConstraint', { parent, customConstraint: constraint(id, fields) })

  test('a constraint is created, read, listed, overwritten and deleted', async () => {
    const created = await create('whole')
    const { name } = created
    expect(created).toEqual({ ...constraint('whole'), updateTime: expect.any(String) })
    expect(await call('GetCustomConstraint', { name })).toEqual(created)
    expect(await call('ListCustomConstraints', { parent })).toEqual({ customConstraints: [created] })
    expect(await call('ListCustomConstraints', { parent: 'organizations/456' })).toEqual({})
    await expect(call('ListCustomConstraints', { parent: 'organizations/%' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create('whole')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const changed = constraint('whole', { condition: 'true', displayName: undefined })
    expect(await call('UpdateCustomConstraint', { customConstraint: changed })).toEqual({
      ...changed,
      updateTime: expect.any(String),
    })
    const other = constraint('whole', { resourceTypes: ['run.googleapis.com/Job'] })
    await expect(call('UpdateCustomConstraint', { customConstraint: other })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await call('DeleteCustomConstraint', { name })).toEqual({})
    for (const method of ['GetCustomConstraint', 'DeleteCustomConstraint'])
      await expect(call(method, { name }), method).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(call('UpdateCustomConstraint', { customConstraint: changed })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test.each<[string, object]>([
    ['another name', { name: `${parent}/customConstraints/onlyOurs` }],
    ['another organization', { name: 'organizations/9/customConstraints/custom.x' }],
    ['no resource types', { resourceTypes: [] }],
    ['a resource type of nobody', { resourceTypes: ['Service'] }],
    ['updates alone', { methodTypes: ['UPDATE'] }],
    ['no action', { actionType: undefined }],
    ['a condition with a mistake', { condition: 'resource.spec ==' }],
    ['no condition', { condition: undefined }],
    ['a condition about something else', { condition: 'request.time == 1' }],
    ['a long condition', { condition: `"${'x'.repeat(1000)}" == "x"` }],
  ])('a constraint with %s is refused', async (_, fields) => {
    await expect(create('x', fields)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('what is not emulated is refused by name', async () => {
    await expect(create('x', { methodTypes: ['CREATE', 'DELETE'] })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    await expect(create('x', { condition: 'resource.matchTag("a", "b")' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('matchTag() is not supported'),
    })
  })

  test('a policy can enforce only a custom constraint that there is', async () => {
    const enforce = (id: string) =>
      call('CreatePolicy', {
        parent: 'projects/my-custom-app',
        policy: { name: `projects/my-custom-app/policies/custom.${id}`, spec: { rules: [{ enforce: true }] } },
      })
    await expect(enforce('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await create('something')
    expect((await enforce('something')).spec.rules).toEqual([{ enforce: true }])
  })
})

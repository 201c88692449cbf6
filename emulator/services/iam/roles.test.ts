import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { permissions, predefinedRole, predefinedRoles } from './index.ts'

const has = (role: string, permission: string) => predefinedRole(`roles/${role}`)!.includedPermissions.includes(permission)

test('who may sign may not attach, and who may attach may not create occurrences: Google has made three roles of it', () => {
  const steps = [
    'cloudkms.cryptoKeyVersions.useToSign',
    'containeranalysis.notes.attachOccurrence',
    'containeranalysis.occurrences.create',
    'run.services.create',
  ]
  const holders = ['cloudkms.signer', 'containeranalysis.notes.attacher', 'containeranalysis.occurrences.editor', 'run.developer']
  for (const [i, role] of holders.entries())
    expect(
      steps.map((permission) => has(role, permission)),
      role,
    ).toEqual(steps.map((_, j) => i === j))
})

test.each<[permission: string, owner: boolean, editor: boolean, viewer: boolean]>([
  ['binaryauthorization.policy.get', true, true, true],
  ['binaryauthorization.policy.update', true, true, false],
  ['binaryauthorization.policy.setIamPolicy', true, false, false],
  ['cloudkms.cryptoKeyVersions.useToSign', true, false, false],
  ['cloudkms.cryptoKeyVersions.viewPublicKey', true, false, false],
  ['cloudkms.cryptoKeyVersions.destroy', true, false, false],
  ['cloudkms.cryptoKeyVersions.create', true, true, false],
  ['containeranalysis.notes.attachOccurrence', true, true, false],
  ['containeranalysis.notes.listOccurrences', true, true, false],
  ['artifactregistry.repositories.downloadArtifacts', true, true, true],
  ['container.clusters.getCredentials', true, true, false],
  ['logging.logEntries.list', true, true, true],
  ['logging.privateLogEntries.list', true, false, false],
  ['logging.sinks.create', true, false, false],
  ['iam.serviceAccounts.actAs', true, true, false],
  ['iam.serviceAccounts.getAccessToken', false, false, false],
  ['iam.roles.create', true, false, false],
  ['resourcemanager.projects.setIamPolicy', true, false, false],
  ['resourcemanager.projects.delete', true, false, false],
  ['resourcemanager.projects.update', true, true, false],
  ['run.routes.invoke', true, true, false],
  ['orgpolicy.policy.get', true, true, true],
  ['orgpolicy.policies.create', false, false, false],
  ['serviceusage.services.enable', true, true, false],
])('%s: owner %s, editor %s, viewer %s', (permission, owner, editor, viewer) => {
  expect(permissions()).toContain(permission)
  expect([has('owner', permission), has('editor', permission), has('viewer', permission)]).toEqual([owner, editor, viewer])
})

test('every role has permissions, each once and known, and every name in the table stands for some', () => {
  for (const { name, title, description, includedPermissions } of predefinedRoles()) {
    expect(includedPermissions, name).not.toEqual([])
    expect(new Set(includedPermissions).size, name).toBe(includedPermissions.length)
    expect(title && description, name).toBeTruthy()
  }
  expect(new Set(predefinedRoles().map(({ name }) => name)).size).toBe(predefinedRoles().length)
})

test('a viewer of clusters reads all workloads and changes none', () => {
  const { includedPermissions } = predefinedRole('roles/container.viewer')!
  expect(includedPermissions).toContain('container.pods.list')
  expect(includedPermissions).toContain('container.deployments.getStatus')
  expect(
    includedPermissions.filter((permission) => /^container.*\.(create|update|delete|exec|getLogs)/.test(permission)),
  ).toEqual([])
})

describeTransports('roles', (emulator) => {
  const call = (method: string, request: object) => emulator().call('iam.v1', `google.iam.admin.v1.IAM/${method}`, request)
  const parent = 'projects/my-roles-app'
  const create = (roleId: string, role: object = {}) => call('CreateRole', { parent, roleId, role })

  test('a predefined role is read with its permissions', async () => {
    expect(await call('GetRole', { name: 'roles/containeranalysis.notes.attacher' })).toEqual({
      name: 'roles/containeranalysis.notes.attacher',
      title: 'Container Analysis Notes Attacher',
      description: 'Can attach Container Analysis Occurrences to Notes.',
      includedPermissions: ['containeranalysis.notes.attachOccurrence', 'containeranalysis.notes.get'],
      stage: 'GA',
      etag: 'AA==',
    })
    await expect(call('GetRole', { name: 'roles/nothing' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'The role named roles/nothing was not found.',
    })
  })

  test('the predefined roles are listed in pages, and with permissions where these are asked for', async () => {
    const names: string[] = []
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const answer: any = await call('ListRoles', { pageSize: 25, pageToken })
      names.push(...answer.roles.map(({ name }: { name: string }) => name))
      expect(answer.roles[0].includedPermissions).toBeUndefined()
      pageToken = answer.nextPageToken
    }
    expect(names).toEqual(predefinedRoles().map(({ name }) => name))
    expect((await call('ListRoles', { view: 'FULL', pageSize: 1 })).roles[0].includedPermissions).not.toEqual([])
  })

  test('a custom role is created, read, changed, deleted and undeleted', async () => {
    const fields = { title: 'Signer', includedPermissions: ['cloudkms.cryptoKeyVersions.useToSign'], stage: 'GA' }
    const created = await create('signer', fields)
    const { name, etag } = created
    expect(created).toEqual({ name: `${parent}/roles/signer`, ...fields, etag: expect.any(String) })
    expect(await call('GetRole', { name })).toEqual(created)
    await expect(create('signer')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: 'A role named signer in projects/my-roles-app already exists.',
    })
    const renamed = await call('UpdateRole', { name, role: { title: 'Other', stage: 'BETA', etag }, updateMask: 'title' })
    expect(renamed).toMatchObject({ ...fields, title: 'Other' })
    await expect(call('UpdateRole', { name, role: { title: 'Late', etag } })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await call('UpdateRole', { name, role: { stage: 'DISABLED' } })).toMatchObject({ title: 'Other', stage: 'DISABLED' })
    expect((await call('ListRoles', { parent })).roles).toMatchObject([{ name, title: 'Other' }])
    expect(await call('DeleteRole', { name })).toMatchObject({ name, deleted: true })
    expect(await call('ListRoles', { parent })).toEqual({})
    expect((await call('ListRoles', { parent, showDeleted: true })).roles).toMatchObject([{ name, deleted: true }])
    for (const method of ['DeleteRole', 'UpdateRole'])
      await expect(call(method, { name, ...(method === 'UpdateRole' && { role: {} }) })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
      })
    expect((await call('UndeleteRole', { name })).deleted).toBeUndefined()
    await expect(call('UndeleteRole', { name })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await expect(call('DeleteRole', { name: `${parent}/roles/nothing` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('ids, permissions and texts have their forms', async () => {
    for (const [id, role] of [
      ['a', {}],
      ['with-hyphen', {}],
      ['wrong', { includedPermissions: ['cloudkms.*'] }],
      ['wrong', { includedPermissions: ['cloudkms.cryptoKeys'] }],
      ['wrong', { title: 'x'.repeat(101) }],
    ] as const)
      await expect(create(id, role), JSON.stringify([id, role])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('of a project all roles can be granted, of a resource those of its service and the basic ones', async () => {
    const custom = await call('CreateRole', { parent: 'projects/my-grants-app', roleId: 'custom', role: { title: 'Custom' } })
    const grantable = async (fullResourceName: string, fields: object = {}) =>
      (await call('QueryGrantableRoles', { fullResourceName, ...fields })).roles as {
        name: string
        includedPermissions?: string[]
      }[]
    const all = await grantable('//cloudresourcemanager.googleapis.com/projects/my-grants-app')
    expect(all.map(({ name }) => name)).toEqual([custom.name, ...predefinedRoles().map(({ name }) => name)])
    const ring = '//cloudkms.googleapis.com/projects/my-grants-app/locations/global/keyRings/r'
    const ofKms = (await grantable(ring, { view: 'FULL' })).filter(({ name }) => name !== custom.name)
    expect(ofKms.map(({ name }) => name)).toContain('roles/cloudkms.signer')
    expect(ofKms.filter(({ name }) => name.includes('.') && !name.startsWith('roles/cloudkms.'))).toEqual([])
    expect(ofKms.every(({ includedPermissions }) => includedPermissions)).toBe(true)
    await expect(grantable('projects/my-grants-app')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('the permissions that can be tested on a resource are those of its service', async () => {
    const fullResourceName = '//containeranalysis.googleapis.com/projects/my-roles-app/notes/n'
    const answer = await call('QueryTestablePermissions', { fullResourceName })
    const names = answer.permissions.map(({ name }: { name: string }) => name)
    expect(names).toEqual(permissions().filter((name) => name.startsWith('containeranalysis.')))
  })
})

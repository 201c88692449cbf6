import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const project = 'my-accounts-app'
const parent = `projects/${project}`
const emailOf = (id: string) => `${id}@${project}.iam.gserviceaccount.com`

describeTransports('service accounts', (emulator) => {
  const call = (method: string, request: object) => emulator().call('iam.v1', `google.iam.admin.v1.IAM/${method}`, request)
  const create = (accountId: string, serviceAccount?: object) =>
    call('CreateServiceAccount', { name: parent, accountId, ...(serviceAccount && { serviceAccount }) })
  const unknown = { code: 'NOT_FOUND', message: 'Unknown service account' }

  test('an account is created, and found by its address and by its unique id, with and without its project', async () => {
    const created = await create('deployer', { displayName: 'Deployer', description: 'Deploys' })
    const email = emailOf('deployer')
    expect(created).toEqual({
      name: `${parent}/serviceAccounts/${email}`,
      projectId: project,
      uniqueId: expect.stringMatching(/^\d{21}$/),
      email,
      displayName: 'Deployer',
      etag: 'MDEwMjE5MjA=',
      description: 'Deploys',
      oauth2ClientId: created.uniqueId,
    })
    for (const id of [email, created.uniqueId])
      for (const of of [project, '-'])
        expect(await call('GetServiceAccount', { name: `projects/${of}/serviceAccounts/${id}` }), `${of} ${id}`).toEqual(created)
    await expect(call('GetServiceAccount', { name: `projects/my-other-app/serviceAccounts/${email}` })).rejects.toMatchObject(
      unknown,
    )
  })

  test('an id is taken once, and has the form of account ids', async () => {
    await create('taken-once')
    await expect(create('taken-once')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: `Service account taken-once already exists within project ${parent}.`,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ResourceInfo',
          resourceName: `${parent}/serviceAccounts/${emailOf('taken-once')}`,
        },
      ],
    })
    await expect(create('short')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The account ID "short" does not have a length between 6 and 30.',
    })
    for (const id of ['Upper-Case', '1number', 'ends-with-', 'under_score'])
      await expect(create(id), id).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create('long-name', { displayName: 'x'.repeat(101) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('accounts of a project are listed by their addresses, page by page, without deleted ones', async () => {
    const name = 'projects/my-listed-app'
    for (const accountId of ['list-c', 'list-a', 'list-b', 'list-d']) await call('CreateServiceAccount', { name, accountId })
    const emails = ({ accounts }: { accounts: { email: string }[] }) => accounts.map(({ email }) => email.split('@')[0])
    await call('DeleteServiceAccount', { name: `${name}/serviceAccounts/list-b@my-listed-app.iam.gserviceaccount.com` })
    const first = await call('ListServiceAccounts', { name, pageSize: 2 })
    expect(emails(first)).toEqual(['list-a', 'list-c'])
    const second = await call('ListServiceAccounts', { name, pageSize: 2, pageToken: first.nextPageToken })
    expect(emails(second)).toEqual(['list-d'])
    expect(second.nextPageToken).toBeUndefined()
    expect(await call('ListServiceAccounts', { name: 'projects/my-empty-app' })).toEqual({})
  })

  test('a patch changes what its mask names, and answers with that; the older update overwrites the display name', async () => {
    const { name, ...account } = await create('patched', { displayName: 'Before', description: 'Stays' })
    const patch = (serviceAccount: object, updateMask?: string) =>
      call('PatchServiceAccount', { serviceAccount: { name, ...serviceAccount }, updateMask })
    // the recorded client sends an etag of its own making
    const patched = await patch({ displayName: 'After', etag: 'abcdef0123A=' }, 'displayName')
    expect(patched).toEqual({ name, displayName: 'After' })
    expect(await call('GetServiceAccount', { name })).toEqual({ name, ...account, displayName: 'After' })
    for (const mask of [undefined, 'email']) await expect(patch({}, mask)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await call('UpdateServiceAccount', { name, ...account, displayName: 'Last' })).toEqual({
      name,
      ...account,
      displayName: 'Last',
    })
  })

  test('a deleted account is unknown until it is undeleted by its unique id', async () => {
    const { name, uniqueId } = await create('deleted')
    expect(await call('DeleteServiceAccount', { name })).toEqual({})
    for (const method of ['GetServiceAccount', 'DeleteServiceAccount', 'DisableServiceAccount', 'GetIamPolicy'])
      await expect(call(method, method === 'GetIamPolicy' ? { resource: name } : { name }), method).rejects.toMatchObject(unknown)
    const undelete = () => call('UndeleteServiceAccount', { name: `projects/-/serviceAccounts/${uniqueId}` })
    expect((await undelete()).restoredAccount).toMatchObject({ name, uniqueId })
    await expect(undelete()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await call('DeleteServiceAccount', { name })
    expect((await create('deleted')).name).toBe(name)
  })

  test('an account is disabled and enabled', async () => {
    const { name } = await create('disabled')
    const disabled = async () => (await call('GetServiceAccount', { name })).disabled
    expect(await call('DisableServiceAccount', { name })).toEqual({})
    expect(await disabled()).toBe(true)
    expect(await call('EnableServiceAccount', { name })).toEqual({})
    expect(await disabled()).toBeUndefined()
  })

  test('the policy of an account is one, whichever name a request has', async () => {
    const { name, uniqueId, email } = await create('with-policy')
    const bindings = [{ role: 'roles/iam.serviceAccountUser', members: ['user:alice@example.com'] }]
    const set = await call('SetIamPolicy', { resource: name, policy: { bindings } })
    for (const id of [uniqueId, email])
      expect(await call('GetIamPolicy', { resource: `projects/-/serviceAccounts/${id}` })).toEqual(set)
    const permissions = ['iam.serviceAccounts.actAs']
    expect(await call('TestIamPermissions', { resource: name, permissions })).toEqual({ permissions })
    expect(await call('TestIamPermissions', { resource: `${parent}/serviceAccounts/nobody@x.com`, permissions })).toEqual({})
    await call('DeleteServiceAccount', { name })
    await create('with-policy')
    expect((await call('GetIamPolicy', { resource: name })).bindings).toBeUndefined()
  })

  test('the default accounts of Compute Engine and App Engine are there without being created', async () => {
    const { projectNumber } = await emulator().call(
      'cloudresourcemanager.v1',
      'google.cloudresourcemanager.v1.Projects/GetProject',
      { projectId: project },
    )
    const get = (email: string) => call('GetServiceAccount', { name: `projects/-/serviceAccounts/${email}` })
    expect(await get(`${projectNumber}-compute@developer.gserviceaccount.com`)).toMatchObject({
      projectId: project,
      displayName: 'Compute Engine default service account',
    })
    expect(await get(`${project}@appspot.gserviceaccount.com`)).toMatchObject({
      displayName: 'App Engine default service account',
    })
    await expect(get('1-compute@developer.gserviceaccount.com')).rejects.toMatchObject(unknown)
  })

  test('an organization policy can forbid new accounts', async () => {
    const name = 'projects/my-closed-app'
    const constraint = 'iam.disableServiceAccountCreation'
    await emulator().call('orgpolicy.v2', 'google.cloud.orgpolicy.v2.OrgPolicy/CreatePolicy', {
      parent: name,
      policy: { name: `${name}/policies/${constraint}`, spec: { rules: [{ enforce: true }] } },
    })
    await expect(call('CreateServiceAccount', { name, accountId: 'forbidden' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'Service account creation is not allowed on this project.',
      details: [{ violations: [{ type: `constraints/${constraint}` }] }],
    })
  })

  test('a project with a domain has it in its addresses', async () => {
    const { email } = await call('CreateServiceAccount', { name: 'projects/example.com:my-app', accountId: 'scoped' })
    expect(email).toBe('scoped@my-app.example.com.iam.gserviceaccount.com')
  })
})

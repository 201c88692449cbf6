import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const V1 = 'google.cloudresourcemanager.v1.Projects'
const V3 = 'google.cloud.resourcemanager.v3.Projects'
const TIME = /^2026-01-02T03:04:05\.\d{6}Z$/
const parent = { type: 'organization', id: '123450001' }

describeTransports('projects', (emulator) => {
  const v1 = (method: string, request: object) => emulator().call('cloudresourcemanager.v1', `${V1}/${method}`, request)
  const v3 = (method: string, request: object) => emulator().call('cloudresourcemanager.v3', `${V3}/${method}`, request)
  const create = (projectId: string, fields: object = {}) => v1('CreateProject', { projectId, ...fields })
  const ids = ({ projects = [] }: { projects?: { projectId: string }[] }) => projects.map(({ projectId }) => projectId)

  test('a project is created by an operation, which is done when it is looked up', async () => {
    const labels = { env: 'test' }
    const operation = await create('my-new-app', { name: 'My new app', labels, parent })
    expect(operation).toEqual({ name: expect.stringMatching(/^operations\/cp\.\d{19}$/) })
    const project = {
      projectNumber: expect.stringMatching(/^\d{12}$/),
      projectId: 'my-new-app',
      lifecycleState: 'ACTIVE',
      name: 'My new app',
      labels,
      createTime: expect.stringMatching(TIME),
      parent,
    }
    const type = 'type.googleapis.com/google.cloudresourcemanager.v1'
    const done = await emulator().call('cloudresourcemanager.v1', 'google.longrunning.Operations/GetOperation', operation)
    expect(done).toEqual({
      ...operation,
      metadata: { '@type': `${type}.ProjectCreationStatus`, gettable: true, ready: true },
      done: true,
      response: { '@type': `${type}.Project`, ...project },
    })
    expect(await v1('GetProject', { projectId: 'my-new-app' })).toEqual(project)
  })

  test('an id is taken once, and has the form of project ids', async () => {
    await create('my-taken-app')
    await expect(create('my-taken-app')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: 'Requested entity already exists',
    })
    for (const projectId of ['', '-', '123456789012', 'My-App', 'short', 'a'.repeat(31), 'ends-with-'])
      await expect(create(projectId), projectId).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const wrong of [
      { name: 'no' },
      { name: 'a/b/c' },
      { labels: { 'Not-Lower': 'x' } },
      { labels: { x: 'Y' } },
      { parent: { type: 'project', id: '1' } },
      { parent: { type: 'folder', id: 'x' } },
    ])
      await expect(create('my-wrong-app', wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create('my-wrong-app', { tags: { '1/env': 'prod' } })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })

  test('a project that nobody created is active, with the number by which all APIs know it', async () => {
    const { name } = await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/GetService', {
      name: 'projects/my-implied-app/services/cloudkms.googleapis.com',
    })
    const project = {
      projectNumber: name.split('/')[1],
      projectId: 'my-implied-app',
      lifecycleState: 'ACTIVE',
      name: 'my-implied-app',
    }
    expect(await v1('GetProject', { projectId: 'my-implied-app' })).toEqual(project)
    expect(await v1('GetProject', { projectId: project.projectNumber })).toEqual(project)
    expect(await v3('GetProject', { name: 'projects/my-implied-app' })).toEqual({
      name: `projects/${project.projectNumber}`,
      projectId: 'my-implied-app',
      displayName: 'my-implied-app',
      state: 'ACTIVE',
      etag: expect.stringMatching(/^W\/".+"$/),
    })
    await expect(v1('GetProject', { projectId: '1' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'The caller does not have permission',
    })
    for (const projectId of ['Not-An-Id', '-'])
      await expect(v1('GetProject', { projectId })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('an update overwrites name and labels; the parent can be changed, but not be taken away', async () => {
    await create('my-updated-app', { name: 'Before', labels: { a: 'b' }, parent })
    const read = await v1('GetProject', { projectId: 'my-updated-app' })
    const updated = await v1('UpdateProject', { ...read, name: 'After', labels: undefined, parent: undefined })
    expect(updated).toEqual({ ...read, name: 'After', labels: undefined })
    const folder = { type: 'folder', id: '7' }
    expect((await v1('UpdateProject', { ...updated, parent: folder })).parent).toEqual(folder)
    expect(await v1('GetAncestry', { projectId: 'my-updated-app' })).toEqual({
      ancestor: [{ resourceId: { type: 'project', id: 'my-updated-app' } }, { resourceId: folder }],
    })
  })

  test('version 3 creates, changes, moves and deletes by operations that are done', async () => {
    const project = { projectId: 'my-third-app', displayName: 'Third', labels: { a: 'b' }, parent: 'organizations/1' }
    const created = await v3('CreateProject', { project })
    const metadata = { '@type': 'type.googleapis.com/google.cloud.resourcemanager.v3.CreateProjectMetadata' }
    expect(created).toMatchObject({ done: true, metadata, response: { ...project, state: 'ACTIVE' } })
    expect(
      await emulator().call('cloudresourcemanager.v3', 'google.longrunning.Operations/GetOperation', { name: created.name }),
    ).toEqual(created)
    const name = 'projects/my-third-app'
    const renamed = await v3('UpdateProject', { project: { name, displayName: 'Renamed' }, updateMask: 'displayName' })
    expect(renamed.response).toMatchObject({ displayName: 'Renamed', labels: { a: 'b' } })
    expect((await v3('UpdateProject', { project: { name, displayName: 'All of it' } })).response.labels).toBeUndefined()
    for (const updateMask of ['state', 'labels.a'])
      await expect(v3('UpdateProject', { project: { name }, updateMask })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await v3('MoveProject', { name, destinationParent: 'folders/2' })).response.parent).toBe('folders/2')
    await expect(v3('MoveProject', { name, destinationParent: 'projects/2' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(ids(await v3('ListProjects', { parent: 'folders/2' }))).toEqual(['my-third-app'])
    const deleted = await v3('DeleteProject', { name })
    expect(deleted.response).toMatchObject({ state: 'DELETE_REQUESTED', deleteTime: expect.stringMatching(TIME) })
    expect(await v3('ListProjects', { parent: 'folders/2' })).toEqual({})
    expect(ids(await v3('ListProjects', { parent: 'folders/2', showDeleted: true }))).toEqual(['my-third-app'])
    await expect(v3('ListProjects', { parent: 'projects/x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const { state, deleteTime } = (await v3('UndeleteProject', { name })).response
    expect([state, deleteTime]).toEqual(['ACTIVE', undefined])
  })

  test('a deleted project waits for its end, and can be undeleted; it keeps its id', async () => {
    await create('my-deleted-app')
    const state = async () => (await v1('GetProject', { projectId: 'my-deleted-app' })).lifecycleState
    expect(await v1('DeleteProject', { projectId: 'my-deleted-app' })).toEqual({})
    expect(await state()).toBe('DELETE_REQUESTED')
    for (const method of ['DeleteProject', 'UpdateProject'])
      await expect(v1(method, { projectId: 'my-deleted-app' }), method).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    await expect(create('my-deleted-app')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await v1('UndeleteProject', { projectId: 'my-deleted-app' })).toEqual({})
    expect(await state()).toBe('ACTIVE')
    await expect(v1('UndeleteProject', { projectId: 'my-deleted-app' })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })

  test('the list is filtered without regard to case; terms side by side are alternatives, but for type and id of a parent', async () => {
    await create('my-listed-one', { name: 'Howl One', labels: { color: 'red' }, parent: { type: 'folder', id: '42' } })
    await create('my-listed-two', {
      name: 'Howl Two',
      labels: { color: 'blue', size: 'big' },
      parent: { type: 'organization', id: '42' },
    })
    await v1('DeleteProject', { projectId: 'my-listed-two' })
    const list = async (filter: string) => ids(await v1('ListProjects', { filter }))
    expect(await list('name:how*')).toEqual(['my-listed-one', 'my-listed-two'])
    expect(await list('NAME:"HOWL ONE"')).toEqual(['my-listed-one'])
    expect(await list('id:my-listed-two')).toEqual(['my-listed-two'])
    expect(await list('labels.color:* AND lifecycleState:ACTIVE')).toEqual(['my-listed-one'])
    expect(await list('labels.color:red labels.size:big')).toEqual(['my-listed-one', 'my-listed-two'])
    expect(await list('parent.type:folder parent.id:42')).toEqual(['my-listed-one'])
    expect(await list('parent.id:42 AND NOT parent.type:folder')).toEqual(['my-listed-two'])
    expect(await list('lifecycleState:DELETE_REQUESTED')).toEqual(['my-listed-two'])
    expect(await list('')).toContain('my-listed-two')
    await expect(list('colour:red')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const search = async (query: string) => ids(await v3('SearchProjects', { query }))
    expect(await search('displayName:howl* AND state:ACTIVE')).toEqual(['my-listed-one'])
    expect(await search('parent:folders/42')).toEqual(['my-listed-one'])
  })

  test('a list goes on with a page token', async () => {
    for (const projectId of ['my-paged-c', 'my-paged-a', 'my-paged-b']) await create(projectId)
    const first = await v1('ListProjects', { filter: 'id:my-paged-*', pageSize: 2 })
    expect(ids(first)).toEqual(['my-paged-a', 'my-paged-b'])
    const second = await v1('ListProjects', { filter: 'id:my-paged-*', pageSize: 2, pageToken: first.nextPageToken })
    expect(ids(second)).toEqual(['my-paged-c'])
    expect(second.nextPageToken).toBeUndefined()
  })

  test('a project has an IAM policy, which both versions of the API see', async () => {
    const resource = 'projects/my-policy-app'
    const options = { requestedPolicyVersion: 3 }
    const { etag } = await v1('GetIamPolicy', { resource, options })
    expect(Buffer.from(etag, 'base64').toString('base64')).toBe(etag)
    const condition = { title: 'soon', expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' }
    const bindings = [{ role: 'roles/viewer', members: ['user:alice@example.com'], condition }]
    const auditConfigs = [{ service: 'allServices', auditLogConfigs: [{ logType: 'DATA_WRITE' }] }]
    // as Terraform sends it
    const set = await v1('SetIamPolicy', {
      resource,
      policy: { version: 3, bindings, auditConfigs, etag },
      updateMask: 'bindings,etag,auditConfigs',
    })
    expect(set).toEqual({ version: 3, bindings, auditConfigs, etag: expect.any(String) })
    expect(await v3('GetIamPolicy', { resource, options })).toEqual(set)
    await expect(v1('SetIamPolicy', { resource, policy: { bindings: [], etag } })).rejects.toMatchObject({ code: 'ABORTED' })
    const permissions = ['resourcemanager.projects.get']
    expect(await v3('TestIamPermissions', { resource, permissions })).toEqual({ permissions })
  })
})

describeTransports(
  'projects that must be created first',
  (emulator) => {
    const call = (method: string, request: object) => emulator().call('cloudresourcemanager.v1', `${V1}/${method}`, request)

    test('one that was not is refused as production refuses it, and is there once it is created', async () => {
      await expect(call('GetProject', { projectId: 'my-strict-app' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
      expect(await call('ListProjects', {})).toEqual({})
      await call('CreateProject', { projectId: 'my-strict-app' })
      expect((await call('GetProject', { projectId: 'my-strict-app' })).lifecycleState).toBe('ACTIVE')
      const parent = 'projects/my-strict-app'
      await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/ListServices', { parent })
      expect((await call('ListProjects', {})).projects).toHaveLength(1)
      await expect(call('CreateProject', { projectId: 'No-Id' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    })
  },
  { strictProjects: true },
)

import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const parent = 'projects/my-app-prod/locations/europe-west2'

describeTransports('repositories', (emulator) => {
  const call = (method: string, request: object) => emulator().call('artifactregistry.v1', `${REGISTRY}/${method}`, request)
  const create = (repositoryId: string, repository: object = { format: 'DOCKER' }) =>
    call('CreateRepository', { parent, repositoryId, repository })
  const nameOf = (repositoryId: string) => `${parent}/repositories/${repositoryId}`
  const operation = (name: string) =>
    emulator().call('artifactregistry.v1', 'google.longrunning.Operations/GetOperation', { name })
  const metadata = { '@type': 'type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata' }

  test('creating answers an operation that is not done; the next request finds it done, with the repository', async () => {
    const started = await create('images', { format: 'DOCKER', description: 'Images', labels: { team: 'blue' } })
    expect(started).toEqual({ name: expect.stringMatching(`^${parent}/operations/[0-9a-f-]{36}$`), metadata })
    const repository = {
      name: nameOf('images'),
      format: 'DOCKER',
      description: 'Images',
      labels: { team: 'blue' },
      mode: 'STANDARD_REPOSITORY',
    }
    // the host here names no API, and the path belongs to several
    expect(await operation(started.name)).toEqual({
      ...started,
      done: true,
      response: { '@type': `type.googleapis.com/google.devtools.artifactregistry.v1.Repository`, ...repository },
    })
    const time = expect.stringMatching(/^2026-01-02T03:04:05\.\d{6}Z$/)
    const read = await call('GetRepository', { name: nameOf('images') })
    expect(read).toEqual({ ...repository, createTime: time, updateTime: time })
    expect(read.updateTime).toBe(read.createTime)
  })

  test('what only the API writes is ignored where a client sends it back', async () => {
    await create('echoed', {
      format: 'DOCKER',
      name: 'x',
      createTime: '2020-01-01T00:00:00Z',
      sizeBytes: '7',
      satisfiesPzi: true,
    })
    const read = await call('GetRepository', { name: nameOf('echoed') })
    expect(read).toMatchObject({ name: nameOf('echoed'), createTime: expect.stringMatching(/^2026-/) })
    expect(read).not.toHaveProperty('sizeBytes')
    expect(read).not.toHaveProperty('satisfiesPzi')
  })

  test('a second repository of the same name is refused', async () => {
    await create('twice')
    await expect(create('twice')).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: 'the repository already exists' })
  })

  test.each(['', 'Images', '1st', 'a_b', 'ends-', 'a'.repeat(64)])('an id that is none is refused: "%s"', async (id) => {
    await expect(create(id)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('repository_id'),
    })
  })

  test('a location that there is not is refused', async () => {
    const wrong = { parent: 'projects/my-app-prod/locations/moon', repositoryId: 'images', repository: { format: 'DOCKER' } }
    await expect(call('CreateRepository', wrong)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(call('ListRepositories', { parent: wrong.parent })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test.each([
    [{}, 'repository.format'],
    [{ format: 4 }, 'repository.format'],
    [{ format: 'DOCKER', mode: 9 }, 'repository.mode'],
    [{ format: 'DOCKER', disallowUnspecifiedMode: true }, 'repository.mode is required'],
    [{ format: 'NPM', dockerConfig: { immutableTags: true } }, 'repository.dockerConfig'],
    [{ format: 'DOCKER', mavenConfig: { versionPolicy: 'RELEASE' } }, 'repository.mavenConfig'],
    [{ format: 'DOCKER', virtualRepositoryConfig: { upstreamPolicies: [{ id: 'a' }] } }, 'repository.virtualRepositoryConfig'],
    [{ format: 'DOCKER', mode: 'REMOTE_REPOSITORY' }, 'repository.remoteRepositoryConfig is required'],
    [{ format: 'DOCKER', labels: { Team: 'blue' } }, '"Team"'],
    [{ format: 'DOCKER', labels: { team: 'Blue' } }, '"Blue"'],
    [{ format: 'DOCKER', labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ''])) }, '65 labels'],
    [{ format: 'DOCKER', cleanupPolicies: { a: { id: 'b' } } }, '"b"'],
    [{ format: 'DOCKER', cleanupPolicies: { ['a'.repeat(128)]: {} } }, 'longer than 127'],
    [{ format: 'DOCKER', cleanupPolicies: { a: { action: 'DELETE', mostRecentVersions: { keepCount: 2 } } } }, 'KEEP'],
  ])('what the documentation excludes is refused: %j', async (repository, message) => {
    await expect(create('wrong', repository)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test('customer-managed encryption and the repositories of gcr.io are refused by name', async () => {
    const kmsKeyName = `${parent}/keyRings/r/cryptoKeys/k`
    await expect(create('encrypted', { format: 'DOCKER', kmsKeyName })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('repository.kmsKeyName'),
    })
    await expect(create('eu.gcr.io')).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('eu.gcr.io'),
    })
  })

  test('a virtual repository needs upstreams that exist and have its format', async () => {
    await create('upstream')
    const virtual = (repository: string, format = 'DOCKER') => ({
      format,
      mode: 'VIRTUAL_REPOSITORY',
      virtualRepositoryConfig: { upstreamPolicies: [{ id: 'up', priority: 1, repository }] },
    })
    await create('virtual', virtual(nameOf('upstream')))
    expect(await call('GetRepository', { name: nameOf('virtual') })).toMatchObject(virtual(nameOf('upstream')))
    await expect(create('other', virtual(nameOf('nowhere')))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/nowhere.*does not exist/),
    })
    await expect(create('other', virtual(nameOf('upstream'), 'NPM'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('the format DOCKER'),
    })
  })

  test('repositories of any format and mode are created; what is in them is refused by name, unless it is images', async () => {
    await create('packages', { format: 'NPM' })
    await create('union', { format: 'DOCKER', mode: 'VIRTUAL_REPOSITORY' })
    for (const [id, why] of [
      ['packages', 'a repository of the format NPM'],
      ['union', 'a virtual repository'],
    ] as const)
      for (const method of ['ListDockerImages', 'ListPackages'])
        await expect(call(method, { parent: nameOf(id) })).rejects.toMatchObject({
          code: 'UNIMPLEMENTED',
          message: `The content of ${nameOf(id)}, ${why}, is not supported by binauthz-emulator.`,
        })
    await expect(call('GetTag', { name: `${nameOf('packages')}/packages/a/tags/b` })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    })
    await expect(call('ListNpmPackages', { parent: nameOf('packages') })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('ListNpmPackages'),
    })
  })

  test('a repository that does not exist is not found, by any method', async () => {
    const name = nameOf('nowhere')
    const missing = { code: 'NOT_FOUND', message: 'Requested entity was not found.' }
    for (const method of ['GetRepository', 'DeleteRepository'])
      await expect(call(method, { name })).rejects.toMatchObject(missing)
    await expect(call('UpdateRepository', { repository: { name } })).rejects.toMatchObject(missing)
    for (const method of ['ListDockerImages', 'ListPackages'])
      await expect(call(method, { parent: name })).rejects.toMatchObject(missing)
    for (const method of ['GetIamPolicy', 'SetIamPolicy'])
      await expect(call(method, { resource: name })).rejects.toMatchObject(missing)
  })

  test('the list is sorted by name, filtered without regard to case, and goes on with a page token', async () => {
    const list = 'projects/my-app-list/locations/us'
    for (const repositoryId of ['b-app', 'c', 'a-app'])
      await call('CreateRepository', { parent: list, repositoryId, repository: { format: 'DOCKER' } })
    const ids = ({ repositories = [] }: any) => repositories.map(({ name }: { name: string }) => name.split('/').at(-1))
    const first = await call('ListRepositories', { parent: list, pageSize: 2 })
    expect(ids(first)).toEqual(['a-app', 'b-app'])
    expect(ids(await call('ListRepositories', { parent: list, pageToken: first.nextPageToken }))).toEqual(['c'])
    expect(ids(await call('ListRepositories', { parent: list, orderBy: 'CREATE_TIME desc' }))).toEqual(['a-app', 'c', 'b-app'])
    expect(ids(await call('ListRepositories', { parent: list, filter: `name="${list}/repositories/*-APP"` }))).toEqual([
      'a-app',
      'b-app',
    ])
    await expect(call('ListRepositories', { parent: list, filter: 'format=DOCKER' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(call('ListRepositories', { parent: list, orderBy: 'format' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Invalid order_by: cannot sort by "format"; sortable fields: name, createTime, updateTime.',
    })
  })

  test('an update changes what its mask names and answers the repository at once', async () => {
    await create('updated', { format: 'DOCKER', description: 'old', labels: { team: 'blue' } })
    const before = await call('GetRepository', { name: nameOf('updated') })
    const repository = { name: nameOf('updated'), description: 'new', labels: { team: 'red' } }
    const updated = await call('UpdateRepository', { repository, updateMask: 'description' })
    expect(updated).toEqual({ ...before, description: 'new', updateTime: updated.updateTime })
    expect(updated.updateTime > before.updateTime).toBe(true)
    expect(await call('GetRepository', { name: nameOf('updated') })).toEqual(updated)
  })

  test('without a mask an update changes the fields that are sent; what cannot change may only be repeated', async () => {
    await create('sent', { format: 'DOCKER', description: 'old', labels: { team: 'blue' } })
    const before = await call('GetRepository', { name: nameOf('sent') })
    expect(await call('UpdateRepository', { repository: { ...before, description: 'new' } })).toMatchObject({
      description: 'new',
      labels: { team: 'blue' },
    })
    for (const change of [{ format: 'NPM' }, { mode: 'REMOTE_REPOSITORY' }, { kmsKeyName: 'k' }])
      await expect(call('UpdateRepository', { repository: { ...before, ...change } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `The field "${Object.keys(change)[0]}" of a repository cannot be updated.`,
      })
  })

  test('the mask * replaces all that can change', async () => {
    await create('replaced', { format: 'DOCKER', description: 'old', labels: { team: 'blue' } })
    const repository = { name: nameOf('replaced'), dockerConfig: { immutableTags: true } }
    const updated = await call('UpdateRepository', { repository, updateMask: '*' })
    expect(updated).toMatchObject({ format: 'DOCKER', mode: 'STANDARD_REPOSITORY', dockerConfig: { immutableTags: true } })
    expect(updated).not.toHaveProperty('description')
    expect(updated).not.toHaveProperty('labels')
  })

  test('of the scanning configuration the wish is kept, and the state is not invented', async () => {
    const scanning = (fields: object) => ({ format: 'DOCKER', vulnerabilityScanningConfig: fields })
    await create('scanned', scanning({ enablementConfig: 'DISABLED', enablementState: 'SCANNING_ACTIVE' }))
    expect(await call('GetRepository', { name: nameOf('scanned') })).toMatchObject(scanning({ enablementConfig: 'DISABLED' }))
    const read = await call('GetRepository', { name: nameOf('scanned') })
    expect(read.vulnerabilityScanningConfig).toEqual({ enablementConfig: 'DISABLED' })
  })

  test('deleting answers an operation that ends in nothing; a new repository of that name begins empty and without a policy', async () => {
    await create('deleted')
    const image = {
      image: 'europe-west2-docker.pkg.dev/my-app-prod/deleted/app',
      digest: `sha256:${'a'.repeat(64)}`,
      tags: ['v1'],
    }
    expect((await emulator().http('POST', '/_emulator/images', image)).status).toBe(200)
    const policy = { bindings: [{ role: 'roles/artifactregistry.reader', members: ['allUsers'] }] }
    await call('SetIamPolicy', { resource: nameOf('deleted'), policy })
    const started = await call('DeleteRepository', { name: nameOf('deleted') })
    expect(started).toEqual({ name: expect.stringContaining(`${parent}/operations/`), metadata })
    expect(await operation(started.name)).toEqual({
      ...started,
      done: true,
      response: { '@type': 'type.googleapis.com/google.protobuf.Empty' },
    })
    await create('deleted')
    expect(await call('ListDockerImages', { parent: nameOf('deleted') })).toEqual({})
    expect(await call('ListPackages', { parent: nameOf('deleted') })).toEqual({})
    await expect(call('GetTag', { name: `${nameOf('deleted')}/packages/app/tags/v1` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await call('GetIamPolicy', { resource: nameOf('deleted') })).toEqual({ etag: 'ACAB' })
  })

  test('a repository has an IAM policy', async () => {
    await create('shared')
    const bindings = [{ role: 'roles/artifactregistry.reader', members: ['user:alice@example.com'] }]
    await call('SetIamPolicy', { resource: nameOf('shared'), policy: { bindings } })
    expect(await call('GetIamPolicy', { resource: nameOf('shared') })).toMatchObject({ bindings })
    const permissions = ['artifactregistry.repositories.downloadArtifacts']
    expect(await call('TestIamPermissions', { resource: nameOf('shared'), permissions })).toEqual({ permissions })
  })

  test('a repository may be named by the number of its project', async () => {
    await create('numbered')
    const services = await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/ListServices', {
      parent: 'projects/my-app-prod',
      pageSize: 1,
    })
    const [, number] = services.services[0].parent.split('/')
    const name = nameOf('numbered').replace('my-app-prod', number)
    expect(await call('GetRepository', { name })).toMatchObject({ name: nameOf('numbered') })
  })

  test('nothing redirects gcr.io', async () => {
    const name = 'projects/my-app-prod/projectSettings'
    expect(await call('GetProjectSettings', { name })).toEqual({
      name,
      legacyRedirectionState: 'REDIRECTION_FROM_GCR_IO_DISABLED',
    })
    await expect(call('UpdateProjectSettings', { projectSettings: { name } })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })

  test('locations are listed in the version that gcloud asks for, too', async () => {
    const v1 = await emulator().http('GET', '/v1/projects/my-app-prod/locations')
    expect(v1.body.locations).toContainEqual(expect.objectContaining({ locationId: 'europe-west2' }))
    expect((await emulator().http('GET', '/v1beta2/projects/my-app-prod/locations')).body).toEqual(v1.body)
  })
})

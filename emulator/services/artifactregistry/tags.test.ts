import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const parent = 'projects/my-app-prod/locations/europe-west2'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('tags', (emulator) => {
  const call = (method: string, request: object) => emulator().call('artifactregistry.v1', `${REGISTRY}/${method}`, request)
  const register = (image: string, text: string, ...tags: string[]) =>
    emulator().http('POST', '/_emulator/images', {
      image: `europe-west2-docker.pkg.dev/my-app-prod/${image}`,
      digest: digestOf(text),
      tags,
    })
  const packageOf = (id: string) => `${parent}/repositories/images/packages/${id}`
  const versionOf = (id: string, text: string) => `${packageOf(id)}/versions/${digestOf(text)}`

  beforeAll(async () => {
    for (const [repositoryId, immutableTags] of [
      ['images', false],
      ['fixed', true],
    ] as const)
      await call('CreateRepository', { parent, repositoryId, repository: { format: 'DOCKER', dockerConfig: { immutableTags } } })
  })

  test('a tag points to a version of its package', async () => {
    await register('images/team/app', '1', 'v1')
    const name = `${packageOf('team%2Fapp')}/tags/v1`
    expect(await call('GetTag', { name })).toEqual({ name, version: versionOf('team%2Fapp', '1') })
    await expect(call('GetTag', { name: `${packageOf('team%2Fapp')}/tags/v2` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Requested entity was not found.',
    })
  })

  test('gcloud escapes the slashes of a package, and its path escapes them again', async () => {
    await register('images/team/wire', '1', 'v1')
    const { status, body } = await emulator().http('GET', `/v1/${packageOf('team%252Fwire')}/tags/v1`)
    expect(status).toBe(200)
    expect(body).toEqual({ name: `${packageOf('team%2Fwire')}/tags/v1`, version: versionOf('team%2Fwire', '1') })
  })

  test('a tag is created once, for a version that exists', async () => {
    await register('images/created', '1')
    const request = { parent: packageOf('created'), tagId: 'v1', tag: { version: versionOf('created', '1') } }
    const tag = await call('CreateTag', { ...request, tag: { name: 'ignored', ...request.tag } })
    expect(tag).toEqual({ name: `${packageOf('created')}/tags/v1`, version: versionOf('created', '1') })
    expect(await call('GetTag', { name: tag.name })).toEqual(tag)
    await expect(call('CreateTag', request)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    for (const [wrong, code] of [
      [{ parent: packageOf('nowhere') }, 'NOT_FOUND'],
      [{ tagId: '' }, 'INVALID_ARGUMENT'],
      [{ tagId: '-v1' }, 'INVALID_ARGUMENT'],
      [{ tagId: 'v2', tag: {} }, 'INVALID_ARGUMENT'],
      [{ tagId: 'v2', tag: { version: versionOf('created', '2') } }, 'NOT_FOUND'],
      [{ tagId: 'v2', tag: { version: versionOf('other', '1') } }, 'INVALID_ARGUMENT'],
    ] as const)
      await expect(call('CreateTag', { ...request, ...wrong }), JSON.stringify(wrong)).rejects.toMatchObject({ code })
  })

  test('a version that gains a tag counts as updated, and so does its package', async () => {
    await register('images/touched', '1')
    const before = await call('GetVersion', { name: versionOf('touched', '1') })
    await call('CreateTag', { parent: packageOf('touched'), tagId: 'v1', tag: { version: before.name } })
    const { createTime, updateTime } = await call('GetVersion', { name: before.name })
    expect(createTime).toBe(before.createTime)
    expect(updateTime > before.updateTime).toBe(true)
    expect(await call('GetPackage', { name: packageOf('touched') })).toMatchObject({ updateTime })
  })

  test('an update moves the tag from one digest to another', async () => {
    await register('images/moved', '1', 'latest')
    await register('images/moved', '2')
    const tag = { name: `${packageOf('moved')}/tags/latest`, version: versionOf('moved', '2') }
    expect(await call('UpdateTag', { tag, updateMask: 'version' })).toEqual(tag)
    expect(await call('GetTag', { name: tag.name })).toEqual(tag)
    const one = await call('GetVersion', { name: versionOf('moved', '1'), view: 'FULL' })
    expect(one).not.toHaveProperty('relatedTags')
    await expect(call('UpdateTag', { tag, updateMask: 'name' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const missing = { ...tag, name: `${packageOf('moved')}/tags/nowhere` }
    await expect(call('UpdateTag', { tag: missing })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a deleted tag is gone, and its version stays', async () => {
    await register('images/untagged', '1', 'v1')
    const name = `${packageOf('untagged')}/tags/v1`
    expect(await call('DeleteTag', { name })).toEqual({})
    for (const method of ['GetTag', 'DeleteTag'])
      await expect(call(method, { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('GetVersion', { name: versionOf('untagged', '1') })).toMatchObject({ name: versionOf('untagged', '1') })
  })

  test('the list is filtered by version or name, without regard to case', async () => {
    await register('images/listed', '1', 'v1', 'stable')
    await register('images/listed', '2', 'v2')
    const list = async (filter = '') =>
      (await call('ListTags', { parent: packageOf('listed'), filter })).tags?.map(({ name }: any) => name.split('/').at(-1))
    expect(await list()).toEqual(['stable', 'v1', 'v2'])
    expect(await list(`version="${versionOf('listed', '1')}"`)).toEqual(['stable', 'v1'])
    expect(await list(`name="${packageOf('listed')}/tags/V*"`)).toEqual(['v1', 'v2'])
    expect(await list(`version="${versionOf('listed', '3')}"`)).toBeUndefined()
    await expect(list('digest=x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('where tags are immutable they can be created, not moved and not deleted', async () => {
    await register('fixed/app', '1', 'v1')
    await register('fixed/app', '2')
    const [app, name] = [`${parent}/repositories/fixed/packages/app`, `${parent}/repositories/fixed/packages/app/tags/v1`]
    const [one, two] = [`${app}/versions/${digestOf('1')}`, `${app}/versions/${digestOf('2')}`]
    const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('immutable') }
    await expect(call('UpdateTag', { tag: { name, version: two } })).rejects.toMatchObject(refused)
    await expect(call('DeleteTag', { name })).rejects.toMatchObject(refused)
    expect(await call('UpdateTag', { tag: { name, version: one } })).toEqual({ name, version: one })
    expect(await call('CreateTag', { parent: app, tagId: 'v2', tag: { version: two } })).toMatchObject({ version: two })
  })
})

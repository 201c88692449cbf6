import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const parent = 'projects/my-app-prod/locations/europe-west2'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('packages and versions', (emulator) => {
  const call = (method: string, request: object) => emulator().call('artifactregistry.v1', `${REGISTRY}/${method}`, request)
  const idsOf = (items: { name: string }[] = []) => items.map(({ name }) => name.split('/').at(-1))

  /** A repository with images, each `[path, text, …tags]` and its digest that of the text; its name. */
  async function repositoryOf(repositoryId: string, images: string[][], fields: object = {}): Promise<string> {
    await call('CreateRepository', { parent, repositoryId, repository: { format: 'DOCKER', ...fields } })
    for (const [path, text = '', ...tags] of images) {
      const image = `europe-west2-docker.pkg.dev/my-app-prod/${repositoryId}/${path}`
      await emulator().http('POST', '/_emulator/images', { image, digest: digestOf(text), tags, imageSizeBytes: 7 })
    }
    return `${parent}/repositories/${repositoryId}`
  }

  test('each image by its name is a package; its slashes are escaped', async () => {
    const repository = await repositoryOf('packages', [
      ['team/app', '1'],
      ['app', '1'],
      ['app', '2'],
    ])
    const { packages } = await call('ListPackages', { parent: repository })
    expect(idsOf(packages)).toEqual(['app', 'team%2Fapp'])
    expect(await call('GetPackage', { name: `${repository}/packages/team%2Fapp` })).toEqual(packages[1])
    expect(packages[0].updateTime > packages[0].createTime).toBe(true)
    const filtered = await call('ListPackages', { parent: repository, filter: `name="${repository}/packages/TEAM*"` })
    expect(idsOf(filtered.packages)).toEqual(['team%2Fapp'])
    await expect(call('GetPackage', { name: `${repository}/packages/team` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('each digest of an image is a version; what it says of the image is metadata', async () => {
    const repository = await repositoryOf('versions', [['team/app', '1', 'v1', 'latest']])
    const name = `${repository}/packages/team%2Fapp/versions/${digestOf('1')}`
    const basic = await call('GetVersion', { name })
    expect(basic).toEqual({
      name,
      createTime: expect.stringMatching(/^2026-01-02T03:04:05/),
      updateTime: basic.createTime,
      metadata: {
        name: `${repository}/dockerImages/team%2Fapp@${digestOf('1')}`,
        imageSizeBytes: '7',
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      },
    })
    expect(await call('GetVersion', { name, view: 'BASIC' })).toEqual(basic)
    const relatedTags = ['latest', 'v1'].map((tag) => ({ name: `${repository}/packages/team%2Fapp/tags/${tag}`, version: name }))
    expect(await call('GetVersion', { name, view: 'FULL' })).toEqual({ ...basic, relatedTags })
    await expect(call('GetVersion', { name, view: 7 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a version has at most 100 related tags', async () => {
    const tags = Array.from({ length: 101 }, (_, i) => `t${i}`)
    const repository = await repositoryOf('tagged', [['app', '1', ...tags]])
    const { versions } = await call('ListVersions', { parent: `${repository}/packages/app`, view: 'FULL' })
    expect(versions[0].relatedTags).toHaveLength(100)
  })

  test('the versions of one package are listed, not those of another', async () => {
    const images = [
      ['app', '1', 'v1'],
      ['app', '2'],
      ['app2', '3'],
    ]
    const repository = await repositoryOf('listed', images)
    const parent = `${repository}/packages/app`
    const { versions } = await call('ListVersions', { parent })
    expect(idsOf(versions)).toEqual([digestOf('1'), digestOf('2')].sort())
    expect(versions.some((version: object) => 'relatedTags' in version)).toBe(false)
    const full = await call('ListVersions', { parent, view: 'FULL', orderBy: 'UPDATE_TIME desc' })
    expect(idsOf(full.versions)).toEqual([digestOf('2'), digestOf('1')])
    expect(idsOf(full.versions[1].relatedTags)).toEqual(['v1'])
    const filtered = await call('ListVersions', { parent, filter: `name="${parent}/versions/${digestOf('1').slice(0, 20)}*"` })
    expect(idsOf(filtered.versions)).toEqual([digestOf('1')])
    await expect(call('ListVersions', { parent: `${repository}/packages/nowhere` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a tagged version is deleted only by force, and its tags with it; the package stays', async () => {
    const repository = await repositoryOf('forced', [['app', '1', 'v1']])
    const name = `${repository}/packages/app/versions/${digestOf('1')}`
    await expect(call('DeleteVersion', { name })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('is tagged (v1)'),
    })
    const operation = await call('DeleteVersion', { name, force: true })
    expect(operation).toMatchObject({ name: expect.stringContaining(`${parent}/operations/`) })
    expect(operation).not.toHaveProperty('done')
    await expect(call('GetVersion', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('ListTags', { parent: `${repository}/packages/app` })).toEqual({})
    expect(await call('ListVersions', { parent: `${repository}/packages/app` })).toEqual({})
  })

  test('a package is deleted with its versions and tags, and with no others', async () => {
    const repository = await repositoryOf('emptied', [
      ['app', '1', 'v1'],
      ['app/nested', '1', 'v1'],
    ])
    await call('DeletePackage', { name: `${repository}/packages/app` })
    await expect(call('GetPackage', { name: `${repository}/packages/app` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { dockerImages } = await call('ListDockerImages', { parent: repository })
    expect(dockerImages).toMatchObject([{ name: `${repository}/dockerImages/app%2Fnested@${digestOf('1')}`, tags: ['v1'] }])
  })

  test('where tags are immutable, nothing is deleted that is tagged', async () => {
    const images = [
      ['app', '1', 'v1'],
      ['app', '2'],
    ]
    const repository = await repositoryOf('immutable', images, { dockerConfig: { immutableTags: true } })
    const versions = `${repository}/packages/app/versions`
    const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('immutable') }
    await expect(call('DeleteVersion', { name: `${versions}/${digestOf('1')}`, force: true })).rejects.toMatchObject(refused)
    await expect(call('DeletePackage', { name: `${repository}/packages/app` })).rejects.toMatchObject(refused)
    await call('DeleteVersion', { name: `${versions}/${digestOf('2')}` })
    const { dockerImages } = await call('ListDockerImages', { parent: repository })
    expect(dockerImages).toMatchObject([{ tags: ['v1'] }])
  })
})

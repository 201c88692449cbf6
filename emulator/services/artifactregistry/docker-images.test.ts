import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const parent = 'projects/my-app-prod/locations/europe-west2'
const repository = `${parent}/repositories/images`
const host = 'europe-west2-docker.pkg.dev/my-app-prod/images'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('docker images', (emulator) => {
  const call = (method: string, request: object) => emulator().call('artifactregistry.v1', `${REGISTRY}/${method}`, request)
  const uris = ({ dockerImages = [] }: any) => dockerImages.map(({ uri }: { uri: string }) => uri)

  beforeAll(async () => {
    await call('CreateRepository', { parent, repositoryId: 'images', repository: { format: 'DOCKER' } })
    for (const [path, text, uploadTime] of [
      ['team/a/app', '1', '2025-03-01T00:00:00Z'],
      ['app', '2', '2025-01-01T00:00:00Z'],
      ['app', '3', '2025-02-01T00:00:00Z'],
    ] as const)
      await emulator().http('POST', '/_emulator/images', {
        image: `${host}/${path}`,
        digest: digestOf(text),
        tags: [`v${text}`],
        uploadTime,
      })
  })

  test('the slashes of an image are escaped in its name, not in its uri', async () => {
    const name = `${repository}/dockerImages/team%2Fa%2Fapp@${digestOf('1')}`
    const image = await call('GetDockerImage', { name })
    expect(image).toMatchObject({ name, uri: `${host}/team/a/app@${digestOf('1')}`, tags: ['v1'] })
  })

  test.each(['team%252Fa%252Fapp', 'team%2Fa%2Fapp', 'team%2fa%2fapp'])(
    'a path may escape them once or twice: %s',
    async (path) => {
      const { status, body } = await emulator().http('GET', `/v1/${repository}/dockerImages/${path}@${digestOf('1')}`)
      expect(status).toBe(200)
      expect(body.name).toBe(`${repository}/dockerImages/team%2Fa%2Fapp@${digestOf('1')}`)
    },
  )

  test.each([`app@${digestOf('1')}`, 'app@v2', 'app', 'nowhere'])('an image that is not there is not found: %s', async (id) => {
    await expect(call('GetDockerImage', { name: `${repository}/dockerImages/${id}` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Requested entity was not found.',
    })
  })

  test('the list has the images of all packages, in the order that is asked for', async () => {
    const [one, two, three] = [
      `${host}/team/a/app@${digestOf('1')}`,
      `${host}/app@${digestOf('2')}`,
      `${host}/app@${digestOf('3')}`,
    ]
    const all = await call('ListDockerImages', { parent: repository })
    expect(uris(all)).toEqual([...[two, three].sort(), one])
    expect(uris(await call('ListDockerImages', { parent: repository, orderBy: 'update_time desc' }))).toEqual([one, three, two])
    expect(uris(await call('ListDockerImages', { parent: repository, orderBy: 'uploadTime' }))).toEqual([two, three, one])
    await expect(call('ListDockerImages', { parent: repository, orderBy: 'tags' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('the list goes on with a page token, in each order', async () => {
    for (const orderBy of ['', 'update_time desc']) {
      const all = uris(await call('ListDockerImages', { parent: repository, orderBy }))
      const first = await call('ListDockerImages', { parent: repository, orderBy, pageSize: 2 })
      const second = await call('ListDockerImages', { parent: repository, orderBy, pageSize: 2, pageToken: first.nextPageToken })
      expect(second.nextPageToken).toBeUndefined()
      expect([...uris(first), ...uris(second)]).toEqual(all)
    }
  })
})

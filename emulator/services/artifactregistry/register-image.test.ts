import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const parent = 'projects/my-app-prod/locations/europe-west2'
const host = 'europe-west2-docker.pkg.dev/my-app-prod'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

describeTransports('registered images', (emulator) => {
  const call = (method: string, request: object) => emulator().call('artifactregistry.v1', `${REGISTRY}/${method}`, request)
  const register = (body: unknown) => emulator().http('POST', '/_emulator/images', body)
  const create = (repositoryId: string, repository: object = { format: 'DOCKER' }) =>
    call('CreateRepository', { parent, repositoryId, repository })
  const tagsOf = async (repository: string, image: string, digest: string) =>
    (await call('GetDockerImage', { name: `${parent}/repositories/${repository}/dockerImages/${image}@${digest}` })).tags

  test('the answer is the image, as Artifact Registry has it from then on', async () => {
    await create('images')
    const digest = digestOf('app')
    const { status, body } = await register({
      image: `${host}/images/app`,
      digest,
      tags: ['v2', 'v1'],
      imageSizeBytes: 12345,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      uploadTime: '2025-05-06T07:08:09Z',
      buildTime: '2025-05-06T09:00:00+02:00',
    })
    const name = `${parent}/repositories/images/dockerImages/app@${digest}`
    expect(status).toBe(200)
    expect(body).toEqual({
      name,
      uri: `${host}/images/app@${digest}`,
      tags: ['v1', 'v2'],
      imageSizeBytes: '12345',
      mediaType: 'application/vnd.oci.image.index.v1+json',
      uploadTime: '2025-05-06T07:08:09.000000Z',
      buildTime: '2025-05-06T07:00:00.000000Z',
      updateTime: '2025-05-06T07:08:09.000000Z',
    })
    const read = await call('GetDockerImage', { name })
    expect({ ...read, uploadTime: new Date(read.uploadTime) }).toMatchObject({
      name,
      tags: ['v1', 'v2'],
      imageSizeBytes: '12345',
      uploadTime: new Date('2025-05-06T07:08:09Z'),
    })
  })

  test('an image is uploaded now, and is a single image, unless it says otherwise', async () => {
    await create('plain')
    const { body } = await register({ image: `${host}/plain/app`, digest: digestOf('app') })
    expect(body).toMatchObject({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json', tags: [] })
    expect(body.uploadTime).toMatch(/^2026-01-02T03:04:05\./)
    expect(body).not.toHaveProperty('imageSizeBytes')
  })

  test('an index names the images that it is made of, and keeps them when it is registered again', async () => {
    await create('index')
    const manifests = [
      { digest: digestOf('amd'), platform: { os: 'linux', architecture: 'amd64' }, size: 500 },
      { digest: digestOf('arm'), platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
    ]
    const registration = { image: `${host}/index/app`, digest: digestOf('index') }
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const shown = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      imageManifests: [
        { os: 'linux', architecture: 'amd64', digest: digestOf('amd'), mediaType },
        { os: 'linux', architecture: 'arm', variant: 'v7', digest: digestOf('arm'), mediaType },
      ],
    }
    expect((await register({ ...registration, manifests })).body).toMatchObject(shown)
    await register({ ...registration, tags: ['v1'] })
    const name = `${parent}/repositories/index/dockerImages/app@${digestOf('index')}`
    expect(await call('GetDockerImage', { name })).toMatchObject({ ...shown, tags: ['v1'] })
    expect((await register({ ...registration, manifests, mediaType })).body.error.message).toMatch(
      /^Invalid value at 'mediaType'/,
    )
  })

  test('a tag that another digest has moves, one that this digest has stays', async () => {
    await create('moved')
    const image = `${host}/moved/app`
    await register({ image, digest: digestOf('1'), tags: ['latest', 'v1'] })
    await register({ image, digest: digestOf('2'), tags: ['latest', 'v2'] })
    expect(await tagsOf('moved', 'app', digestOf('1'))).toEqual(['v1'])
    expect(await tagsOf('moved', 'app', digestOf('2'))).toEqual(['latest', 'v2'])
  })

  test('the same digest again gets the new tags beside its old ones, and what is said of it anew', async () => {
    await create('again')
    const image = { image: `${host}/again/app`, digest: digestOf('app') }
    const first = await register({ ...image, tags: ['v1'], imageSizeBytes: '1', buildTime: '2025-01-01T00:00:00Z' })
    const second = await register({ ...image, tags: ['v1', 'stable'], imageSizeBytes: '2' })
    expect(second.body).toEqual({
      ...first.body,
      tags: ['stable', 'v1'],
      imageSizeBytes: '2',
      updateTime: second.body.updateTime,
    })
    expect(second.body.updateTime > first.body.updateTime).toBe(true)
    const { body } = await register({ ...image, uploadTime: '2025-02-03T04:05:06Z' })
    expect(body).toMatchObject({ uploadTime: '2025-02-03T04:05:06.000000Z', tags: ['stable', 'v1'] })
  })

  test('the size of a repository is that of its images', async () => {
    await create('sized')
    for (const [text, imageSizeBytes] of [
      ['1', 1000],
      ['2', '234'],
    ])
      await register({ image: `${host}/sized/app`, digest: digestOf(String(text)), imageSizeBytes })
    expect(await call('GetRepository', { name: `${parent}/repositories/sized` })).toMatchObject({ sizeBytes: '1234' })
  })

  test('the repository must exist, and hold images', async () => {
    const digest = digestOf('app')
    expect(await register({ image: `${host}/nowhere/app`, digest })).toMatchObject({
      status: 404,
      body: { error: { status: 'NOT_FOUND', message: `The repository ${parent}/repositories/nowhere does not exist.` } },
    })
    await create('npm', { format: 'NPM' })
    expect(await register({ image: `${host}/npm/app`, digest })).toMatchObject({
      status: 400,
      body: { error: { status: 'UNIMPLEMENTED', message: expect.stringContaining('a repository of the format NPM') } },
    })
  })

  test('where tags are immutable, new ones are added but none moves, and nothing of the refused request stays', async () => {
    await create('immutable', { format: 'DOCKER', dockerConfig: { immutableTags: true } })
    const image = `${host}/immutable/app`
    expect((await register({ image, digest: digestOf('1'), tags: ['v1'] })).status).toBe(200)
    expect((await register({ image, digest: digestOf('1'), tags: ['v1', 'v2'] })).status).toBe(200)
    expect(await register({ image, digest: digestOf('2'), tags: ['v3', 'v1'] })).toMatchObject({
      status: 400,
      body: { error: { status: 'FAILED_PRECONDITION', message: expect.stringContaining('immutable') } },
    })
    const { dockerImages } = await call('ListDockerImages', { parent: `${parent}/repositories/immutable` })
    expect(dockerImages).toMatchObject([{ tags: ['v1', 'v2'] }])
  })

  const right = { image: `${host}/images/app`, digest: digestOf('app') }
  test.each([
    ['image', { digest: right.digest }, 'image is missing.'],
    ['digest', { image: right.image }, 'digest is missing.'],
    ...[
      `${host}/images/app:v1`,
      `${host}/images/app@${right.digest}`,
      `${host}/images`,
      `${host}/images/App`,
      `${host}/images/a//b`,
    ]
      .concat('gcr.io/my-app-prod/app', 'nginx', `https://${host}/images/app`)
      .map((image): [string, object, string] => ['image', { ...right, image }, 'must be LOCATION-docker.pkg.dev/']),
    ['digest', { ...right, digest: right.digest.toUpperCase() }, 'must be sha256: and 64'],
    ['digest', { ...right, digest: 7 }, 'must be sha256: and 64'],
    ['tags', { ...right, tags: 'v1' }, 'must be a list of tags'],
    ['tags', { ...right, tags: ['v1', '.hidden'] }, 'must be a list of tags'],
    ['imageSizeBytes', { ...right, imageSizeBytes: -1 }, 'must be a number of bytes'],
    ['manifests', { ...right, manifests: [] }, 'must be the manifests of an index'],
    [
      'manifests',
      { ...right, manifests: [{ digest: 'sha256:1', platform: { os: 'linux', architecture: 'amd64' } }] },
      'must be the',
    ],
    ['manifests', { ...right, manifests: [{ digest: digestOf('a'), platform: { os: 'linux' } }] }, 'must be the manifests'],
    ['manifests', { ...right, manifests: [{ digest: digestOf('a') }] }, 'must be the manifests of an index'],
    ['imageSizeBytes', { ...right, imageSizeBytes: 1.5 }, 'must be a number of bytes'],
    ['mediaType', { ...right, mediaType: 'image' }, 'must be a media type'],
    ['uploadTime', { ...right, uploadTime: 'yesterday' }, 'must be a time'],
    ['buildTime', { ...right, buildTime: '2026-02-30T00:00:00Z' }, 'must be a time'],
  ])('a field that is missing or wrong is named: %s of %j', async (field, body, why) => {
    const { status, body: answer } = await register(body)
    expect(status).toBe(400)
    expect(answer.error).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`Invalid value at '${field}': ${why}`),
      details: [{ fieldViolations: [{ field, description: expect.stringContaining(why) }] }],
    })
  })

  test('a field that there is not is refused, and so is what is no object', async () => {
    for (const [body, message] of [
      [{ ...right, tag: 'v1' }, 'Unknown name "tag"'],
      [{ ...right, constructor: 'x' }, 'Unknown name "constructor"'],
      [[right], 'JSON object'],
      ['{', 'Invalid JSON payload'],
    ] as const)
      expect(await register(body)).toMatchObject({
        status: 400,
        body: { error: { status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) } },
      })
  })
})

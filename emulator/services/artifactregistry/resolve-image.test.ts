import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { silent } from '../../testing/emulator.ts'
import { registerImage, resolveImage } from './index.ts'

const host = 'europe-west2-docker.pkg.dev/my-app-prod/images'
const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const manifest = (letter: string, architecture: string, os = 'linux') => ({
  digest: digest(letter),
  platform: { os, architecture },
})

async function registry(...images: object[]) {
  const { dispatcher, close } = await createApp({ seed: false, clock: testClock(), log: silent })
  await dispatcher.call('artifactregistry.v1', 'google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository', {
    parent: 'projects/my-app-prod/locations/europe-west2',
    repositoryId: 'images',
    repository: { format: 'DOCKER' },
  })
  for (const image of images) await dispatcher.run(registerImage, image)
  return { resolve: (reference: string) => dispatcher.run(resolveImage, reference), close }
}

test('a tag means the digest that it has now, none means latest, and a digest means itself', async () => {
  const { resolve, close } = await registry(
    { image: `${host}/app`, digest: digest('a'), tags: ['v1', 'latest'] },
    { image: `${host}/team/app`, digest: digest('b'), tags: ['v1'] },
  )
  const found = (path: string, letter: string) => ({ name: `${host}/${path}`, digest: digest(letter) })
  expect(await resolve(`${host}/app:v1`)).toEqual(found('app', 'a'))
  expect(await resolve(`${host}/app`)).toEqual(found('app', 'a'))
  expect(await resolve(`${host}/team/app:v1`)).toEqual(found('team/app', 'b'))
  // whether or not it is here, and whatever tag stands beside it
  expect(await resolve(`${host}/app@${digest('c')}`)).toEqual(found('app', 'c'))
  expect(await resolve(`${host}/app:v1@${digest('c')}`)).toEqual(found('app', 'c'))
  expect(await resolve(`localhost:5000/app@${digest('c')}`)).toEqual({ name: 'localhost:5000/app', digest: digest('c') })
  await close()
})

test('a tag that no repository here has is not found', async () => {
  const { resolve, close } = await registry({ image: `${host}/app`, digest: digest('a'), tags: ['v1'] })
  for (const reference of [`${host}/app:v2`, `${host}/other:v1`, 'gcr.io/p/app:v1', 'nginx', 'localhost:5000/app'])
    expect(await resolve(reference), reference).toMatchObject({ problem: 'NOT_FOUND' })
  await close()
})

test('an index means its image for linux/amd64, by tag and by digest', async () => {
  const manifests = [
    manifest('1', 'unknown', 'unknown'),
    manifest('2', 'amd64', 'windows'),
    manifest('3', 'arm64'),
    manifest('4', 'amd64'),
  ]
  const { resolve, close } = await registry({ image: `${host}/app`, digest: digest('a'), tags: ['v1'], manifests })
  for (const reference of [`${host}/app:v1`, `${host}/app@${digest('a')}`])
    expect(await resolve(reference)).toEqual({ name: `${host}/app`, digest: digest('4') })
  await close()
})

test('an index without one, or of which no images are known, has no digest that runs', async () => {
  const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json'
  const { resolve, close } = await registry(
    { image: `${host}/arm`, digest: digest('a'), tags: ['v1'], manifests: [manifest('3', 'arm64')] },
    { image: `${host}/bare`, digest: digest('b'), mediaType },
  )
  expect(await resolve(`${host}/arm:v1`)).toEqual({
    name: `${host}/arm`,
    problem: 'NO_PLATFORM',
    mediaType: 'application/vnd.oci.image.index.v1+json',
  })
  expect(await resolve(`${host}/bare@${digest('b')}`)).toEqual({ name: `${host}/bare`, problem: 'NO_PLATFORM', mediaType })
  await close()
})

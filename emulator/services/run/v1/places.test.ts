// Where the objects of v1 are: the host says the region, and without it they are looked for everywhere.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../../testing/emulator.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator()
})
afterAll(() => emulator.close())

let count = 0
let project = ''
beforeEach(() => {
  project = `placed-app-${++count}`
})

const containers = [{ image: 'gcr.io/cloudrun/hello' }]
const service = (metadata: object = {}) => ({
  metadata: { name: 'a-b', ...metadata },
  spec: { template: { spec: { containers } } },
})
const job = (metadata: object = {}) => ({
  metadata: { name: 'a-b', ...metadata },
  spec: { template: { spec: { template: { spec: { containers } } } } },
})

/** `region` stands in front of the path, as it does in front of the host. */
async function http(method: string, region: string, path: string, body?: object) {
  const answer = await emulator.http(method, region ? `/${region}-run${path}` : path, body)
  return answer.body
}
const serving = (collection: string) => `/apis/serving.knative.dev/v1/namespaces/${project}/${collection}`
const running = (collection: string) => `/apis/run.googleapis.com/v1/namespaces/${project}/${collection}`
const create = (region: string, body: object = service()) => http('POST', region, serving('services'), body)
const locationOf = ({ metadata }: any) => metadata?.labels['cloud.googleapis.com/location']

test('a service is made in the region of the host, else in that of its label, else in us-central1', async () => {
  expect(locationOf(await create('europe-west2'))).toBe('europe-west2')
  expect(locationOf(await create('', service({ labels: { 'cloud.googleapis.com/location': 'europe-west1' } })))).toBe(
    'europe-west1',
  )
  expect(locationOf(await create(''))).toBe('us-central1')
  expect(
    locationOf(await http('POST', '', running('jobs'), job({ labels: { 'cloud.googleapis.com/location': 'asia-east1' } }))),
  ).toBe('asia-east1')
  const named = `/v1/projects/${project}/locations/us-east1/services`
  expect(locationOf(await http('POST', 'europe-west2', named, service()))).toBe('us-east1')
})

test('a region that there is not has nothing, and nothing can be made there', async () => {
  for (const [region, body] of [
    ['atlantis-west1', service()],
    ['', service({ labels: { 'cloud.googleapis.com/location': 'global' } })],
  ] as const)
    expect((await create(region, body)).error).toMatchObject({
      code: 404,
      message: expect.stringMatching(/^Location \S+ is not found/),
    })
  expect((await http('GET', 'atlantis-west1', serving('services'))).error).toMatchObject({ code: 404 })
})

test('on the host of a region there is what is in the region, by name and in lists', async () => {
  for (const region of ['europe-west1', 'europe-west2']) {
    await create(region)
    await http('POST', region, running('jobs'), job())
    await http('POST', region, running('jobs/a-b:run'), {})
  }
  for (const region of ['europe-west1', 'europe-west2']) {
    expect(locationOf(await http('GET', region, serving('services/a-b')))).toBe(region)
    for (const path of [
      ...['services', 'configurations', 'routes', 'revisions'].map(serving),
      ...['jobs', 'executions', 'tasks'].map(running),
    ])
      expect((await http('GET', region, path)).items.map(locationOf), path).toEqual([region])
  }
  expect((await http('GET', 'europe-west3', serving('services/a-b'))).error).toMatchObject({
    code: 404,
    message: `Resource 'a-b' of kind 'SERVICE' in region 'europe-west3' in project '${project}' does not exist`,
  })
  expect(await http('GET', 'europe-west3', serving('services'))).not.toHaveProperty('items')
})

test('on a host without a region there is what is in any, in lists and by a name that only one has', async () => {
  const regions = ['europe-west1', 'europe-west2']
  const executions: any[] = []
  for (const region of regions) {
    await create(region)
    await http('POST', region, running('jobs'), job())
    executions.push(await http('POST', region, running('jobs/a-b:run'), {}))
  }
  for (const path of [
    ...['services', 'configurations', 'routes', 'revisions'].map(serving),
    ...['jobs', 'executions', 'tasks'].map(running),
    ...['services', 'revisions'].map((collection) => `/v1/projects/${project}/locations/-/${collection}`),
  ])
    expect((await http('GET', '', path)).items.map(locationOf), path).toEqual(regions)
  const { items } = await http('GET', '', serving('revisions'))
  for (const { metadata } of items)
    expect((await http('GET', '', serving(`revisions/${metadata.name}`))).metadata).toEqual(metadata)
  for (const { metadata } of executions)
    expect((await http('GET', '', running(`executions/${metadata.name}`))).metadata).toEqual(metadata)

  for (const [method, path, body] of [
    ['GET', serving('services/a-b')],
    ['DELETE', serving('services/a-b')],
    ['PUT', serving('services/a-b'), service()],
    ['POST', running('jobs/a-b:run'), {}],
  ] as const) {
    const { error } = await http(method, '', path, body)
    expect(error, `${method} ${path}`).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' })
    expect(error.message).toMatch(
      /there is one in europe-west1, europe-west2\. Name the region in the host, REGION-run\.googleapis\.com/,
    )
  }
  await http('DELETE', 'europe-west1', serving('services/a-b'))
  expect(locationOf(await http('GET', '', serving('services/a-b')))).toBe('europe-west2')
  expect(locationOf(await http('PUT', '', serving('services/a-b'), service()))).toBe('europe-west2')
})

test('pages of a list of all regions go on where the last ended', async () => {
  for (const region of ['us-east1', 'europe-west1']) for (const name of ['a', 'b']) await create(region, service({ name }))
  for (const collection of ['services', 'revisions']) {
    const seen: string[] = []
    for (let token: string | undefined = ''; token !== undefined; ) {
      const { items, metadata } = await http('GET', '', `${serving(collection)}?limit=3&continue=${token}`)
      seen.push(...items.map(({ metadata }: any) => metadata.uid))
      token = metadata.continue
    }
    expect(new Set(seen).size).toBe(4)
    expect(seen).toHaveLength(4)
  }
})

test('a revision is that of the service whose name it begins with, whatever other services there are', async () => {
  await create('europe-west1', service({ name: 'a' }))
  await create('europe-west1')
  const { items } = await http(
    'GET',
    'europe-west1',
    `${serving('revisions')}?labelSelector=serving.knative.dev/service%20=%20a-b`,
  )
  expect(items).toHaveLength(1)
  const [{ metadata }] = items
  expect((await http('GET', 'europe-west1', serving(`revisions/${metadata.name}`))).metadata.uid).toBe(metadata.uid)
  for (const id of [metadata.name.slice(2), 'a', 'a-b', 'constructor-x'])
    expect((await http('GET', 'europe-west1', serving(`revisions/${id}`))).error, id).toMatchObject({ status: 'NOT_FOUND' })
})

test('a namespace is one project', async () => {
  for (const [namespace, code] of [
    ['-', 'INVALID_ARGUMENT'],
    ['NO_PROJECT', 'INVALID_ARGUMENT'],
  ])
    for (const path of ['services', 'services/a-b'])
      expect((await http('GET', '', `/apis/serving.knative.dev/v1/namespaces/${namespace}/${path}`)).error).toMatchObject({
        status: code,
      })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { podReview } from '../../testing/pod-review.ts'

let emulator: TestEmulator
beforeAll(async () => {
  emulator = await startTestEmulator({ maxLogEntries: 5000 })
})
afterAll(() => emulator.close())

const setRule = (project: string, evaluationMode: string, enforcementMode: string) =>
  emulator.http('PUT', `/v1/projects/${project}/policy`, { defaultAdmissionRule: { evaluationMode, enforcementMode } })

const ENFORCED = 'ENFORCED_BLOCK_AND_AUDIT_LOG'
const DRY_RUN = 'DRYRUN_AUDIT_LOG_ONLY'

async function admit(project: string, image: string, { name = 'web', namespace = 'default', labels = {} } = {}) {
  const { body } = await emulator.http(
    'POST',
    `/admission/projects/${project}/locations/us-central1/clusters/prod`,
    podReview([image], { namespace, metadata: { name, labels } }),
  )
  return body.response
}

const BREAK_GLASS = { 'image-policy.k8s.io/break-glass': 'true' }

async function decisions(query: string) {
  const { status, body } = await emulator.http('GET', `/_emulator/decisions?${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

test('wouldDeny=true groups what dry run and break-glass let in although it is denied, by image and reason', async () => {
  const project = 'would-deny'
  await setRule(project, 'ALWAYS_DENY', DRY_RUN)
  for (const [image, pod] of [
    ['gcr.io/p/app', { name: 'web-1', namespace: 'a' }],
    ['gcr.io/p/app', { name: 'web-2', namespace: 'b' }],
    ['gcr.io/p/app', { name: 'web-2', namespace: 'b' }],
    ['gcr.io/p/tool', { labels: BREAK_GLASS }],
  ] as const) {
    expect((await admit(project, image, pod)).allowed).toBe(true)
    emulator.clock.advance(1000)
  }
  await setRule(project, 'ALWAYS_DENY', ENFORCED)
  expect((await admit(project, 'gcr.io/p/blocked')).allowed).toBe(false)
  await setRule(project, 'ALWAYS_ALLOW', DRY_RUN)
  await admit(project, 'gcr.io/p/good')
  await admit(project, 'gcr.io/p/good', { labels: BREAK_GLASS })

  const { wouldDeny, notListed } = await decisions(`wouldDeny=true&project=${project}`)
  const times = (await decisions(`project=${project}`)).decisions.map(({ time }: any) => time).reverse()
  expect(notListed).toBe(0)
  expect(wouldDeny).toEqual([
    {
      project,
      image: 'gcr.io/p/app',
      reason: 'Image gcr.io/p/app denied by Binary Authorization default admission rule. Denied by always_deny admission rule',
      codes: ['ALWAYS_DENY'],
      count: 3,
      dryRun: 3,
      breakGlass: 0,
      firstSeen: times[0],
      lastSeen: times[2],
      clusters: ['us-central1.prod'],
      namespaces: ['a', 'b'],
      serviceAccounts: ['default'],
      pods: ['a/web-1', 'b/web-2'],
    },
    expect.objectContaining({ image: 'gcr.io/p/tool', count: 1, dryRun: 0, breakGlass: 1, pods: ['default/web'] }),
  ])
  expect(await decisions(`wouldDeny=true&project=${project}&limit=1`)).toMatchObject({ wouldDeny: [{ count: 3 }], notListed: 1 })
  expect((await decisions(`wouldDeny=true&project=never-asked`)).wouldDeny).toEqual([])
})

test('since is a time or how long ago, with and without wouldDeny, of one project and of all', async () => {
  const project = 'since-then'
  await setRule(project, 'ALWAYS_DENY', DRY_RUN)
  await admit(project, 'old')
  emulator.clock.advance(2 * 3600_000)
  await admit(project, 'new')
  const [{ time }] = (await decisions(`project=${project}&limit=1`)).decisions
  const images = (body: any) => (body.wouldDeny ?? body.decisions).map(({ image, images }: any) => image ?? images[0].image)
  for (const since of ['1h', '61m', '7199s', time, time.replace(/Z$/, '%2B00:00')])
    for (const query of [`project=${project}&since=${since}`, `since=${since}`])
      for (const wouldDeny of ['', '&wouldDeny=true']) expect(images(await decisions(query + wouldDeny)), query).toEqual(['new'])
  for (const wouldDeny of ['', '&wouldDeny=true'])
    expect(images(await decisions(`project=${project}&since=1d${wouldDeny}`)).sort()).toEqual(['new', 'old'])
  expect((await decisions(`project=${project}&since=2100-01-01T00:00:00Z`)).decisions).toEqual([])
})

test('all of them are counted, however many there are', async () => {
  const project = 'would-deny-many'
  await setRule(project, 'ALWAYS_DENY', DRY_RUN)
  for (let i = 0; i < 60; i++)
    await Promise.all(Array.from({ length: 20 }, (_, k) => admit(project, 'x', { name: `pod-${i}-${k}` })))
  const { wouldDeny } = await decisions(`wouldDeny=true&project=${project}`)
  expect(wouldDeny).toMatchObject([{ image: 'x', count: 1200 }])
  expect(wouldDeny[0].pods).toHaveLength(20)
})

test.each([
  ['since=yesterday', /^since must be a time such as .* not "yesterday"\.$/],
  ['since=2026-13-01T00:00:00Z', /^since must be a time/],
  ['wouldDeny=maybe', /^wouldDeny must be true or false, not "maybe"\.$/],
  ['wouldDeny=true&before=3', /^before is for single decisions/],
  ['until=1h', /^There is no parameter "until": there are project, limit, before, since, wouldDeny\.$/],
])('?%s is refused', async (query, message) => {
  const { status, body } = await emulator.http('GET', `/_emulator/decisions?${query}`)
  expect({ status, message: body.error.message }).toEqual({ status: 400, message: expect.stringMatching(message) })
})

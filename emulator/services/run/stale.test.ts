import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { silent } from '../../testing/emulator.ts'
import { registerImage } from '../artifactregistry/index.ts'
import { createServiceV2, updateServiceV2 } from './v2.ts'
import { runJobV2 } from './v2-jobs.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const project = 'stale-app'
const parent = `projects/${project}/locations/us-central1`
const repository = `us-central1-docker.pkg.dev/${project}/images/app`
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** An emulator whose operations do something else between what they prepare and what they commit, the first time. */
async function interrupted() {
  const { dispatcher, close } = await createApp({ seed: false, clock: testClock(), log: silent })
  const call = (api: string, method: string, request: object): Promise<any> => dispatcher.call(api, method, request)
  const rule = (evaluationMode: string) =>
    call('binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, {
      policy: {
        name: `projects/${project}/policy`,
        admissionWhitelistPatterns: [{ namePattern: `${repository}@${digestOf('good')}` }],
        defaultAdmissionRule: { evaluationMode, enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
      },
    })
  function during(operation: any, between: () => Promise<unknown>) {
    let isFirst = true
    return {
      ...operation,
      async prepare(request: any, ctx: any) {
        const prepared = await operation.prepare(request, ctx)
        if (isFirst) await between()
        isFirst = false
        return prepared
      },
    }
  }
  const run = (operation: any, request: object): Promise<any> => dispatcher.run(operation, request)
  return { call, rule, run, during, close }
}

const service = (image: string) => ({ template: { containers: [{ image }] }, binaryAuthorization: { useDefault: true } })
const digested = `${repository}@${digestOf('other')}`

test('a service is judged again where the policy has changed meanwhile', async () => {
  const { call, rule, run, during, close } = await interrupted()
  await rule('ALWAYS_ALLOW')
  const create = during(createServiceV2, () => rule('ALWAYS_DENY'))
  await run(create, { parent, serviceId: 'hello', service: service(digested) })
  const { terminalCondition } = await call('run.v2', 'google.cloud.run.v2.Services/GetService', {
    name: `${parent}/services/hello`,
  })
  expect(terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
  await close()
})

test('and so is one whose tag has been moved meanwhile', async () => {
  const { call, rule, run, during, close } = await interrupted()
  await rule('ALWAYS_DENY')
  await call('artifactregistry.v1', 'google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository', {
    parent,
    repositoryId: 'images',
    repository: { format: 'DOCKER' },
  })
  const register = (text: string) => run(registerImage, { image: repository, digest: digestOf(text), tags: ['v1'] })
  await register('good')
  await run(
    during(createServiceV2, () => register('bad')),
    { parent, serviceId: 'hello', service: service(`${repository}:v1`) },
  )
  const { terminalCondition } = await call('run.v2', 'google.cloud.run.v2.Services/GetService', {
    name: `${parent}/services/hello`,
  })
  expect(terminalCondition.message).toContain(digestOf('bad'))
  await close()
})

test('a judgement is of no use for a service that another request has changed meanwhile', async () => {
  const { call, rule, run, during, close } = await interrupted()
  await rule('ALWAYS_ALLOW')
  const name = `${parent}/services/hello`
  const get = () => call('run.v2', 'google.cloud.run.v2.Services/GetService', { name })
  await run(createServiceV2, { parent, serviceId: 'hello', service: { ...service(digested), binaryAuthorization: undefined } })
  const first = (await get()).latestReadyRevision.split('/').at(-1)
  const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION'
  // while the first revision serves nothing has to be judged; then traffic is taken from it, and given back by this request
  const back = { name, ...service(digested), traffic: [{ type, revision: first, percent: 100 }] }
  await run(
    during(updateServiceV2, async () => {
      const good = `${repository}@${digestOf('good')}`
      await run(updateServiceV2, { service: { name, ...service(good), binaryAuthorization: undefined } })
      await rule('ALWAYS_DENY')
    }),
    { service: back },
  )
  expect((await get()).terminalCondition.reason).toBe('CONTAINER_IMAGE_UNAUTHORIZED')
  await close()
})

test('an execution is judged again where the policy has changed meanwhile', async () => {
  const { call, rule, run, during, close } = await interrupted()
  await rule('ALWAYS_ALLOW')
  const job = { template: { template: { containers: [{ image: digested }] } }, binaryAuthorization: { useDefault: true } }
  await call('run.v2', 'google.cloud.run.v2.Jobs/CreateJob', { parent, jobId: 'nightly', job })
  const { name } = await run(
    during(runJobV2, () => rule('ALWAYS_DENY')),
    { name: `${parent}/jobs/nightly` },
  )
  expect((await call('run.v2', 'google.longrunning.Operations/GetOperation', { name })).error.code).toBe(9)
  await close()
})

test('and so is one whose tag has been moved meanwhile, or whose job has opted in', async () => {
  for (const change of ['tag', 'job'] as const) {
    const { call, rule, run, during, close } = await interrupted()
    await rule('ALWAYS_DENY')
    await call('artifactregistry.v1', 'google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository', {
      parent,
      repositoryId: 'images',
      repository: { format: 'DOCKER' },
    })
    const register = (text: string) => run(registerImage, { image: repository, digest: digestOf(text), tags: ['v1'] })
    await register(change === 'tag' ? 'good' : 'bad')
    const template = { template: { containers: [{ image: `${repository}:v1` }] } }
    const name = `${parent}/jobs/nightly`
    const optedIn = { template, binaryAuthorization: { useDefault: true } }
    await call('run.v2', 'google.cloud.run.v2.Jobs/CreateJob', {
      parent,
      jobId: 'nightly',
      job: change === 'tag' ? optedIn : { template },
    })
    const changes = {
      tag: () => register('bad'),
      job: () => call('run.v2', 'google.cloud.run.v2.Jobs/UpdateJob', { job: { name, ...optedIn } }),
    }
    const { name: operation } = await run(during(runJobV2, changes[change]), { name })
    expect((await call('run.v2', 'google.longrunning.Operations/GetOperation', { name: operation })).error.code).toBe(9)
    await close()
  }
})

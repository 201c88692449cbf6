// What Terraform makes of images that the policy denies, and of operations that take their time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newProject } from '../attestations.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { repository } from './artifact-registry.ts'
import { DESTROYED_POLICY, policy } from './binary-authorization.ts'
import { service as cloudRunService } from './cloud-run.ts'
import { service } from './cloud-run-v2.ts'
import { BINARY_AUTHORIZATION, BREAKGLASS, DEPLOYMENTS, newImage } from './deployments.ts'
import { ALWAYS_DENY, LIFECYCLES, locationOf, titleOf } from './lifecycles.ts'
import { configure, type Provider, terraformEnvironment } from './provider.ts'
import { ATTRIBUTION, create, destroy, update } from './resource.ts'

let emulator: Emulator
let slow: Emulator
const env = new Map<Emulator, Record<string, string>>()
beforeAll(async () => {
  emulator = await startEmulator('--no-seed')
  slow = await startEmulator('--no-seed', '--operation-delay', '0.4s')
  for (const one of [emulator, slow]) env.set(one, await terraformEnvironment(one))
})
afterAll(async () => {
  expect(await Promise.all([emulator.stop(), slow.stop()])).toEqual([0, 0])
})

/** A provider for a project that nothing else has. */
const newProvider = (of = emulator): Provider => configure(env.get(of)!, newProject())

describe('what the policy denies', () => {
  const denying = async () => {
    const provider = newProvider()
    await create(provider, policy, `projects/${provider.project}/policy`, { defaultAdmissionRule: ALWAYS_DENY })
    return provider
  }
  const allow = (provider: Provider) =>
    provider.send('binaryAuthorization', 'PUT', `projects/${provider.project}/policy`, {}, DESTROYED_POLICY)
  const deny = (provider: Provider) =>
    provider.send('binaryAuthorization', 'PUT', `projects/${provider.project}/policy`, {}, { defaultAdmissionRule: ALWAYS_DENY })

  const knative = (image: string, annotations: Record<string, string> = {}) => ({
    metadata: { labels: ATTRIBUTION, annotations: { [BINARY_AUTHORIZATION]: 'default', ...annotations } },
    spec: { template: { spec: { containers: [{ image }] } } },
  })

  test('google_cloud_run_service fails with the message of its condition, and is ready with breakglass', async () => {
    const provider = await denying()
    const name = `${locationOf(provider)}/services/app`
    const image = newImage(provider.project)
    await expect(create(provider, cloudRunService, name, knative(image))).rejects.toThrow(
      /^resource is in failed state "Ready:False", message: .*is not authorized by policy/,
    )
    // it is tainted: the next apply replaces it
    await cloudRunService.destroy(provider, { id: name, configuration: {}, state: {} })
    await create(provider, cloudRunService, name, knative(image, { [BREAKGLASS]: 'outage' }))
  })

  test('google_cloud_run_service goes on with the revision that it had', async () => {
    const provider = newProvider()
    const applied = await create(
      provider,
      cloudRunService,
      `${locationOf(provider)}/services/app`,
      knative(newImage(provider.project)),
    )
    await deny(provider)
    await expect(update(provider, cloudRunService, applied, knative(newImage(provider.project)))).rejects.toThrow('Ready:False')
    const { status } = (await cloudRunService.read(provider, applied.id))!
    expect(status.latestReadyRevisionName).toBe(applied.state.status.latestReadyRevisionName)
    expect(status.latestCreatedRevisionName).not.toBe(status.latestReadyRevisionName)
  })

  const v2 = (image: string) => ({
    template: { containers: [{ image }] },
    binaryAuthorization: { useDefault: true },
    labels: ATTRIBUTION,
  })

  test('google_cloud_run_v2_service fails with the error of its operation, and goes on with the revision that it had', async () => {
    const provider = newProvider()
    const applied = await create(provider, service, `${locationOf(provider)}/services/app`, v2(newImage(provider.project)))
    await deny(provider)
    await expect(update(provider, service, applied, v2(newImage(provider.project)))).rejects.toThrow(
      /^Error code 9, message: .*is not authorized by policy/,
    )
    const state = (await service.read(provider, applied.id))!
    expect(state.latestReadyRevision).toBe(applied.state.latestReadyRevision)
    expect(state.terminalCondition).toMatchObject({ type: 'Ready', state: 'CONDITION_FAILED' })
    await allow(provider)
    await update(provider, service, { ...applied, state }, v2(newImage(provider.project)))
  })
})

describe('operations that take their time are waited for', () => {
  const operating = [...LIFECYCLES.filter(({ resource }) => resource === repository), ...DEPLOYMENTS]
  test.each(operating.map((lifecycle) => [titleOf(lifecycle), lifecycle] as const))(
    '%s',
    async (_, { resource, prepare, configurations, left }) => {
      const provider = newProvider(slow)
      const [first] = configurations(provider.project)
      const applied = await create(provider, resource, await prepare(provider), first!)
      const rest = await destroy(provider, resource, applied)
      expect(rest === undefined).toBe(left === undefined)
    },
  )
})

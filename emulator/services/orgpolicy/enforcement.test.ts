import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../core/database.ts'
import { createDispatcher } from '../../core/dispatch.ts'
import { randomIds } from '../../core/ids.ts'
import type { Context } from '../../core/service.ts'
import { testClock } from '../../testing/clock.ts'
import { checkAllowedBinaryAuthorizationPolicies, checkCustomConstraints, orgpolicy } from './index.ts'

const warnings: object[] = []
const log = { debug() {}, info() {}, warn: (fields: object) => void warnings.push(fields), error() {} }
const db = openDatabase(undefined, [
  { name: 'core', migrations: new URL('../../core/migrations/', import.meta.url) },
  { name: orgpolicy.name, migrations: orgpolicy.migrations! },
])
const dispatcher = createDispatcher(
  { db, clock: testClock(), ids: randomIds, log, strictProjects: false, isOwnAuthority: () => false },
  [orgpolicy],
)
afterAll(() => db.close())

const call = (method: string, request: object) =>
  dispatcher.call('orgpolicy.v2', `google.cloud.orgpolicy.v2.OrgPolicy/${method}`, request) as Promise<any>
const run = (work: (ctx: Context) => void) => dispatcher.run((_: object, ctx: Context) => work(ctx), {})
const setPolicy = (project: string, constraint: string, policy: object) =>
  call('CreatePolicy', {
    parent: `projects/${project}`,
    policy: { name: `projects/${project}/policies/${constraint}`, ...policy },
  })

const CONSTRAINT = 'run.allowedBinaryAuthorizationPolicies'
const named = 'projects/my-policy-app/platforms/cloudRun/policies/strict'

test.each<[string, object | undefined, (string | undefined)[], (string | undefined)[]]>([
  ['no policy', undefined, ['default', named, undefined], []],
  ['allow default', { values: { allowedValues: ['default'] } }, ['default'], [named, undefined]],
  ['allow is:default', { values: { allowedValues: ['is:default'] } }, ['default'], [named, undefined]],
  [
    'allow a named policy',
    { values: { allowedValues: [`is:${named}`] } },
    [named, 'projects/my-policy-app/platforms/cloudRun/strict'],
    ['default', undefined, `${named}er`],
  ],
  ['allow another text', { values: { allowedValues: ['projects/No Project/x'] } }, ['projects/No Project/x'], ['default']],
  ['deny a named policy', { values: { deniedValues: [named] } }, ['default', undefined], [named]],
  [
    'deny what is allowed',
    { values: { allowedValues: ['default', named], deniedValues: [named] } },
    ['default'],
    [named, undefined],
  ],
  ['allow all', { allowAll: true }, ['default', named, undefined], []],
  ['deny all', { denyAll: true }, [], ['default', named, undefined]],
])('%s', async (title, rule, allowed, refused) => {
  const project = title.replaceAll(/[ :]/g, '-').concat('-app')
  if (rule) await setPolicy(project, CONSTRAINT, { spec: { rules: [rule] } })
  for (const value of allowed) await run((ctx) => checkAllowedBinaryAuthorizationPolicies(ctx, project, value))
  for (const value of refused)
    await expect(
      run((ctx) => checkAllowedBinaryAuthorizationPolicies(ctx, project, value)),
      value,
    ).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    })
})

test('the refusal has the words of Cloud Run; of an absent value it says that this is an open point', async () => {
  await setPolicy('my-message-app', CONSTRAINT, { spec: { rules: [{ values: { allowedValues: ['default'] } }] } })
  const refusal = (value: string | undefined, method?: string) =>
    run((ctx) => checkAllowedBinaryAuthorizationPolicies(ctx, 'my-message-app', value, method)).catch((error) => error)
  const start = `Constraint constraints/${CONSTRAINT} violated for attempting`
  expect((await refusal('other', 'ReplaceService')).message).toBe(
    `${start} ReplaceService with annotation "run.googleapis.com/binary-authorization" set to other.`,
  )
  const absent = await refusal(undefined)
  expect(absent.message).toContain(`${start} CreateService with annotation "run.googleapis.com/binary-authorization" not set.`)
  expect(absent.message).toContain('open point')
  expect(absent.details).toEqual([
    {
      '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
      violations: [{ type: `constraints/${CONSTRAINT}`, subject: 'projects/my-message-app' }],
    },
  ])
})

test('a dry run refuses nothing, and warns', async () => {
  const dryRunSpec = { rules: [{ denyAll: true }] }
  const { name } = await setPolicy('my-dry-app', CONSTRAINT, { dryRunSpec })
  await run((ctx) => checkAllowedBinaryAuthorizationPolicies(ctx, 'my-dry-app', 'default'))
  expect(warnings).toContainEqual({ policy: name, project: 'my-dry-app', value: 'default', method: 'CreateService' })
})

const parent = 'organizations/123'
const registries = {
  name: `${parent}/customConstraints/custom.onlyOurImages`,
  resourceTypes: ['run.googleapis.com/Service'],
  methodTypes: ['CREATE', 'UPDATE'],
  condition:
    'resource.spec.template.spec.containers.all(container, container.image.startsWith("europe-west2-docker.pkg.dev/my-app-prod/"))',
  actionType: 'ALLOW',
  description: 'Images come from our own registry.',
}

beforeAll(() => call('CreateCustomConstraint', { parent, customConstraint: registries }))

const serviceWith = (...images: string[]) => ({
  type: 'run.googleapis.com/Service',
  method: 'CREATE' as const,
  name: 'projects/my-app-prod/locations/europe-west2/services/shop',
  resource: { spec: { template: { spec: { containers: images.map((image) => ({ image })) } } } },
})
const ours = 'europe-west2-docker.pkg.dev/my-app-prod/r/i'
const check = (project: string, resource: Parameters<typeof checkCustomConstraints>[2]) =>
  run((ctx) => checkCustomConstraints(ctx, project, resource))

test('a custom constraint counts where a policy enforces it, and for the resources and methods that it names', async () => {
  await check('my-custom-app', serviceWith('docker.io/evil'))
  await setPolicy('my-custom-app', 'custom.onlyOurImages', { spec: { rules: [{ enforce: true }] } })
  await check('my-custom-app', serviceWith(ours))
  await check('my-custom-app', { ...serviceWith('docker.io/evil'), type: 'run.googleapis.com/Job' })
  await check('my-another-app', serviceWith('docker.io/evil'))
  await expect(check('my-custom-app', serviceWith(ours, 'docker.io/evil'))).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message:
      'Operation denied by custom org policy on resource \'projects/my-app-prod/locations/europe-west2/services/shop\': ["customConstraints/custom.onlyOurImages": "Images come from our own registry."].',
  })
  const update = { ...serviceWith('docker.io/evil'), method: 'UPDATE' as const }
  await expect(check('my-custom-app', update)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
})

test('a condition without a value refuses the resource, and the message says why', async () => {
  await setPolicy('my-unclear-app', 'custom.onlyOurImages', { spec: { rules: [{ enforce: true }] } })
  await expect(check('my-unclear-app', { ...serviceWith(), resource: { spec: {} } })).rejects.toMatchObject({
    message: expect.stringContaining('The condition has no value for this resource: there is no field template.'),
  })
})

test('a constraint that denies refuses what its condition holds of; not enforced, or as a dry run, it refuses nothing', async () => {
  const name = `${parent}/customConstraints/custom.noLatest`
  const condition = 'resource.spec.template.spec.containers.exists(c, c.image.endsWith(":latest"))'
  await call('CreateCustomConstraint', { parent, customConstraint: { ...registries, name, condition, actionType: 'DENY' } })
  const constraint = 'custom.noLatest'
  await setPolicy('my-deny-app', constraint, { spec: { rules: [{ enforce: true }] } })
  await check('my-deny-app', serviceWith(`${ours}:v1`))
  await expect(check('my-deny-app', serviceWith(`${ours}:latest`))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  await setPolicy('my-off-app', constraint, { spec: { rules: [{ enforce: false }] } })
  await check('my-off-app', serviceWith(`${ours}:latest`))
  const { name: policy } = await setPolicy('my-try-app', constraint, { dryRunSpec: { rules: [{ enforce: true }] } })
  await check('my-try-app', serviceWith(`${ours}:latest`))
  expect(warnings).toContainEqual({ policy, resource: serviceWith().name })
})

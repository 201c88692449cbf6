import { beforeAll, expect, test } from 'vitest'
import { describeTransports } from '../testing/emulator.ts'

const ring = 'projects/my-app-prod/locations/global/keyRings'
const viewer = { role: 'roles/viewer', members: ['user:alice@example.com'] }
const condition = { title: 'soon', expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' }

describeTransports('IAM policies', (emulator) => {
  const iam = (method: string, request: object) => emulator().call('cloudkms.v1', `google.iam.v1.IAMPolicy/${method}`, request)
  const get = (id: string, options?: object) => iam('GetIamPolicy', { resource: `${ring}/${id}`, ...(options && { options }) })
  const set = (id: string, policy: object, updateMask?: string) =>
    iam('SetIamPolicy', { resource: `${ring}/${id}`, policy, updateMask })

  beforeAll(async () => {
    for (const keyRingId of ['fresh', 'set', 'etag', 'conditions', 'members', 'mask', 'permissions', 'number'])
      await emulator().call('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/CreateKeyRing', {
        parent: 'projects/my-app-prod/locations/global',
        keyRingId,
      })
  })

  test('a policy that nobody has set is nothing but an etag', async () => {
    expect(await get('fresh')).toEqual({ etag: 'ACAB' })
  })

  test('a policy is kept and given back, with an etag of eight bytes that every set changes', async () => {
    const first = await set('set', { bindings: [viewer] })
    expect(first).toEqual({ version: 1, bindings: [viewer], etag: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/) })
    expect(await get('set')).toEqual(first)
    const second = await set('set', { bindings: [viewer] })
    expect(second.etag).not.toBe(first.etag)
  })

  test('a set that was prepared on an older policy is ABORTED and changes nothing', async () => {
    const { etag } = await set('etag', { bindings: [viewer] })
    await set('etag', { bindings: [viewer], etag })
    await expect(set('etag', { bindings: [], etag })).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await get('etag')).bindings).toEqual([viewer])
    expect(await set('etag', {})).toEqual({ version: 1, etag: expect.any(String) })
  })

  test('conditions need version 3; a policy without any is of version 1, whatever was sent', async () => {
    const conditional = { ...viewer, condition }
    await expect(set('conditions', { version: 1, bindings: [conditional] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await set('conditions', { version: 3, bindings: [viewer] })).version).toBe(1)
    expect(await set('conditions', { version: 3, bindings: [conditional] })).toMatchObject({
      version: 3,
      bindings: [conditional],
    })
    expect((await get('conditions', { requestedPolicyVersion: 3 })).bindings).toEqual([conditional])
    for (const version of [2, 4]) {
      await expect(set('conditions', { version })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(get('conditions', { requestedPolicyVersion: version })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  test('a condition that could not be evaluated is refused when it is set', async () => {
    const conditional = (expression: string) =>
      set('conditions', { version: 3, bindings: [{ ...viewer, condition: { title: 'x', expression } }] })
    await conditional('resource.name.startsWith("projects/my-app-prod/") && request.time.getHours("Europe/Berlin") < 18')
    for (const [expression, reason] of [
      ['resource.matchTag("1/env", "prod")', 'matchTag() is not supported'],
      ['resource.name == ', 'unexpected the end'],
      ['principal.name == "x"', 'unknown variable principal'],
      ['', 'unexpected the end'],
    ] as const)
      await expect(conditional(expression)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(reason),
      })
  })

  test('members and roles have the forms of IAM', async () => {
    const members = [
      'allUsers',
      'serviceAccount:a@b.iam.gserviceaccount.com',
      'group:g@example.com',
      'principalSet://iam.googleapis.com/locations/global/workforcePools/p/*',
    ]
    const custom = { role: 'projects/my-app-prod/roles/signer', members }
    expect((await set('members', { bindings: [viewer, custom] })).bindings).toEqual([viewer, custom])
    for (const member of ['alice@example.com', 'user:', 'robot:r2d2', ''])
      await expect(set('members', { bindings: [{ role: 'roles/viewer', members: [member] }] })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    for (const role of ['viewer', 'roles/', ''])
      await expect(set('members', { bindings: [{ ...viewer, role }] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await set('members', { bindings: [{ role: 'roles/viewer' }] })).bindings).toBeUndefined()
  })

  test('without a mask the bindings are written and audit configurations stay; a mask says which', async () => {
    const auditConfigs = [{ service: 'allServices', auditLogConfigs: [{ logType: 'DATA_READ' }] }]
    expect((await set('mask', { bindings: [viewer], auditConfigs })).auditConfigs).toBeUndefined()
    // as Terraform sends it
    await set('mask', { bindings: [viewer], auditConfigs }, 'bindings,etag,auditConfigs')
    expect(await set('mask', { bindings: [] })).toEqual({ version: 1, auditConfigs, etag: expect.any(String) })
    expect(await set('mask', { bindings: [viewer] }, 'audit_configs')).toEqual({ version: 1, etag: expect.any(String) })
    await expect(set('mask', {}, 'members')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('the resource may be named by the number of its project', async () => {
    const { bindings } = await set('number', { bindings: [viewer] })
    const { name } = await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/GetService', {
      name: 'projects/my-app-prod/services/cloudkms.googleapis.com',
    })
    const resource = `projects/${name.split('/')[1]}/locations/global/keyRings/number`
    expect((await iam('GetIamPolicy', { resource })).bindings).toEqual(bindings)
  })

  test('a resource that does not exist has no policy', async () => {
    await expect(get('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(set('nowhere', { bindings: [viewer] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('every caller has every permission; on a resource that does not exist nobody has any', async () => {
    const permissions = ['cloudkms.keyRings.get', 'cloudkms.cryptoKeyVersions.useToSign']
    const ask = (id: string, asked: string[]) => iam('TestIamPermissions', { resource: `${ring}/${id}`, permissions: asked })
    expect(await ask('permissions', permissions)).toEqual({ permissions })
    expect(await ask('nowhere', permissions)).toEqual({})
    expect(await ask('permissions', [])).toEqual({})
    for (const wrong of ['cloudkms.*', `a${'.b'.repeat(128)}`, 'a.'.repeat(4_000_000)])
      await expect(ask('permissions', [wrong])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const longest = `aa${'.b'.repeat(127)}`
    expect(await ask('permissions', [longest])).toEqual({ permissions: [longest] })
  })
})

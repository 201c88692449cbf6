import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const KMS = 'cloudkms.googleapis.com'
const CA = 'containeranalysis.googleapis.com'

describeTransports('services of a project', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('serviceusage.v1', `google.api.serviceusage.v1.ServiceUsage/${method}`, request)
  const enabled = async (parent: string) => {
    const { services = [] } = await call('ListServices', { parent, filter: 'state:ENABLED', pageSize: 200 })
    return services.map(({ config }: { config: { name: string } }) => config.name)
  }

  test('in a fresh project no service is enabled', async () => {
    expect(await call('ListServices', { parent: 'projects/usage-fresh', filter: 'state:ENABLED' })).toEqual({})
  })

  test('enabling answers an operation that is done, named by the number of the project', async () => {
    const operation = await call('EnableService', { name: `projects/usage-enable/services/${KMS}` })
    expect(operation).toEqual({
      name: expect.stringMatching(/^operations\/acf\.p2-\d{12}-[0-9a-f-]{36}$/),
      metadata: { '@type': 'type.googleapis.com/google.api.serviceusage.v1.OperationMetadata' },
      done: true,
      response: {
        '@type': 'type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse',
        service: {
          name: expect.stringMatching(/^projects\/\d{12}\/services\/cloudkms\.googleapis\.com$/),
          parent: expect.stringMatching(/^projects\/\d{12}$/),
          state: 'ENABLED',
        },
      },
    })
    expect(await enabled('projects/usage-enable')).toEqual([KMS])
  })

  test('the operation can be read, and deleted', async () => {
    const { name, ...operation } = await call('EnableService', { name: `projects/usage-operation/services/${KMS}` })
    const operations = (method: string) => emulator().call('serviceusage.v1', `google.longrunning.Operations/${method}`, { name })
    expect(await operations('GetOperation')).toEqual({ name, ...operation })
    await operations('CancelOperation')
    await operations('DeleteOperation')
    await expect(operations('GetOperation')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('operations are listed, those of other APIs not, and under no other name', async () => {
    const create = 'google.cloudresourcemanager.v1.Projects/CreateProject'
    await emulator().call('cloudresourcemanager.v1', create, { projectId: 'usage-listed' })
    const { name } = await call('EnableService', { name: `projects/usage-listed/services/${KMS}` })
    const list = (request: object) => emulator().call('serviceusage.v1', 'google.longrunning.Operations/ListOperations', request)
    const names = (await list({ pageSize: 1000 })).operations.map((operation: { name: string }) => operation.name)
    expect(names).toContain(name)
    expect(names.filter((each: string) => !each.startsWith('operations/acf.'))).toEqual([])
    for (const other of ['x', 'projects/usage-listed', 'operations/x'])
      await expect(list({ name: other })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('what is enabled already is answered by the operation without effect', async () => {
    const name = `projects/usage-twice/services/${KMS}`
    await call('EnableService', { name })
    expect(await call('EnableService', { name })).toMatchObject({
      name: 'operations/noop.DONE_OPERATION',
      done: true,
      response: { service: { state: 'ENABLED' } },
    })
  })

  test('the project may be named by its number', async () => {
    const { parent } = await call('GetService', { name: `projects/usage-number/services/${KMS}` })
    expect(parent).toMatch(/^projects\/\d{12}$/)
    await call('EnableService', { name: `${parent}/services/${KMS}` })
    expect(await enabled('projects/usage-number')).toEqual([KMS])
    expect((await call('GetService', { name: `projects/999999999999/services/${KMS}` })).parent).toBe('projects/999999999999')
  })

  test('a service has a name, a parent, a configuration and a state', async () => {
    expect(await call('GetService', { name: `projects/usage-get/services/${KMS}` })).toEqual({
      name: expect.stringMatching(/^projects\/\d{12}\/services\/cloudkms\.googleapis\.com$/),
      parent: expect.stringMatching(/^projects\/\d{12}$/),
      config: { name: KMS, title: 'Cloud Key Management Service (KMS) API' },
      state: 'DISABLED',
    })
  })

  test('the list without a filter has all services, page by page and sorted', async () => {
    const parent = 'projects/usage-list'
    const first = await call('ListServices', { parent })
    expect(first.services).toHaveLength(50)
    const second = await call('ListServices', { parent, pageToken: first.nextPageToken })
    const names = [...first.services, ...second.services].map(({ config }) => config.name)
    expect(second).not.toHaveProperty('nextPageToken')
    expect(names).toEqual([...new Set(names)].sort())
    expect(names).toContain('compute.googleapis.com')
    const all = await call('ListServices', { parent, pageSize: 200 })
    expect(all.services).toHaveLength(names.length)
  })

  test('state:DISABLED leaves out what is enabled, and no other filter is known', async () => {
    const parent = 'projects/usage-filter'
    await call('EnableService', { name: `${parent}/services/${KMS}` })
    const { services } = await call('ListServices', { parent, filter: 'state:DISABLED', pageSize: 200 })
    expect(services.map(({ config }: { config: { name: string } }) => config.name)).not.toContain(KMS)
    await expect(call('ListServices', { parent, filter: 'title:KMS' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('several services are enabled at once', async () => {
    const parent = 'projects/usage-batch'
    const { response } = await call('BatchEnableServices', { parent, serviceIds: [KMS, CA] })
    expect(response['@type']).toBe('type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse')
    expect(response.services.map(({ state }: { state: string }) => state)).toEqual(['ENABLED', 'ENABLED'])
    expect(await enabled(parent)).toEqual([KMS, CA])
  })

  test('a batch with an unknown service enables none', async () => {
    const parent = 'projects/usage-atomic'
    await expect(call('BatchEnableServices', { parent, serviceIds: [KMS, 'kms.example.com'] })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'Not found or permission denied for service(s): kms.example.com.',
      details: [
        { violations: [{ type: 'googleapis.com', subject: '?error_code=220002&services=kms.example.com' }] },
        { reason: 'SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED', metadata: { services: 'kms.example.com' } },
      ],
    })
    expect(await enabled(parent)).toEqual([])
  })

  test('a batch has 1 to 20 services', async () => {
    const parent = 'projects/usage-limit'
    await expect(call('BatchEnableServices', { parent })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const serviceIds = Array.from({ length: 21 }, () => KMS)
    await expect(call('BatchEnableServices', { parent, serviceIds })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await enabled(parent)).toEqual([])
  })

  test('several services are read at once, all of one project', async () => {
    const parent = 'projects/usage-batch-get'
    const number = (await call('GetService', { name: `${parent}/services/${KMS}` })).parent
    const names = [`${parent}/services/${KMS}`, `${number}/services/${CA}`]
    const { services } = await call('BatchGetServices', { parent, names })
    expect(services.map(({ name }: { name: string }) => name)).toEqual([`${number}/services/${KMS}`, `${number}/services/${CA}`])
    const others = [`projects/usage-other/services/${KMS}`]
    await expect(call('BatchGetServices', { parent, names: others })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('BatchGetServices', { parent })).rejects.toMatchObject({ details: [{ reason: 'SU_MISSING_NAMES' }] })
  })

  test('a disabled service is no longer listed', async () => {
    const name = `projects/usage-disable/services/${KMS}`
    await call('EnableService', { name })
    // as gcloud sends it
    const request = { name, checkIfServiceHasUsage: 'CHECK', disableDependentServices: false }
    expect(await call('DisableService', request)).toMatchObject({
      done: true,
      response: {
        '@type': 'type.googleapis.com/google.api.serviceusage.v1.DisableServiceResponse',
        service: { state: 'DISABLED' },
      },
    })
    expect(await enabled('projects/usage-disable')).toEqual([])
    await expect(call('DisableService', request)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })

  test('a service brings what it needs, which can only be disabled together with it', async () => {
    const parent = 'projects/usage-needs'
    await call('EnableService', { name: `${parent}/services/container.googleapis.com` })
    expect(await enabled(parent)).toEqual(['compute.googleapis.com', 'container.googleapis.com', 'oslogin.googleapis.com'])
    const name = `${parent}/services/compute.googleapis.com`
    await expect(call('DisableService', { name })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message:
        'The service compute.googleapis.com is depended on by the following active service(s): container.googleapis.com; Please specify disable_dependent_services=true if you want to proceed with disabling all services.',
      details: [
        {
          violations: [{ subject: '?error_code=100001&service_name=compute.googleapis.com&services=container.googleapis.com' }],
        },
        { reason: 'COMMON_SU_SERVICE_HAS_DEPENDENT_SERVICES' },
      ],
    })
    await call('DisableService', { name, disableDependentServices: true })
    expect(await enabled(parent)).toEqual(['oslogin.googleapis.com'])
  })

  test('a service that does not exist cannot be told from one that may not be seen', async () => {
    for (const method of ['GetService', 'EnableService', 'DisableService'])
      await expect(call(method, { name: 'projects/usage-unknown/services/nope.googleapis.com' })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      })
    await expect(call('ListServices', { parent: 'projects/-' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

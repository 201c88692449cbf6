import { createPrivateKey, createPublicKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

describeTransports('keys of service accounts', (emulator) => {
  const call = (method: string, request: object) => emulator().call('iam.v1', `google.iam.admin.v1.IAM/${method}`, request)
  const account = async (accountId: string, project = 'my-keys-app'): Promise<string> =>
    (await call('CreateServiceAccount', { name: `projects/${project}`, accountId })).name
  const decode = (data: string) => Buffer.from(data, 'base64').toString()

  test('a key is made once with its private part, as the file that client libraries read, and shown without it', async () => {
    const name = await account('with-key')
    const { privateKeyData, ...created } = await call('CreateServiceAccountKey', { name })
    const email = 'with-key@my-keys-app.iam.gserviceaccount.com'
    const [, id] = /\/keys\/([0-9a-f]{40})$/.exec(created.name) ?? []
    const shown = {
      name: `${name}/keys/${id}`,
      validAfterTime: '2026-01-02T03:04:05Z',
      validBeforeTime: '9999-12-31T23:59:59Z',
      keyAlgorithm: 'KEY_ALG_RSA_2048',
      keyOrigin: 'GOOGLE_PROVIDED',
      keyType: 'USER_MANAGED',
    }
    expect(created).toEqual({ ...shown, privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE' })
    const file = JSON.parse(decode(privateKeyData))
    expect(file).toMatchObject({ type: 'service_account', project_id: 'my-keys-app', private_key_id: id, client_email: email })
    const privateKey = createPrivateKey(file.private_key)
    expect(privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
    expect(await call('GetServiceAccountKey', { name: `projects/-/serviceAccounts/${email}/keys/${id}` })).toEqual(shown)
    const { publicKeyData } = await call('GetServiceAccountKey', { name: created.name, publicKeyType: 'TYPE_RAW_PUBLIC_KEY' })
    expect(decode(publicKeyData)).toBe(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }))
    expect(await call('ListServiceAccountKeys', { name })).toEqual({ keys: [shown] })
    expect(await call('ListServiceAccountKeys', { name, keyTypes: ['SYSTEM_MANAGED'] })).toEqual({})
  })

  test('a key is disabled, enabled and deleted', async () => {
    const { name } = await call('CreateServiceAccountKey', { name: await account('changing') })
    const disabled = async () => (await call('GetServiceAccountKey', { name })).disabled
    await call('DisableServiceAccountKey', { name })
    expect(await disabled()).toBe(true)
    await call('EnableServiceAccountKey', { name })
    expect(await disabled()).toBeUndefined()
    expect(await call('DeleteServiceAccountKey', { name })).toEqual({})
    await expect(call('GetServiceAccountKey', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('an account has ten keys at most', async () => {
    const name = await account('many-keys')
    const key = () => call('CreateServiceAccountKey', { name, keyAlgorithm: 'KEY_ALG_RSA_1024' })
    const made = await Promise.all(Array.from({ length: 10 }, key))
    expect(new Set(made.map(({ name }) => name)).size).toBe(10)
    expect(made[0].keyAlgorithm).toBe('KEY_ALG_RSA_1024')
    await expect(key()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
  })

  test('there is no key for an account that is unknown or disabled, nor where an organization policy forbids it', async () => {
    const unknown = 'projects/my-keys-app/serviceAccounts/nobody@my-keys-app.iam.gserviceaccount.com'
    await expect(call('CreateServiceAccountKey', { name: unknown })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const disabled = await account('disabled')
    await call('DisableServiceAccount', { name: disabled })
    await expect(call('CreateServiceAccountKey', { name: disabled })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    const parent = 'projects/my-keyless-app'
    const constraint = 'iam.disableServiceAccountKeyCreation'
    await emulator().call('orgpolicy.v2', 'google.cloud.orgpolicy.v2.OrgPolicy/CreatePolicy', {
      parent,
      policy: { name: `${parent}/policies/${constraint}`, spec: { rules: [{ enforce: true }] } },
    })
    const name = await account('forbidden', 'my-keyless-app')
    await expect(call('CreateServiceAccountKey', { name })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'Key creation is not allowed on this service account.',
      details: [{ violations: [{ type: `constraints/${constraint}` }] }],
    })
  })

  test('forms of keys that are not emulated are refused by name', async () => {
    const name = await account('with-forms')
    for (const [method, request, what] of [
      ['CreateServiceAccountKey', { name, privateKeyType: 'TYPE_PKCS12_FILE' }, 'TYPE_PKCS12_FILE'],
      ['GetServiceAccountKey', { name: `${name}/keys/x`, publicKeyType: 'TYPE_X509_PEM_FILE' }, 'TYPE_X509_PEM_FILE'],
      ['UploadServiceAccountKey', { name, publicKeyData: 'AAAA' }, 'UploadServiceAccountKey'],
    ] as const)
      await expect(call(method, request), what).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: expect.stringContaining(what),
      })
  })
})

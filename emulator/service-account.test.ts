import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { newPrivateKey, privateKeyIdOf, serviceAccountKey } from './service-account.ts'
import { defaultAccount, uniqueId } from './services/credentials/accounts.ts'

const { privateKeyPem, privateKeyId } = newPrivateKey()
const tokenUri = 'http://127.0.0.1:9080/token'
const keyOf = (account: { project: string; email?: string }) =>
  serviceAccountKey({ ...account, tokenUri }, privateKeyPem, privateKeyId)

test('a key file has all that client libraries read', () => {
  expect(keyOf({ project: 'my-app-prod' })).toEqual({
    type: 'service_account',
    project_id: 'my-app-prod',
    private_key_id: privateKeyId,
    private_key: privateKeyPem,
    client_email: 'emulator@my-app-prod.iam.gserviceaccount.com',
    client_id: expect.stringMatching(/^\d{21}$/),
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: tokenUri,
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: 'https://www.googleapis.com/robot/v1/metadata/x509/emulator%40my-app-prod.iam.gserviceaccount.com',
    universe_domain: 'googleapis.com',
  })
})

test('the key is RSA in PKCS#8, and its id is that of the key', () => {
  expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  expect(createPrivateKey(privateKeyPem).asymmetricKeyDetails?.modulusLength).toBe(2048)
  expect(privateKeyId).toMatch(/^[0-9a-f]{40}$/)
  expect(privateKeyIdOf(privateKeyPem)).toBe(privateKeyId)
  expect(newPrivateKey().privateKeyId).not.toBe(privateKeyId)
})

test('the account is the same one that tokens know: by its address and by its id', () => {
  for (const project of ['my-app-prod', 'example.com:app']) {
    const ctx = { db: { prepare: () => ({ pluck: () => ({ get: () => project }) }) } } as unknown as Parameters<
      typeof defaultAccount
    >[0]
    const { client_email, client_id } = keyOf({ project })
    expect(client_email).toBe(defaultAccount(ctx).email)
    expect(client_id).toBe(uniqueId(client_email))
  }
  expect(keyOf({ project: 'p', email: 'app@p.iam.gserviceaccount.com' }).client_email).toBe('app@p.iam.gserviceaccount.com')
})

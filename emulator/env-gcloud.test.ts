import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Mode } from './config-settings.ts'
import { environmentOf } from './env.ts'
import { choose, type Wiring } from './env-clients.ts'
import { gcloud } from './env-gcloud.ts'

const wiringFor = (mode: Mode, url = 'http://127.0.0.1:9080'): Wiring => ({
  ...choose({ client: ['gcloud'], mode }),
  ...{ url, project: 'my-app-prod', gcloudFolder: '/tmp/gcloud', caFile: '/tmp/ca.pem' },
})

const routes: Record<string, { hosts: string[] }> = JSON.parse(
  readFileSync(new URL('./gen/routes.json', import.meta.url), 'utf8'),
)

test('in proxy mode every emulated API keeps its host name, and the emulator is the proxy', () => {
  const variables = environmentOf(wiringFor('proxy', 'http://emulator:8000'), {})
  for (const [api, { hosts }] of Object.entries(routes))
    expect(variables[`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.split('.')[0]!.toUpperCase()}`]).toBe(`http://${hosts[0]}/`)
  expect(variables).toMatchObject({
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: 'http://run.googleapis.com/',
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: 'emulator',
    CLOUDSDK_PROXY_PORT: '8000',
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: 'my-app-prod',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CONFIG: '/tmp/gcloud',
    BINAUTHZ_EMULATOR_URL: 'http://emulator:8000',
    NO_PROXY: 'emulator,127.0.0.1,localhost',
    no_proxy: 'emulator,127.0.0.1,localhost',
  })
  expect(environmentOf(wiringFor('proxy', 'http://[::1]:8000'), {})).toMatchObject({
    CLOUDSDK_PROXY_ADDRESS: '[::1]',
    NO_PROXY: '::1,127.0.0.1,localhost',
  })
  expect(environmentOf(wiringFor('proxy', 'http://emulator'), {}).CLOUDSDK_PROXY_PORT).toBe('80')
})

test('in proxy mode gcloud trusts the CA of an emulator that has one, for the log of a build, which it reads over TLS', () => {
  const CA = 'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE'
  expect(environmentOf(wiringFor('proxy'), { [CA]: '/yours.pem' })[CA]).toBe('/tmp/ca.pem')
  expect(environmentOf({ ...wiringFor('proxy'), caFile: undefined }, { [CA]: '/yours.pem' })).toMatchObject({ [CA]: undefined })
})

test('in direct mode every API has a path at the emulator, but for KMS and Cloud Storage, with which gcloud cannot; no proxy is used', () => {
  const variables = environmentOf(wiringFor('direct'), { CLOUDSDK_PROXY_TYPE: 'http' })
  const overrides = Object.entries(variables).filter(([name]) => name.startsWith('CLOUDSDK_API_ENDPOINT_OVERRIDES_'))
  expect(overrides.length).toBeGreaterThan(20)
  for (const [name, value] of overrides) {
    const api = name.slice('CLOUDSDK_API_ENDPOINT_OVERRIDES_'.length).toLowerCase()
    expect(value).toBe(['cloudkms', 'storage'].includes(api) ? 'http://127.0.0.1:9080/' : `http://127.0.0.1:9080/${api}/`)
  }
  expect(variables).toMatchObject({ CLOUDSDK_PROXY_TYPE: undefined, CLOUDSDK_PROXY_ADDRESS: undefined })
  expect(variables.CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBUILD).toBe('http://127.0.0.1:9080/cloudbuild/')
})

test('taken over, no endpoint is touched: gcloud has the proxy and the CA, and curl beside it too', () => {
  const inherited = { CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: 'http://elsewhere/', REQUESTS_CA_BUNDLE: '/yours.pem' }
  const { CLOUDSDK_PROXY_TYPE, CLOUDSDK_CONFIG, ...variables } = environmentOf(wiringFor('takeover'), inherited)
  expect({ CLOUDSDK_PROXY_TYPE, CLOUDSDK_CONFIG }).toEqual({ CLOUDSDK_PROXY_TYPE: 'http', CLOUDSDK_CONFIG: '/tmp/gcloud' })
  const overrides = Object.entries(variables).filter(([name]) => name.includes('ENDPOINT_OVERRIDES'))
  expect(overrides).toEqual([['CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS', undefined]])
  expect(variables).toMatchObject({
    CLOUDSDK_PROXY_ADDRESS: '127.0.0.1',
    CLOUDSDK_PROXY_PORT: '9080',
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: '/tmp/ca.pem',
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    HTTPS_PROXY: 'http://127.0.0.1:9080',
    CURL_CA_BUNDLE: '/tmp/ca.pem',
  })
  expect(variables).not.toHaveProperty('REQUESTS_CA_BUNDLE')
})

test('what would send gcloud elsewhere, give it an identity or stop it is not set; what is harmless stays', () => {
  const inherited = Object.fromEntries(
    [
      ...['CLOUDSDK_AUTH_ACCESS_TOKEN', 'CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE', 'CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT'],
      ...['CLOUDSDK_PROXY_USERNAME', 'CLOUDSDK_PROXY_RDNS', 'CLOUDSDK_API_ENDPOINT_OVERRIDES_DNS', 'CLOUDSDK_CORE_ACCOUNT'],
      ...['CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE', 'CLOUDSDK_ACTIVE_CONFIG_NAME', 'CLOUDSDK_CORE_UNIVERSE_DOMAIN'],
      ...['CLOUDSDK_BILLING_QUOTA_PROJECT', 'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE'],
    ].map((name) => [name, 'x']),
  )
  const harmless = [
    'CLOUDSDK_COMPUTE_REGION',
    'CLOUDSDK_CORE_VERBOSITY',
    'CLOUDSDK_PYTHON',
    'SSL_CERT_FILE',
    'REQUESTS_CA_BUNDLE',
  ]
  const variables = environmentOf(
    { ...wiringFor('proxy'), caFile: undefined },
    {
      ...inherited,
      ...Object.fromEntries(harmless.map((name) => [name, 'x'])),
    },
  )
  for (const name of Object.keys(inherited)) expect([name, name in variables, variables[name]]).toEqual([name, true, undefined])
  for (const name of harmless) expect(variables).not.toHaveProperty(name)
})

test('with --as gcloud signs in as that member, by a token that names it', () => {
  const wiring: Wiring = {
    ...choose({ client: ['gcloud'], as: 'user:alice@example.com' }),
    ...{ url: 'http://127.0.0.1:9080', project: 'my-app-prod', gcloudFolder: '/g' },
  }
  const variables = Object.assign({}, ...gcloud.groups(wiring, 'proxy').map((group) => group.variables))
  expect(variables).toMatchObject({
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'emulator:user:alice@example.com',
    CLOUDSDK_CORE_ACCOUNT: 'alice@example.com',
  })
  expect(variables).not.toHaveProperty('CLOUDSDK_AUTH_DISABLE_CREDENTIALS')
})

test('SDKs sign in as a service account only', () => {
  expect(() => choose({ client: ['python'], as: 'user:alice@example.com' })).toThrow('--as must be like serviceAccount:ci@…')
  expect(choose({ client: ['python'], as: 'serviceAccount:ci@p.iam.gserviceaccount.com' }).principal).toMatch(/^serviceAccount:/)
})

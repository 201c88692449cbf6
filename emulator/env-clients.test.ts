import { expect, test } from 'vitest'
import { CLIENTS, type Client, MODES, type Mode } from './config-settings.ts'
import { environmentOf, setEnvironment } from './env.ts'
import { choose, needsKey, type Variables, type Wiring } from './env-clients.ts'

const URL = 'http://127.0.0.1:9080'
const CA = '/cache/ca.pem'
const KEY = '/cache/binauthz-emulator-key-1.json'

const wiringFor = (client: readonly Client[] | 'all', mode?: Mode): Wiring => ({
  ...choose({ client, mode }),
  ...{ url: URL, project: 'team-blue', gcloudFolder: '/cache/gcloud', caFile: CA, keyFile: KEY },
})

/** The variables alone that are set, and the names of those that must not be. */
function wanted(client: Client, mode?: Mode, inherited: Variables = {}) {
  const variables = Object.entries(environmentOf(wiringFor([client], mode), inherited))
  const set = Object.fromEntries(variables.filter(([, value]) => value !== undefined))
  return { set, unset: variables.flatMap(([name, value]) => (value === undefined ? [name] : [])) }
}

const everywhere = { BINAUTHZ_EMULATOR_URL: URL, NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' }
const takenOver = { ...everywhere, HTTPS_PROXY: URL, https_proxy: URL, CURL_CA_BUNDLE: CA }
const credentials = { GOOGLE_APPLICATION_CREDENTIALS: KEY, GOOGLE_CLOUD_PROJECT: 'team-blue' }
const token = { GOOGLE_OAUTH_ACCESS_TOKEN: 'binauthz-emulator', GOOGLE_PROJECT: 'team-blue' }

test.each<[Client, Mode, Variables]>([
  [
    'node',
    'takeover',
    {
      ...{ ...takenOver, ...credentials, GCLOUD_PROJECT: 'team-blue' },
      ...{ NODE_EXTRA_CA_CERTS: CA, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: CA, NODE_USE_ENV_PROXY: '1' },
    },
  ],
  ['node', 'direct', { ...everywhere, ...credentials, GCLOUD_PROJECT: 'team-blue' }],
  [
    'python',
    'takeover',
    {
      ...{ ...takenOver, ...credentials },
      ...{ SSL_CERT_FILE: CA, REQUESTS_CA_BUNDLE: CA, HTTPLIB2_CA_CERTS: CA, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: CA },
    },
  ],
  ['python', 'direct', { ...everywhere, ...credentials }],
  ['go', 'takeover', { ...takenOver, ...credentials, SSL_CERT_FILE: CA }],
  ['go', 'direct', { ...everywhere, ...credentials }],
  ['terraform', 'takeover', { ...takenOver, ...token, SSL_CERT_FILE: CA }],
  [
    'terraform',
    'direct',
    {
      ...{ ...everywhere, ...token },
      GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT: `${URL}/artifactregistry/v1/`,
      GOOGLE_BINARY_AUTHORIZATION_CUSTOM_ENDPOINT: `${URL}/binaryauthorization/v1/`,
      GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT: `${URL}/{{location}}-run/`,
      GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT: `${URL}/run/v2/`,
      GOOGLE_CONTAINER_ANALYSIS_CUSTOM_ENDPOINT: `${URL}/containeranalysis/v1/`,
      GOOGLE_CONTAINER_CUSTOM_ENDPOINT: `${URL}/container/v1/`,
      GOOGLE_IAM_BETA_CUSTOM_ENDPOINT: `${URL}/iam/v1/`,
      GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT: `${URL}/iamcredentials/v1/`,
      GOOGLE_KMS_CUSTOM_ENDPOINT: `${URL}/cloudkms/v1/`,
      GOOGLE_LOGGING_CUSTOM_ENDPOINT: `${URL}/logging/v2/`,
      GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT: `${URL}/orgpolicy/v2/`,
      GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: `${URL}/cloudresourcemanager/v1/`,
      GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT: `${URL}/cloudresourcemanager/v3/`,
      GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT: `${URL}/serviceusage/v1/`,
      GOOGLE_TAGS_CUSTOM_ENDPOINT: `${URL}/cloudresourcemanager/v3/`,
    },
  ],
  ['kubectl', 'direct', everywhere],
  ['docker', 'takeover', { ...takenOver, ...credentials, SSL_CERT_FILE: CA }],
])('%s in mode %s has these variables', (client, mode, variables) => {
  const { set, unset } = wanted(client, mode)
  expect(set).toEqual(variables)
  expect(unset).toEqual(mode === 'takeover' ? ['grpc_proxy', 'no_grpc_proxy', 'ALL_PROXY', 'all_proxy'] : [])
})

test.each<[Client, Mode]>([
  ['gcloud', 'proxy'],
  ['node', 'takeover'],
  ['python', 'takeover'],
  ['go', 'takeover'],
  ['terraform', 'direct'],
  ['kubectl', 'direct'],
  ['docker', 'takeover'],
])('%s has mode %s where none is asked for', (client, mode) => {
  expect(choose({ client: [client] })).toEqual({ choices: [{ client, mode }], leftOut: [] })
})

test.each<[Client, Mode, string]>([
  ['node', 'proxy', 'node has no mode proxy: it has takeover and direct.'],
  ['terraform', 'proxy', 'terraform has no mode proxy: it has direct and takeover.'],
  ['kubectl', 'takeover', 'kubectl has no mode takeover: it has direct.'],
  ['docker', 'direct', 'docker has no mode direct: it has takeover.'],
])('%s in mode %s is refused in one sentence', (client, mode, sentence) => {
  expect(() => choose({ client: ['gcloud', client], mode })).toThrow(sentence)
})

test('all of them are those that have the mode, and the others are named', () => {
  const names = (mode?: Mode) => choose({ client: 'all', mode }).choices.map(({ client }) => client)
  expect(names()).toEqual(CLIENTS)
  expect(names('takeover')).toEqual(['gcloud', 'node', 'python', 'go', 'terraform', 'docker'])
  expect(names('direct')).toEqual(['gcloud', 'node', 'python', 'go', 'terraform', 'kubectl'])
  expect(names('proxy')).toEqual(['gcloud'])
  expect(setEnvironment(wiringFor('all', 'direct'), 'sh', {})).toMatch(/^# Not for docker, /m)
  expect(setEnvironment(wiringFor('all'), 'sh', {})).not.toMatch(/^# Not for/m)
})

test.each([undefined, ...MODES])('together, in mode %s, each client has what it has alone', (mode) => {
  const together = environmentOf(wiringFor('all', mode), { NO_PROXY: 'a.example' })
  for (const { client, mode: own } of wiringFor('all', mode).choices) {
    const { NO_PROXY, no_proxy, ...alone } = environmentOf(wiringFor([client], own), { NO_PROXY: 'a.example' })
    expect(together, client).toMatchObject(alone)
  }
})

test.each<[Client[], Mode | undefined, string[]]>([
  [['node', 'python', 'go', 'docker'], undefined, ['GOOGLE_CLOUD_UNIVERSE_DOMAIN', 'GOOGLE_CLOUD_QUOTA_PROJECT']],
  [
    ['node', 'python', 'go', 'terraform', 'docker'],
    undefined,
    ['GOOGLE_API_USE_CLIENT_CERTIFICATE', 'GOOGLE_API_USE_MTLS_ENDPOINT'],
  ],
  [
    ['gcloud', 'node', 'python', 'go', 'terraform', 'docker'],
    'takeover',
    ['ALL_PROXY', 'all_proxy', 'grpc_proxy', 'no_grpc_proxy'],
  ],
  [['terraform'], undefined, ['GOOGLE_IMPERSONATE_SERVICE_ACCOUNT', 'GOOGLE_BILLING_PROJECT', 'USER_PROJECT_OVERRIDE']],
  [['terraform'], undefined, ['GOOGLE_COMPUTE_CUSTOM_ENDPOINT', 'GOOGLE_CLOUD_UNIVERSE_DOMAIN']],
  [['terraform'], 'takeover', ['GOOGLE_KMS_CUSTOM_ENDPOINT']],
])('%j in mode %s: what would send it elsewhere is not set', (clients, mode, names) => {
  const inherited = Object.fromEntries(names.map((name) => [name, 'x']))
  for (const client of clients) expect(wanted(client, mode, inherited).unset, client).toEqual(expect.arrayContaining(names))
})

test('a machine that has a CA of its own for each of them has that of the emulator instead', () => {
  const names = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'HTTPLIB2_CA_CERTS', 'NODE_EXTRA_CA_CERTS']
  const all = [...names, 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE']
  const inherited = Object.fromEntries(all.map((name) => [name, '/machine.pem']))
  const variables = environmentOf(wiringFor('all', 'takeover'), inherited)
  for (const name of all) expect([name, variables[name]]).toEqual([name, CA])
})

test('where a program itself must say where the emulator is, a remark says how', () => {
  const remarks = (client: Client) => setEnvironment(wiringFor([client], 'direct'), 'sh', {})
  expect(remarks('node')).toContain("{ apiEndpoint: '127.0.0.1', port: 9080, sslCreds: grpc.credentials.createInsecure() }")
  expect(remarks('python')).toContain("channel=grpc.insecure_channel('127.0.0.1:9080')")
  expect(remarks('go')).toContain('option.WithEndpoint("127.0.0.1:9080"), option.WithoutAuthentication()')
  expect(remarks('kubectl')).toMatch(/^# kubectl needs nothing/m)
  expect(setEnvironment(wiringFor(['docker']), 'sh', {})).toMatch(/^# the docker daemon .* \/etc\/docker\/certs\.d/m)
})

test('only those that look for Application Default Credentials need a key', () => {
  const needing = CLIENTS.filter((client) => needsKey(choose({ client: [client] })))
  expect(needing).toEqual(['node', 'python', 'go', 'docker'])
})

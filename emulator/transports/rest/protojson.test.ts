import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { readRequest, writeResponse } from './protojson.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'

/** The message of a request of Cloud KMS that comes with this body, query and path. */
const request = (method: string, { json, query = '', variables = {}, body = '*' }: Partial<Record<string, any>>) =>
  readRequest({ api: 'cloudkms.v1', method: `${KMS}/${method}`, body, variables, query: new URLSearchParams(query), json })

test('body, query and path together are the request', () => {
  expect(
    request('CreateCryptoKey', {
      body: 'crypto_key',
      json: { purpose: 'MAC' },
      query: 'cryptoKeyId=k&skipInitialVersionCreation=true',
      variables: { parent: 'projects/p/locations/l/keyRings/r' },
    }),
  ).toEqual({
    parent: 'projects/p/locations/l/keyRings/r',
    cryptoKeyId: 'k',
    cryptoKey: { purpose: 'MAC' },
    skipInitialVersionCreation: true,
  })
})

test('names are taken in snake_case and in camelCase, in body and query', () => {
  const wanted = { keyRingId: 'r', parent: 'p' }
  expect(request('CreateKeyRing', { json: { key_ring_id: 'r', parent: 'p' } })).toEqual(wanted)
  expect(request('CreateKeyRing', { json: { keyRingId: 'r', parent: 'p' } })).toEqual(wanted)
  expect(request('CreateKeyRing', { query: 'key_ring_id=r&parent=p', body: '' })).toEqual(wanted)
  expect(request('CreateKeyRing', { query: 'keyRingId=r&parent=p', body: '' })).toEqual(wanted)
})

test('what is null is not set, at any depth, beside another member of its oneof too', () => {
  const json = { digest: { sha256: null, sha384: 'AAAA', sha512: null }, data: null, name: null }
  expect(request('AsymmetricSign', { json })).toEqual({ digest: { sha384: 'AAAA' } })
  const service = (containers: object[]) =>
    readRequest({
      api: 'run.v2',
      method: 'google.cloud.run.v2.Services/CreateService',
      body: 'service',
      variables: {},
      query: new URLSearchParams(),
      json: { template: { containers, volumes: null } },
    })
  const probe = { grpc: null, httpGet: null, tcpSocket: { port: 8080 } }
  expect(service([{ startupProbe: probe }, { livenessProbe: { grpc: null, httpGet: null } }])).toEqual({
    service: { template: { containers: [{ startupProbe: { tcpSocket: { port: 8080 } } }, { livenessProbe: {} }] } },
  })
})

test('null is a value of JSON in JSON of any form', () => {
  const entry = { jsonPayload: { a: null, b: [null, { c: null }] } }
  const written = readRequest({
    api: 'logging.v2',
    method: 'google.logging.v2.LoggingServiceV2/WriteLogEntries',
    body: '*',
    variables: {},
    query: new URLSearchParams(),
    json: { entries: [{ ...entry, textPayload: null, httpRequest: null }] },
  })
  expect(written).toEqual({ entries: [entry] })
})

test('masks are taken in either case too', () => {
  const wanted = { updateMask: 'versionTemplate.algorithm,labels' }
  for (const mask of ['version_template.algorithm,labels', 'versionTemplate.algorithm,labels'])
    for (const form of [{ query: `updateMask=${mask}` }, { query: `update_mask=${mask}` }, { json: { updateMask: mask } }])
      expect(request('UpdateCryptoKey', form)).toEqual(wanted)
})

test('booleans of a query are taken in any case, as Python writes them', () => {
  for (const yes of ['true', 'True', 'TRUE', '1'])
    expect(request('CreateCryptoKey', { query: `skipInitialVersionCreation=${yes}` })).toEqual({
      skipInitialVersionCreation: true,
    })
  for (const no of ['false', 'False', '0', ''])
    expect(request('CreateCryptoKey', { query: `skipInitialVersionCreation=${no}` })).toEqual({})
  expect(() => request('CreateCryptoKey', { query: 'skipInitialVersionCreation=yes' })).toThrow(
    `Invalid value at 'skip_initial_version_creation' (TYPE_BOOL), "yes"`,
  )
})

test('enums are taken by name and by number, in body and query', () => {
  for (const purpose of ['ASYMMETRIC_SIGN', 5])
    expect(request('CreateCryptoKey', { json: { cryptoKey: { purpose } } })).toEqual({
      cryptoKey: { purpose: 'ASYMMETRIC_SIGN' },
    })
  for (const view of ['FULL', '1'])
    expect(request('ListCryptoKeys', { query: `versionView=${view}` })).toEqual({ versionView: 'FULL' })
  expect(request('CreateCryptoKey', { json: { cryptoKey: { purpose: 99 } } })).toEqual({ cryptoKey: { purpose: 99 } })
})

test('bytes are taken in both alphabets, with padding and without', () => {
  for (const sha256 of ['+/+/YQ==', '-_-_YQ==', '-_-_YQ', '+/+/YQ', '+/-_YQ'])
    expect(request('AsymmetricSign', { json: { digest: { sha256 } } })).toEqual({ digest: { sha256: '+/+/YQ==' } })
  for (const sha256 of ['%', 'Y', 'YQ.'])
    expect(() => request('AsymmetricSign', { json: { digest: { sha256 } } })).toThrow(/Base64|base64/)
})

test('numbers may be text and text may not be numbers', () => {
  expect(request('ListKeyRings', { json: { pageSize: '5' } })).toEqual({ pageSize: 5 })
  expect(request('AsymmetricSign', { json: { digestCrc32c: 12 } })).toEqual({ digestCrc32c: '12' })
  expect(request('AsymmetricSign', { json: { digestCrc32c: '12' } })).toEqual({ digestCrc32c: '12' })
  expect(() => request('CreateKeyRing', { json: { keyRingId: 5 } })).toThrow("Invalid value at 'key_ring_id' (TYPE_STRING), 5")
})

test('fields of messages and repeated fields stand in a query with dots and several times', () => {
  expect(
    readRequest({
      api: 'cloudkms.v1',
      method: 'google.iam.v1.IAMPolicy/GetIamPolicy',
      body: '',
      variables: { resource: 'r' },
      query: new URLSearchParams('options.requestedPolicyVersion=3'),
      json: undefined,
    }),
  ).toEqual({ resource: 'r', options: { requestedPolicyVersion: 3 } })
  expect(
    readRequest({
      api: 'cloudkms.v1',
      method: 'google.iam.v1.IAMPolicy/TestIamPermissions',
      body: '*',
      variables: {},
      query: new URLSearchParams('permissions=b&permissions=c'),
      json: { permissions: ['a'] },
    }),
  ).toEqual({ permissions: ['a', 'b', 'c'] })
})

test('a field that is not repeated may stand once', () => {
  const refused = (name: string) =>
    `Invalid JSON payload received. Unknown name "${name}": Proto field is not repeating, cannot start list.`
  expect(() => request('ListKeyRings', { query: 'pageSize=1&pageSize=2' })).toThrow(refused('pageSize'))
  expect(() => request('ListKeyRings', { query: 'page_size=1&pageSize=1' })).toThrow(refused('pageSize'))
  expect(() => request('ListKeyRings', { query: 'pageSize=1', json: { pageSize: 1 } })).toThrow(refused('pageSize'))
  expect(() => request('CreateKeyRing', { json: { key_ring_id: 'a', keyRingId: 'a' } })).toThrow(refused('keyRingId'))
  expect(() => request('CreateKeyRing', { json: { keyRing: {} }, query: 'key_ring.name=a&keyRing.name=a' })).toThrow(
    refused('keyRing.name'),
  )
})

test.each([
  'nope',
  'keyRing',
  'options.nope',
  'name.x',
  '__proto__',
  '__proto__.x',
  'constructor.prototype.x',
  'parent.',
  '.',
  '',
])('a query parameter that is no field is refused by name: %j', (name) => {
  expect(() => request('ListKeyRings', { query: new URLSearchParams([[name, '1']]).toString(), body: '' })).toThrow(
    `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}: Cannot bind query parameter. Field '${name}' could not be found in request message.`,
  )
  expect(({} as any).x).toBeUndefined()
})

test('system parameters are no fields', () => {
  const query =
    'alt=json&$alt=json&fields=*&$fields=*&key=k&$key=k&prettyPrint=false&$prettyPrint=false&access_token=t&oauth_token=t&quotaUser=u&userIp=i&callback=c&$.xgafv=2&uploadType=x&upload_protocol=y'
  expect(request('ListKeyRings', { query, body: '' })).toEqual({})
})

test('a query below what the body has as no message is the mistake of the body', () => {
  const get = (json: unknown) =>
    readRequest({
      api: 'containeranalysis.v1',
      method: 'google.devtools.containeranalysis.v1.ContainerAnalysis/GetIamPolicy',
      body: '*',
      variables: {},
      query: new URLSearchParams('options.requestedPolicyVersion=3'),
      json,
    })
  expect(get({ options: null })).toEqual({ options: { requestedPolicyVersion: 3 } })
  for (const options of ['text', 5, [], true])
    expect(() => get({ options })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('a repeated field that the body has as something else is the mistake of the body', () => {
  for (const permissions of ['a', 5, {}])
    expect(() =>
      readRequest({
        api: 'cloudkms.v1',
        method: 'google.iam.v1.IAMPolicy/TestIamPermissions',
        body: '*',
        variables: {},
        query: new URLSearchParams('permissions=b'),
        json: { permissions: { a: permissions } },
      }),
    ).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('the path wins over the body, also within a message', () => {
  const update = (json: unknown) =>
    readRequest({
      api: 'binaryauthorization.v1',
      method: 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/UpdatePolicy',
      body: 'policy',
      variables: { 'policy.name': 'projects/p/policy' },
      query: new URLSearchParams(),
      json,
    })
  expect(update({ name: 'projects/q/policy', description: 'd' })).toEqual({
    policy: { name: 'projects/p/policy', description: 'd' },
  })
  expect(update(undefined)).toEqual({ policy: { name: 'projects/p/policy' } })
  expect(update(null)).toEqual({ policy: { name: 'projects/p/policy' } })
  for (const json of ['text', 5, []]) expect(() => update(json)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('what the path names may stand in the body too, as text', () => {
  const variables = { name: 'n' }
  for (const name of ['n', 'other', null]) expect(request('AsymmetricSign', { json: { name }, variables })).toEqual({ name: 'n' })
  for (const name of [7, true, {}, ['n']])
    expect(() => request('AsymmetricSign', { json: { name }, variables })).toThrow(/^Invalid (value at 'name'|JSON payload)/)
})

test('what a method without a body gets in one is refused, unless it is empty', () => {
  expect(request('GetKeyRing', { body: '', json: {}, variables: { name: 'n' } })).toEqual({ name: 'n' })
  for (const json of [{ name: 'x' }, [], [1], 'text', null])
    expect(() => request('GetKeyRing', { body: '', json })).toThrow('This method takes no request body.')
})

test('an answer is written in the order of the message, without defaults, with enums by name or number', () => {
  const answer = { versionTemplate: { algorithm: 'RSA_SIGN_PSS_2048_SHA256' }, purpose: 'ASYMMETRIC_SIGN', labels: {}, name: 'k' }
  const write = (numbers: boolean) => JSON.stringify(writeResponse('cloudkms.v1', `${KMS}/GetCryptoKey`, answer, numbers))
  expect(write(false)).toBe('{"name":"k","purpose":"ASYMMETRIC_SIGN","versionTemplate":{"algorithm":"RSA_SIGN_PSS_2048_SHA256"}}')
  expect(write(true)).toBe('{"name":"k","purpose":5,"versionTemplate":{"algorithm":2}}')
})

test('an answer that does not fit its message is a bug and throws', () => {
  expect(() => writeResponse('cloudkms.v1', `${KMS}/GetCryptoKey`, { nope: 1 }, false)).toThrow('nope')
})

describeTransports('requests and answers', (emulator) => {
  const location = '/v1/projects/my-app-prod/locations/global'

  test('over HTTP: snake_case and Python booleans in the query, enums as numbers in and out', async () => {
    await emulator().http('POST', `${location}/keyRings?key_ring_id=r`)
    const path = `${location}/keyRings/r/cryptoKeys`
    const json = { purpose: 5, version_template: { algorithm: 'EC_SIGN_P256_SHA256' } }
    const created = await emulator().http('POST', `${path}?crypto_key_id=k&skip_initial_version_creation=True`, json)
    expect(created.body).toMatchObject({ purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } })
    for (const alt of ['$alt=json;enum-encoding=int', '%24alt=json%3Benum-encoding%3Dint', 'alt=json;enum-encoding=int']) {
      const { body } = await emulator().http('GET', `${path}/k?${alt}`)
      expect(body).toMatchObject({ purpose: 5, versionTemplate: { algorithm: 12, protectionLevel: 1 } })
    }
    const strings = await emulator().http('GET', `${path}/k?$alt=json&alt=json`)
    expect(strings.body.purpose).toBe('ASYMMETRIC_SIGN')
  })

  test.each<[string, unknown, object]>([
    [
      'keyRings?keyRingId=x&nope=1',
      {},
      { description: expect.stringContaining('Unknown name "nope": Cannot bind query parameter.') },
    ],
    [
      'keyRings?keyRingId=x',
      { nope: 1 },
      { field: 'key_ring', description: expect.stringContaining('Unknown name "nope" at \'key_ring\': Cannot find field.') },
    ],
    ['keyRings?keyRingId=x', '[]', { description: expect.stringContaining('Proto field is not repeating, cannot start list.') }],
    ['keyRings?keyRingId=x', '"text"', { field: 'key_ring' }],
    ['keyRings?keyRingId=x', '{"__proto__": {"polluted": 1}}', { field: 'key_ring' }],
    ['keyRings?keyRingId=x', '{"constructor": {"prototype": {"polluted": 1}}}', { field: 'key_ring' }],
    ['keyRings?keyRingId=x&__proto__.polluted=1', {}, { description: expect.stringContaining('__proto__.polluted') }],
    ['keyRings/r:setIamPolicy', '[]', { description: expect.stringContaining('Root element must be a message.') }],
    ['keyRings/r:setIamPolicy', 'null', { description: expect.stringContaining('Root element must be a message.') }],
    [
      'keyRings/r:setIamPolicy',
      { policy: { etag: '%%' } },
      { field: 'policy.etag', description: expect.stringContaining('Base64 decoding failed') },
    ],
    ['keyRings/r:setIamPolicy', { policy: { version: 'x' } }, { field: 'policy.version' }],
    ['keyRings/r:setIamPolicy', '{"policy"', { description: expect.stringContaining('Invalid JSON payload received.') }],
  ])('over HTTP: POST %s with %j is refused with the violation', async (path, body, violation) => {
    const { status, body: answer } = await emulator().http('POST', `${location}/${path}`, body)
    expect({ status, code: answer.error.code, name: answer.error.status }).toEqual({
      status: 400,
      code: 400,
      name: 'INVALID_ARGUMENT',
    })
    expect(answer.error.details).toEqual([
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [expect.objectContaining(violation)] },
    ])
    expect(answer.error.message).toBe(answer.error.details[0].fieldViolations[0].description)
    expect(({} as any).polluted).toBeUndefined()
  })

  test('over HTTP: keys of a map may be called as properties of every object', async () => {
    const path = `${location}/keyRings/r:setIamPolicy`
    const { status } = await emulator().http('POST', path, '{"policy": {"bindings": [{"condition": {"__proto__": 1}}]}}')
    expect(status).toBe(400)
    const rule = '{"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}'
    const policy = `{"defaultAdmissionRule": ${rule}, "clusterAdmissionRules": {"__proto__": ${rule}}}`
    const answer = await emulator().http('PUT', '/v1/projects/my-app-prod/policy', policy)
    expect(answer.body.error.message).toContain('"__proto__"')
    expect(answer.status).toBe(400)
  })
})

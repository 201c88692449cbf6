import { expect, test } from 'vitest'
import { methodOf } from '../descriptors.ts'
import { jsonProblems } from './json-problems.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const problems = (method: string, json: unknown) => jsonProblems(methodOf('cloudkms.v1', `${KMS}/${method}`).input, json)

test('what fits has no problems, in either case of names, with null for nothing', () => {
  expect(
    problems('CreateCryptoKey', {
      parent: 'p',
      crypto_key_id: 'k',
      skipInitialVersionCreation: true,
      cryptoKey: {
        purpose: 'ASYMMETRIC_SIGN',
        labels: { a_b: 'c' },
        rotation_period: '1.5s',
        nextRotationTime: '2026-01-01T00:00:00+01:00',
        versionTemplate: { protectionLevel: 1, algorithm: null },
      },
    }),
  ).toEqual([])
  expect(problems('AsymmetricSign', { digest: { sha256: 'q-_w' }, digestCrc32c: '12' })).toEqual([])
})

test.each<[string, unknown, string, string]>([
  ['CreateKeyRing', { nope: 1 }, '', 'Invalid JSON payload received. Unknown name "nope": Cannot find field.'],
  [
    'CreateCryptoKey',
    { cryptoKey: { versionTemplate: { nope: {} } } },
    'crypto_key.version_template',
    'Invalid JSON payload received. Unknown name "nope" at \'crypto_key.version_template\': Cannot find field.',
  ],
  ['CreateKeyRing', { keyRingId: 5 }, 'key_ring_id', "Invalid value at 'key_ring_id' (TYPE_STRING), 5"],
  ['CreateKeyRing', { keyRingId: '\ud800' }, 'key_ring_id', 'Invalid value at \'key_ring_id\' (TYPE_STRING), "\\ud800"'],
  [
    'CreateKeyRing',
    { key_ring: 'x' },
    'key_ring',
    'Invalid value at \'key_ring\' (type.googleapis.com/google.cloud.kms.v1.KeyRing), "x"',
  ],
  [
    'CreateCryptoKey',
    { skipInitialVersionCreation: 'yes' },
    'skip_initial_version_creation',
    'Invalid value at \'skip_initial_version_creation\' (TYPE_BOOL), "yes"',
  ],
  ['ListKeyRings', { pageSize: 'many' }, 'page_size', 'Invalid value at \'page_size\' (TYPE_INT32), "many"'],
  ['ListKeyRings', { pageSize: 3_000_000_000 }, 'page_size', "Invalid value at 'page_size' (TYPE_INT32), 3000000000"],
  ['ListKeyRings', { pageSize: 1.5 }, 'page_size', "Invalid value at 'page_size' (TYPE_INT32), 1.5"],
  [
    'AsymmetricSign',
    { digestCrc32c: '9223372036854775808' },
    'digest_crc32c',
    'Invalid value at \'digest_crc32c\' (TYPE_INT64), "9223372036854775808"',
  ],
  [
    'AsymmetricSign',
    { digest: { sha256: '%%' } },
    'digest.sha256',
    'Invalid value at \'digest.sha256\' (TYPE_BYTES), Base64 decoding failed for "%%"',
  ],
  [
    'AsymmetricSign',
    { digest: { sha256: '', sha384: '' } },
    'digest',
    "Invalid value at 'digest' (oneof), oneof field 'digest' is already set. Cannot set 'sha384'",
  ],
  [
    'AsymmetricSign',
    { digest: [] },
    '',
    'Invalid JSON payload received. Unknown name "digest": Proto field is not repeating, cannot start list.',
  ],
  [
    'CreateCryptoKey',
    { cryptoKey: { purpose: 'NOPE' } },
    'crypto_key.purpose',
    'Invalid value at \'crypto_key.purpose\' (type.googleapis.com/google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose), "NOPE"',
  ],
  [
    'CreateCryptoKey',
    { cryptoKey: { rotationPeriod: '5m' } },
    'crypto_key.rotation_period',
    'Invalid value at \'crypto_key.rotation_period\' (type.googleapis.com/google.protobuf.Duration), "5m"',
  ],
  [
    'CreateCryptoKey',
    { cryptoKey: { nextRotationTime: 'soon' } },
    'crypto_key.next_rotation_time',
    'Invalid value at \'crypto_key.next_rotation_time\' (type.googleapis.com/google.protobuf.Timestamp), "soon"',
  ],
  [
    'CreateCryptoKey',
    { cryptoKey: { labels: { fine: 'x', wrong: 5 } } },
    'crypto_key.labels[1].value',
    "Invalid value at 'crypto_key.labels[1].value' (TYPE_STRING), 5",
  ],
  [
    'CreateCryptoKey',
    { cryptoKey: { labels: [] } },
    'crypto_key.labels',
    "Invalid value at 'crypto_key.labels' (Map), Cannot bind a scalar or a list to a map.",
  ],
  [
    'UpdateCryptoKey',
    { updateMask: { paths: [] } },
    'update_mask',
    'Invalid value at \'update_mask\' (type.googleapis.com/google.protobuf.FieldMask), {"paths":[]}',
  ],
  [
    'CreateKeyRing',
    { keyRingId: 'a', key_ring_id: 'b' },
    '',
    'Invalid JSON payload received. Unknown name "key_ring_id": Proto field is not repeating, cannot start list.',
  ],
])('%s %j', (method, json, field, description) => {
  expect(problems(method, json)).toEqual([{ field, description }])
})

test('every problem is named, not the first alone', () => {
  expect(problems('CreateCryptoKey', { x: 1, cryptoKey: { y: 2, purpose: 'NOPE' } }).map(({ field }) => field)).toEqual([
    '',
    'crypto_key',
    'crypto_key.purpose',
  ])
})

test('the root must be a message', () => {
  for (const json of [null, [], 'text', 5, true])
    expect(problems('CreateKeyRing', json)).toEqual([
      { field: '', description: 'Invalid JSON payload received. Unknown name "": Root element must be a message.' },
    ])
})

test('names of the prototype are unknown names like any other', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    expect(problems('CreateKeyRing', JSON.parse(`{"${name}": {}}`))).toEqual([
      { field: '', description: `Invalid JSON payload received. Unknown name "${name}": Cannot find field.` },
    ])
})

test('items of a list are named by their index', () => {
  const { input } = methodOf('cloudkms.v1', 'google.iam.v1.IAMPolicy/SetIamPolicy')
  expect(jsonProblems(input, { policy: { bindings: [{ role: 'a' }, { role: 5, members: ['a', {}] }, 'x'] } })).toEqual([
    { field: 'policy.bindings[1].role', description: "Invalid value at 'policy.bindings[1].role' (TYPE_STRING), 5" },
    { field: 'policy.bindings[1].members[1]', description: "Invalid value at 'policy.bindings[1].members[1]' (TYPE_STRING), {}" },
    {
      field: 'policy.bindings[2]',
      description: 'Invalid value at \'policy.bindings[2]\' (type.googleapis.com/google.iam.v1.Binding), "x"',
    },
  ])
})

test('base64 has all of its padding or none, and texts of numbers are decimal: fromJson takes more', () => {
  const sign = (fields: object) => problems('AsymmetricSign', fields).map(({ field }) => field)
  for (const data of ['', 'YQ', 'YQ==', 'YWI', 'YWI=', 'YWJj', '_-8=', 'YW\nJj']) expect(sign({ data }), data).toEqual([])
  for (const data of ['Y', 'YQ=', 'YQ===', 'YWI==', 'YWJj=', 'Y=Q=', '=', 'YQ==YQ=='])
    expect(sign({ data }), data).toEqual(['data'])
  for (const dataCrc32c of ['0', '-1', 5, '9223372036854775807']) expect(sign({ dataCrc32c })).toEqual([])
  for (const dataCrc32c of ['0x10', '1 ', '1e3', '', '9223372036854775808', 1.5])
    expect(sign({ dataCrc32c })).toEqual(['data_crc32c'])
})

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOfPayload, MAX_PAYLOAD_BYTES, pae } from './payload.ts'

const digest = 'sha256:e9954c1fc875017be1c3e36eca16be2d9e9bccc4bf072163515467d6a823c7cf'
const type = 'Google cloud binauthz container signature'
const dockerReference = 'us-docker.pkg.dev/demo/r/app'

const document = {
  critical: { identity: { 'docker-reference': dockerReference }, image: { 'docker-manifest-digest': digest }, type },
}

/** The bytes of `gcloud container binauthz create-signature-payload`. */
const gcloudPayload = () => Buffer.from(`${JSON.stringify(document, null, 2)}\n`)

const withMember = (member: object) => JSON.stringify({ critical: { ...document.critical, ...member } })

const read = (text: string) => digestOfPayload(Buffer.from(text))

test("gcloud's payload names its digest, type and docker reference", () => {
  const payload = gcloudPayload()
  expect(payload).toHaveLength(290)
  expect(createHash('sha256').update(payload).digest('hex')).toBe(
    'c0a6419a7e5c601e3cd496c9c08ef3c791ea5c3113fd9f5d385eac90e28edfa6',
  )
  expect(digestOfPayload(payload)).toEqual({ digest, type, dockerReference })
})

test('only the digest is required', () => {
  expect(read(JSON.stringify({ critical: { image: { 'docker-manifest-digest': digest } } }))).toEqual({ digest })
  const other = {
    critical: { ...document.critical, type: 'atomic container signature' },
    optional: { image: 'x', critical: null },
  }
  expect(read(JSON.stringify(other))).toMatchObject({ digest, type: 'atomic container signature' })
})

// strictness is ours: production's is not known
test.each([
  ['not JSON', 'GARBAGE', /not valid JSON/],
  ['empty', '', /not valid JSON/],
  ['an array', '[]', /critical/],
  ['null', 'null', /critical/],
  ['a string', '"critical"', /critical/],
  ['critical an array', '{"critical":[]}', /critical/],
  ['no image', '{"critical":{}}', /docker-manifest-digest/],
  ['a digest that is a list', `{"critical":{"image":{"docker-manifest-digest":["${digest}"]}}}`, /docker-manifest-digest/],
  ['text behind the object', `${gcloudPayload()}x`, /not valid JSON/],
  ['two documents', `${gcloudPayload()}${gcloudPayload()}`, /not valid JSON/],
  ['a byte order mark', `\ufeff${gcloudPayload()}`, /not valid JSON/],
  ['inherited instead of own properties', `{"__proto__":${gcloudPayload()}}`, /critical/],
  ['a type that is a number', withMember({ type: 1 }), /critical.type is not a string/],
  ['a type that is null', withMember({ type: null }), /critical.type is not a string/],
  ['an identity that is a string', withMember({ identity: dockerReference }), /critical.identity is not an object/],
  ['an identity that is null', withMember({ identity: null }), /critical.identity is not an object/],
  ['a docker-reference that is a list', withMember({ identity: { 'docker-reference': [] } }), /docker-reference is not a string/],
])('a payload that is %s names no digest', (_, text, problem) => {
  expect(read(text)).toEqual({ problem: expect.stringMatching(problem) })
})

test.each([
  ['upper-case hex', digest.toUpperCase().replace('SHA', 'sha')],
  ['another algorithm', `sha512:${'0'.repeat(128)}`],
  ['63 digits', digest.slice(0, -1)],
  ['65 digits', `${digest}0`],
  ['a newline at the end', `${digest}\n`],
  ['an image reference', `gcr.io/p/i@${digest}`],
])('a digest with %s is no digest', (_, value) => {
  const payload = JSON.stringify({ critical: { image: { 'docker-manifest-digest': value } } })
  expect(read(payload)).toEqual({ problem: expect.stringMatching(/not sha256: and 64/) })
})

test('bytes that are no UTF-8 are refused wherever they stand', () => {
  const payload = gcloudPayload()
  const at = payload.indexOf('demo')
  expect(digestOfPayload(Buffer.concat([payload.subarray(0, at), Buffer.from('é'), payload.subarray(at)])).digest).toBe(digest)
  expect(digestOfPayload(Buffer.concat([payload.subarray(0, at), Buffer.of(0xe9), payload.subarray(at)]))).toEqual({
    problem: 'The payload is not valid UTF-8.',
  })
})

const other = digest.replace('e9', '00')

test.each([
  ['docker-manifest-digest', `{"critical":{"image":{"docker-manifest-digest":"${other}","docker-manifest-digest":"${digest}"}}}`],
  ['image', `{"critical":{"image":{"docker-manifest-digest":"${other}"},"image":{"docker-manifest-digest":"${digest}"}}}`],
  ['critical', `{"critical":{"image":{"docker-manifest-digest":"${digest}"}},"critical":{}}`],
  ['a', `{"critical":{"image":{"docker-manifest-digest":"${digest}"}},"optional":[{"x":[{"a":1,"b":{},"a":2}]}]}`],
])('a payload with the key %s twice in one object is ambiguous', (key, text) => {
  expect(read(text)).toEqual({ problem: `The payload has the key "${key}" twice in one object.` })
})

test('keys are compared after their escapes are decoded', () => {
  const escaped = `{"critical":{"image":{"docker-manifest-digest":"${digest}","docker-manifest-diges\\u0074":"${other}"}}}`
  expect(read(escaped)).toEqual({ problem: 'The payload has the key "docker-manifest-digest" twice in one object.' })
})

test('the same word as a key of different objects, as a value or inside a string is not twice a key', () => {
  const text = `{"critical":{"image":{"docker-manifest-digest":"${digest}"},"type":"critical"},"a":["a","a",{"a":"a"},{"a":"\\"a\\":1,\\\\"}]}`
  expect(read(text)).toEqual({ digest, type: 'critical' })
})

test('a huge payload is not read', () => {
  const padded = (bytes: number) => Buffer.concat([gcloudPayload(), Buffer.alloc(bytes - 290, ' ')])
  expect(digestOfPayload(padded(MAX_PAYLOAD_BYTES)).digest).toBe(digest)
  expect(digestOfPayload(padded(MAX_PAYLOAD_BYTES + 1))).toEqual({ problem: 'The payload is larger than 65536 bytes.' })
})

test('deep nesting does not overflow', () => {
  const text = `{"critical":{"image":{"docker-manifest-digest":"${digest}"}},"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  expect(read(text)).toEqual({ digest })
})

test('PAE is the encoding of the DSSE protocol, with lengths in bytes', () => {
  expect(pae('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
  expect(pae('é', Buffer.from('ü')).toString()).toBe('DSSEv1 2 é 2 ü')
  expect(pae('', Buffer.alloc(0)).toString()).toBe('DSSEv1 0  0 ')
})

import { expect, test } from 'vitest'
import { partialResponse } from './partial-response.ts'

const LIST = 'google.api.serviceusage.v1.ServiceUsage/ListServices'
const answer = {
  services: [
    { name: 'a', parent: 'p', config: { name: 'x', title: 'X' }, state: 'ENABLED' },
    { name: 'b', config: { name: 'y' } },
  ],
  nextPageToken: 't',
}
const list = (fields: string) => partialResponse('serviceusage.v1', LIST, fields)(answer)

test('the fields that are named are kept, of every item of a list', () => {
  expect(list('services/name,nextPageToken')).toEqual({ services: [{ name: 'a' }, { name: 'b' }], nextPageToken: 't' })
  expect(list('nextPageToken')).toEqual({ nextPageToken: 't' })
})

test('slash, dot and parentheses say the same', () => {
  const wanted = {
    services: [
      { name: 'a', config: { title: 'X' } },
      { name: 'b', config: {} },
    ],
  }
  for (const fields of [
    'services/name,services/config/title',
    'services.name,services.config.title',
    'services(name,config/title)',
    'services(name,config(title))',
    ' services( name , config.title ) ',
  ])
    expect(list(fields)).toEqual(wanted)
})

test('a star is every field', () => {
  expect(list('*')).toEqual(answer)
  expect(list('services/*')).toEqual({ services: answer.services })
  expect(list('services(*)')).toEqual({ services: answer.services })
  expect(list('services/*/title')).toEqual({
    services: [
      { name: 'a', parent: 'p', config: { title: 'X' }, state: 'ENABLED' },
      { name: 'b', config: {} },
    ],
  })
})

test('all of a field and a part of it are all of it, in either order', () => {
  for (const fields of ['services,services/name', 'services/name,services'])
    expect(list(fields)).toEqual({ services: answer.services })
})

test('names may be in snake_case', () => {
  expect(list('next_page_token')).toEqual({ nextPageToken: 't' })
})

test('below maps and messages of no fixed form any name may stand', () => {
  const key = partialResponse('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/GetCryptoKey', 'labels/a_b,createTime')
  expect(key({ name: 'k', labels: { a_b: '1', c: '2' }, createTime: 't' })).toEqual({ labels: { a_b: '1' }, createTime: 't' })
  const operation = partialResponse(
    'serviceusage.v1',
    'google.longrunning.Operations/GetOperation',
    'done,response/service/state',
  )
  expect(operation({ name: 'o', done: true, response: { service: { name: 's', state: 'ENABLED' } } })).toEqual({
    done: true,
    response: { service: { state: 'ENABLED' } },
  })
})

test('names of the prototype are names like any other', () => {
  expect(() => list('__proto__')).toThrow('Request contains an invalid argument.')
  expect(() => list('services/constructor')).toThrow('Request contains an invalid argument.')
  const labels = partialResponse('cloudkms.v1', 'google.cloud.kms.v1.KeyManagementService/GetCryptoKey', 'labels/__proto__')
  expect(labels({ labels: { a: '1' } })).toEqual({ labels: {} })
})

test.each([
  ['name', "Cannot find matching fields for path 'name'."],
  ['services(name,title)', "Cannot find matching fields for path 'services.title'."],
  ['services/name/x', "Cannot find matching fields for path 'services.name.x'."],
  ['services/state/*', "Cannot find matching fields for path 'services.state.*'."],
  [',', "Unexpected ',' in ','."],
  ['services/', "Unexpected ',' in 'services/'."],
  ['services()', "Unexpected ')' in 'services()'."],
  ['services(name', "Missing ')' in 'services(name'."],
  ['services)', "Unexpected ')' in 'services)'."],
  ['services(name)state', "Unexpected 'state' in 'services(name)state'."],
])('%j is refused in the words of Google', (fields, why) => {
  expect(() => list(fields)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: 'Request contains an invalid argument.',
      details: [
        expect.objectContaining({
          fieldViolations: [{ field: fields, description: `Error expanding 'fields' parameter. ${why}` }],
        }),
      ],
    }),
  )
})

test('a mask of any depth and length ends', () => {
  expect(() => list('services/'.repeat(100_000))).toThrow('Request contains an invalid argument.')
  expect(() => list('services('.repeat(100_000))).toThrow('Request contains an invalid argument.')
  expect(() => list('('.repeat(100_000))).toThrow('Request contains an invalid argument.')
})

import { expect, test } from 'vitest'
import { permissions } from '../services/iam/index.ts'
import { SERVICES } from '../services.ts'
import { permissionOf } from './permissions.ts'

const METHODS = SERVICES.flatMap(({ apis }) =>
  Object.values(apis).flatMap((services) =>
    Object.entries(services).flatMap(([service, methods]) => Object.keys(methods).map((method) => `${service}/${method}`)),
  ),
)

test('every method of every API names a permission that IAM knows, or is free', () => {
  const known = new Set<string>(permissions())
  const unknown = METHODS.map((method) => permissionOf(method, 'cloudkms.keyRings')).filter((name) => name && !known.has(name))
  expect(METHODS.length).toBeGreaterThan(250)
  expect([...new Set(unknown)]).toEqual([])
})

test('what is free is what everybody may ask', () => {
  const free = METHODS.filter((method) => permissionOf(method, 'cloudkms.keyRings') === '').map((method) => method.split('/')[1]!)
  expect([...new Set(free)].filter((name) => /^(Update|Delete|Set|Sign|Patch|Destroy|Import|Disable|Enable)/.test(name))).toEqual(
    ['DeleteOperation'],
  )
})

test('a method that no rule covers has no permission, which stops the start', () => {
  expect(() => permissionOf('google.cloud.kms.v1.KeyManagementService/Frobnicate')).toThrow('no permission for')
  expect(() => permissionOf('example.v1.Service/GetThing')).toThrow('no permission for')
  expect(() => permissionOf('google.iam.v1.IAMPolicy/SetIamPolicy')).toThrow('no known kind')
})

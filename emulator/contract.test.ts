// Documents ↔ descriptors ↔ operations ↔ docs/coverage.md: one contract, and nothing that is beside it.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DescMessage } from '@bufbuild/protobuf'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { APIS } from '../openapi/apis.ts'
import { generate } from '../openapi/generate.ts'
import { adminRoutes } from './admin.ts'
import type { Rpc } from './core/service.ts'
import { SERVICES } from './services.ts'
import { methodOf } from './transports/descriptors.ts'
import { createRouter, isRpc } from './transports/rest/router.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const onDisk = (path: string) => readFileSync(`${root}${path}`)
const table = JSON.parse(onDisk('emulator/gen/routes.json').toString()) as Record<string, { hosts: string[]; routes: string[][] }>
const HAND_WRITTEN = readdirSync(`${root}openapi`).filter(
  (file) => file.endsWith('.yaml') && !(file.replace(/\.yaml$/, '') in table),
)

let generated: Map<string, string | Buffer>
beforeAll(async () => {
  generated = await generate()
}, 120_000)

const RPCS: [api: string, method: string, rpc: Rpc][] = SERVICES.flatMap(({ apis }) =>
  Object.entries(apis).flatMap(([api, services]) =>
    Object.entries(services).flatMap(([service, methods]) =>
      Object.entries(methods).map(([method, rpc]): [string, string, Rpc] => [api, `${service}/${method}`, rpc]),
    ),
  ),
)

test('every generated file is the one that `npm run generate` writes now', () => {
  const stale = [...generated]
    .filter(([path, content]) => !Buffer.from(content as string).equals(onDisk(path)))
    .map(([path]) => path)
  expect(stale, 'run `npm run generate`').toEqual([])
})

test('beside the generated files there is nothing in emulator/gen/', () => {
  expect(readdirSync(`${root}emulator/gen`).filter((file) => !generated.has(`emulator/gen/${file}`))).toEqual([])
})

test('every operation has its method in the contract, with a REST binding', () => {
  const missing = RPCS.filter(([api, method]) => !table[api]?.routes.some(([, , rpc]) => rpc === method)).map((row) =>
    row.slice(0, 2),
  )
  expect(missing).toEqual([])
})

test('no method has two operations', () => {
  const names = RPCS.map(([api, method]) => `${api} ${method}`)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

/** Is there a field at this path of camelCase names? */
function hasField(message: DescMessage, [name, ...rest]: string[]): boolean {
  const field = message.fields.find(({ jsonName }) => jsonName === name)
  if (!field) return false
  return rest.length === 0 || (field.fieldKind === 'message' && hasField(field.message, rest))
}

test('every field that an operation honours is a field of its request', () => {
  const unknown = RPCS.flatMap(([api, method, { fields }]) =>
    fields.filter((path) => !hasField(methodOf(api, method).input, path.split('.'))).map((path) => `${method}: ${path}`),
  )
  expect(unknown).toEqual([])
})

test('the fields by which a path or a body is bound are honoured', () => {
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  const missing = RPCS.flatMap(([api, method, { fields }]) =>
    table[api]!.routes.filter(([, , rpc]) => rpc === method).flatMap(([, template, , body]) =>
      [...template!.matchAll(/\{([^=}]+)/g)]
        .map(([, variable]) => camel(variable!))
        .concat(body && body !== '*' ? [camel(body)] : [])
        .filter((path) => !fields.some((field) => field === path || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)))
        .map((path) => `${method}: ${path}`),
    ),
  )
  expect([...new Set(missing)]).toEqual([])
})

test.each(APIS.map(({ id }) => id))('the document of %s has each binding of its methods, and no other', (id) => {
  const { paths } = parse(onDisk(`openapi/${id}.yaml`).toString()) as { paths: Record<string, Record<string, any>> }
  const documented = Object.values(paths).flatMap((operations) =>
    Object.entries(operations).map(
      ([verb, operation]) => `${verb.toUpperCase()} ${operation['x-path-template']} ${operation['x-rpc']}`,
    ),
  )
  expect(documented.sort()).toEqual(table[id]!.routes.map(([verb, template, rpc]) => `${verb} ${template} ${rpc}`).sort())
  for (const [, , rpc] of table[id]!.routes) methodOf(id, rpc!) // throws where the descriptors do not have it
})

test('operation ids are unique in each document', () => {
  for (const file of readdirSync(`${root}openapi`).filter((name) => name.endsWith('.yaml'))) {
    const ids = [
      ...onDisk(`openapi/${file}`)
        .toString()
        .matchAll(/^\s+operationId: (.+)$/gm),
    ].map(([, id]) => id)
    expect(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      file,
    ).toEqual([])
  }
})

test('every binding is found by the router on a host of its API: none stands in the way of another', () => {
  const router = createRouter(
    table,
    SERVICES.flatMap(({ routes = [] }) => routes),
  )
  for (const [api, { hosts, routes }] of Object.entries(table))
    for (const [verb, template, method] of routes) {
      const path = template!
        .replace(/\{[^=}]+=([^}]+)\}/g, '$1')
        .replace(/\{[^}]+\}/g, 'x')
        .replaceAll('**', 'x')
        .replaceAll('*', 'x')
      for (const host of hosts) {
        const target = router.find(verb!, host, path)?.target
        expect(target && isRpc(target) && [target.api, target.method], `${verb} ${template}`).toEqual([api, method])
      }
    }
})

test('what is no RPC is described in a document by hand, and all that is described there is served', () => {
  const documented = HAND_WRITTEN.flatMap((file) => {
    const { paths = {} } = parse(onDisk(`openapi/${file}`).toString()) as { paths?: Record<string, object> }
    return Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((verb) => `${verb.toUpperCase()} ${path}`),
    )
  })
  const noStore = () => Promise.reject(new Error('no store'))
  const noIdentity = () => Promise.reject(new Error('no certificate'))
  const served = [...SERVICES.flatMap(({ routes = [] }) => routes), ...adminRoutes(noStore, noIdentity)].map(
    ({ method, path }) => `${method} ${path}`,
  )
  expect(documented.sort()).toEqual(served.sort())
})

test('the coverage page says of every method whether it is implemented', () => {
  const page = onDisk('docs/coverage.md').toString()
  expect(page.match(/\| yes \|/g)).toHaveLength(RPCS.length)
  for (const { title } of APIS) expect(page).toContain(`## ${title}\n`)
})

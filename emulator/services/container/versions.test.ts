import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { methodOf } from '../../transports/descriptors.ts'
import { MODES_IN_V1, NEWER_IN_CLUSTER, NEWER_IN_NODE_POOL, NEWER_IN_UPDATE } from './versions.ts'

const manager = (version: string, method: string) =>
  methodOf(`container.${version}`, `google.container.${version}.ClusterManager/${method}`)

/** Paths of the fields, and `path=VALUE` for those of enums, that the newer message has and the older has not. (The
 * progress of an operation contains itself: operations are not compared.) */
function newerPaths(newer: DescMessage, older: DescMessage, prefix = ''): string[] {
  return newer.fields.flatMap((field) => {
    const path = prefix + field.jsonName
    const known = older.fields.find(({ jsonName }) => jsonName === field.jsonName)
    if (!known) return [path]
    if (field.message && known.message) return newerPaths(field.message, known.message, `${path}.`)
    return newerValues(field, known).map((value) => `${path}=${value}`)
  })
}

const newerValues = (newer: DescField, older: DescField) =>
  (newer.enum?.values ?? []).map(({ name }) => name).filter((name) => !older.enum?.values.some((value) => value.name === name))

/** Only GKE sets it, and the emulator does not. */
const NEVER_SET = /\.?updateInfo\./

test('v1 leaves out all of a cluster that it has not, and all of a node pool', () => {
  for (const [method, listed] of [
    ['GetCluster', NEWER_IN_CLUSTER],
    ['GetNodePool', NEWER_IN_NODE_POOL],
  ] as const) {
    const paths = newerPaths(manager('v1beta1', method).output, manager('v1', method).output)
    expect(paths.filter((path) => !path.includes('=')).sort()).toEqual([...listed].sort())
    const values = paths.filter((path) => path.includes('=') && !NEVER_SET.test(path))
    expect(values).toEqual(
      method === 'GetNodePool'
        ? []
        : [
            ...Object.keys(MODES_IN_V1).map((mode) => `binaryAuthorization.evaluationMode=${mode}`),
            'monitoringConfig.componentConfig.enableComponents=WORKLOADS',
          ],
    )
  }
})

test('v1 has nothing that v1beta1 has not, and v1alpha1 is like v1beta1', () => {
  for (const [method, part] of [
    ['GetCluster', 'output'],
    ['GetNodePool', 'output'],
    ['GetServerConfig', 'output'],
    ['UpdateCluster', 'input'],
  ] as const) {
    const [v1, beta, alpha] = ['v1', 'v1beta1', 'v1alpha1'].map((version) => manager(version, method)[part])
    expect(newerPaths(v1!, beta!), method).toEqual([])
    expect([...newerPaths(alpha!, beta!), ...newerPaths(beta!, alpha!)], method).toEqual([])
  }
})

test('the fields of an update that v1 has not are listed', () => {
  const update = (version: string) =>
    manager(version, 'UpdateCluster').input.fields.find(({ jsonName }) => jsonName === 'update')!.message!
  const paths = newerPaths(update('v1beta1'), update('v1')).filter((path) => !/[.=]/.test(path))
  expect(paths.sort()).toEqual([...NEWER_IN_UPDATE].sort())
})

// A cluster with as much of an API server as kubectl needs to create Pods and webhook configurations
// (https://kubernetes.io/docs/reference/using-api/api-concepts/). Pods are admitted by the configurations that are there.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { podReview } from './admission.ts'
import { admitByWebhooks } from './api-server.ts'
import { temporaryFolder } from './commands.ts'

export interface Cluster {
  /** Path of a kubeconfig for it, without credentials. */
  kubeconfig: string
  /** What it holds, by path. */
  objects: Map<string, any>
  close(): void
}

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const PODS = '/api/v1/namespaces/default/pods'

const VERBS = ['create', 'delete', 'get', 'list', 'patch']
const GROUP = { groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' }
const DISCOVERY: Record<string, object> = {
  '/version': { major: '1', minor: '33', gitVersion: 'v1.33.1' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', kind: 'Pod', singularName: 'pod', namespaced: true, verbs: VERBS }],
  },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'admissionregistration.k8s.io', versions: [GROUP], preferredVersion: GROUP }],
  },
  '/apis/admissionregistration.k8s.io/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: GROUP.groupVersion,
    resources: [
      {
        name: 'validatingwebhookconfigurations',
        kind: 'ValidatingWebhookConfiguration',
        singularName: 'validatingwebhookconfiguration',
        namespaced: false,
        verbs: VERBS,
      },
    ],
  },
  '/openapi/v3': { paths: {} },
}

const failure = (code: number, reason: string, message: string) => ({
  ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
})

/** A strategic merge patch, as far as kubectl sends one of a webhook configuration: lists of objects are merged by name. */
function patched(value: any, patch: any): any {
  if (Array.isArray(patch) && patch.every((item) => item?.name)) {
    const named = (name: string) => value?.find((item: any) => item.name === name)
    return patch.map((item) => patched(named(item.name), item))
  }
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const known = Object.entries(patch).filter(([key]) => !key.startsWith('$'))
  return { ...value, ...Object.fromEntries(known.map(([key, change]) => [key, patched(value?.[key], change)])) }
}

export async function startCluster(): Promise<Cluster> {
  const objects = new Map<string, any>()

  async function create(collection: string, object: any) {
    if (collection === PODS) {
      for (const [path, configuration] of objects) {
        if (!path.startsWith(CONFIGURATIONS)) continue
        const { status } = await admitByWebhooks(
          configuration,
          podReview({ ...object, metadata: { namespace: 'default', ...object.metadata } }),
        )
        if (status) return { ...failure(status.code, status.reason, status.message), details: status.details }
      }
    }
    const created = { ...object, metadata: { ...object.metadata, uid: randomUUID(), resourceVersion: '1' } }
    objects.set(`${collection}/${object.metadata.name}`, created)
    return created
  }

  async function answer(request: IncomingMessage): Promise<object> {
    const { pathname } = new URL(request.url!, 'http://cluster')
    const text = Buffer.concat(await request.toArray()).toString()
    const found = DISCOVERY[pathname] ?? objects.get(pathname)
    if (request.method === 'POST' && [PODS, CONFIGURATIONS].includes(pathname)) return create(pathname, JSON.parse(text))
    if (!found) return failure(404, 'NotFound', `${pathname} not found`)
    if (request.method === 'DELETE') objects.delete(pathname)
    if (request.method !== 'PATCH') return found
    objects.set(pathname, patched(found, JSON.parse(text)))
    return objects.get(pathname)
  }

  const server = createServer(async (request, response) => {
    // no bytes are a whole document of OpenAPI v2
    if (request.url!.startsWith('/openapi/v2'))
      return response.writeHead(200, { 'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' }).end()
    const body: any = await answer(request)
    const code = body.status === 'Failure' ? body.code : request.method === 'POST' ? 201 : 200
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const kubeconfig = join(temporaryFolder(), 'kubeconfig')
  const named = { name: 'cluster' }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ ...named, cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    contexts: [{ ...named, context: { cluster: 'cluster', user: 'cluster' } }],
    users: [{ ...named, user: {} }],
    'current-context': 'cluster',
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  return { kubeconfig, objects, close: () => void server.close() }
}

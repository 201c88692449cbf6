// google_*_iam_member: what Terraform's google provider sends to read a policy, add a member to a role, and take it out again
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_kms_crypto_key_iam).
import { ApiError, type Product, type Provider, type Query } from './provider.ts'

export interface IamResource {
  type: string
  product: Product
  /** Where the path at the product's endpoint is not the name of the resource. */
  path?(name: string): string
  /** The method of getIamPolicy. */
  get: 'GET' | 'POST'
  /** Does a client of google-api-go send it? */
  isClient?: boolean
  query?: Query
}

export const IAM_RESOURCES = {
  attestor: { type: 'google_binary_authorization_attestor_iam_member', product: 'binaryAuthorization', get: 'GET' },
  note: { type: 'google_container_analysis_note_iam_member', product: 'containerAnalysis', get: 'POST' },
  keyRing: {
    type: 'google_kms_key_ring_iam_member',
    product: 'kms',
    get: 'GET',
    isClient: true,
    query: { 'options.requestedPolicyVersion': '3' },
  },
  cryptoKey: {
    type: 'google_kms_crypto_key_iam_member',
    product: 'kms',
    get: 'GET',
    isClient: true,
    query: { 'options.requestedPolicyVersion': '3' },
  },
  repository: { type: 'google_artifact_registry_repository_iam_member', product: 'artifactRegistry', get: 'GET' },
  // IAM of Cloud Run is not part of the Knative API
  cloudRunService: {
    type: 'google_cloud_run_service_iam_member',
    product: 'cloudRun',
    get: 'GET',
    path: (name) => `v1/${name}`,
  },
  cloudRunV2Service: { type: 'google_cloud_run_v2_service_iam_member', product: 'cloudRunV2', get: 'GET' },
} satisfies Record<string, IamResource>

export interface Member {
  role: string
  member: string
}

interface Policy {
  version?: number
  etag?: string
  bindings?: { role: string; members?: string[] }[]
}

const POLICY_VERSION = 3

function requests(provider: Provider, { product, path = (name) => name, get, isClient, query }: IamResource, name: string) {
  const send = isClient ? provider.client : provider.send
  const location = /\/locations\/([^/]+)\//.exec(name)?.[1]
  return {
    get: (): Promise<Policy> => send(product, get, `${path(name)}:getIamPolicy`, query, undefined, location),
    set: (policy: Policy): Promise<Policy> => send(product, 'POST', `${path(name)}:setIamPolicy`, {}, { policy }, location),
  }
}

/** Reads, changes and writes the policy, from the start where somebody else has written in between, and reads it until it is as written. */
async function modify(
  provider: Provider,
  resource: IamResource,
  name: string,
  members: (current: string[]) => string[],
  role: string,
) {
  const { get, set } = requests(provider, resource, name)
  for (;;) {
    const policy = await get()
    const others = (policy.bindings ?? []).filter((binding) => binding.role !== role)
    const current = policy.bindings?.find((binding) => binding.role === role)?.members ?? []
    const next = members(current)
    try {
      await set({ ...policy, version: POLICY_VERSION, bindings: next.length > 0 ? [...others, { role, members: next }] : others })
      break
    } catch (error) {
      if (!(error instanceof ApiError) || ![409, 412].includes(error.status)) throw error
    }
  }
  for (let reads = 0; reads < 3; reads++) await get()
}

/** Is the member in the role? */
export async function hasMember(provider: Provider, resource: IamResource, name: string, { role, member }: Member) {
  const { bindings = [] } = await requests(provider, resource, name).get()
  return bindings.some((binding) => binding.role === role && binding.members?.includes(member))
}

export const addMember = (provider: Provider, resource: IamResource, name: string, { role, member }: Member) =>
  modify(provider, resource, name, (current) => [...new Set([...current, member])], role)

export const removeMember = (provider: Provider, resource: IamResource, name: string, { role, member }: Member) =>
  modify(provider, resource, name, (current) => current.filter((other) => other !== member), role)
